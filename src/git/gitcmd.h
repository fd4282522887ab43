/*
 * gitcmd.h - runs the user's git: with an argument vector, never a shell; without the GIT_*
 * variables of a hook that we may run in; with MINSKY_HOOK=1, so that our own hooks stay silent
 * (the command journals what it does itself); with LC_ALL=C and no prompt unless asked.
 *
 * Every argument is checked against its kind first (gitarg.h). A directory that only looks like a
 * bare repository, as files of a work tree can, is not taken for one (core/gitfiles/gitdir.h).
 */
#ifndef GIT_GITCMD_H
#define GIT_GITCMD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"
#include "git/gitarg.h"

#define GIT_ARGS_MAX 64

struct git_cmd {
	const char *dir; /* -C; NULL: here */
	const char *git_dir; /* --git-dir; NULL: the one that `dir` is, has or lies in */
	struct git_arg args[GIT_ARGS_MAX]; /* without "git"; ends at the first without a text */
	const void *input; /* for stdin; NULL: /dev/null */
	size_t input_len;
	const char *const *env; /* "K=V" to add, NULL-terminated, or NULL */
	bool talk; /* stderr goes to the user's (progress, credential prompts) */
};

/*
 * Run it and wait. A signal that asks us to end (SIGINT, SIGTERM, SIGHUP) while git runs is passed
 * on to git, which is reaped; the call, and every later one, then fails with ERR_GIT, so that the
 * caller's cleanup runs. git_interrupted() says which signal the program should die of at last.
 *
 * stdout is appended to `out` (may be NULL: dropped). *status_out is the exit
 * status; a negative return means that git could not be run at all (ERR_GIT with a hint when it
 * is not installed). stderr is kept in `errout` (may be NULL) unless `talk`.
 */
int git_run(const struct git_cmd *cmd, struct buf *out, struct buf *errout, int *status_out,
	struct error *err);
/* The same, but a non-zero status is ERR_GIT with git's own last line as the message. */
int git_must(const struct git_cmd *cmd, struct buf *out, struct error *err);
/*
 * What git_must() does about a bad status: record `code` with git's own words from its stderr (the
 * last "fatal:" or "error:" and the lines that belong to it), made safe to show, and whatever else
 * was said there (git_words()). What is known of the cause becomes reason and hint. Returns the
 * code.
 */
int git_failed(const struct git_cmd *cmd, int status, const struct buf *errout,
	enum error_code code, struct error *err);
/*
 * What others said on git's stderr (hooks, filters, gpg, the server): every line that is not git's
 * own advice or its last words, secrets removed, made safe to show. Goes with `err` as it is.
 */
void git_words(const struct buf *errout, struct error *err);
/* Is it that local changes would be overwritten? */
bool git_says_in_the_way(const struct buf *errout);
/*
 * Was it that the repository belongs to another user? Then ERR_REFUSED, with what would allow it
 * as the hint; else 0. git_failed() asks this first.
 */
int git_foreign(const struct buf *errout, struct error *err);
/* Put one more argument behind the last. There is room for it, or nothing is run (ERR_GIT). */
void git_add(struct git_cmd *cmd, struct git_arg arg);
/*
 * For programs that nobody asked for just now: from here on git talks to repositories by https, ssh
 * and the git protocol, and to those of this disk; by no other program, whatever is configured.
 */
void git_unattended(void);
/* The signal that came while git ran; 0: none. */
int git_interrupted(void);
/* Drop the last newline. */
void git_chomp(struct buf *b);

/*
 * For tests and for the curious: with MINSKY_TRACE_GIT=FILE, each git process and each repository
 * that libgit2 opens is a line at the end of that file.
 */
void git_trace(const char *what, const char *const *words);

/* "git version 2.39.5" -> 2, 39. Asked once per process. ERR_GIT. */
int git_version(int *major_out, int *minor_out, struct error *err);

#endif
