#!/bin/sh
# Approval: what it refuses, with nothing changed then, and what it never touches.
. "$(dirname "$0")/lib.sh"

commit_in() { # DIR FILE TEXT
	tick && echo "$3" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "$3"
}

# A repository (with an origin unless it is called solo...) and a session "work" with an open PR.
new_pr() { # DIR
	case $1 in
	solo*) make_repo "$1" ;;
	*) make_repo_with_origin "$1" ;;
	esac &&
		echo kept >"$1/other" && git -C "$1" add other && git -C "$1" commit -q -m other &&
		case $1 in solo*) ;; *) git -C "$1" push -q origin main ;; esac &&
		minsky -C "$1" session start work --quiet >dir && ws=$(cat dir) &&
		commit_in "$ws" file two &&
		minsky -C "$1" session pr create work --title "The work" >/dev/null &&
		main=$(git -C "$1" rev-parse main) &&
		pr=$(git -C "$ws" rev-parse refs/remotes/origin/pr/work)
}

# Refs, HEADs and files of the repositories, and what the journal says about the PR.
picture() { # DIR
	for place in "$1.git" "$1" "$ws"; do
		[ -d "$place" ] || continue
		echo "$place" && git -C "$place" for-each-ref && cat "$(git -C "$place" rev-parse \
			--path-format=absolute --git-dir)/HEAD"
	done
	for place in "$1" "$ws"; do
		git -C "$place" status --porcelain
		(cd "$place" && find . -name .git -prune -o -type f -print | sort | xargs -d '\n' cksum)
	done
	minsky -C "$1" journal log --json | grep -c '"type":"pr\.\(approved\|merged\|branch_deleted\)'
}

unchanged() { # DIR COMMAND...
	shown=$1
	shift
	picture "$shown" >before
	"$@" || return 1
	picture "$shown" >after
	cmp_files before after
}

is_merged() { # DIR
	minsky -C "$1" session get work --json >record &&
		json '.session.status == "merged"' record &&
		json '.session.prState.exists == false and .session.prState.mergedAt != null' record &&
		must_fail 1 git -C "$1" rev-parse -q --verify refs/heads/pr/work
}

test_ok 'no PR: exit 3, nothing touched' '
	make_repo_with_origin none && minsky -C none session start work --quiet >dir &&
	ws=$(cat dir) && commit_in "$ws" file two &&
	unchanged none must_fail 3 minsky -C none session approve work 2>err &&
	has "session .work. has no PR" err && has "^hint: .*pr create" err &&
	must_fail 3 minsky -C none session approve work --json >out &&
	json ".category == \"not-found\" and .code == 3" out
'
test_ok 'an unknown session, and no session named' '
	must_fail 3 minsky -C none session approve nobody 2>err && has "no session .nobody." err &&
	must_fail 2 minsky -C none session approve 2>err && has "no session was given" err
'
test_ok 'the base has moved on: exit 4, nothing changed; after pr create again it works' '
	new_pr moved && commit_in moved elsewhere x && git -C moved push -q origin main &&
	unchanged_refs=$(git -C moved.git for-each-ref) &&
	must_fail 4 minsky -C moved session approve work 2>err &&
	has ".main. has moved to" err && has "^hint: refresh it: minsky session pr create work" err &&
	test "$(git -C moved.git for-each-ref)" = "$unchanged_refs" &&
	unchanged moved must_fail 4 minsky -C moved session approve work &&
	minsky -C moved session pr create work >/dev/null &&
	minsky -C moved session approve work >/dev/null && is_merged moved &&
	test "$(cat moved/file moved/elsewhere)" = "two
x"
'
test_ok 'the base has moved on the remote where nobody here has looked: exit 4, nothing changed' '
	new_pr unseen && git clone -q unseen.git unseen-other && commit_in unseen-other z z &&
	git -C unseen-other push -q origin main &&
	unchanged unseen must_fail 4 minsky -C unseen session approve work 2>err &&
	has "rejected .main." err && has "^hint: it has moved there" err &&
	minsky -C unseen session pr create work --fetch >/dev/null 2>&1 &&
	minsky -C unseen session approve work >/dev/null && is_merged unseen
'
test_ok 'the base has moved on in a main repository without a remote' '
	new_pr solo-moved && commit_in solo-moved elsewhere x &&
	must_fail 4 minsky -C solo-moved session approve work 2>err && has "has moved to" err &&
	unchanged solo-moved must_fail 4 minsky -C solo-moved session approve work &&
	minsky -C solo-moved session pr create work >/dev/null &&
	minsky -C solo-moved session approve work >/dev/null && is_merged solo-moved
'
test_ok 'a changed file in the way, with a remote: exit 0, said, kept exactly' '
	new_pr dirty && echo "my own" >dirty/file && echo new >dirty/untracked &&
	minsky -C dirty session approve work --json >out 2>err &&
	json ".mainBehind == true and .session.status == \"merged\"" out &&
	has "merged on the remote" err &&
	test "$(git -C dirty.git rev-parse main)" = "$pr" &&
	test "$(git -C dirty rev-parse main)" = "$main" &&
	test "$(git -C dirty rev-parse origin/main)" = "$pr" &&
	test "$(cat dirty/file dirty/untracked)" = "my own
new" &&
	test "$(git -C dirty status --porcelain)" = " M file
?? untracked" &&
	is_merged dirty
'
test_ok 'an untracked file in the way, with a remote: kept exactly too' '
	new_pr dirty2 && commit_in "$ws" added theirs && minsky -C dirty2 session pr create work \
		>/dev/null && pr=$(git -C dirty2.git rev-parse pr/work) && echo mine >dirty2/added &&
	minsky -C dirty2 session approve work --json >out 2>err &&
	json ".mainBehind == true" out && test "$(cat dirty2/added)" = mine &&
	test "$(cat dirty2/file)" = one &&
	test "$(git -C dirty2 rev-parse main)" = "$main" &&
	test "$(git -C dirty2.git rev-parse main)" = "$pr"
'
test_ok 'a changed file in the way, without a remote: exit 4, nothing changed; then it works' '
	new_pr solo-dirty && echo "my own" >solo-dirty/file && echo s >solo-dirty/other &&
	git -C solo-dirty add other && echo new >solo-dirty/untracked &&
	unchanged solo-dirty must_fail 4 minsky -C solo-dirty session approve work 2>err &&
	has "file" err && has "^hint: commit or stash the changes" err &&
	minsky -C solo-dirty session get work --json >record &&
	json ".session.status == \"pr-open\" and .session.prState.exists" record &&
	git -C solo-dirty checkout -q file &&
	minsky -C solo-dirty session approve work --json >out &&
	json ".mainBehind == false" out && is_merged solo-dirty &&
	test "$(git -C solo-dirty status --porcelain)" = "M  other
?? untracked" &&
	test "$(cat solo-dirty/file solo-dirty/other)" = "two
s"
'
test_ok 'changes that are not in the way are kept exactly, index and work tree apart' '
	new_pr beside && echo staged >beside/other && git -C beside add other &&
	echo unstaged >beside/other && echo new >beside/untracked &&
	minsky -C beside session approve work --json >out && json ".mainBehind == false" out &&
	test "$(git -C beside rev-parse HEAD)" = "$pr" &&
	test "$(git -C beside show :other)" = staged &&
	test "$(cat beside/file beside/other beside/untracked)" = "two
unstaged
new" &&
	is_merged beside
'
test_ok 'another branch is checked out: the base moves, the work tree stays' '
	new_pr away && git -C away switch -q -c mine && echo "my own" >away/file &&
	minsky -C away session approve work --json >out && json ".mainBehind == false" out &&
	test "$(git -C away rev-parse main)" = "$pr" &&
	test "$(git -C away rev-parse HEAD)" = "$main" && test "$(cat away/file)" = "my own"
'
test_ok 'the base is checked out in a linked work tree: that one follows' '
	new_pr linked && git -C linked switch -q -c mine &&
	git -C linked worktree add -q ../linked-tree main &&
	minsky -C linked session approve work --json >out && json ".mainBehind == false" out &&
	test "$(git -C linked-tree rev-parse HEAD)" = "$pr" && test "$(cat linked-tree/file)" = two &&
	test -z "$(git -C linked-tree status --porcelain)" && test "$(cat linked/file)" = one
'
test_ok 'commits of the user on the local base only: the remote moves, they are kept' '
	new_pr ahead && commit_in ahead local "not pushed" && own=$(git -C ahead rev-parse main) &&
	minsky -C ahead session approve work --json >out 2>err &&
	json ".mainBehind == true" out && has "was not updated" err &&
	test "$(git -C ahead rev-parse main)" = "$own" &&
	test "$(git -C ahead.git rev-parse main)" = "$pr"
'
test_ok 'the base is in the middle of a rebase: the remote moves, the rebase is left alone' '
	new_pr rebasing && tick &&
	must_fail 1 git -C rebasing rebase -q --force-rebase -x false HEAD~1 2>/dev/null &&
	test -d rebasing/.git/rebase-merge &&
	minsky -C rebasing session approve work --json >out 2>err &&
	json ".mainBehind == true" out && has "being rebased" err &&
	test -d rebasing/.git/rebase-merge
'
test_ok 'the PR branch was deleted on the remote meanwhile, unseen: exit 4, nothing changed' '
	new_pr gone && git -C gone.git update-ref -d refs/heads/pr/work &&
	unchanged gone must_fail 4 minsky -C gone session approve work 2>err &&
	has "rejected .* (stale info)" err
'
test_ok 'the same after a fetch that saw it: exit 4, and the record knows' '
	git -C gone fetch -q --prune origin && git -C "$ws" fetch -q --prune origin &&
	must_fail 4 minsky -C gone session approve work 2>err &&
	has "the PR branch of .work. does not exist" err &&
	has "^hint: .*pr create" err &&
	test "$(git -C gone.git rev-parse main)" = "$main" &&
	minsky -C gone session get work --json >record && json ".session.prState.exists == false" record &&
	minsky -C gone session pr create work --title Again >/dev/null &&
	minsky -C gone session approve work >/dev/null && is_merged gone
'
test_ok 'the PR branch was moved on the remote meanwhile, unseen: exit 4, nothing changed' '
	new_pr pushed && git clone -q pushed.git pushed-other &&
	other=$(git -C pushed-other commit-tree -p main -m other main^{tree}) &&
	git -C pushed-other push -q origin "+$other:refs/heads/pr/work" &&
	unchanged pushed must_fail 4 minsky -C pushed session approve work 2>err &&
	has "rejected .* (stale info)" err && test "$(git -C pushed.git rev-parse pr/work)" = "$other"
'
test_ok 'the PR branch is no prepared merge any more: exit 4, nothing changed' '
	new_pr solo-plain && other=$(git -C solo-plain commit-tree -p main -m x main^{tree}) &&
	git -C solo-plain update-ref refs/heads/pr/work "$other" &&
	must_fail 4 minsky -C solo-plain session approve work 2>err &&
	has "a commit that is not in the workspace" err && has "^hint: prepare the merge again" err &&
	test "$(git -C solo-plain rev-parse main)" = "$main" &&
	test "$(git -C solo-plain rev-parse pr/work)" = "$other"
'
test_ok 'the same where the workspace has that commit' '
	new_pr solo-plain2 && git -C "$ws" push -qf origin work:pr/work &&
	unchanged=$(git -C solo-plain2 for-each-ref) &&
	must_fail 4 minsky -C solo-plain2 session approve work 2>err &&
	has "is not a prepared merge: it has 1 parent, not 2" err &&
	test "$(git -C solo-plain2 for-each-ref)" = "$unchanged"
'
test_ok 'the PR branch deleted in a main repository without a remote' '
	new_pr solo-gone && git -C solo-gone branch -q -D pr/work &&
	must_fail 4 minsky -C solo-gone session approve work 2>err && has "does not exist" err &&
	test "$(git -C solo-gone rev-parse main)" = "$main"
'
test_ok 'the PR branch is checked out in the main repository: exit 4, nothing changed' '
	new_pr solo-review && git -C solo-review switch -q pr/work &&
	unchanged solo-review must_fail 4 minsky -C solo-review session approve work 2>err &&
	has "checked out" err &&
	git -C solo-review switch -q main && minsky -C solo-review session approve work >/dev/null &&
	is_merged solo-review
'
test_ok 'a remote that has the base checked out: exit 4, nothing changed, and what to do' '
	new_pr checked && git -C checked.git config core.bare false && git -C checked.git symbolic-ref HEAD refs/heads/main &&
	unchanged checked must_fail 4 minsky -C checked session approve work 2>err &&
	has "branch is currently checked out" err && has "^hint: .origin. has that branch checked out" err
'
test_ok 'a remote that rejects: exit 4 with its words, nothing local changed' '
	new_pr reject && printf "#!/bin/sh\necho \"the gate is closed\" >&2\nexit 1\n" \
		>reject.git/hooks/pre-receive && chmod +x reject.git/hooks/pre-receive &&
	unchanged reject must_fail 4 minsky -C reject session approve work 2>err &&
	has "the gate is closed" err &&
	must_fail 4 minsky -C reject session approve work --json >out 2>/dev/null &&
	json ".category == \"refused\"" out && json ".message | test(\"gate is closed\")" out &&
	rm reject.git/hooks/pre-receive && minsky -C reject session approve work >/dev/null &&
	is_merged reject
'
test_ok 'a remote that lets nothing be deleted: it lands, and that the PR branch stays is said' '
	new_pr keep && git -C keep.git config receive.denyDeletes true &&
	minsky -C keep session approve work >out 2>err && has "deletion prohibited" err &&
	has "stays on the remote" err && git -C keep.git show-ref -q --verify refs/heads/pr/work &&
	test "$(git -C keep.git rev-parse main)" = "$(git -C keep.git rev-parse pr/work)" &&
	minsky -C keep session pr get work --json >out && json ".session.prState | .exists and .mergedAt != null"
'
test_ok 'the same, and the base has moved: exit 4, nothing changed' '
	new_pr keep-moved && git -C keep-moved.git config receive.denyDeletes true &&
	git clone -q keep-moved.git other && commit_in other file else && git -C other push -q origin main &&
	unchanged keep-moved must_fail 4 minsky -C keep-moved session approve work 2>err
'
test_ok 'a remote that cannot push atomically: it lands, and the PR branch goes' '
	new_pr plain && git -C plain.git config receive.advertiseAtomic false &&
	minsky -C plain session approve work >out 2>err && is_merged plain &&
	must_fail 1 git -C plain.git show-ref -q --verify refs/heads/pr/work
'
test_ok 'the same, and somebody moved the PR branch: exit 4, nothing changed' '
	new_pr plain-moved && git -C plain-moved.git config receive.advertiseAtomic false &&
	git -C plain-moved.git update-ref refs/heads/pr/work main &&
	unchanged plain-moved must_fail 4 minsky -C plain-moved session approve work 2>err &&
	has "not at" err
'
test_ok 'the remote is gone: exit 1, nothing local changed; back again it works' '
	new_pr lost && mv lost.git hidden &&
	unchanged lost must_fail 1 minsky -C lost session approve work 2>err &&
	has "cannot push" err && mv hidden lost.git &&
	minsky -C lost session approve work >/dev/null && is_merged lost
'
test_ok 'commits behind the PR: a warning, and they are not part of it' '
	new_pr behind && commit_in "$ws" file three &&
	minsky -C behind session approve work >out 2>err &&
	has "has newer commits that are not part of its PR" err &&
	test "$(git -C behind.git show main:file)" = two && test "$(cat behind/file)" = two &&
	test "$(cat "$ws/file")" = three
'
test_ok 'a workspace that is not there: exit 4' '
	new_pr nowhere && mv "$ws" moved-away &&
	must_fail 4 minsky -C nowhere session approve work 2>err &&
	has "workspace of .work. does not exist" err && mv moved-away "$ws" &&
	test "$(git -C nowhere.git rev-parse main)" = "$main"
'
# Somebody looks at the session while a ref of DIR moves; what they are told is in $TRASH/looked.
look_while() { # DIR REF MAIN
	hook=$(git -C "$1" rev-parse --path-format=absolute --git-path hooks)/reference-transaction
	cat >"$hook" <<-END
		#!/bin/sh
		[ "\$1" = committed ] && grep -q " $2\$" || exit 0
		unset \$(git rev-parse --local-env-vars)
		timeout 3 minsky -C "$TRASH/$3" session get work --json >>"$TRASH/looked" 2>&1
		exit 0
	END
	chmod 755 "$hook" && rm -f "$TRASH/looked"
}
told_in_order() { # DIR
	minsky -C "$1" journal log --json | jq -r "select(.body.type == \"pr.approved\" or
		.body.type == \"pr.merged\") | .body.type" >told && is_merged "$1" &&
		minsky -C "$1" session get work --json >record && json ".session.prState.approvedHead != null" record
}
test_ok 'who looks while the base moves waits, and the merge is told once' '
	new_pr solo-seen && look_while solo-seen refs/heads/main solo-seen &&
	minsky -C solo-seen session approve work >out && test -e looked && told_in_order solo-seen &&
	printf "pr.approved\npr.merged\n" >want && cmp_files want told
'
test_ok 'who looks while the push is told here tells the merge, and it is approved all the same' '
	new_pr seen && look_while "$ws" refs/remotes/origin/main seen &&
	minsky -C seen session approve work >out && test -s looked && told_in_order seen &&
	printf "pr.merged\npr.approved\n" >want && cmp_files want told
'

test_ok 'from inside the workspace it needs no name' '
	new_pr inside && minsky -C "$ws" session approve --json >out &&
	json ".session.session == \"work\" and .session.status == \"merged\"" out && is_merged inside
'
test_ok 'a remote that is not called origin' '
	make_repo_with_origin up && git -C up remote rename origin upstream 2>/dev/null &&
	minsky -C up session start work --quiet >dir && ws=$(cat dir) &&
	commit_in "$ws" file two && minsky -C up session pr create work --title T >/dev/null &&
	pr=$(git -C up.git rev-parse pr/work) && minsky -C up session approve work >/dev/null &&
	is_merged up && test "$(git -C up rev-parse main)" = "$pr" &&
	test "$(git -C up rev-parse upstream/main)" = "$pr" &&
	git -C up for-each-ref refs/remotes/origin >refs && test ! -s refs
'

# A server that is not on this machine, as far as anyone can tell from the URL.
cat >"$TRASH/fake-ssh" <<'END'
#!/bin/sh
while [ $# -gt 1 ]; do shift; done
eval "$1"
END
chmod +x "$TRASH/fake-ssh"
far_pr() { # DIR
	new_pr "$1" && url="ana@far.invalid:$TRASH/$1.git" &&
		git -C "$1" remote set-url origin "$url" && git -C "$ws" remote set-url origin "$url" &&
		GIT_SSH=$TRASH/fake-ssh && GIT_SSH_VARIANT=ssh &&
		export GIT_SSH GIT_SSH_VARIANT && git -C "$ws" ls-remote -q origin >/dev/null
}

test_ok 'the first push to a base that is not here asks: without a terminal it is refused' '
	far_pr far &&
	unchanged far must_fail 4 minsky -C far session approve work 2>err &&
	has "not pushed to .main." err && has "far.invalid" err && has "^hint: give --yes" err
'
test_ok 'pr.push=no refuses, whatever --yes says is only one push' '
	unchanged far must_fail 4 minsky -C far session approve work -c pr.push=no 2>err &&
	has "pr.push is .no." err
'
test_ok 'a repository cannot say yes for its user' '
	mkdir far/.minsky && echo "pr: { push: yes }" >far/.minsky/config.yaml &&
	must_fail 4 minsky -C far session approve work 2>err && has "not pushed to" err &&
	has "ignored .pr.push." err && rm -r far/.minsky
'
test_ok '--yes pushes, and only this once' '
	minsky -C far session approve work --yes >/dev/null 2>err &&
	test "$(git -C far.git rev-parse main)" = "$pr" && is_merged far &&
	commit_in "$ws" file three && minsky -C far session pr create work --title T2 >/dev/null 2>&1 &&
	must_fail 4 minsky -C far session approve work 2>err && has "not pushed to" err
'
if command -v script >/dev/null; then
	test_ok 'no on a terminal refuses; yes is asked once and remembered' '
		pr=$(git -C far.git rev-parse pr/work) && cd far &&
		echo n | must_fail 4 script -qec "minsky session approve work" ../said >/dev/null &&
		has "push to branch .main. of .*far.invalid.* .y/N." ../said &&
		test "$(git -C ../far.git rev-parse pr/work)" = "$pr" &&
		echo y | script -qec "minsky session approve work" ../said >/dev/null &&
		test "$(git -C ../far.git rev-parse main)" = "$pr" &&
		commit_in "$ws" file four && minsky session pr create work --title T3 >/dev/null 2>&1 &&
		minsky session approve work >/dev/null && test "$(cat file)" = four &&
		minsky session pr get work >/dev/null
	'
else
	test_skip 'a question on a terminal' 'script(1) is not installed'
fi
test_ok 'agreeing to one base does not speak for another' '
	git -C far push -q origin main:release && git -C far fetch -q origin &&
	minsky -C far session start other --base release --quiet >dir 2>/dev/null &&
	ws=$(cat dir) && commit_in "$ws" r r &&
	minsky -C far session pr create other --title R >/dev/null 2>&1 &&
	must_fail 4 minsky -C far session approve other 2>err &&
	has "not pushed to .release." err
'
test_ok 'nor for a host whose name is the end of it' '
	minsky -C far session start suffix --quiet >dir 2>/dev/null && suffix=$(cat dir) &&
	commit_in "$suffix" s s && minsky -C far session pr create suffix --title S >/dev/null 2>&1 &&
	git -C "$suffix" remote set-url origin "ana@invalid:$TRASH/far.git" &&
	must_fail 4 minsky -C far session approve suffix 2>err && has "not pushed to .main. of .*@invalid:" err
'
test_ok 'pr.push=yes in the user'"'"'s own file needs no question' '
	mkdir -p "$XDG_CONFIG_HOME/minsky" &&
	echo "pr: { push: yes }" >"$XDG_CONFIG_HOME/minsky/config.yaml" &&
	minsky -C far session approve other >/dev/null 2>&1 &&
	test "$(git -C far.git show release:r)" = r
'
test_done
