#!/bin/sh
# What no hook told: sync finds it in every clone and work tree, and says beforehand what it would add.
. "$(dirname "$0")/lib.sh"
MINSKY_HOOKS_DEADLINE=20s # however busy the machine is
export MINSKY_HOOKS_DEADLINE

commit() { # DIR SUBJECT
	tick && git -C "$1" -c core.hooksPath=/dev/null commit -q --allow-empty -m "$2"
}
# The events of git that the journal of r holds: minute, type, place, subject or names.
told() {
	minsky -C r journal log --json | jq -r '.body | select(.src) | [.at[14:16], .type,
		(.data.branch // .src.ref), (.data.subject // .data.to // "")] | join(" ")'
}

test_ok 'a repository with a past: history, a second work tree, a detached HEAD' '
	make_repo r && commit r old && git -C r switch -q -c side && commit r aside &&
	git -C r switch -q main && git -C r worktree add -q ../wt side && commit wt linked &&
	tick && git -C wt switch -q --detach && commit wt loose && tick &&
	minsky -C r init --skip-hooks >out 2>&1 && told >out && test ! -s out
'
test_ok 'what happened since, in both work trees, is shown and not written' '
	commit r new && commit wt looser && git -C wt switch -q side && commit wt further &&
	minsky -C r sync --dry-run >out && has "^4 events would be recorded" out &&
	grep -c "^     +  2026-01-01T00:0[789]:00Z" out >count && has -x 4 count &&
	minsky -C r sync -n --json >json &&
	jq -e "(.wouldAdd | length) == 4 and .events == 4 and
		([.wouldAdd[].via] | unique) == [\"reconcile\"]" json >/dev/null && told >out && test ! -s out
'
test_ok 'then written, once' '
	cat >expect <<-\END &&
	07 commit.created main new
	08 commit.created worktrees/wt/HEAD looser
	08 branch.switched worktrees/wt/HEAD side
	09 commit.created side further
	END
	minsky -C r sync >out && has "^4 new events" out && told >out && cmp_files expect out &&
	minsky -C r sync >out && has "^0 new events" out &&
	minsky -C r sync --dry-run >out && has "^0 events would be recorded" out
'
test_ok '--since tells what was before, from then on, with its own times' '
	cat >>expect <<-\END &&
	04 branch.switched worktrees/wt/HEAD HEAD
	05 commit.created worktrees/wt/HEAD loose
	END
	minsky -C r sync --since 2026-01-01T00:03:30Z -n >out && has "^2 events would be recorded" out &&
	minsky -C r sync --since 2026-01-01T00:03:30Z >out && has "^2 new events" out &&
	told >out && cmp_files expect out
'
test_ok '.. and the rest when more is asked for, nothing twice' '
	cat >>expect <<-\END &&
	00 commit.created main first commit
	01 commit.created main old
	01 branch.created side 
	01 branch.switched HEAD side
	02 commit.created side aside
	02 branch.switched HEAD main
	03 commit.created side linked
	END
	minsky -C r sync --since 2020-01-01 >out && told >out && cmp_files expect out &&
	minsky -C r sync --since 2020-01-01 >out && has "^0 new events" out &&
	must_fail 2 minsky -C r sync --since sometime && minsky -C r journal verify
'
test_ok 'a workspace that was moved: the record follows, whoever notices it' '
	minsky -C r hooks install >out && ws=$(minsky -C r session start one --quiet) &&
	mv "$ws" one && minsky -C one session get --json >out &&
	jq -e ".session.workspace == \"$TRASH/one\"" out >/dev/null && mv one two && tick &&
	git -C two commit -q --allow-empty -m there && minsky -C r session get one --json >out &&
	jq -e ".session.workspace == \"$TRASH/two\" and .session.commitCount == 1" out >/dev/null
'
test_ok 'sync looks into every workspace' '
	commit two dark && minsky -C r sync -n >out && has "^1 events would be recorded" out &&
	has " commit.created  *one [0-9a-f]* one dark" out && minsky -C r sync >out &&
	minsky -C r session get one --json >out && jq -e ".session.commitCount == 2" out >/dev/null
'
test_done
