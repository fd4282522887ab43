#!/bin/sh
# Settings: which of five places decides, what a mistake is answered with, what a repository may say.
. "$(dirname "$0")/lib.sh"
[ "$MINSKY_TEST_BACKEND" = json ] || skip_all "it is the json store that is taken away and broken here"
unset MINSKY_SESSION_BACKEND

user=$XDG_CONFIG_HOME/minsky/config.yaml
mkdir -p "$XDG_CONFIG_HOME/minsky" "$TRASH/stores"

# One session list, and the stores that are there afterwards.
store_is() { # FILE [ARGUMENT...]
	wanted=$1
	shift
	rm -rf "$TRASH/stores" "$XDG_STATE_HOME/minsky/session-db.json"
	mkdir "$TRASH/stores"
	minsky -C "$TRASH/app" session list --json "$@" >"$TRASH/list" 2>"$TRASH/err" || {
		cat "$TRASH/err" >&4
		return 1
	}
	json '.sessions | length == 1' "$TRASH/list" || return 1
	{
		find "$TRASH/stores" -name '*.json'
		find "$XDG_STATE_HOME/minsky" -maxdepth 1 -name 'session-db.json'
	} >"$TRASH/found"
	echo "$wanted" >"$TRASH/wanted"
	cmp_files "$TRASH/wanted" "$TRASH/found"
}

test_ok 'the default: session-db.json in the state directory' '
	make_repo app && minsky -C app session start work --quiet >dir && ws=$(cat dir) &&
	store_is "$XDG_STATE_HOME/minsky/session-db.json" && test ! -s err
'
test_ok 'the state directory without XDG_STATE_HOME is ~/.local/state' '
	(unset XDG_STATE_HOME && make_repo plain && minsky -C plain session start x --quiet >where) &&
	has "^$HOME/.local/state/minsky/sessions/local-plain-......../x$" where &&
	test -f "$HOME/.local/state/minsky/session-db.json" &&
	test "$(stat -c %a "$HOME/.local/state/minsky/session-db.json")" = 600 &&
	test "$(stat -c %a "$HOME/.local/state/minsky")" = 700
'
test_ok 'above it the user'"'"'s file' '
	echo "sessiondb: { json: { path: \"$TRASH/stores/user.json\" } }" >"$user" &&
	store_is "$TRASH/stores/user.json" && test ! -s err
'
test_ok 'a repository'"'"'s file does not decide where data goes: ignored, said once, exit 0' '
	mkdir app/.minsky && printf "sessiondb:\n  json:\n    path: %s/stores/repo.json\n" "$TRASH" \
		>app/.minsky/config.yaml &&
	store_is "$TRASH/stores/user.json" &&
	has "app/.minsky/config.yaml: ignored .sessiondb.json.path.: a repository.s file cannot choose" err &&
	test "$(wc -l <err)" -eq 1
'
test_ok 'inside the session'"'"'s workspace it is the main repository'"'"'s file that counts' '
	mkdir "$ws/.minsky" && echo "[ not yaml" >"$ws/.minsky/config.yaml" &&
	minsky -C "$ws" session list --json >list 2>err && json ".sessions | length == 1" list &&
	has "app/.minsky/config.yaml: ignored" err && rm -r "$ws/.minsky"
'
test_ok 'a bare repository'"'"'s file is that of its HEAD' '
	git init -q seed && mkdir seed/.minsky && echo "sessiondb: { json: { path: /x } }" \
		>seed/.minsky/config.yaml && git -C seed add . && git -C seed commit -q -m x &&
	git clone -q --bare seed bare.git && git -C bare.git remote remove origin &&
	minsky -C bare.git session list >/dev/null 2>err &&
	has "HEAD:.minsky/config.yaml: ignored .sessiondb.json.path." err
'
test_ok 'a key that a repository may set counts above the user'"'"'s' '
	git -C app branch release && cat app/.minsky/config.yaml >saved &&
	echo "sessiondb: { backend: json }" >app/.minsky/config.yaml &&
	echo "sessiondb: { backend: sqlite }" >"$user" &&
	store_is "$XDG_STATE_HOME/minsky/session-db.json" && test ! -s err &&
	echo "sessiondb: { json: { path: \"$TRASH/stores/user.json\" } }" >"$user" &&
	cat saved >app/.minsky/config.yaml
'
test_ok 'above them the environment' '
	MINSKY_JSON_PATH=$TRASH/stores/env.json && export MINSKY_JSON_PATH &&
	store_is "$TRASH/stores/env.json"
'
test_ok 'above all the command line' '
	store_is "$TRASH/stores/line.json" -c "sessiondb.json.path=$TRASH/stores/line.json" &&
	store_is "$TRASH/stores/line2.json" "--config=sessiondb.json.path=$TRASH/stores/line2.json" &&
	unset MINSKY_JSON_PATH && rm -r app/.minsky
'
test_ok 'an empty variable decides nothing' '
	(MINSKY_JSON_PATH= && export MINSKY_JSON_PATH && store_is "$TRASH/stores/user.json")
'
test_ok '~ and variables expand' '
	mkdir -p "$HOME/my" && echo "sessiondb: { json: { path: ~/my/store.json } }" >"$user" &&
	minsky -C app session list >/dev/null && test -f "$HOME/my/store.json" &&
	PLACE=$TRASH/stores && export PLACE &&
	echo "sessiondb: { json: { path: \"\${PLACE}/\${USER}.json\" } }" >"$user" &&
	store_is "$TRASH/stores/ana.json" && unset PLACE
'
test_ok 'a variable that is not set: exit 2 with file, line and name' '
	printf "sessiondb:\n  json:\n    path: \${NO_SUCH_PLACE}/x.json\n" >"$user" &&
	must_fail 2 minsky -C app session list 2>err &&
	has "minsky/config.yaml:3: .sessiondb.json.path. uses \${NO_SUCH_PLACE}, which is not set" err &&
	has "^hint: set NO_SUCH_PLACE" err
'
test_ok 'a path that is not absolute: exit 2 with the place' '
	echo "sessiondb: { json: { path: store.json } }" >"$user" &&
	must_fail 2 minsky -C app session list 2>err && has "config.yaml:1: .* cannot be .store.json." err &&
	has "^hint: write an absolute path" err &&
	echo >"$user" && must_fail 2 minsky -C app session list -c sessiondb.json.path=x 2>err &&
	has "command line: .* cannot be .x." err
'
test_ok 'a syntax error in the user'"'"'s file: file:line:column, exit 2, for every command' '
	printf "sessiondb:\n  json:\n    path: [oh\n" >"$user" &&
	for asked in "session list" "session get work" "session start other" sync; do
		must_fail 2 minsky -C app $asked >out 2>err && test ! -s out &&
			has "^minsky: .*/minsky/config.yaml:[0-9]*:[0-9]*: " err &&
			has "^hint: .*minsky-config" err && hasnt "^usage:" err || return 1
	done &&
	must_fail 2 minsky -C app session list --json >out &&
	json ".category == \"usage\" and .code == 2 and (.message | test(\"config.yaml:[0-9]+:[0-9]+: \"))" out &&
	must_fail 2 minsky session list 2>err && has "config.yaml:[0-9]*:[0-9]*: " err
'
test_ok 'git goes on: hooks read no settings' '
	tick && echo two >"$ws/file" && git -C "$ws" commit -q -a -m two >said 2>&1 && test ! -s said
'
test_ok 'a tab where a space must be: line and column are those an editor shows' '
	printf "color: auto\nsessiondb:\n\tbackend: json\n" >"$user" &&
	must_fail 2 minsky -C app session list 2>err && has "minsky/config.yaml:3:1: " err
'
test_ok 'a syntax error in the repository'"'"'s file' '
	: >"$user" && mkdir app/.minsky && printf "a: b\n c: d: e\n" >app/.minsky/config.yaml &&
	must_fail 2 minsky -C app session list 2>err && has "app/.minsky/config.yaml:2:[0-9]*: " err &&
	rm -r app/.minsky
'
test_ok 'a list, a section or a value where the other is wanted' '
	printf "sessiondb:\n  backend: [json]\n" >"$user" &&
	must_fail 2 minsky -C app session list 2>err && has "config.yaml:2:[0-9]*: .sessiondb.backend. must be a single value" err &&
	printf "sessiondb: json\n" >"$user" &&
	must_fail 2 minsky -C app session list 2>err && has "config.yaml:1:[0-9]*: .sessiondb. has keys below it" err
'
test_ok 'an unknown key: a warning with its place and a suggestion, exit 0' '
	printf "sessiondb:\n  backedn: json\ncolour: always\nunheard: of\n" >"$user" &&
	minsky -C app session list >out 2>err && has "^work" out &&
	has "config.yaml:2:3: unknown key .sessiondb.backedn.; did you mean .sessiondb.backend.?" err &&
	has "config.yaml:3:1: unknown key .colour.; did you mean .color.?" err &&
	has "config.yaml:4:1: unknown key .unheard.$" err &&
	minsky -C app session list --json >out 2>err && json ".sessions | length == 1" out
'
test_ok 'an unknown key on the command line is a mistake: exit 2' '
	: >"$user" && must_fail 2 minsky -C app session list -c colour=always 2>err &&
	has "unknown setting .colour." err && has "^hint: did you mean .color.?" err &&
	must_fail 2 minsky -C app session list -c color 2>err && has "^hint: write it as KEY=VALUE" err &&
	must_fail 2 minsky -C app session list -c 2>err && has "requires a value" err
'
test_ok 'a bogus backend: exit 2, and those there are' '
	echo "sessiondb: { backend: mongodb }" >"$user" &&
	must_fail 2 minsky -C app session list 2>err &&
	has "config.yaml:1.: there is no backend .mongodb." err && has "^hint: available backends: json" err &&
	: >"$user" &&
	(MINSKY_SESSION_BACKEND=mongodb && export MINSKY_SESSION_BACKEND &&
		must_fail 2 minsky -C app session list 2>err && has "MINSKY_SESSION_BACKEND): " err) &&
	must_fail 2 minsky -C app session list -c sessiondb.backend=../json 2>err &&
	must_fail 2 minsky -C app session list -c sessiondb.backend= 2>err &&
	must_fail 2 minsky -C app session list -c sessiondb.backend=mongodb --json >out &&
	json ".category == \"usage\" and .code == 2 and (.hint | test(\"json\"))" out
'
test_ok 'the seed'"'"'s spellings are understood, and said to be old' '
	echo "sessiondb: { json: { dbPath: \"$TRASH/stores/old.json\" } }" >"$user" &&
	store_is "$TRASH/stores/old.json" &&
	has "old name: .sessiondb.json.dbPath. is now .sessiondb.json.path." err
'
test_ok 'a store in a directory that is not there: an error or a new directory, never silence' '
	: >"$user" && minsky -C app session list --json -c "sessiondb.json.path=$TRASH/stores/a/b/s.json" >out &&
	json ".sessions | length == 1" out && test -f stores/a/b/s.json
'
test_ok 'two stores one after the other agree, since both are filled from the journal' '
	minsky -C app session get work --json -c "sessiondb.json.path=$TRASH/stores/one.json" >one &&
	minsky -C app session get work --json -c "sessiondb.json.path=$TRASH/stores/two.json" >two &&
	cmp_files one two && cmp_files stores/one.json stores/two.json
'
test_ok 'session.workspaceRoot: the user decides, the repository does not' '
	minsky -C app session start rooted --quiet -c "session.workspaceRoot=$TRASH/my work" >dir &&
	has "^$TRASH/my work/local-app-......../rooted$" dir && test -d "$(cat dir)/.git" &&
	mkdir app/.minsky && echo "session: { workspaceRoot: \"$TRASH/evil\" }" >app/.minsky/config.yaml &&
	minsky -C app session start kept --quiet >dir 2>err && has "^$XDG_STATE_HOME/minsky/sessions/" dir &&
	has "ignored .session.workspaceRoot." err && test ! -e evil && rm -r app/.minsky
'
test_ok 'a huge file, aliases and duplicate keys are refused' '
	head -c 2000000 /dev/zero | tr "\0" "#" >"$user" && must_fail 2 minsky -C app session list 2>err &&
	printf "a: &x 1\nb: *x\n" >"$user" && must_fail 2 minsky -C app session list 2>err &&
	has "config.yaml:[0-9]*:[0-9]*: " err &&
	printf "color: auto\ncolor: never\n" >"$user" && must_fail 2 minsky -C app session list 2>err &&
	has "config.yaml:2:[0-9]*: " err
'
test_ok 'escapes in a file never reach the terminal' '
	printf "\"re\\\\e[31md\": x\n" >"$user" && must_fail 2 minsky -C app session list 2>err &&
	has "config.yaml:1:1: text contains control characters" err && hasnt "$(printf "\033")" err
'
test_ok 'a user'"'"'s file that cannot be read is said' '
	rm "$user" && mkdir "$user" && must_fail 1 minsky -C app session list 2>err &&
	has "minsky/config.yaml" err && rmdir "$user" && minsky -C app session list >/dev/null
'
test_done
