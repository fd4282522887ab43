#!/bin/sh
# Every shell script is POSIX, parses under dash, and shellcheck has nothing to say about it.
set -u
cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}" || exit 1
bad=0
skipped=
command -v dash >/dev/null || skipped="$skipped dash"
command -v shellcheck >/dev/null || skipped="$skipped shellcheck"

list=$(mktemp) || exit 1
trap 'rm -f "$list"' EXIT
find tests contrib .ci bench hooks -type f | LC_ALL=C sort >"$list"
while IFS= read -r file; do
	read -r first <"$file" || :
	case $file:$first in
	*.sh:* | *:'#!/bin/sh'*) ;;
	*:'#!'*sh | *:'#!'*bash*)
		echo "$file: not a POSIX script: $first"
		bad=1
		continue
		;;
	*) continue ;;
	esac
	if command -v dash >/dev/null; then
		dash -n "$file" || bad=1
	fi
	command -v shellcheck >/dev/null || continue
	# The bodies of end-to-end tests are quoted: their variables and functions look unused.
	exclude=SC2016
	case $file in tests/e2e/* | tests/fault/* | tests/postgres/*) exclude=SC2016,SC2034,SC2317 ;; esac
	shellcheck -x -P SCRIPTDIR -s dash -e "$exclude" "$file" || bad=1
done <"$list"
if [ $bad -eq 0 ] && [ -n "$skipped" ]; then
	echo "skipped: not installed:$skipped"
	exit 77
fi
exit $bad
