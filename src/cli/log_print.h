/*
 * log_print.h - events for people and for programs, and the journal as a list of them.
 */
#ifndef CLI_LOG_PRINT_H
#define CLI_LOG_PRINT_H

#include "cli/app.h"
#include "history/filter.h"
#include "history/point.h"
#include "repo/repo.h"

/* The journal of the repository at `path` (NULL: here). ERR_NOTFOUND when it has none. */
int log_open(struct repo *repo, struct app *app, const char *path, struct error *err);

struct log_order {
	size_t count; /* the newest N; 0: all */
	bool reverse; /* newest first */
};

/* How records are shown, and what has to be known of those before. */
struct log_show {
	struct app *app;
	struct history_names *names;
	const char *own; /* origin */
	bool grouped; /* below a title for each session, with ages */
	bool begun;
	char session[ID_UUID_SIZE]; /* of the last one that was shown */
	int64_t now;
};

/* One record: the line as it stands there with --json, else text. `e` as in history_filter_fits().
 */
void log_show(struct log_show *show, const struct record *record, const struct event *e,
	const char *line, size_t len);

/*
 * Load names and understand the filter. A store that cannot be asked is warned about, unless the
 * filter names a session.
 */
int log_prepare(struct repo *repo, struct history_filter *f, struct history_names *names,
	struct error *err);
int log_print(struct repo *repo, struct history_filter *filter, const struct log_order *order,
	struct error *err);

#endif
