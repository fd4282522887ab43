#!/bin/sh
# What a repository can be named and made to say: control characters, bytes that are no UTF-8,
# megabytes, secrets. It is stored escaped and cut, shown harmless, and the journal stays good.
. "$(dirname "$0")/lib.sh"

ws='' journal=''
esc=$(printf '\033') bell=$(printf '\007')
canary=ghp_0123456789abcdefghijABCDEFGHIJ012345

commit() { # MESSAGE-FILE: the hooks are told
	tick && git -C "$ws" -c i18n.commitEncoding=utf-8 commit -q --allow-empty --cleanup=verbatim -F "$TRASH/$1"
}

# Nothing that a terminal obeys, in what commands print; every line of the journal is JSON in UTF-8.
harmless() {
	minsky -C app journal log >said 2>&1 && minsky -C app journal log --json >lines 2>>said &&
		minsky -C app session list >>said 2>&1 && minsky -C app session get work >>said 2>&1 &&
		minsky -C app session log work >>said 2>&1 &&
		! LC_ALL=C tr -d '\n\t -\176\200-\377' <said | grep -q . &&
		hasnt "$esc" said && hasnt "$esc" lines &&
		! LC_ALL=C tr -d '\n -\176\200-\377' <lines | grep -q . && jq -e .seq lines >/dev/null &&
		iconv -f UTF-8 -t UTF-8 said >/dev/null && iconv -f UTF-8 -t UTF-8 lines >/dev/null &&
		minsky -C app journal verify >verdict && has ': good$' verdict
}

test_ok 'setup' '
	make_repo_with_origin app && ws=$(minsky -C app session start work --quiet) &&
	journal=$(echo "$HOME"/state/minsky/journal/*) && harmless
'
test_ok 'a subject with escape sequences, a bell, a carriage return, a C1 control, a bidi override' '
	printf "red %s[31m title %s]0;x%s back\r\302\233J \342\200\256txt\n" "$esc" "$esc" "$bell" >message &&
	commit message && harmless && has "red " said && minsky -C app journal log --type commit.created --json >lines &&
	jq -r ".body.data.subject" lines >subjects && has "^red " subjects
'
test_ok 'a subject that is no UTF-8, and one with half a character at its end' '
	printf "caf\351 \377\376 latin\n" >message && commit message && printf "cut \342\202\n" >message && commit message &&
	harmless && has "latin" said
'
test_ok 'a subject of a megabyte' '
	{ head -c 1048576 /dev/zero | tr "\000" x && echo; } >message && commit message && harmless &&
	minsky -C app journal log --type commit.created --json | tail -n 1 >line && test "$(wc -c <line)" -lt 66000
'
test_ok 'a megabyte of quotes and backslashes, which double when they are written' '
	{ head -c 1048576 /dev/zero | tr "\000" "\\\\" && echo; } >message && commit message &&
	{ head -c 1048576 /dev/zero | tr "\000" "\"" && echo; } >message && commit message && harmless
'
test_ok 'branches with characters that git allows and a terminal or a shell may not like' '
	bidi=$(printf "a\342\200\256b") && c1=$(printf "c\302\233d") && bad=$(printf "e\377f") &&
	for name in "$bidi" "$c1" "$bad" "semi;colon" "dollar\$(id)" "quote\"and'\''quote" "a&&b|c" "--x" \
		"$(head -c 200 /dev/zero | tr "\000" n)"; do
		tick && git -C "$ws" update-ref "refs/heads/x/$name" HEAD && git -C "$ws" switch -q "x/$name" &&
			git -C "$ws" switch -q work || return 1
	done && harmless && has "dollar" said && test ! -e "$ws/id"
'
test_ok 'paths with control characters' '
	tick && odd=$(printf "new\nline\033[31m\377") && echo 1 >"$ws/$odd" && git -C "$ws" add -A &&
	git -C "$ws" commit -q -m "odd path" && harmless &&
	echo 2 >"$ws/untracked$odd" && must_fail 4 minsky -C app session delete work >out 2>&1 && hasnt "$esc" out &&
	must_fail 4 minsky -C app session delete work --json >out 2>/dev/null && jq -e ".reasons" out &&
	hasnt "$esc" out && rm "$ws/untracked$odd"
'
test_ok 'on a terminal, too, which gets our colours and nothing else' '
	for command in "journal log" "session list" "session get work" "session log work"; do
		script -q -e -c "minsky -C app $command" typescript >/dev/null 2>&1 </dev/null || return
		sed -e 1d -e "\$d" -e "s/$esc\\[[0-9;]*m//g" -e "s/\r\$//" typescript >said
		hasnt "$esc" said && ! LC_ALL=C tr -d "\n\t -\176\200-\377" <said | grep -q . &&
			iconv -f UTF-8 -t UTF-8 said >/dev/null || return
	done && has "red " said
'
test_ok 'a repository whose own path is such is refused, in harmless words' '
	for dir in "$(printf "re\033[31mpo")" "$(printf "re\npo")" "$(printf "re\377po")"; do
		make_repo "$dir" && must_fail 1 minsky -C "$dir" session start odd 2>err && test -s err &&
			hasnt "$esc" err && test ! -e "$dir/.git/minsky" || return 1
	done
'
test_ok 'a description and a note of a megabyte are refused or cut, and nothing breaks' '
	long=$(head -c 100000 /dev/zero | tr "\000" y) &&
	{ minsky -C app session start long --description "$long" >out 2>&1; test $? -le 4; } &&
	minsky -C app journal verify >verdict && has ": good$" verdict
'
test_ok 'secrets in subjects, branches and addresses never get into the journal or the store' '
	echo "token $canary here" >message && commit message &&
	tick && git -C "$ws" switch -q -c "$canary" && git -C "$ws" switch -q work &&
	git -C app remote set-url origin "https://ana:$canary@example.invalid/app.git" &&
	echo "see https://bo:$canary@example.invalid/x" >message && commit message && harmless &&
	{ minsky -C app sync >out 2>&1 || :; } &&
	cat "$journal"/*.log "$journal/repo.json" "$STORE" >stored &&
	hasnt -F "$canary" stored &&
	hasnt -F "$canary" said && has "removed" said
'
test_done
