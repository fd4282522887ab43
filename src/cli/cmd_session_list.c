/* minsky session list: answered from the projection; git is not asked. */
#include "cli/open.h"
#include "cli/output.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/names.h"
#include "history/as_of.h"

static const char *repo_path, *status, *task, *branch, *pr, *text, *when, *sort;
static const char *since, *until, *created_since, *created_until;
static unsigned long limit, offset;
static bool all, deleted;

static const struct option_desc options[] = {
	{ OPTION_COUNT, 'n', "limit", &limit, "N", "list at most N sessions" },
	{ OPTION_COUNT, 0, "offset", &offset, "N", "skip the first N" },
	{ OPTION_STRING, 0, "sort", &sort, "KEY", "sort by activity, created or name" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_STRING, 's', "status", &status, "STATUS",
		"only those that are starting, active, pr-open, approved, merged, closed or "
		"deleted" },
	{ OPTION_STRING, 't', "task", &task, "ID", "only those of this task" },
	{ OPTION_STRING, 'b', "branch", &branch, "NAME", "only those on this branch" },
	{ OPTION_STRING, 0, "pr", &pr, "STATE",
		"only those whose PR is open, merged or closed, or none" },
	{ OPTION_STRING, 0, "text", &text, "WORDS",
		"only those with this text in name, task, branch or description" },
	{ OPTION_STRING, 0, "since", &since, "TIME", "only those active at or after this time" },
	{ OPTION_STRING, 0, "until", &until, "TIME",
		"only those last active at or before this time" },
	{ OPTION_STRING, 0, "created-since", &created_since, "TIME",
		"only those created at or after this time" },
	{ OPTION_STRING, 0, "created-until", &created_until, "TIME",
		"only those created at or before this time" },
	{ OPTION_STRING, 0, "as-of", &when, "TIME|SEQ", "as they were at this time" },
	{ OPTION_FLAG, 'a', "all", &all, NULL, "list those of every registered repository" },
	{ OPTION_FLAG, 0, "deleted", &deleted, NULL, "include deleted sessions" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* A session, and the repository that it belongs to. */
struct found {
	struct repo *repo;
	struct session session;
};

struct listing {
	struct app *app;
	struct session_query query;
	struct found *v;
	size_t n, cap;
	struct repo **others; /* every other repository, open until its sessions are shown */
	size_t n_others;
	bool several; /* repositories */
	struct as_of then; /* ms is 0 when answers are about now */
};

static void listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		session_release(&l->v[i].session);
	for (size_t i = 0; i < l->n_others; i++) {
		repo_release(l->others[i]);
		free(l->others[i]);
	}
	free(l->v);
	free(l->others);
}

/* Takes over what is in *s. */
static int add(struct listing *l, struct repo *repo, struct session *s, struct error *err)
{
	if (!ARRAY_GROW(l->v, l->n, l->cap))
		return error_nomem(err);
	l->v[l->n++] = (struct found){ repo, *s };
	*s = (struct session){ .name = NULL };
	return 0;
}

static int list_then(
	struct repo *repo, struct listing *l, const struct session_query *query, struct error *err)
{
	const struct session **v = NULL;
	struct as_of then = { .ms = 0 };
	size_t n = 0;
	int r = as_of_fold(&then, repo, when, err);

	if (r == 0 && l->several && !then.by_time) {
		r = error_set(err, ERR_USAGE, "'%s' is a record of one journal", when);
		error_hint(err, "several repositories are listed: give a time instead");
	}
	if (r == 0)
		r = as_of_list(&then, query, &v, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct session copy = { .name = NULL };

		r = session_copy(&copy, v[i], err);
		if (r == 0)
			r = add(l, repo, &copy, err);
		session_release(&copy);
	}
	if (r == 0) {
		l->then.ms = then.ms;
		l->then.seq = l->several ? 0 : then.seq;
	}
	free(v);
	as_of_release(&then);
	return r;
}

static int list_one(struct repo *repo, struct listing *l, struct error *err)
{
	struct session_set set = { NULL, 0 };
	struct session_query query = l->query;
	int r;

	/* Which of them are passed over is known when all have answered. */
	if (l->several) {
		query.limit = query.limit ? query.limit + query.offset : 0;
		query.offset = 0;
	}
	if (when)
		return list_then(repo, l, &query, err);
	r = repo_project(repo, err);
	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = add(l, repo, &set.v[i], err);
	session_set_release(&set);
	return r;
}

static int add_other(struct listing *l, struct repo **out, struct error *err)
{
	struct repo *repo;

	if (!ARRAY_GROW_SHORT(l->others, l->n_others))
		return error_nomem(err);
	repo = malloc(sizeof(*repo));
	if (!repo)
		return error_nomem(err);
	*repo = (struct repo)REPO_INIT;
	l->others[l->n_others++] = repo;
	*out = repo;
	return 0;
}

static int by_query(const void *a, const void *b, void *query)
{
	const struct found *fa = a, *fb = b;

	return session_query_compare(query, &fa->session, &fb->session);
}

/* All repositories have answered: their sessions in one order, and what is asked for of it. */
static void merge(struct listing *l)
{
	size_t from = l->query.offset < l->n ? l->query.offset : l->n, n = l->n - from;

	if (l->query.limit && l->query.limit < n)
		n = l->query.limit;
	if (l->n)
		qsort_r(l->v, l->n, sizeof(*l->v), by_query, &l->query);
	for (size_t i = 0; i < l->n; i++)
		if (i < from || i >= from + n)
			session_release(&l->v[i].session);
	if (n)
		memmove(l->v, l->v + from, n * sizeof(*l->v));
	l->n = n;
}

/* It stays open until its sessions are shown. */
static int list_other(struct repo *opened, void *arg, struct error *err)
{
	struct listing *l = arg;
	struct repo *repo = NULL;
	int r = add_other(l, &repo, err);

	if (r < 0)
		return r;
	*repo = *opened;
	*opened = (struct repo)REPO_INIT;
	return list_one(repo, l, err);
}

static int list_all(struct app *app, const struct buf *state, struct listing *l, struct error *err)
{
	int r;

	l->several = true;
	r = visit_all(app, state->data, list_other, l, err);
	if (r == 0)
		merge(l);
	return r;
}

static int time_of(const char *word, int64_t *out, struct error *err)
{
	return word ? clock_parse_user(word, clock_now_ms(), out, err) : 0;
}

/* A moment that still belongs to it. */
static int end_of(const char *word, int64_t *out, struct error *err)
{
	int r = time_of(word, out, err);

	if (r == 0 && word)
		++*out;
	return r;
}

static int parse_sort(enum session_sort *out, struct error *err)
{
	static const char *const names[] = {
		[SORT_ACTIVITY] = "activity", [SORT_CREATED] = "created", [SORT_NAME] = "name"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!sort || strcmp(sort, names[i]) == 0) {
			*out = (enum session_sort)i;
			return 0;
		}
	}
	error_set(err, ERR_USAGE, "cannot sort sessions by '%s'", sort);
	return error_hint(err, "activity, created, name");
}

static int parse(struct session_query *q, struct buf *task_id, struct error *err)
{
	enum session_status parsed;
	int r = 0;

	if (status && !session_status_parse(status, &parsed)) {
		error_set(err, ERR_USAGE, "'%s' is not a status", status);
		return error_hint(err,
			"starting, active, pr-open, approved, merged, closed, "
			"deleted");
	}
	if (pr && !session_pr_state_parse(pr, &q->pr)) {
		error_set(err, ERR_USAGE, "'%s' is not a state of a PR", pr);
		return error_hint(err, "none, open, merged, closed");
	}
	if (task)
		r = name_task_id(task, task_id, err);
	if (r == 0)
		r = parse_sort(&q->sort, err);
	if (r == 0)
		r = time_of(since, &q->active_since, err);
	if (r == 0)
		r = end_of(until, &q->active_before, err);
	if (r == 0)
		r = time_of(created_since, &q->created_since, err);
	if (r == 0)
		r = end_of(created_until, &q->created_before, err);
	q->status = status;
	q->task_id = task ? task_id->data : NULL;
	q->branch = branch;
	q->text = text;
	q->deleted = deleted || (status && strcmp(status, "deleted") == 0);
	q->offset = offset;
	q->limit = limit;
	return r;
}

static int show_json(struct listing *l, struct error *err)
{
	struct jsonw w;
	int r = 0;

	app_json_begin(l->app, &w);
	jsonw_key(&w, "sessions");
	jsonw_begin_array(&w);
	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = output_session_json(l->v[i].repo, &w, &l->v[i].session, l->then.ms, err);
	jsonw_end_array(&w);
	if (l->then.ms)
		as_of_json(&w, &l->then);
	app_json_end(l->app, &w);
	return r;
}

/* Is it asked for some of them alone? */
static bool is_filtered(void)
{
	return status || task || branch || pr || text || since || until || created_since ||
		created_until;
}

static int show_text(struct listing *l, struct error *err)
{
	struct output_table table = { .repo_column = l->several, .at = l->then.ms };
	int r = 0;

	if (!l->n) {
		app_say(l->app,
			is_filtered()  ? "no session matches"
				: when ? "there were no sessions"
				       : "no sessions; start one: minsky session start NAME");
		return 0;
	}
	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = output_table_add(&table, l->v[i].repo, &l->v[i].session, err);
	if (r == 0 && l->then.ms)
		output_as_of(l->app, &l->then);
	if (r == 0)
		output_table_print(l->app, &table);
	output_table_release(&table);
	return r;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct listing l = { .app = app };
	struct repo repo = REPO_INIT;
	struct buf task_id = BUF_INIT;
	bool outside = false;
	int r = parse(&l.query, &task_id, err);

	(void)argc;
	(void)argv;
	if (r < 0)
		goto out;
	r = open_repo(&repo, app, repo_path, err);
	if (r == ERR_NOTFOUND && !repo_path) {
		error_clear(err);
		outside = true;
		r = 0;
	}
	if (r < 0)
		goto out;
	if (all || outside)
		r = list_all(app, &repo.state, &l, err);
	else if (repo.known)
		r = list_one(&repo, &l, err);
	if (r == 0)
		r = app->json ? show_json(&l, err) : show_text(&l, err);
out:
	listing_release(&l);
	buf_release(&task_id);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_list = {
	.name = "session list",
	.summary = "list the sessions of this repository (outside a repository: of all)",
	.options = options,
	.json = true,
	.run = run,
};
