#!/bin/sh
# Each header compiles alone, twice over, and has a guard of its own name.
set -u
cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}" || exit 1
bad=0
libpq=$(pkg-config --cflags libpq 2>/dev/null)
for header in $(find src tests -name '*.h' | LC_ALL=C sort); do
	name=${header#src/}
	# shellcheck disable=SC2086 # $libpq is a list of options
	printf '#include "%s"\n#include "%s"\n' "$name" "$name" |
		${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Wno-unused -Werror -fsyntax-only \
			-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Isrc -I. -Itests $libpq -x c - || {
		echo "$header does not compile alone"
		bad=1
	}
	guard=$(echo "$name" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#ifndef $guard\$" "$header" || {
		echo "$header: the guard is not $guard"
		bad=1
	}
done
exit $bad
