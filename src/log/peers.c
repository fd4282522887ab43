#include "log/peers.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/text.h"
#include "log/journal_internal.h"
#include "log/verify_redact.h"

/*
 * Segments stand in peers/ under the same names, rolled at the same size, as our own. Those of an
 * origin that this journal once was (it is a copy, or was restored from a backup) stand in the
 * journal itself, and what its other half goes on to write is added there, as new segments: readers
 * look for an origin in one place.
 *
 * A page is written under the journal's lock: the clock first, then `blank` (which redactions are
 * on the page), then the records, then one sync. If a page cannot be taken back after a sync that
 * failed, its end may later be found damaged; it is then set aside and pulled again.
 */
struct peer_import {
	struct journal *j;
	struct place peers; /* path NULL: the segments stand in the journal itself */
	char origin[ID_HEX_SIZE];
	uint64_t known;
	int timeout_ms;

	struct tail tail; /* of what is on disk */
	bool covered; /* the directory was synced since the newest segment was found */

	uint64_t seq, hlc; /* behind the page */
	char hash[HASH_HEX_SIZE];
	char prev[HASH_HEX_SIZE]; /* in front of the page's last record */
	size_t last_at; /* where that stands on the page */
	struct buf page;
	uint64_t page_first;
	uint64_t clock; /* highest hlc on the page that ours is to be ahead of */
	struct redactions redactions; /* on the page */
	struct buf odd; /* records on the page whose bodies could not be kept */
};

static const struct place *place_of(const struct peer_import *p)
{
	return p->peers.path ? &p->peers : &p->j->own;
}

static int open_place(struct peer_import *p, struct error *err)
{
	struct segments list = { .v = NULL };
	struct buf path = BUF_INIT;
	bool there;
	int r;

	r = segments_list(&list, &p->j->own, p->origin, err);
	if (r < 0)
		return r;
	there = list.n > 0;
	segments_release(&list);
	if (there)
		return 0;
	r = place_open_peers(&p->peers, p->j, &there, err);
	if (r < 0 || there)
		return r;
	fs_join(&path, p->j->own.path, "peers");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_mkdirs(path.data, 0700, err);
	if (r == 0)
		r = place_open_peers(&p->peers, p->j, &there, err);
	buf_release(&path);
	return r;
}

/* Bytes behind the last good record: a copy to torn/, then off with them. */
static int cut(const struct peer_import *p, const struct tail *t, struct error *err)
{
	struct buf kept = BUF_INIT;
	int fd, r;

	segments_forget();
	r = place_open_file(&fd, place_of(p), t->segment.name, O_RDWR, err);
	if (r < 0)
		return r;
	r = torn_tail_keep(p->j, fd, t->segment.name, t->good, t->size, &kept, err);
	if (r == 0 && t->good && ftruncate(fd, (off_t)t->good) < 0)
		r = error_errno(err, "cannot truncate '%s/%s'", place_of(p)->path, t->segment.name);
	if (r == 0 && t->good && fdatasync(fd) < 0)
		r = error_errno(err, "cannot sync '%s/%s'", place_of(p)->path, t->segment.name);
	if (r == 0 && !t->good &&
		(unlinkat(place_of(p)->fd, t->segment.name, 0) < 0 || fsync(place_of(p)->fd) < 0))
		r = error_errno(err, "cannot remove '%s/%s'", place_of(p)->path, t->segment.name);
	close(fd);
	buf_release(&kept);
	return r;
}

static int damaged(const struct peer_import *p, const struct tail *t, struct error *err)
{
	error_set(err, ERR_CORRUPT, "journal '%s/%s', byte %" PRIu64 ": %s", place_of(p)->path,
		t->bad_segment, t->good, t->what ? t->what : "record cannot be read");
	return error_hint(err, "run 'minsky journal verify', then 'minsky journal repair'");
}

/* Under the lock: where the copy ends. Cutting may leave an older segment as the newest. */
static int find_end(struct peer_import *p, struct error *err)
{
	struct hint hint;
	int r = hint_read_peer(&hint, place_of(p), p->origin, err);

	for (int i = 0; r == 0 && i < 4; i++) {
		r = tail_find(&p->tail, place_of(p), p->origin, i ? NULL : &hint, err);
		if (r < 0)
			return r;
		p->covered = false;
		if (p->tail.state == TAIL_CLEAN)
			return 0;
		/* The hint may be wrong; what is there is not. */
		if (!i)
			continue;
		if (p->tail.state == TAIL_CHANGING)
			return error_set(err, ERR_IO, "'%s/%s' changed while it was locked",
				place_of(p)->path, p->tail.segment.name);
		if (p->tail.state == TAIL_DAMAGED && p->tail.claimed_seq > p->known)
			return damaged(p, &p->tail, err);
		r = cut(p, &p->tail, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : damaged(p, &p->tail, err);
}

/* The page follows what is on disk. */
static void restart(struct peer_import *p)
{
	p->seq = p->tail.seq;
	p->hlc = p->tail.hlc;
	memcpy(p->hash, p->tail.hash, sizeof(p->hash));
	buf_clear(&p->page);
	buf_clear(&p->odd);
	p->page_first = p->clock = 0;
	redactions_release(&p->redactions);
}

int peer_import_open(struct peer_import **out, struct journal *j, const char *origin,
	uint64_t known, int timeout_ms, struct error *err)
{
	struct peer_import *p;
	int lock, r;

	if (!id_is_hex(origin, ID_HEX_SIZE - 1))
		return error_set(err, ERR_USAGE, "'%s' is not the id of an origin", origin);
	p = calloc(1, sizeof(*p));
	if (!p)
		return error_nomem(err);
	p->j = j;
	p->known = known;
	p->timeout_ms = timeout_ms;
	p->page = (struct buf)BUF_INIT;
	p->odd = (struct buf)BUF_INIT;
	memcpy(p->origin, origin, sizeof(p->origin));
	r = journal_lock(j, timeout_ms, &lock, err);
	if (r < 0)
		goto out;
	r = origin_settle(j, err);
	if (r == 0 && strcmp(origin, j->origin) == 0)
		r = error_refuse(err, "own-origin",
			"records of this machine's own origin '%.8s' are not imported", origin);
	if (r == 0)
		r = open_place(p, err);
	if (r == 0)
		r = find_end(p, err);
	close(lock);
	if (r < 0)
		goto out;
	restart(p);
	*out = p;
	p = NULL;
out:
	peer_import_close(p);
	return r;
}

void peer_import_close(struct peer_import *p)
{
	if (!p)
		return;
	place_release(&p->peers);
	buf_release(&p->page);
	buf_release(&p->odd);
	redactions_release(&p->redactions);
	free(p);
}

void peer_import_head(const struct peer_import *p, struct head *out)
{
	memcpy(out->origin, p->origin, sizeof(out->origin));
	out->seq = p->seq;
	memcpy(out->hash, p->hash, sizeof(out->hash));
}

static int contradicts(
	const struct peer_import *p, const struct record *rec, const char *what, struct error *err)
{
	return error_set(err, ERR_CORRUPT, "record %" PRIu64 " of origin '%.8s': %s", rec->seq,
		p->origin, what);
}

/*
 * The chain is over the hash of the body, whatever that is: no body makes an origin unreadable. One
 * that cannot stand in a line is left out, and its record kept without it.
 */
static bool can_stand(const struct record *rec)
{
	return rec->body_len <= EVENT_MAX_BODY && rec->body_len >= 2 && rec->body[0] == '{' &&
		rec->body[rec->body_len - 1] == '}' && !memchr(rec->body, '\n', rec->body_len) &&
		!memchr(rec->body, '\0', rec->body_len) && text_is_utf8(rec->body, rec->body_len);
}

static const char *check_body(const struct record *rec)
{
	char bodyhash[HASH_HEX_SIZE];

	if (!rec->body)
		return NULL;
	hash_bytes(rec->body, rec->body_len, bodyhash);
	return strcmp(bodyhash, rec->bodyhash) ? "body does not match its hash" : NULL;
}

/* One that is on our disk: the same? */
static int check_held(const struct peer_import *p, const struct record *rec, struct error *err)
{
	struct journal_reader *reader;
	int r = journal_reader_open(&reader, p->j, p->origin, rec->seq, rec->hash, err);

	if (r == 0)
		journal_reader_close(reader);
	return r == ERR_CORRUPT ? contradicts(p, rec, "another record is stored here", err) : r;
}

int peer_import_add(struct peer_import *p, const struct record *rec, struct error *err)
{
	int64_t limit = clock_now_ms() + PEERS_CLOCK_AHEAD_MS;
	struct record blank;
	const char *what;
	int r;

	if (strcmp(rec->origin, p->origin) == 0 && rec->seq && rec->seq <= p->tail.seq)
		return check_held(p, rec, err);
	what = tail_check_next(rec, p->origin, p->seq, p->hash);
	if (!what && rec->hlc <= p->hlc)
		what = "clock does not increase";
	if (!what)
		what = check_body(rec);
	if (what)
		return contradicts(p, rec, what, err);
	if (rec->body && !can_stand(rec)) {
		blank = *rec;
		blank.body = NULL;
		blank.body_len = 0;
		rec = &blank;
		buf_addf(&p->odd, "%s %" PRIu64 "\n", p->origin, rec->seq);
	}
	r = redactions_add_record(&p->redactions, rec, err);
	if (r < 0)
		return r;
	p->last_at = p->page.len;
	memcpy(p->prev, p->hash, sizeof(p->prev));
	record_write(&p->page, rec);
	r = buf_check(&p->page, err);
	if (r < 0)
		return r;
	if (!p->page_first)
		p->page_first = rec->seq;
	p->seq = rec->seq;
	p->hlc = rec->hlc;
	memcpy(p->hash, rec->hash, sizeof(p->hash));
	if (record_hlc_ms(rec->hlc) <= limit)
		p->clock = rec->hlc;
	return p->page.len >= PEERS_PAGE_BYTES ? peer_import_flush(p, err) : 0;
}

static int create(struct peer_import *p, struct error *err)
{
	const struct place *place = place_of(p);
	struct buf from = BUF_INIT, to = BUF_INIT;
	struct segment s;
	int r;

	segment_name(&s, p->origin, p->page_first);
	fs_join(&from, place->path, "new.tmp");
	fs_join(&to, place->path, s.name);
	r = from.failed || to.failed ? error_nomem(err)
				     : place_write_new(place, "new.tmp", &p->page, err);
	if (r == 0)
		r = fs_rename_new(from.data, to.data, err);
	if (r == 0 && fsync(place->fd) < 0)
		r = error_errno(err, "cannot sync directory '%s'", place->path);
	if (r == 0) {
		/* As with our own: a guard against mistakes. */
		if (p->tail.segment.name[0])
			(void)!fchmodat(place->fd, p->tail.segment.name, 0400, 0);
		p->tail.segment = s;
		p->tail.good = p->page.len;
		p->covered = true;
		segments_added(place, &s);
	}
	buf_release(&from);
	buf_release(&to);
	return r;
}

static int extend(struct peer_import *p, struct error *err)
{
	const struct place *place = place_of(p);
	uint64_t size;
	int fd, r;

	r = place_open_file(&fd, place, p->tail.segment.name, O_RDWR | O_APPEND, err);
	if (r < 0)
		return r;
	r = fs_write_all(fd, p->page.data, p->page.len, err);
	if (r == 0)
		r = file_size(fd, p->tail.segment.name, &size, err);
	if (r == 0 && size != p->tail.good + p->page.len)
		r = error_set(err, ERR_IO, "part of the write is missing");
	if (r == 0 && fdatasync(fd) < 0)
		r = error_errno(err, "cannot sync");
	if (r == 0 && !p->covered && fsync(place->fd) < 0)
		r = error_errno(err, "cannot sync the directory");
	if (r < 0) {
		error_wrap(err, "cannot append to '%s/%s'", place->path, p->tail.segment.name);
		if (ftruncate(fd, (off_t)p->tail.good) == 0)
			(void)fdatasync(fd);
	} else {
		p->tail.good += p->page.len;
		p->covered = true;
	}
	close(fd);
	return r;
}

/* Somebody else may have imported or repaired since we looked. */
static int check_unchanged(struct peer_import *p, struct error *err)
{
	struct tail before = p->tail;
	struct segments list = { .v = NULL };
	struct stat st;
	bool same;
	int r;

	if (strcmp(p->origin, p->j->origin) == 0)
		return error_refuse(
			err, "own-origin", "origin '%.8s' is this machine's", p->origin);
	r = segments_list(&list, place_of(p), p->origin, err);
	if (r < 0)
		return r;
	same = list.n ? strcmp(list.v[list.n - 1].name, before.segment.name) == 0
		      : !before.segment.name[0];
	segments_release(&list);
	if (same && before.segment.name[0])
		same = fstatat(place_of(p)->fd, before.segment.name, &st, AT_SYMLINK_NOFOLLOW) ==
				0 &&
			(uint64_t)st.st_size == before.good;
	if (same)
		return 0;
	r = find_end(p, err);
	if (r == 0 && (p->tail.seq != before.seq || strcmp(p->tail.hash, before.hash) != 0))
		r = error_set(err, ERR_BUSY,
			"the local copy of origin '%.8s' has changed meanwhile", p->origin);
	return r;
}

/* So that nobody has to read the whole segment to find its end. */
static void remember_end(const struct peer_import *p)
{
	struct hint hint = { .known = true,
		.start = p->tail.good - p->page.len + p->last_at,
		.size = p->tail.good,
		.seq = p->seq,
		.hlc = p->hlc };

	memcpy(hint.segment, p->tail.segment.name, sizeof(hint.segment));
	memcpy(hint.prev, p->prev, sizeof(hint.prev));
	memcpy(hint.hash, p->hash, sizeof(hint.hash));
	hint_write_peer(&hint, place_of(p), p->origin, p->j->boot);
}

int peer_import_flush(struct peer_import *p, struct error *err)
{
	int lock, r;

	if (!p->page.len)
		return 0;
	r = journal_lock(p->j, p->timeout_ms, &lock, err);
	if (r < 0)
		return r;
	r = origin_settle(p->j, err);
	if (r == 0)
		r = check_unchanged(p, err);
	if (r == 0 && p->clock)
		r = clock_raise(p->j, p->clock, err);
	if (r == 0 && p->odd.len)
		r = peers_add_odd(p->j, &p->odd, err);
	if (r == 0 && p->redactions.n)
		r = peers_add_blanks(p->j, &p->redactions, err);
	if (r == 0 && (!p->tail.segment.name[0] || p->tail.good + p->page.len > p->j->segment_max))
		r = create(p, err);
	else if (r == 0)
		r = extend(p, err);
	close(lock);
	if (r < 0)
		return r;
	remember_end(p);
	p->tail.size = p->tail.good;
	p->tail.seq = p->seq;
	p->tail.hlc = p->hlc;
	memcpy(p->tail.hash, p->hash, sizeof(p->tail.hash));
	restart(p);
	return 0;
}
