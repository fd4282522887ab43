#include "git/hooks.h"

#include "git/gitcmd.h"

int git_hooks_directory(const char *dir, struct buf *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = {
			GIT_WORDS("rev-parse", "--path-format=absolute", "--git-path", "hooks") } };
	int r = git_must(&cmd, out, err);

	git_chomp(out);
	return r < 0 ? r : buf_check(out, err);
}

int git_hooks_path(const char *dir, struct buf *scope, struct buf *value, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS(
			"config", "--show-scope", "--type=path", "--get", "core.hooksPath") } };
	struct buf text = BUF_INIT;
	int status, r = git_run(&cmd, &text, NULL, &status, err);
	const char *tab = r == 0 && !status ? strchr(text.data, '\t') : NULL;

	if (tab) {
		git_chomp(&text);
		buf_add(scope, text.data, (size_t)(tab - text.data));
		buf_adds(value, tab + 1);
		r = scope->failed ? error_nomem(err) : buf_check(value, err);
	}
	buf_release(&text);
	return r;
}

int git_hook_config(const char *dir, struct buf *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("config", "--local", "--get-regexp", "^hook\\.minsky\\.") } };
	int status, r = git_run(&cmd, out, NULL, &status, err);

	if (r == 0 && status)
		buf_clear(out);
	return r < 0 ? r : buf_check(out, err);
}

int git_hook_config_remove(const char *dir, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("config", "--local", "--remove-section", "hook.minsky") } };

	return git_must(&cmd, NULL, err);
}

int git_hook_config_add(
	const char *dir, const char *command, const char *const *events, struct error *err)
{
	const struct git_cmd add = { .dir = dir,
		.args = { GIT_WORDS("config", "--local", "--add", "hook.minsky.command"),
			GIT_TEXT(command) } };
	int r = git_must(&add, NULL, err);

	for (; r == 0 && *events; events++) {
		const struct git_cmd event = { .dir = dir,
			.args = { GIT_WORDS("config", "--local", "--add", "hook.minsky.event"),
				GIT_TEXT(*events) } };

		r = git_must(&event, NULL, err);
	}
	return r;
}

int git_run_hook(const char *dir, const char *name, const char *head, const char *const *env,
	struct error *err)
{
	struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("hook", "run", "--ignore-missing"), GIT_NAME(name) },
		.env = env };
	struct buf text = BUF_INIT;
	int status, r;

	if (!strcmp(name, "post-checkout")) {
		git_add(&cmd, GIT_WORD("--"));
		git_add(&cmd, GIT_OID(head));
		git_add(&cmd, GIT_OID(head));
		git_add(&cmd, GIT_WORD("0"));
	}
	r = git_run(&cmd, &text, &text, &status, err);
	buf_release(&text);
	return r;
}
