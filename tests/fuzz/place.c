#include "fuzz/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "fuzz/fuzz.h"
#include "lib/scratch.h"

static char top[SCRATCH_SIZE];
static char place[sizeof(top) + 8], absent[sizeof(top) + 8];

static void remove_place(void)
{
	struct error err = ERROR_INIT;

	(void)fs_remove_tree(top, &err);
}

static void make_place(void)
{
	if (*top)
		return;
	(void)snprintf(top, sizeof(top), "%s/minsky-fuzz.XXXXXX", scratch_base());
	HOLDS(mkdtemp(top));
	HOLDS(atexit(remove_place) == 0);
	(void)snprintf(place, sizeof(place), "%s/place", top);
	(void)snprintf(absent, sizeof(absent), "%s/none", top);
}

const char *fuzz_absent(void)
{
	make_place();
	return absent;
}

const char *fuzz_place(void)
{
	struct error err = ERROR_INIT;

	make_place();
	HOLDS(fs_remove_tree(place, &err) == 0);
	HOLDS(mkdir(place, 0700) == 0);
	return place;
}

void fuzz_file(const char *name, const void *data, size_t len)
{
	struct error err = ERROR_INIT;
	struct buf path = BUF_INIT;
	int fd;

	fs_join(&path, place, name);
	HOLDS(!path.failed);
	fd = open(path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	HOLDS(fd >= 0 && fs_write_all(fd, data, len, &err) == 0 && close(fd) == 0);
	buf_release(&path);
}
