#!/bin/sh
# A start that is killed before any of its git processes: the next command finishes it or takes it
# back, and nothing of it is left in the way.
. "$(dirname "$0")/lib.sh"

# A git that kills the program which called it when its turn has come: the Nth call, counted in $N.
mkdir -p "$TRASH/killer"
real_git=$(command -v git)
cat >"$TRASH/killer/git" <<END
#!/bin/sh
if [ -n "\${KILL_AT:-}" ]; then
	count=\$((\$(cat "$TRASH/count") + 1))
	echo \$count >"$TRASH/count"
	if [ \$count -eq "\$KILL_AT" ]; then
		kill -9 \$PPID
		exit 1
	fi
fi
exec "$real_git" "\$@"
END
chmod +x "$TRASH/killer/git"

killed_start() { # N NAME: 0 when the start was killed, 1 when it came through
	echo 0 >"$TRASH/count"
	(
		PATH=$TRASH/killer:$PATH KILL_AT=$1
		export PATH KILL_AT
		cd app && exec minsky session start "$2" --quiet
	) >out 2>err
	status=$?
	[ "$status" -ne 0 ] || return 1
	[ "$status" -eq 137 ] || {
		echo "status $status" >&4
		cat err >&4
		return 2
	}
}

whole() { # NAME: it can be started or is there, exactly once, and nothing is left over
	minsky -C app journal verify >/dev/null &&
		{ minsky -C app session get "$1" >/dev/null 2>&1 ||
			minsky -C app session start "$1" --quiet >/dev/null; } &&
		minsky -C app session get "$1" --json >record &&
		jq -e '.session.status == "active" and .session.derived.health == "ok"' record >/dev/null &&
		ws=$(jq -r .session.workspace record) && git -C "$ws" status --porcelain >dirty &&
		test ! -s dirty && test -f "$ws/file" &&
		tick && git -C "$ws" commit -q --allow-empty -m "in $1" &&
		test "$(minsky -C app session log "$1" --type commit.created --json | wc -l)" -eq 1 &&
		ls -A "$(dirname "$ws")" >left && hasnt "tmp" left &&
		ls "$XDG_STATE_HOME"/minsky/journal/*/ >left && hasnt '^start\.' left
}

test_ok 'killed before each git process in turn, until none is left to be killed' '
	make_repo_with_origin app && minsky -C app init --skip-hooks >/dev/null &&
	n=1 && came_through= &&
	while [ -z "$came_through" ]; do
		killed_start $n "s$n"
		case $? in
		0) whole "s$n" || break ;;
		1) came_through=yes ;;
		*) break ;;
		esac
		n=$((n + 1))
		[ $n -lt 40 ] || break
	done &&
	test -n "$came_through" && test $n -gt 5
'
test_ok 'a start that somebody is still at is left alone' '
	cat >slow-git <<-END &&
	#!/bin/sh
	case "\$*" in *clone*) touch "$TRASH/cloning"; while [ ! -e "$TRASH/go" ]; do sleep 0.05; done ;; esac
	exec "$real_git" "\$@"
	END
	mkdir -p slow && mv slow-git slow/git && chmod +x slow/git &&
	{ (PATH=$TRASH/slow:$PATH && cd app && minsky session start slow --quiet >../slow.out 2>&1) & } &&
	wait_for test -e cloning &&
	must_fail 4 minsky -C app session start slow 2>err && has "session .slow. already exists" err &&
	minsky -C app session list >list && has "^slow  *starting " list &&
	touch go && wait &&
	minsky -C app session list >list && has "^slow  *active " list
'
test_done
