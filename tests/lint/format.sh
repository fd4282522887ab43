#!/bin/sh
# .clang-format decides what C looks like here. Version 14 only: others decide differently.
set -u
cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}" || exit 1
if ! command -v clang-format-14 >/dev/null; then
	echo 'skipped: clang-format-14 is not installed'
	exit 77
fi
find src tests bench contrib -name '*.[ch]' -exec clang-format-14 --dry-run -Werror {} +
