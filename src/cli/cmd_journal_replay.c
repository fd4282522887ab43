/* minsky journal replay: how the records of sessions came to be what they are. */
#include "cli/json_pretty.h"
#include "cli/log_print.h"
#include "cli/open.h"
#include "cli/output.h"
#include "core/clock.h"
#include "core/text.h"
#include "history/replay_into.h"

#define FLUSH_AT 65536

static const char *repo_path, *session, *from, *to, *into;

static const struct option_desc options[] = {
	{ OPTION_STRING, 's', "session", &session, "NAME", "replay only this session" },
	{ OPTION_STRING, 0, "from", &from, "SEQ", "show what this record and later ones changed" },
	{ OPTION_STRING, 0, "to", &to, "SEQ|TIME", "stop after this record or time" },
	{ OPTION_STRING, 0, "into", &into, "FILE", "write the records into a new store" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct pending {
	struct app *app;
	const char *own;
	const struct history_point *from; /* NULL: all are shown */
	bool on;
	struct jsonw w;
};

static int tell_change(void *arg, const char *member, const struct json_slice *before,
	const struct json_slice *after, struct error *err)
{
	struct pending *t = arg;
	struct buf *out = &t->app->out;

	if (t->app->json) {
		jsonw_begin_object(&t->w);
		jsonw_kstring(&t->w, "member", member);
		if (before) {
			jsonw_key(&t->w, "before");
			jsonw_raw(&t->w, before->at, before->len);
		}
		if (after) {
			jsonw_key(&t->w, "after");
			jsonw_raw(&t->w, after->at, after->len);
		}
		jsonw_end_object(&t->w);
		return buf_check(out, err);
	}
	buf_adds(out, "        ");
	app_text(t->app, member);
	buf_adds(out, ": ");
	text_add_line(out, before ? before->at : "-", before ? before->len : 1);
	buf_adds(out, " -> ");
	text_add_line(out, after ? after->at : "-", after ? after->len : 1);
	buf_addch(out, '\n');
	return buf_check(out, err);
}

static void add_actor(struct app *app, const struct event *e)
{
	buf_adds(&app->out, "  by ");
	app_text(app, e->actor.user ? e->actor.user : "?");
	if (e->actor.host) {
		buf_addch(&app->out, '@');
		app_text(app, e->actor.host);
	}
	if (e->actor.agent) {
		buf_adds(&app->out, " (");
		app_text(app, e->actor.agent);
		buf_addch(&app->out, ')');
	}
	if (*e->via) {
		buf_adds(&app->out, " via ");
		app_text(app, e->via);
	}
}

static void tell_event_text(struct pending *t, const struct record *record, const struct event *e,
	const struct session *s)
{
	struct app *app = t->app;
	char place[HISTORY_PLACE_SIZE], at[CLOCK_TEXT_SIZE];

	history_place(place, t->own, record->origin, record->seq);
	if (!e) {
		output_blank_line(app, place, record_hlc_ms(record->hlc), record->body != NULL);
	} else {
		clock_format(e->at, at);
		buf_addf(&app->out, "%6s  %.19sZ  ", place, at);
		app_text(app, e->type_name);
		if (s) {
			buf_adds(&app->out, "  ");
			app_text(app, s->name ? s->name : s->id);
		}
		add_actor(app, e);
	}
	buf_addch(&app->out, '\n');
}

static void tell_event_json(
	struct pending *t, const struct record *record, const struct event *e, const char *id)
{
	struct jsonw *w = &t->w;

	app_json_begin(t->app, w);
	jsonw_kstring(w, "origin", record->origin);
	jsonw_ku64(w, "seq", record->seq);
	jsonw_ktime(w, "learntAt", record_hlc_ms(record->hlc));
	if (e) {
		jsonw_ktime(w, "at", e->at);
		jsonw_kstring(w, "type", e->type_name);
		jsonw_kstring_opt(w, "sessionId", id);
		jsonw_kstring_opt(w, "user", e->actor.user);
		jsonw_kstring_opt(w, "host", e->actor.host);
		jsonw_kstring_opt(w, "agent", e->actor.agent);
		jsonw_kstring_opt(w, "via", e->via);
	}
	jsonw_key(w, "changes");
	jsonw_begin_array(w);
}

static int tell(void *arg, const struct record *record, const struct event *e,
	const struct session *s, const char *before, struct error *err)
{
	struct pending *t = arg;
	struct app *app = t->app;
	struct buf after = BUF_INIT;
	int r = 0;

	if (t->from && record->seq == t->from->seq && strcmp(record->origin, t->from->origin) == 0)
		t->on = true;
	if (!t->on || (session && !s))
		return 0;
	if (app->json)
		tell_event_json(t, record, e, s ? s->id : NULL);
	else
		tell_event_text(t, record, e, s);
	if (s)
		r = session_to_json(&after, s, err);
	if (r == 0 && s)
		r = replay_diff(before, after.data, tell_change, t, err);
	if (app->json) {
		jsonw_end_array(&t->w);
		app_json_end(app, &t->w);
	}
	if (r == 0 && app->out.len > FLUSH_AT)
		r = app_flush(app, err);
	buf_release(&after);
	return r;
}

static int tell_record(struct app *app, const struct session *s, struct error *err)
{
	char digest[HASH_HEX_SIZE];
	struct buf text = BUF_INIT;
	struct jsonw w;
	int r = session_to_json(&text, s, err);

	if (r == 0)
		r = session_digest(s, digest, err);
	if (r == 0 && app->json) {
		app_json_begin(app, &w);
		jsonw_key(&w, "record");
		jsonw_raw(&w, text.data, text.len);
		jsonw_kstring(&w, "digest", digest);
		app_json_end(app, &w);
	} else if (r == 0) {
		buf_adds(&app->out, "\nrecord ");
		r = json_pretty(&app->out, text.data, text.len, err);
		buf_addf(&app->out, "\ndigest %s\n", digest);
	}
	buf_release(&text);
	return r;
}

/* Which one is meant is read from the journal too: the store has no say here. */
static int find_session(struct journal *j, const struct history_point *until, char id[ID_UUID_SIZE],
	struct error *err)
{
	const struct replay_wish wish = { .until = until };
	const struct session *s;
	struct replay all;
	int r = replay_run(&all, j, &wish, err);

	/* The damage will be met again. */
	if (r == ERR_CORRUPT) {
		error_clear(err);
		r = 0;
	}
	if (r < 0)
		return r;
	s = replay_look_up(&all, session, true);
	if (s) {
		memcpy(id, s->id, ID_UUID_SIZE);
	} else {
		r = error_set(err, ERR_NOTFOUND, "there is no session '%s'", session);
		error_hint(err, "to list all sessions: minsky session list --deleted");
	}
	replay_release(&all);
	return r;
}

static int store(struct repo *repo, const struct replay *all, struct error *err)
{
	struct jsonw w;
	int r = replay_into(all, repo->file.id, into, err);

	if (r < 0)
		return r;
	if (app_of(repo)->json) {
		app_json_begin(app_of(repo), &w);
		jsonw_kstring(&w, "store", into);
		jsonw_ku64(&w, "sessions", all->n);
		app_json_end(app_of(repo), &w);
	} else {
		app_say(app_of(repo), "wrote %zu sessions to '%s'", all->n, into);
	}
	return 0;
}

static int finish(
	struct repo *repo, const struct replay *all, const struct pending *t, struct error *err)
{
	int r = 0;

	if (!t->on) {
		r = error_set(err, ERR_NOTFOUND, "the journal has no record '%s'", from);
		return error_hint(err, "to list records: minsky journal log");
	}
	if (into)
		return store(repo, all, err);
	for (size_t i = 0; r == 0 && i < all->n; i++) {
		r = tell_record(app_of(repo), &all->v[i], err);
		if (r == 0 && app_of(repo)->out.len > FLUSH_AT)
			r = app_flush(app_of(repo), err);
	}
	return r;
}

static int replay(struct repo *repo, struct error *err)
{
	struct history_point first, last;
	struct pending t = { .app = app_of(repo),
		.own = journal_origin(repo->journal),
		.from = from ? &first : NULL,
		.on = !from };
	struct replay_wish wish = {
		.until = to ? &last : NULL, .fn = into ? NULL : tell, .arg = &t
	};
	struct error damage = ERROR_INIT;
	char id[ID_UUID_SIZE];
	struct replay all = { .v = NULL };
	int r = from ? history_point_parse(&first, repo->journal, from, false, err) : 0;

	if (r == 0 && to)
		r = history_point_parse(&last, repo->journal, to, true, err);
	if (r == 0 && session) {
		r = find_session(repo->journal, wish.until, id, err);
		wish.session = id;
	}
	if (r == 0)
		r = replay_run(&all, repo->journal, &wish, err);
	if (r == ERR_CORRUPT) {
		damage = *err;
		r = 0;
	}
	if (r == 0)
		r = finish(repo, &all, &t, err);
	if (r == 0 && damage.code != ERR_OK) {
		r = app_flush(app_of(repo), err);
		*err = r < 0 ? *err : damage;
		r = err->code;
	}
	replay_release(&all);
	return r;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	int r = 0;

	(void)argc;
	(void)argv;
	if (into && (session || from)) {
		r = error_set(err, ERR_USAGE, "--into writes all records of all sessions");
		error_hint(err, "leave out --session and --from");
	}
	if (r == 0 && into)
		r = replay_into_check(into, err);
	if (r == 0)
		r = log_open(&repo, app, repo_path, err);
	if (r == 0)
		r = replay(&repo, err);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_journal_replay = {
	.name = "journal replay",
	.summary = "show what each event changed",
	.details = "SEQ is the number of a record of this machine, or ORIGIN:SEQ. With --json, one "
		   "document is\n"
		   "printed for each event, then one for each record.",
	.options = options,
	.json = true,
	.run = run,
};
