#include "log/peer_heads.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/array.h"
#include "core/fs.h"

#define FILE_NAME "peers.heads"
#define FIRST_LINE "minsky-heads 1"
#define FILE_MAX (64u << 20)
#define WORTH_WRITING 4 /* so many had to be found out */
#define TRIES 100

struct known {
	char segment[SEGMENT_NAME_SIZE];
	uint64_t ino, size, sec, nsec;
	uint64_t seq;
	char hash[HASH_HEX_SIZE];
};

struct known_list {
	struct known *v; /* sorted by segment */
	size_t n, cap;
};

static int by_segment(const void *key, const void *element)
{
	return strcmp(key, ((const struct known *)element)->segment);
}

/* "<segment> <ino> <size> <sec> <nsec> <seq> <hash>"; anything else is no line. */
static bool parse(struct known *out, const char *line)
{
	uint64_t *const numbers[] = { &out->ino, &out->size, &out->sec, &out->nsec, &out->seq };
	struct segment s;
	char *end;

	if (strlen(line) < SEGMENT_NAME_SIZE || line[SEGMENT_NAME_SIZE - 1] != ' ')
		return false;
	memcpy(out->segment, line, SEGMENT_NAME_SIZE - 1);
	out->segment[SEGMENT_NAME_SIZE - 1] = '\0';
	line += SEGMENT_NAME_SIZE - 1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (line[0] != ' ' || line[1] < '0' || line[1] > '9')
			return false;
		*numbers[i] = strtoull(line + 1, &end, 10);
		line = end;
	}
	if (*line != ' ' || !id_is_hex(line + 1, HASH_HEX_SIZE - 1) ||
		!segment_parse(&s, out->segment))
		return false;
	memcpy(out->hash, line + 1, HASH_HEX_SIZE);
	return out->seq != 0;
}

static void path_of(const struct journal *j, struct buf *out)
{
	fs_join(out, j->own.path, FILE_NAME);
}

static int load(struct known_list *out, const struct journal *j, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool first = true;
	int r = 0;

	path_of(j, &path);
	if (path.failed || fs_read_private(path.data, FILE_MAX, &text, &ignored) < 0)
		goto out;
	for (char *line = text.data, *nl; (nl = strchr(line, '\n')); line = nl + 1) {
		struct known one = { .seq = 0 };

		*nl = '\0';
		if (first && strcmp(line, FIRST_LINE) != 0)
			break;
		/* In order, or it is not what we wrote. */
		if (!first &&
			(!parse(&one, line) ||
				(out->n && strcmp(out->v[out->n - 1].segment, one.segment) >= 0)))
			break;
		if (!first && !ARRAY_GROW(out->v, out->n, out->cap)) {
			r = error_nomem(err);
			break;
		}
		if (!first)
			out->v[out->n++] = one;
		first = false;
	}
out:
	buf_release(&path);
	buf_release(&text);
	return r;
}

static void save(const struct known_list *list, const struct journal *j)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct error ignored = ERROR_INIT;

	buf_adds(&text, FIRST_LINE "\n");
	for (size_t i = 0; i < list->n; i++) {
		const struct known *k = &list->v[i];

		buf_addf(&text,
			"%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
			k->segment, k->ino, k->size, k->sec, k->nsec, k->seq, k->hash);
	}
	path_of(j, &path);
	if (!path.failed && !text.failed)
		(void)fs_replace(path.data, text.data, text.len, 0600, false, &ignored);
	buf_release(&path);
	buf_release(&text);
}

static void look_of(struct known *k, const struct stat *st)
{
	k->ino = (uint64_t)st->st_ino;
	k->size = (uint64_t)st->st_size;
	k->sec = (uint64_t)st->st_mtim.tv_sec;
	k->nsec = (uint64_t)st->st_mtim.tv_nsec;
}

static bool looks_as(const struct known *k, const struct stat *st)
{
	struct known now = { .seq = 0 };

	look_of(&now, st);
	return S_ISREG(st->st_mode) && k->ino == now.ino && k->size == now.size &&
		k->sec == now.sec && k->nsec == now.nsec;
}

/* With the segments of one origin at hand, oldest first. */
static int find_out(
	struct tail *t, const struct place *p, const struct segments *of, struct error *err)
{
	const char *origin = of->v[0].origin;
	struct hint hint = { .known = false };
	int r = 0;

	for (int i = 0; i < TRIES; i++) {
		r = hint_read_peer(&hint, p, origin, err);
		/* The first look goes by the list that there is. */
		if (r == 0)
			r = i ? tail_find(t, p, origin, &hint, err)
			      : tail_find_among(t, p, origin, of, &hint, err);
		if (r == ERR_NOTFOUND && !i) {
			error_clear(err);
			t->state = TAIL_CHANGING;
			r = 0;
		}
		if (r < 0 || t->state != TAIL_CHANGING)
			return r;
	}
	return error_set(err, ERR_BUSY, "'%s' changes faster than it can be read", p->path);
}

/* What one origin's newest segment says, by the cache or by reading. *found_out: by reading. */
static int look(struct known *out, bool *found_out, const struct known_list *cache,
	const struct place *p, const struct segments *of, struct error *err)
{
	const struct segment *newest = &of->v[of->n - 1];
	struct stat st;
	struct tail t;
	size_t at;
	bool there = fstatat(p->fd, newest->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	int r;

	*found_out = false;
	if (there && ARRAY_FIND(newest->name, cache->v, cache->n, by_segment, &at) &&
		looks_as(&cache->v[at], &st)) {
		*out = cache->v[at];
		return 0;
	}
	*out = (struct known){ .seq = 0 };
	r = find_out(&t, p, of, err);
	if (r < 0)
		return r;
	out->seq = t.seq;
	memcpy(out->hash, t.hash, sizeof(out->hash));
	/* Only what was whole and stood still is worth remembering. */
	if (there && t.seq && t.state == TAIL_CLEAN && t.size == (uint64_t)st.st_size &&
		strcmp(t.segment.name, newest->name) == 0) {
		memcpy(out->segment, newest->name, sizeof(out->segment));
		look_of(out, &st);
	}
	*found_out = true;
	return 0;
}

int peer_heads_read(
	struct heads *heads, struct journal *j, const struct place *peers, struct error *err)
{
	struct known_list cache = { .v = NULL }, now = { .v = NULL };
	struct segments list = { .v = NULL };
	size_t n_found = 0;
	int r = segments_list(&list, peers, NULL, err);

	if (r == 0)
		r = load(&cache, j, err);
	for (size_t i = 0, end; r == 0 && i < list.n; i = end) {
		const char *origin = list.v[i].origin;
		struct segments of = { .v = list.v + i };
		struct known one;
		bool found;

		for (end = i; end < list.n && !strcmp(list.v[end].origin, origin); end++)
			of.n++;
		r = look(&one, &found, &cache, peers, &of, err);
		n_found += found;
		if (r == 0 && one.seq && !heads_find(heads, origin))
			r = heads_set(heads, origin, one.seq, one.hash, err);
		if (r == 0 && one.segment[0] && !ARRAY_GROW(now.v, now.n, now.cap))
			r = error_nomem(err);
		else if (r == 0 && one.segment[0])
			now.v[now.n++] = one;
	}
	if (r == 0 && n_found > WORTH_WRITING)
		save(&now, j);
	segments_release(&list);
	free(cache.v);
	free(now.v);
	return r;
}
