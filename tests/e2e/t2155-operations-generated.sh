#!/bin/sh
# shellcheck disable=SC2015,SC2086,SC2154,SC2209
# Seeded sequences of plain git in the main repository, in a session that is a clone and in two that
# are linked work trees, with hooks that ring, that are dark and that are killed on the way, and
# commands of minsky in between. An oracle, which is what git said at the time, knows which commits,
# merges and rewritings there were, on which branch and whose. Each is told once.
#
# MINSKY_TEST_SEED and MINSKY_TEST_OPERATIONS repeat a run; MINSKY_TEST_LONG makes 20,000 operations.
# What may be missing is said in minsky-hooks(7): what was done in the dark, on a branch or in a log
# that was removed before anybody looked.
. "$(dirname "$0")/lib.sh"
MINSKY_HOOKS_DEADLINE=20s
export MINSKY_HOOKS_DEADLINE
seed=${MINSKY_TEST_SEED:-2026}
operations=${MINSKY_TEST_OPERATIONS:-200}
[ -z "${MINSKY_TEST_LONG:-}" ] || operations=${MINSKY_TEST_OPERATIONS:-20000}
can_kill=
strace -qq -o /dev/null -e trace=getcwd -e inject=getcwd:error=EIO true 2>/dev/null && can_kill=yes

roll() { # N: $roll is 0..N-1
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	roll=$((seed / 65536 % $1))
}

made=0 step=0

# What git did from here on was seen by nobody for sure until the next look.
open() { # FILE-LINE
	echo "$1" >>"$TRASH/open"
	echo "  $1" >>"$TRASH/done"
}
look() { # a command has caught up
	minsky -C "$TRASH/main" sync >/dev/null 2>>"$TRASH/said" || return 1
	cat "$TRASH/open" >>"$TRASH/must" && : >"$TRASH/open"
}
lose() { # traces of what nobody saw go away
	roll 2
	if [ "$roll" = 0 ]; then
		look
	else
		cat "$TRASH/open" >>"$TRASH/may" && : >"$TRASH/open"
	fi
}

# A git command whose hooks ring, are dark, or are killed at one of their writes.
dogit() {
	case $manner in
	dark) git -c core.hooksPath=/dev/null "$@" >>"$TRASH/said" 2>&1 ;;
	killed)
		strace -f -qq -o /dev/null -e trace=pwrite64,write,fdatasync \
			-e "inject=$kill_call:signal=KILL:when=$kill_at" git "$@" >>"$TRASH/said" 2>&1
		;;
	*) git "$@" >>"$TRASH/said" 2>&1 ;;
	esac
}
head_branch() {
	git symbolic-ref -q --short HEAD || echo -
}
other_branch() { # $other: one that is checked out nowhere; "" if there is none
	other=$(git for-each-ref --format='%(refname:short) %(worktreepath)' refs/heads |
		awk '$2 == "" && $1 != "main" { v[n++] = $1 } END { if (n) print v['"$1"' % n] }')
}
commit_op() { # GIT-ARGUMENTS...: makes one commit on top of HEAD
	before=$(git rev-parse HEAD) branch=$(head_branch)
	dogit "$@"
	[ "$(git rev-parse HEAD)" = "$before" ] ||
		open "commit.created $(git rev-parse HEAD) $branch $who"
}
rewrite_op() { # GIT-ARGUMENTS...
	before=$(git rev-parse HEAD) branch=$(head_branch)
	dogit "$@" || git rebase --abort >>"$TRASH/said" 2>&1
	[ "$(git rev-parse HEAD)" = "$before" ] ||
		open "commits.rewritten $before:$(git rev-parse HEAD) $branch $who"
}

operate() {
	roll 4
	case $roll in
	0) tree=$TRASH/main who=- ;;
	1) tree=$clone who=$clone_id ;;
	2) tree=$one who=$one_id ;;
	*) tree=$two who=$two_id ;;
	esac
	cd "$tree" || return
	manner=rings
	roll 10
	case $roll in
	0 | 1 | 2) manner=dark ;;
	3) [ -z "$can_kill" ] || manner=killed ;;
	esac
	roll 3
	case $roll in 0) kill_call=pwrite64 ;; 1) kill_call=write ;; *) kill_call=fdatasync ;; esac
	roll 3
	kill_at=$((roll + 1))
	# git itself has to live.
	[ "$manner:$kill_call" != killed:write ] || kill_call=pwrite64
	roll 3
	tick "$roll"
	roll 100
	what=$roll
	roll 1000
	echo "$step $(basename "$tree") $manner $what $roll $(head_branch)" >>"$TRASH/done"
	if [ $what -lt 34 ]; then
		made=$((made + 1)) && echo $made >"f$made" && git add "f$made" &&
			commit_op commit -q -m "k$made"
	elif [ $what -lt 40 ]; then
		[ "$(git rev-list --count HEAD)" -lt 3 ] ||
			rewrite_op commit -q --amend -m "amended $step"
	elif [ $what -lt 46 ]; then
		dogit switch -q -c "n$step"
	elif [ $what -lt 52 ]; then
		other_branch $roll && [ -z "$other" ] || dogit switch -q "$other"
	elif [ $what -lt 56 ]; then
		dogit switch -q --detach
	elif [ $what -lt 61 ]; then
		[ "$(head_branch)" = main ] || [ "$(head_branch)" = - ] || dogit branch -m "r$step"
	elif [ $what -lt 64 ]; then
		other_branch $roll && [ -z "$other" ] || dogit branch -m "$other" "r$step"
	elif [ $what -lt 66 ]; then
		[ "$(head_branch)" = - ] || dogit branch -c "c$step"
	elif [ $what -lt 69 ]; then
		other_branch $roll && [ -z "$other" ] || { lose && dogit branch -D "$other"; }
	elif [ $what -lt 73 ]; then
		other_branch $roll && [ -z "$other" ] || merge_op "$other"
	elif [ $what -lt 76 ]; then
		other_branch $roll && [ -z "$other" ] || commit_op cherry-pick --allow-empty "$other"
		git cherry-pick --abort >>"$TRASH/said" 2>&1 || :
	elif [ $what -lt 80 ]; then
		other_branch $roll && [ -z "$other" ] || rewrite_op rebase -q "$other"
	elif [ $what -lt 84 ]; then
		[ "$(git rev-list --count HEAD)" -lt 4 ] || dogit reset -q --hard HEAD~1
	elif [ $what -lt 86 ]; then
		lose && git reflog expire --expire=now --all
	elif [ $what -lt 87 ]; then
		git pack-refs --all
	elif [ $what -lt 88 ]; then
		lose && git gc -q >>"$TRASH/said" 2>&1
	elif [ $what -lt 95 ]; then
		minsky sync >/dev/null 2>>"$TRASH/said"
	else
		look
	fi
	:
}
merge_op() { # BRANCH
	before=$(git rev-parse HEAD) branch=$(head_branch)
	dogit merge -q --no-edit "$1" || git merge --abort >>"$TRASH/said" 2>&1
	[ "$(git rev-parse HEAD)" = "$before" ] ||
		open "merge.completed $before:$(git rev-parse HEAD) $branch $who"
}

id_of() {
	minsky -C main session get "$1" --json | jq -r .session.sessionId
}

test_ok 'the world' '
	make_repo_with_origin main && minsky -C main hooks install >out && : >must && : >may && : >open && : >done &&
	clone=$(minsky -C main session start clone --quiet) && one=$(minsky -C main session start one --worktree --quiet) &&
	two=$(minsky -C main session start two --worktree --quiet) &&
	clone_id=$(id_of clone) && one_id=$(id_of one) && two_id=$(id_of two) && look
'
run_all() {
	while [ $step -lt "$operations" ]; do
		step=$((step + 1))
		operate || {
			echo "operation $step: $(tail -n 1 "$TRASH/done")"
			return 1
		}
	done
	cd "$TRASH" && look && look
}
test_ok "$operations operations" 'run_all'

test_ok 'each commit, merge and rewriting is told, once, on its branch and as its session'"'"'s' '
	minsky -C main journal log --json | jq -r ".body | select(.src) | select(.type == \"commit.created\" or
		.type == \"commits.rewritten\" or .type == \"merge.completed\") | [.type,
		(.data.oid // (.data.old + \":\" + .data.new)), .data.branch // \"-\", .session // \"-\"] | join(\" \")" |
		sort >told && sort must >must.sorted && sort may >may.sorted &&
	cut -d" " -f1,2 told | uniq -d >twice && comm -23 must.sorted told >missed &&
	sort must.sorted may.sorted >all && comm -13 all told >strange && cat twice missed strange &&
	echo "# $operations operations, $(wc -l <must) to be told, $(wc -l <told) told, $(wc -l <missed) missed or told otherwise, $(wc -l <twice) twice" >&3 &&
	test ! -s twice && test ! -s missed && test ! -s strange && test "$(wc -l <must)" -gt $((operations / 8))
'
test_ok 'no event is told twice, nothing is left to tell, the journal is sound' '
	minsky -C main sync --json >out && jq -e ".events == 0" out >/dev/null &&
	minsky -C main journal log --json | jq -c ".body.src // empty" | sort | uniq -d >twice &&
	test ! -s twice && minsky -C main journal verify >out
'
test_done
