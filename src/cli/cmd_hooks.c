/* minsky hooks install|status|uninstall: for the repository that we are in, or all. */
#include "cli/open.h"
#include "core/clock.h"
#include "core/fs.h"
#include "repo/clones.h"
#include "repo/hook_advice.h"
#include "repo/hook_check.h"
#include "repo/hook_setup.h"
#include "repo/repo.h"

static const struct option_desc options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static bool everywhere;

static const struct option_desc uninstall_options[] = {
	{ OPTION_FLAG, 0, "all", &everywhere, NULL,
		"remove the hooks from every registered clone" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const char *const state_names[] = { [HOOK_ABSENT] = "absent",
	[HOOK_OURS] = "installed",
	[HOOK_OLD] = "old",
	[HOOK_FOREIGN] = "foreign",
	[HOOK_CHANGED] = "changed",
	[HOOK_BEHIND] = "behind" };

/* In all clones. */
struct uninstalling {
	struct jsonw w;
	size_t failed;
};

struct place {
	struct repo repo;
	struct git_repo git;
	struct hook_place hooks;
	struct buf program;
	struct hooks_report report;
	struct hook_check check;
};

static void place_release(struct place *p)
{
	hook_check_release(&p->check);
	buf_release(&p->program);
	hook_place_release(&p->hooks);
	git_repo_release(&p->git);
	repo_release(&p->repo);
}

static int place_open(struct place *p, struct app *app, bool foreign_too, struct error *err)
{
	int r;

	*p = (struct place){ .repo = REPO_INIT,
		.hooks = HOOK_PLACE_INIT,
		.program = BUF_INIT,
		.check = HOOK_CHECK_INIT };
	r = open_repo(&p->repo, app, NULL, err);
	/* Known to its owner's minsky. */
	if (r == ERR_REFUSED && foreign_too && hook_foreign(p->repo.common_dir.data)) {
		error_clear(err);
		r = 0;
	}
	if (r == 0)
		r = git_repo_open(&p->git, ".", err);
	if (r == 0)
		r = hook_place_look(
			&p->hooks, p->repo.common_dir.data, p->repo.top.data, p->git.bare, err);
	return r;
}

static void print_json(struct app *app, const struct place *p, const char *advice)
{
	const struct hooks_report *report = &p->report;
	char last[CLOCK_TEXT_SIZE];
	struct jsonw w;

	app_json_begin(app, &w);
	jsonw_kstring(&w, "directory", p->hooks.directory.data);
	jsonw_kstring(&w, "form", report->configured ? "configuration" : "files");
	jsonw_kbool(&w, "installed", report->live);
	jsonw_kstring(&w, "status", hooks_status_word(p->check.state));
	jsonw_kstring_opt(&w, "reason", p->check.reason.data);
	jsonw_kstring_opt(&w, "advice", advice);
	if (p->check.last) {
		clock_format(p->check.last, last);
		jsonw_kstring(&w, "lastHook", last);
	}
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
}

static void print_text(struct app *app, const struct place *p, const char *advice)
{
	const struct hooks_report *report = &p->report;
	struct buf line = BUF_INIT;
	char age[32];

	app_row(app, "directory", p->hooks.directory.data);
	if (report->configured)
		app_row(app, "form", "configuration (hook.minsky)");
	for (size_t i = 0; i < report->n; i++)
		buf_addf(&app->out, "%-18s%s%s\n", report->v[i].name,
			state_names[report->v[i].state],
			report->v[i].chained ? ", then runs the previous hook" : "");
	buf_addf(&line, "%s%s%s", hooks_work_name(p->check.state), p->check.reason.len ? ": " : "",
		p->check.reason.data);
	app_row(app, "hooks", line.data);
	if (p->check.last) {
		clock_format_age(p->check.last, clock_now_ms(), age);
		app_row(app, "last hook", age);
	}
	app_row(app, "to add", advice);
	buf_release(&line);
}

static int report(struct app *app, struct place *p, struct error *err)
{
	const char *common = p->repo.common_dir.data;
	struct buf advice = BUF_INIT;
	int r = hook_program(&p->program, err);

	/* What the owner has installed is not always ours to read. */
	if (r == 0 && !hook_foreign(common))
		r = hook_state(common, &p->hooks, p->program.data, &p->report, err);
	if (r == 0)
		r = hook_check(&p->check, common, &p->hooks, &p->report, err);
	if (r == 0 && p->check.state == HOOKS_DO_NOT_WORK && p->repo.known)
		hook_advice(&p->hooks, p->program.data, &advice);
	if (r == 0)
		r = buf_check(&advice, err);
	if (r == 0 && app->json)
		print_json(app, p, advice.data);
	else if (r == 0)
		print_text(app, p, advice.data);
	buf_release(&advice);
	return r;
}

/* What would have to be added where git looks, as part of the refusal. */
static int explain_refusal(struct app *app, struct place *p, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct buf why = BUF_INIT, advice = BUF_INIT;

	if (hook_foreign(p->repo.common_dir.data) || hook_program(&p->program, &ignored) < 0)
		return err->code;
	hook_place_why(&p->hooks, &why);
	hook_advice(&p->hooks, p->program.data, &advice);
	if (why.len && !why.failed)
		(void)app_add_reason(app, "why", why.data, &ignored);
	if (advice.len && !advice.failed) {
		(void)app_add_reason(app, "to add", advice.data, &ignored);
		error_hint(err,
			"run the command after 'to add', or add its lines to those hooks before "
			"any 'exit' or 'exec'; then check: minsky hooks status");
	}
	buf_release(&why);
	buf_release(&advice);
	return err->code;
}

/* Installed, and somebody may take it out again without asking. */
static void warn_of_manager(struct app *app, struct place *p)
{
	struct buf why = BUF_INIT, advice = BUF_INIT, followed = BUF_INIT;

	hook_place_why(&p->hooks, &why);
	hook_advice(&p->hooks, p->program.data, &advice);
	hook_advice_followed(&p->hooks, &followed);
	if (why.len && advice.len && !followed.len && !why.failed && !advice.failed)
		app_say(app, "%s; to keep minsky's hooks, run: %s", why.data, advice.data);
	buf_release(&followed);
	buf_release(&why);
	buf_release(&advice);
}

static int run_install(struct app *app, int argc, const char **argv, struct error *err)
{
	struct place p;
	int r = place_open(&p, app, false, err);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = repo_register(&p.repo, &p.git, NULL, err);
	if (r == 0) {
		r = hook_setup(&p.repo, p.repo.common_dir.data, p.repo.pointer.clone,
			p.repo.pointer.session, p.git.bare, err);
		if (r == ERR_REFUSED)
			r = explain_refusal(app, &p, err);
	}
	if (r == 0)
		r = report(app, &p, err);
	if (r == 0 && !p.report.configured)
		warn_of_manager(app, &p);
	place_release(&p);
	return r;
}

static int run_status(struct app *app, int argc, const char **argv, struct error *err)
{
	struct place p;
	int r = place_open(&p, app, true, err);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = report(app, &p, err);
	place_release(&p);
	return r;
}

/* What is left there, and has to be taken out by hand. */
static void say_left(struct app *app, const struct hook_place *place, struct buf *left)
{
	struct buf prev = BUF_INIT, followed = BUF_INIT;

	for (char *at = left->data, *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		buf_clear(&prev);
		buf_addf(&prev, "%s.minsky-prev", at);
		if (!prev.failed && fs_exists(prev.data))
			app_warn(app,
				"'%s' was modified and is left unchanged; the previous hook is "
				"'%s'",
				at, prev.data);
		else
			app_warn(app, "'%s' was modified and is left unchanged", at);
	}
	hook_advice_followed(place, &followed);
	if (followed.len && !followed.failed)
		app_say(app,
			"'%s' still runs minsky, from a line that was added by hand; without "
			"minsky, that line does nothing",
			followed.data);
	buf_release(&followed);
	buf_release(&prev);
}

static int uninstall_here(struct app *app, struct error *err)
{
	struct buf left = BUF_INIT;
	struct place p;
	int r = place_open(&p, app, false, err);

	if (r == 0)
		r = hook_remove(&p.repo, p.repo.common_dir.data, &p.hooks, p.repo.pointer.clone,
			p.repo.pointer.session, &left, NULL, err);
	if (r == 0)
		say_left(app, &p.hooks, &left);
	if (r == 0)
		r = report(app, &p, err);
	buf_release(&left);
	place_release(&p);
	return r;
}

static int uninstall_one(const struct clone_visit *v, void *arg, struct error *err)
{
	struct hook_place place = HOOK_PLACE_INIT;
	struct buf left = BUF_INIT;
	struct uninstalling *u = arg;
	struct app *app = app_of(v->repo);
	bool any = false;
	int r;

	/* A linked work tree has the hooks of its repository. */
	if (!v->there || v->linked)
		return 0;
	r = hook_place_look(&place, v->clone->path, NULL, v->bare, err);

	if (r == 0)
		r = hook_remove(v->repo, v->clone->path, &place, v->clone->id, v->clone->session,
			&left, &any, err);
	if (r == 0)
		say_left(app, &place, &left);
	if (r == 0 && any && app->json)
		jsonw_string(&u->w, v->clone->path);
	else if (r == 0 && any)
		app_row(app, "removed", v->clone->path);
	/* One that is broken does not keep the others' hooks. */
	if (r < 0 && r != ERR_NOMEM) {
		app_warn(app, "'%s': %s", v->clone->path, err->msg);
		error_clear(err);
		u->failed++;
		r = 0;
	}
	hook_place_release(&place);
	buf_release(&left);
	return r;
}

static int uninstall_everywhere(struct app *app, struct error *err)
{
	struct uninstalling u = { .failed = 0 };
	size_t left_out = 0;
	int r;

	if (app->json) {
		app_json_begin(app, &u.w);
		jsonw_key(&u.w, "removed");
		jsonw_begin_array(&u.w);
	}
	r = clones_visit(app_caller(app), NULL, true, uninstall_one, &u, &left_out, err);
	app->damaged |= left_out > 0;
	if (r == 0 && u.failed)
		return error_set(err, ERR_IO, "the hooks of %zu clone%s could not be removed",
			u.failed, u.failed == 1 ? "" : "s");
	if (r == 0 && app->json) {
		jsonw_end_array(&u.w);
		app_json_end(app, &u.w);
	}
	return r;
}

static int run_uninstall(struct app *app, int argc, const char **argv, struct error *err)
{
	(void)argc;
	(void)argv;
	return everywhere ? uninstall_everywhere(app, err) : uninstall_here(app, err);
}

const struct cmd cmd_hooks_install = {
	.name = "hooks install",
	.summary = "install minsky's hooks in this repository; existing hooks are kept",
	.options = options,
	.json = true,
	.run = run_install,
};
const struct cmd cmd_hooks_status = {
	.name = "hooks status",
	.summary = "show which hooks are installed in this repository and whether they work",
	.options = options,
	.json = true,
	.run = run_status,
};
const struct cmd cmd_hooks_uninstall = {
	.name = "hooks uninstall",
	.summary = "remove minsky's hooks and restore the previous ones",
	.options = uninstall_options,
	.json = true,
	.run = run_uninstall,
};
