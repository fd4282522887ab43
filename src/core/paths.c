#include "core/paths.h"

/* The value, if it is an absolute path. Relative ones are to be ignored, says the XDG standard. */
static const char *absolute(const char *variable)
{
	const char *v = getenv(variable);

	return v && v[0] == '/' ? v : NULL;
}

static int place(struct buf *out, const char *variable, const char *below_home, const char *tail,
	struct error *err)
{
	const char *base = absolute(variable), *home = absolute("HOME");

	if (!base && !home) {
		error_set(err, ERR_IO, "cannot determine where to keep files: HOME is not set");
		return error_hint(err, "set HOME or %s to an absolute path", variable);
	}
	buf_clear(out);
	buf_adds(out, base ? base : home);
	while (out->len && out->data[out->len - 1] == '/')
		buf_truncate(out, out->len - 1);
	if (!base)
		buf_adds(out, below_home);
	buf_adds(out, tail);
	return buf_check(out, err);
}

int paths_state(struct buf *out, struct error *err)
{
	return place(out, "XDG_STATE_HOME", "/.local/state", "/minsky", err);
}

int paths_config_file(struct buf *out, struct error *err)
{
	return place(out, "XDG_CONFIG_HOME", "/.config", "/minsky/config.yaml", err);
}

int paths_expand_home(const char *path, struct buf *out, struct error *err)
{
	const char *home;

	if (path[0] != '~' || (path[1] && path[1] != '/')) {
		buf_clear(out);
		buf_adds(out, path);
		return buf_check(out, err);
	}
	home = absolute("HOME");
	if (!home) {
		error_set(err, ERR_IO, "cannot expand '~': HOME is not set");
		return error_hint(err, "set HOME to an absolute path");
	}
	buf_clear(out);
	buf_adds(out, home);
	while (path[1] && out->len && out->data[out->len - 1] == '/')
		buf_truncate(out, out->len - 1);
	buf_adds(out, path + 1);
	return buf_check(out, err);
}

const char *path_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len && dir[len - 1] == '/')
		len--;
	if (strncmp(path, dir, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	path += len;
	while (*path == '/')
		path++;
	return path;
}
