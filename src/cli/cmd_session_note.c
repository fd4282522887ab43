/* minsky session note: whoever works in a session says how it stands, for those who look. */
#include "cli/open.h"
#include "cli/output.h"
#include "session/note.h"

static const char *repo_path, *state, *text;
static bool clear;

static const struct option_desc options[] = {
	{ OPTION_STRING, 's', "state", &state, "WORD", "working, waiting, blocked or done" },
	{ OPTION_STRING, 't', "text", &text, "TEXT", "in a line, on what or for what" },
	{ OPTION_FLAG, 0, "clear", &clear, NULL, "take the note away" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	const struct note_request req = { .state = state, .text = text, .clear = clear };
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	const char *outcome;
	bool changed = false;
	int r = note_check(&req, err);

	if (r < 0)
		return r;
	r = open_session(&repo, app, repo_path, argc ? argv[0] : NULL, &s, err);
	if (r == 0)
		r = session_note(&repo, &s, &req, &changed, err);
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
