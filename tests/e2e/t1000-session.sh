#!/bin/sh
# A session from start to approval, as the README tells it, with and without a remote.
. "$(dirname "$0")/lib.sh"

all_in() { # FILE TYPE...
	file=$1
	shift
	for type; do
		has " $type " "$file" || return 1
	done
}

test_ok 'start makes a workspace on a branch of its own, and prints its directory' '
	make_repo_with_origin app &&
	(cd app && minsky session start fix-login --description "fix the login" --quiet >../dir) &&
	ws=$(cat dir) &&
	test -d "$ws/.git" &&
	test "$(git -C "$ws" branch --show-current)" = fix-login &&
	test "$(git -C "$ws" remote get-url origin)" = "$TRASH/app.git" &&
	test "$(git -C "$ws" rev-parse origin/main HEAD | sort -u)" = "$(git -C app rev-parse main)" &&
	test -z "$(git -C "$ws" status --porcelain)"
'
test_ok 'the record says where it came from' '
	(cd app && minsky session get fix-login --json) >record &&
	json ".session.session == \"fix-login\" and .session.status == \"active\"" record &&
	json ".session.branch == \"fix-login\" and .session.baseBranch == \"main\"" record &&
	json ".session.repoName == \"local-app\" and .session.backendType == \"local\"" record &&
	json ".session.description == \"fix the login\" and .session.derived.health == \"ok\"" record
'
test_ok 'a commit in the workspace is recorded by its hook, once' '
	tick &&
	echo two >"$ws/file" &&
	git -C "$ws" commit -q -a -m "fix: the login" >out 2>&1 &&
	test ! -s out &&
	(cd app && minsky journal log --type commit.created --json) >events &&
	test "$(wc -l <events)" -eq 1 &&
	json ".body.via == \"hook\" and .body.data.subject == \"fix: the login\"" events &&
	json ".body.data.oid == \"$(git -C "$ws" rev-parse HEAD)\"" events
'
test_ok 'list shows it, from the repository and from its workspace' '
	(cd app && minsky session list) >list &&
	has "^fix-login  *active  *fix-login  *-  *just now  *just now$" list &&
	(cd "$ws" && minsky session list --json) >list &&
	json ".sessions | length == 1" list &&
	json ".sessions[0].head == \"$(git -C "$ws" rev-parse HEAD)\"" list
'
test_ok 'inside its workspace a command needs no name' '
	(cd "$ws" && minsky session inspect) >text &&
	has "^session  *fix-login$" text &&
	mkdir -p "$ws/sub" && (cd "$ws/sub" && minsky session dir) >where &&
	test "$(cat where)" = "$ws" && rmdir "$ws/sub"
'
test_ok 'pr create pushes a prepared merge and checks nothing out' '
	tick &&
	(cd app && minsky session pr create fix-login --title "Fix the login" --body "It was broken." \
		--json) >pr &&
	json ".outcome == \"created\" and .session.status == \"pr-open\"" pr &&
	json ".session.prState.exists and .session.prState.branchName == \"pr/fix-login\"" pr &&
	head=$(git -C app.git rev-parse pr/fix-login) &&
	json ".session.prState.head == \"$head\"" pr &&
	test "$(git -C app.git rev-parse "$head^1")" = "$(git -C app.git rev-parse main)" &&
	test "$(git -C app.git rev-parse "$head^2")" = "$(git -C "$ws" rev-parse fix-login)" &&
	git -C app.git log -1 --format=%B "$head" >message &&
	printf "Fix the login\n\nIt was broken.\n\n" >expected &&
	cmp_files expected message &&
	test "$(git -C "$ws" branch --show-current)" = fix-login
'
test_ok 'pr create again changes nothing when nothing is new' '
	(cd app && minsky session pr create fix-login --json) >pr &&
	json ".outcome == \"unchanged\"" pr &&
	test "$(git -C app.git rev-parse pr/fix-login)" = "$head"
'
test_ok 'after another commit it is refreshed, title and body kept byte for byte' '
	tick && echo three >"$ws/file" && git -C "$ws" commit -q -a -m "more" &&
	(cd app && minsky session pr create fix-login --json) >pr &&
	json ".outcome == \"refreshed\"" pr &&
	test "$(git -C app.git rev-parse pr/fix-login)" != "$head" &&
	git -C app.git log -1 --format=%B pr/fix-login >message &&
	cmp_files expected message
'
test_ok 'approve moves the base on the remote and in the main repository, and deletes the PR branch' '
	tick &&
	head=$(git -C app.git rev-parse pr/fix-login) &&
	(cd app && minsky session approve fix-login --json) >done &&
	json ".session.status == \"merged\" and (.mainBehind | not)" done &&
	json ".session.prState.exists == false and .session.prState.mergedAt != null" done &&
	json ".session.prState.mergeMethod == \"ff\"" done &&
	test "$(git -C app.git rev-parse main)" = "$head" &&
	test "$(git -C app rev-parse main)" = "$head" &&
	test "$(git -C app rev-parse origin/main)" = "$head" &&
	must_fail 1 git -C app.git rev-parse -q --verify refs/heads/pr/fix-login &&
	test "$(cat app/file)" = three &&
	test -z "$(git -C app status --porcelain)"
'
test_ok 'approving twice is refused' '
	(cd app && must_fail 4 minsky session approve fix-login 2>err) &&
	has "merged already" app/err && rm app/err
'
test_ok 'the journal tells the story, and verifies' '
	(cd app && minsky journal log) >log &&
	all_in log journal.opened repo.identified session.starting session.started commit.created \
		pr.created pr.updated pr.approved pr.merged &&
	(cd app && minsky journal verify) >verify &&
	has ": good$" verify &&
	(cd app && minsky session log fix-login --type pr.merged --json) >merged &&
	test "$(wc -l <merged)" -eq 1
'
test_ok 'a merged session can be deleted, and comes back from the trash' '
	(cd app && minsky session delete fix-login --json) >gone &&
	json ".outcome == \"deleted\"" gone &&
	test ! -e "$ws" &&
	(cd app && minsky session list --json) >list &&
	json ".sessions == []" list &&
	(cd app && minsky session restore fix-login) &&
	test -d "$ws/.git" &&
	(cd app && minsky session get fix-login --json) >record &&
	json ".session.status == \"merged\"" record
'

test_ok 'without a remote the main repository is the origin' '
	make_repo solo &&
	(cd solo && minsky session start --task "#042" --quiet >../dir) &&
	ws=$(cat dir) &&
	test "$(git -C "$ws" branch --show-current)" = task-42 &&
	test "$(git -C "$ws" remote get-url origin)" = "$TRASH/solo" &&
	tick && echo two >"$ws/new" && git -C "$ws" add new && git -C "$ws" commit -q -m "new" &&
	minsky -C solo session pr create 42 --title "A new file" >/dev/null &&
	git -C solo rev-parse -q --verify refs/heads/pr/task-42 &&
	minsky -C solo session approve task-42 &&
	test "$(cat solo/new)" = two &&
	must_fail 1 git -C solo rev-parse -q --verify refs/heads/pr/task-42 &&
	test "$(git -C solo branch --show-current)" = main &&
	minsky -C solo session get task#42 --json >record &&
	json ".session.status == \"merged\" and .session.taskId == \"42\"" record
'
test_ok 'a bare main repository, whose default branch is not called main' '
	git init -q -b trunk seed && echo x >seed/x && git -C seed add x && git -C seed commit -q -m x &&
	git clone -q --bare seed bare.git && git -C bare.git remote remove origin &&
	minsky -C bare.git session start barely --quiet >dir && ws=$(cat dir) &&
	tick && echo y >"$ws/x" && git -C "$ws" commit -q -a -m y &&
	minsky -C bare.git session pr create barely --title "Y" &&
	minsky -C bare.git session approve barely &&
	test "$(git -C bare.git log -1 --format=%s trunk)" = Y
'
test_ok 'outside a repository list is the union, and a name is found wherever it is' '
	mkdir -p outside && cd outside &&
	minsky session list >../list && cd .. &&
	has "^fix-login .*local-app$" list && has "^task-42 .*local-solo$" list &&
	cd outside && minsky session dir barely >../where && cd .. &&
	test "$(cat where)" = "$ws"
'
test_ok 'sixteen starts at once all succeed' '
	{
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
			minsky -C solo session start "many-$i" --quiet >"many.$i" 2>"many.$i.err" &
		done
		wait
	} &&
	cat many.*.err &&
	minsky -C solo session list --json >list &&
	json "[.sessions[] | select(.session | startswith(\"many-\"))] | length == 16" list &&
	jq -e ".clones | length >= 18" "$XDG_STATE_HOME"/minsky/journal/local-solo-*/repo.json &&
	minsky -C solo journal verify
'
test_done
