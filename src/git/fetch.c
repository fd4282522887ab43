#include "git/fetch.h"

#include "git/gitcmd.h"

int git_fetch(const struct git_fetch *f, struct error *err)
{
	struct git_cmd cmd = { .dir = f->dir, .talk = f->talk };

	if (f->quiet) {
		git_add(&cmd, GIT_WORD("-c"));
		git_add(&cmd, GIT_SETTING("protocol.version=2"));
		git_add(&cmd, GIT_WORD("-c"));
		git_add(&cmd, GIT_SETTING("gc.auto=0"));
		git_add(&cmd, GIT_WORD("-c"));
		git_add(&cmd, GIT_SETTING("maintenance.auto=false"));
	}
	git_add(&cmd, GIT_WORD("fetch"));
	git_add(&cmd, f->talk ? GIT_WORD("--progress") : GIT_WORD("--quiet"));
	git_add(&cmd, GIT_WORD("--no-tags"));
	if (f->prune)
		git_add(&cmd, GIT_WORD("--prune"));
	if (f->quiet) {
		git_add(&cmd, GIT_WORD("--no-write-fetch-head"));
		git_add(&cmd, GIT_WORD("--no-recurse-submodules"));
	}
	git_add(&cmd, GIT_WORD("--"));
	git_add(&cmd, GIT_REMOTE(f->remote));
	for (size_t i = 0; i < GIT_FETCH_SPECS_MAX && f->specs[i]; i++)
		git_add(&cmd, GIT_REFSPEC(f->specs[i]));
	return git_must(&cmd, NULL, err);
}

int git_ask_remote_head(const char *dir, const char *remote, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = {
			GIT_WORDS("remote", "set-head"), GIT_REMOTE(remote), GIT_WORD("--auto") } };

	return git_must(&cmd, NULL, err);
}
