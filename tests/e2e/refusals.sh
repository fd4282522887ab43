# shellcheck shell=sh
# refusals.sh - sourced behind lib.sh by scripts about input that minsky has to refuse.

# No byte that a terminal would obey: C0 without the newline, DEL, and C1 as UTF-8.
printable() { # FILE...
	for test_file; do
		if [ "$(tr -d '\n\040-\176\200-\377' <"$test_file" | wc -c)" -ne 0 ] ||
			grep -qaP '\xc2[\x80-\x9f]' "$test_file"; then
			echo "control characters in $test_file:" >&4
			od -c "$test_file" >&4
			return 1
		fi
	done
}

# minsky fails with exactly this status, answers nothing, and says why in a line of its own. Its
# words are in $TRASH/err afterwards.
refused() { # CODE ARGUMENT...
	must_fail "$1" run_minsky "$@" || {
		sed 's/^/| /' "$TRASH/out" "$TRASH/err" >&4
		return 1
	}
	[ ! -s "$TRASH/out" ] || {
		echo 'something on stdout:' >&4
		cat "$TRASH/out" >&4
		return 1
	}
	grep -q '^minsky: .' "$TRASH/err" && printable "$TRASH/err"
}

# The same with --json among the arguments: one document on stdout, silence on stderr.
documented() { # CODE CATEGORY ARGUMENT...
	test_category=$2
	test_code=$1
	shift 2
	must_fail "$test_code" run_minsky "$test_code" "$@" || {
		sed 's/^/| /' "$TRASH/out" "$TRASH/err" >&4
		return 1
	}
	if jq -e -s --arg category "$test_category" --argjson code "$test_code" '
		length == 1 and (.[0] | .schema == 2 and .category == $category and .code == $code
			and (.message | length > 0) and ((.hint // "x") | length > 0))' \
		"$TRASH/out" >/dev/null && [ "$(wc -l <"$TRASH/out")" -eq 1 ] &&
		printable "$TRASH/out" && [ ! -s "$TRASH/err" ]; then
		return 0
	fi
	echo "not one document of $test_category ($test_code), or not alone:" >&4
	sed 's/^/| /' "$TRASH/out" "$TRASH/err" >&4
	return 1
}

run_minsky() { # CODE ARGUMENT...
	shift
	minsky "$@" >"$TRASH/out" 2>"$TRASH/err"
}

no_state() {
	[ ! -e "$XDG_STATE_HOME/minsky" ] || {
		find "$XDG_STATE_HOME/minsky" >&4
		return 1
	}
}

# Every workspace and temporary clone there is, and every lock of a start under way.
places() {
	if [ -d "$XDG_STATE_HOME/minsky/sessions" ]; then
		find "$XDG_STATE_HOME/minsky/sessions" -mindepth 2 -maxdepth 2
	fi | sort
	find "$XDG_STATE_HOME" -name 'start.*.lock'
}

# Around a refusal: note what there is, then say that nothing was added, in the journal neither.
note_places() { # REPOSITORY
	places >"$TRASH/places" && (cd "$1" && minsky journal log --json | wc -l) >"$TRASH/records"
}

nothing_left() { # REPOSITORY
	places >"$TRASH/places.now" && cmp_files "$TRASH/places" "$TRASH/places.now" &&
		(cd "$1" && minsky journal log --json | wc -l) >"$TRASH/records.now" &&
		cmp_files "$TRASH/records" "$TRASH/records.now" &&
		(cd "$1" && minsky journal verify) >/dev/null
}
