#!/bin/sh
# Settings that change what commands do: the base, the set-up command, colours and the pager.
. "$(dirname "$0")/lib.sh"
[ "$MINSKY_TEST_BACKEND" = json ] || skip_all "none of these is about the store"

escape=$(printf '\033')

# On a terminal of ten lines.
on_terminal() { # WORD...
	TERM=${TEST_TERM:-xterm} script -qec "stty rows 10; $*" /dev/null >"$TRASH/out" 2>&4 </dev/null
}

test_ok 'session.base is where sessions start, unless --base says otherwise' '
	make_repo app && git -C app branch dev && git -C app checkout -q dev && git -C app commit -q --allow-empty -m dev &&
	git -C app checkout -q main && minsky -C app config set --here session.base dev >out &&
	minsky -C app session start one --json 2>err >out && jq -e ".session.baseBranch == \"dev\"" out &&
	test "$(git -C "$(minsky session dir one)" rev-parse HEAD)" = "$(git -C app rev-parse dev)" &&
	minsky -C app session start two --base main --json 2>err >out && jq -e ".session.baseBranch == \"main\"" out
'
test_ok 'a base that is not there: exit 3, and which setting says so' '
	must_fail 3 minsky -C app session start three -c session.base=nowhere 2>err && has "session.base (command line)" err &&
	minsky -C app session start three -c session.base= --json 2>err >out && jq -e ".session.baseBranch == \"main\"" out
'
test_ok 'session.setup runs in the new workspace; what it prints is no answer' '
	minsky -C app session start four --quiet -c "session.setup=pwd >where; echo \$MINSKY_SESSION >who; echo said; (yes | head -n 1)" >out 2>err &&
	ws=$(cat out) && test "$(cat "$ws/where")" = "$ws" && test "$(cat "$ws/who")" = four && has "^said$" err &&
	test "$(wc -l <out)" -eq 1
'
test_ok 'a set-up that fails: the session is there, exit 1' '
	must_fail 1 minsky -C app session start five --quiet -c "session.setup=exit 3" >out 2>err && test -d "$(cat out)" &&
	has "the session was started, but the command in session.setup (command line) failed" err &&
	minsky -C app session get five --json >out && jq -e ".session.status == \"active\"" out
'
test_ok 'a set-up command in a repository is not run until it is trusted' '
	mkdir app/.minsky && echo "session: { setup: touch ran }" >app/.minsky/config.yaml &&
	minsky -C app session start six --quiet >out 2>err && ws=$(cat out) && test ! -e "$ws/ran" && has "ignored .session.setup." err &&
	minsky -C app trust >out 2>err && minsky -C app session start seven --quiet >out 2>err && test -e "$(cat out)/ran" && rm -r app/.minsky
'
test_ok 'color: on a terminal, always, never' '
	minsky -C app journal log -n 3 >out && hasnt "$escape" out && minsky -C app journal log -n 3 -c color=always >out && has "$escape" out &&
	on_terminal minsky -C app journal log -n 3 && has "$escape\\[[0-9;]*m" out &&
	on_terminal minsky -C app journal log -n 3 -c color=never && hasnt "$escape\\[[0-9;]*m" out &&
	TEST_TERM=dumb && on_terminal minsky -C app journal log -n 3 && hasnt "$escape\\[[0-9;]*m" out && unset TEST_TERM &&
	minsky -C app journal log -n 3 -c color=always --json >out && hasnt "$escape" out
'
test_ok 'pager: for an answer that does not fit on the terminal, and only there' '
	printf "#!/bin/sh\necho \"paged: \$#\"\ncat\n" >page && chmod +x page &&
	mkdir bin && ln -s "$TRASH/page" bin/page && PATH=$TRASH/bin:$PATH &&
	minsky -C app config set pager "page -a -b" >out &&
	on_terminal minsky -C app config show && has "^paged: 2" out && has "^pager  *page -a -b" out &&
	on_terminal minsky -C app config get color && hasnt "^paged" out && has "^auto" out &&
	on_terminal minsky -C app config show --json && hasnt "^paged" out &&
	minsky -C app config show >out && hasnt "^paged" out && on_terminal minsky -C app config show -c pager= && hasnt "^paged" out &&
	on_terminal minsky -C app config show -c pager=no-such-program && has "^pager  *no-such-program" out
'
test_ok 'a pager that is left early is no failure' '
	printf "#!/bin/sh\nhead -n 1\n" >page && on_terminal "minsky -C app config show; echo status \$?" && has "^status 0" out
'
test_done
