#include "cli/output.h"
#include "cli/open.h"

#include "cli/print_words.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/text.h"
#include "repo/health.h"
#include "session/pr_refresh.h"

const char *output_short(const char *oid)
{
	static char ring[8][12];
	static unsigned next;
	char *out = ring[next++ % 8];

	(void)snprintf(out, sizeof(ring[0]), "%.8s", oid ? oid : "");
	return out;
}

/* The moment that an answer is about; `at` is 0 for now. */
static int64_t moment(int64_t at)
{
	return at ? at : clock_now_ms();
}

/* About another time than now nobody's name is in the way. */
static const char *name_at(struct repo *repo, const struct session *s, int64_t at)
{
	if (!s->name)
		return NULL;
	return at ? s->name : display_name(repo, s);
}

int output_session_json(
	struct repo *repo, struct jsonw *w, const struct session *s, int64_t at, struct error *err)
{
	struct buf record = BUF_INIT;
	const struct pr *pr = session_pr(s);
	const int64_t hook = at ? 0 : session_last_hook(repo, s);
	char last[CLOCK_TEXT_SIZE];
	struct session shown = *s; /* borrowed; only the name is another */
	int r;

	if (s->name)
		shown.name = (char *)name_at(repo, s, at);
	r = session_to_json(&record, &shown, err);
	if (r == 0) {
		/* The record is an object: its closing brace makes room for what is not part of it.
		 */
		buf_truncate(&record, record.len - 1);
		jsonw_raw(w, record.data, record.len);
	}
	if (r == 0 && session_has_place(s)) {
		buf_adds(w->out, ",\"place\":");
		r = session_place_to_json(w->out, s, err);
	}
	if (r == 0 && at) {
		buf_adds(w->out, "}");
	} else if (r == 0) {
		buf_addf(w->out, ",\"derived\":{\"health\":\"%s\"",
			session_health_name(session_health(repo, s)));
		if (pr)
			buf_addf(w->out, ",\"prStateFresh\":%s",
				pr_is_fresh(pr, clock_now_ms()) ? "true" : "false");
		if (hook) {
			clock_format(hook, last);
			buf_addf(w->out, ",\"lastHook\":\"%s\"", last);
		}
		if (repo_pr_stale(repo) && session_is_local(repo, s))
			buf_adds(w->out, ",\"prStale\":true");
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

	app_json_begin(app_of(repo), &w);
	if (outcome)
		jsonw_kstring(&w, "outcome", outcome);
	jsonw_key(&w, "session");
	r = output_session_json(repo, &w, s, 0, err);
	app_json_end(app_of(repo), &w);
	return r;
}

enum {
	CELL_NAME,
	CELL_STATUS,
	CELL_BRANCH,
	CELL_PR,
	CELL_ACTIVITY,
	CELL_HOOK,
	CELL_WHOSE,
	CELL_REPO,
	CELL_NOTE,
	CELLS
};

struct output_row {
	char *cells[CELLS];
};

static const char *const titles[CELLS] = { "SESSION", "STATUS", "BRANCH", "PR", "ACTIVITY",
	"LAST HOOK", "WHOSE", "REPOSITORY", "NOTE" };

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
	if (repo_pr_stale(repo) && session_is_local(repo, s))
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
	enum session_health health = t->at ? HEALTH_OK : session_health(repo, s);
	struct buf status = BUF_INIT, note = BUF_INIT;
	const int64_t hook = t->at ? 0 : session_last_hook(repo, s);
	char age[32], hook_age[32] = "-";

	if (!ARRAY_GROW_SHORT(t->v, t->n))
		return error_nomem(err);
	buf_adds(&status, session_status_name(session_status(s)));
	if (health != HEALTH_OK && health != HEALTH_ELSEWHERE)
		buf_addf(&status, " (%s)", session_health_name(health));
	add_note(&note, s);
	t->others |= health == HEALTH_ELSEWHERE;
	t->notes |= note.len > 0;
	clock_format_age(
		s->last_activity_at ? s->last_activity_at : s->created_at, moment(t->at), age);
	if (hook)
		clock_format_age(hook, clock_now_ms(), hook_age);
	t->v[t->n] = (struct output_row){ { strdup(s->name ? name_at(repo, s, t->at) : s->id),
		buf_detach(&status), strdup(s->branch ? s->branch : ""),
		strdup(output_pr_word(repo, s, session_pr(s))), strdup(age), strdup(hook_age),
		strdup(session_whose(repo, s)), strdup(repo->file.name ? repo->file.name : ""),
		strdup(note.data) } };
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

int output_gone(const struct session *s, struct error *err)
{
	error_set(err, ERR_NOTFOUND, "session '%s' was deleted meanwhile", s->name);
	return error_hint(err, "'minsky session restore %s' brings it back", s->name);
}

static void print_landing(struct app *app, const struct pr *pr)
{
	buf_adds(&app->out, " (");
	app_text(app, pr->merge_method);
	buf_adds(&app->out, ", ");
	app_text(app, output_short(pr->merge_commit));
	buf_adds(&app->out, ")");
}

void output_pr_line(struct app *app, const struct pr *pr, int64_t at)
{
	int64_t now = moment(at);
	char age[32];

	app_text(app, pr->branch_name ? pr->branch_name : "?");
	if (pr->merged_at) {
		clock_format_age(pr->merged_at, now, age);
		buf_addf(&app->out, " merged %s", age);
		if (pr->merge_method)
			print_landing(app, pr);
		buf_adds(&app->out, pr->exists ? ", branch still exists" : ", branch deleted");
	} else if (pr->closed_at) {
		buf_adds(&app->out, " closed");
	} else {
		buf_addf(&app->out, " %s", pr->exists ? "open" : "gone (not merged)");
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

static void row_time(struct app *app, const char *label, int64_t ms, int64_t at)
{
	char text[CLOCK_TEXT_SIZE], age[32];
	struct buf line = BUF_INIT;

	if (!ms)
		return;
	clock_format(ms, text);
	clock_format_age(ms, moment(at), age);
	buf_addf(&line, "%s (%s)", text, age);
	app_row(app, label, line.data);
	buf_release(&line);
}

int output_session_text(struct repo *repo, const struct session *s, int64_t at, struct error *err)
{
	struct app *app = app_of(repo);
	const struct pr *pr = session_pr(s);
	struct buf line = BUF_INIT;
	enum session_health health = at ? HEALTH_OK : session_health(repo, s);

	app_row(app, "session", name_at(repo, s, at));
	app_row(app, "id", s->id);
	buf_adds(&line, session_status_name(session_status(s)));
	if (health != HEALTH_OK)
		buf_addf(&line, " (%s)", session_health_name(health));
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
	app_row(app, "workspace", s->workspace ? s->workspace : s->told_workspace);
	if (!session_is_local(repo, s))
		app_row(app, "whose", session_whose(repo, s));
	row_time(app, "created", s->created_at, at);
	row_time(app, "activity", s->last_activity_at, at);
	row_time(app, "last hook", at ? 0 : session_last_hook(repo, s), at);
	row_time(app, "deleted", s->deleted_at, at);
	output_note(app, s);
	if (pr) {
		buf_addf(&app->out, "%-12s", "pr");
		output_pr_line(app, pr, at);
		buf_addch(&app->out, '\n');
		app_row(app, "pr title", pr->title);
	}
	buf_release(&line);
	print_words(repo, s, moment(at));
	return buf_check(&app->out, err);
}

void output_as_of(struct app *app, const struct as_of *a)
{
	char at[CLOCK_TEXT_SIZE];

	clock_format(a->ms, at);
	buf_addf(&app->out, "as of %s", at);
	if (a->seq)
		buf_addf(&app->out, " (record %llu)", (unsigned long long)a->seq);
	buf_addch(&app->out, '\n');
}
