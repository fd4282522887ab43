#include "core/gitfiles/operation.h"

#include "core/fs.h"

#define NAME_MAX_BYTES 4096

const struct operation operations[] = {
	{ "rebase-merge", "a rebase", true },
	{ "rebase-apply", "a rebase or git am", true },
	{ "MERGE_HEAD", "a merge", true },
	{ "CHERRY_PICK_HEAD", "a cherry-pick", true },
	{ "REVERT_HEAD", "a revert", true },
	{ "sequencer", "a sequence of cherry-picks or reverts", false },
	{ "BISECT_LOG", "a bisection", false },
	{ NULL, NULL, false },
};

int operation_look(const char *git_dir, const char *file, bool *out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, git_dir, file);
	r = buf_check(&path, err);
	if (r == 0)
		*out = fs_exists(path.data);
	buf_release(&path);
	return r;
}

bool operation_is_rebase(const char *git_dir)
{
	struct error ignored = ERROR_INIT;
	bool there = false;

	return (operation_look(git_dir, "rebase-merge", &there, &ignored) == 0 && there) ||
		(operation_look(git_dir, "rebase-apply/rebasing", &there, &ignored) == 0 && there);
}

bool operation_is_rebase_of(const char *git_dir, const char *branch)
{
	static const char *const names[] = { "rebase-merge/head-name", "rebase-apply/head-name" };
	static const char prefix[] = "refs/heads/";
	struct buf path = BUF_INIT, text = BUF_INIT;
	bool found = false;

	for (size_t i = 0; !found && i < sizeof(names) / sizeof(names[0]); i++) {
		struct error ignored = ERROR_INIT;

		fs_join(&path, git_dir, names[i]);
		buf_clear(&text);
		if (path.failed || fs_read(path.data, NAME_MAX_BYTES, &text, &ignored) < 0)
			continue;
		text.data[strcspn(text.data, "\r\n")] = '\0';
		found = !strncmp(text.data, prefix, strlen(prefix)) &&
			!strcmp(text.data + strlen(prefix), branch);
	}
	buf_release(&path);
	buf_release(&text);
	return found;
}
