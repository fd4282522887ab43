#!/bin/sh
# minsky trust: what a repository's file may decide, and a store that stays where it is.
. "$(dirname "$0")/lib.sh"
[ "$MINSKY_TEST_BACKEND" = json ] || skip_all "trust is the same whatever store it is about"
unset MINSKY_SESSION_BACKEND

user=$XDG_CONFIG_HOME/minsky/config.yaml
repo=app/.minsky/config.yaml
trusted=$XDG_STATE_HOME/minsky/trust.json
mkdir -p "$XDG_CONFIG_HOME/minsky"

get_is() { # KEY VALUE
	got=$(minsky -C "$TRASH/app" config get "$1" 2>"$TRASH/err") || {
		cat "$TRASH/err" >&4
		return 1
	}
	[ "$got" = "$2" ] || {
		echo "$1 is '$got', not '$2'" >&4
		return 1
	}
}

says() { # TEXT: the repository's file
	mkdir -p "$TRASH/app/.minsky" && printf '%b' "$1" >"$TRASH/$repo"
}

test_ok 'an untrusted key is ignored with one warning that names it and the command, exit 0' '
	make_repo app && minsky -C app init --skip-hooks >out 2>err &&
	says "sessiondb:\n  json: { path: $TRASH/theirs.json }\n  hub: postgres://evil/m\npager: rm -rf x\ncolor: never\n" &&
	minsky -C app session list >out 2>err && test "$(grep -c "cannot choose" err)" -eq 1 &&
	has "config.yaml: ignored .sessiondb.json.path., .sessiondb.hub., .pager.: .*minsky trust" err &&
	get_is color never && test ! -e theirs.json && test ! -e "$trusted"
'
test_ok 'a dry run shows what would be trusted' '
	minsky -C app trust --dry-run >out && has "^would trust *sessiondb.json.path = $TRASH/theirs.json$" out &&
	has "^would trust *sessiondb.hub = postgres://evil/m$" out && test ! -e "$trusted"
'
test_ok 'trust of one key is for that key alone; the file is private' '
	minsky -C app trust sessiondb.json.path >out 2>err &&
	has "^trusted *sessiondb.json.path = $TRASH/theirs.json$" out && test "$(wc -l <out)" -eq 1 &&
	test "$(stat -c %a "$trusted")" = 600 && get_is sessiondb.json.path "$TRASH/theirs.json" &&
	has "ignored .sessiondb.hub., .pager.: " err && minsky -C app session list >out 2>err && test -f theirs.json
'
test_ok 'it is the value that is trusted: another one is not' '
	says "sessiondb: { json: { path: $TRASH/other.json } }\n" &&
	get_is sessiondb.json.path "$XDG_STATE_HOME/minsky/session-db.json" && has "ignored .sessiondb.json.path." err &&
	says "color: auto\nsessiondb:\n  json:\n    path: \"$TRASH/theirs.json\"\n" &&
	get_is sessiondb.json.path "$TRASH/theirs.json" && test ! -s err
'
test_ok 'it is trusted in this repository: in another one it is not' '
	make_repo two && minsky -C two init --skip-hooks >out 2>err && cp -r app/.minsky two/ &&
	minsky -C two config get sessiondb.json.path >out 2>err && has "session-db.json" out &&
	has "ignored .sessiondb.json.path." err
'
test_ok 'inside a session the main repository'"'"'s trust counts' '
	minsky -C app session start work --quiet >dir 2>err && test ! -s err &&
	minsky -C "$(cat dir)" config get sessiondb.json.path >out 2>err && has "^$TRASH/theirs.json$" out
'
test_ok 'the list, here and everywhere' '
	minsky -C app trust --list >out && echo "trusted     sessiondb.json.path = $TRASH/theirs.json" >expected &&
	cmp_files expected out && minsky -C two trust --list >out && test ! -s out &&
	minsky trust --list --all --json >out && json ".trusted | length == 1 and .[0].key == \"sessiondb.json.path\"" out
'
test_ok 'revoked, it is ignored again' '
	must_fail 2 minsky -C app trust --revoke nonsense 2>err && minsky -C app trust --revoke color --json >out &&
	json ".revoked == 0" out && minsky -C app trust --revoke sessiondb.json.path --json >out &&
	json ".revoked == 1" out && get_is sessiondb.json.path "$XDG_STATE_HOME/minsky/session-db.json" &&
	has "ignored .sessiondb.json.path." err
'
test_ok 'trust makes a repository known that was not' '
	make_repo new && cp -r app/.minsky new/ && minsky -C new trust >out 2>err && has "^trusted *sessiondb.json.path" out &&
	minsky -C new config get sessiondb.json.path >out && has "^$TRASH/theirs.json$" out
'
test_ok 'a place that the user'"'"'s own environment names needs no trust' '
	says "sessiondb:\n  backend: json\n  postgres: { url: \"\${MINSKY_TEAM_URL}\" }\n" &&
	MINSKY_TEAM_URL=postgres://db/team && export MINSKY_TEAM_URL &&
	get_is sessiondb.postgres.url postgres://db/team && test ! -s err && unset MINSKY_TEAM_URL &&
	must_fail 2 minsky -C app config get color 2>err && has "config.yaml:3: .* uses \${MINSKY_TEAM_URL}, which is not set" err &&
	says "sessiondb: { postgres: { url: \"postgres://evil/\${USER}\" } }\n" && get_is color auto &&
	has "ignored .sessiondb.postgres.url." err
'
test_ok 'other variables of the environment are none of a repository'"'"'s business until it is trusted' '
	SECRET_TOKEN=x1y2 && export SECRET_TOKEN && says "session: { base: \"a-\${SECRET_TOKEN}\" }\n" &&
	must_fail 3 minsky -C app config get session.base 2>err && has "ignored .session.base." err && hasnt x1y2 err &&
	minsky -C app trust >out 2>err && has "session.base = a-\${SECRET_TOKEN}$" out && get_is session.base a-x1y2
'
test_ok 'a module that did not come with minsky is not loaded on a repository'"'"'s word' '
	says "sessiondb: { backend: evil }\n" && minsky -C app session list >out 2>err &&
	has "ignored .sessiondb.backend." err && get_is sessiondb.backend json &&
	minsky -C app trust >out 2>err && must_fail 2 minsky -C app session list 2>err && has "there is no backend .evil." err &&
	minsky -C app trust --revoke 2>err && minsky -C app session list >out 2>err
'
test_ok 'a credential is not taken from a file that others read, trusted or not' '
	says "sessiondb: { postgres: { url: \"postgres://u:s3cret@h/d\" } }\n" && minsky -C app trust >out 2>err &&
	hasnt s3cret out && hasnt s3cret err && test ! -s out &&
	must_fail 3 minsky -C app config get sessiondb.postgres.url 2>err && has "chmod 600" err
'
test_ok 'damaged trust is damage, not "nothing is trusted"' '
	cp "$trusted" saved && says "pager: x\n" && echo "{" >"$trusted" && must_fail 6 minsky -C app session list 2>err &&
	has "trust.json" err && has "^hint: move it away" err && cp saved "$trusted" &&
	chmod 666 "$trusted" && must_fail 4 minsky -C app session list 2>err && chmod 600 "$trusted" &&
	minsky -C app session list >out 2>err && rm -r app/.minsky
'

# The store, and the branch that is checked out.
store_is() { # NAME
	get_is sessiondb.backend "$1"
}

test_ok 'the deciding branch is followed as it is: an edit counts at once' '
	store_is json && says "sessiondb: { backend: sqlite }\n" && store_is sqlite &&
	git -C app add . && git -C app commit -q -m sqlite && store_is sqlite
'
test_ok 'a file that git is just writing, on the way to another branch, is no edit' '
	touch app/.git/index.lock && says "sessiondb: { backend: postgres }\n" && store_is sqlite &&
	git -C app show main:.minsky/config.yaml >"$repo" && rm app/.git/index.lock && store_is sqlite && test ! -s err
'
test_ok 'a branch without the file leaves the store where it is' '
	git -C app checkout -q --orphan empty && git -C app rm -q -r -f --cached . && rm -r app/.minsky &&
	store_is sqlite && test ! -s err && minsky -C app config show --origin >out &&
	has "^sessiondb.backend  *sqlite  (.*/app/.minsky/config.yaml of branch main)$" out
'
test_ok 'so does a branch that names another one, and says so' '
	says "sessiondb: { backend: postgres }\ncolor: never\n" && store_is sqlite &&
	has "ignored .sessiondb.backend.: the store is determined by branch .main.; to use this branch: minsky trust" err &&
	get_is color never
'
test_ok 'so does a detached HEAD, and a session' '
	git -C app add . && git -C app commit -q -m postgres && git -C app checkout -q --detach && store_is sqlite &&
	ws=$(cat dir) && test "$(minsky -C "$ws" config get sessiondb.backend 2>/dev/null)" = sqlite &&
	git -C app checkout -q -f main && store_is sqlite && test ! -s err
'
test_ok 'a trusted path stays too, as long as it is trusted' '
	says "sessiondb:\n  backend: sqlite\n  sqlite: { path: $TRASH/s.db }\n" && minsky -C app trust >out 2>err &&
	get_is sessiondb.sqlite.path "$TRASH/s.db" && git -C app checkout -q -f empty &&
	get_is sessiondb.sqlite.path "$TRASH/s.db" && store_is sqlite &&
	minsky -C app trust --revoke 2>err && get_is sessiondb.sqlite.path "$XDG_STATE_HOME/minsky/sessions.db"
'
test_ok 'trust goes by the branch that is checked out from then on' '
	minsky -C app trust >out 2>err && store_is postgres && git -C app checkout -q -f main && store_is postgres &&
	has "the store is determined by branch .empty." err && minsky -C app trust >out 2>err && store_is sqlite
'
test_ok 'the end of the deciding branch leaves it to the one that is checked out' '
	git -C app checkout -q -f empty && store_is sqlite && git -C app pack-refs --all && store_is sqlite &&
	git -C app branch -q -D main && store_is postgres && git -C app checkout -q --detach && store_is postgres
'
test_ok 'what the user says is above all that' '
	minsky -C app config set --here sessiondb.backend json >out 2>err && store_is json &&
	(MINSKY_SESSION_BACKEND=sqlite && export MINSKY_SESSION_BACKEND && store_is sqlite) && rm "$user"
'
test_ok 'a damaged memory of the branch is said, and trust puts it right' '
	git -C app checkout -q -f empty && file=$(ls "$XDG_STATE_HOME"/minsky/journal/local-app-*/store.json) &&
	echo "{" >"$file" && must_fail 6 minsky -C app session list 2>err && has "store.json" err &&
	has "^hint: .*: minsky trust" err && minsky -C app trust 2>err && store_is postgres
'
test_ok 'options that do not go together' '
	must_fail 2 minsky -C app trust --list --revoke 2>err && must_fail 2 minsky -C app trust --all 2>err &&
	must_fail 3 minsky trust 2>err
'
test_done
