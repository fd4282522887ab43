#include <fcntl.h>
#include <unistd.h>

#include "core/fs.h"
#include "log/exchange.h"
#include "log/journal_internal.h"

#define FLUSH_AT ((size_t)256 << 10)

struct copying {
	int fd;
	struct buf lines;
};

static int flush(struct copying *c, struct error *err)
{
	int r = buf_check(&c->lines, err);

	if (r == 0)
		r = fs_write_all(c->fd, c->lines.data, c->lines.len, err);
	buf_clear(&c->lines);
	return r;
}

static int take(void *arg, const char *origin, const struct hub_record *in, struct error *err)
{
	struct copying *c = arg;
	struct record rec;

	hub_record_get(&rec, origin, in);
	record_write(&c->lines, &rec);
	return c->lines.len >= FLUSH_AT ? flush(c, err) : 0;
}

int exchange_copy(struct hub *hub, const char *key, const struct head *head, const char *dir,
	struct error *err)
{
	struct copying c = { .fd = -1, .lines = BUF_INIT };
	struct buf path = BUF_INIT;
	struct place place = { .path = NULL };
	struct segment s;
	int r;

	segment_name(&s, head->origin, 1);
	buf_adds(&path, dir);
	r = buf_check(&path, err);
	if (r == 0)
		r = place_open(&place, &path, err);
	if (r == 0)
		r = place_open_file(&c.fd, &place, s.name, O_WRONLY | O_CREAT | O_TRUNC, err);
	if (r == 0)
		r = hub->ops->pull(hub, key, head->origin, 0, head->seq, take, &c, err);
	if (r == 0)
		r = flush(&c, err);
	if (c.fd >= 0 && close(c.fd) < 0 && r == 0)
		r = error_errno(err, "cannot write '%s/%s'", dir, s.name);
	place_release(&place);
	buf_release(&path);
	buf_release(&c.lines);
	return r;
}
