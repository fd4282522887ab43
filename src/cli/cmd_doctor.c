/* minsky doctor: is everything in place, and do the hooks of every clone ring? */
#include <sys/stat.h>
#include <unistd.h>

#include "cli/open.h"
#include "cli/print_hub.h"
#include "core/clock.h"
#include "core/paths.h"
#include "git/gitcmd.h"
#include "hooks/observe/observe.h"
#include "repo/clones.h"
#include "repo/hook_check.h"
#include "repo/hook_setup.h"
#include "repo/repo.h"

static bool all, repair;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 'a', "all", &all, NULL, "check every registered repository" },
	{ OPTION_FLAG, 0, "fix", &repair, NULL,
		"install hooks where they are missing or outdated" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct doctor {
	struct buf program;
	struct jsonw w;
	size_t live, dark, foreign;
};

static void print_clone(
	struct doctor *d, const struct clone_visit *v, const struct hook_check *found)
{
	struct app *app = app_of(v->repo);
	char last[CLOCK_TEXT_SIZE], age[32] = "never";

	if (found->last)
		clock_format_age(found->last, clock_now_ms(), age);
	if (app->json) {
		jsonw_begin_object(&d->w);
		jsonw_kstring(&d->w, "repo", v->repo->file.id);
		jsonw_kstring(&d->w, "clone", v->clone->id);
		jsonw_kstring(&d->w, "path", v->linked ? v->linked->git_dir : v->clone->path);
		jsonw_kstring_opt(
			&d->w, "sessionId", v->linked ? v->linked->session : v->clone->session);
		jsonw_kstring(&d->w, "status", hooks_status_word(found->state));
		jsonw_kstring_opt(&d->w, "reason", found->reason.data);
		if (found->last) {
			clock_format(found->last, last);
			jsonw_kstring(&d->w, "lastHook", last);
		}
		jsonw_end_object(&d->w);
		return;
	}
	app_text(app, v->linked ? v->linked->git_dir : v->clone->path);
	buf_addf(&app->out, ": hooks %s, last hook %s\n", hooks_work_name(found->state), age);
	if (found->reason.len) {
		buf_adds(&app->out, "    ");
		app_text(app, found->reason.data);
		buf_addch(&app->out, '\n');
	}
}

/* What can be put right by installing is; the answer is then that of a second look. */
static int check(
	struct doctor *d, const struct clone_visit *v, struct hook_check *found, struct error *err)
{
	struct hook_place place = HOOK_PLACE_INIT;
	struct hooks_report report;
	int r = hook_place_look(
		&place, v->clone->path, v->linked ? v->linked->top : NULL, v->bare, err);

	if (r == 0)
		r = hook_state(v->clone->path, &place, d->program.data, &report, err);
	if (r == 0 && repair && !report.live && !place.off && place.own)
		r = hook_setup(v->repo, v->clone->path, v->clone->id,
			v->linked ? NULL : v->clone->session, v->bare, err);
	if (r == 0 && repair)
		r = hook_state(v->clone->path, &place, d->program.data, &report, err);
	if (r == 0)
		r = hook_check(found, v->clone->path, &place, &report, err);
	if (r == 0 && v->linked)
		found->last = last_hook_time(v->repo->file.journal, v->linked->session);
	hook_place_release(&place);
	return r;
}

/* A clone that was deleted has nothing that could ring. */
static int visit(const struct clone_visit *v, void *arg, struct error *err)
{
	struct hook_check found = HOOK_CHECK_INIT;
	struct doctor *d = arg;
	struct stat st;
	int r = 0;

	if (stat(v->clone->path, &st) < 0)
		return 0;
	if (st.st_uid != geteuid() || v->there)
		r = check(d, v, &found, err);
	else
		goto out;
	if (r < 0 && r != ERR_NOMEM) {
		found.state = st.st_uid != geteuid() ? HOOKS_FOREIGN : HOOKS_DO_NOT_WORK;
		buf_clear(&found.reason);
		buf_adds(&found.reason,
			found.state == HOOKS_FOREIGN ? "it belongs to another user" : err->msg);
		error_clear(err);
		r = 0;
	}
	if (r == 0)
		r = buf_check(&found.reason, err);
	if (r < 0)
		goto out;
	d->live += found.state == HOOKS_WORK;
	d->dark += found.state == HOOKS_DO_NOT_WORK;
	d->foreign += found.state == HOOKS_FOREIGN;
	print_clone(d, v, &found);
out:
	hook_check_release(&found);
	return r;
}

static int print_place(struct app *app, struct doctor *d, struct error *err)
{
	struct buf state = BUF_INIT, git = BUF_INIT;
	int major = 0, minor = 0, r;

	r = git_version(&major, &minor, err);
	if (r == 0)
		r = hook_program(&d->program, err);
	if (r == 0)
		r = paths_state(&state, err);
	buf_addf(&git, "%d.%d", major, minor);
	if (r == 0)
		r = buf_check(&git, err);
	if (r == 0 && app->json) {
		app_json_begin(app, &d->w);
		jsonw_kstring(&d->w, "git", git.data);
		jsonw_kstring(&d->w, "program", d->program.data);
		jsonw_kstring(&d->w, "state", state.data);
		jsonw_key(&d->w, "clones");
		jsonw_begin_array(&d->w);
	} else if (r == 0) {
		app_row(app, "git", git.data);
		app_row(app, "minsky-hook", d->program.data);
		app_row(app, "state", state.data);
	}
	buf_release(&state);
	buf_release(&git);
	return r;
}

/* The hub of the repository that we are in, if there are both. */
static int check_hub(struct app *app, struct doctor *d, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct error ignored = ERROR_INIT;
	int r = open_repo(&repo, app, NULL, &ignored);

	if (r == 0 && repo.known)
		r = repo_hub_ask(&repo, err);
	if (r == 0 && repo.known && repo.hub.kind != REPO_HUB_NONE) {
		const struct hub_state *h = &repo.hub.state;

		if (app->json)
			print_hub_json(&repo, &d->w);
		else
			print_hub(&repo);
		if (h->failure[0]) {
			app_say(app, "hub: %s; %llu events are not pushed", h->message,
				(unsigned long long)repo_hub_unpushed(&repo));
			app->unwell = true;
		}
	}
	repo_release(&repo);
	return err->code == ERR_OK ? 0 : err->code;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct doctor d = { .program = BUF_INIT };
	size_t left_out = 0;
	int r = print_place(app, &d, err);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = clones_visit(app_caller(app), NULL, all, visit, &d, &left_out, err);
	app->damaged |= left_out > 0;
	if (r < 0)
		goto out;
	if (app->json)
		jsonw_end_array(&d.w);
	r = check_hub(app, &d, err);
	if (r < 0)
		goto out;
	if (app->json) {
		jsonw_ku64(&d.w, "working", d.live);
		jsonw_ku64(&d.w, "notWorking", d.dark);
		jsonw_ku64(&d.w, "foreign", d.foreign);
		app_json_end(app, &d.w);
	}
	if (d.dark) {
		app_say(app,
			"hooks do not work in %zu clone%s: what happens there is recorded by the "
			"next command; %sfor details, run 'minsky hooks status' in the clone",
			d.dark, d.dark == 1 ? "" : "s",
			repair ? "" : "to install missing hooks: minsky doctor --fix; ");
		app->unwell = true;
	}
out:
	buf_release(&d.program);
	return r;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.summary = "check the hooks of every clone",
	.options = options,
	.json = true,
	.run = run,
};
