#!/bin/sh
# Sixteen processes append at once and are killed at random: nothing that was acknowledged is lost
# or doubled, seq has no holes, and the clock goes on.
FAULT_ON_DISK=1
. "$(dirname "$0")/lib.sh"

each=500 kills=200 size=300000
[ -z "$long" ] || each=10000 kills=10000 size=4000000
seed=$(date +%s)
echo "# seed $seed" >&3

test_ok "16 writers, $each each, $kills kills" '
	"$driver" create j &&
	MINSKY_SEGMENT_SIZE=$size "$driver" writers j 16 $each $kills "$seed" >said &&
	sed "s/^/# /" said >&3
'

test_ok 'one writer alone, killed as often' '
	"$driver" create alone &&
	MINSKY_SEGMENT_SIZE=$size "$driver" writers alone 1 $each $((kills / 4)) "$seed" >said &&
	sed "s/^/# /" said >&3
'

test_done
