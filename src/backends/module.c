#include "backends/module.h"

#include <dlfcn.h>

#include "core/dir.h"
#include "core/fs.h"

#define NAME_MAX_LEN 64
#define N_PLACES 3

struct loaded {
	const struct backend_module *module;
	struct loaded *next;
};

static struct loaded *loaded;

bool module_name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n && n <= NAME_MAX_LEN && !name[n] && name[0] != '-';
}

/* <prefix>/bin/minsky -> <prefix>. */
static void add_prefix(struct buf *out)
{
	struct error ignored = ERROR_INIT;

	if (fs_realpath("/proc/self/exe", out, &ignored) < 0)
		return;
	for (int up = 0; up < 2; up++) {
		const char *slash = strrchr(out->data, '/');

		buf_truncate(out, slash ? (size_t)(slash - out->data) : 0);
	}
}

/* The directories in order; an empty one is none. A relative one could be anybody's. */
static void places(struct buf dirs[N_PLACES])
{
	const char *given = getenv("MINSKY_MODULE_DIR");

	for (size_t i = 0; i < N_PLACES; i++)
		dirs[i] = (struct buf)BUF_INIT;
	if (given && *given == '/')
		fs_join(&dirs[0], given, "backends");
	add_prefix(&dirs[1]);
	if (dirs[1].len)
		buf_adds(&dirs[1], "/" MINSKY_RELATIVE_LIBDIR "/minsky/backends");
	buf_adds(&dirs[2], MINSKY_LIBDIR "/minsky/backends");
}

static void places_release(struct buf dirs[N_PLACES])
{
	for (size_t i = 0; i < N_PLACES; i++)
		buf_release(&dirs[i]);
}

static int not_for_us(const char *path, const char *why, struct error *err)
{
	error_set(err, ERR_UNSUPPORTED, "cannot use module '%s': %s", path, why);
	return error_hint(err, "build it for this version of minsky, and install it again");
}

/* Nothing behind the number is looked at until the number is right. */
static int check(
	const struct backend_module *m, const char *path, const char *name, struct error *err)
{
	char why[128];

	if (m->abi != BACKEND_MODULE_ABI) {
		(void)snprintf(why, sizeof(why), "its interface is %u, that of this minsky is %u",
			(unsigned)m->abi, BACKEND_MODULE_ABI);
		return not_for_us(path, why, err);
	}
	if (!m->name || strcmp(m->name, name) != 0)
		return not_for_us(path, "it has another name", err);
	if (!m->backend && !m->hub)
		return not_for_us(path, "it is neither a backend nor a hub", err);
	return 0;
}

static int load(
	const struct backend_module **out, const char *path, const char *name, struct error *err)
{
	const struct backend_module *m;
	struct loaded *l;
	void *handle;
	int r;

	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		const char *why = dlerror();

		return not_for_us(path, why ? why : "it cannot be loaded", err);
	}
	m = dlsym(handle, BACKEND_MODULE_SYMBOL);
	r = m ? check(m, path, name, err)
	      : not_for_us(path, "it has no " BACKEND_MODULE_SYMBOL, err);
	l = r == 0 ? malloc(sizeof(*l)) : NULL;
	if (r == 0 && !l)
		r = error_nomem(err);
	if (r < 0) {
		dlclose(handle);
		return r;
	}
	*l = (struct loaded){ m, loaded };
	loaded = l;
	*out = m;
	return 0;
}

int module_load(const struct backend_module **out, const char *name, struct error *err)
{
	struct buf dirs[N_PLACES], path = BUF_INIT;
	int r = ERR_NOTFOUND;

	if (!module_name_ok(name))
		return error_set(err, ERR_USAGE, "'%s' is not a valid name for a backend", name);
	for (const struct loaded *l = loaded; l; l = l->next) {
		if (strcmp(l->module->name, name) == 0) {
			*out = l->module;
			return 0;
		}
	}
	places(dirs);
	for (size_t i = 0; r == ERR_NOTFOUND && i < N_PLACES; i++) {
		if (!dirs[i].len)
			continue;
		buf_clear(&path);
		buf_addf(&path, "%s/%s.so", dirs[i].data, name);
		if (dirs[i].failed || path.failed)
			r = error_nomem(err);
		else if (fs_exists(path.data))
			r = load(out, path.data, name, err);
	}
	if (r == ERR_NOTFOUND)
		error_set(err, ERR_NOTFOUND, "there is no module '%s'", name);
	places_release(dirs);
	buf_release(&path);
	return r;
}

static bool is_listed(const struct buf *out, size_t from, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = out->data + from; (p = strstr(p, name)); p += len)
		if (p[-1] == ' ' && (p[len] == ',' || !p[len]))
			return true;
	return false;
}

static void add_names_of(struct buf *out, size_t from, const char *dir)
{
	struct error ignored = ERROR_INIT;
	struct dir d = DIR_INIT;
	const char *file;

	/* A list for a message: what can be read of it. */
	if (dir_open(&d, dir, &ignored) < 0)
		return;
	while (dir_next(&d, &file, &ignored) == 0 && file) {
		char name[NAME_MAX_LEN + 1];
		size_t len = strlen(file);

		if (len < 4 || len - 3 >= sizeof(name) || strcmp(file + len - 3, ".so") != 0)
			continue;
		memcpy(name, file, len - 3);
		name[len - 3] = '\0';
		if (module_name_ok(name) && !is_listed(out, from, name))
			buf_addf(out, ", %s", name);
	}
	dir_close(&d);
}

void module_add_names(struct buf *out)
{
	struct buf dirs[N_PLACES];
	size_t from = out->len;

	places(dirs);
	for (size_t i = 0; i < N_PLACES; i++)
		if (dirs[i].len && !dirs[i].failed)
			add_names_of(out, from, dirs[i].data);
	places_release(dirs);
}
