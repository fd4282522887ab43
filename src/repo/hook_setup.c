#include "repo/hook_setup.h"

#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "repo/emit.h"
#include "repo/hook_carry.h"
#include "repo/hook_config.h"

int hook_program(struct buf *out, struct error *err)
{
	const char *given = getenv("MINSKY_HOOK_PROGRAM");
	struct buf self = BUF_INIT;
	int r = 0;

	buf_clear(out);
	if (given && *given) {
		buf_adds(out, given);
		return buf_check(out, err);
	}
	r = fs_realpath("/proc/self/exe", &self, err);
	if (r < 0)
		goto out;
	/* <prefix>/bin/minsky -> <prefix>/libexec/minsky/minsky-hook: a prefix may be moved. */
	for (int up = 0; up < 2 && self.len; up++) {
		while (self.len && self.data[self.len - 1] != '/')
			buf_truncate(&self, self.len - 1);
		if (self.len)
			buf_truncate(&self, self.len - 1);
	}
	buf_addf(out, "%s/libexec/minsky/minsky-hook", self.data);
	if (out->failed || access(out->data, X_OK) == 0)
		goto out;
	buf_clear(out);
	buf_adds(out, MINSKY_LIBEXECDIR "/minsky-hook");
	if (access(out->data, X_OK) < 0) {
		r = error_set(err, ERR_NOTFOUND, "cannot find the program minsky-hook");
		error_hint(err,
			"install minsky completely, or set MINSKY_HOOK_PROGRAM to the path of "
			"minsky-hook");
	}
out:
	buf_release(&self);
	return r < 0 ? r : buf_check(out, err);
}

static int journal_installed(struct repo *repo, const char *clone, const char *session,
	const char *directory, bool bare, struct error *err)
{
	struct emit e;
	struct jsonw *w;
	int r;

	emit_init(&e);
	w = emit_begin(&e, EVENT_HOOKS_INSTALLED, session && *session ? session : NULL);
	jsonw_kstring(w, "clone", clone);
	jsonw_kstring(w, "path", directory);
	jsonw_key(w, "hooks");
	jsonw_begin_array(w);
	for (const char *const *name = hook_names(bare); *name; name++)
		jsonw_string(w, *name);
	jsonw_end_array(w);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
	emit_release(&e);
	return r;
}

static int install_config(const char *common_dir, const struct hook_place *place,
	const char *program, struct error *err)
{
	int r = hook_config_install(common_dir, program, place->bare, err);

	/* Both would ring twice. */
	return r < 0 ? r
		     : hooks_uninstall(common_dir, place->directory.data, place->bare, NULL, err);
}

static int install_files(const char *common_dir, const struct hook_place *place,
	const char *program, struct error *err)
{
	int r;

	if (place->off) {
		error_refuse(err, "hooks-disabled", "hooks are disabled in '%s'", place->top.data);
		return error_hint(err,
			"to enable hooks, unset core.hooksPath (%s); until then, what happens is "
			"recorded by the next command",
			place->scope.data);
	}
	r = hooks_install(common_dir, place->directory.data, program, place->bare, err);
	return r < 0 ? r : hook_config_remove(common_dir, err);
}

int hook_state(const char *common_dir, const struct hook_place *place, const char *program,
	struct hooks_report *out, struct error *err)
{
	bool config = false, complete = false;
	int r = hook_config_usable(&config, err);

	if (r == 0)
		r = hooks_status(common_dir, place->directory.data, program, place->bare, out, err);
	if (r < 0)
		return r;
	out->configured = config && hook_config_there(common_dir);
	if (!out->configured)
		return 0;
	r = hook_config_complete(common_dir, program, place->bare, &complete, err);
	out->live = complete;
	for (size_t i = 0; r == 0 && i < out->n; i++)
		out->v[i].state = complete ? HOOK_OURS : HOOK_OLD;
	return r;
}

/* Is it as this git wants it, and in that form alone? */
static int is_done(const char *common_dir, const struct hook_place *place, const char *program,
	bool config, bool *out, struct error *err)
{
	struct hooks_report files, all;
	int r = hooks_status(common_dir, place->directory.data, program, place->bare, &files, err);

	*out = false;
	if (r < 0 || config != hook_config_there(common_dir))
		return r;
	if (!config) {
		*out = files.live;
		return 0;
	}
	r = hook_state(common_dir, place, program, &all, err);
	*out = r == 0 && all.live;
	for (size_t i = 0; i < files.n; i++)
		*out = *out && files.v[i].state != HOOK_OURS && files.v[i].state != HOOK_OLD;
	return r;
}

/* What setting hooks up in a clone depends on. */
struct setup {
	struct hook_place place;
	struct buf program;
	bool config; /* this git takes them from its configuration */
	bool done;
};

#define SETUP_INIT                                                                                 \
	{                                                                                          \
		.place = HOOK_PLACE_INIT, .program = BUF_INIT                                      \
	}

static void setup_release(struct setup *s)
{
	hook_place_release(&s->place);
	buf_release(&s->program);
}

static int setup_look(struct setup *s, const struct repo *repo, const char *common_dir, bool bare,
	struct error *err)
{
	const char *top = !strcmp(common_dir, repo->common_dir.data) ? repo->top.data : NULL;
	int r = hook_program(&s->program, err);

	if (r == 0)
		r = hook_place_look(&s->place, common_dir, top, bare, err);
	if (r == 0)
		r = hook_config_usable(&s->config, err);
	if (r == 0)
		r = is_done(common_dir, &s->place, s->program.data, s->config, &s->done, err);
	return r;
}

bool hook_foreign(const char *common_dir)
{
	struct stat st;

	return stat(common_dir, &st) == 0 && st.st_uid != geteuid();
}

bool hook_there(const struct repo *repo, const char *common_dir, bool bare)
{
	struct setup s = SETUP_INIT;
	struct error ignored = ERROR_INIT;
	bool there = setup_look(&s, repo, common_dir, bare, &ignored) == 0 && s.done;

	setup_release(&s);
	return there;
}

/* Behind ours, those of the repository that a session's clone was made from. */
static int carry(struct repo *repo, const char *common_dir, const char *session, struct error *err)
{
	const char *main_dir = repo_main_git(repo, NULL);

	if (main_dir && !strcmp(main_dir, common_dir))
		main_dir = repo->file.main_path;
	if (!session || !*session || !main_dir || !strcmp(main_dir, common_dir))
		return 0;
	return !strcmp(config_get(repo->config, "session.hooks"), "carry")
		? hook_carry(common_dir, main_dir, err)
		: hook_carry_remove(common_dir, err);
}

int hook_setup(struct repo *repo, const char *common_dir, const char *clone, const char *session,
	bool bare, struct error *err)
{
	struct setup s = SETUP_INIT;
	int r;

	/* Ours would do nothing for us there, and the owner's git could not read what they need. */
	if (hook_foreign(common_dir)) {
		r = error_refuse(err, "foreign-owner", "'%s' belongs to another user", common_dir);
		error_hint(
			err, "what happens there is recorded by the next command, without hooks");
		goto out;
	}
	r = setup_look(&s, repo, common_dir, bare, err);
	if (r < 0)
		goto out;
	if (s.done) {
		r = carry(repo, common_dir, session, err);
		goto out;
	}
	r = s.config ? install_config(common_dir, &s.place, s.program.data, err)
		     : install_files(common_dir, &s.place, s.program.data, err);
	if (r == 0)
		r = carry(repo, common_dir, session, err);
	if (r == 0)
		r = journal_installed(repo, clone, session, s.place.directory.data, bare, err);
out:
	setup_release(&s);
	return r;
}

static int journal_removed(struct repo *repo, const char *clone, const char *session,
	const char *directory, struct error *err)
{
	struct emit e;
	struct jsonw *w;
	int r;

	emit_init(&e);
	w = emit_begin(&e, EVENT_HOOKS_REMOVED, session && *session ? session : NULL);
	jsonw_kstring(w, "clone", clone);
	jsonw_kstring(w, "path", directory);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
	emit_release(&e);
	return r;
}

int hook_remove(struct repo *repo, const char *common_dir, const struct hook_place *place,
	const char *clone, const char *session, struct buf *left, bool *any_out, struct error *err)
{
	struct hooks_report before = { .n = 0 };
	bool any = hook_config_there(common_dir);
	int r = hooks_status(common_dir, place->directory.data, NULL, place->bare, &before, err);

	for (size_t i = 0; i < before.n; i++)
		any = any || before.v[i].state == HOOK_OLD || before.v[i].state == HOOK_BEHIND;
	if (r == 0)
		r = hook_config_remove(common_dir, err);
	if (r == 0)
		r = hook_carry_remove(common_dir, err);
	if (r == 0)
		r = hooks_uninstall(common_dir, place->directory.data, place->bare, left, err);
	if (r == 0 && any && repo->known)
		r = journal_removed(repo, clone, session, place->directory.data, err);
	if (r == 0 && any_out)
		*any_out = any;
	return r;
}
