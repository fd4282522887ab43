#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/reflog.h"
#include "fuzz/fuzz.h"

static int on_entry(void *arg, const struct reflog_entry *e, struct error *err)
{
	size_t *count = arg;

	(void)err;
	(*count)++;
	HOLDS(oid_is_valid(e->old_oid.hex) && oid_is_valid(e->new_oid.hex));
	HOLDS(strlen(e->new_oid.hex) == strlen(e->old_oid.hex));
	HOLDS(!memchr(e->message, '\n', e->message_len));
	return 0;
}

static size_t read_on(const char *path, struct reflog_place *place)
{
	enum reflog_state state = REFLOG_MISSING;
	struct error err = ERROR_INIT;
	size_t count = 0;

	HOLDS(reflog_read(path, place, on_entry, &count, &state, &err) == 0);
	HOLDS(state == REFLOG_OK);
	return count;
}

/* Entries come once, however the log grows; skipping ends where reading does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reflog_place place = { .offset = 0 }, whole = { .offset = 0 };
	struct error err = ERROR_INIT;
	size_t half = size / 2, first, second;
	char path[64];
	int fd = memfd_create("reflog", MFD_CLOEXEC);

	HOLDS(fd >= 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	HOLDS(fs_write_all(fd, data, half, &err) == 0);
	first = read_on(path, &place);
	HOLDS(place.offset <= half && place.count >= first);
	HOLDS(read_on(path, &place) == 0);
	HOLDS(fs_write_all(fd, data + half, size - half, &err) == 0);
	second = read_on(path, &place);
	HOLDS(first + second == read_on(path, &whole));
	HOLDS(place.offset == whole.offset && place.count == whole.count);
	HOLDS(strcmp(place.anchor, whole.anchor) == 0);
	HOLDS(close(fd) == 0);
	return 0;
}
