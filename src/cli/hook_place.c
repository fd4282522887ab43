#include "cli/hook_place.h"

#include <sys/stat.h>

#include "core/fs.h"
#include "core/text.h"
#include "git/gitcmd.h"
#include "hooks/install.h"

#define PACKAGE_MAX (4 << 20)

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

/* "<scope>\t<value>", or nothing. */
static int read_setting(struct hook_place *p, struct error *err)
{
	const struct git_cmd cmd = { .dir = p->top.data,
		.args = { "config", "--show-scope", "--type=path", "--get", "core.hooksPath" } };
	struct buf text = BUF_INIT;
	int status, r = git_run(&cmd, &text, NULL, &status, err);
	const char *tab = r == 0 && !status ? strchr(text.data, '\t') : NULL;

	if (tab) {
		git_chomp(&text);
		buf_add(&p->scope, text.data, (size_t)(tab - text.data));
		buf_adds(&p->setting, tab + 1);
		r = p->scope.failed ? error_nomem(err) : buf_check(&p->setting, err);
	}
	buf_release(&text);
	return r;
}

static bool is_there(const struct hook_place *p, const char *name)
{
	struct buf path = BUF_INIT;
	bool there;

	fs_join(&path, p->top.data, name);
	there = !path.failed && fs_exists(path.data);
	buf_release(&path);
	return there;
}

static bool package_speaks_of(const struct hook_place *p, const char *word)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT, text = BUF_INIT;
	bool found;

	fs_join(&path, p->top.data, "package.json");
	found = !path.failed && fs_read(path.data, PACKAGE_MAX, &text, &ignored) == 0 &&
		memmem(text.data, text.len, word, strlen(word)) != NULL;
	buf_release(&path);
	buf_release(&text);
	return found;
}

static enum hook_manager find_manager(const struct hook_place *p)
{
	static const char *const lefthook[] = { "lefthook.yml", "lefthook.yaml", "lefthook.toml",
		"lefthook.json", ".lefthook.yml", ".lefthook.yaml", ".lefthook.toml",
		".lefthook.json", ".config/lefthook.yml", ".config/lefthook.yaml" };
	static const char *const simple[] = { ".simple-git-hooks.js", ".simple-git-hooks.cjs",
		".simple-git-hooks.json", "simple-git-hooks.js", "simple-git-hooks.cjs",
		"simple-git-hooks.json" };

	if (strstr(p->setting.data, ".husky/_"))
		return MANAGER_HUSKY;
	if (p->bare || !p->own)
		return MANAGER_NONE;
	for (size_t i = 0; i < sizeof(lefthook) / sizeof(*lefthook); i++)
		if (is_there(p, lefthook[i]))
			return MANAGER_LEFTHOOK;
	for (size_t i = 0; i < sizeof(simple) / sizeof(*simple); i++)
		if (is_there(p, simple[i]))
			return MANAGER_SIMPLE_GIT_HOOKS;
	return package_speaks_of(p, "\"simple-git-hooks\":") ? MANAGER_SIMPLE_GIT_HOOKS
							     : MANAGER_NONE;
}

/* Does it lie in the git directory, once links are followed? It need not exist. */
static bool is_below(const char *directory, const char *common_dir)
{
	struct error ignored = ERROR_INIT;
	struct buf real = BUF_INIT, common = BUF_INIT;
	bool below = false;

	if (fs_realpath(common_dir, &common, &ignored) < 0)
		goto out;
	if (fs_realpath(directory, &real, &ignored) < 0)
		buf_adds(&real, directory);
	below = !real.failed && !strncmp(real.data, common.data, common.len) &&
		real.data[common.len] == '/' && real.data[common.len + 1];
out:
	buf_release(&real);
	buf_release(&common);
	return below;
}

int hook_place_look(
	struct hook_place *p, const char *common_dir, const char *top, bool bare, struct error *err)
{
	struct git_cmd cmd = { .args = { "rev-parse", "--path-format=absolute", "--git-path",
				       "hooks" } };
	struct buf usual = BUF_INIT, why = BUF_INIT;
	struct stat st;
	int status = 0, r;

	p->bare = bare;
	r = choose_top(p, common_dir, top, err);
	if (r < 0)
		goto out;
	cmd.dir = p->top.data;
	r = git_run(&cmd, &p->directory, &why, &status, err);
	if (r < 0)
		goto out;
	git_chomp(&p->directory);
	fs_join(&usual, common_dir, "hooks");
	p->own = !status && is_below(p->directory.data, common_dir);
	if (status || strcmp(usual.data, p->directory.data) != 0)
		r = read_setting(p, err);
	/* git does not take an empty core.hooksPath for a path; that it is set shows in its scope.
	 */
	if (r == 0 && status && !p->scope.len)
		r = git_failed(&cmd, status, &why, ERR_GIT, err);
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
	buf_release(&why);
	return r;
}

void hook_place_why(const struct hook_place *p, struct buf *out)
{
	buf_clear(out);
	if (p->off)
		buf_addf(out, "core.hooksPath (%s) switches hooks off", p->scope.data);
	else if (p->manager == MANAGER_HUSKY)
		buf_addf(out, "husky has set core.hooksPath to '%s'", p->setting.data);
	else if (!p->own && p->scope.len)
		buf_addf(out, "core.hooksPath (%s) is '%s'", p->scope.data, p->setting.data);
	else if (!p->own)
		buf_addf(out, "'%s' is not this repository's own", p->directory.data);
	else if (p->manager == MANAGER_LEFTHOOK)
		buf_adds(out, "lefthook replaces hooks when it installs its own");
	else if (p->manager == MANAGER_SIMPLE_GIT_HOOKS)
		buf_adds(out, "simple-git-hooks removes hooks when it installs its own");
}

static void add_loop(const struct hook_place *p, struct buf *out)
{
	buf_adds(out, "for h in");
	for (const char *const *name = hook_names(p->bare); *name; name++)
		buf_addf(out, " %s", *name);
	buf_adds(out, "; do ");
}

/* A word that, once a shell has read it, is `program` quoted for the next shell. */
static void add_quoted_twice(struct buf *out, const char *program)
{
	struct buf once = BUF_INIT;

	text_add_quoted(&once, program);
	text_add_quoted(out, once.data);
	buf_release(&once);
}

static void add_line_printed(struct buf *out, const char *program)
{
	buf_adds(out, "printf '%s run %s \"$@\" || :\\n' ");
	add_quoted_twice(out, program);
	buf_adds(out, " $h");
}

static void advise_directory(const struct hook_place *p, const char *program, struct buf *out)
{
	struct buf dir = BUF_INIT;

	buf_adds(&dir, p->directory.data);
	/* .husky/_ is generated; what people write lies above it. */
	if (p->manager == MANAGER_HUSKY && dir.len > 2 && !strcmp(dir.data + dir.len - 2, "/_"))
		buf_truncate(&dir, dir.len - 2);
	add_loop(p, out);
	buf_adds(out, "f=");
	text_add_quoted(out, dir.data);
	buf_adds(out, "/$h; [ -e \"$f\" ] || echo '#!/bin/sh' >\"$f\"; ");
	add_line_printed(out, program);
	buf_adds(out, " >>\"$f\"; chmod +x \"$f\"; done");
	buf_release(&dir);
}

static void advise_lefthook(const struct hook_place *p, const char *program, struct buf *out)
{
	buf_adds(out, "cd ");
	text_add_quoted(out, p->top.data);
	buf_adds(out, " && ");
	add_loop(p, out);
	buf_adds(out,
		"printf '%s:\\n  commands:\\n    minsky:\\n      run: |\\n"
		"        %s run %s {0} || :\\n' $h ");
	add_quoted_twice(out, program);
	buf_adds(out, " $h; done >>lefthook-local.yml && lefthook install");
}

/* What is configured for a hook stays, behind ours. */
static void advise_simple(const struct hook_place *p, const char *program, struct buf *out)
{
	buf_adds(out, "cd ");
	text_add_quoted(out, p->top.data);
	buf_adds(out, " && ");
	add_loop(p, out);
	buf_adds(out,
		"o=$(node -p \"(require('./package.json')['simple-git-hooks']||{})['$h']||':'\"); "
		"npm pkg set \"simple-git-hooks.$h=$(");
	add_line_printed(out, program);
	buf_adds(out, "); $o\"; done && npx simple-git-hooks");
}

void hook_place_advice(const struct hook_place *p, const char *program, struct buf *out)
{
	buf_clear(out);
	if (p->off)
		return;
	if (!p->own)
		advise_directory(p, program, out);
	else if (p->manager == MANAGER_LEFTHOOK)
		advise_lefthook(p, program, out);
	else if (p->manager == MANAGER_SIMPLE_GIT_HOOKS)
		advise_simple(p, program, out);
}
