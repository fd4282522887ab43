/* minsky hooks install|status|uninstall: for the repository that we are in. */
#include "cli/context.h"
#include "cli/emit.h"
#include "cli/hook_setup.h"

static const struct option_desc options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const char *const state_names[] = { [HOOK_ABSENT] = "absent",
	[HOOK_OURS] = "installed",
	[HOOK_OLD] = "old",
	[HOOK_FOREIGN] = "foreign",
	[HOOK_CHANGED] = "changed" };

struct place {
	struct context c;
	struct git_repo git;
	struct buf directory;
};

static void place_release(struct place *p)
{
	buf_release(&p->directory);
	git_repo_release(&p->git);
	context_release(&p->c);
}

static int place_open(struct place *p, struct app *app, struct error *err)
{
	int r;

	*p = (struct place){ .c = CONTEXT_INIT, .directory = BUF_INIT };
	r = context_open(&p->c, app, NULL, err);
	if (r == 0)
		r = git_repo_open(&p->git, ".", err);
	if (r == 0)
		r = hook_directory(p->c.git_dir.data, &p->directory, err);
	return r;
}

static void print_report(struct app *app, const struct place *p, const struct hooks_report *report)
{
	struct jsonw w;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "directory", p->directory.data);
		jsonw_kbool(&w, "installed", report->live);
		jsonw_key(&w, "hooks");
		jsonw_begin_array(&w);
		for (size_t i = 0; i < report->n; i++) {
			jsonw_begin_object(&w);
			jsonw_kstring(&w, "name", report->v[i].name);
			jsonw_kstring(&w, "state", state_names[report->v[i].state]);
			jsonw_kbool(&w, "chained", report->v[i].chained);
			jsonw_end_object(&w);
		}
		jsonw_end_array(&w);
		app_json_end(app, &w);
		return;
	}
	app_row(app, "directory", p->directory.data);
	for (size_t i = 0; i < report->n; i++)
		buf_addf(&app->out, "%-18s%s%s\n", report->v[i].name,
			state_names[report->v[i].state],
			report->v[i].chained ? ", runs the hook that was there before" : "");
}

static int report(struct app *app, struct place *p, struct error *err)
{
	struct buf program = BUF_INIT;
	struct hooks_report found;
	int r = hook_program(&program, err);

	if (r == 0)
		r = hooks_status(p->c.common_dir.data, p->directory.data, program.data, p->git.bare,
			&found, err);
	if (r == 0)
		print_report(app, p, &found);
	buf_release(&program);
	return r;
}

static int run_install(struct app *app, int argc, const char **argv, struct error *err)
{
	struct place p;
	int r = place_open(&p, app, err);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = context_adopt(&p.c, &p.git, NULL, err);
	if (r == 0)
		r = hook_setup(&p.c, p.c.common_dir.data, p.c.pointer.clone, p.c.pointer.session,
			p.git.bare, err);
	if (r == 0)
		r = report(app, &p, err);
	place_release(&p);
	return r;
}

static int run_status(struct app *app, int argc, const char **argv, struct error *err)
{
	struct place p;
	int r = place_open(&p, app, err);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = report(app, &p, err);
	place_release(&p);
	return r;
}

static int journal_removed(struct place *p, struct error *err)
{
	struct emit e;
	struct jsonw *w;
	int r;

	if (!p->c.known)
		return 0;
	emit_init(&e);
	w = emit_begin(
		&e, EVENT_HOOKS_REMOVED, p->c.pointer.session[0] ? p->c.pointer.session : NULL);
	jsonw_kstring(w, "clone", p->c.pointer.clone);
	jsonw_kstring(w, "path", p->directory.data);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, &p->c, err);
	emit_release(&e);
	return r;
}

static int run_uninstall(struct app *app, int argc, const char **argv, struct error *err)
{
	struct buf left = BUF_INIT, program = BUF_INIT;
	struct hooks_report before = { .n = 0 };
	struct place p;
	bool ours = false;
	int r = place_open(&p, app, err);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = hook_program(&program, err);
	if (r == 0)
		r = hooks_status(p.c.common_dir.data, p.directory.data, program.data, p.git.bare,
			&before, err);
	for (size_t i = 0; i < before.n; i++)
		ours = ours || before.v[i].state == HOOK_OURS || before.v[i].state == HOOK_OLD;
	if (r == 0)
		r = hooks_uninstall(p.c.common_dir.data, p.directory.data, p.git.bare, &left, err);
	if (r == 0 && ours)
		r = journal_removed(&p, err);
	if (r == 0 && left.len)
		app_warn(app, "left alone, because it was changed since: %s", left.data);
	if (r == 0)
		r = report(app, &p, err);
	buf_release(&left);
	buf_release(&program);
	place_release(&p);
	return r;
}

const struct cmd cmd_hooks_install = {
	.name = "hooks install",
	.summary = "put minsky's hooks into this repository, in front of those that are there",
	.options = options,
	.json = true,
	.run = run_install,
};
const struct cmd cmd_hooks_status = {
	.name = "hooks status",
	.summary = "say which hooks are installed here, and where git looks for them",
	.options = options,
	.json = true,
	.run = run_status,
};
const struct cmd cmd_hooks_uninstall = {
	.name = "hooks uninstall",
	.summary = "take minsky's hooks out again; what was there before is put back",
	.options = options,
	.json = true,
	.run = run_uninstall,
};
