#include "fuzz/place.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "fuzz/fuzz.h"

static char top[] = "/dev/shm/minsky-fuzz.XXXXXX";
static char place[sizeof(top) + 8];

static void remove_place(void)
{
	struct error err = ERROR_INIT;

	(void)fs_remove_tree(top, &err);
}

const char *fuzz_place(void)
{
	struct error err = ERROR_INIT;

	if (!place[0]) {
		HOLDS(mkdtemp(top));
		HOLDS(atexit(remove_place) == 0);
		(void)snprintf(place, sizeof(place), "%s/place", top);
	}
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
