#!/bin/sh
# Names, task ids and sessions that there are not: refused before anything is made.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/refusals.sh"

esc=$(printf '\033')
csi=$(printf '\302\233')
newline='
'
long() { # BYTES
	head -c "$1" /dev/zero | tr '\0' n
}

# Nothing was made anywhere, and no shell has seen the name.
no_trace() {
	no_state && [ -z "$(find "$TRASH" -name F)" ]
}

test_ok 'a repository, and a place outside any' '
	make_repo app && mkdir outside
'
test_ok 'without a name, a task and a description nothing is started' '
	cd app && refused 2 session start && no_trace &&
	has -e "--task" ../err && has "^usage: minsky session start" ../err
'
test_ok 'the same as a document' '
	cd app && documented 2 usage session start --json && no_trace
'

bad_name() { # TITLE NAME
	bad=$2
	test_ok "a session called $1 is refused" '
		cd app && refused 2 session start -- "$bad" && no_trace &&
		has "^minsky: session name .* " ../err &&
		good=$(sed -n "s/^hint: a valid session name would be .\(.*\).$/\1/p" ../err) &&
		refused 3 session start --repo ../missing -- "$good"
	'
}

bad_name '../x' '../x'
bad_name '/abs' '/abs'
bad_name 'a/b' 'a/b'
bad_name '-x' '-x'
bad_name '--help' '--help'
bad_name '.' '.'
bad_name '..' '..'
bad_name '.git' '.git'
bad_name 'a..b' 'a..b'
bad_name 'x.lock' 'x.lock'
bad_name 'x.' 'x.'
bad_name 'HEAD' 'HEAD'
bad_name 'nothing' ''
bad_name 'by 300 bytes' "$(long 300)"
bad_name 'by 101 bytes' "$(long 101)"
# shellcheck disable=SC2016 # the point of it
bad_name 'a command substitution' '$(touch F)x'
# shellcheck disable=SC2016
bad_name 'a substitution without a space' '$(touch${IFS}F)x'
# shellcheck disable=SC2016
bad_name 'a command in backquotes' '`touch F`'
bad_name 'a;b' 'a;b'
bad_name 'a|b' 'a|b'
bad_name 'a b' 'a b'
bad_name "a quote" "a'b"
bad_name 'a*' 'a*'
bad_name 'a~b' 'a~b'
bad_name '@{-1}' '@{-1}'
bad_name 'two lines' "a${newline}b"
bad_name 'a name with a newline at its end' "a$newline"
bad_name 'an escape sequence' "a${esc}[31mb"
bad_name 'an escape sequence of one character' "a${csi}31mb"
bad_name 'something that is no text' "$(printf 'a\377b')"
bad_name 'in letters that not everybody can type' "na\303\257f"

test_ok 'without -- a name that begins with - is no option that there is' '
	cd app && refused 2 session start -x && has "unknown option .-x." ../err && no_trace
'
test_ok 'an unknown option is shown without what it would do to a terminal' '
	cd app && refused 2 session start "--${esc}[31m" && refused 2 session start "-${esc}" &&
	refused 2 "${csi}31m" && no_trace
'
test_ok 'two names are one too many' '
	cd app && refused 2 session start one two && has "two" ../err && no_trace
'
test_ok 'a bad name as a document' '
	cd app && documented 2 usage session start --json -- "a${esc}b" && no_trace &&
	documented 2 usage session start "../x" --json && no_trace
'
test_ok 'a bad name is refused also outside a repository, as the first thing wrong' '
	cd outside && refused 2 session start "../x" && no_trace
'

bad_task() { # TITLE ID
	bad=$2
	test_ok "a task id $1 is refused" '
		cd app && refused 2 session start --task="$bad" && no_trace &&
		has "^minsky: task id " ../err && has "^hint: .*task#123" ../err &&
		refused 2 session list --task="$bad" && no_trace
	'
}

bad_task 'of nothing' ''
bad_task 'of letters' 'abc'
bad_task 'of a number and letters' '12x'
bad_task 'of a hash' '#'
bad_task 'of the word alone' 'task#'
bad_task 'of two numbers' '1 2'
bad_task 'below zero' '-1'
bad_task 'with a newline' "12$newline"
bad_task 'with an escape' "12$esc"
bad_task 'of 20 digits' '12345678901234567890'
# shellcheck disable=SC2016
bad_task 'that is a command' '$(touch F)'
bad_task 'in digits of another alphabet' "$(printf '\357\274\221')"

test_ok 'a bad task id as a document' '
	cd app && documented 2 usage session start --task "12$esc" --json && no_trace
'
test_ok 'a task id of 19 digits is one' '
	cd app && refused 3 session start --task 9999999999999999999 --repo ../missing && no_trace
'

bad_branch() { # TITLE BRANCH
	bad=$2
	test_ok "a branch $1 is refused" '
		cd app && refused 2 session start fine --branch="$bad" && no_trace &&
		has "^minsky: branch " ../err
	'
}

bad_branch 'called nothing' ''
bad_branch 'called -x' '-x'
bad_branch 'called HEAD' 'HEAD'
bad_branch 'called @' '@'
bad_branch 'called a..b' 'a..b'
bad_branch 'called ../x' '../x'
bad_branch 'called /abs' '/abs'
bad_branch 'called x/' 'x/'
bad_branch 'called a.lock/b' 'a.lock/b'
bad_branch 'called a b' 'a b'
bad_branch 'called a:b' 'a:b'
bad_branch 'with an escape' "a$esc"
bad_branch 'with a newline' "a${newline}b"
bad_branch 'that is no text' "$(printf 'a\377b')"
bad_branch 'of 300 bytes' "$(long 300)"

bad_description() { # TITLE TEXT
	bad=$2
	test_ok "a description $1 is refused" '
		cd app && refused 2 session start --description="$bad" && no_trace
	'
}

bad_description 'of nothing' ''
bad_description 'without a letter' '!?'
bad_description 'without a letter, with an escape' "$esc$csi"

test_ok 'a description that the journal cannot hold is refused, and nothing is left of it' '
	cd app &&
	refused 2 session start fine --description="$(long 70000)" &&
	refused 2 session start fine --description="push with ghp_$(long 36)" &&
	hasnt "ghp_n" ../err &&
	places >../places && test ! -s ../places
'

unknown() { # TITLE KEY
	key=$2
	test_ok "every command refuses $1 as a session, in a repository with and without sessions, and outside" '
		for where in app other outside; do
			cd "$TRASH/$where" &&
			refused 3 session get -- "$key" && has "there is no session" ../err &&
			refused 3 session dir -- "$key" &&
			refused 3 session log -- "$key" &&
			refused 3 session delete -- "$key" &&
			refused 3 session pr create --title T -- "$key" &&
			refused 3 session pr get -- "$key" &&
			refused 3 session approve -- "$key" &&
			documented 3 not-found session get --json -- "$key" || return 1
		done &&
		for where in app other; do
			cd "$TRASH/$where" &&
			refused 3 session restore -- "$key" || return 1
		done
	'
}

test_ok 'a session, and a repository without any' '
	make_repo other && (cd app && minsky session start fine --quiet) >dir && ws=$(cat dir) &&
	note_places app
'
unknown 'a name that nobody has' 'missing'
unknown 'a task that nobody has' '4711'
unknown 'an id that nobody has' '01890000-0000-7000-8000-000000000000'
unknown 'a path' '../../../../etc/passwd'
unknown 'the place of a workspace' "$TRASH/app"
unknown 'a name with an escape' "a${esc}[31m"
unknown 'half a name' 'fin'
unknown 'a pattern' 'fin*'
unknown 'a name of 300 bytes' "$(long 300)"

test_ok 'every one of these as a document, too' '
	cd app &&
	documented 3 not-found session dir missing --json &&
	documented 3 not-found session log missing --json &&
	documented 3 not-found session delete missing --json &&
	documented 3 not-found session pr create missing --title T --json &&
	documented 3 not-found session approve missing --json &&
	documented 3 not-found session restore missing --json
'
test_ok 'a session is wanted where none is named, and we are in none' '
	cd app &&
	refused 2 session get && refused 2 session dir && refused 2 session approve &&
	refused 2 session delete && refused 2 session pr create --title T &&
	documented 2 usage session get --json
'
test_ok 'an empty key names no session' '
	cd app && refused 3 session get "" && refused 3 session delete ""
'
test_ok 'all of that has left nothing behind' '
	nothing_left app && test -d "$ws"
'

# The longest there may be, the shortest, and every character that is allowed.
test_ok 'names at the edge of what is allowed work' '
	cd app &&
	for name in "$(long 100)" a 0 _ "#7" "A.b_c#d-e" "x-"; do
		dir=$(minsky session start --quiet -- "$name") && test -d "$dir/.git" &&
		test "${dir##*/}" = "$name" &&
		test "$(git -C "$dir" branch --show-current)" = "$name" &&
		test "$(minsky session dir -- "$name")" = "$dir" || return 1
	done
'
test_ok 'a branch with everything that a shell would obey is a branch, and nothing else' '
	cd app &&
	branch="a;touch\${IFS}F;\$(touch\${IFS}F)&|\"<'\''b" &&
	dir=$(minsky session start odd --branch "$branch" --quiet) &&
	test "$(git -C "$dir" branch --show-current)" = "$branch" &&
	tick && echo odd >"$dir/odd" && git -C "$dir" add odd && git -C "$dir" commit -q -m odd &&
	minsky session pr create odd --title Odd >/dev/null &&
	minsky session approve odd >/dev/null &&
	test "$(cat odd)" = odd && test -z "$(find "$TRASH" -name F)"
'
test_ok 'a description with escapes is kept, and shown without them' '
	cd app &&
	minsky session start shown --description "red ${esc}[31m and ${csi}1m${newline}two" \
		>../out 2>../err && printable ../out ../err &&
	minsky session get shown >../out && printable ../out && has "red " ../out &&
	minsky session list >../out && printable ../out &&
	minsky session log shown >../out && printable ../out &&
	minsky session get shown --json >../out && printable ../out &&
	printf "red \033[31m and \302\2331m\ntwo" >../expected &&
	jq -j .session.description ../out >../actual && cmp_files ../expected ../actual
'
test_ok 'a base that is nowhere is refused, whatever it looks like' '
	note_places app && cd app &&
	for base in nowhere "main~99" "@{u}^9" "*" "" "-x" "--upload-pack=touch F" \
		"a${esc}[31m" "../heads/main" "0123456789012345678901234567890123456789"; do
		refused 3 session start based --base="$base" || return 1
	done &&
	documented 3 not-found session start based --base nowhere --json &&
	cd .. && nothing_left app && test -z "$(find . -name F)" &&
	minsky -C app session start based --base main --quiet >/dev/null
'
test_ok 'a repository that does not exist' '
	cd app &&
	for repo in ../missing "" "a${esc}[31m" ../dir/x "$(long 5000)"; do
		refused 3 session start fine2 --repo="$repo" || return 1
	done &&
	documented 3 not-found session start fine2 --repo ../missing --json &&
	documented 3 not-found session get fine --repo ../missing --json
'
test_done
