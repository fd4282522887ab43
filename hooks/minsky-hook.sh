#!/bin/sh
# minsky's hook as a script, for places where a person or a hook manager keeps scripts: name it
# post-commit, post-checkout, post-merge, post-rewrite, post-applypatch, pre-push or (in a bare
# repository) post-receive, or call it from one of those with "$0" and its arguments unchanged.
#
# It tells minsky-hook that git did something, and always succeeds: a missing or removed minsky
# never breaks git. stdin is left alone except by post-receive.

name=$(basename -- "$0")
for program in "$MINSKY_HOOK_PROGRAM" "$HOME/.local/libexec/minsky/minsky-hook" \
	/usr/local/libexec/minsky/minsky-hook /usr/libexec/minsky/minsky-hook; do
	if [ -n "$program" ] && [ -x "$program" ]; then
		"$program" run "$name" "$@" || :
		exit 0
	fi
done
exit 0
