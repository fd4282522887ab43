/*
 * app.h - what every command of minsky has at hand: its output, its messages, the common options.
 *
 * Results are gathered in `out` and written to stdout by main (or by app_flush where they
 * stream); messages go to stderr at once. Text that came from a repository passes through
 * text_add_line() on its way to either, here and nowhere else.
 */
#ifndef CLI_APP_H
#define CLI_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/option.h"
#include "core/buf.h"
#include "core/error.h"
#include "core/jsonw.h"
#include "core/outcome.h"
#include "repo/caller.h"

#define APP_SCHEMA 2 /* of everything that --json prints: doc/schema.md */

struct cmd;

struct app {
	struct caller caller; /* this, for everything below: app_caller() */
	const struct cmd *cmd;
	struct buf out;
	struct buf program; /* our own real path, for the caller */
	bool json, help;
	bool quiet; /* no messages but errors */
	bool tty_err; /* stderr is a terminal */
	bool color; /* stdout is a terminal and NO_COLOR is not set, or the setting says so */
	char *pager; /* the setting, or NULL */
	bool tty_in; /* somebody can answer a question */
	struct option_list settings; /* -c key=value */
	struct reason *reasons;
	size_t n_reasons;
	bool warned; /* something was amiss that does not change the exit status */
	bool gone; /* nobody reads stdout any more, which is no failure */
	bool unwell; /* the answer is printed, and is not a good one: exit 1 */
	bool damaged; /* the answer is printed, but the journal is damaged: exit 6 */
};

struct cmd {
	const char *name; /* "session start" */
	const char *summary; /* a line, lower case, no full stop */
	const char *usage; /* the positional part */
	const char *details; /* further lines for -h, or NULL */
	const struct option_desc *options;
	int min_args, max_args;
	bool json; /* takes --json */
	bool hidden; /* for programs: not in the list of commands */
	int (*run)(struct app *app, int argc, const char **argv, struct error *err);
};

extern const struct cmd *const cmd_table[]; /* NULL-terminated */
/* The command that these words begin with, and how many of them are its name; or NULL. */
const struct cmd *cmd_find(int argc, const char **argv, int *words_out);
/* Is a command's name made of these words and perhaps more? */
bool cmd_begins_with(const char *name, int argc, const char **argv);
/* -h and -c, and --json for commands that take it. */
extern const struct option_desc *app_common_options(struct app *app, bool json);

void app_release(struct app *app);
/* A line on stderr: "minsky: ...", unless quiet. */
void app_say(struct app *app, const char *fmt, ...) PRINTFLIKE(2, 3);
/* The same, also when quiet. */
void app_warn(struct app *app, const char *fmt, ...) PRINTFLIKE(2, 3);
/* May git show its progress? Only to somebody who looks; otherwise its words go into our message.
 */
bool app_talks(const struct app *app);
/* Another program's lines, set off from our own ("  | ..."), each with its newline. */
void app_add_said(struct buf *out, const char *said);
/* Write what has gathered in `out` to stdout. ERR_IO when stdout takes no more. */
int app_flush(struct app *app, struct error *err);
/* Remember a reason for a refusal. */
int app_add_reason(struct app *app, const char *category, const char *text, struct error *err);
/* Ask on the terminal. False without one, and on anything but y or yes. */
bool app_confirm(struct app *app, const char *fmt, ...) PRINTFLIKE(2, 3);

/* Begin the JSON document of a result: {"schema":1, ... ; the caller ends the object. */
void app_json_begin(struct app *app, struct jsonw *w);
void app_json_end(struct app *app, struct jsonw *w);

/* "name: value" rows; empty values are left out. */
void app_row(struct app *app, const char *label, const char *value);
/* Blanks behind what has been appended since `start`, up to `width` columns. */
void app_pad(struct app *app, size_t start, size_t width);
/* "1 record", "2 records". */
void app_count(struct app *app, uint64_t n, const char *what);
/* Append text from outside, made harmless. */
void app_text(struct app *app, const char *text);

/* Usage of a command, as -h prints it, and the single line that a usage error shows. */
void app_usage(struct buf *out, const struct cmd *cmd);
void app_usage_line(struct buf *out, const struct cmd *cmd);

#endif
