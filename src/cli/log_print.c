#include "cli/log_print.h"

#include "cli/output.h"
#include "core/clock.h"
#include "core/names.h"

/* Events chosen so far: texts of lines, kept only where order or count ask for it. */
struct chosen {
	char **v;
	size_t n, cap;
};

static void chosen_release(struct chosen *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->v[i]);
	free(k->v);
}

static int chosen_add(
	struct chosen *k, size_t limit, const char *text, size_t len, struct error *err)
{
	char *copy = strndup(text, len);

	if (!copy)
		return error_nomem(err);
	/* With a limit this is a window over the newest. */
	if (limit && k->n == limit) {
		free(k->v[0]);
		memmove(k->v, k->v + 1, (k->n - 1) * sizeof(*k->v));
		k->n--;
	}
	if (k->n == k->cap) {
		size_t cap = k->cap ? 2 * k->cap : 64;
		char **v = realloc(k->v, cap * sizeof(*v));

		if (!v) {
			free(copy);
			return error_nomem(err);
		}
		k->v = v;
		k->cap = cap;
	}
	k->v[k->n++] = copy;
	return 0;
}

struct walk {
	struct context *c;
	const struct log_filter *filter;
	int64_t since, until; /* learnt at, ms; 0: open */
	char session[ID_UUID_SIZE];
	struct session_set names;
	struct chosen chosen;
};

static const char *name_of(void *arg, const char *id)
{
	const struct walk *w = arg;

	for (size_t i = 0; i < w->names.n; i++)
		if (strcmp(w->names.v[i].id, id) == 0)
			return w->names.v[i].name;
	return NULL;
}

static bool type_fits(const char *wanted, const char *type)
{
	size_t len = strlen(wanted);

	return strncmp(wanted, type, len) == 0 && (!type[len] || type[len] == '.');
}

static bool fits(const struct walk *w, const struct event *e)
{
	const struct log_filter *f = w->filter;
	int64_t learnt = record_hlc_ms(e->key.hlc);

	if (w->session[0] && (!e->session || strcmp(e->session, w->session) != 0))
		return false;
	if (f->type && !type_fits(f->type, e->type_name))
		return false;
	return (!w->since || learnt >= w->since) && (!w->until || learnt <= w->until);
}

/* One record: print it, or keep it for later. */
static int take(struct walk *w, const struct journal_reader *reader, const struct record *record,
	struct error *err)
{
	struct app *app = w->c->app;
	struct event_key key = { .hlc = record->hlc, .seq = record->seq };
	bool keep = w->filter->count || w->filter->reverse;
	struct event e = { .type = EVENT_UNKNOWN };
	size_t start = app->out.len;
	int r;

	(void)memcpy(key.origin, record->origin, sizeof(key.origin));
	if (!record->body)
		return 0;
	r = event_decode(&e, record->body, record->body_len, &key, err);
	if (r < 0)
		return error_wrap(err, "record %llu", (unsigned long long)record->seq);
	if (!fits(w, &e))
		goto out;
	if (app->json) {
		size_t len;
		const char *line = journal_reader_line(reader, &len);

		buf_add(&app->out, line, len);
	} else {
		output_event_line(app, &e, name_of, w);
		buf_addch(&app->out, '\n');
	}
	if (keep) {
		r = chosen_add(&w->chosen, w->filter->count, app->out.data + start,
			app->out.len - start, err);
		buf_truncate(&app->out, start);
	} else if (app->out.len > 65536) {
		r = app_flush(app, err);
	}
out:
	event_release(&e);
	return r;
}

static int print_chosen(struct walk *w, struct error *err)
{
	struct app *app = w->c->app;
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->chosen.n; i++) {
		size_t at = w->filter->reverse ? w->chosen.n - 1 - i : i;

		buf_adds(&app->out, w->chosen.v[at]);
		if (app->out.len > 65536)
			r = app_flush(app, err);
	}
	return r;
}

static int prepare(struct walk *w, struct error *err)
{
	struct session_query every = { .deleted = true, .sort = SORT_NAME };
	const struct log_filter *f = w->filter;
	struct context *c = w->c;
	struct buf task = BUF_INIT;
	struct error bad = ERROR_INIT;
	int r = 0;

	if (f->since)
		r = clock_parse_user(f->since, clock_now_ms(), &w->since, err);
	if (r == 0 && f->until)
		r = clock_parse_user(f->until, clock_now_ms(), &w->until, err);
	if (r < 0)
		goto out;
	r = context_project(c, err);
	if (r == 0)
		r = c->backend->ops->list(c->backend, c->repo.id, &every, &w->names, err);
	/* The journal can be read whatever has become of the store. */
	if (r < 0 && r != ERR_NOMEM && !f->session) {
		app_warn(c->app, "sessions are shown by their ids: %s", err->msg);
		error_clear(err);
		r = 0;
	}
	if (r < 0 || !f->session)
		goto out;
	r = ERR_NOTFOUND;
	(void)name_task_id(f->session, &task, &bad);
	/* A deleted session keeps its history; a live one of the same name comes first. */
	for (int round = 0; round < 2 && r == ERR_NOTFOUND; round++) {
		for (size_t i = 0; i < w->names.n; i++) {
			const struct session *s = &w->names.v[i];
			bool same = strcmp(s->id, f->session) == 0 ||
				(s->name && strcmp(s->name, f->session) == 0) ||
				(s->task_id && task.len && strcmp(s->task_id, task.data) == 0);

			if (!same || s->deleted != (round == 1))
				continue;
			(void)memcpy(w->session, s->id, sizeof(w->session));
			r = 0;
		}
	}
	if (r == ERR_NOTFOUND) {
		error_set(err, r, "there is no session '%s'", f->session);
		error_hint(err, "'minsky session list --deleted' shows those there are and were");
	}
out:
	buf_release(&task);
	return r;
}

int log_print(struct context *c, const struct log_filter *filter, struct error *err)
{
	struct walk w = { .c = c, .filter = filter };
	struct journal_reader *reader = NULL;
	const struct record *record;
	int r = prepare(&w, err);

	if (r == 0)
		r = journal_reader_open(&reader, c->journal, NULL, 0, NULL, err);
	while (r == 0) {
		r = journal_reader_next(reader, &record, err);
		if (r < 0 || !record)
			break;
		r = take(&w, reader, record, err);
	}
	if (r == 0)
		r = print_chosen(&w, err);
	journal_reader_close(reader);
	session_set_release(&w.names);
	chosen_release(&w.chosen);
	return r;
}
