/* minsky session pr list: answered from the projection; git is not asked. */
#include "cli/open.h"
#include "cli/output.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/text.h"
#include "repo/display_name.h"

static const char *repo_path, *state;
static unsigned long limit, offset;
static bool all, history;

static const struct option_desc options[] = {
	{ OPTION_COUNT, 'n', "limit", &limit, "N", "list at most N PRs" },
	{ OPTION_COUNT, 0, "offset", &offset, "N", "skip the first N" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_STRING, 's', "state", &state, "STATE",
		"only those that are open, approved, merged, closed, gone or unchecked" },
	{ OPTION_FLAG, 'a', "all", &all, NULL, "list those of every registered repository" },
	{ OPTION_FLAG, 0, "history", &history, NULL, "include earlier PRs of each session" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

enum { CELL_SESSION, CELL_BRANCH, CELL_STATE, CELL_MADE, CELL_CHECKED, CELL_TITLE, CELLS };

static const char *const titles[CELLS] = { "SESSION", "PR", "STATE", "CREATED", "CHECKED",
	"TITLE" };

struct row {
	int64_t created_at;
	char *cells[CELLS];
	char *json;
};

struct listing {
	struct app *app;
	struct row *v;
	size_t n;
};

static void listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++) {
		for (int k = 0; k < CELLS; k++)
			free(l->v[i].cells[k]);
		free(l->v[i].json);
	}
	free(l->v);
}

static char *age(int64_t ms)
{
	char text[32] = "-";

	if (ms)
		clock_format_age(ms, clock_now_ms(), text);
	return strdup(text);
}

static int write_json(const struct session *s, const struct pr *pr, const char *word, char **out,
	struct error *err)
{
	struct buf text = BUF_INIT, record = BUF_INIT;
	struct jsonw w;
	int r = session_pr_to_json(&record, pr, err);

	if (r < 0)
		goto out;
	jsonw_init(&w, &text, false);
	jsonw_begin_object(&w);
	jsonw_kstring_opt(&w, "session", s->name);
	jsonw_kstring(&w, "sessionId", s->id);
	jsonw_kstring_opt(&w, "repoName", s->repo_name);
	jsonw_kstring(&w, "state", word);
	jsonw_kbool(&w, "newest", pr == session_pr(s));
	jsonw_key(&w, "pr");
	jsonw_raw(&w, record.data, record.len);
	jsonw_end_object(&w);
	r = buf_check(&text, err);
	if (r == 0)
		*out = buf_detach(&text);
out:
	buf_release(&text);
	buf_release(&record);
	return r;
}

static int add(struct repo *repo, struct listing *l, const struct session *s, const struct pr *pr,
	struct error *err)
{
	const char *word = output_pr_word(repo, s, pr);
	struct row row = { .created_at = pr->created_at };

	if (state && strcmp(word, state) != 0)
		return 0;
	if (!ARRAY_GROW_SHORT(l->v, l->n))
		return error_nomem(err);
	row.cells[CELL_SESSION] = strdup(display_name(repo, s));
	row.cells[CELL_BRANCH] = strdup(pr->branch_name ? pr->branch_name : "?");
	row.cells[CELL_STATE] = strdup(word);
	row.cells[CELL_MADE] = age(pr->created_at);
	row.cells[CELL_CHECKED] = age(pr->last_checked);
	row.cells[CELL_TITLE] = strdup(pr->title ? pr->title : "");
	l->v[l->n++] = row;
	for (int k = 0; k < CELLS; k++)
		if (!row.cells[k])
			return error_nomem(err);
	return l->app->json ? write_json(s, pr, word, &l->v[l->n - 1].json, err) : 0;
}

static int list_one(struct repo *repo, struct listing *l, struct error *err)
{
	struct session_query query = { .sort = SORT_ACTIVITY };
	struct session_set set = { NULL, 0 };
	int r = repo_project(repo, err);

	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++) {
		struct session called = set.v[i]; /* borrowed, under the name that is shown */
		const struct session *s = &called;

		if (called.name)
			called.name = (char *)display_name(repo, &set.v[i]);
		for (size_t k = history || !s->n_prs ? 0 : s->n_prs - 1; r == 0 && k < s->n_prs;
			k++)
			r = add(repo, l, s, &s->prs[k], err);
	}
	session_set_release(&set);
	return r;
}

static int list_other(struct repo *repo, void *arg, struct error *err)
{
	return list_one(repo, arg, err);
}

static int newest_first(const void *a, const void *b)
{
	const struct row *ra = a, *rb = b;
	int order = (ra->created_at < rb->created_at) - (ra->created_at > rb->created_at);

	return order ? order : strcmp(ra->cells[CELL_SESSION], rb->cells[CELL_SESSION]);
}

static void print_line(struct app *app, const char *const *cells, const size_t *width)
{
	for (int k = 0; k < CELLS; k++) {
		size_t start = app->out.len;

		app_text(app, cells[k]);
		if (k + 1 < CELLS)
			app_pad(app, start, width[k] + 2);
	}
	buf_addch(&app->out, '\n');
}

static size_t shown_width(struct app *app, const char *text)
{
	size_t start = app->out.len, width;

	app_text(app, text);
	width = text_width(app->out.data + start, app->out.len - start);
	buf_truncate(&app->out, start);
	return width;
}

static void print(struct listing *l, size_t from, size_t to)
{
	struct app *app = l->app;
	size_t width[CELLS];

	for (int k = 0; k < CELLS; k++) {
		width[k] = strlen(titles[k]);
		for (size_t i = from; i < to; i++) {
			size_t n = shown_width(app, l->v[i].cells[k]);

			width[k] = n > width[k] ? n : width[k];
		}
	}
	print_line(app, titles, width);
	for (size_t i = from; i < to; i++)
		print_line(app, (const char *const *)l->v[i].cells, width);
}

static void finish(struct listing *l)
{
	size_t from = offset < l->n ? offset : l->n;
	size_t to = limit && limit < l->n - from ? from + limit : l->n;
	struct jsonw w;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), newest_first);
	if (l->app->json) {
		app_json_begin(l->app, &w);
		jsonw_key(&w, "prs");
		jsonw_begin_array(&w);
		for (size_t i = from; i < to; i++)
			jsonw_raw(&w, l->v[i].json, strlen(l->v[i].json));
		jsonw_end_array(&w);
		app_json_end(l->app, &w);
	} else if (from < to) {
		print(l, from, to);
	} else {
		app_say(l->app, "no PRs; create one: minsky session pr create NAME");
	}
}

static int check_state(struct error *err)
{
	static const char *const words[] = { "open", "approved", "merged", "closed", "gone",
		"unchecked" };

	for (size_t i = 0; state && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(state, words[i]) == 0)
			return 0;
	if (!state)
		return 0;
	error_set(err, ERR_USAGE, "'%s' is not a state of a PR", state);
	return error_hint(err, "open, approved, merged, closed, gone, unchecked");
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct listing l = { .app = app };
	bool outside = false;
	int r = check_state(err);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = open_repo(&repo, app, repo_path, err);
	if (r == ERR_NOTFOUND && !repo_path) {
		error_clear(err);
		outside = true;
		r = 0;
	}
	if (r == 0 && (all || outside))
		r = visit_all(app, repo.state.data, list_other, &l, err);
	else if (r == 0 && repo.known)
		r = list_one(&repo, &l, err);
	if (r == 0)
		finish(&l);
	listing_release(&l);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_pr_list = {
	.name = "session pr list",
	.summary = "list the PRs of this repository (outside a repository: of all)",
	.options = options,
	.json = true,
	.run = run,
};
