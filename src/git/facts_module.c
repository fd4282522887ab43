/*
 * Finds and loads the module that asks libgit2: in MINSKY_MODULE_DIR, beside this program, or where
 * it was installed.
 */
#include "git/facts_impl.h"

#include <dlfcn.h>

#include "core/fs.h"

#define MODULE "minsky-facts.so"

static const struct facts_module *load(const char *path)
{
	const struct facts_module *module;
	void *handle;

	/* A name without a slash would make dlopen search where anybody may have put one. */
	if (path[0] != '/' || !fs_exists(path))
		return NULL;
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return NULL;
	module = dlsym(handle, "minsky_facts_module");
	if (!module || module->abi != FACTS_MODULE_ABI) {
		dlclose(handle);
		return NULL;
	}
	/* Never closed: libgit2 keeps state for the life of the process. */
	return module;
}

/* <prefix>/bin/minsky -> <prefix>/<libdir>/minsky: an installation may be moved as a whole. */
static const struct facts_module *load_beside(void)
{
	const struct facts_module *module = NULL;
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT;

	if (fs_realpath("/proc/self/exe", &path, &ignored) < 0)
		goto out;
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(path.data, '/');

		buf_truncate(&path, slash ? (size_t)(slash - path.data) : 0);
	}
	buf_adds(&path, "/" MINSKY_RELATIVE_LIBDIR "/minsky/" MODULE);
	if (!path.failed)
		module = load(path.data);
out:
	buf_release(&path);
	return module;
}

const struct facts_module *facts_module_load(void)
{
	static const struct facts_module *module;
	const char *given = getenv("MINSKY_MODULE_DIR");
	struct buf path = BUF_INIT;

	if (!module && given && *given) {
		fs_join(&path, given, MODULE);
		module = load(path.data);
		buf_release(&path);
	}
	if (!module)
		module = load_beside();
	if (!module)
		module = load(MINSKY_LIBDIR "/minsky/" MODULE);
	return module;
}
