#!/bin/sh
# What can happen to a PR of a bare main repository without a remote.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pr-table.sh"

in_worlds bare
test_done
