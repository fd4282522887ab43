# shellcheck shell=sh
# pr-table.sh - one row for each thing that can happen to a PR: what is done, which events tell of it,
# and what the record says then. Sourced behind lib.sh by the scripts that run it in some worlds:
# where the truth is the main repository itself (solo: with a work tree, bare: without) and where it
# is a remote (app: with a work tree, mirror: bare; linked: sessions are work trees of the main
# repository). MINSKY_TEST_LONG=1 runs all of them everywhere.

# Nobody is told by a hook in here: several commands of git are one step. t2000 has hooks.
MINSKY_HOOKS=0
export MINSKY_HOOKS
cd "$TRASH" || exit 1

# "$repo": the main repository; "$other": where somebody else works on the truth; "$truth": its directory.
world() { # solo|app|linked|bare|mirror
	world=$1
	MINSKY_SESSION_MODE=clone
	export MINSKY_SESSION_MODE
	case $world in
	solo) repo=solo truth=solo/.git other=solo ;;
	app | linked) repo=$world truth=$world.git other=$world-other ;;
	bare) repo=bare.git truth=bare.git other=bare-other ;;
	mirror) repo=mirror.git truth=up.git other=up-other ;;
	esac
	case $world in
	solo) make_repo solo && seq 1 20 >solo/lines && git -C solo add . &&
		git -C solo commit -q -m lines ;;
	app | linked) make_repo "$repo" && seq 1 20 >"$repo/lines" && git -C "$repo" add . &&
		git -C "$repo" commit -q -m lines && git init -q --bare "$truth" &&
		git -C "$repo" remote add origin "$TRASH/$truth" &&
		git -C "$repo" push -q -u origin main && git -C "$repo" remote set-head origin main &&
		git clone -q "$truth" "$other" &&
		if [ "$world" = linked ]; then MINSKY_SESSION_MODE=worktree; fi ;;
	bare | mirror) make_repo "seed-$world" && seq 1 20 >"seed-$world/lines" &&
		git -C "seed-$world" add . && git -C "seed-$world" commit -q -m lines &&
		git clone -q --bare "seed-$world" "$truth" && git -C "$truth" remote remove origin &&
		git clone -q "$truth" "$other" &&
		if [ "$world" = mirror ]; then
			git clone -q --bare up.git mirror.git &&
				git -C mirror.git config remote.origin.fetch \
					'+refs/heads/*:refs/remotes/origin/*' &&
				git -C mirror.git fetch -q && git -C mirror.git remote set-head origin main
		fi ;;
	esac
}

remote() {
	case $world in app | linked | mirror) true ;; *) false ;; esac
}

# The session $s in $ws, with a commit; its PR if a title is given. The row's events begin here.
begin() { # NAME [TITLE]
	s=$1
	minsky -C "$repo" session start "$s" --quiet >dir && ws=$(cat dir) && work "$s" || return 1
	[ $# -eq 1 ] || make "$2"
}

work() { # FILE [TEXT]
	tick && echo "${2:-$1 $test_clock}" >"$ws/$1" && git -C "$ws" add "$1" &&
		git -C "$ws" commit -q -m "change $1"
}

make() { # TITLE
	minsky -C "$repo" session pr create "$s" --title "$1" >/dev/null && head=$(pr_tip)
}

pr_tip() {
	git -C "$truth" rev-parse "refs/heads/pr/$s"
}

base_tip() {
	git -C "$truth" rev-parse refs/heads/main
}

# Somebody else's work tree, on the newest main; $P is the PR there. publish gives it away.
theirs() {
	P=pr/$s
	tick && if [ "$world" = solo ]; then
		git -C solo switch -q main
	else
		P=origin/$P && git -C "$other" fetch -q --prune && git -C "$other" switch -q main &&
			git -C "$other" reset -q --hard origin/main
	fi
}

publish() {
	[ "$world" = solo ] || git -C "$other" push -q origin main
}

# Somebody else's commit on main.
elsewhere() { # FILE [TEXT]
	theirs && echo "${2:-$1 $test_clock}" >"$other/$1" && git -C "$other" add "$1" &&
		git -C "$other" commit -q -m "elsewhere $1" && publish
}

drop() {
	git -C "$truth" update-ref -d "refs/heads/pr/$s"
}

# The main repository hears of it.
fetch() {
	! remote || git -C "$repo" fetch -q --prune
}

look() {
	minsky -C "$repo" session get "$s" --json >record
}

# The PR events of the session so far, one word each with how, verdict or kind; what only says that
# all is as it was is left out.
events() {
	minsky -C "$repo" session log "$s" --json >told &&
		jq -r '.body | select(.type | startswith("pr.")) | .data as $d |
			select(.type != "pr.checked" or ($d.verdict // "no") != "no") |
			[.type[3:], $d.how, $d.evidence.kind,
				(if .type == "pr.checked" then $d.verdict else null end)] |
			map(select(. != null)) | join(":")' told | uniq | paste -sd' ' >actual &&
		echo "$*" >expected && cmp_files expected actual
}

# exists, merged (how or -), status, head
is() { # EXISTS HOW STATUS HEAD
	jq -r '.session | .prState as $p | [$p.exists, (if $p.mergedAt then $p.mergeMethod else "-" end),
		.status, $p.head] | map(tostring) | join(" ")' record >actual &&
		echo "$*" >expected && cmp_files expected actual
}

holds() { # JQ-EXPRESSION [--arg ...]
	expression=$1
	shift
	jq -e "$@" ".session.prState as \$p | .session as \$s | $expression" record >/dev/null && return
	echo "not so: $expression" >&4
	jq .session record >&4
	return 1
}

row() { # TITLE BODY
	test_ok "$world: $1" "$2"
}

rows() {
	row 'created: known since now, by its prepared commit' '
		begin create && make "Create" && look &&
		events created && is true - pr-open "$head" &&
		holds "\$p.branchName == \"pr/create\" and \$p.createdAt == \$s.lastActivityAt and
			\$p.lastChecked == \$p.createdAt and \$p.base == \"main\" and
			\$p.baseOid == \$b and \$p.title == \"Create\" and \$s.mode == \$m" \
			--arg b "$(base_tip)" --arg m $MINSKY_SESSION_MODE &&
		git -C $truth rev-parse "pr/create^1" "pr/create^2" >parents &&
		test "$(cat parents)" = "$(base_tip)
$(git -C "$ws" rev-parse create)"
	'
	row 'updated by its owner: another head, the same PR' '
		id=$(jq -r .session.prState.id record) && at=$(jq -r .session.prState.createdAt record) &&
		work more && minsky -C $repo session pr create create >/dev/null && look &&
		test "$(pr_tip)" != "$head" && events created updated && is true - pr-open "$(pr_tip)" &&
		holds "\$p.id == \$i and \$p.createdAt == \$a and \$p.title == \"Create\"" \
			--arg i "$id" --arg a "$at"
	'
	row 'forced to another commit by somebody else' '
		begin forced "Forced" && theirs &&
		new=$(git -C $other commit-tree -p "$P" -m "other title" "$P^{tree}") &&
		if [ $world = solo ]; then git -C solo branch -f pr/forced $new
		else git -C $other push -q origin "+$new:refs/heads/pr/forced"; fi &&
		fetch && look && events created updated && is true - pr-open $new &&
		holds "\$p.title == \"other title\""
	'
	row 'closed: the branch is gone, and nothing is merged' '
		begin closed "Closed" &&
		minsky -C $repo session pr close closed --json >out &&
		test "$(jq -r .outcome out)" = closed && look && events created closed &&
		is false - closed "$head" && holds "\$p.closedAt != null" &&
		test -z "$(git -C $truth for-each-ref refs/heads/pr/closed)"
	'
	row 'closed again: nothing is done' '
		minsky -C $repo session pr close closed --json >out &&
		test "$(jq -r .outcome out)" = unchanged && events created closed &&
		must_fail 4 minsky -C $repo session approve closed 2>err && has "reopen" err
	'
	row 'reopened: the same PR at the same head' '
		id=$(jq -r .session.prState.id record) && git -C "$ws" gc -q --prune=now &&
		minsky -C $repo session pr reopen closed --json >out &&
		test "$(jq -r .outcome out)" = reopened && look && events created closed reopened &&
		is true - pr-open "$head" && test "$(pr_tip)" = "$head" &&
		holds "\$p.id == \$i and \$p.closedAt == null" --arg i "$id" &&
		minsky -C $repo session pr reopen closed --json >out &&
		test "$(jq -r .outcome out)" = unchanged
	'
	row 'put back by hand after closing: reopened too' '
		minsky -C $repo session pr close closed >/dev/null &&
		git -C "$ws" push -q origin "$head:refs/heads/pr/closed" && look &&
		events created closed reopened closed reopened && is true - pr-open "$head"
	'
	row 'created after closing: another PR, the first in the history' '
		minsky -C $repo session pr close closed >/dev/null && work again &&
		must_fail 2 minsky -C $repo session pr create closed 2>err && has "needs a title" err &&
		make "Closed, next" && look &&
		events created closed reopened closed reopened closed created &&
		is true - pr-open "$head" &&
		holds "(\$s.prHistory | length) == 1 and \$s.prHistory[0].closedAt != null and
			\$s.prHistory[0].id != \$p.id"
	'
	row 'closed, and its commit landed all the same' '
		begin insisted "Insisted" && minsky -C $repo session pr close insisted >/dev/null &&
		theirs && git -C $other fetch -q "$ws" insisted && git -C $other merge -q --no-ff \
			-m insisted FETCH_HEAD && publish && fetch && look &&
		events created closed merged:merge:ancestor && is false merge merged "$head"
	'
	row 'merged by fast-forward elsewhere, the branch deleted' '
		begin ff "FF" && theirs && git -C $other merge -q --ff-only $P && publish && drop && fetch &&
		look && events created merged:ff:ancestor && is false ff merged "$head" &&
		holds "\$p.mergeCommit == \$h" --arg h "$head"
	'
	row 'merged with a merge commit' '
		begin merge "Merge" && elsewhere one && theirs && git -C $other merge -q --no-ff -m M $P &&
		at=$test_clock && publish && drop && tick 7200 && fetch && look &&
		events created merged:merge:ancestor && is false merge merged "$head" &&
		holds "\$p.mergeCommit == \$b and (\$p.mergedAt | sub(\"[.]000\"; \"\") | fromdate) == \$t" \
			--arg b "$(base_tip)" --argjson t $at
	'
	row 'squashed, with the base moved before and after' '
		begin squash "Squash" && work second && make "Squash" && elsewhere two && theirs &&
		git -C $other merge -q --squash $P >/dev/null && git -C $other commit -q -m squashed &&
		landed=$(git -C $other rev-parse HEAD) && publish && drop && elsewhere three && fetch &&
		look && events created updated merged:squash:merge-adds-nothing &&
		is false squash merged "$head" && holds "\$p.mergeCommit == \$l" --arg l $landed
	'
	row 'rebased onto a base that has moved' '
		begin rebase && work second && make "Rebase" && elsewhere four && theirs &&
		git -C $other fetch -q "$ws" rebase && git -C $other switch -q --detach FETCH_HEAD &&
		git -C $other rebase -q main && new=$(git -C $other rev-parse HEAD) &&
		git -C $other switch -q main && git -C $other merge -q --ff-only $new && publish && drop &&
		fetch && look && events created merged:rebase:merge-adds-nothing &&
		is false rebase merged "$head" && holds "\$p.mergeCommit == \$n" --arg n $new
	'
	row 'all its commits cherry-picked, and the base changed the lines again' '
		begin pick && work second && make "Pick" && elsewhere five && theirs &&
		git -C $other fetch -q "$ws" pick && git -C $other cherry-pick FETCH_HEAD~1 FETCH_HEAD \
			>/dev/null && landed=$(git -C $other rev-parse HEAD) && publish && drop &&
		elsewhere pick again && fetch && look && events created merged:rebase:patch-ids &&
		is false rebase merged "$head" && holds "\$p.mergeCommit == \$l" --arg l $landed
	'
	row 'one of two commits cherry-picked: not merged' '
		begin half && work second && make "Half" && theirs && git -C $other fetch -q "$ws" half &&
		git -C $other cherry-pick FETCH_HEAD~1 >/dev/null && publish && fetch && look &&
		is true - pr-open "$head" && holds "\$p.mergedAt == null"
	'
	row 'the branch deleted without being merged' '
		begin gone "Gone" && drop && fetch && look && events created branch_deleted &&
		is false - active "$head" &&
		minsky -C $repo session pr reopen gone >/dev/null && look && is true - pr-open "$head"
	'
	row 'merged on the remote: not known before the fetch, and the deletion only with prune' '
		begin unseen "Unseen" && theirs && git -C $other merge -q --no-ff -m M $P && publish &&
		if remote; then
			look && events created && is true - pr-open "$head" &&
			git -C $repo fetch -q && look && events created merged:merge:ancestor &&
			is true merge merged "$head" &&
			drop && git -C $repo fetch -q && look && is true merge merged "$head" &&
			git -C $repo fetch -q --prune && look &&
			events created merged:merge:ancestor branch_deleted &&
			is false merge merged "$head"
		else
			look && is true merge merged "$head" && drop && look &&
			events created merged:merge:ancestor branch_deleted &&
			is false merge merged "$head"
		fi
	'
	row 'the name used again after a merge: another PR' '
		begin reuse "Reuse" && theirs && git -C $other merge -q --ff-only $P && publish && drop &&
		fetch && look && first=$head && minsky -C $repo session update reuse >/dev/null &&
		work again && make "Reuse again" && look &&
		events created merged:ff:ancestor created && is true - pr-open "$head" &&
		holds "\$s.prHistory[0].head == \$f and \$s.prHistory[0].mergedAt != null and
			\$p.mergedAt == null" --arg f "$first"
	'
	row 'and that one squashed: each keeps its own history' '
		theirs && git -C $other merge -q --squash $P >/dev/null && git -C $other commit -q -m S &&
		publish && drop && fetch && look &&
		events created merged:ff:ancestor created merged:squash:same-tree &&
		is false squash merged "$head" &&
		holds "\$s.prHistory[0].mergeMethod == \"ff\" and (\$s.prHistory | length) == 1"
	'
	row 'a session of the same name later: the old branch is not its PR' '
		begin twice "Twice" && git -C "$ws" push -q origin twice:keep-twice && fetch &&
		minsky -C $repo session delete twice --override test >/dev/null 2>&1 &&
		{ [ $world != linked ] || git -C $repo branch -q -D twice; } &&
		minsky -C $repo session start twice --quiet >dir && ws=$(cat dir) && look &&
		holds "\$p == null" && work new &&
		must_fail 4 minsky -C $repo session pr create twice --title "New" 2>err &&
		has "already exists" err && test "$(pr_tip)" = "$head" && drop && fetch &&
		{ ! remote || git -C "$ws" fetch -q --prune; } &&
		make "New" && look && events created && is true - pr-open "$head"
	'
	row 'without a net change: never merged, whatever the base does' '
		begin empty && tick && git -C "$ws" revert --no-edit HEAD >/dev/null &&
		git -C "$ws" push -q origin HEAD:refs/heads/pr/empty && head=$(pr_tip) && look &&
		elsewhere six && fetch && look && tick 400 && look &&
		events created checked:nothing && is true - pr-open "$head" &&
		must_fail 4 minsky -C $repo session pr create empty --title "Empty" 2>err &&
		has "nothing to merge" err
	'
	row 'a branch without a commit of its own: never merged' '
		minsky -C $repo session start bland --quiet >dir && ws=$(cat dir) && s=bland &&
		git -C "$ws" push -q origin HEAD:refs/heads/pr/bland && look && elsewhere seven &&
		fetch && look && holds "\$p.mergedAt == null and \$p.exists and \$p.verdict == \"nothing\""
	'
	row 'squashed with further edits: cannot tell' '
		begin edited && work second && seq 1 20 | sed "s/^5$/five/" >"$ws/lines" &&
		tick && git -C "$ws" commit -q -am lines && make "Edited" && theirs &&
		git -C $other merge -q --squash $P >/dev/null && echo edit >>$other/second &&
		git -C $other commit -q -am squashed && publish && fetch && look &&
		events created checked:unknown && is true - pr-open "$head" &&
		minsky -C $repo session get edited >text && has "cannot tell whether it is merged" text
	'
	row 'another change of the same file: not merged, and that can be told' '
		begin beside && seq 1 20 | sed "s/^15$/fifteen/" >"$ws/lines" && tick &&
		git -C "$ws" commit -q -am lines && make "Beside" && theirs &&
		sed -i "1s/.*/first $test_clock/" $other/lines && git -C $other commit -q -am first &&
		publish && fetch && look && events created && is true - pr-open "$head" &&
		holds "(\$p.verdict // \"no\") == \"no\""
	'
	row 'squashed, and reverted later: it was merged' '
		begin reverted "Reverted" && theirs && git -C $other merge -q --squash $P >/dev/null &&
		git -C $other commit -q -m S && landed=$(git -C $other rev-parse HEAD) && publish &&
		fetch && look && is true squash merged "$head" &&
		theirs && git -C $other revert --no-edit HEAD >/dev/null && publish && drop && fetch &&
		look && events created merged:squash:same-tree branch_deleted &&
		is false squash merged "$head" && holds "\$p.mergeCommit == \$l" --arg l $landed
	'
	row 'squashed and reverted before anybody looked: the same' '
		begin unlucky "Unlucky" && theirs && git -C $other merge -q --squash $P >/dev/null &&
		git -C $other commit -q -m S && tick && git -C $other revert --no-edit HEAD >/dev/null &&
		publish && drop && fetch && look && events created merged:squash:patch-id &&
		is false squash merged "$head"
	'
	row 'criss-cross: base and branch have merged each other' '
		begin cross && git -C "$ws" push -q origin cross:cross-tip && elsewhere eight &&
		old=$(base_tip) && theirs && git -C $other fetch -q "$ws" cross &&
		git -C $other merge -q --no-edit FETCH_HEAD && publish && fetch &&
		git -C "$ws" fetch -q origin && tick && git -C "$ws" merge -q --no-edit "$old" &&
		work crossed && make "Cross" && look && is true - pr-open "$head" && theirs &&
		git -C $other merge -q --squash $P >/dev/null && git -C $other commit -q -m S && publish &&
		drop && fetch && look && events created merged:squash:same-tree &&
		is false squash merged "$head"
	'
	row 'the session renamed: an open PR keeps its branch, the next has the new name' '
		begin label "Label" && minsky -C $repo session rename label title >/dev/null && s=title &&
		look && is true - pr-open "$head" && holds "\$p.branchName == \"pr/label\"" &&
		work more && minsky -C $repo session pr create title >/dev/null && s=label &&
		head=$(pr_tip) && theirs && git -C $other merge -q --squash $P >/dev/null &&
		git -C $other commit -q -m S && publish && drop && fetch && s=title && look &&
		events created updated merged:squash:same-tree && is false squash merged "$head" &&
		minsky -C $repo session update title >/dev/null && work next && make "Next" && look &&
		is true - pr-open "$head" && holds "\$p.branchName == \"pr/title\" and
			\$s.prHistory[0].branchName == \"pr/label\""
	'
	row 'the base rewritten: not merged by that, and merged when it is' '
		begin rewritten "Rewritten" && elsewhere nine && theirs &&
		git -C $other commit -q --amend -m "said otherwise" &&
		{ [ $world = solo ] || git -C $other push -q -f origin main; } && fetch && look &&
		is true - pr-open "$head" && holds "(\$p.verdict // \"no\") == \"no\"" &&
		theirs && git -C $other merge -q --squash $P >/dev/null && git -C $other commit -q -m S &&
		publish && drop && fetch && look && events created merged:squash:merge-adds-nothing &&
		is false squash merged "$head"
	'
	row 'the base rewritten without what was merged: it was merged' '
		theirs && git -C $other reset -q --hard HEAD~1 && tick &&
		echo x >$other/instead && git -C $other add instead && git -C $other commit -q -m instead &&
		{ [ $world = solo ] || git -C $other push -q -f origin main; } && fetch && look &&
		events created merged:squash:merge-adds-nothing && is false squash merged "$head"
	'
	row 'the base renamed: the session follows, and is merged there' '
		begin base "Base" && git -C $truth branch -m main trunk && fetch &&
		{ ! remote || { git -C $truth symbolic-ref HEAD refs/heads/trunk &&
			git -C $repo remote set-head origin -a >/dev/null; }; } && tick 400 && look &&
		is true - pr-open "$head" && holds "\$s.baseBranch == \"trunk\" and \$p.base == \"trunk\"" &&
		minsky -C $repo session log base --json >told &&
		jq -se "map(.body) | map(select(.type == \"session.updated\" and
			.data.how == \"base-renamed\" and .data.from == \"main\")) | length == 1" told >/dev/null &&
		minsky -C $repo session approve base >/dev/null && look && is false ff merged "$head" &&
		test "$(git -C $truth rev-parse trunk)" = "$head"
	'
}

in_worlds() { # WORLD...
	[ -z "${MINSKY_TEST_LONG:-}" ] || set -- app linked bare solo mirror
	for w; do
		world "$w" >world.out 2>&1 || {
			cat world.out
			exit 1
		}
		rows
	done
}
