#include "repo/hook_place.h"

#include <sys/stat.h>

#include "core/fs.h"
#include "core/paths.h"
#include "git/hooks.h"

void hook_place_release(struct hook_place *p)
{
	buf_release(&p->top);
	buf_release(&p->directory);
	buf_release(&p->setting);
	buf_release(&p->scope);
}

/*
 * git resolves a relative core.hooksPath from the top of the work tree, which it does not know when
 * it is asked inside the git directory.
 */
static int choose_top(
	struct hook_place *p, const char *common_dir, const char *top, struct error *err)
{
	size_t len = strlen(common_dir);

	if (top && *top)
		buf_adds(&p->top, top);
	else if (!p->bare && len > 5 && !strcmp(common_dir + len - 5, "/.git"))
		buf_add(&p->top, common_dir, len - 5);
	else
		buf_adds(&p->top, common_dir);
	return buf_check(&p->top, err);
}

static enum hook_manager find_manager(const struct hook_place *p)
{
	if (strstr(p->setting.data, ".husky/_"))
		return MANAGER_HUSKY;
	return p->bare || !p->own ? MANAGER_NONE : manager_find(p->top.data);
}

/* Does it lie in the git directory, once links are followed? It need not exist. */
static bool is_in_git_dir(const char *directory, const char *common_dir)
{
	struct error ignored = ERROR_INIT;
	struct buf real = BUF_INIT, common = BUF_INIT;
	const char *rest = NULL;
	bool below;

	if (fs_realpath(common_dir, &common, &ignored) < 0)
		goto out;
	if (fs_realpath(directory, &real, &ignored) < 0)
		buf_adds(&real, directory);
	if (!real.failed)
		rest = path_below(real.data, common.data);
out:
	below = rest && *rest;
	buf_release(&real);
	buf_release(&common);
	return below;
}

int hook_place_look(
	struct hook_place *p, const char *common_dir, const char *top, bool bare, struct error *err)
{
	struct error why = ERROR_INIT;
	struct buf usual = BUF_INIT;
	struct stat st;
	bool told;
	int r;

	p->bare = bare;
	r = choose_top(p, common_dir, top, err);
	if (r < 0)
		goto out;
	told = git_hooks_directory(p->top.data, &p->directory, &why) == 0;
	fs_join(&usual, common_dir, "hooks");
	p->own = told && is_in_git_dir(p->directory.data, common_dir);
	if (!told || strcmp(usual.data, p->directory.data) != 0)
		r = git_hooks_path(p->top.data, &p->scope, &p->setting, err);
	/* That an empty core.hooksPath is set shows in its scope. */
	if (r == 0 && !told && !p->scope.len) {
		*err = why;
		r = why.code;
	}
	if (r < 0)
		goto out;
	p->off = p->scope.len &&
		(!p->setting.len || (stat(p->directory.data, &st) == 0 && !S_ISDIR(st.st_mode)));
	if (!p->directory.len)
		buf_adds(&p->directory, "/dev/null");
	p->manager = find_manager(p);
	r = usual.failed ? error_nomem(err) : buf_check(&p->directory, err);
out:
	buf_release(&usual);
	return r;
}

void hook_place_why(const struct hook_place *p, struct buf *out)
{
	buf_clear(out);
	if (p->off)
		buf_addf(out, "core.hooksPath (%s) disables hooks", p->scope.data);
	else if (p->manager == MANAGER_HUSKY)
		buf_addf(out, "husky has set core.hooksPath to '%s'", p->setting.data);
	else if (!p->own && p->scope.len)
		buf_addf(out, "core.hooksPath (%s) is '%s'", p->scope.data, p->setting.data);
	else if (!p->own)
		buf_addf(out, "'%s' does not belong to this repository", p->directory.data);
	else if (p->manager == MANAGER_LEFTHOOK)
		buf_adds(out, "lefthook replaces minsky's hooks when it installs its own");
	else if (p->manager == MANAGER_SIMPLE_GIT_HOOKS)
		buf_adds(out, "simple-git-hooks removes minsky's hooks when it installs its own");
}
