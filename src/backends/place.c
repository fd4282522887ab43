#include "backends/place.h"

#include "core/fs.h"
#include "core/owner.h"

int place_resolve(struct buf *out, const char *path, struct error *err)
{
	int r = owner_check(path, err);

	if (r < 0)
		return error_wrap(err, "session store");
	if (!fs_exists(path)) {
		buf_adds(out, path);
		return buf_check(out, err);
	}
	r = fs_realpath(path, out, err);
	if (r == ERR_NOTFOUND) {
		error_set(err, ERR_IO, "session store '%s' is a link to a file that does not exist",
			path);
		return error_hint(err, "remove the link, or create the file that it points to");
	}
	return r;
}

int place_make_parent(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	struct buf dir = BUF_INIT;
	int r;

	if (!slash || slash == path)
		return 0;
	buf_add(&dir, path, (size_t)(slash - path));
	r = buf_check(&dir, err);
	if (r == 0)
		r = fs_mkdirs(dir.data, 0700, err);
	buf_release(&dir);
	return r;
}
