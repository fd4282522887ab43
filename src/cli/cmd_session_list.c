/* minsky session list: answered from the projection; git is not asked. */
#include "cli/as_of.h"
#include "cli/output.h"
#include "core/names.h"

static const char *repo, *status, *task, *text, *when;
static unsigned long limit, offset;
static bool all, deleted;

static const struct option_desc options[] = {
	{ OPTION_COUNT, 'n', "limit", &limit, "N", "at most N sessions" },
	{ OPTION_COUNT, 0, "offset", &offset, "N", "pass over the first N" },
	{ OPTION_STRING, 0, "repo", &repo, "DIRECTORY", "those of this repository" },
	{ OPTION_STRING, 's', "status", &status, "STATUS",
		"starting, active, pr-open, approved, merged, closed or deleted" },
	{ OPTION_STRING, 't', "task", &task, "ID", "those of a task" },
	{ OPTION_STRING, 0, "text", &text, "WORDS",
		"those with this in name, branch or description" },
	{ OPTION_STRING, 0, "as-of", &when, "TIME|SEQ", "as they were then" },
	{ OPTION_FLAG, 'a', "all", &all, NULL, "those of every repository" },
	{ OPTION_FLAG, 0, "deleted", &deleted, NULL, "deleted ones too" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct listing {
	struct app *app;
	struct session_query query;
	struct output_table table;
	struct jsonw w;
	bool several; /* repositories */
	struct as_of then; /* ms is 0 when answers are about now */
};

static int add(struct context *c, struct listing *l, const struct session *s, struct error *err)
{
	return l->app->json ? output_session_json(c, &l->w, s, err)
			    : output_table_add(&l->table, c, s, err);
}

static int list_then(struct context *c, struct listing *l, struct error *err)
{
	const struct session **v = NULL;
	struct as_of then = { .ms = 0 };
	size_t n = 0;
	int r = as_of_fold(&then, c, when, err);

	if (r == 0 && l->several && !then.by_time) {
		r = error_set(err, ERR_USAGE, "'%s' is a place in one journal", when);
		error_hint(err, "several repositories are listed: give a time");
	}
	if (r == 0)
		r = as_of_list(&then, &l->query, &v, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add(c, l, v[i], err);
	if (r == 0) {
		l->then.ms = then.ms;
		l->then.seq = l->several ? 0 : then.seq;
	}
	free(v);
	as_of_release(&then);
	return r;
}

static int list_one(struct context *c, struct listing *l, struct error *err)
{
	struct session_set set = { NULL, 0 };
	int r;

	if (when)
		return list_then(c, l, err);
	r = context_project(c, err);
	if (r == 0)
		r = c->backend->ops->list(c->backend, context_store(c), &l->query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = add(c, l, &set.v[i], err);
	session_set_release(&set);
	return r;
}

static int list_all(struct app *app, const struct buf *state, struct listing *l, struct error *err)
{
	struct repo_list list = { NULL, 0 };
	int r = repo_list_load(&list, state->data, err);

	l->several = l->table.repo_column = true;
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		struct context c = CONTEXT_INIT;

		r = context_open_journal(&c, app, list.v[i].journal, err);
		if (r == 0)
			r = list_one(&c, l, err);
		/* The damage of one repository does not hide the sessions of the others. */
		if (r == ERR_CORRUPT) {
			app_warn(app, "'%s' is left out: %s",
				list.v[i].name ? list.v[i].name : list.v[i].journal, err->msg);
			error_clear(err);
			app->damaged = true;
			r = 0;
		}
		context_release(&c);
	}
	repo_list_release(&list);
	return r;
}

static int check(struct buf *task_id, struct error *err)
{
	enum session_status parsed;

	if (status && !session_status_parse(status, &parsed)) {
		error_set(err, ERR_USAGE, "there is no status '%s'", status);
		return error_hint(err,
			"starting, active, pr-open, approved, merged, closed, "
			"deleted");
	}
	return task ? name_task_id(task, task_id, err) : 0;
}

static void finish(struct listing *l)
{
	struct app *app = l->app;

	if (app->json) {
		jsonw_end_array(&l->w);
		if (l->then.ms)
			as_of_json(&l->w, &l->then);
		app_json_end(app, &l->w);
	} else if (l->table.n) {
		if (l->then.ms)
			as_of_title(app, &l->then);
		output_table_print(app, &l->table);
	} else if (when) {
		app_say(app, "no sessions then");
	} else {
		app_say(app, "no sessions; 'minsky session start NAME' starts one");
	}
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct listing l = { .app = app };
	struct context c = CONTEXT_INIT;
	struct buf task_id = BUF_INIT;
	bool outside = false;
	int r = check(&task_id, err);

	(void)argc;
	(void)argv;
	if (r < 0)
		goto out;
	l.query = (struct session_query){ .status = status,
		.task_id = task ? task_id.data : NULL,
		.text = text,
		.deleted = deleted || (status && strcmp(status, "deleted") == 0),
		.sort = SORT_ACTIVITY,
		.offset = offset,
		.limit = limit };
	r = context_open(&c, app, repo, err);
	if (r == ERR_NOTFOUND && !repo) {
		error_clear(err);
		outside = true;
		r = 0;
	}
	if (r < 0)
		goto out;
	if (app->json) {
		app_json_begin(app, &l.w);
		jsonw_key(&l.w, "sessions");
		jsonw_begin_array(&l.w);
	}
	if (all || outside)
		r = list_all(app, &c.state, &l, err);
	else if (c.known)
		r = list_one(&c, &l, err);
	if (r < 0)
		goto out;
	finish(&l);
out:
	output_table_release(&l.table);
	buf_release(&task_id);
	context_release(&c);
	return r;
}

const struct cmd cmd_session_list = {
	.name = "session list",
	.summary = "list the sessions of this repository, or of all outside any",
	.options = options,
	.json = true,
	.run = run,
};
