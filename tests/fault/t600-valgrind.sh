#!/bin/sh
# Nothing reads memory that nobody wrote, or loses any: appending, reading, verifying, repairing, and
# whatever the fuzz targets keep. (What clang's sanitizers cannot see is memory that was never set.)
. "$(dirname "$0")/lib.sh"
command -v valgrind >/dev/null || skip_all 'valgrind is not installed'

vg() { # COMMAND [ARGUMENT...]
	valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
		--log-file=valgrind.log "$@"
	vg_status=$?
	[ ! -s valgrind.log ] || cat valgrind.log
	[ ! -s valgrind.log ] && return "$vg_status"
	return 99
}

test_ok 'appends, also behind a torn end and behind damage' '
	"$driver" create j && vg "$driver" append j 0 3 >acks &&
	printf "{\"origin\":\"00" >>"$(segment_of j)" && vg "$driver" append j 1 2 >acks.1 &&
	vg "$driver" check j acks acks.1 && sed -i "\$s/next/text/" "$(segment_of j)" &&
	vg "$driver" append j 2 1 >acks.2 && test -s acks.2
'
test_ok 'commands that read and repair a journal' '
	make_repo app && (cd app && minsky session start fix --description fix --quiet >../dir) &&
	ws=$(cat dir) && tick && git -C "$ws" commit -q --allow-empty -m two && cd app &&
	for command in "journal log" "journal verify" "journal verify --resume" "journal replay --json" \
		"journal follow --from 1 -n 3" "session get fix --json"; do
		vg minsky $command >out || return
	done &&
	segment=$(echo "$XDG_STATE_HOME"/minsky/journal/*/*.log) && sed -i "4s/type/typo/" "$segment" &&
	must_fail 6 vg minsky journal verify >out && vg minsky journal repair >out &&
	vg minsky journal redact 3 --reason test --yes >out && vg minsky journal verify >out
'
for target in config event record reflog text; do
	test_ok "the corpus of fuzz_$target" \
		"vg '$MINSKY_BUILD/tests/fuzz/fuzz_$target' '$MINSKY_SOURCE/tests/fuzz/corpus/$target'"
done

test_done
