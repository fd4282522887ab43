/*
 * standalone.c - feeds a fuzz target the files of directories, each whole and then cut short, so
 * that the corpus is a test under any compiler.
 */
#include <dirent.h>
#include <string.h>

#include "core/fs.h"
#include "fuzz/fuzz.h"

#define PREFIX_MAX 4096

/* Exactly as large as the input, so that the sanitizer sees a read behind it. */
static int feed(const char *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return -1;
	if (len)
		memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	return 0;
}

static int feed_file(const char *path, struct error *err)
{
	struct buf b = BUF_INIT;
	int r = fs_read(path, 1 << 24, &b, err);

	if (!r && feed(b.data, b.len))
		r = error_nomem(err);
	for (size_t len = 0; !r && len < b.len && len < PREFIX_MAX; len++)
		if (feed(b.data, len))
			r = error_nomem(err);
	buf_release(&b);
	return r;
}

static int feed_directory(const char *path, size_t *count, struct error *err)
{
	struct buf name = BUF_INIT;
	const struct dirent *d;
	DIR *dir = opendir(path);
	int r = 0;

	if (!dir)
		return error_errno(err, "cannot open '%s'", path);
	while (!r && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		fs_join(&name, path, d->d_name);
		r = buf_check(&name, err);
		if (!r)
			r = feed_file(name.data, err);
		(*count)++;
	}
	(void)closedir(dir);
	buf_release(&name);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		if (feed_directory(argv[i], &count, &err)) {
			(void)fprintf(stderr, "%s\n", err.msg);
			return 1;
		}
	}
	(void)printf("%zu inputs\n", count);
	return count ? 0 : 1;
}
