#include "core/dir.h"

#include <errno.h>
#include <unistd.h>

static int take(struct dir *d, DIR *stream, const char *shown, struct error *err)
{
	d->shown = strdup(shown);
	if (!d->shown) {
		closedir(stream);
		return error_nomem(err);
	}
	d->stream = stream;
	return 0;
}

int dir_open(struct dir *d, const char *path, struct error *err)
{
	DIR *stream = opendir(path);

	if (stream)
		return take(d, stream, path, err);
	if (errno == ENOENT)
		return error_set(err, ERR_NOTFOUND, "there is no directory '%s'", path);
	return error_errno(err, "cannot open directory '%s'", path);
}

int dir_open_or_empty(struct dir *d, const char *path, struct error *err)
{
	int r = dir_open(d, path, err);

	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	return r;
}

int dir_open_fd(struct dir *d, int fd, const char *shown, struct error *err)
{
	DIR *stream = fdopendir(fd);
	int r;

	if (stream)
		return take(d, stream, shown, err);
	r = error_errno(err, "cannot read directory '%s'", shown);
	close(fd);
	return r;
}

int dir_next(struct dir *d, const char **name_out, struct error *err)
{
	const struct dirent *entry;

	if (!d->stream) {
		*name_out = NULL;
		return 0;
	}
	do {
		errno = 0;
		entry = readdir(d->stream);
		if (!entry && errno)
			return error_errno(err, "cannot read directory '%s'", d->shown);
	} while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	*name_out = entry ? entry->d_name : NULL;
	return 0;
}

void dir_close(struct dir *d)
{
	if (d->stream)
		closedir(d->stream);
	free(d->shown);
	*d = (struct dir)DIR_INIT;
}
