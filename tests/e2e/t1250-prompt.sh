#!/bin/sh
# The prompt that shows the session, in the shells that it is for, and what else is in contrib.
. "$(dirname "$0")/lib.sh"
[ "$MINSKY_TEST_BACKEND" = json ] || skip_all "a prompt asks no store"

prompt=$MINSKY_SOURCE/contrib/prompt

# By each shell, without any program to call.
in_shells() { # DIRECTORY EXPECTED
	for shell in "dash" "bash --norc" "zsh -f"; do
		got=$(cd "$1" && $shell -c 'PATH=$TRASH/none; . "$0/minsky-prompt.sh"; minsky_prompt " [%s]"' "$prompt" 2>&1)
		[ "$got" = "$2" ] || {
			echo "$shell in '$1': '$got', not '$2'" >&4
			return 1
		}
	done
	got=$(cd "$1" && fish --no-config -c 'source $argv[1]/minsky-prompt.fish
		set PATH $TRASH/none; minsky_prompt " [%s]"' "$prompt" 2>&1)
	[ "$got" = "$2" ] && return 0
	echo "fish in '$1': '$got', not '$2'" >&4
	return 1
}

for shell in fish zsh systemd-analyze; do
	command -v $shell >/dev/null || skip_all "$shell is not installed"
done

# What the unit hands to sh -c, as systemd reads it, with this build's minsky.
service_command() { # UNIT
	sed -n "/^ExecStart=/,/'\$/p" "$1" | sed "s/^ExecStart=[^']*'//; s/'\$//; s/\\\\\$//; s/\\$\\$/\$/g" |
		tr -d '\n' | sed 's|"/[^"]*/minsky"|minsky|'
}

test_ok 'in a workspace and anywhere below it: the session' '
	make_repo app && minsky -C app session start fix-login --quiet >dir && ws=$(cat dir) && mkdir -p "$ws/a/b" &&
	in_shells "$ws" " [fix-login]" && in_shells "$ws/a/b" " [fix-login]"
'
test_ok 'elsewhere: nothing' '
	in_shells app "" && in_shells / "" && in_shells "$TRASH" "" && mkdir "$ws/a/.git" && in_shells "$ws/a/b" "" &&
	rmdir "$ws/a/.git" && echo "gitdir: nowhere" >"$ws/a/.git" && in_shells "$ws/a" "" && rm "$ws/a/.git"
'
test_ok 'in a work tree of its own: the session there' '
	mkdir -p meta/minsky tree && echo "gitdir: $TRASH/meta" >tree/.git &&
	printf "minsky-session 1\nsession x\nname in-a-tree\ntop $TRASH/tree\n" >meta/minsky/session && in_shells tree " [in-a-tree]"
'
test_ok 'a name that would mean something to a prompt is not shown' '
	for name in "a\$(touch bad)" "%n" "a b" "\\u" "" "a;b"; do
		printf "minsky-session 1\nname %s\n" "$name" >meta/minsky/session && in_shells tree "" || return 1
	done && test ! -e tree/bad && printf "%s" "name" >meta/minsky/session && in_shells tree ""
'
test_ok 'as a prompt of bash and zsh' '
	got=$(cd "$ws" && bash --norc -c ". \"$prompt/minsky-prompt.sh\"; PS1=\"x\\\$(minsky_prompt)> \"; echo \"\${PS1@P}\"") &&
	test "$got" = "x(fix-login)> " &&
	got=$(cd "$ws" && zsh -f -c ". \"$prompt/minsky-prompt.sh\"; setopt PROMPT_SUBST; print -P \"x\\\$(minsky_prompt)> \"") &&
	test "$got" = "x(fix-login)> "
'
test_ok 'systemd takes the units' '
	mkdir units && cp "$MINSKY_SOURCE/contrib/systemd/minsky-sync.timer" "$MINSKY_BUILD/contrib/systemd/minsky-sync.service" units/ &&
	mkdir -m 700 run && cd units && XDG_RUNTIME_DIR="$TRASH/run" systemd-analyze --user --man=no verify ./minsky-sync.service ./minsky-sync.timer >../out 2>&1 &&
	cat ../out >&4 && test ! -s ../out
'
test_ok 'the service notices what git did in every repository, and one that is broken stops no other' '
	make_repo two && minsky -C two init --skip-hooks >out 2>&1 && make_repo ahead && minsky -C ahead init --skip-hooks >out 2>&1 &&
	git -C two commit -q --allow-empty -m news &&
	service_command units/minsky-sync.service >command &&
	has "^status=0; for journal in" command && sh -c "$(cat command)" >out &&
	test "$(wc -l <out)" -eq 3 && test "$(grep -c "^1 new" out)" -eq 1 &&
	echo "{" >"$(ls -d "$XDG_STATE_HOME"/minsky/journal/local-ahead-*)/repo.json" &&
	must_fail 1 sh -c "$(cat command)" >out 2>err && test "$(wc -l <out)" -eq 2 && has "repo.json" err
'
test_ok 'what the build makes of the completion is what minsky prints' '
	for shell in bash zsh fish; do
		minsky completion $shell >out && cmp_files out "$MINSKY_BUILD/contrib/completion/minsky.$shell" || return 1
	done
'
test_done
