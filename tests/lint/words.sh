#!/bin/sh
# Nothing unfinished is left in the tree, and no path of the machine that it was written on.
set -u
cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}" || exit 1
bad=0
places='src tests doc bench contrib hooks cmake .ci README.md CMakeLists.txt CMakePresets.json'

none() { # WHAT REGEX
	# shellcheck disable=SC2086 # $places is a list
	if grep -rnEI --exclude=words.sh "$2" $places; then
		echo "found: $1"
		bad=1
	fi
}

none 'a mark of unfinished work' '(^|[^[:alnum:]_])(TODO|FIXME|XXX|HACK|TBD)([^[:alnum:]_]|$)'
none 'a path of one machine' '(^|[^[:alnum:]_./~$}:-])/(work|root|Users)/'
exit $bad
