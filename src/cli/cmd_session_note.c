/* minsky session note: whoever works in a session says how it stands, for those who look. */
#include "cli/output.h"
#include "core/text.h"
#include "repo/emit.h"

#define TEXT_MAX 1000

static const char *repo_path, *state, *text;
static bool clear;

static const struct option_desc options[] = {
	{ OPTION_STRING, 's', "state", &state, "WORD", "working, waiting, blocked or done" },
	{ OPTION_STRING, 't', "text", &text, "TEXT", "in a line, on what or for what" },
	{ OPTION_FLAG, 0, "clear", &clear, NULL, "take the note away" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static bool is_state(const char *word)
{
	static const char *const states[] = { "working", "waiting", "blocked", "done" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(states[i], word) == 0)
			return true;
	return false;
}

static int check_usage(struct error *err)
{
	if (clear && (state || text))
		return error_set(
			err, ERR_USAGE, "--clear takes the note away: nothing goes with it");
	if (!clear && !state && !text)
		return error_set(err, ERR_USAGE, "what is noted? give --state, --text or --clear");
	if (state && !is_state(state))
		return error_set(err, ERR_USAGE,
			"--state: '%s' is not one of working, waiting, blocked and done", state);
	if (!text)
		return 0;
	if (!*text || strpbrk(text, "\r\n") || !text_is_utf8(text, strlen(text)))
		return error_set(err, ERR_USAGE, "--text wants a line of UTF-8");
	if (strlen(text) > TEXT_MAX)
		return error_set(err, ERR_USAGE, "--text is longer than %d bytes", TEXT_MAX);
	return 0;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* A text alone keeps the state; a new state begins without a text. */
static int note(struct repo *repo, struct session *s, bool *changed_out, struct error *err)
{
	const char *now = clear ? NULL : state ? state : s->note_state ? s->note_state : "working";
	struct buf clean = BUF_INIT;
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	if (text)
		text_add_scrubbed(&clean, text, strlen(text));
	r = buf_check(&clean, err);
	*changed_out = !same(now, s->note_state) || !same(clean.data, s->note_text);
	if (r < 0 || !*changed_out)
		goto out;
	w = emit_begin(&e, EVENT_SESSION_NOTED, s->id);
	jsonw_kstring_opt(w, "state", now);
	if (clean.len)
		jsonw_kstring(w, "text", clean.data);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
	if (r == 0)
		r = repo_project(repo, err);
	if (r == 0) {
		session_release(s);
		*s = (struct session){ .name = NULL };
	}
out:
	emit_release(&e);
	buf_release(&clean);
	return r;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	char id[ID_UUID_SIZE] = "";
	const char *outcome;
	bool changed = false;
	int r = check_usage(err);

	if (r < 0)
		return r;
	r = repo_find_session(&repo, app, repo_path, argc ? argv[0] : NULL, &s, err);
	if (r == 0) {
		memcpy(id, s.id, sizeof(id));
		r = note(&repo, &s, &changed, err);
	}
	if (r == 0 && changed)
		r = repo.backend->ops->get(repo.backend, repo_store(&repo), KEY_ID, id, &s, err);
	if (r < 0)
		goto out;
	outcome = !changed ? "unchanged" : clear ? "cleared" : "noted";
	if (app->json) {
		r = output_outcome_json(&repo, outcome, &s, err);
	} else {
		app_row(app, "session", display_name(&repo, &s));
		output_note(app, &s);
		app_row(app, "outcome", outcome);
	}
out:
	session_release(&s);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_note = {
	.name = "session note",
	.summary = "say how a session stands: working, waiting, blocked or done",
	.usage = "[NAME|ID|TASK]",
	.details =
		"For people and agents that work in it. 'session list' and 'session get' show the "
		"newest note,\nthe journal keeps all.",
	.options = options,
	.min_args = 0,
	.max_args = 1,
	.json = true,
	.run = run,
};
