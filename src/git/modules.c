/*
 * `git submodule update` clones from a path of this machine for once (-c submodule.<name>.url),
 * with the layout that this git wants; afterwards the module gets its own URL back. Git clears -c
 * for the processes that it starts inside a module, so that theirs are made by a call of their own.
 */
#include "git/modules.h"

#include <unistd.h>

#include "core/fs.h"
#include "core/text.h"
#include "git/gitcmd.h"

#define DEPTH_MAX 8

/* It can stand in a setting, and no part of it leads out of the directory that it is looked for in.
 */
static bool is_safe(const char *name)
{
	if (!*name || *name == '/' || *name == '-' || strpbrk(name, "=\n"))
		return false;
	for (const char *at = name; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (at[0] == '.' && at[1] == '.' && (!at[2] || at[2] == '/'))
			return false;
	}
	return true;
}

struct module {
	const char *name, *path;
	struct buf git_dir; /* in the main repository */
};

/* What it is fetched from in the main repository, in the module that was made as well. */
static int set_url(const struct module *m, const char *dir, struct error *err)
{
	struct buf url = BUF_INIT, place = BUF_INIT;
	const struct git_cmd ask = { .git_dir = m->git_dir.data,
		.args = { GIT_WORDS("config", "--get", "remote.origin.url") } };
	struct git_cmd set = { .args = { GIT_WORDS("remote", "set-url", "--", "origin") } };
	int status = 0, r = git_run(&ask, &url, NULL, &status, err);

	git_chomp(&url);
	fs_join(&place, dir, m->path);
	if (r == 0)
		r = buf_check(&place, err);
	set.dir = place.data;
	git_add(&set, GIT_PATH(url.data));
	if (r == 0 && !status && url.len)
		r = git_must(&set, NULL, err);
	buf_release(&url);
	buf_release(&place);
	return r;
}

static int make(const struct module *m, const char *dir, struct error *err)
{
	struct buf url = BUF_INIT;
	struct git_cmd init = { .dir = dir,
		.args = { GIT_WORDS("submodule", "--quiet", "init", "--") } };
	struct git_cmd update = { .dir = dir,
		.args = { GIT_WORDS("-c", "protocol.file.allow=always", "-c") } };
	int r;

	buf_addf(&url, "submodule.%s.url=%s", m->name, m->git_dir.data);
	git_add(&init, GIT_PATH(m->path));
	git_add(&update, GIT_SETTING(url.data));
	git_add(&update, GIT_WORD("submodule"));
	git_add(&update, GIT_WORD("--quiet"));
	git_add(&update, GIT_WORD("update"));
	git_add(&update, GIT_WORD("--"));
	git_add(&update, GIT_PATH(m->path));
	r = buf_check(&url, err);
	if (r == 0)
		r = git_must(&init, NULL, err);
	if (r == 0)
		r = git_must(&update, NULL, err);
	if (r == 0)
		r = set_url(m, dir, err);
	buf_release(&url);
	return r;
}

static void note(struct buf *out, const char *below, const char *path, const char *why)
{
	buf_adds(out, below);
	text_add_line(out, path, strlen(path));
	if (why)
		buf_addf(out, ": %s", why);
	buf_addch(out, '\n');
}

static int init_below(const char *main_git_dir, const char *dir, const char *below, int depth,
	struct buf *made, struct buf *failed, struct error *err);

static int init_one(struct module *m, const char *dir, const char *below, int depth,
	struct buf *made, struct buf *failed, struct error *err)
{
	struct buf place = BUF_INIT, deeper = BUF_INIT;
	struct error why = ERROR_INIT;
	int r = 0;

	if (make(m, dir, &why) < 0) {
		note(failed, below, m->path, why.msg);
		return why.code == ERR_NOMEM ? error_nomem(err) : 0;
	}
	note(made, below, m->path, NULL);
	fs_join(&place, dir, m->path);
	buf_addf(&deeper, "%s%s/", below, m->path);
	r = place.failed ? error_nomem(err) : buf_check(&deeper, err);
	if (r == 0)
		r = init_below(
			m->git_dir.data, place.data, deeper.data, depth + 1, made, failed, err);
	buf_release(&place);
	buf_release(&deeper);
	return r;
}

/* "submodule.<name>.path\n<path>" -> its parts, cut in place. */
static bool parse(char *entry, struct module *out)
{
	static const char head[] = "submodule.", tail[] = ".path";
	char *nl = strchr(entry, '\n');
	size_t len = nl ? (size_t)(nl - entry) : 0;

	if (len <= strlen(head) + strlen(tail) || strncmp(entry, head, strlen(head)) != 0)
		return false;
	nl[-(ptrdiff_t)strlen(tail)] = '\0';
	*out = (struct module){ .name = entry + strlen(head), .path = nl + 1, .git_dir = BUF_INIT };
	return is_safe(out->name) && is_safe(out->path);
}

static int init_below(const char *main_git_dir, const char *dir, const char *below, int depth,
	struct buf *made, struct buf *failed, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("config", "-z", "--file", ".gitmodules", "--get-regexp",
			"^submodule\\..*\\.path$") } };
	struct buf list = BUF_INIT, modules = BUF_INIT, head = BUF_INIT;
	struct module m;
	int status = 0, r;

	fs_join(&modules, dir, ".gitmodules");
	r = buf_check(&modules, err);
	if (r < 0 || depth > DEPTH_MAX || !fs_exists(modules.data))
		goto out;
	fs_join(&modules, main_git_dir, "modules");
	r = buf_check(&modules, err);
	if (r == 0 && fs_is_dir(modules.data))
		r = git_run(&cmd, &list, NULL, &status, err);
	for (size_t at = 0, next; r == 0 && at < list.len; at = next) {
		next = at + strlen(list.data + at) + 1;
		if (!parse(list.data + at, &m))
			continue;
		fs_join(&m.git_dir, modules.data, m.name);
		fs_join(&head, m.git_dir.data, "HEAD");
		r = m.git_dir.failed ? error_nomem(err) : buf_check(&head, err);
		if (r == 0 && fs_exists(head.data))
			r = init_one(&m, dir, below, depth, made, failed, err);
		buf_release(&m.git_dir);
	}
out:
	buf_release(&list);
	buf_release(&modules);
	buf_release(&head);
	return r;
}

int modules_init(const char *main_git_dir, const char *dir, struct buf *made, struct buf *failed,
	struct error *err)
{
	return init_below(main_git_dir, dir, "", 0, made, failed, err);
}
