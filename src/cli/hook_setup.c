#include "cli/hook_setup.h"

#include <unistd.h>

#include "cli/emit.h"
#include "core/fs.h"
#include "git/gitcmd.h"

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
		error_hint(err, "install minsky whole, or set MINSKY_HOOK_PROGRAM to its path");
	}
out:
	buf_release(&self);
	return r < 0 ? r : buf_check(out, err);
}

int hook_directory(const char *git_dir, struct buf *out, struct error *err)
{
	struct git_cmd cmd = { .dir = git_dir,
		.args = { "rev-parse", "--path-format=absolute", "--git-path", "hooks" } };
	int r;

	buf_clear(out);
	r = git_must(&cmd, out, err);
	if (r == 0)
		git_chomp(out);
	return r;
}

static int journal_installed(struct context *c, const char *clone, const char *session,
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
		r = emit_append(&e, c, err);
	emit_release(&e);
	return r;
}

int hook_setup(struct context *c, const char *common_dir, const char *clone, const char *session,
	bool bare, struct error *err)
{
	struct buf program = BUF_INIT, directory = BUF_INIT;
	struct hooks_report before;
	int r = hook_program(&program, err);

	if (r == 0)
		r = hook_directory(common_dir, &directory, err);
	if (r == 0)
		r = hooks_status(common_dir, directory.data, program.data, bare, &before, err);
	if (r < 0 || before.live)
		goto out;
	r = hooks_install(common_dir, directory.data, program.data, bare, err);
	if (r == 0)
		r = journal_installed(c, clone, session, directory.data, bare, err);
out:
	buf_release(&program);
	buf_release(&directory);
	return r;
}
