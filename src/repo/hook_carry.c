#include "repo/hook_carry.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "git/gitconfig.h"
#include "hooks/install/install.h"

#define PROGRAM_MAX (64 << 20)
#define SCRIPT_MAX 8192

/* What git runs where somebody works, but for the two that it runs for each ref and each index. */
static const char *const carried[] = { "applypatch-msg", "pre-applypatch", "post-applypatch",
	"pre-commit", "pre-merge-commit", "prepare-commit-msg", "commit-msg", "post-commit",
	"pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-auto-gc", "post-rewrite",
	NULL };
/* Of these a script is made only if the repository has one when it is made. */
static const char *const carried_if_there[] = { "reference-transaction", "post-index-change",
	NULL };

/*
 * The first line of the file beside it is the main repository's git directory. A grep that finds
 * nothing saves asking git, which a commit with its four hooks would do four times.
 */
static const char script[] =
	"#!/bin/sh\n"
	"# " HOOK_CARRY_MARKER ": runs the hook that the main repository has now (session.hooks)\n"
	"name=${0##*/} here=${0%/*}\n"
	"for end in .minsky-prev .legacy .old; do name=${name%\"$end\"}; done\n"
	"file=$here/.minsky-main\n"
	"[ -f \"$file\" ] || file=$here/../minsky/main\n"
	"read -r main <\"$file\" || exit 0\n"
	"if [ ! -d \"$main\" ]; then\n"
	"\techo \"minsky: the main repository '$main' is not there: its hook $name does not run;"
	" minsky hooks install puts that right\" >&2\n"
	"\texit 0\n"
	"fi\n"
	"dir=$main/hooks path=\n"
	"if grep -qis -e hookspath -e '^[[:space:]]*\\[include' \"$main/config\" "
	"\"$main/config.worktree\"; then\n"
	"\tpath=$(unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR GIT_PREFIX; "
	"git --git-dir=\"$main\" config --type=path --get core.hooksPath)\n"
	"fi\n"
	"case $path in\n"
	"'') ;;\n"
	"/*) dir=$path ;;\n"
	"*)\n"
	"\tdir=$path\n"
	"\t[ -d \"$dir\" ] && [ ! -f \"$dir/.minsky-main\" ] || dir=${main%/.git}/$path\n"
	"\t;;\n"
	"esac\n"
	"hook=$dir/$name\n"
	"if [ -x \"$hook.minsky-prev\" ] && [ ! -d \"$hook.minsky-prev\" ]; then\n"
	"\thook=$hook.minsky-prev\n"
	"elif [ ! -x \"$hook\" ] || [ -d \"$hook\" ] || grep -qs '" HOOK_MARKER
	"' \"$hook\"; then\n"
	"\texit 0\n"
	"fi\n"
	"exec \"$hook\" \"$@\"\n";

static bool holds(const char *path, const char *mark)
{
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	bool found = fs_read(path, PROGRAM_MAX, &text, &ignored) == 0 &&
		memmem(text.data, text.len, mark, strlen(mark)) != NULL;

	buf_release(&text);
	return found;
}

/* Small enough to be read whole, and ours? */
static bool is_script(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= SCRIPT_MAX &&
		holds(path, HOOK_CARRY_MARKER);
}

static int write_script(const char *path, struct error *err)
{
	return fs_replace(path, script, strlen(script), 0755, false, err);
}

/* Where nothing is, or behind minsky's hook, unless something waits there. */
static int place_one(const char *dir, const char *name, struct error *err)
{
	struct buf path = BUF_INIT, prev = BUF_INIT;
	int r;

	fs_join(&path, dir, name);
	buf_addf(&prev, "%s.minsky-prev", path.data);
	r = path.failed ? error_nomem(err) : buf_check(&prev, err);
	if (r < 0)
		goto out;
	if (!fs_exists(path.data) || is_script(path.data))
		r = write_script(path.data, err);
	else if (holds(path.data, HOOK_MARKER) && (!fs_exists(prev.data) || is_script(prev.data)))
		r = write_script(prev.data, err);
out:
	buf_release(&path);
	buf_release(&prev);
	return r;
}

static bool has_hook(const char *dir, const char *name)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool has;

	fs_join(&path, dir, name);
	if (!path.failed)
		buf_adds(&path, ".minsky-prev");
	has = !path.failed && stat(path.data, &st) == 0 && S_ISREG(st.st_mode) &&
		access(path.data, X_OK) == 0 && !is_script(path.data);
	fs_join(&path, dir, name);
	has = has ||
		(!path.failed && stat(path.data, &st) == 0 && S_ISREG(st.st_mode) &&
			access(path.data, X_OK) == 0 && !holds(path.data, HOOK_MARKER));
	buf_release(&path);
	return has;
}

static int place_all(const char *dir, const char *main_hooks, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && carried[i]; i++)
		r = place_one(dir, carried[i], err);
	for (size_t i = 0; r == 0 && carried_if_there[i]; i++)
		if (has_hook(main_hooks, carried_if_there[i]))
			r = place_one(dir, carried_if_there[i], err);
	return r;
}

static int write_main(const char *path, const char *main_dir, struct error *err)
{
	struct buf line = BUF_INIT;
	int r;

	buf_addf(&line, "%s\n", main_dir);
	r = buf_check(&line, err);
	if (r == 0)
		r = fs_replace(path, line.data, line.len, 0644, false, err);
	buf_release(&line);
	return r;
}

int hook_carry(const char *common_dir, const char *main_dir, struct error *err)
{
	struct buf hooks = BUF_INIT, main_hooks = BUF_INIT, file = BUF_INIT;
	int r;

	fs_join(&hooks, common_dir, "hooks");
	fs_join(&main_hooks, main_dir, "hooks");
	fs_join(&file, common_dir, "minsky/main");
	r = hooks.failed || main_hooks.failed ? error_nomem(err) : buf_check(&file, err);
	if (r == 0)
		r = fs_mkdirs(hooks.data, 0755, err);
	if (r == 0)
		r = write_main(file.data, main_dir, err);
	if (r == 0)
		r = place_all(hooks.data, main_hooks.data, err);
	buf_release(&hooks);
	buf_release(&main_hooks);
	buf_release(&file);
	return r;
}

int hook_carry_remove(const char *common_dir, struct error *err)
{
	struct buf path = BUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2 * (sizeof(carried) / sizeof(carried[0]) - 1); i++) {
		buf_clear(&path);
		buf_addf(&path, "%s/hooks/%s%s", common_dir, carried[i / 2],
			i % 2 ? ".minsky-prev" : "");
		r = buf_check(&path, err);
		if (r == 0 && is_script(path.data) && unlink(path.data) < 0)
			r = error_errno(err, "cannot remove '%s'", path.data);
	}
	for (size_t i = 0; r == 0 && carried_if_there[i]; i++) {
		buf_clear(&path);
		buf_addf(&path, "%s/hooks/%s", common_dir, carried_if_there[i]);
		r = buf_check(&path, err);
		if (r == 0 && is_script(path.data) && unlink(path.data) < 0)
			r = error_errno(err, "cannot remove '%s'", path.data);
	}
	fs_join(&path, common_dir, "minsky/main");
	if (r == 0 && !path.failed && unlink(path.data) < 0 && errno != ENOENT)
		r = error_errno(err, "cannot remove '%s'", path.data);
	buf_release(&path);
	return r;
}

/* core.hooksPath as it is in force, and whether it is the repository's own; NULL: none. */
static const char *hooks_path(const struct git_repo *main, bool *own_out)
{
	const char *found = NULL;
	struct git_setting s;
	size_t pos = 0;

	*own_out = true;
	while (git_config_next(main->config, main->config_len, &pos, &s))
		if (git_setting_is(&s, "core", NULL, "hookspath") && s.value) {
			found = s.value;
			*own_out = git_setting_is_local(&s);
		}
	return found && *found ? found : NULL;
}

int hook_carry_list(
	const struct git_repo *main, struct buf *names, struct buf *dir, struct error *err)
{
	bool own = true;
	const char *path = hooks_path(main, &own);

	buf_clear(names);
	buf_clear(dir);
	/* What the user or the system has set holds in every workspace by itself. */
	if (!own)
		return 0;
	if (!path)
		fs_join(dir, main->common_dir, "hooks");
	else if (path[0] == '/')
		buf_adds(dir, path);
	else
		fs_join(dir, git_repo_path(main), path);
	for (size_t i = 0; !dir->failed && carried[i]; i++)
		if (has_hook(dir->data, carried[i]))
			buf_addf(names, "%s%s", names->len ? ", " : "", carried[i]);
	return dir->failed ? error_nomem(err) : buf_check(names, err);
}

int hook_carry_linked(const struct git_repo *main, const char *top, struct error *err)
{
	static const char everything[] = "*\n";
	bool own = true;
	const char *path = hooks_path(main, &own);
	struct buf here = BUF_INIT, there = BUF_INIT, file = BUF_INIT;
	int r;

	if (!path || path[0] == '/' || path[0] == '~' || path[0] == '%' || main->bare)
		return 0;
	fs_join(&here, top, path);
	fs_join(&there, git_repo_path(main), path);
	r = here.failed ? error_nomem(err) : buf_check(&there, err);
	if (r < 0 || fs_exists(here.data) || !fs_is_dir(there.data))
		goto out;
	r = fs_mkdirs(here.data, 0755, err);
	fs_join(&file, here.data, ".gitignore");
	if (r == 0)
		r = buf_check(&file, err);
	if (r == 0)
		r = fs_replace(file.data, everything, strlen(everything), 0644, false, err);
	fs_join(&file, here.data, ".minsky-main");
	if (r == 0)
		r = buf_check(&file, err);
	if (r == 0)
		r = write_main(file.data, main->common_dir, err);
	if (r == 0)
		r = place_all(here.data, there.data, err);
out:
	buf_release(&here);
	buf_release(&there);
	buf_release(&file);
	return r;
}
