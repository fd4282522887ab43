#!/bin/sh
# Repositories of every kind: what works, what is refused and by which name.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/refusals.sh"

# A whole session's life: start, commit, PR, approval; then the base holds the file.
lives() { # REPOSITORY NAME [START-OPTION...]
	lives_in=$1
	lives_as=$2
	shift 2
	ws=$(minsky -C "$lives_in" session start "$lives_as" --quiet "$@") && test -d "$ws/.git" &&
		test -z "$(git -C "$ws" status --porcelain)" &&
		tick && echo "$lives_as" >"$ws/$lives_as" && git -C "$ws" add "$lives_as" &&
		git -C "$ws" commit -q -m "add $lives_as" &&
		minsky -C "$lives_in" session pr create "$lives_as" --title "Add $lives_as" >/dev/null &&
		minsky -C "$lives_in" session approve "$lives_as" >/dev/null &&
		minsky -C "$lives_in" session get "$lives_as" --json >"$TRASH/record" &&
		jq -e '.session.status == "merged" and .session.prState.exists == false' \
			"$TRASH/record" >/dev/null &&
		minsky -C "$lives_in" journal log --session "$lives_as" --json >"$TRASH/events" &&
		[ "$(grep -c '"type":"commit.created"' "$TRASH/events")" -eq 1 ] &&
		minsky -C "$lives_in" journal verify >/dev/null
}

holds() { # REPOSITORY BRANCH FILE
	git -C "$1" cat-file -e "$2:$3"
}

test_ok 'a directory to go to that is not there' '
	refused 3 -C missing session list && has "missing" err &&
	documented 3 not-found -C missing session list --json && no_state
'
test_ok 'outside a repository: not found, and a hint at the way in' '
	mkdir outside && cd outside &&
	refused 3 session start fine && has "^hint: .*--repo" ../err &&
	refused 3 session start --task 1 && has "^hint: .*--repo" ../err &&
	refused 3 session get && refused 3 session inspect && refused 3 journal log &&
	refused 3 journal verify && refused 3 init && refused 3 hooks status &&
	refused 3 session pr create --title T && refused 3 session approve &&
	documented 3 not-found session start fine --json &&
	jq -e ".hint | contains(\"--repo\")" ../out >/dev/null && no_state
'
test_ok 'a file is no repository, and neither is the inside of a git directory' '
	make_repo plain && echo x >outside/file && cd outside &&
	refused 3 session start fine --repo file &&
	refused 4 session start fine --repo ../plain/.git && has "^hint: " ../err &&
	refused 4 session start fine --repo ../plain/.git/refs && no_state
'
test_ok 'a damaged git directory is no repository' '
	mkdir -p broken/.git/refs broken/.git/objects && echo "ref: nothing" >broken/.git/HEAD &&
	cd broken && refused 3 session start fine && no_state
'
test_ok 'a directory that is gone below us' '
	mkdir gone && cd gone && rmdir ../gone && refused 3 session start fine && no_state
'

test_ok 'inside a session workspace: refused, and says how' '
	ws=$(minsky -C plain session start outer --quiet) && note_places plain &&
	mkdir "$ws/sub" && make_repo other &&
	for where in "$ws" "$ws/sub"; do
		cd "$where" && refused 4 session start inner && has "workspace of session .outer." "$TRASH/err" &&
		has "^hint: .*--repo .$TRASH/plain.\$" "$TRASH/err" || return 1
	done &&
	cd "$TRASH" &&
	refused 4 session start inner --repo "$ws" &&
	refused 4 session start inner --repo "$ws/sub" &&
	documented 4 refused session start inner --repo "$ws" --json &&
	git -C "$ws" worktree add -q --detach ../beside && cd "$ws/../beside" &&
	refused 4 session start inner && cd "$TRASH" &&
	git -C "$ws" worktree remove ../beside &&
	nothing_left plain
'
test_ok 'from inside a workspace, for the repository that is named: works' '
	cd "$ws" && minsky session start inner --repo "$TRASH/plain" --quiet >"$TRASH/dir" &&
	test -d "$(cat "$TRASH/dir")/.git"
'
test_ok 'another repository that lies inside a workspace is one of its own' '
	make_repo "$ws/nested" && minsky -C "$ws/nested" session start own --quiet >dir &&
	(cd "$ws/nested" && minsky session list) >list && has "^own " list && hasnt "^outer " list &&
	rm -rf "$ws/nested"
'

test_ok 'a repository without commits' '
	git init -q empty && git init -q --bare empty.git && cd empty &&
	refused 4 session start fine && has "no commits" ../err && has "^hint: .*commit" ../err &&
	refused 4 session start fine --base main && has "no commits" ../err &&
	documented 4 refused session start fine --json &&
	cd ../empty.git && refused 4 session start fine && has "no commits" ../err &&
	cd .. && test -z "$(git -C empty for-each-ref)" && note_places plain &&
	hasnt "/empty" places &&
	echo x >empty/x && git -C empty add x && git -C empty commit -q -m x && lives empty fine
'
test_ok 'a branch without commits in a repository that has some' '
	make_repo orphan && git -C orphan checkout -q --orphan new && git -C orphan rm -q -f file &&
	cd orphan && refused 4 session start fine && has "new" ../err && hasnt "repository.*no commits" ../err &&
	has "^hint: .*--base" ../err &&
	cd .. && lives orphan fine --base main && holds orphan main fine
'
test_ok 'a repository that has only been fetched into' '
	make_repo_with_origin source && git init -q fetched && git -C fetched remote add origin \
		"$TRASH/source.git" && git -C fetched fetch -q && lives fetched fine &&
	holds source.git main fine && test -z "$(git -C fetched for-each-ref refs/heads)"
'
test_ok 'a detached HEAD where origin says what the default branch is' '
	make_repo_with_origin detached && git -C detached checkout -q --detach &&
	lives detached fine && holds detached.git main fine && holds detached main fine &&
	must_fail 1 git -C detached symbolic-ref -q HEAD
'
test_ok 'a detached HEAD where nobody does: a base is wanted, and enough' '
	make_repo loose && git -C loose checkout -q --detach && cd loose &&
	refused 4 session start fine && has "detached" ../err && has "^hint: .*--base" ../err &&
	cd .. && lives loose fine --base main && holds loose main fine
'

test_ok 'a shallow main repository' '
	make_repo_with_origin deep && tick && git -C deep commit -q --allow-empty -m second &&
	tick && git -C deep commit -q --allow-empty -m third && git -C deep push -q &&
	git clone -q --depth 1 "file://$TRASH/deep.git" shallow &&
	test "$(git -C shallow rev-parse --is-shallow-repository)" = true &&
	lives shallow fine && holds deep.git main fine && holds shallow main fine &&
	test "$(git -C deep.git rev-list --count main)" -eq 5
'
test_ok 'a shallow main repository without its remote' '
	git clone -q --depth 1 "file://$TRASH/deep.git" cut && git -C cut remote remove origin &&
	lives cut sole && holds cut main sole
'
test_ok 'a main repository without blobs' '
	make_repo_with_origin full && git -C full.git config uploadpack.allowFilter true &&
	git -C full.git config uploadpack.allowAnySHA1InWant true &&
	for i in 1 2 3; do
		tick && echo "$i" >full/old && git -C full add old && git -C full commit -q -m "$i" || return 1
	done &&
	git -C full push -q &&
	git clone -q --filter=blob:none "file://$TRASH/full.git" blobless &&
	git -C blobless rev-list --objects --missing=print main >objects && has "^?" objects &&
	lives blobless fine && holds full.git main fine && holds blobless main fine &&
	git -C "$ws" rev-list --objects --missing=print HEAD >objects && has "^?" objects &&
	test "$(git -C "$ws" show HEAD~2:old)" = 2
'
test_ok 'a sparse main repository gives a workspace that is as sparse' '
	make_repo sparse && mkdir sparse/in sparse/out && echo x >sparse/in/x && echo x >sparse/out/x &&
	git -C sparse add . && git -C sparse commit -q -m dirs && git -C sparse sparse-checkout set in &&
	test ! -e sparse/out && lives sparse fine && test -e "$ws/in/x" && test ! -e "$ws/out" && test ! -e sparse/out
'

# extensions.* and what libgit2 makes of them
test_ok 'extensions.worktreeConfig in format 1' '
	make_repo_with_origin wtc && git -C wtc config core.repositoryformatversion 1 &&
	git -C wtc config extensions.worktreeConfig true &&
	lives wtc fine && holds wtc.git main fine
'
test_ok 'extensions.partialClone in format 1' '
	make_repo_with_origin pc && git -C pc config core.repositoryformatversion 1 &&
	git -C pc config extensions.partialClone origin &&
	lives pc fine && holds pc.git main fine
'
test_ok 'SHA-256 object ids are refused by name' '
	git init -q --object-format=sha256 sha256 && git -C sha256 commit -q --allow-empty -m first &&
	note_places plain && cd sha256 &&
	refused 1 session start fine && has "sha256" ../err &&
	documented 1 unsupported session start fine --json &&
	refused 1 init && cd .. && nothing_left plain && test ! -e sha256/.git/minsky
'
test_ok 'reftable is refused by name, in both formats' '
	note_places plain &&
	for format in 0 1; do
		make_repo "reftable$format" &&
		git -C "reftable$format" config extensions.refStorage reftable &&
		git -C "reftable$format" config core.repositoryformatversion "$format" || :
		cd "$TRASH/reftable$format" &&
		refused 1 session start fine && has "reftable" ../err &&
		documented 1 unsupported session start fine --json &&
		test ! -e .git/minsky && cd .. || return 1
	done &&
	nothing_left plain
'
test_ok 'an extension that nobody knows is refused by name' '
	make_repo future && git -C future config extensions.timeTravel true &&
	sed -i "s/repositoryformatversion = 0/repositoryformatversion = 1/" future/.git/config &&
	cd future && refused 1 session start fine && has "timetravel" ../err && test ! -e .git/minsky
'
test_ok 'git older than 2.38 is refused by name, and git that is not there' '
	note_places plain && mkdir old none && real=$(command -v git) &&
	printf "#!/bin/sh\n[ \"\$1\" != version ] || { echo git version 2.37.9; exit; }\nexec %s \"\$@\"\n" \
		"$real" >old/git && chmod +x old/git && cd plain &&
	(PATH=$TRASH/old:$PATH && refused 1 session start fine && has "git 2.37 is too old" ../err &&
		has "^hint: .*2.38" ../err && documented 1 unsupported session start fine --json) &&
	(minsky() { PATH=$TRASH/none "$MINSKY_BUILD/src/cli/minsky" "$@"; } &&
		refused 1 session start fine && has "git" ../err && has "^hint: install git" ../err) &&
	cd .. && nothing_left plain
'

if [ "$(id -u)" -eq 0 ] && (
	make_repo "$TRASH/foreign" && chown -R nobody "$TRASH/foreign"
); then
	test_ok 'a repository of another user is refused, as git refuses it' '
		note_places plain && cd foreign &&
		refused 4 session start fine && has "another user" ../err &&
		has "^hint: .*safe.directory .$TRASH/foreign. && .*safe.directory .$TRASH/foreign/.git.\$" \
			../err &&
		refused 4 init && documented 4 refused session start fine --json &&
		cd .. && refused 4 session start fine --repo foreign &&
		nothing_left plain && test ! -e foreign/.git/minsky
	'
	test_ok 'what the hint says makes it work, and its objects are not shared' '
		refused 4 session start fine --repo foreign &&
		sh -c "$(sed -n "s/^hint: if you trust it: //p" err)" &&
		ws=$(minsky -C foreign session start fine --quiet) &&
		test "$(find "$ws/.git/objects" -type f ! -user "$(id -un)" | wc -l)" -eq 0 &&
		test "$(find "$ws/.git/objects" -type f -links +1 | wc -l)" -eq 0 &&
		lives foreign whole && holds foreign main whole &&
		git config --global --unset-all safe.directory
	'
else
	test_skip 'a repository of another user' 'takes root to make one'
fi

test_ok 'a linked worktree as the main repository' '
	make_repo_with_origin trunk && git -C trunk worktree add -q -b side "../tree" &&
	lives tree fine && holds trunk.git main fine && holds trunk main fine &&
	test "$(cat trunk/fine)" = fine &&
	(cd trunk && minsky session list) >list && has "^fine " list
'
test_ok 'a linked worktree of a repository without a remote: its branch is the base' '
	make_repo lonely && git -C lonely worktree add -q -b side "../lonely-tree" &&
	lives lonely-tree fine && holds lonely side fine && test "$(cat lonely-tree/fine)" = fine &&
	must_fail 128 git -C lonely cat-file -e main:fine 2>/dev/null &&
	test -z "$(git -C lonely-tree status --porcelain)" && test -z "$(git -C lonely status --porcelain)"
'
test_ok 'a linked worktree of a bare repository' '
	git clone -q --bare trunk.git hub.git && git -C hub.git remote remove origin &&
	git -C hub.git worktree add -q ../hub-tree main && lives hub-tree fine2 &&
	holds hub.git main fine2 && test "$(cat hub-tree/fine2)" = fine2
'
test_ok 'a submodule as the main repository' '
	make_repo super && git -C super -c protocol.file.allow=always submodule --quiet add \
		"$TRASH/trunk.git" module >/dev/null && git -C super commit -q -m module &&
	lives super/module inside && holds trunk.git main inside
'

test_ok 'a remote that is a relative path: the one beside each repository' '
	mkdir -p here there && make_repo_with_origin here/hub && make_repo_with_origin there/hub &&
	for dir in here there; do
		git clone -q "$dir/hub.git" "$dir/app" && git -C "$dir/app" remote set-url origin ../hub.git &&
		lives "$dir/app" "$dir" && holds "$dir/hub.git" main "$dir" &&
		test "$(jq -r .session.repoUrl record)" = "$TRASH/$dir/hub.git" || return 1
	done &&
	minsky -C here/app session list --json >list &&
	jq -e "[.sessions[].session] == [\"here\"]" list
'
test_ok 'what a hook of another repository has in its environment does not mislead' '
	make_repo mine && make_repo yours && git -C yours for-each-ref >refs &&
	GIT_DIR=$TRASH/yours/.git GIT_WORK_TREE=$TRASH/yours GIT_INDEX_FILE=$TRASH/yours/.git/index \
		GIT_COMMON_DIR=$TRASH/yours/.git GIT_OBJECT_DIRECTORY=$TRASH/yours/.git/objects \
		GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.bare GIT_CONFIG_VALUE_0=true \
		minsky -C mine session start fine --quiet >dir &&
	test "$(git -C "$(cat dir)" config remote.origin.url)" = "$TRASH/mine" &&
	test ! -e yours/.git/minsky && git -C yours for-each-ref >refs.now && cmp_files refs refs.now
'

strange() { # TITLE DIRECTORY
	dir=$2
	test_ok "a path with $1" '
		make_repo_with_origin "$dir" && lives "$dir" fine && holds "$dir.git" main fine &&
		test "$(git -C "$ws" remote get-url origin)" = "$TRASH/$dir.git" &&
		make_repo "$dir alone" && lives "$dir alone" fine && holds "$dir alone" main fine &&
		minsky -C "$dir" session list --json >list && jq -e ".sessions | length == 1" list &&
		minsky -C "$dir" session get fine >list && printable list
	'
}
strange 'spaces' ' a  b '
strange 'quotes' "it's \"quoted\""
strange 'a backslash' 'back\slash\n'
# shellcheck disable=SC2016
strange 'what a shell would obey' '$(touch F);`id`&*?[a]'
strange 'letters of many alphabets' 'naïve-日本-код-🎉'
mkdir -p "$TRASH/dash"
strange 'a leading dash' 'dash/-rf'
strange 'a hash and a percent sign' 'a#b%20c?d'
strange 'a colon' 'host:path'
test_ok 'no shell has seen those paths' '
	test -z "$(find . -name F)"
'
newline='
'
test_ok 'a path with a newline is refused by name, wherever the newline is' '
	note_places plain &&
	for dir in "two${newline}lines" "end$newline" "two${newline}"/tmp; do
		mkdir -p "$dir" && make_repo "$dir" && (cd "$dir" && refused 1 session start fine) &&
		has "newline" err && documented 1 unsupported session start fine --json --repo "$dir" &&
		test ! -e "$dir/.git/minsky" || return 1
	done &&
	git init -q --bare "bare$newline$TRASH/plain" &&
	refused 1 session start fine --repo "bare$newline$TRASH/plain" && has "newline" err &&
	nothing_left plain
'
test_ok 'a path that is no text, and one with an escape' '
	note_places plain && dir=$(printf "a\377b") && make_repo "$dir" &&
	refused 1 session start fine --repo "$dir" && has "UTF-8" err && test ! -e "$dir/.git/minsky" &&
	for dir in "$(printf "a\033[31mb")" "$(printf "a\302\233b")"; do
		make_repo "$dir" && refused 1 session start fine --repo "$dir" && has "control" err &&
		documented 1 unsupported session start fine --repo "$dir" --json &&
		test ! -e "$dir/.git/minsky" || return 1
	done &&
	nothing_left plain
'

canary=swordfish7Canary
# Nowhere but in the configuration of git itself, which is what the user wrote there.
hidden() {
	grep -rl "$canary" "$XDG_STATE_HOME/minsky" >"$TRASH/found"
	hasnt -v "/\.git/config\$" "$TRASH/found"
}
secret=fine0
credential() { # TITLE URL REPO-NAME STORED-URL
	secret=fine$((${secret#fine} + 1))
	url=$2
	name=$3
	stored=$4
	test_ok "a credential in the remote's URL is stored and shown nowhere: $1" '
		rm -rf secret && make_repo secret && git -C secret remote add origin "$url" &&
		chmod 600 secret/.git/config &&
		git -C secret update-ref refs/remotes/origin/main main && cd secret &&
		minsky session start "$secret" >../out 2>../err && hasnt "$canary" ../out && hasnt "$canary" ../err &&
		ws=$(minsky session dir "$secret") && test "$(git -C "$ws" config remote.origin.url)" = "$url" &&
		test "$(stat -c %a "$ws/.git/config")" = 600 &&
		minsky session get "$secret" --json >../out && hasnt "$canary" ../out &&
		test "$(jq -r .session.repoName ../out)" = "$name" &&
		test "$(jq -r .session.repoUrl ../out)" = "$stored" &&
		minsky session get "$secret" >../out && hasnt "$canary" ../out &&
		minsky journal log --json >../out && hasnt "$canary" ../out &&
		tick && git -C "$ws" commit -q --allow-empty -m work && echo x >"$ws/x" &&
		git -C "$ws" add x && git -C "$ws" commit -q -m more &&
		must_fail 1 minsky session pr create "$secret" --title T >../out 2>../err &&
		hasnt "$canary" ../out && hasnt "$canary" ../err &&
		must_fail 1 minsky session pr create "$secret" --title T --fetch --json >../out 2>../err &&
		hasnt "$canary" ../out && hasnt "$canary" ../err &&
		hidden
	'
}
# Nobody listens on port 1.
credential 'a password' "https://ana:$canary@127.0.0.1:1/org/repo.git" org/repo \
	'https://127.0.0.1:1/org/repo.git'
credential 'a token for a user' "https://${canary}0123456789abcdef@127.0.0.1:1/org/tok.git" \
	org/tok 'https://127.0.0.1:1/org/tok.git'
credential 'a password for ssh' "ssh://ana:$canary@127.0.0.1:1/org/ssh.git" org/ssh \
	'ssh://127.0.0.1:1/org/ssh.git'
test_ok 'a credential in the query' '
	make_repo query && git -C query remote add origin \
		"https://127.0.0.1:1/org/q.git?access_token=$canary" &&
	(cd query && minsky session start fine --json) >out 2>err &&
	hasnt "$canary" out && hasnt "$canary" err && hidden &&
	test "$(jq -r .session.repoUrl out)" = https://127.0.0.1:1/org/q.git
'
test_ok 'a credential that insteadOf puts in' '
	make_repo instead && git -C instead remote add origin forge:org/repo &&
	git -C instead config "url.https://ana:$canary@127.0.0.1:1/.insteadOf" forge: &&
	(cd instead && minsky session start fine --json) >out 2>err &&
	hasnt "$canary" out && hasnt "$canary" err && hidden &&
	test "$(jq -r .session.repoUrl out)" = https://127.0.0.1:1/org/repo
'
test_done
