#include "fault/oracle.h"

#include <dirent.h>
#include <inttypes.h>

#include "core/array.h"
#include "core/fs.h"

#define FILE_MAX ((size_t)1 << 30)
#define LIVES_MAX ((size_t)1 << 22)

void oracle_release(struct oracle *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->lives[i].seqs);
	free(o->lives);
	*o = (struct oracle)ORACLE_INIT;
}

int oracle_body(struct buf *out, size_t life, size_t i, struct error *err)
{
	buf_clear(out);
	buf_addf(out, "{\"life\":%zu,\"i\":%zu,\"pad\":\"%0*d\"}", life, i, (int)(i % 7) * 700 + 1,
		0);
	return buf_check(out, err);
}

static int find_life(struct oracle *o, size_t life, struct oracle_life **out, struct error *err)
{
	if (life >= LIVES_MAX)
		return error_set(err, ERR_USAGE, "no such life: %zu", life);
	if (life >= o->n) {
		size_t n = 2 * life + 16;
		struct oracle_life *lives = realloc(o->lives, n * sizeof(*lives));

		if (!lives)
			return error_nomem(err);
		memset(lives + o->n, 0, (n - o->n) * sizeof(*lives));
		o->lives = lives;
		o->n = n;
	}
	*out = &o->lives[life];
	return 0;
}

int oracle_acknowledge(struct oracle *o, size_t life, size_t i, uint64_t seq, struct error *err)
{
	struct oracle_life *l;
	int r = find_life(o, life, &l, err);

	if (r < 0)
		return r;
	if (i != l->n)
		return error_set(err, ERR_CORRUPT,
			"life %zu tells of event %zu, but the next one is %zu", life, i, l->n);
	if (!ARRAY_GROW(l->seqs, l->n, l->cap))
		return error_nomem(err);
	l->seqs[l->n++] = seq;
	o->acknowledged++;
	return 0;
}

int oracle_read(struct oracle *o, const char *path, struct error *err)
{
	struct buf text = BUF_INIT;
	int r = fs_read(path, FILE_MAX, &text, err);
	char *line = text.data;

	for (char *nl; r == 0 && (nl = strchr(line, '\n')); line = nl + 1) {
		size_t life, i;
		uint64_t seq;

		*nl = '\0';
		if (sscanf(line, "ACK %zu %zu %" SCNu64, &life, &i, &seq) == 3)
			r = oracle_acknowledge(o, life, i, seq, err);
	}
	buf_release(&text);
	return r;
}

static int check_event(struct oracle *o, const struct record *rec, struct error *err)
{
	struct oracle_life *l;
	size_t life, i;
	int r;

	/* The newline behind the body ends what sscanf() may read. */
	if (!rec->body || sscanf(rec->body, "{\"life\":%zu,\"i\":%zu,", &life, &i) != 2)
		return 0;
	r = find_life(o, life, &l, err);
	if (r < 0)
		return r;
	if (i != l->found)
		return error_set(err, ERR_CORRUPT,
			"seq %" PRIu64 " is event %zu of life %zu, but its next one is %zu",
			rec->seq, i, life, l->found);
	l->found++;
	if (i > l->n && !o->more)
		return error_set(err, ERR_CORRUPT,
			"event %zu of life %zu is there, but only %zu were acknowledged", i, life,
			l->n);
	if (i >= l->n)
		o->unasked++;
	else if (l->seqs[i] != rec->seq)
		return error_set(err, ERR_CORRUPT,
			"event %zu of life %zu stands at seq %" PRIu64 " and was told %" PRIu64, i,
			life, rec->seq, l->seqs[i]);
	return 0;
}

struct order {
	uint64_t seq, hlc;
	bool damaged;
};

static int check_order(struct order *order, const struct record *rec, struct error *err)
{
	if (rec->seq != order->seq + 1 && !(order->damaged && rec->seq > order->seq))
		return error_set(err, ERR_CORRUPT, "seq %" PRIu64 " stands behind %" PRIu64,
			rec->seq, order->seq);
	if (rec->hlc <= order->hlc)
		return error_set(
			err, ERR_CORRUPT, "the clock does not increase at seq %" PRIu64, rec->seq);
	order->seq = rec->seq;
	order->hlc = rec->hlc;
	return 0;
}

static int check_file(struct oracle *o, struct order *order, const char *path, struct error *err)
{
	struct buf text = BUF_INIT;
	int r = fs_read(path, FILE_MAX, &text, err);
	const char *line = text.data, *end = text.data + text.len;

	while (r == 0 && line < end) {
		const char *nl = memchr(line, '\n', (size_t)(end - line));
		struct record rec;

		if (!nl)
			break;
		if (!record_parse(&rec, line, (size_t)(nl - line) + 1)) {
			r = check_order(order, &rec, err);
			if (r == 0)
				r = check_event(o, &rec, err);
		}
		line = nl + 1;
	}
	buf_release(&text);
	return r < 0 ? error_wrap(err, "%s", path) : 0;
}

static int is_segment(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".log") == 0 && len > 32 &&
		entry->d_name[32] == '.';
}

int oracle_check(struct oracle *o, const struct journal *j, bool damaged, struct error *err)
{
	struct order order = { .damaged = damaged };
	struct dirent **list = NULL;
	struct buf path = BUF_INIT;
	int n, r = 0;

	o->unasked = 0;
	for (size_t i = 0; i < o->n; i++)
		o->lives[i].found = 0;
	n = scandir(journal_dir(j), &list, is_segment, alphasort);
	if (n < 0)
		return error_errno(err, "cannot list '%s'", journal_dir(j));
	for (int i = 0; i < n; i++) {
		if (r == 0 && strncmp(list[i]->d_name, journal_origin(j), 32) == 0) {
			fs_join(&path, journal_dir(j), list[i]->d_name);
			r = buf_check(&path, err);
			if (r == 0)
				r = check_file(o, &order, path.data, err);
		}
		free(list[i]);
	}
	free(list);
	buf_release(&path);
	for (size_t i = 0; r == 0 && i < o->n; i++)
		if (o->lives[i].found < o->lives[i].n)
			r = error_set(err, ERR_CORRUPT,
				"event %zu of life %zu was acknowledged and is not there",
				o->lives[i].found, i);
	return r;
}
