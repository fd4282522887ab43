#!/bin/sh
# What session start takes from the repository, and what list shows of it.
. "$(dirname "$0")/lib.sh"

start() { # DIR ARGUMENT...: the workspace is in $ws, talk in err
	in=$1
	shift
	(cd "$in" && minsky session start "$@" --quiet) >dir 2>err && ws=$(cat dir) && test -d "$ws"
}

setting() { # KEY VALUE
	test "$(git -C "$ws" config "$1")" = "$2" || {
		echo "$1 is '$(git -C "$ws" config "$1")'" >&4
		return 1
	}
}

# The name, from what is given.
test_ok 'named by its task, however that is written' '
	make_repo_with_origin app && start app --task "#0042" && test "$(basename "$ws")" = task-42 &&
	(cd app && minsky session get 42 --json) >record &&
	json ".session | .taskId == \"42\" and .session == \"task-42\" and .branch == \"task-42\"" record
'
test_ok 'named by its description' '
	start app --description "Fix the LOGIN form: it loses focus!" &&
	test "$(basename "$ws")" = fix-the-login-form-it-loses-focus &&
	test "$(git -C "$ws" branch --show-current)" = fix-the-login-form-it-loses-focus
'
test_ok 'a description without a letter that a name could have is refused, with a way on' '
	cd app && must_fail 2 minsky session start --description "???" 2>../err && has "^hint: " ../err
'
test_ok 'a name of its own and a branch of its own' '
	start app named --branch topic/deep --task 7 && test "$(basename "$ws")" = named &&
	test "$(git -C "$ws" branch --show-current)" = topic/deep &&
	(cd app && minsky session get named --json) >record && json ".session.branch == \"topic/deep\"" record
'
test_ok '--quiet says nothing but the directory; --json is one document, and talk stays on stderr' '
	start app quiet && test ! -s err && test "$(wc -l <dir)" -eq 1 &&
	(cd app && minsky session start talk --json) >doc 2>err && test "$(wc -l <doc)" -eq 1 &&
	json ".schema == 2 and .session.session == \"talk\" and .session.status == \"active\"" doc &&
	(cd app && minsky session start more) >out 2>err && has "^session  *more$" out &&
	has "started; go there: cd" err
'

# Where it begins.
test_ok 'from the default branch as last fetched; said, when the local one is elsewhere' '
	make_repo_with_origin ahead && published=$(git -C ahead rev-parse HEAD) &&
	tick && git -C ahead commit -q --allow-empty -m "not published" &&
	(cd ahead && minsky session start one) >out 2>err &&
	has "^minsky: starting from origin/main as last fetched (.\{8\}); your local main is at" err &&
	ws=$(cd ahead && minsky session dir one) && test "$(git -C "$ws" rev-parse HEAD)" = "$published" &&
	test "$(git -C "$ws" rev-parse origin/main)" = "$published"
'
test_ok 'no network and no fetch: the remote may be gone' '
	mv ahead.git elsewhere.git && start ahead two && mv elsewhere.git ahead.git
'
test_ok 'the default branch is what origin says, not a word' '
	git -C ahead.git branch trunk && git -C ahead.git symbolic-ref HEAD refs/heads/trunk &&
	git -C ahead fetch -q && git -C ahead remote set-head origin -a >/dev/null && start ahead three &&
	(cd ahead && minsky session get three --json) >record && json ".session.baseBranch == \"trunk\"" record
'
test_ok '--base: a branch of origin, a local one' '
	git -C ahead push -q origin HEAD:refs/heads/release && git -C ahead fetch -q &&
	tick && git -C ahead switch -q -c mine && git -C ahead commit -q --allow-empty -m mine &&
	git -C ahead switch -q main && start ahead four --base release &&
	test "$(git -C "$ws" rev-parse HEAD)" = "$(git -C ahead rev-parse origin/release)" &&
	start ahead five --base mine &&
	test "$(git -C "$ws" rev-parse HEAD)" = "$(git -C ahead rev-parse mine)" &&
	(cd ahead && minsky session get five --json) >record && json ".session.baseBranch == \"mine\"" record
'

# What makes work correct.
test_ok 'identity, signing, line endings, excludes and attributes come along' '
	make_repo_with_origin copied && cd copied && git config user.name "Local Ana" &&
	git config user.email local@example.invalid && git config user.signingKey KEY &&
	git config commit.gpgSign true && git config gpg.format ssh && git config core.autocrlf input &&
	git config core.eol lf && echo "*.secret" >>.git/info/exclude && echo "*.x -text" >.git/info/attributes &&
	git config alias.mine status && cd .. && start copied one &&
	setting user.name "Local Ana" && setting user.email local@example.invalid &&
	setting user.signingKey KEY && setting commit.gpgSign true && setting gpg.format ssh &&
	setting core.autocrlf input && setting core.eol lf &&
	cmp copied/.git/info/exclude "$ws/.git/info/exclude" &&
	cmp copied/.git/info/attributes "$ws/.git/info/attributes" &&
	touch "$ws/a.secret" && test -z "$(git -C "$ws" status --porcelain)"
'
test_ok 'a partial clone stays one: missing objects still come from where they came' '
	git -C copied.git config uploadpack.allowFilter true &&
	git -C copied.git config uploadpack.allowAnySHA1InWant true &&
	git clone -q --filter=blob:none "file://$TRASH/copied.git" partial && start partial part &&
	setting remote.origin.promisor true && setting remote.origin.partialclonefilter blob:none &&
	test "$(cat "$ws/file")" = one
'
test_ok 'origin is what it is for the repository, with its tracking branches and nothing unpublished' '
	start ahead six && setting remote.origin.url "$TRASH/ahead.git" &&
	git -C ahead for-each-ref --format="%(refname) %(objectname)" refs/remotes/origin >expected &&
	git -C "$ws" for-each-ref --format="%(refname) %(objectname)" refs/remotes/origin >actual &&
	cmp_files expected actual
'

# Every spelling of a URL, without asking anybody.
spelled() { # URL JQ-CONDITION
	rm -rf spelled && make_repo spelled && git -C spelled remote add origin "$1" &&
		git -C spelled update-ref refs/remotes/origin/main HEAD && start spelled "s$((n += 1))" &&
		(cd spelled && minsky session get "s$n" --json) >record && json ".session | $2" record
}
n=0
test_ok 'GitHub, in every spelling' '
	for url in git@github.com:ana/app.git ssh://git@github.com/ana/app \
		https://github.com/ana/app.git/ https://ana:secret@github.com/ana/app; do
		case $url in http*) how=https ;; *) how=ssh ;; esac
		spelled "$url" ".repoName == \"ana/app\" and .backendType == \"github\" and
			.github.owner == \"ana\" and .github.repo == \"app\" and
			.remote.authMethod == \"$how\" and (.repoUrl | contains(\"secret\") | not)" || return 1
	done
'
test_ok 'other servers, and groups inside groups' '
	spelled "https://gitlab.example/group/sub/app.git" ".repoName == \"group/sub/app\" and
		.backendType == \"remote\" and .remote.authMethod == \"https\" and .github == null" &&
	spelled "ssh://git@git.example:2222/group/app.git" ".repoName == \"group/app\" and
		.remote.authMethod == \"ssh\"" &&
	spelled "git.example:app.git" ".backendType == \"remote\" and .remote.authMethod == \"ssh\""
'
test_ok 'a path' '
	spelled "$TRASH/hubs/app.git" ".repoName == \"local-app\" and .backendType == \"local\"" &&
	spelled "file://$TRASH/hubs/app.git" ".repoName == \"local-app\" and .backendType == \"local\""
'

# list
names() {
	sed 1d | sed "s/ .*//" | sort | tr "\n" " "
}
test_ok 'list: at most so many, newest activity first' '
	cd app && minsky session list | sed 1d | wc -l >../n && test "$(cat ../n)" -eq 6 &&
	tick && git -C "$(minsky session dir task-42)" commit -q --allow-empty -m x &&
	minsky session list -n 1 >../list && test "$(names <../list)" = "task-42 " &&
	minsky session list --limit 2 --offset 1 --json >../doc &&
	json ".sessions | length == 2 and all(.session != \"task-42\")" ../doc
'
test_ok 'list: by status, task and words' '
	cd app && tick && minsky session delete quiet >/dev/null 2>&1 &&
	minsky session list --status deleted >../list && test "$(names <../list)" = "quiet " &&
	minsky session list --status active | names >../list && hasnt "quiet" ../list &&
	minsky session list --task "task#7" >../list && test "$(names <../list)" = "named " &&
	minsky session list --text LOGIN >../list && test "$(names <../list)" = "fix-the-login-form-it-loses-focus "
'
test_ok 'list: of another repository, of all' '
	cd app && minsky session list --repo ../copied >../list && test "$(names <../list)" = "one part " &&
	minsky session list --all >../list && has "REPOSITORY" ../list && has "^named " ../list &&
	has "^six " ../list && (cd .. && minsky session list) >../all && cmp_files ../list ../all
'
test_ok 'no session at all: nothing on stdout, an empty list as a document' '
	make_repo empty && cd empty && minsky session list >../out 2>../err && test ! -s ../out &&
	has "no sessions" ../err && minsky session list --json >../doc 2>../err && json ".sessions == []" ../doc
'
test_done
