#!/bin/sh
# How old a prState may be, what asking costs, and whose state it is.
. "$(dirname "$0")/lib.sh"

# Nothing in the background: every question here is one of the command that is looked at.
MINSKY_HOOKS=0
export MINSKY_HOOKS
cd "$TRASH" || exit 1

commit() { # DIRECTORY FILE
	tick && echo "$2 $test_clock" >"$1/$2" && git -C "$1" add "$2" &&
		git -C "$1" commit -q -m "change $2"
}

# A session with an open PR, in a new repository (with an origin unless it is called solo...).
open_pr() { # REPOSITORY
	case $1 in solo*) make_repo "$1" ;; *) make_repo_with_origin "$1" ;; esac &&
		minsky -C "$1" session start work --quiet >dir && ws=$(cat dir) && commit "$ws" a &&
		minsky -C "$1" session pr create work --title Work >/dev/null && settled "$1"
}

# What the worker would do: nothing is left to be looked at.
settled() { # REPOSITORY
	minsky -C "$1" sync >/dev/null
}

# The clock in milliseconds after the PR was made.
at_ms() { # MILLISECONDS
	MINSKY_NOW=$((${test_clock}000 + $1))
}

# How many git processes and libgit2 repositories a command took; what it printed is in out.
asks() { # GIT LIBGIT2 COMMAND...
	want="$1 git, $2 libgit2"
	shift 2
	: >trace
	if ! MINSKY_TRACE_GIT=$TRASH/trace "$@" >out 2>err; then
		cat err >&4
		return 1
	fi
	got="$(grep -c "^git " trace) git, $(grep -c "^libgit2 " trace) libgit2"
	echo "# $*: $got" >>counted
	[ "$got" = "$want" ] && return
	echo "asked $got, not $want:" >&4
	cat trace >&4
	return 1
}

# A program called git, in front of the real one, that counts too: nobody gets round the trace.
mkdir counting && cat >counting/git <<END
#!/bin/sh
echo x >>"$TRASH/processes"
exec "$(command -v git)" "\$@"
END
chmod +x counting/git

fresh() { # TRUE|FALSE
	minsky -C "$repo" session list --json >record &&
		test "$(jq -r '.sessions[0].derived.prStateFresh' record)" = "$1"
}

test_ok 'made just now: fresh, and reading it asks nobody' '
	repo=solo && open_pr solo && fresh true &&
	asks 0 0 minsky -C solo session get work && has "checked just now" out
'
test_ok 'it says how old it is' '
	at_ms 40000 && asks 0 0 minsky -C solo session get work && has "open, checked 40 s ago" out
'
test_ok 'five minutes to the millisecond: fresh; one more: git is asked, and it is fresh again' '
	at_ms 300000 && fresh true && asks 0 0 minsky -C solo session get work &&
	has "checked 5 min ago" out &&
	at_ms 300001 && fresh false && asks 1 1 minsky -C solo session get work &&
	has "checked just now" out && fresh true &&
	minsky -C solo session log work --json | jq -r .body.type | tail -1 >last &&
	test "$(cat last)" = pr.checked && asks 0 0 minsky -C solo session get work
'
test_ok 'a time from the future is stale' '
	at_ms 200000 && fresh false && asks 1 1 minsky -C solo session get work &&
	has "checked just now" out && fresh true
'
[ "$MINSKY_TEST_BACKEND" != json ] || test_ok 'a time that nobody can read is stale' '
	sed -i "s/\"lastChecked\":\"[^\"]*\"/\"lastChecked\":\"yesterday\"/" "$STORE" && fresh false &&
	asks 1 1 minsky -C solo session get work && has "checked just now" out && fresh true
'
test_ok 'a ref that has moved is looked at, however fresh it is' '
	git -C "$ws" push -q -f origin work:pr/work && asks 1 1 minsky -C solo session get work --json &&
	test "$(jq -r .session.prState.head out)" = "$(git -C "$ws" rev-parse work)" &&
	minsky -C solo session pr create work --title Work >/dev/null
'
# What costs what, of approving: no prState, as when somebody made the prepared merge with git alone.
approve_costs() { # AGE GIT LIBGIT2
	repo=solo-$1 && if [ "$1" = missing ]; then
		make_repo "$repo" && minsky -C "$repo" session start work --quiet >dir &&
			ws=$(cat dir) && commit "$ws" a &&
			made=$(git -C "$ws" commit-tree -p main -p work -m Work "work^{tree}") &&
			settled "$repo" && git -C "$ws" push -q origin "$made:refs/heads/pr/work"
	else
		open_pr "$repo"
	fi && case $1 in stale) at_ms 400000 ;; *) at_ms 1000 ;; esac &&
		: >processes && (
		PATH=$TRASH/counting:$PATH
		asks "$2" "$3" minsky -C "$repo" session approve work
	) && test "$(grep -c x processes)" -eq "$2" && tick 1000 &&
		test "$(git -C "$repo" rev-list --count main)" = 3
}

test_ok 'approving with a fresh prState' 'approve_costs fresh 10 0'
test_ok 'approving with a stale one' 'approve_costs stale 11 1'
test_ok 'approving with none' 'approve_costs missing 11 1'

test_ok 'a merge on the remote is known since the fetch, and lastChecked says so' '
	open_pr app && git clone -q app.git other && git -C other merge -q --no-ff -m M origin/pr/work &&
	git -C other push -q origin main && merged=$test_clock && tick 3600 && fetched=$test_clock &&
	git -C app fetch -q && touch -d "@$fetched" app/.git/FETCH_HEAD && tick 7200 &&
	minsky -C app session get work --json >record &&
	jq -e --argjson f $fetched --argjson m $merged ".session.prState |
		(.lastChecked | sub(\"[.]000\"; \"\") | fromdate) == \$f and
		(.mergedAt | sub(\"[.]000\"; \"\") | fromdate) == \$m" record >/dev/null &&
	minsky -C app session get work >text && has "checked 2 h ago" text
'
test_ok 'a fetch in a linked work tree counts as well' '
	make_repo_with_origin app-l && minsky -C app-l session start work --worktree --quiet >dir &&
	ws=$(cat dir) && commit "$ws" a && minsky -C app-l session pr create work --title W >/dev/null &&
	settled app-l && tick 3600 && git -C "$ws" fetch -q &&
	touch -d "@$test_clock" "$(git -C "$ws" rev-parse --absolute-git-dir)/FETCH_HEAD" && tick 7200 &&
	minsky -C app-l session get work >text && has "checked 2 h ago" text
'
test_ok 'so is that nothing happened: a look does not make it newer, a fetch does' '
	open_pr app2 && tick 3600 && fetched=$test_clock && git -C app2 fetch -q &&
	touch -d "@$fetched" app2/.git/FETCH_HEAD && tick 7200 &&
	minsky -C app2 session get work >text && has "checked 2 h ago" text &&
	tick 60 && minsky -C app2 session get work >text && has "checked 2 h ago" text
'
test_ok 'a fetch of another branch, or from elsewhere, says nothing' '
	git -C app2 push -q origin main:else && git clone -q app2.git app2-fork &&
	git -C app2 fetch -q origin else && touch -d "@$test_clock" app2/.git/FETCH_HEAD &&
	minsky -C app2 session get work >text && has "checked 2 h ago" text &&
	git -C app2 fetch -q ../app2-fork main && touch -d "@$test_clock" app2/.git/FETCH_HEAD &&
	minsky -C app2 session get work >text && hasnt "just now" text
'
test_ok 'pr get --fetch asks the remote: nothing new, and it is known since now' '
	minsky -C app2 session pr get work --fetch >text && has "open, checked just now" text &&
	tick 40 && minsky -C app2 session pr get work >text && has "open, checked 40 s ago" text
'
test_ok 'pr get --fetch hears of a merge and of a deletion, in one go' '
	git clone -q app2.git other2 && tick && git -C other2 merge -q --no-ff -m M origin/pr/work &&
	git -C other2 push -q origin main :pr/work && tick &&
	minsky -C app2 session pr get work >text && has " open" text &&
	minsky -C app2 session pr get work --fetch --json >record &&
	jq -e ".session.prState | .exists == false and .mergeMethod == \"merge\"" record >/dev/null &&
	minsky -C app2 session pr get work >text && has "branch deleted, checked just now" text
'
test_ok 'pr get --fetch follows a base that the remote calls otherwise' '
	open_pr app3 && git -C app3.git branch -m main trunk &&
	minsky -C app3 session pr get work --fetch --json >record &&
	jq -e ".session.prState.exists and .session.prState.mergedAt == null" record >/dev/null &&
	jq -e ".session.baseBranch == \"trunk\"" record >/dev/null
'
test_ok 'a base that is nowhere: cannot tell' '
	open_pr solo-lost && git -C solo-lost switch -q --detach && git -C solo-lost branch -q -D main &&
	tick 400 && minsky -C solo-lost session get work >text &&
	has "cannot tell whether it is merged" text &&
	git -C solo-lost branch side "$(git -C "$ws" rev-parse main)" &&
	must_fail 3 minsky -C solo-lost session update work --base nope 2>err &&
	minsky -C solo-lost session update work --base side >/dev/null &&
	minsky -C solo-lost session get work --json >record &&
	jq -e ".session | .baseBranch == \"side\" and .prState.base == \"side\" and
		.prState.verdict == \"no\"" record >/dev/null
'
test_ok 'no hook and no look asks the network' '
	open_pr app4 && git -C app4 remote set-url origin "ssh://nobody@far.invalid/app4" &&
	git -C "$ws" remote set-url origin "ssh://nobody@far.invalid/app4" && commit "$ws" b &&
	(
		unset MINSKY_HOOKS
		GIT_SSH=$TRASH/no-ssh && export GIT_SSH && printf "#!/bin/sh\necho x >>\"%s\"\nexit 1\n" \
			"$TRASH/talked" >no-ssh && chmod +x no-ssh && tick 1000 && commit "$ws" c &&
		git -C app4 commit -q --allow-empty -m x && minsky -C app4 sync >/dev/null &&
		minsky -C app4 session get work >/dev/null && minsky -C app4 session pr get work >/dev/null &&
		minsky -C app4 session list >/dev/null && test ! -e talked &&
		must_fail 1 minsky -C app4 session pr get work --fetch 2>err && test -s talked &&
		has "cannot ask the remote" err
	)
'
test_ok 'two clones of one repository: each session follows its own' '
	make_repo_with_origin twin && git clone -q twin.git twin-b &&
	minsky -C twin session start one --quiet >dir && ws1=$(cat dir) &&
	minsky -C twin-b session start two --quiet >dir && ws2=$(cat dir) &&
	commit "$ws1" one && commit "$ws2" two &&
	minsky -C twin session pr create one --title One >/dev/null &&
	minsky -C twin-b session pr create two --title Two >/dev/null &&
	git -C twin-b branch -q pr/one && git -C twin-b fetch -q && git -C twin fetch -q &&
	for s in one two; do
		minsky -C twin session get $s --json >record-$s &&
			jq -e ".session.prState.exists and .session.prState.mergedAt == null" \
				record-$s >/dev/null || return 1
	done &&
	test "$(jq -r .session.prState.head record-one)" = "$(git -C twin.git rev-parse pr/one)" &&
	git -C twin-b merge -q --ff-only origin/pr/two && minsky -C twin session get two --json >record &&
	jq -e ".session.prState.mergeMethod == \"ff\"" record >/dev/null &&
	minsky -C twin-b session get one --json >record &&
	jq -e ".session.prState | .exists and .mergedAt == null" record >/dev/null
'
test_ok 'a copied workspace and a copied main repository: what happens there is not theirs' '
	open_pr solo-copied && head=$(git -C solo-copied rev-parse pr/work) &&
	cp -a "$ws" ws-copy && cp -a solo-copied main-copy &&
	commit ws-copy x && git -C ws-copy branch -f pr/work HEAD && git -C main-copy branch -D pr/work &&
	git -C main-copy merge -q "$head" && minsky -C ws-copy session list >/dev/null &&
	minsky -C main-copy session list >/dev/null && tick 400 &&
	minsky -C solo-copied session get work --json >record &&
	jq -e --arg h "$head" ".session.prState | .exists and .mergedAt == null and .head == \$h" record \
		>/dev/null &&
	test "$(jq -r .session.head record)" = "$(git -C "$ws" rev-parse work)" &&
	test "$(jq -r .session.workspace record)" = "$ws" &&
	minsky -C solo-copied session approve work >/dev/null &&
	test "$(git -C main-copy for-each-ref refs/heads/pr)" = "" &&
	test "$(git -C solo-copied rev-parse main)" = "$head"
'
sed 's/^/# /' "$TRASH/counted"
test_done
