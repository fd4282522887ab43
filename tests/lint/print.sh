#!/bin/sh
# Only cli/ and hooks/program/main.c print, and only the two main programs exit.
# A broken invariant ends either of them.
set -u
cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}/src" || exit 1
bad=0
word='(^|[^[:alnum:]_])'

for file in */*.c */*/*.c; do
	case $file in
	cli/* | hooks/program/main.c) ;;
	*)
		if grep -nE -e "${word}(v?f?printf|v?dprintf|f?puts|f?putc|putchar|perror)\(" \
			-e '# *include <err\.h>' "$file"; then
			echo "$file: only cli/ and hooks/program/main.c print"
			bad=1
		fi
		;;
	esac
	case $file in
	cli/main.c | hooks/program/main.c | core/invariant.c) ;;
	*)
		if grep -nE "${word}(exit|quick_exit|abort)\(" "$file"; then
			echo "$file: only the main programs exit"
			bad=1
		fi
		;;
	esac
done
exit $bad
