#!/bin/sh
# Values reach git by their kinds (src/git/gitarg.h) and in no other way.
set -u
cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}" || exit 1
bad=0

none() { # WHAT REGEX FILES-THAT-MAY...
	what=$1 regex=$2
	shift 2
	# shellcheck disable=SC2013 # names of our own, without blanks
	for f in $(grep -rlE --include='*.[ch]' "$regex" src); do
		case " $* " in *" $f "*) continue ;; esac
		grep -nE "$regex" "$f" | sed "s|^|$f:|"
		echo "found: $what"
		bad=1
	done
}

none 'an argument of git without a macro of its kind' 'struct git_arg\)|\{ *GIT_ARG_[A-Z]+ *,' \
	src/git/gitarg.c src/git/gitarg.h
none 'a line for git update-ref that nothing checks' '"(update|create|delete|verify) (refs|%s)' \
	src/git/gitarg.c
none 'a program that is started besides git' '\b(posix_spawnp?|execv[pe]*|execl[pe]*|popen|system) ?\(' \
	src/git/gitcmd.c src/hooks/program/chain.c src/hooks/observe/worker.c src/session/setup.c \
	src/cli/pager.c src/cli/cmd_help.c
none 'git by name' '(spawnp?|exec[vl]p?e?)[^;]*"git"' src/git/gitcmd.c
# A word is a literal. What a macro of capitals stands for is one too, or does not compile.
none 'a word that is no literal' 'GIT_WORDS?\([[:space:]]*[a-z_]' src/git/gitarg.h
# Formats make paths and settings, never options that gitarg.c does not know.
none 'an option that is put together' '"--(git-dir|work-tree|output|upload-pack|exec|config)=[^"]*%s' \
	src/git/gitcmd.c
exit $bad
