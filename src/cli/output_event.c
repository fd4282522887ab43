/* An event as one line for people. */
#include "cli/output.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/oid.h"

/* Which members of data tell the story, by type; a member that is not there is passed over. */
static const struct {
	enum event_type type;
	const char *members[5];
} stories[] = {
	{ EVENT_REPO_IDENTIFIED, { "name", "path" } },
	{ EVENT_SESSION_STARTING, { "name", "branch", "baseBranch" } },
	{ EVENT_SESSION_STARTED, { "name", "branch", "workspace" } },
	{ EVENT_SESSION_START_FAILED, { "name", "reason" } },
	{ EVENT_SESSION_RENAMED, { "from", "name" } },
	{ EVENT_SESSION_UPDATED, { "how", "from", "to" } },
	{ EVENT_SESSION_NOTED, { "state", "text" } },
	{ EVENT_SESSION_DELETED, { "reason" } },
	{ EVENT_SESSION_RESTORED, { "workspace" } },
	{ EVENT_SESSION_PURGED, { "how" } },
	{ EVENT_SESSION_LOST, { "workspace" } },
	{ EVENT_SESSION_FOUND, { "workspace" } },
	{ EVENT_COMMIT_CREATED, { "oid", "branch", "subject" } },
	{ EVENT_COMMITS_REWRITTEN, { "how", "branch", "old", "new" } },
	{ EVENT_BRANCH_CREATED, { "branch", "oid" } },
	{ EVENT_BRANCH_SWITCHED, { "from", "to" } },
	{ EVENT_BRANCH_MOVED, { "branch", "how", "old", "new" } },
	{ EVENT_BRANCH_RENAMED, { "from", "to" } },
	{ EVENT_BRANCH_DELETED, { "branch", "old" } },
	{ EVENT_MERGE_COMPLETED, { "branch", "how", "new" } },
	{ EVENT_PR_CREATED, { "branchName", "head", "base", "title" } },
	{ EVENT_PR_UPDATED, { "head", "title" } },
	{ EVENT_PR_APPROVED, { "head" } },
	{ EVENT_PR_MERGED, { "how", "commit", "base" } },
	{ EVENT_PR_BRANCH_DELETED, { "old" } },
	{ EVENT_PR_CHECKED, { "verdict", "head" } },
	{ EVENT_HOOKS_INSTALLED, { "path" } },
	{ EVENT_HOOKS_REMOVED, { "path" } },
	{ EVENT_EVENT_REDACTED, { "seq", "reason" } },
	{ EVENT_JOURNAL_BREAK, { "segment", "lastSeq" } },
	{ EVENT_OVERRIDE_USED, { "guard", "reason" } },
};

static void add_member(struct app *app, const struct json *data, const char *name)
{
	const char *s = json_get_string(data, name);
	uint64_t number;

	if (s) {
		buf_addch(&app->out, ' ');
		app_text(app, oid_is_valid(s) ? output_short(s) : s);
	} else if (json_get_u64(data, name, &number)) {
		buf_addf(&app->out, " %llu", (unsigned long long)number);
	}
}

static void add_type(struct app *app, const struct event *e)
{
	if (app->color)
		buf_adds(&app->out, "\033[33m");
	buf_addf(&app->out, "%-18s", e->type == EVENT_UNKNOWN ? "" : e->type_name);
	if (e->type == EVENT_UNKNOWN)
		app_text(app, e->type_name);
	if (app->color)
		buf_adds(&app->out, "\033[m");
}

static void add_story(struct app *app, const struct event *e)
{
	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++) {
		if (stories[i].type != e->type)
			continue;
		for (size_t k = 0; k < 5 && stories[i].members[k]; k++)
			add_member(app, e->data, stories[i].members[k]);
	}
	if (*e->via && strcmp(e->via, "cli") != 0) {
		buf_adds(&app->out, "  [");
		app_text(app, e->via);
		buf_addch(&app->out, ']');
	}
}

void output_event_line(
	struct app *app, const char *place, const struct event *e, output_name_fn *name, void *arg)
{
	const char *session = e->session && name ? name(arg, e->session) : NULL;
	char at[CLOCK_TEXT_SIZE];

	clock_format(e->at, at);
	buf_addf(&app->out, "%6s  %.19sZ  ", place, at);
	add_type(app, e);
	buf_adds(&app->out, "  ");
	app_text(app, session ? session : e->session ? output_short(e->session) : "-");
	add_story(app, e);
}

void output_blank_line(struct app *app, const char *place, int64_t ms, bool body)
{
	char at[CLOCK_TEXT_SIZE];

	clock_format(ms, at);
	buf_addf(&app->out, "%6s  %.19sZ  %s", place, at, body ? "(unreadable)" : "(redacted)");
}

void output_group_title(struct app *app, const char *session, const char *name, bool gap)
{
	if (gap)
		buf_addch(&app->out, '\n');
	if (app->color)
		buf_adds(&app->out, "\033[1m");
	app_text(app, name ? name : *session ? output_short(session) : "the repository");
	if (app->color)
		buf_adds(&app->out, "\033[m");
	buf_addch(&app->out, '\n');
}

void output_event_in_group(struct app *app, const char *place, const struct event *e, int64_t now)
{
	char age[32];

	clock_format_age(e->at, now, age);
	buf_addf(&app->out, "%6s  %12s  ", place, age);
	add_type(app, e);
	add_story(app, e);
}
