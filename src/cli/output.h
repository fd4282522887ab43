/*
 * output.h - sessions, PRs and events as people and programs read them.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/app.h"
#include "core/event.h"
#include "core/session.h"
#include "history/as_of.h"
#include "repo/repo.h"

/*
 * The record as a JSON value, with "derived" members behind it (doc/schema.md). These are about
 * now, and left out when the record is as it was `at` another moment (ms; 0: now).
 */
int output_session_json(
	struct repo *repo, struct jsonw *w, const struct session *s, int64_t at, struct error *err);
/* The whole document of a command that did something to it; `outcome` may be NULL. */
int output_outcome_json(
	struct repo *repo, const char *outcome, const struct session *s, struct error *err);
/* A table: one line a session. `repo_column` when several repositories are listed. */
struct output_table {
	struct output_row *v;
	size_t n;
	int64_t at; /* the moment that it is about; 0: now */
	bool repo_column;
	bool others; /* somebody else's sessions are among them */
	bool notes; /* somebody has said how one of them stands */
};
int output_table_add(
	struct output_table *t, struct repo *repo, const struct session *s, struct error *err);
void output_table_print(struct app *app, const struct output_table *t);
void output_table_release(struct output_table *t);
/* Everything about one. */
int output_session_text(struct repo *repo, const struct session *s, int64_t at, struct error *err);
/* What its newest note says; nothing without one. */
void output_note(struct app *app, const struct session *s);
/* A PR of a session in one word: open, approved, merged, closed, gone, or unchecked; "-" for NULL.
 */
const char *output_pr_word(struct repo *repo, const struct session *s, const struct pr *pr);
/* "pr/x open, not merged, checked 40 s ago" */
void output_pr_line(struct app *app, const struct pr *pr, int64_t at);
/* ERR_NOTFOUND: somebody else deleted the session while a command worked on its PR. */
int output_gone(const struct session *s, struct error *err);

/* One line for an event, without its newline. `place` is its number; `name` may be NULL. */
typedef const char *output_name_fn(void *arg, const char *session_id);
void output_event_line(
	struct app *app, const char *place, const struct event *e, output_name_fn *name, void *arg);
/* The same for a record whose body is blanked, or that no version can understand. */
void output_blank_line(struct app *app, const char *place, int64_t ms, bool body);
/* For terminals: a title, and the events below it. The id is "" for those of no session. */
void output_group_title(struct app *app, const char *session, const char *name, bool gap);
void output_event_in_group(struct app *app, const char *place, const struct event *e, int64_t now);

/* "as of 2026-11-23T04:31:07.123Z (record 12)" */
void output_as_of(struct app *app, const struct as_of *a);

/* Short form of an object id; "" for NULL. Points into a small ring of static buffers. */
const char *output_short(const char *oid);

#endif
