#!/bin/sh
# minsky config: what counts and why, and files that are changed without being rewritten.
. "$(dirname "$0")/lib.sh"
[ "$MINSKY_TEST_BACKEND" = json ] || skip_all "settings are the same whatever store they name"
unset MINSKY_SESSION_BACKEND

user=$XDG_CONFIG_HOME/minsky/config.yaml
repo=app/.minsky/config.yaml
mkdir -p "$XDG_CONFIG_HOME/minsky"

get_is() { # KEY VALUE [ARGUMENT...]
	key=$1 wanted=$2
	shift 2
	got=$(minsky -C "$TRASH/app" config get "$key" "$@" 2>"$TRASH/err") || {
		cat "$TRASH/err" >&4
		return 1
	}
	[ "$got" = "$wanted" ] || {
		echo "$key is '$got', not '$wanted'" >&4
		return 1
	}
}

mode_is() { # MODE FILE
	[ "$(stat -c %a "$2")" = "$1" ] || {
		stat -c '%a %n' "$2" >&4
		return 1
	}
}

test_ok 'a setting that is not set: exit 3; one that is not known: exit 2 and a suggestion' '
	make_repo app && minsky -C app init --skip-hooks 2>/dev/null >out &&
	get_is color auto && must_fail 3 minsky -C app config get pager 2>err &&
	has ".pager. is not set" err &&
	must_fail 2 minsky -C app config get colour 2>err && has "^hint: did you mean .color.?" err &&
	must_fail 2 minsky -C app config set sesiondb.backend json 2>err &&
	has "^hint: did you mean .sessiondb.backend.?" err && test ! -e "$user"
'
test_ok 'set makes the user'"'"'s file, 0600' '
	minsky -C app config set color never >out && has "^outcome  *set$" out && has "$user" out &&
	mode_is 600 "$user" && echo "color: never" >expected && cmp_files expected "$user" &&
	get_is color never
'
test_ok 'set keeps comments, order and the form of all the rest' '
	cat >"$user" <<-EOF &&
	# mine

	session:
	  # where work starts
	  base: main     # for now
	sessiondb: { backend: json }   # one line
	# the end
	EOF
	chmod 644 "$user" &&
	minsky -C app config set session.base dev >out && minsky -C app config set pr.push no >out &&
	minsky -C app config set session.mode clone >out &&
	minsky -C app config set sessiondb.sqlite.wal off >out && cat >expected <<-EOF &&
	# mine

	session:
	  # where work starts
	  base: dev     # for now
	  mode: clone
	sessiondb: { backend: json, sqlite: { wal: off } }   # one line
	pr:
	  push: no
	# the end
	EOF
	cmp_files expected "$user" && mode_is 600 "$user"
'
test_ok 'unset takes out the line, and an empty section with it' '
	minsky -C app config unset session.base >out && has "^outcome  *removed$" out &&
	minsky -C app config unset pr.push >out && minsky -C app config unset session.mode >out &&
	minsky -C app config unset sessiondb.sqlite.wal >out && cat >expected <<-EOF &&
	# mine

	  # where work starts
	sessiondb: { backend: json }   # one line
	# the end
	EOF
	cmp_files expected "$user" &&
	minsky -C app config unset pr.push --json >out && json ".outcome == \"unchanged\"" out
'
test_ok 'a value that its key does not take is not written' '
	cp "$user" before && for pair in "color blue" "sessiondb.json.path relative" "trash.keep 5" \
		"sessiondb.sqlite.wal 1" "sessiondb.postgres.poolSize 65" "sessiondb.backend ../x"; do
		must_fail 2 minsky -C app config set ${pair% *} "${pair#* }" 2>err && has "^hint: " err || return 1
	done &&
	must_fail 2 minsky -C app config set session.base "\${NO_SUCH}" 2>err && has "NO_SUCH" err &&
	must_fail 2 minsky -C app config set pager "$(printf "a\033b")" 2>err && cmp_files before "$user"
'
test_ok 'a file that cannot be read is not written, and says where' '
	printf "color: [\n" >"$user" && must_fail 2 minsky -C app config set color never 2>err &&
	has "minsky/config.yaml:2:1: " err && echo "color: [" >expected && cmp_files expected "$user" &&
	printf "color: auto\nsession: flat\n" >"$user" && cp "$user" before &&
	must_fail 1 minsky -C app config set session.base dev 2>err && has "cannot change .session.base." err &&
	has "^hint: edit the file by hand" err && cmp_files before "$user" &&
	printf "sessiondb: { backend: x/y }\n" >"$user" && must_fail 2 minsky -C app session list 2>err &&
	minsky -C app config set sessiondb.backend json >out 2>err && minsky -C app session list >out
'
test_ok 'dry-run writes nothing' '
	cp "$user" before && minsky -C app config set color never --dry-run >out &&
	has "^would be  *set$" out && cmp_files before "$user"
'
test_ok 'an old spelling becomes the new one' '
	echo "sessiondb: { dbPath: /old.db, backend: json }" >"$user" &&
	minsky -C app config get sessiondb.dbPath 2>err >out && has "^/old.db$" out &&
	minsky -C app config set sessiondb.dbPath /new.db >out 2>err &&
	echo "sessiondb: { backend: json, sqlite: { path: /new.db } }" >expected && cmp_files expected "$user" &&
	minsky -C app config unset sessiondb.sqlite.path >out && echo "sessiondb: { backend: json }" >expected &&
	cmp_files expected "$user"
'
test_ok 'a file that is a link stays one, and what it names is replaced' '
	mkdir dotfiles && mv "$user" dotfiles/minsky.yaml && ln -s "$TRASH/dotfiles/minsky.yaml" "$user" &&
	minsky -C app config set color never >out && test -L "$user" &&
	has "^color: never$" dotfiles/minsky.yaml && mode_is 600 dotfiles/minsky.yaml &&
	rm "$user" && ln -s "$TRASH/nowhere" "$user" && must_fail 4 minsky -C app config set color auto 2>err &&
	has "is a link to a file that does not exist" err && rm "$user"
'
test_ok 'twenty at once: none is lost' '
	pids= && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		case $((i % 5)) in
		0) set -- color never ;;
		1) set -- session.base dev ;;
		2) set -- sessiondb.backend sqlite ;;
		3) set -- pr.push no ;;
		4) set -- trash.keep 3d ;;
		esac
		minsky -C app config set "$@" >/dev/null & pids="$pids $!"
	done && for pid in $pids; do wait "$pid" || return 1; done &&
	get_is color never && get_is session.base dev && get_is sessiondb.backend sqlite &&
	get_is pr.push no && get_is trash.keep 3d && test "$(ls "$XDG_CONFIG_HOME/minsky")" = config.yaml &&
	rm "$user"
'
test_ok 'a secret is read from standard input, and never shown' '
	echo "postgres://ana:s3cret@db.example/m?sslmode=require" |
		minsky -C app config set sessiondb.postgres.url - >out 2>err && hasnt s3cret out && hasnt s3cret err &&
	has "s3cret" "$user" && get_is sessiondb.postgres.url "postgres://ana:***@db.example/m?***" &&
	minsky -C app config set sessiondb.hub "host=db password=s3cret" >out 2>err &&
	get_is sessiondb.hub "***" && minsky -C app config show --origin >out 2>&1 && hasnt s3cret out &&
	minsky -C app config show --json >out && hasnt s3cret out &&
	json ".settings[] | select(.key == \"sessiondb.hub\") | .masked" out &&
	minsky -C app config get sessiondb.hub --json >out && hasnt s3cret out && json .masked out
'
test_ok 'a file with a credential that others can read: refused for that, named, the rest counts' '
	echo "color: never" >>"$user" && chmod 644 "$user" && get_is color never &&
	has "config.yaml: ignored .sessiondb.postgres.url., .sessiondb.hub.: .*chmod 600" err &&
	must_fail 3 minsky -C app config get sessiondb.postgres.url 2>err &&
	minsky -C app config show --json >out &&
	json "[.ignored[] | select(.reason == \"exposed\")] | length == 2" out && hasnt s3cret out &&
	chmod 600 "$user" && get_is sessiondb.hub "***" && rm "$user"
'
test_ok 'set --repo writes the repository'"'"'s file, keeps its mode, takes no credential' '
	minsky -C app config set --repo sessiondb.backend json >out && mode_is 644 "$repo" && has "$repo" out &&
	chmod 600 "$repo" && minsky -C app config set --repo session.base main >out && mode_is 600 "$repo" &&
	chmod 644 "$repo" && cp "$repo" before &&
	must_fail 4 minsky -C app config set --repo sessiondb.postgres.url postgres://u:s3cret@h/d 2>err &&
	hasnt s3cret err && must_fail 4 minsky -C app config set --repo sessiondb.hub "host=h password=x" 2>err &&
	must_fail 4 minsky -C app config set --repo session.setup "x ghp_0123456789abcdefghijABCDEFGHIJ012345" 2>err &&
	cmp_files before "$repo" && test ! -e "$user"
'
test_ok 'nothing is written through a link in a repository' '
	mv app/.minsky kept && ln -s "$TRASH/kept" app/.minsky && cp kept/config.yaml before &&
	must_fail 4 minsky -C app config set --repo color never 2>err && cmp_files before kept/config.yaml &&
	rm app/.minsky && mkdir app/.minsky && ln -s "$TRASH/kept/config.yaml" "$repo" &&
	must_fail 4 minsky -C app config set --repo color never 2>err && cmp_files before kept/config.yaml &&
	rm -r app/.minsky && mv kept app/.minsky
'
test_ok 'inside a session it is the main repository'"'"'s file' '
	minsky -C app session start work --quiet >dir && ws=$(cat dir) &&
	minsky -C "$ws" config set --repo color never >out && has "color: never" "$repo" &&
	test ! -e "$ws/.minsky" && minsky -C "$ws" config path --repo >out && echo "$TRASH/$repo" >expected &&
	cmp_files expected out && rm -r app/.minsky
'
test_ok 'a bare repository'"'"'s file is in its commits: it is not written' '
	git clone -q --bare app bare.git && must_fail 1 minsky -C bare.git config set --repo color never 2>err &&
	has "^hint: commit" err && minsky -C bare.git config set --here color never >out 2>err &&
	test "$(minsky -C bare.git config get color)" = never && rm "$user"
'
test_ok 'set --here: the user'"'"'s file, for this repository alone, above the repository'"'"'s own' '
	make_repo other && minsky -C app config set --repo session.base theirs >out &&
	minsky -C app config set session.base everywhere >out && get_is session.base theirs &&
	minsky -C app config set --here session.base mine >out && get_is session.base mine &&
	test "$(minsky -C other config get session.base)" = everywhere &&
	minsky -C app config show --json >out && json ".settings[] | select(.key == \"session.base\") |
		.level == \"override\" and .value == \"mine\"" out &&
	json "[.ignored[] | select(.key == \"session.base\" and .reason == \"overridden\") | .value] == [\"everywhere\", \"theirs\"]" out &&
	(MINSKY_SESSION_BASE=env && export MINSKY_SESSION_BASE && get_is session.base env) &&
	get_is session.base line -c session.base=line &&
	minsky -C app config unset --here session.base >out && echo "session:
  base: everywhere" >expected && cmp_files expected "$user" && get_is session.base theirs && rm -r app/.minsky "$user"
'
test_ok 'a repository is known in the user'"'"'s file by its URL, its id or its path' '
	make_repo_with_origin pub && minsky -C pub init --skip-hooks 2>/dev/null >out &&
	minsky -C pub config set --here session.base dev >out && minsky -C pub config get session.base >out &&
	has "^dev$" out && id=$(minsky -C app init --json --skip-hooks 2>/dev/null | jq -r .repository) &&
	printf "repositories:\n  %s: { color: never }\n" "$id" >"$user" && get_is color never &&
	printf "repositories:\n  \"%s\": { color: always }\n" "$TRASH/app" >"$user" && get_is color always &&
	printf "repositories:\n  elsewhere: { color: always, colour: x }\n" >"$user" && get_is color auto &&
	has "unknown key .repositories.elsewhere.colour.; did you mean .color.?" err &&
	printf "repositories: x\n" >"$user" && must_fail 2 minsky -C app config get color 2>err &&
	printf "repositories: { x: y }\n" >"$user" && must_fail 2 minsky -C app config get color 2>err &&
	has "config.yaml:1:17: .repositories.x. has keys below it" err && rm "$user"
'
test_ok 'show --origin: file and line of each value, and what has no effect, with the reason' '
	printf "sessiondb:\n  backend: postgres\n  json: { path: /x }\ncolour: red\n" >app/x && mkdir app/.minsky &&
	mv app/x "$repo" && printf "sessiondb:\n  backend: sqlite\n" >"$user" &&
	minsky -C app config show --origin >out 2>err && test ! -s err &&
	has "^sessiondb.backend  *postgres  (.*/app/.minsky/config.yaml:2)$" out &&
	has "^sessiondb.backend  *sqlite  ($user:2: overridden)$" out &&
	has "^sessiondb.json.path  */x  (.*/app/.minsky/config.yaml:3: not trusted; to trust it: minsky trust)$" out &&
	has "^colour  *(.*config.yaml:4: unknown key)$" out && has "^color  *auto  (default)$" out &&
	minsky -C app config show --json >out && json ".schema == 2 and ([.settings[].key] | length > 20)" out &&
	json ".ignored | map(.reason) == [\"overridden\", \"untrusted\", \"unknown\"]" out
'
test_ok 'the repository says postgres, the user'"'"'s file holds the credentials' '
	minsky -C app config set sessiondb.postgres.url "postgres://ana:pw@db/m" >out 2>err &&
	get_is sessiondb.backend postgres && get_is sessiondb.postgres.url "postgres://ana:***@db/m" &&
	rm -r app/.minsky "$user"
'
test_ok 'path: the two files, and each alone' '
	minsky -C app config path >out && has "^user  *$user$" out && has "^repository  *.*/app/.minsky/config.yaml$" out &&
	minsky -C app config path --user >out && echo "$user" >expected && cmp_files expected out &&
	minsky config path >out && hasnt "^repository" out && must_fail 3 minsky config path --repo 2>err &&
	minsky -C app config path --json >out && json ".user.exists == false and .repository.exists == false" out
'
test_ok 'validate: every mistake of every place, exit 1; nothing wrong: exit 0' '
	minsky -C app config validate >out && test ! -s out &&
	printf "color: blue\ntrash: { keep: x }\ncolour: y\n" >"$user" && mkdir app/.minsky &&
	printf "pr: { push: maybe }\nsession: { base: [a] }\n" >"$repo" &&
	(MINSKY_SESSION_MODE=tree && export MINSKY_SESSION_MODE && must_fail 1 minsky -C app config validate >out) &&
	has "^error: .*minsky/config.yaml:1: .color. cannot be .blue.$" out &&
	has "^error: .*minsky/config.yaml:2: .trash.keep. cannot be .x.$" out &&
	has "^warning: .*minsky/config.yaml:3:1: unknown key .colour." out &&
	has "^error: .*app/.minsky/config.yaml:2:12: .session.base. must be a single value$" out &&
	has "^error: MINSKY_SESSION_MODE: " out &&
	must_fail 1 minsky -C app config validate --json >out && json ".errors == 3 and .warnings == 1" out &&
	printf "color: never\n" >good.yaml && minsky config validate good.yaml &&
	printf "x: [\n" >bad.yaml && must_fail 1 minsky config validate bad.yaml >out && has "bad.yaml:2:1: " out &&
	must_fail 3 minsky config validate none.yaml && rm -r app/.minsky "$user"
'
test_ok 'a backend that is not there cannot be set, and is found by validate; a repository may name it' '
	must_fail 2 minsky -C app config set sessiondb.backend mysql 2>err && has "there is no backend .mysql." err &&
	has "^hint: available backends: json, .*sqlite" err && test ! -e "$user" &&
	printf "sessiondb:\n  backend: mysql\n" >other.yaml && must_fail 1 minsky config validate other.yaml >out &&
	has "^error: other.yaml:2: there is no backend .mysql." out &&
	minsky -C app config set --repo sessiondb.backend mysql >out 2>&1 && rm -r app/.minsky
'
test_ok 'what the environment overrides is said after a set' '
	(MINSKY_COLOR=always && export MINSKY_COLOR && minsky -C app config set color never >out 2>err &&
		has "MINSKY_COLOR takes precedence" err) && rm "$user"
'
test_ok 'options that cannot be used together' '
	must_fail 2 minsky -C app config set --user --repo color never 2>err && has "cannot be used together" err
'
test_done
