#include "repo/hook_config.h"

#include "core/fs.h"
#include "core/text.h"
#include "git/gitcmd.h"
#include "git/hooks.h"
#include "hooks/install/install.h"

#define CONFIG_MAX (16 << 20)
#define SECTION "[hook \"minsky\"]"

int hook_config_usable(bool *out, struct error *err)
{
	int major, minor, r = git_version(&major, &minor, err);

	if (r == 0)
		*out = major > 2 || (major == 2 && minor >= 54);
	return r;
}

bool hook_config_there(const char *common_dir)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT, text = BUF_INIT;
	bool there;

	fs_join(&path, common_dir, "config");
	there = !path.failed && fs_read(path.data, CONFIG_MAX, &text, &ignored) == 0 &&
		memmem(text.data, text.len, SECTION, strlen(SECTION)) != NULL;
	buf_release(&path);
	buf_release(&text);
	return there;
}

static void add_command(struct buf *out, const char *program)
{
	buf_adds(out, "test ! -x ");
	text_add_quoted(out, program);
	buf_adds(out, " || ");
	text_add_quoted(out, program);
	buf_adds(out, " run any \"$@\" || :");
}

/* As `git config --list` shows it, in the order of hook_config_install(). */
static void add_expected(struct buf *out, const char *program, bool bare)
{
	buf_adds(out, "hook.minsky.command ");
	add_command(out, program);
	buf_addch(out, '\n');
	for (const char *const *name = hook_names(bare); *name; name++)
		buf_addf(out, "hook.minsky.event %s\n", *name);
}

int hook_config_complete(
	const char *common_dir, const char *program, bool bare, bool *out, struct error *err)
{
	struct buf have = BUF_INIT, want = BUF_INIT;
	int r = git_hook_config(common_dir, &have, err);

	add_expected(&want, program, bare);
	if (r == 0)
		r = buf_check(&want, err);
	if (r == 0)
		*out = !strcmp(have.data, want.data);
	buf_release(&have);
	buf_release(&want);
	return r;
}

int hook_config_remove(const char *common_dir, struct error *err)
{
	return hook_config_there(common_dir) ? git_hook_config_remove(common_dir, err) : 0;
}

int hook_config_install(const char *common_dir, const char *program, bool bare, struct error *err)
{
	struct buf command = BUF_INIT;
	int r = hook_config_remove(common_dir, err);

	add_command(&command, program);
	if (r == 0)
		r = buf_check(&command, err);
	if (r == 0)
		r = git_hook_config_add(common_dir, command.data, hook_names(bare), err);
	buf_release(&command);
	return r;
}
