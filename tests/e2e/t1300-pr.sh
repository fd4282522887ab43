#!/bin/sh
# What a PR is refused for, with nothing changed, and that its text arrives byte for byte.
. "$(dirname "$0")/lib.sh"

ws=
# Every ref and work tree of the three repositories of a session, and the journal's length.
picture() {
	for place in app.git app "$ws"; do
		echo "$place" && git -C "$place" for-each-ref && git -C "$place" symbolic-ref -q HEAD
	done
	git -C app status --porcelain && git -C "$ws" status --porcelain
	minsky -C app journal log --json | grep -c '"type":"pr\.'
}

unchanged() { # COMMAND...
	picture >before
	"$@" || return 1
	picture >after
	cmp_files before after
}

commit_in_ws() { # FILE TEXT
	tick && echo "$2" >"$ws/$1" && git -C "$ws" add "$1" && git -C "$ws" commit -q -m "$2"
}

# The bytes of the message of a commit object: what is behind the first empty line.
message_of() { # REPOSITORY COMMIT
	git -C "$1" cat-file commit "$2" | sed '1,/^$/d'
}

# Make the PR anew with a text, and compare the message with title, blank line, body.
says() { # TITLE BODY
	minsky -C app session pr create work --title="$1" --body="$2" --json >made &&
		message_of app.git pr/work >message &&
		if [ -n "$2" ]; then
			printf '%s\n\n%s' "$1" "$2"
		else
			printf '%s' "$1"
		fi >expected &&
		if [ -n "$(tail -c 1 expected)" ]; then echo >>expected; fi &&
		cmp_files expected message
}

test_ok 'a session to make PRs from' '
	make_repo_with_origin app &&
	minsky -C app session start work --quiet >dir && ws=$(cat dir)
'
test_ok 'nothing to merge: the session has no commit of its own' '
	unchanged must_fail 4 minsky -C app session pr create work --title T 2>err &&
	has "nothing to merge" err &&
	has "^hint: commit something first$" err &&
	must_fail 4 minsky -C app session pr create work --title T --json >out &&
	json ".schema == 2 and .category == \"refused\" and .code == 4" out &&
	json ".message | test(\"nothing to merge\")" out
'
test_ok 'nothing to merge: commits whose sum is nothing' '
	commit_in_ws file two && commit_in_ws file one &&
	unchanged must_fail 4 minsky -C app session pr create work --title T 2>err &&
	has "nothing to merge" err
'
test_ok 'a dirty tree: changed, staged, deleted and untracked files are listed' '
	commit_in_ws a a && commit_in_ws b b && commit_in_ws c c &&
	echo more >"$ws/a" && echo more >"$ws/b" && git -C "$ws" add b && rm "$ws/c" &&
	echo new >"$ws/not tracked" && mkdir "$ws/sub" && echo x >"$ws/sub/deep" &&
	unchanged must_fail 4 minsky -C app session pr create work --title T 2>err &&
	has "5 files in the workspace are not committed" err &&
	has "^  changed: a$" err && has "^  changed: b$" err && has "^  changed: c$" err &&
	has "^  untracked: not tracked$" err && has "^  untracked: sub/deep$" err &&
	must_fail 4 minsky -C app session pr create work --title T --json >out &&
	json ".reasons | map(select(.category == \"untracked\")) | length == 2" out &&
	json ".reasons | map(.text) | index(\"not tracked\") != null" out
'
test_ok 'an untracked file alone is enough' '
	git -C "$ws" reset -q --hard && rm -r "$ws/sub" &&
	unchanged must_fail 4 minsky -C app session pr create work --title T 2>err &&
	has "^minsky: 1 file in the workspace is not committed$" err &&
	has "^  untracked: not tracked$" err
'
test_ok 'names are shown as they are, and never to a terminal what it would obey' '
	rm "$ws/not tracked" && echo x >"$ws/größe" && git -C "$ws" mv a "b -> c" &&
	echo x >"$ws/$(printf "red\033[31m\nx")" &&
	unchanged must_fail 4 minsky -C app session pr create work --title T 2>err &&
	has "^  changed: a -> b -> c$" err && has "^  untracked: größe$" err &&
	has -F "  untracked: red\\x1b[31m\\x0ax" err &&
	must_fail 4 minsky -C app session pr create work --title T --json >out &&
	json ".reasons | map(.text) | index(\"größe\") != null" out &&
	rm "$ws/größe" "$ws"/red* && git -C "$ws" reset -q --hard && echo new >"$ws/not tracked"
'
test_ok 'an ignored file is not' '
	echo "not tracked" >"$ws/.git/info/exclude" &&
	minsky -C app session pr create work --title "With an ignored file" >out 2>err &&
	has "^title *With an ignored file$" out
'
test_ok 'a new PR needs a title' '
	minsky -C app session start bare-title --quiet >dir && other=$(cat dir) &&
	tick && echo x >"$other/x" && git -C "$other" add x && git -C "$other" commit -q -m x &&
	unchanged must_fail 2 minsky -C app session pr create bare-title 2>err &&
	has "a new PR needs a title" err && has "^hint: give one with --title$" err
'
test_ok 'a title that is empty, blank or of two lines is refused' '
	unchanged must_fail 2 minsky -C app session pr create work --title "" 2>err &&
	has "the title must be one line that is not empty" err &&
	unchanged must_fail 2 minsky -C app session pr create work --title "  	 " &&
	unchanged must_fail 2 minsky -C app session pr create work --title "a
b" &&
	unchanged must_fail 2 minsky -C app session pr create work --title "$(printf "a\nb")" --json >out &&
	json ".category == \"usage\" and .code == 2" out
'
test_ok 'a title that is not UTF-8 is refused' '
	unchanged must_fail 2 minsky -C app session pr create work --title "$(printf "a\377b")" 2>err &&
	has "not UTF-8" err
'
test_ok '--body and --body-file cannot be used together; a body file has to be there' '
	echo text >body &&
	unchanged must_fail 2 minsky -C app session pr create work --title T --body B \
		--body-file ../body 2>err &&
	has "cannot be used together" err &&
	unchanged must_fail 3 minsky -C app session pr create work --title T --body-file missing 2>err &&
	has "missing" err &&
	unchanged must_fail 1 minsky -C app session pr create work --title T --body-file . &&
	printf "a\0b" >body &&
	unchanged must_fail 2 minsky -C app session pr create work --title T --body-file ../body 2>err &&
	has "NUL" err
'
test_ok 'a title and a body keep quotes, $(), backticks and backslashes' '
	says "It'"'"'s \"quoted\" \$(touch pwned) \`touch pwned\` \\n %s %n" \
		"'"'"'a'"'"' \"b\" \$(touch pwned) \`touch pwned\` \${HOME} \\t \\\\ %d ; & | > < * ?" &&
	find "$TRASH" -name pwned >found && test ! -s found
'
test_ok 'UTF-8, wide characters and combining ones' '
	says "Größe → 大きさ 🦊 e$(printf "\314\201")" "Zeile eins
линия два
السطر الثالث"
'
test_ok 'leading dashes, in words of their own too' '
	says "-x --title" "--body-file
- a list
-- " &&
	command minsky -C app session pr create work --title "--json" --body "-h" >out &&
	message_of app.git pr/work >message &&
	printf -- "--json\n\n-h\n" >expected && cmp_files expected message
'
test_ok 'trailing spaces, empty lines, tabs and # lines stay' '
	says "  # a title  " "# not a comment

   indented	


two blank lines above; trailing spaces   
# ------------------------ >8 ------------------------
not cut
" &&
	says "T" "


three newlines before and three behind


"
'
test_ok 'trailers, diff headers and CR are only text' '
	says "subject: with colon" "$(printf "diff --git a/x b/x\r\n--- a\r\nSigned-off-by: x <y>\r")"
'
test_ok 'a body can be taken away again' '
	says "Only a title" ""
'
test_ok 'a body of 700 KiB from a file, and one from standard input' '
	i=0 && line="0123456789 abcdefghij KLMNOPQRST uvwxyz äöü \$(x) #" &&
	{
		while [ $i -lt 1000 ]; do
			echo "$i $line $line $line $line $line $line $line $line $line $line $line $line $line"
			i=$((i + 1))
		done
	} >body && test "$(wc -c <body)" -gt 650000 &&
	minsky -C app session pr create work --title Long --body-file ../body >/dev/null 2>err &&
	message_of app.git pr/work >message &&
	{ printf "Long\n\n" && cat body; } >expected && cmp expected message &&
	printf "from\nstdin" | minsky -C app session pr create work --body-file - >out &&
	message_of app.git pr/work >message &&
	printf "Long\n\nfrom\nstdin\n" >expected && cmp_files expected message
'
test_ok 'a body file that is too large is refused' '
	head -c 1100000 /dev/zero | tr "\0" x >huge &&
	unchanged must_fail 2 minsky -C app session pr create work --body-file ../huge 2>err &&
	has "huge" err
'
test_ok 'a new title keeps the body byte for byte, a new body the title' '
	says "One " "
 body with a newline before and spaces behind  

" &&
	minsky -C app session pr create work --title "Two " >/dev/null &&
	message_of app.git pr/work >message &&
	sed "1s/One/Two/" expected >kept && cmp_files kept message &&
	minsky -C app session pr create work --body "short" >/dev/null &&
	message_of app.git pr/work >message &&
	printf "Two \n\nshort\n" >expected && cmp_files expected message
'
test_ok 'the same text again changes nothing' '
	unchanged minsky -C app session pr create work --title "Two " --body short --json >out &&
	json ".outcome == \"unchanged\"" out
'
test_ok 'an old title with control characters cannot reach the terminal' '
	minsky -C app session pr create work --title "$(printf "red \033[31mtext\007")" >out 2>err &&
	message_of app.git pr/work >message &&
	printf "red \033[31mtext\007\n\nshort\n" >expected && cmp_files expected message &&
	hasnt "$(printf "\033")" out && hasnt "$(printf "\033")" err &&
	minsky -C app session pr get work >out && hasnt "$(printf "\033")" out
'
test_ok 'a conflict with the base: files named, refs of all three repositories as before' '
	minsky -C app session start clash --quiet >dir && saved=$ws && ws=$(cat dir) &&
	commit_in_ws file theirs && commit_in_ws "a file" theirs &&
	tick && echo ours >app/file && echo ours >"app/a file" && git -C app add . &&
	git -C app commit -q -m ours && git -C app push -q origin main &&
	git -C "$ws" fetch -q origin && git -C "$saved" fetch -q origin &&
	unchanged must_fail 4 minsky -C app session pr create clash --title T 2>err &&
	has "conflicts with its base in 2 files" err &&
	has "^  conflict: a file$" err && has "^  conflict: file$" err &&
	must_fail 4 minsky -C app session pr create clash --title T --json >out &&
	json ".reasons | map(.text) | sort == [\"a file\", \"file\"]" out &&
	json "all(.reasons[]; .category == \"conflict\")" out
'
test_ok 'an open PR that conflicts now is left as it was' '
	ws=$saved && commit_in_ws file three &&
	unchanged must_fail 4 minsky -C app session pr create work 2>err &&
	has "conflict: file" err &&
	git -C "$ws" revert --no-edit HEAD >/dev/null 2>&1 &&
	minsky -C app session pr create work --json >out && json ".outcome == \"refreshed\"" out
'
test_ok 'a PR branch that somebody else pushed is not overwritten' '
	git clone -q app.git elsewhere &&
	stranger=$(git -C elsewhere commit-tree -p main -m stranger main^{tree}) &&
	git -C elsewhere push -q origin "+$stranger:refs/heads/pr/work" &&
	commit_in_ws d d &&
	unchanged must_fail 4 minsky -C app session pr create work 2>err &&
	has "stale info" err && has "^hint: it has moved there" err &&
	git -C app fetch -q origin &&
	must_fail 4 minsky -C app session pr create work --title T 2>err &&
	has "is not a prepared merge of this session" err &&
	test "$(git -C app.git rev-parse pr/work)" = "$stranger"
'
test_ok 'the identity is the user'"'"'s own: of the workspace, which has the repository'"'"'s' '
	make_repo me && git -C me config user.name "Bea Local" &&
	git -C me config user.email bea@example.invalid &&
	minsky -C me session start work --quiet >dir && mine=$(cat dir) &&
	tick && echo x >"$mine/x" && git -C "$mine" add x && git -C "$mine" commit -q -m x &&
	minsky -C me session pr create work --title T >/dev/null &&
	test "$(git -C me log -1 --format="%an <%ae> %cn" pr/work)" = \
		"Bea Local <bea@example.invalid> Bea Local"
'
test_ok 'without any identity it is refused, and git says why' '
	git -C "$mine" config --unset user.name && git -C "$mine" config --unset user.email &&
	printf "[user]\n\tuseConfigOnly = true\n" >nobody &&
	must_fail 1 env GIT_CONFIG_GLOBAL="$TRASH/nobody" \
		minsky -C me session pr create work --title U 2>err &&
	has "git config --global user.name" err &&
	test "$(git -C me log -1 --format=%s pr/work)" = T
'
test_ok 'commit.gpgSign signs the prepared merge; a signature that fails is no PR' '
	cat >fake-gpg <<-"END" &&
		#!/bin/sh
		[ -z "$FAKE_GPG_FAILS" ] || exit 2
		cat >/dev/null
		echo "[GNUPG:] SIG_CREATED D 1 8 00 0 KEY" >&2
		printf "%s\n" "-----BEGIN PGP SIGNATURE-----" "" "fake" "-----END PGP SIGNATURE-----"
	END
	chmod +x fake-gpg &&
	git -C me config user.signingKey KEY &&
	git config --global gpg.program "$TRASH/fake-gpg" &&
	git config --global commit.gpgSign true &&
	minsky -C me session pr create work --title "Signed" --body "$(printf "a\n\nb")" >/dev/null &&
	git -C me cat-file commit pr/work >object && has "^gpgsig -----BEGIN PGP" object &&
	minsky -C me session pr create work --json >out && json ".outcome == \"unchanged\"" out &&
	minsky -C me session pr create work --title "Signed again" >/dev/null &&
	git -C me log -1 --format=%B pr/work >message &&
	printf "Signed again\n\na\n\nb\n\n" >expected && cmp_files expected message &&
	old=$(git -C me rev-parse pr/work) &&
	FAKE_GPG_FAILS=1 && export FAKE_GPG_FAILS &&
	must_fail 1 minsky -C me session pr create work --title "Not signed" 2>err &&
	unset FAKE_GPG_FAILS &&
	test "$(git -C me rev-parse pr/work)" = "$old" &&
	git config --global --unset commit.gpgSign
'
# A lost workspace stands in the way of nobody: not of its own session, not of the others' PRs.
with_pr() { # REPOSITORY SESSION
	w=$(minsky -C "$1" session start "$2" --quiet) && tick && echo "$2" >"$w/$2" && git -C "$w" add . &&
		git -C "$w" commit -q -m "$2" && minsky -C "$1" session pr create "$2" --title "$2" >/dev/null
}
test_ok 'a workspace with a PR is removed: each command answers, and the merge of another is noticed' '
	make_repo_with_origin lose && with_pr lose other && with_pr lose lost && rm -rf "$w" &&
	minsky -C lose session get lost >out && minsky -C lose session pr get lost >out &&
	minsky -C lose session rename lost gone >out && git -C lose fetch -q && tick &&
	git -C lose merge -q --no-ff -m m origin/pr/other && git -C lose push -q && tick &&
	minsky -C lose sync >out && minsky -C lose session list --json >out &&
	jq -e ".sessions | map({(.session): .status}) | add | .other == \"merged\" and .gone == \"pr-open\"" out &&
	minsky -C lose session delete gone --override gone >out
'
is_merged() { # REPOSITORY SESSION
	minsky -C "$1" session list --json >out && jq -e --arg name "$2" "[.sessions[] | select(.session == \$name) |
		.status] == [\"merged\"]" out
}
test_ok 'what hooks start finds the merge as well' '
	minsky -C lose hooks install >out && with_pr lose third && git -C lose fetch -q && tick &&
	git -C lose merge -q --no-ff -m m origin/pr/third && git -C lose push -q && wait_for is_merged lose third
'
test_ok 'the main clone is gone, or moved: work goes on in the sessions' '
	with_pr lose stays && stays=$w && mv lose elsewhere && minsky -C "$stays" session get stays >out &&
	tick && git -C "$stays" commit -q --allow-empty -m more && minsky -C "$stays" session pr create --title T >out &&
	minsky -C elsewhere session list >out && minsky -C "$stays" session get stays >out
'
test_done
