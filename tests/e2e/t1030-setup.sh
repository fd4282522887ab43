#!/bin/sh
# How the set-up scripts come by packages: what is missing is named, root installs it, anybody else
# is asked first, and nothing happens without a yes. apt-get, dpkg-query, sudo and id are stand-ins.
. "$(dirname "$0")/lib.sh"

cd "$TRASH" && mkdir stubs && cd stubs || exit 1
cat >dpkg-query <<'END'
#!/bin/sh
for package; do :; done
case " $(cat "$TRASH/installed") " in
*" $package "*) printf installed ;;
*) exit 1 ;;
esac
END
cat >apt-get <<'END'
#!/bin/sh
case $* in
*' -s '* | '-s '* | 'install -s '*) exit 0 ;;
esac
echo "apt-get $* (by $(id -u))" >>"$TRASH/did"
case $* in
install*) for package; do case $package in -*|install) ;; *) printf '%s ' "$package" >>"$TRASH/installed" ;; esac; done ;;
esac
END
cat >sudo <<'END'
#!/bin/sh
[ "$1" != -n ] || { shift; echo 'sudo without a question' >>"$TRASH/did"; }
AS_ROOT=1 exec "$@"
END
cat >id <<'END'
#!/bin/sh
[ -n "${AS_ROOT:-}" ] && echo 0 || echo 1000
END
chmod +x dpkg-query apt-get sudo id && cd .. || exit 1
printf 'libone-dev ' >installed
: >did

# need_packages, as the scripts call it: a library that is here, one that is not, a missing tool.
cat >need <<'END'
top=$MINSKY_SOURCE
. "$top/contrib/lib.sh"
yes=${1:-}
need_packages 'the test' libone-dev libtwo-dev some-tool=some-tool-that-is-not-there
echo "and on it goes"
END
need() {
	PATH=$TRASH/stubs:$PATH sh "$TRASH/need" "$@"
}
asked() { # ANSWER: the same on a terminal
	answer=$1
	PATH=$TRASH/stubs:$PATH script -qec "sh '$TRASH/need'" /dev/null <<END
$answer
END
}
nothing_done() {
	test ! -s "$TRASH/did" && test "$(cat "$TRASH/installed")" = "libone-dev "
}

test_ok 'not root, and nobody to ask: what is missing and the command, exit 1, nothing installed' '
	must_fail 1 need >out 2>err && nothing_done &&
	has "^Missing packages that the test needs: libtwo-dev some-tool$" out &&
	has "no terminal to ask on.*: sudo apt-get install --no-install-recommends libtwo-dev some-tool$" err &&
	hasnt "and on it goes" out
'
test_ok 'not root and no sudo: the command for root' '
	mkdir -p few && for tool in sh dirname basename awk sed; do ln -sf "$(command -v $tool)" few/; done &&
	cp stubs/dpkg-query stubs/apt-get stubs/id few/ && ln -sf "$(command -v cat)" few/ &&
	must_fail 1 env PATH="$TRASH/few" sh need >out 2>err && nothing_done &&
	has "run this as root, then start again: apt-get install .*libtwo-dev some-tool$" err
'
if command -v script >/dev/null 2>&1; then
	test_ok 'on a terminal it asks before sudo, and anything but a yes installs nothing' '
		for answer in n "" nein; do
			asked "$answer" >out && echo "it should have stopped" && return 1
			nothing_done && has "Run .sudo apt-get install .*some-tool.? \[y/N\]" out || return 1
		done
	'
	test_ok 'yes installs what is missing, by sudo, and goes on' '
		asked y >out && has "and on it goes" out &&
		has "^apt-get install .*--no-install-recommends libtwo-dev some-tool (by 0)$" did &&
		hasnt "libone" did && printf "libone-dev " >installed && : >did
	'
else
	test_skip 'the question on a terminal' 'script(1) is not here'
fi
test_ok '--yes asks nothing, and sudo may not ask either where there is no terminal' '
	need 1 >out && has "^sudo without a question$" did && has "(by 0)$" did &&
	has "and on it goes" out && printf "libone-dev " >installed && : >did
'
test_ok 'root installs without a question' '
	AS_ROOT=1 need >out && has "^Missing packages that the test needs: libtwo-dev some-tool$" out &&
	has "^apt-get install .* libtwo-dev some-tool (by 0)$" did && hasnt "sudo" did &&
	has "and on it goes" out
'
test_ok 'a second time all is here: nothing is asked or installed' '
	printf "libone-dev libtwo-dev some-tool " >installed && : >did && need >out && test ! -s did &&
	has "^All packages that the test needs are installed.$" out
'
test_ok 'on another system it says what has to be there, and goes on' '
	rm few/dpkg-query few/apt-get && env PATH="$TRASH/few" sh need >out &&
	has "^This is not a Debian system: .*libtwo-dev" out && has "and on it goes" out
'
test_ok 'quickstart and test: one line on a word that they do not know, exit 2' '
	for script in quickstart uninstall test; do
		must_fail 2 sh "$MINSKY_SOURCE/contrib/$script" --nonsense >out 2>err && test ! -s out &&
			has "^usage: contrib/$script" err && test "$(wc -l <err)" -eq 1 || return 1
	done
'
test_ok 'quickstart -h explains its options' '
	sh "$MINSKY_SOURCE/contrib/quickstart" -h >out && has "^  --prefix DIR" out && has "^  --yes" out
'
test_done
