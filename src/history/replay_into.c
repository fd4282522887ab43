#include "history/replay_into.h"

#include <sys/stat.h>
#include <unistd.h>

#include "backends/registry.h"
#include "core/fs.h"

static const struct {
	const char *ending, *backend;
} kinds[] = {
	{ ".json", "json" },
	{ ".db", "sqlite" },
	{ ".sqlite", "sqlite" },
};

static const char *kind_of(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = strlen(kinds[i].ending);

		if (len > n && strcmp(path + len - n, kinds[i].ending) == 0)
			return kinds[i].backend;
	}
	return NULL;
}

static int check_kind(const char *path, struct error *err)
{
	const struct backend_ops *ops;
	const char *kind = kind_of(path);

	if (!kind) {
		error_set(err, ERR_USAGE, "cannot determine the kind of store from the name '%s'",
			path);
		return error_hint(err, "use a name that ends in .json, .db or .sqlite");
	}
	if (registry_find(&ops, kind, err) < 0) {
		err->code = ERR_UNSUPPORTED;
		return error_wrap(err, "cannot write '%s'", path);
	}
	return 0;
}

int replay_into_check(const char *path, struct error *err)
{
	struct stat st;
	int r = check_kind(path, err);

	if (r < 0 || lstat(path, &st) < 0)
		return r;
	error_refuse(err, "already-exists", "'%s' already exists", path);
	return error_hint(err, "give the name of a new file");
}

/* A setting, in which nothing but the path itself is to be expanded. */
static int add_setting(struct buf *out, const char *kind, const char *path, struct error *err)
{
	char here[4096];

	buf_addf(out, "sessiondb.%s.path=", kind);
	if (*path != '/') {
		if (!getcwd(here, sizeof(here)))
			return error_errno(err, "cannot determine the current directory");
		buf_addf(out, "%s/", here);
	}
	for (; *path; path++) {
		if (strncmp(path, "${", 2) == 0)
			buf_addch(out, '$');
		buf_addch(out, *path);
	}
	return buf_check(out, err);
}

static int put_all(
	struct backend *b, const struct replay *r, const char *repo_id, struct error *err)
{
	int result = b->ops->begin(b, repo_id, err);

	if (result < 0)
		return result;
	for (size_t i = 0; result == 0 && i < r->n; i++)
		result = b->ops->put(b, &r->v[i], err);
	if (result == 0)
		return b->ops->commit(b, &r->heads, err);
	b->ops->rollback(b);
	return result;
}

int replay_into(const struct replay *r, const char *repo_id, const char *path, struct error *err)
{
	const char *kind = kind_of(path);
	struct buf backend = BUF_INIT, place = BUF_INIT;
	struct config_sources sources = { .repository_file = NULL, .user_file = "" };
	const char *settings[3] = { NULL };
	struct config *config = NULL;
	struct backend *b;
	int result = replay_into_check(path, err);

	if (result == 0)
		result = add_setting(&place, kind, path, err);
	if (result < 0)
		goto out;
	buf_addf(&backend, "sessiondb.backend=%s", kind);
	result = buf_check(&backend, err);
	settings[0] = backend.data;
	settings[1] = place.data;
	sources.settings = settings;
	if (result == 0)
		result = config_load(&config, &sources, err);
	if (result == 0)
		result = registry_open(&b, config, err);
	if (result == 0)
		result = put_all(b, r, repo_id, err);
out:
	config_free(config);
	buf_release(&backend);
	buf_release(&place);
	return result;
}
