#include "cli/output.h"

#include <fcntl.h>

#include "core/array.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/text.h"
#include "hooks/observe/observe.h"
#include "session/pr_refresh.h"

const char *output_short(const char *oid)
{
	static char ring[8][12];
	static unsigned next;
	char *out = ring[next++ % 8];

	(void)snprintf(out, sizeof(ring[0]), "%.8s", oid ? oid : "");
	return out;
}

/* The moment that answers are about. */
static int64_t now_of(const struct app *app)
{
	return app->as_of ? app->as_of : clock_now_ms();
}

/* The log of a linked work tree's HEAD, by way of its ".git", which may name what has gone. */
static bool linked_log(const struct session *s, struct buf *out)
{
	struct buf git_dir = BUF_INIT, common = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool there = fs_is_dir(s->workspace), found;

	found = there && gitdir_find(s->workspace, false, &git_dir, &common, NULL, &ignored) == 0;
	if (found)
		fs_join(out, git_dir.data, "logs/HEAD");
	buf_release(&git_dir);
	buf_release(&common);
	return found || !there;
}

enum session_health output_health(struct repo *repo, const struct session *s)
{
	const char *git = repo_workspace_git(repo, s);
	enum session_health health = HEALTH_OK;
	struct buf path = BUF_INIT;
	int64_t log = 0, cursor;

	if (s->deleted || !s->started || repo->app->as_of)
		return HEALTH_OK;
	if (!session_is_local(repo, s))
		return HEALTH_ELSEWHERE;
	if (!s->workspace)
		return HEALTH_LOST;
	if (git && session_is_linked(s) && !linked_log(s, &path))
		health = HEALTH_BROKEN;
	else if (git && !session_is_linked(s))
		fs_join(&path, git, "logs/HEAD");
	/* <name>/.git/logs/HEAD: workspaces lie beside each other. */
	if (path.len && !path.failed)
		log = stat_cache_mtime(&repo->workspaces, path.data, 4, 0);
	/* With a log there is a workspace: no second look, which counts with hundreds of them. */
	if (!log && !fs_is_dir(s->workspace))
		health = HEALTH_LOST;
	if (!log)
		goto out;
	buf_clear(&path);
	buf_adds(&path, repo->file.journal);
	buf_adds(&path, "/cursors/");
	buf_adds(&path, s->clone_id);
	cursor = path.failed ? 0 : stat_cache_mtime(&repo->cursors, path.data, 1, 0);
	if (log > cursor)
		health = HEALTH_UNCHECKED;
out:
	buf_release(&path);
	return health;
}

static const char *health_name(enum session_health h)
{
	static const char *const names[] = {
		[HEALTH_OK] = "ok",
		[HEALTH_LOST] = "lost",
		[HEALTH_BROKEN] = "broken",
		[HEALTH_UNCHECKED] = "unchecked",
		[HEALTH_ELSEWHERE] = "elsewhere",
	};

	return names[h];
}

/* When a hook of its workspace last rang; 0: never. */
static int64_t last_bell(struct repo *repo, const struct session *s)
{
	struct buf path = BUF_INIT;
	int64_t ms = 0;

	if (!s->clone_id || s->deleted || repo->app->as_of || !session_is_local(repo, s))
		return 0;
	last_hook_path(&path, repo->file.journal, session_is_linked(s) ? s->id : s->clone_id);
	if (!path.failed)
		ms = stat_cache_mtime(&repo->cursors, path.data, 1, AT_SYMLINK_NOFOLLOW);
	buf_release(&path);
	return ms;
}

static bool facts_pending(struct repo *repo)
{
	if (repo->facts == FACTS_UNASKED)
		repo->facts = pr_stale(repo->file.journal) ? FACTS_PENDING : FACTS_CURRENT;
	return repo->facts == FACTS_PENDING;
}

int output_session_json(
	struct repo *repo, struct jsonw *w, const struct session *s, struct error *err)
{
	struct buf record = BUF_INIT;
	const struct pr *pr = session_pr(s);
	const int64_t bell = last_bell(repo, s);
	char last[CLOCK_TEXT_SIZE];
	struct session shown = *s; /* borrowed; only the name is another */
	int r;

	if (s->name)
		shown.name = (char *)display_name(repo, s);
	r = session_to_json(&record, &shown, err);
	if (r == 0 && repo->app->as_of) {
		jsonw_raw(w, record.data, record.len);
	} else if (r == 0) {
		/* The record is an object: its closing brace makes room for the derived part. */
		buf_truncate(&record, record.len - 1);
		jsonw_raw(w, record.data, record.len);
		buf_addf(w->out, ",\"derived\":{\"health\":\"%s\"",
			health_name(output_health(repo, s)));
		if (pr)
			buf_addf(w->out, ",\"prStateFresh\":%s",
				pr_is_fresh(pr, clock_now_ms()) ? "true" : "false");
		if (bell) {
			clock_format(bell, last);
			buf_addf(w->out, ",\"lastBell\":\"%s\"", last);
		}
		if (facts_pending(repo) && session_is_local(repo, s))
			buf_adds(w->out, ",\"factsPending\":true");
		if (display_name_differs(repo, s)) {
			struct jsonw name;

			jsonw_init(&name, w->out, false);
			buf_adds(w->out, ",\"name\":");
			jsonw_string(&name, s->name);
		}
		buf_adds(w->out, "}}");
	}
	buf_release(&record);
	return r;
}

int output_outcome_json(
	struct repo *repo, const char *outcome, const struct session *s, struct error *err)
{
	struct jsonw w;
	int r;

	app_json_begin(repo->app, &w);
	if (outcome)
		jsonw_kstring(&w, "outcome", outcome);
	jsonw_key(&w, "session");
	r = output_session_json(repo, &w, s, err);
	app_json_end(repo->app, &w);
	return r;
}

enum {
	CELL_NAME,
	CELL_STATUS,
	CELL_BRANCH,
	CELL_PR,
	CELL_ACTIVITY,
	CELL_BELL,
	CELL_WHOSE,
	CELL_REPO,
	CELL_NOTE,
	CELLS
};

struct output_row {
	char *cells[CELLS];
};

static const char *const titles[CELLS] = { "SESSION", "STATUS", "BRANCH", "PR", "ACTIVITY",
	"LAST BELL", "WHOSE", "REPOSITORY", "NOTE" };

/* "waiting: for review"; empty without one. */
static void add_note(struct buf *out, const struct session *s)
{
	const char *state = s->note_state, *text = s->note_text;

	if (state)
		buf_addf(out, "%s%s%s", state, text ? ": " : "", text ? text : "");
}

void output_note(struct app *app, const struct session *s)
{
	struct buf line = BUF_INIT;

	add_note(&line, s);
	app_row(app, "note", line.data);
	buf_release(&line);
}

static bool is_approved(const struct pr *pr)
{
	return pr->approved_head && pr->head && strcmp(pr->approved_head, pr->head) == 0;
}

const char *output_pr_word(struct repo *repo, const struct session *s, const struct pr *pr)
{
	if (!pr)
		return "-";
	if (pr->merged_at)
		return "merged";
	if (facts_pending(repo) && session_is_local(repo, s))
		return "unchecked";
	if (pr->closed_at)
		return "closed";
	if (!pr->exists)
		return "gone";
	return is_approved(pr) ? "approved" : "open";
}

int output_table_add(
	struct output_table *t, struct repo *repo, const struct session *s, struct error *err)
{
	enum session_health health = output_health(repo, s);
	struct buf status = BUF_INIT, note = BUF_INIT;
	const int64_t rang = last_bell(repo, s);
	char age[32], bell[32] = "-";

	if (!ARRAY_GROW_SHORT(t->v, t->n))
		return error_nomem(err);
	buf_adds(&status, session_status_name(session_status(s)));
	if (health != HEALTH_OK && health != HEALTH_ELSEWHERE)
		buf_addf(&status, " (%s)", health_name(health));
	add_note(&note, s);
	t->others |= health == HEALTH_ELSEWHERE;
	t->notes |= note.len > 0;
	clock_format_age(
		s->last_activity_at ? s->last_activity_at : s->created_at, now_of(repo->app), age);
	if (rang)
		clock_format_age(rang, clock_now_ms(), bell);
	t->v[t->n] = (struct output_row){ { strdup(display_name(repo, s)), buf_detach(&status),
		strdup(s->branch ? s->branch : ""), strdup(output_pr_word(repo, s, session_pr(s))),
		strdup(age), strdup(bell), strdup(session_whose(s)),
		strdup(repo->file.name ? repo->file.name : ""), strdup(note.data) } };
	buf_release(&note);
	t->n++;
	for (int i = 0; i < CELLS; i++)
		if (!t->v[t->n - 1].cells[i])
			return error_nomem(err);
	return 0;
}

void output_table_release(struct output_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (int k = 0; k < CELLS; k++)
			free(t->v[i].cells[k]);
	free(t->v);
	*t = (struct output_table){ .v = NULL };
}

static bool is_shown(const struct output_table *t, int cell)
{
	switch (cell) {
	case CELL_REPO:
		return t->repo_column;
	case CELL_WHOSE:
		return t->others;
	case CELL_NOTE:
		return t->notes;
	default:
		return true;
	}
}

static void print_cells(struct app *app, const struct output_table *t, const char *const *cells,
	const size_t *width, int last)
{
	for (int k = 0; k <= last; k++) {
		size_t start = app->out.len;

		if (!is_shown(t, k))
			continue;
		app_text(app, cells[k]);
		if (k < last)
			app_pad(app, start, width[k] + 2);
	}
	/* The last cell may be empty. */
	while (app->out.len && app->out.data[app->out.len - 1] == ' ')
		buf_truncate(&app->out, app->out.len - 1);
	buf_addch(&app->out, '\n');
}

void output_table_print(struct app *app, const struct output_table *t)
{
	int last = CELLS - 1;
	size_t width[CELLS];

	while (!is_shown(t, last))
		last--;

	for (int k = 0; k < CELLS; k++) {
		struct buf shown = BUF_INIT;

		width[k] = strlen(titles[k]);
		for (size_t i = 0; i < t->n; i++) {
			size_t n;

			buf_clear(&shown);
			text_add_line(&shown, t->v[i].cells[k], strlen(t->v[i].cells[k]));
			n = text_width(shown.data, shown.len);
			width[k] = n > width[k] ? n : width[k];
		}
		buf_release(&shown);
	}
	print_cells(app, t, titles, width, last);
	for (size_t i = 0; i < t->n; i++)
		print_cells(app, t, (const char *const *)t->v[i].cells, width, last);
}

void output_pr_line(struct app *app, const struct pr *pr)
{
	int64_t now = now_of(app);
	char age[32];

	app_text(app, pr->branch_name ? pr->branch_name : "?");
	if (pr->merged_at) {
		clock_format_age(pr->merged_at, now, age);
		buf_addf(&app->out, " merged %s", age);
		if (pr->merge_method)
			buf_addf(&app->out, " (%s, %s)", pr->merge_method,
				output_short(pr->merge_commit));
		buf_adds(&app->out, pr->exists ? ", branch is still there" : ", branch is gone");
	} else if (pr->closed_at) {
		buf_adds(&app->out, " closed");
	} else {
		buf_addf(&app->out, " %s", pr->exists ? "open" : "gone, not merged");
		if (pr->exists && is_approved(pr))
			buf_adds(&app->out, ", approved");
		if (pr->verdict && strcmp(pr->verdict, "unknown") == 0)
			buf_adds(&app->out, ", cannot tell whether it is merged");
		if (pr->verdict && strcmp(pr->verdict, "nothing") == 0)
			buf_adds(&app->out, ", adds nothing to its base");
	}
	if (pr->last_checked) {
		clock_format_age(pr->last_checked, now, age);
		buf_addf(&app->out, ", checked %s", age);
	}
}

static void row_time(struct app *app, const char *label, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE], age[32];
	struct buf line = BUF_INIT;

	if (!ms)
		return;
	clock_format(ms, text);
	clock_format_age(ms, now_of(app), age);
	buf_addf(&line, "%s (%s)", text, age);
	app_row(app, label, line.data);
	buf_release(&line);
}

int output_session_text(struct repo *repo, const struct session *s, struct error *err)
{
	struct app *app = repo->app;
	const struct pr *pr = session_pr(s);
	struct buf line = BUF_INIT;
	enum session_health health = output_health(repo, s);

	app_row(app, "session", s->name ? display_name(repo, s) : NULL);
	app_row(app, "id", s->id);
	buf_adds(&line, session_status_name(session_status(s)));
	if (health != HEALTH_OK)
		buf_addf(&line, " (%s)", health_name(health));
	app_row(app, "status", line.data);
	app_row(app, "task", s->task_id);
	app_row(app, "description", s->description);
	app_row(app, "repository", s->repo_name);
	app_row(app, "branch", s->branch);
	buf_clear(&line);
	if (s->base_branch)
		buf_addf(&line, "%s %s", s->base_branch, output_short(s->base_oid));
	app_row(app, "base", line.data);
	buf_clear(&line);
	if (s->head)
		buf_addf(&line, "%s (%llu commit%s recorded)", output_short(s->head),
			(unsigned long long)s->commit_count, s->commit_count == 1 ? "" : "s");
	app_row(app, "head", line.data);
	app_row(app, "workspace", s->workspace);
	if (!session_is_local(repo, s))
		app_row(app, "whose", session_whose(s));
	row_time(app, "created", s->created_at);
	row_time(app, "activity", s->last_activity_at);
	row_time(app, "last bell", last_bell(repo, s));
	row_time(app, "deleted", s->deleted_at);
	output_note(app, s);
	if (pr) {
		buf_addf(&app->out, "%-12s", "pr");
		output_pr_line(app, pr);
		buf_addch(&app->out, '\n');
		app_row(app, "pr title", pr->title);
	}
	buf_release(&line);
	return buf_check(&app->out, err);
}
