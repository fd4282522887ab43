/* minsky session note: whoever works in a session says how it stands, for those who look. */
#include "cli/open.h"
#include "cli/output.h"
#include "session/note.h"

static const char *repo_path, *state, *text;
static bool clear;

static const struct option_desc options[] = {
	{ OPTION_STRING, 's', "state", &state, "WORD", "state: working, waiting, blocked or done" },
	{ OPTION_STRING, 't', "text", &text, "TEXT", "one line of details" },
	{ OPTION_FLAG, 0, "clear", &clear, NULL, "remove the note" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
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
	.summary = "set the note of a session: working, waiting, blocked or done",
	.usage = "[NAME|ID|TASK]",
	.details = "For people and agents. 'session list' and 'session get' show the newest note; "
		   "the journal\n"
		   "keeps all.",
	.options = options,
	.min_args = 0,
	.max_args = 1,
	.json = true,
	.run = run,
};
