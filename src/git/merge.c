#include "git/merge.h"

#include "core/fs.h"
#include "core/gitfiles/operation.h"
#include "git/gitcmd.h"

int git_merge(
	const char *dir, const char *oid, bool ff_only, const char *message, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("merge", "--quiet", "--no-autostash", "--no-stat"),
			ff_only ? GIT_WORD("--ff-only") : GIT_WORD("--no-ff"), GIT_WORD("-m"),
			GIT_TEXT(message), GIT_OID(oid) } };
	struct buf errout = BUF_INIT;
	int status = 0;
	int r = git_run(&cmd, NULL, &errout, &status, err);

	if (r == 0 && status) {
		bool in_the_way = git_says_in_the_way(&errout);

		r = git_failed(&cmd, status, &errout, in_the_way ? ERR_REFUSED : ERR_GIT, err);
		if (in_the_way)
			error_hint(err,
				"commit or stash the changes; to list them: git -C '%s' status",
				dir);
	}
	buf_release(&errout);
	return r;
}

void git_merge_abort(const char *dir, const char *git_dir)
{
	const struct git_cmd cmd = { .dir = dir, .args = { GIT_WORDS("merge", "--abort") } };
	struct error ignored = ERROR_INIT;
	bool there;
	int status;

	if (operation_look(git_dir, "MERGE_HEAD", &there, &ignored) == 0 && there)
		(void)git_run(&cmd, NULL, NULL, &status, &ignored);
}
