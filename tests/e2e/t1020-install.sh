#!/bin/sh
# cmake --install: where everything lands, under DESTDIR and below a home, and an installation that
# was moved as a whole still finds its parts.
. "$(dirname "$0")/lib.sh"

# What is in a prefix and belongs there, without the manual pages.
expected() {
	cat <<-END
		bin/minsky
		libexec/minsky/minsky-hook
		share/minsky/hooks/README.md
		share/minsky/hooks/minsky-hook.sh
	END
}

test_ok 'under DESTDIR: programs, module, hook files and pages where Debian expects them' '
	DESTDIR="$TRASH/the dest" cmake --install "$MINSKY_BUILD" --prefix /usr >/dev/null &&
	cd "the dest" && test "$(ls)" = usr && cd usr &&
	expected | while read -r file; do test -f "$file" || exit 1; done &&
	test -n "$(find lib* -path "*/minsky/minsky-facts.so")" &&
	find share/man -type f | sed "s,.*/,," | sort >"$TRASH/pages" &&
	(cd "$MINSKY_SOURCE/doc/man" && ls) | sort | cmp_files - "$TRASH/pages" &&
	find share/man -type f >"$TRASH/pages" &&
	hasnt -v "^share/man/man\([157]\)/minsky[a-z-]*\.\1$" "$TRASH/pages"
'
test_ok 'nothing else is there, nothing is writable by others, no file names the place' '
	cd "the dest/usr" &&
	find . -type f >"$TRASH/files" &&
	hasnt -v -e "^\./bin/minsky$" -e "^\./libexec/minsky/minsky-hook$" \
		-e "^\./lib.*/minsky/.*\.so$" -e "^\./share/systemd/user/minsky-sync\.[a-z]*$" \
		-e "^\./share/minsky/\(hooks\|prompt\)/" -e "^\./share/man/man[157]/" \
		-e "^\./share/[a-z-]*/[a-z_.-]*/_*minsky\(\.fish\)*$" "$TRASH/files" &&
	test -z "$(find . -perm /022 ! -type l)" && test -x bin/minsky &&
	must_fail 1 grep -rlF "the dest" .
'
test_ok 'the hook program needs no library but libc, the other no libgit2' '
	cd "the dest/usr" &&
	readelf -d libexec/minsky/minsky-hook bin/minsky >"$TRASH/needed" 2>/dev/null &&
	hasnt -E "NEEDED.*(git2|libpq|sqlite)" "$TRASH/needed" &&
	readelf -d libexec/minsky/minsky-hook 2>/dev/null >"$TRASH/needed" &&
	hasnt -E "NEEDED.*(cjson|yaml|sqlite|md)\." "$TRASH/needed"
'

# From here on it is found by where it lies, as a user finds it.
unset MINSKY_HOOK_PROGRAM MINSKY_MODULE_DIR
loaded() { # COMMAND...: where the module about commits comes from
	LD_DEBUG=files LD_DEBUG_OUTPUT=$TRASH/ld "$@" >/dev/null &&
		cat "$TRASH"/ld.* | sed -n "s/.*calling init: \(.*minsky-facts.so\)$/\1/p" | sort -u &&
		rm -f "$TRASH"/ld.*
}

test_ok 'below a home it works from there' '
	mkdir home/.local && cmake --install "$MINSKY_BUILD" --prefix "$HOME/.local" >/dev/null &&
	PATH=$HOME/.local/bin:$PATH && make_repo app && cd app &&
	minsky session start one -d one -q >../ws && ws=$(cat ../ws) &&
	cmp "$ws/.git/hooks/post-commit" "$HOME/.local/libexec/minsky/minsky-hook" &&
	echo two >"$ws/file" && git -C "$ws" commit -q -am two && minsky journal log >../log &&
	has "commit.created .*two  \[hook\]" ../log && minsky session pr create one --title two &&
	tick 600 && loaded minsky session get one >../module &&
	has "^$HOME/.local/lib.*/minsky/minsky-facts.so$" ../module
'
if systemd-analyze --user unit-paths >/dev/null 2>&1; then
	test_ok 'systemd finds the timer there' '
		env -u XDG_DATA_HOME systemd-analyze --user unit-paths >paths &&
		test -f home/.local/share/systemd/user/minsky-sync.timer &&
		has -x "$HOME/.local/share/systemd/user" paths
	'
else
	test_skip 'systemd finds the timer there' 'systemd-analyze cannot list its paths'
fi
test_ok 'moved as a whole it finds its hook, its module and its pages in the new place' '
	mv home/.local home/moved && PATH=$HOME/moved/bin:$PATH && hash -r && cd app &&
	tick 600 && loaded minsky session get one >../module &&
	has "^$HOME/moved/lib.*/minsky/minsky-facts.so$" ../module &&
	minsky session start three -d three -q >../ws3 && ws=$(cat ../ws3) &&
	cmp "$ws/.git/hooks/post-commit" "$HOME/moved/libexec/minsky/minsky-hook" &&
	echo three >"$ws/file" && git -C "$ws" commit -q -am three && minsky journal log >../log &&
	has "commit.created .*three  \[hook\]" ../log
'
test_ok 'and so it finds the backends that are modules' '
	backend=$(find home/moved/lib* -path "*/minsky/backends/sqlite.so") && test -n "$backend" && cd app &&
	LD_DEBUG=files LD_DEBUG_OUTPUT=$TRASH/ld minsky session list -c sessiondb.backend=sqlite >../list &&
	has "^three " ../list && cat "$TRASH"/ld.* >../debug && rm -f "$TRASH"/ld.* &&
	has -F "calling init: $TRASH/$backend" ../debug && mv "../$backend" ../kept &&
	must_fail 2 minsky session list -c sessiondb.backend=sqlite 2>../err && has "there is no backend .sqlite." ../err &&
	mv ../kept "../$backend"
'
test_ok 'a workspace from before the move still rings' '
	ws=$(cat ws) && echo four >"$ws/file" && git -C "$ws" commit -q -am four >out 2>&1 &&
	test ! -s out && cd app && minsky journal log >../log && has "commit.created .*four  \[hook\]" ../log
'
test_ok 'without the module, git processes answer the same' '
	find home/moved/lib* -name minsky-facts.so -delete && cd app && minsky session approve one >out &&
	tick 600 && minsky session get one >../out && has "^status  *merged" ../out
'
test_ok 'without the hook program a session starts, and says that commands notice what happens' '
	rm home/moved/libexec/minsky/minsky-hook && cd app &&
	minsky session start five -d five -q >../ws5 2>../err && ws=$(cat ../ws5) &&
	has "^minsky: no hooks were installed in the workspace: .*next command" ../err &&
	echo five >"$ws/file" && git -C "$ws" commit -q -am five && minsky session get five >../out &&
	has "(1 commit recorded)" ../out
'
test_done
