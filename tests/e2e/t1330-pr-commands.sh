#!/bin/sh
# The commands about PRs and sessions besides create and approve: what they do, print and refuse.
. "$(dirname "$0")/lib.sh"

# What a worker finds meanwhile is none of this.
MINSKY_HOOKS=0
export MINSKY_HOOKS

commit() { # DIRECTORY FILE [TEXT]
	tick && echo "${3:-$2 $test_clock}" >"$1/$2" && git -C "$1" add "$2" &&
		git -C "$1" commit -q -m "change $2"
}

start() { # NAME
	minsky -C app session start "$1" --quiet >dir && ws=$(cat dir)
}

open_pr() { # NAME
	start "$1" && commit "$ws" "$1" && minsky -C app session pr create "$1" --title "PR $1" >/dev/null &&
		head=$(git -C app.git rev-parse "pr/$1")
}

json() { # EXPRESSION FILE
	jq -e "$1" "$2" >/dev/null && return
	echo "not so: $1" >&4
	cat "$2" >&4
	return 1
}

# Everything that a command which is refused must leave as it is. What a look at the base brought is
# no change.
picture() {
	for place in app.git app "$ws"; do
		git -C "$place" for-each-ref refs/heads refs/tags refs/minsky
	done
	git -C app status --porcelain && git -C "$ws" status --porcelain && git -C "$ws" stash list
	(cd "$ws" && find . -name .git -prune -o -type f -print | sort | xargs -d '\n' cksum)
	minsky -C app journal log --json | grep -vc '"type":"\(branch\|commit\)'
}

refused() { # CODE COMMAND...
	picture >before && must_fail "$@" 2>err && picture >after && cmp_files before after
}

test_ok 'no session, no PR, no name: 3, 3, 2' '
	make_repo_with_origin app && start bare &&
	for verb in approve merge close reopen; do
		must_fail 3 minsky -C app session pr $verb nope 2>err && has "there is no session" err &&
			must_fail 3 minsky -C app session pr $verb bare 2>err && has "has no PR" err &&
			has "^hint: .*pr create" err &&
			must_fail 2 minsky -C app session pr $verb 2>err && has "no session was given" err &&
			must_fail 2 minsky -C app session pr $verb bare extra 2>err || return 1
	done
'
test_ok 'approve says who, when and what; approving again changes nothing' '
	open_pr one && minsky -C app session pr approve one --json >out &&
	json ".outcome == \"approved\" and .session.status == \"approved\"" out &&
	json ".session.prState | .approvedHead == .head and .approvedAt != null" out &&
	test "$(git -C app.git rev-parse main)" = "$(git -C app rev-parse main)" &&
	minsky -C app session log one --json | tail -1 >last &&
	json ".body | .type == \"pr.approved\" and .data.head == \"$head\" and .actor.user == \"ana\"" last &&
	minsky -C app session pr approve one --json >out && json ".outcome == \"unchanged\"" out &&
	minsky -C app session pr get one >text && has "open, approved" text
'
test_ok 'the approval lapses when the PR moves, and merge refuses' '
	commit "$ws" more && minsky -C app session pr create one >/dev/null &&
	minsky -C app session get one --json >out && json ".session.status == \"pr-open\"" out &&
	refused 4 minsky -C app session pr merge one && has "was approved at" err &&
	has "^hint: .*pr approve one" err
'
test_ok '--head: only what somebody has looked at' '
	refused 4 minsky -C app session pr approve one --head "$head" && has "not at" err &&
	refused 4 minsky -C app session pr approve one --head 0 && has "not at" err &&
	new=$(git -C app.git rev-parse pr/one) &&
	minsky -C app session pr approve one --head "$(echo "$new" | cut -c1-10)" >/dev/null &&
	refused 4 minsky -C app session pr merge one --head "$head" &&
	refused 4 minsky -C app session approve one --head "$head"
'
test_ok 'merge lands what is approved, with one event more' '
	minsky -C app session pr merge one --json >out &&
	json ".mainBehind == false and .session.status == \"merged\"" out &&
	test "$(git -C app.git rev-parse main)" = "$new" && test "$(git -C app rev-parse main)" = "$new" &&
	minsky -C app session log one --json | jq -r .body.type | grep -c pr.approved >n &&
	test "$(cat n)" = 2 && refused 4 minsky -C app session pr merge one && has "merged already" err &&
	refused 4 minsky -C app session pr approve one && refused 4 minsky -C app session pr close one &&
	refused 4 minsky -C app session pr reopen one
'
test_ok 'merge without an approval: refused; so is a moved base' '
	open_pr two && refused 4 minsky -C app session pr merge two && has "is not approved" err &&
	minsky -C app session pr approve two >/dev/null && commit app base && git -C app push -q &&
	refused 4 minsky -C app session pr merge two && has "has moved to" err
'
test_ok 'close keeps the commit, whoever made it, and deletes only what is where it was seen' '
	open_pr three && theirs=$(git -C app.git commit-tree -p "$head" -m theirs "$head^{tree}") &&
	git -C app.git update-ref refs/heads/pr/three "$theirs" &&
	refused 4 minsky -C app session pr close three && has "rejected .pr/three." err &&
	git -C app fetch -q && minsky -C app session pr close three >text && has "closed" text &&
	test -z "$(git -C app.git for-each-ref refs/heads/pr/three)" &&
	git -C "$ws" cat-file -e "$theirs" && git -C "$ws" for-each-ref refs/minsky/closed >kept &&
	has "$theirs" kept && minsky -C app session pr reopen three >/dev/null &&
	test "$(git -C app.git rev-parse pr/three)" = "$theirs" &&
	test -z "$(git -C "$ws" for-each-ref refs/minsky)"
'
test_ok 'reopen where another branch has the name: refused' '
	minsky -C app session pr close three >/dev/null &&
	git -C app.git update-ref refs/heads/pr/three main &&
	refused 4 minsky -C app session pr reopen three && has "rejected .pr/three." err &&
	git -C app.git update-ref -d refs/heads/pr/three &&
	git -C "$ws" for-each-ref --format="%(refname)" refs/minsky | xargs git -C "$ws" update-ref -d &&
	git -C "$ws" reflog expire --expire=now --all && git -C "$ws" gc -q --prune=now &&
	refused 4 minsky -C app session pr reopen three && has "commit .* does not exist any more" err &&
	has "^hint: .*pr create three --title" err
'
test_ok 'list: newest first, in words; filters, history, JSON' '
	minsky -C app session pr list --state unchecked >text && has "^two" text &&
	minsky -C app sync >/dev/null && minsky -C app session pr list >text && has "^SESSION *PR *STATE *CREATED *CHECKED *TITLE$" text &&
	awk "{ print \$1, \$3 }" text | sed 1d >rows &&
	printf "three closed\ntwo approved\none merged\n" >expected && cmp_files expected rows &&
	minsky -C app session pr list --state merged >text && has "^one .*PR one$" text &&
	hasnt "^two" text && minsky -C app session pr list -n 1 --offset 1 >text && has "^two" text &&
	hasnt "^one\|^three" text &&
	start three-b && minsky -C app session pr list --json >out &&
	json "[.prs[] | .session] == [\"three\", \"two\", \"one\"] and .schema == 2" out &&
	json ".prs[1] | .state == \"approved\" and .newest and .pr.branchName == \"pr/two\"" out &&
	ws=$(minsky -C app session dir three) && commit "$ws" again &&
	minsky -C app session pr create three --title Again >/dev/null &&
	minsky -C app session pr list --history --json >out && json ".prs | length == 4" out &&
	json "[.prs[] | select(.session == \"three\") | .newest] | sort == [false, true]" out &&
	minsky -C app session pr list --json >out && json ".prs | length == 3" out
'
test_ok 'list elsewhere: of all repositories; of none; a word that is no status' '
	mkdir nowhere && cd nowhere && minsky session pr list >../text && has "^two" ../text && cd .. &&
	make_repo other && minsky -C other session pr list >text 2>err && test ! -s text &&
	has "no PRs" err && minsky -C other session pr list --json >out && json ".prs == []" out &&
	minsky -C other session pr list --all >text && has "^two" text &&
	must_fail 2 minsky -C app session pr list --state nope 2>err && has ".nope. is not a state of a PR" err &&
	must_fail 3 minsky -C app session pr list --repo missing 2>err
'
test_ok 'rename: the label alone; id, branch, workspace, task and PR stay' '
	minsky -C app session start four --task 44 --quiet >dir && ws=$(cat dir) && commit "$ws" four &&
	minsky -C app session pr create four --title Four >/dev/null &&
	minsky -C app session get four --json >before.json &&
	minsky -C app session rename four vier --json >out && json ".outcome == \"renamed\"" out &&
	must_fail 3 minsky -C app session get four 2>err &&
	minsky -C app session get vier --json >after.json &&
	for m in sessionId branch workspace taskId createdAt; do
		test "$(jq -r .session.$m before.json)" = "$(jq -r .session.$m after.json)" || return 1
	done &&
	test "$(jq -r .session.prState.id before.json)" = "$(jq -r .session.prState.id after.json)" &&
	json ".session.prState.branchName == \"pr/four\"" after.json &&
	test "$(minsky -C app session dir 44)" = "$ws" && cd "$ws" && minsky session inspect --json >"$TRASH/out" &&
	json ".session.session == \"vier\"" "$TRASH/out" && cd "$TRASH" &&
	minsky -C app session rename vier vier --json >out && json ".outcome == \"unchanged\"" out
'
test_ok 'rename refuses names that are taken, bad, or of nobody' '
	refused 4 minsky -C app session rename vier two && has "session .two. already" err &&
	refused 2 minsky -C app session rename vier ../x && refused 2 minsky -C app session rename vier -- -x &&
	refused 3 minsky -C app session rename nope x && refused 2 minsky -C app session rename x &&
	has "no session was given" err &&
	git -C "$ws" branch taken && refused 4 minsky -C app session rename vier taken --branch &&
	has "already has a branch .taken." err && git -C "$ws" branch -q -D taken &&
	mkdir "$(dirname "$ws")/vier" && refused 4 minsky -C app session rename vier --move vier &&
	has "already exists" err && rmdir "$(dirname "$ws")/vier"
'
test_ok 'rename --branch and --move: git and the directory follow, work in no commit goes along' '
	echo precious >"$ws/untracked" && tip=$(git -C "$ws" rev-parse HEAD) &&
	minsky -C app session rename vier fuenf --branch --move --json >out &&
	json ".session.branch == \"fuenf\"" out && new=$(jq -r .session.workspace out) &&
	test "$(basename "$new")" = fuenf && test ! -e "$ws" && ws=$new &&
	test "$(cat "$ws/untracked")" = precious && test "$(git -C "$ws" symbolic-ref --short HEAD)" = fuenf &&
	test "$(git -C "$ws" rev-parse HEAD)" = "$tip" && rm "$ws/untracked" &&
	commit "$ws" five && minsky -C app session get fuenf --json >out &&
	json ".session.head == \"$(git -C "$ws" rev-parse HEAD)\" and .session.derived.health == \"ok\"" out &&
	minsky -C app session pr create fuenf >/dev/null &&
	test "$(git -C app.git rev-parse pr/four^2)" = "$(git -C "$ws" rev-parse HEAD)" &&
	start vier && test "$(basename "$ws")" = vier && minsky -C app journal verify >/dev/null
'
test_ok 'the same for a linked work tree' '
	minsky -C app session start linked --worktree --quiet >dir && ws=$(cat dir) && commit "$ws" linked &&
	echo precious >"$ws/untracked" &&
	minsky -C app session rename linked moved --branch --move >/dev/null &&
	new=$(dirname "$ws")/moved && test ! -e "$ws" && test "$(cat "$new/untracked")" = precious &&
	git -C app worktree list >list && has "/moved .*\[moved\]$" list && ws=$new && rm "$ws/untracked" &&
	commit "$ws" again && (cd "$ws" && minsky session inspect --json) >out &&
	json ".session.session == \"moved\" and .session.derived.health == \"ok\"" out &&
	json ".session.head == \"$(git -C "$ws" rev-parse HEAD)\"" out
'
test_ok 'rename --move with somebody inside: refused' '
	ws=$(minsky -C app session dir fuenf) &&
	if (cd "$ws" && must_fail 4 minsky session rename --move away 2>"$TRASH/err"); then
		has "in-use: process" err
	else
		false
	fi && test -d "$ws" && minsky -C app session get fuenf >text && has "$ws" text
'
test_ok 'update: fast-forward, up to date, merge; each is said' '
	start six && commit app moved && git -C app push -q &&
	minsky -C app session update six --dry-run --json >out &&
	json ".outcome == \"would be updated\" and .how == \"ff\"" out &&
	test "$(git -C "$ws" rev-parse HEAD)" = "$(git -C app rev-parse main~1)" &&
	minsky -C app session update six --json >out && json ".outcome == \"updated\" and .how == \"ff\"" out &&
	test "$(git -C "$ws" rev-parse HEAD)" = "$(git -C app rev-parse main)" &&
	minsky -C app session update six --json >out && json ".outcome == \"unchanged\" and .how == null" out &&
	commit "$ws" six && tip=$(git -C "$ws" rev-parse HEAD) && commit app moved && git -C app push -q &&
	echo kept >"$ws/untracked" && echo kept >>"$ws/file" &&
	minsky -C app session update six --json >out && json ".how == \"merge\" and .from == \"$tip\"" out &&
	git -C "$ws" rev-parse HEAD^1 HEAD^2 >parents &&
	test "$(cat parents)" = "$tip
$(git -C app rev-parse main)" &&
	test "$(cat "$ws/untracked")" = kept && test "$(tail -1 "$ws/file")" = kept &&
	minsky -C app session log six --json | jq -r "select(.body.type == \"session.updated\") |
		.body.data.how" >hows && test "$(cat hows)" = "ff
merge" && json ".session.head == \"$(git -C "$ws" rev-parse HEAD)\"" out
'
test_ok 'update that would conflict: the files are listed and nothing has changed' '
	commit app clash theirs && git -C app push -q && commit "$ws" clash ours &&
	refused 4 minsky -C app session update six && has "conflict: clash" err &&
	refused 4 minsky -C app session update six --dry-run &&
	must_fail 4 minsky -C app session update six --json >out 2>/dev/null &&
	json ".reasons == [{\"category\":\"conflict\",\"text\":\"clash\"}]" out
'
test_ok 'update with changes in the way, on another branch, or in the middle of something: refused' '
	git -C "$ws" rm -q --cached clash && git -C "$ws" commit -q -m "no clash" && rm "$ws/clash" &&
	commit app file "from the base" && git -C app push -q &&
	echo mine >>"$ws/file" && refused 4 minsky -C app session update six && has "file" err &&
	has "^hint: commit or stash the changes" err && test "$(tail -1 "$ws/file")" = mine &&
	git -C "$ws" checkout -q file && git -C "$ws" switch -q -c side &&
	refused 4 minsky -C app session update six && has "is on .side., not on the session.s .six." err &&
	git -C "$ws" switch -q six && git -C "$ws" update-ref MERGE_HEAD main && refused 4 minsky -C app session update six && has "in progress" err
'
test_ok 'every one of them has a page of help' '
	for c in "pr approve" "pr merge" "pr close" "pr reopen" "pr list" rename update; do
		minsky session $c -h >text && has "^usage: minsky session $c" text || return 1
	done
'
test_done
