#!/bin/sh
# Each manual page of a command lists exactly the options that the command's -h prints, every
# command has a page, titles fit in 80 columns, and mandoc has nothing to warn about.
set -u
cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}/doc/man" || exit 1
minsky=${MINSKY_BUILD:?}/src/cli/minsky
bad=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Options stand in .It lines and in the SYNOPSIS; elsewhere .Fl may speak of another command.
# --no-x beside --x is understood by every flag and not listed by -h.
page_options() { # PAGE
	awk '
		/^\.Sh / { synopsis = /^\.Sh SYNOPSIS/ }
		/^\.It/ || (synopsis && /^\./) {
			for (i = 1; i < NF; i++)
				if ($i ~ /^\.?Fl$/ && $(i + 1) ~ /^-[a-z]/)
					seen["-" $(i + 1)]
		}
		END {
			for (o in seen) {
				positive = o
				sub(/^--no-/, "--", positive)
				if (positive == o || !(positive in seen))
					print o
			}
		}' "$1" | LC_ALL=C sort -u
}

# --[no-]x is --x with its opposite.
help_options() { # COMMAND...
	"$minsky" "$@" -h 2>&1 | sed 's/\[no-\]//g' | grep -oE '(^|[^[:alnum:]-])--[a-z][a-z0-9-]*' |
		sed 's/^[^-]*//' | grep -vx -e --help | LC_ALL=C sort -u
}

for page in minsky-*.1; do
	[ -e "$page" ] || {
		echo 'skipped: there are no manual pages'
		exit 77
	}
	words=$(echo "${page%.1}" | sed 's/^minsky-//; s/-/ /g')
	# shellcheck disable=SC2086 # $words are the words of a command
	if ! "$minsky" $words -h >"$work/h" 2>&1; then
		echo "$page: 'minsky $words -h' fails:"
		cat "$work/h"
		bad=1
		continue
	fi
	page_options "$page" | grep -vx -e --help >"$work/page"
	# shellcheck disable=SC2086
	help_options $words >"$work/help"
	if ! cmp -s "$work/page" "$work/help"; then
		echo "$page: options differ (- page, + minsky $words -h)"
		diff -u "$work/page" "$work/help" | sed 1,3d
		bad=1
	fi
done

"$minsky" -h >"$work/overview" 2>&1 || {
	echo "'minsky -h' fails"
	bad=1
}
awk -F '  +' '/^$/ { on = 0 } on { print $2 } /^commands:$/ { on = 1 }' "$work/overview" \
	>"$work/commands"
[ -s "$work/commands" ] || {
	echo "'minsky -h' lists no commands"
	bad=1
}
while IFS= read -r words; do
	page=minsky-$(echo "$words" | tr ' ' -).1
	[ -e "$page" ] || {
		echo "'minsky $words' has no page $page"
		bad=1
	}
done <"$work/commands"

# Every setting, its variable and its old spellings.
# shellcheck disable=SC2013 # words, not lines
for word in $(sed -nE 's/.*(\.name|\.variable) = "([^"]+)".*/\2/p
	s/^\t\{ "([^"]+)", "[^"]+" \},/\1/p' ../../src/core/config_keys.c); do
	grep -qF " $word" minsky-config.5 || {
		echo "minsky-config.5 does not have '$word'"
		bad=1
	}
done

# In 80 columns neither the title above a page is cut off nor the line below NAME broken.
for page in minsky*.[1-9]; do
	title=$(sed -n 's/^\.Dt \([^ ]*\) .*/\1/p' "$page")
	if [ -z "$title" ] || [ ${#title} -gt 22 ]; then
		echo "$page: '.Dt $title' is missing or longer than 22 characters"
		bad=1
	fi
	name=$(sed -n 's/^\.Nd //p' "$page")
	base=${page%.*}
	if [ -z "$name" ] || [ $((5 + ${#base} + 3 + ${#name})) -gt 78 ]; then
		echo "$page: '$base - $name' is missing or longer than 73 characters"
		bad=1
	fi
done

if command -v mandoc >/dev/null; then
	for page in minsky*.[1-9]; do
		# STYLE is a matter of taste, and the base system's list of pages is not ours.
		if mandoc -T lint -W warning "$page" 2>&1 | grep -E '(WARNING|ERROR|UNSUPP):' |
			grep -v 'referenced manual not found'; then
			bad=1
		fi
	done
elif [ $bad -eq 0 ]; then
	echo 'skipped: mandoc is not installed (the options were compared)'
	exit 77
fi
exit $bad
