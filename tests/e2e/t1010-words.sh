#!/bin/sh
# What minsky says of itself: -h on everything, one line on bad usage, manual pages, and one
# document whatever happens.
. "$(dirname "$0")/lib.sh"

# A command line that cannot be understood: exit 2, nothing on stdout, what is wrong and one line
# that says how it is used, or where to look.
misused() { # WORD...
	must_fail 2 minsky "$@" >out 2>err && test ! -s out && test "$(wc -l <err)" -eq 2 &&
		has "^minsky: " err && sed -n 2p err | grep -q -e "^usage: minsky " -e "^hint: "
}

test_ok 'setup' '
	make_repo app && (cd app && minsky session start one -d one -q) >ws &&
	minsky -h | sed -n "s/^  \([a-z][a-z ]*[a-z]\)   *[a-z(].*/\1/p" | sed "s/  .*//" >commands &&
	test "$(wc -l <commands)" -gt 20
'
test_ok 'without a command: the list of them on stderr, exit 2; with -h on stdout' '
	must_fail 2 minsky >out 2>err && test ! -s out && minsky -h >out && cmp_files out err &&
	minsky --help >err && cmp_files out err
'
test_ok '-h and --help on every command: its usage on stdout, nothing on stderr, nothing done' '
	cd app && git status --porcelain >../before && tested=0 &&
	while read -r words; do
		# shellcheck disable=SC2086 # the words of a command
		minsky $words -h >../out 2>../err && test ! -s ../err &&
			has "^usage: minsky $words" ../out && has "^  -h, --help" ../out &&
			minsky $words --help >../err && cmp_files ../out ../err || return 1
		tested=$((tested + 1))
	done <../commands && test $tested -gt 20 && git status --porcelain | cmp - ../before
'
test_ok '-h on a group lists its commands' '
	for group in session "session pr" journal hooks; do
		# shellcheck disable=SC2086
		minsky $group -h >out 2>err && test ! -s err &&
			test "$(grep -c "^  $group " out)" -eq "$(grep -c "^$group " commands)" || return 1
	done
'
test_ok '-h needs neither a repository nor arguments that make sense' '
	mkdir -p nowhere && cd nowhere && minsky session get one two three -h >out &&
	has "^usage: minsky session get" out
'
test_ok 'an unknown option, on every command' '
	while read -r words; do
		# shellcheck disable=SC2086
		misused $words --nonsense && has "unknown option .--nonsense." err || return 1
	done <commands
'
test_ok 'unknown commands, groups alone, missing and spare words and values' '
	misused sessio && misused session && misused session strat && misused session pr &&
	misused -x && misused session list --limit && misused session list --limit=x &&
	misused session list --limit=-1 && misused session list --json=yes &&
	misused session list one && misused session get one two && misused journal log one &&
	misused session list --status=lost && misused journal log -n x &&
	misused session list --config nonsense && cd app && misused journal log --since=gestern
'
test_ok 'the same as a document: alone on stdout, with the exit status in it' '
	must_fail 2 minsky session list --json --nonsense >doc 2>err && test ! -s err &&
	json ".schema == 2 and .category == \"usage\" and .code == 2" doc &&
	must_fail 2 minsky --json >doc && json ".code == 2" doc &&
	must_fail 2 minsky sessio --json >doc && json ".category == \"usage\" and (.hint | length > 0)" doc &&
	(cd app && must_fail 3 minsky session get nope --json) >doc 2>err && test ! -s err &&
	json ".category == \"not-found\" and .code == 3" doc && test "$(wc -l <doc)" -eq 1
'
test_ok 'the version, two ways' '
	minsky --version >out && minsky version >err && cmp_files out err &&
	has "^minsky [0-9]*\.[0-9]*\.[0-9]*$" out
'

# A man(1) that says what it was asked for.
test_ok 'a man(1) of our own' '
	mkdir -p bin && printf "#!/bin/sh\necho \"man:\$1\"\n" >bin/man && chmod +x bin/man &&
	PATH=$TRASH/bin:$PATH && DESTDIR= cmake --install "$MINSKY_BUILD" --prefix "$TRASH/usr" >/dev/null
'
test_ok 'help opens the page that was installed with the program, for every command' '
	while read -r words; do
		page=minsky-$(echo "$words" | tr " " -)
		# shellcheck disable=SC2086
		usr/bin/minsky help $words >out && echo "man:$TRASH/usr/share/man/man1/$page.1" | cmp - out ||
			return 1
	done <commands && usr/bin/minsky help >out && has "/man1/minsky.1$" out
'
test_ok 'also of a group, and those that are about no command' '
	usr/bin/minsky help session >out && has "/man1/minsky-session.1$" out &&
	usr/bin/minsky help hooks >out && has "/man7/minsky-hooks.7$" out &&
	usr/bin/minsky help config >out && has "/man5/minsky-config.5$" out &&
	usr/bin/minsky help journal >out && has "/man5/minsky-journal.5$" out &&
	usr/bin/minsky help sessiondb >out && has "/man1/minsky-sessiondb.1$" out &&
	usr/bin/minsky help sessiondb migrate >out && has "/man1/minsky-sessiondb.1$" out &&
	usr/bin/minsky help session pr >out && has "/man1/minsky-session.1$" out
'
test_ok 'help for what there is not: exit 3, and where to look' '
	for words in nope "session nope" ../minsky-session; do
		# shellcheck disable=SC2086
		must_fail 3 usr/bin/minsky help $words >out 2>err && test ! -s out &&
			has "^minsky: there is no command .$words.$" err && has "^hint: .minsky -h" err ||
			return 1
	done
'
test_ok 'without man(1): exit 1, and the file to read' '
	(PATH=$TRASH/none && must_fail 1 usr/bin/minsky help session start) >out 2>err && test ! -s out &&
	has "cannot run man" err && has "^hint: .*/man1/minsky-session-start.1.$" err
'
test_done
