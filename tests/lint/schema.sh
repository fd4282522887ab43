#!/bin/sh
# What programs read is written down: every event type in doc/events.md, every failure category
# and every member of the session record in doc/schema.md.
set -u
cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}" || exit 1
bad=0

listed() { # FILE WORD...
	file=$1
	shift
	for word; do
		grep -qF "\`$word\`" "$file" || {
			echo "$file does not have \`$word\`"
			bad=1
		}
	done
}

types=$(sed -n '/define EVENT_TYPES/,/^$/s/.*X([A-Z_]*, "\([a-z_.]*\)").*/\1/p' src/core/event.h)
[ -n "$types" ] || {
	echo 'src/core/event.h: no event types found'
	bad=1
}
# shellcheck disable=SC2086 # a list of words
listed doc/events.md $types
# shellcheck disable=SC2016 # backquotes, not a command
for type in $(sed -n 's/^| \(`[a-z_.`, ]*\) |.*/\1/p' doc/events.md | tr -d '`,'); do
	echo "$types" | grep -qxF "$type" || {
		echo "doc/events.md: '$type' is not in src/core/event.h"
		bad=1
	}
done

if [ ! -f doc/schema.md ]; then
	[ $bad -eq 0 ] || exit 1
	echo 'skipped: doc/schema.md is not there (the events were compared)'
	exit 77
fi
# shellcheck disable=SC2046
listed doc/schema.md $(cat src/*/*.c src/*/*/*.c | tr '\n\t' '  ' |
	grep -oE 'error_(refuse|reason)\( *err, *"[a-z-]+"' | sed 's/.*"\([a-z-]*\)"/\1/' | sort -u)
if grep -rnE 'error_set\([^;]*ERR_REFUSED, *"' src --include='*.c'; then
	echo 'a refusal without a word for programs: error_refuse() takes one'
	bad=1
fi
# shellcheck disable=SC2046
listed doc/schema.md $(sed -n 's/.*X(ERR_[A-Z]*, -[0-9]*, "\([a-z-]*\)".*/\1/p' src/core/error.h)
# shellcheck disable=SC2046
listed doc/schema.md $(sed -n '/define SESSION_STATUSES/,/^$/s/.*X([A-Z_]*, "\([a-z-]*\)").*/\1/p' \
	src/core/session.h)
members=$(grep -hoE '(TEXT|OTHER|OBJECT|SPECIAL)\((struct (session|pr), )?"[A-Za-z]+"' \
	src/core/session_shape.c | grep -oE '"[A-Za-z]+"' | tr -d '"' | LC_ALL=C sort -u)
[ -n "$members" ] || {
	echo 'src/core/session_shape.c: no members found'
	bad=1
}
# shellcheck disable=SC2086
listed doc/schema.md $members
exit $bad
