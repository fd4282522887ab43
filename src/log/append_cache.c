#include "log/append_cache.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/invariant.h"

/* Longer than a tick of any kernel. */
#define TICK_MS 100

static bool is_local(int fd)
{
	static const unsigned long known[] = { EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
		F2FS_SUPER_MAGIC, TMPFS_MAGIC };
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if ((unsigned long)st.f_type == known[i])
			return true;
	return false;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Was the last change so long ago that another one would have another time? */
static bool has_settled(const struct timespec *changed)
{
	struct timespec now; /* of the clock that files are stamped with */
	int64_t ms;

	/* No nanoseconds: a file system that counts seconds. */
	if (!changed->tv_nsec || clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0)
		return false;
	ms = ((int64_t)now.tv_sec - changed->tv_sec) * 1000 +
		(now.tv_nsec - changed->tv_nsec) / 1000000;
	return ms > TICK_MS;
}

void append_cache_release(struct journal *j)
{
	struct kept *k = &j->kept;

	if (!k->here)
		return;
	close(k->lock_fd);
	close(k->head_fd);
	close(k->segment_fd);
	k->here = false;
}

int append_cache_lock(struct journal *j, int timeout_ms, bool *held_out, struct error *err)
{
	struct kept *k = &j->kept;
	struct buf path = BUF_INIT;
	struct stat st;
	int r;

	*held_out = false;
	if (!k->here)
		return 0;
	/* A lock is one with that of the process we were forked from. */
	if (k->pid != getpid()) {
		append_cache_release(j);
		return 0;
	}
	fs_join(&path, j->own.path, "lock");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_lock_again(k->lock_fd, timeout_ms, path.data, err);
	buf_release(&path);
	if (r < 0)
		return r;
	if (fstat(j->own.fd, &st) == 0 && same_time(&st.st_mtim, &k->mtime) &&
		same_time(&st.st_ctim, &k->ctime))
		*held_out = true;
	else
		append_cache_release(j);
	return 0;
}

void append_cache_unlock(struct journal *j)
{
	if (j->kept.here)
		fs_unlock(j->kept.lock_fd);
}

int append_cache_find_end(struct tail *out, bool *found_out, const struct journal *j,
	const struct hint *h, struct error *err)
{
	const struct kept *k = &j->kept;
	bool holds;
	uint64_t size;
	int r;

	INVARIANT(k->here);
	*found_out = false;
	if (!h->known || strcmp(h->segment, k->segment.name) != 0)
		return 0;
	r = file_size(k->segment_fd, h->segment, &size, err);
	if (r < 0 || size != h->size)
		return r;
	holds = h->start == k->last.start && h->size == k->last.size && h->seq == k->last.seq &&
		strcmp(h->hash, k->last.hash) == 0;
	if (!holds)
		r = tail_holds_hint(&holds, k->segment_fd, j->origin, h, err);
	if (r < 0 || !holds)
		return r;
	*out = (struct tail){ .state = TAIL_CLEAN,
		.segment = k->segment,
		.size = size,
		.good = size,
		.seq = h->seq,
		.hlc = h->hlc,
		.claimed_seq = h->seq,
		.claimed_hlc = h->hlc };
	memcpy(out->hash, h->hash, sizeof(out->hash));
	*found_out = true;
	return 0;
}

bool append_cache_take(struct journal *j, int lock_fd, int head_fd, int segment_fd,
	const char *segment, uint64_t clock)
{
	struct kept *k = &j->kept;
	struct stat st;

	/* Most handles append once. */
	if (k->appends++ == 0 || fstat(j->own.fd, &st) < 0 || !has_settled(&st.st_mtim) ||
		!segment_parse(&k->segment, segment))
		return false;
	if (!k->asked) {
		k->asked = true;
		k->local = is_local(j->own.fd);
	}
	if (!k->local)
		return false;
	INVARIANT(!k->here);
	INVARIANT(lock_fd >= 0 && head_fd >= 0 && segment_fd >= 0);
	k->here = true;
	k->pid = getpid();
	k->lock_fd = lock_fd;
	k->head_fd = head_fd;
	k->segment_fd = segment_fd;
	k->mtime = st.st_mtim;
	k->ctime = st.st_ctim;
	k->clock = clock;
	return true;
}

void append_cache_note(struct journal *j, const struct hint *h)
{
	INVARIANT(j->kept.here && h->known);
	j->kept.last = *h;
}
