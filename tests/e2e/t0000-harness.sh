#!/bin/sh
# The test library itself: what it calls a failure is one, and nothing of the caller comes in.
. "$(dirname "$0")/lib.sh"

# Runs a script of its own through the library; its report is in report, its exit status in status.
harness() { # BODY
	printf '. "%s/tests/e2e/lib.sh"\n%s\n' "$MINSKY_SOURCE" "$1" >inner.sh &&
		{
			sh inner.sh >report 2>&1 3>&- 4>&-
			echo $? >status
		}
}

status_is() {
	[ "$(cat status)" -eq "$1" ] || {
		sed 's/^/inner: /' report status >&4
		return 1
	}
}

test_ok 'a body that succeeds is ok and counted in the plan' '
	harness "test_ok one true; test_ok two true; test_done" &&
	status_is 0 &&
	has "^ok 2 - two" report &&
	has "^1\.\.2$" report
'
test_ok 'a body that fails is not ok, its output is shown, the script fails' '
	harness "test_ok one \"{ echo seen; echo talk >&2; false; }\"; test_ok two true; test_done" &&
	status_is 1 &&
	has "^not ok 1 - one" report &&
	has "^# seen" report &&
	has "^# talk" report &&
	has "^ok 2 - two" report
'
test_ok 'a failure in front of a chain is a failure' '
	harness "test_ok one \"false && true\"; test_done" &&
	status_is 1
'
test_ok 'a broken chain is a failure though its last command succeeds' '
	harness "test_ok one \"false
		true\"; test_ok two \"true; true\"; test_done" &&
	status_is 1 &&
	has "^not ok 1" report &&
	has "^not ok 2" report &&
	has "chain of this test is broken" report
'
test_ok 'a return ends the body with its status, not the test without a word' '
	harness "test_ok one \"for i in 1 2; do false || return 1; done\"; test_done" &&
	status_is 1 && has "^not ok 1 - one" report &&
	harness "test_ok one \"return 0\"; test_done" && status_is 0 && has "^ok 1 - one" report
'
test_ok 'a script that ends early is a failure' '
	harness "test_ok one true" && status_is 1 && has "^Bail out!" report &&
	harness "test_ok one \"exit 0\"; test_done" && status_is 1 && has "^Bail out!" report &&
	harness "test_ok one \"echo \\\$no_such_variable\"; test_done" && status_is 1
'
test_ok 'a body with a syntax error is a failure' '
	harness "test_ok one \"if\"; test_done" && status_is 1
'
test_ok 'must_fail wants exactly the code' '
	must_fail 3 sh -c "exit 3" &&
	harness "test_ok one \"must_fail 3 sh -c \\\"exit 4\\\"\"; test_done" &&
	status_is 1 &&
	has "exit status 4, not 3" report &&
	harness "test_ok one \"must_fail 3 true\"; test_done" && status_is 1 &&
	harness "test_ok one \"must_fail 1 sh -c \\\"kill -9 \\\\\\\$\\\\\\\$\\\"\"; test_done" && status_is 1
'
test_ok 'the words of must_fail are seen though the command is redirected' '
	harness "test_ok one \"must_fail 3 true >out 2>err\"; test_done" &&
	status_is 1 &&
	has "exit status 0, not 3" report
'
test_ok 'cmp_files tells files apart and shows how' '
	echo a >a && echo a >b && cmp_files a b &&
	harness "test_ok one \"echo a >a && echo c >b && cmp_files a b\"; test_done" &&
	status_is 1 &&
	has "^# +c" report
'
test_ok 'has and hasnt, with a missing file a failure of both' '
	echo "a.b" >file && has "a.b" file && has -F "a.b" file && hasnt "x" file &&
	must_fail 1 has "x" file 4>/dev/null &&
	must_fail 1 hasnt "a" file 4>/dev/null &&
	must_fail 1 has "x" missing 4>/dev/null &&
	must_fail 1 hasnt "x" missing 4>/dev/null
'
test_ok 'a skipped test is no failure and says so' '
	harness "test_skip one because; test_done" &&
	status_is 0 &&
	has "^ok 1 - one # SKIP because" report &&
	harness "skip_all because" &&
	status_is 77
'
test_ok 'variables carry over, the working directory does not (1)' '
	mkdir sub && cd sub && carried=yes
'
test_ok 'variables carry over, the working directory does not (2)' '
	test "$carried" = yes && test "$(pwd -P)" = "$TRASH"
'
test_ok 'home, configuration, state and identity are private' '
	test "$HOME" = "$TRASH/home" &&
	test "$XDG_STATE_HOME" = "$HOME/state" &&
	git config --global test.key value &&
	has "key = value" "$HOME/.gitconfig" &&
	test "$(git config user.email)" = ana@example.invalid
'
test_ok 'variables of the caller are gone' '
	(
		GIT_DIR=/nowhere MINSKY_NOW=1 MINSKY_HOOKS=0 XDG_STATE_HOME=/nowhere
		export GIT_DIR MINSKY_NOW MINSKY_HOOKS XDG_STATE_HOME
		harness "env >\"$TRASH/seen\"; test_ok one true; test_done"
	) &&
	status_is 0 &&
	hasnt "^GIT_DIR=" seen && hasnt "^MINSKY_HOOKS=" seen && hasnt "=/nowhere" seen &&
	has "^MINSKY_NOW=1767225600000" seen
'
test_ok 'the directory is removed at the end' '
	harness "echo \"\$TRASH\" >\"$TRASH/was\"; test_ok one \"mkdir -p a/b && chmod 0 a\"; test_done" &&
	status_is 0 &&
	test -s was && test ! -e "$(cat was)"
'
test_ok 'tick moves the clocks of minsky and git together' '
	before=$test_clock && tick && test "$test_clock" -eq $((before + 60)) &&
	tick 5 && test "$MINSKY_NOW" = "$((before + 65))000" &&
	make_repo ticked &&
	test "$(git -C ticked log -1 --format=%ct)" -eq "$test_clock"
'
test_ok 'a repository with an origin has published what it has' '
	make_repo_with_origin published &&
	test "$(git -C published rev-parse HEAD)" = "$(git -C published.git rev-parse main)" &&
	test "$(git -C published symbolic-ref refs/remotes/origin/HEAD)" = refs/remotes/origin/main
'
test_ok 'a report of a sanitizer fails the script, however well it hides' '
	harness "test_ok one \"echo report >.lib/sanitizer.1234\"; test_done" &&
	status_is 1 &&
	has "^not ok 2 - no sanitizer" report
'
mkdir "$TRASH/answers"
printf '#!/bin/sh\ncat "$ANSWER"\nexit 3\n' >"$TRASH/answers/minsky" && chmod 755 "$TRASH/answers/minsky"
answers() { # TEXT [COMMAND]: a minsky that prints TEXT and fails
	printf %s "$1" >answer && ANSWER=$TRASH/answer && export ANSWER &&
		harness "PATH=\"$TRASH/answers:\$PATH\"
			test_ok one \"must_fail 3 minsky ${2:-session list} --json >out && cmp -s out \\\"$ANSWER\\\"\"
			test_done"
}
test_ok 'an answer that is not one JSON document fails the script, not the test' '
	newline="
" && answers "{\"schema\":2}$newline" && status_is 0 && for answer in "" "{\"schema\":2}" "{\"schema\":2$newline" \
		"{\"schema\":2}$newline{\"schema\":2}$newline" "{\"schema\":2} {\"schema\":2}$newline" "{\"session\":\"a\"}$newline"; do
		answers "$answer" && status_is 1 && has "^ok 1 - one" report && has "^not ok 2 - every --json answer" report || return 1
	done &&
	answers "{}$newline{}$newline" "journal log" && status_is 0
'
cat >"$TRASH/leak.c" <<'END'
#include <stdlib.h>
int main(int argc, char **argv)
{
	char *p = malloc(4);
	(void)argv;
	return p[argc + 3];
}
END
if clang -g -fsanitize=address -o "$TRASH/leaky" "$TRASH/leak.c" 2>/dev/null; then
	test_ok 'a real report is found too, with the output thrown away' '
		ln -s "$TRASH/leaky" leaky.link &&
		harness "test_ok one \"{ \\\"\$OLDPWD/leaky.link\\\" >/dev/null 2>&1 || true; }\"
			test_done" &&
		status_is 1 &&
		has "^# .*heap-buffer-overflow" report
	'
else
	test_skip 'a real report is found too, with the output thrown away' 'no clang'
fi
test_ok 'wait_for waits' '
	{ (sleep 0.3 && : >late) & } &&
	wait_for test -e late
'
test_done
