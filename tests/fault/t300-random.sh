#!/bin/sh
# Any call on a file fails at random, reads and writes come back short: what was acknowledged is
# there, nothing valid is taken for torn, and the journal verifies.
. "$(dirname "$0")/lib.sh"
command -v fiu-run >/dev/null || skip_all 'fiu-run is not installed'
runs=300
[ -z "$long" ] || runs=10000
per_journal=100

# The random sequence is the library's own: each run has another one.
disturb() { # RUNS PROBABILITY
	rm -rf j acks && mkdir acks && "$driver" create j || return
	for run in $(seq "$1"); do
		fiu-run -x -c "enable_random name=posix/io/*,probability=$2" \
			"$driver" append j "$run" 3 >"acks/$run" 2>said
		status=$?
		# A shared library that cannot be read either is a failure to start.
		if [ "$status" -gt 127 ]; then
			echo "run $run: status $status"
			cat said
			return 1
		fi
		"$driver" check j acks/* || {
			echo "after run $run:"
			cat said
			return 1
		}
	done
	acknowledged=$((acknowledged + $(cat acks/* | grep -c '^ACK ')))
}

acknowledged=0
done=0
while [ $done -lt $runs ]; do
	for probability in 0.15 0.03; do
		test_ok "runs $((done + 1)) to $((done + per_journal)), $probability" \
			"disturb $per_journal $probability"
	done
	done=$((done + per_journal))
done
echo "# $acknowledged acknowledged" >&3
test_ok 'some appends were acknowledged and some failed' '
	[ "$acknowledged" -gt 0 ] && [ "$acknowledged" -lt $((runs * 6)) ]
'

test_done
