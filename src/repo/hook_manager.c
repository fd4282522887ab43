#include "repo/hook_manager.h"

#include "core/fs.h"

#define FILE_MAX (4 << 20)

/* In the order in which each looks for them. */
static const char *const lefthook_files[] = { "lefthook.yml", "lefthook.yaml", "lefthook.json",
	"lefthook.jsonc", "lefthook.toml", ".lefthook.yml", ".lefthook.yaml", ".lefthook.json",
	".lefthook.jsonc", ".lefthook.toml", ".config/lefthook.yml", ".config/lefthook.yaml",
	".config/lefthook.json", ".config/lefthook.jsonc", ".config/lefthook.toml", NULL };
static const char *const lefthook_locals[] = { "lefthook-local.yml", "lefthook-local.yaml",
	"lefthook-local.json", "lefthook-local.jsonc", "lefthook-local.toml", ".lefthook-local.yml",
	".lefthook-local.yaml", ".lefthook-local.json", ".lefthook-local.jsonc",
	".lefthook-local.toml", ".config/lefthook-local.yml", ".config/lefthook-local.yaml",
	".config/lefthook-local.json", ".config/lefthook-local.jsonc",
	".config/lefthook-local.toml", NULL };
static const char *const simple_files[] = { ".simple-git-hooks.cjs", ".simple-git-hooks.js",
	".simple-git-hooks.mjs", "simple-git-hooks.cjs", "simple-git-hooks.js",
	"simple-git-hooks.mjs", ".simple-git-hooks.json", "simple-git-hooks.json", NULL };

static const char *first_there(const char *top, const char *const *names)
{
	struct buf path = BUF_INIT;
	const char *found = NULL;

	for (; !found && *names; names++) {
		fs_join(&path, top, *names);
		if (!path.failed && fs_exists(path.data))
			found = *names;
	}
	buf_release(&path);
	return found;
}

static bool speaks_of(const char *dir, const char *name, const char *word)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT, text = BUF_INIT;
	bool found;

	fs_join(&path, dir, name);
	found = !path.failed && fs_read(path.data, FILE_MAX, &text, &ignored) == 0 &&
		memmem(text.data, text.len, word, strlen(word)) != NULL;
	buf_release(&path);
	buf_release(&text);
	return found;
}

enum hook_manager manager_find(const char *top)
{
	if (first_there(top, lefthook_files))
		return MANAGER_LEFTHOOK;
	if (first_there(top, simple_files) ||
		speaks_of(top, "package.json", "\"simple-git-hooks\":"))
		return MANAGER_SIMPLE_GIT_HOOKS;
	return MANAGER_NONE;
}

const char *manager_lefthook_local(const char *top)
{
	const char *there = first_there(top, lefthook_locals);

	return there ? there : lefthook_locals[0];
}

const char *manager_simple_file(const char *top)
{
	const char *there = first_there(top, simple_files);

	return there ? there : "package.json";
}

bool manager_file_rings(const char *dir, const char *name)
{
	return speaks_of(dir, name, "minsky-hook");
}
