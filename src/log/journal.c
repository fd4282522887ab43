/*
 * What is on disk, and what may be believed about it.
 *
 * Files. Everything is below one directory, which has to belong to the user, writable by nobody
 * else; the same goes for the files, and links are refused.
 *
 *	origin        "minsky-origin 1\n", then lines "<key> <value>\n"; "origin <32 hex>" is who
 *	              writes here. Unknown keys are skipped. Written last when a journal is made:
 *	              it is what makes the directory a journal. The other lines: see Fence.
 *	<origin>.<first seq>.log
 *	              A segment. The seq has 20 digits, so that names sort as the records do. Its
 *	              lines are described in record.h; the first one follows the last one of the
 *	              segment before. At 8 MiB (MINSKY_SEGMENT_SIZE bytes) the next append starts a
 *	              new one.
 *	peers/        Other machines' segments, the same bytes under the same names (peers.c).
 *	clock         The highest hlc that came from other machines: own records sort behind it.
 *	blank         Records whose bodies others have redacted, and which are still to be blanked.
 *	push/         How the exchange with a hub stands (hub_state.h).
 *	head          Where the last acknowledged record stands (hint.c). 512 bytes, replaced in
 *	              place by one pwrite, with a digest of itself. Not synced.
 *	lock          One open file description lock for all writing. Never deleted.
 *	suspect       An append failed and could not take its bytes back (same form as head).
 *	torn/         <segment>.<offset>: bytes that were taken out of a segment.
 *	seams         Records that repair has joined (seam.h).
 *	cursors/      How far hooks have read; none of this module's business.
 *	verified      What verify has read (verify_state.c); a cache.
 *	moving/       Segments of a new origin, see Another origin.
 *	new.tmp       A segment that is being made. Overwritten by the next writer.
 *
 * Fence. An origin is one journal directory. `origin` therefore says which: "inode <n>", "born
 * <seconds>.<nanoseconds>" where the file system knows when a file was made, and "machine <32
 * hex>", a digest of the machine's id. Every append compares, under the lock. Another inode or
 * birth means a copy, or a backup that was put back: somebody else may go on with the old numbers,
 * so a new origin is drawn and `origin` replaced, with "parent <origin> <seq> <hlc>". Its first
 * record is journal.forked, and its clock goes on behind the parent's. The parent's segments stay
 * where they are, and no event of this machine is added to them (what its other half wrote may be:
 * peers.c); readers, heads and verify take each origin that has
 * segments here as one of the journal's. A crash in between costs nothing: an origin that has a
 * parent and no segment still owes its journal.forked. Another machine alone (a disk that moved, a
 * container) is no fork; verify mentions it. A journal without a fence gets one.
 *
 * Another origin. A disk that was copied with its inodes passes the fence twice. Who finds, at a
 * push, that somebody else has used its numbers (reorigin.h), goes on as a new origin:
 *	1. moving/ gets the segments of the new origin, and the `head` that fits them: a
 *	   journal.forked, then every record above the last common one, same body, same hlc. A
 *	   journal.break or journal.forked is about the old files and is left out; an event.redacted
 *	   that names one of those records names it by its new number. All of it synced;
 *	2. `origin` is replaced: the new origin, its parent, and "moving <origin> <from> <to>",
 *	   which are the old one and which of its records were told again. This is the moment
 *	   that counts;
 *	3. of the old origin's segments the records up to <from> go to peers/ (the other machine's
 *	   will be added there), the bytes behind them to torn/;
 *	4. the new segments come out of moving/, `head` with them;
 *	5. `origin` is replaced: "moved" instead of "moving".
 * Whoever opens the journal, or writes to it, and finds "moving" does 3 to 5 first.
 *
 * Append. Under the lock: settle a suspect mark; read where the good records end; write all lines
 * with one write; see that the file has grown by exactly that; fdatasync; update head; unlock.
 * An append is acknowledged only if its own write and its own sync, in that order, under this one
 * hold of the lock, succeeded. A sync that failed is never repeated and believed: the file is
 * truncated to where it ended before and that is synced. If this fails too, `suspect` is left
 * behind: the next writer cuts those bytes off, and starts a new segment, since nobody knows which
 * pages of the old one the disk still holds. A process that is killed between write and
 * acknowledgement leaves either whole records, which stay, or a torn one.
 *
 * A process that appends again keeps lock, head and segment open, and looks at less
 *(append_cache.h).
 *
 * New segments are written under a temporary name with their first records in them, synced,
 * renamed, and the directory is synced. The directory is synced again by whoever appends to a
 * segment that head does not name yet, because its creator may have died before that last step.
 * The one before is made read-only (0400). It is not compressed: a segment of commits, 8 MiB for
 * 11,000 events, has a fifth of that size with zstd, which is 6 MiB in a year of hard work, against
 * the loss of seeking in it, of jq, cut and sha256sum, and of copies that are the same bytes.
 *
 * The end. If the record that head names is where head says, with the hash that follows from its
 * content, the search for the end starts behind it: the price does not grow with history.
 * Otherwise it starts at the beginning of the newest segment. head is behind after a power cut
 * (it is not synced), so records behind it are as good as their hashes say.
 *
 * Torn or corrupt. Bytes behind the last good record are a torn append only if all of this holds:
 *	1. they reach to the end of the newest segment, and do not begin it;
 *	2. no valid record, chained or not, begins anywhere inside;
 *	3. they are no longer than one append can be;
 *	4. read twice, in full, they are the same;
 *	5. head does not claim a record there.
 * Then readers end before them, and the next writer copies them to torn/, syncs the copy and its
 * directory, truncates, syncs, and says so with a journal.repaired record in front of its own. A
 * torn line is never completed: with a newline glued on it would count. Everything else is
 * corruption: reading stops there with ERR_CORRUPT. head can so raise an alarm, but never permits
 * cutting anything.
 *
 * Break. Corruption at the end does not keep new events out. They go to a new segment whose first
 * record is journal.break: it names the damaged segment, the offset, the last good seq and hash
 * and the digest of the bad bytes; its own seq is one above the highest that anything claims
 * (head, the segment's name, a record behind the damage), its previous hash is that last good
 * one. Readers do not pass from the damage to the break; they may start behind it.
 *
 * Damage further up is not looked for when appending. Readers that come by and verify find it.
 *
 * Segments are replaced in two cases only, under the lock, by a new file that takes the name:
 * repair.c, which leaves the order of what it does in its first comment, and redact.c. Readers that
 * have the old file open find that out at its end, and go on in the new one behind the record that
 * they read last. Where repair joins records that the chain does not, `seams` says so (seam.h).
 *
 * What the chain cannot see: its own end. A journal cut at a line, or rewritten as a whole, is
 * valid; only a head that was remembered elsewhere (here: in `head`, in a backend) tells.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/fs.h"
#include "log/append_cache.h"
#include "log/peer_heads.h"

#define READ_TRIES 1000 /* a reader without the lock, against writers that never pause */

static int make_dirs(const char *dir, struct error *err)
{
	static const char *const below[] = { "peers", "torn", "cursors" };
	struct buf path = BUF_INIT;
	int r;

	r = fs_mkdirs(dir, 0700, err);
	if (r == 0)
		r = fs_check_private_dir(dir, err);
	for (size_t i = 0; r == 0 && i < sizeof(below) / sizeof(*below); i++) {
		fs_join(&path, dir, below[i]);
		r = buf_check(&path, err);
		if (r == 0)
			r = fs_mkdirs(path.data, 0700, err);
	}
	buf_release(&path);
	return r;
}

int journal_create(const char *dir, struct error *err)
{
	struct buf lock = BUF_INIT;
	int fd = -1, r;

	fs_join(&lock, dir, "lock");
	r = lock.failed ? error_nomem(err) : make_dirs(dir, err);
	if (r == 0)
		r = fs_lock(lock.data, -1, &fd, err);
	if (r == 0)
		r = origin_create(dir, err);
	if (fd >= 0)
		close(fd);
	buf_release(&lock);
	return r;
}

static uint64_t segment_limit(void)
{
	const char *text = getenv("MINSKY_SEGMENT_SIZE");
	char *end;
	unsigned long long n;

	if (!text || *text < '1' || *text > '9')
		return SEGMENT_MAX;
	n = strtoull(text, &end, 10);
	return *end ? SEGMENT_MAX : n;
}

int journal_open(struct journal **out, const char *dir, struct error *err)
{
	struct journal *j;
	int fd, r;

	r = fs_open_private_dir(dir, &fd, err);
	if (r == ERR_NOTFOUND)
		return error_set(err, ERR_NOTFOUND, "there is no journal in '%s'", dir);
	if (r < 0)
		return r;
	j = calloc(1, sizeof(*j));
	if (!j) {
		close(fd);
		return error_nomem(err);
	}
	j->own.fd = fd;
	j->own.path = strdup(dir);
	if (!j->own.path) {
		close(j->own.fd);
		r = error_nomem(err);
		goto out;
	}
	r = origin_read(j, err);
	if (r < 0)
		goto out;
	(void)snprintf(j->boot, sizeof(j->boot), "%s", id_boot());
	j->segment_max = segment_limit();
	reorigin_resume(j);
	*out = j;
	j = NULL;
out:
	journal_close(j);
	return r;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	append_cache_release(j);
	place_release(&j->own);
	free(j);
}

const char *journal_dir(const struct journal *j)
{
	return j->own.path;
}

const char *journal_origin(const struct journal *j)
{
	return j->origin;
}

static bool name_of(struct head *out, const char *origin, uint64_t seq)
{
	if (!origin[0])
		return false;
	*out = (struct head){ .seq = seq };
	memcpy(out->origin, origin, sizeof(out->origin));
	return true;
}

bool journal_parent(const struct journal *j, struct head *out)
{
	return name_of(out, j->parent.origin, j->parent.seq);
}

bool journal_moved(const struct journal *j, struct head *out)
{
	return name_of(out, j->moved.origin, j->moved.from);
}

/*
 * tail_find() for those who do not hold the lock. `with_head`: this origin is what head is about;
 * of another one, a hint of where its copy ends may be there.
 */
static int find_unlocked(struct tail *t, const struct journal *j, const struct place *p,
	const char *origin, bool with_head, struct error *err)
{
	struct hint hint = { .known = false };

	for (int i = 0; i < READ_TRIES; i++) {
		int r = with_head ? hint_read(&hint, &j->own, err)
				  : hint_read_peer(&hint, p, origin, err);

		if (r == 0)
			r = tail_find(t, p, origin, &hint, err);
		if (r < 0 || t->state != TAIL_CHANGING)
			return r;
	}
	return error_set(err, ERR_BUSY, "'%s' changes faster than it can be read", p->path);
}

int journal_head(struct journal *j, struct head *out, struct error *err)
{
	struct tail t;
	int r;

	r = find_unlocked(&t, j, &j->own, j->origin, true, err);
	if (r < 0)
		return r;
	if (t.state == TAIL_DAMAGED) {
		error_set(err, ERR_CORRUPT, "journal '%s/%s', byte %llu: %s", j->own.path,
			t.bad_segment,
			(unsigned long long)(strcmp(t.bad_segment, t.segment.name) ? 0 : t.good),
			t.what);
		return error_hint(err, "for details: minsky journal verify");
	}
	memcpy(out->origin, j->origin, sizeof(out->origin));
	out->seq = t.seq;
	memcpy(out->hash, t.hash, sizeof(out->hash));
	return 0;
}

int journal_heads_here(struct heads *heads, const struct journal *j, struct error *err)
{
	const struct place *p = &j->own;
	struct segments list = { .v = NULL };
	int r;

	r = segments_list(&list, p, NULL, err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const char *origin = list.v[i].origin;
		struct tail t;

		if (i && strcmp(list.v[i - 1].origin, origin) == 0)
			continue;
		r = find_unlocked(&t, j, p, origin, strcmp(origin, j->origin) == 0, err);
		if (r == 0 && t.seq && !heads_find(heads, origin))
			r = heads_set(heads, origin, t.seq, t.hash, err);
	}
	segments_release(&list);
	return r;
}

int journal_heads(struct journal *j, struct heads *out, struct error *err)
{
	struct heads heads = HEADS_INIT;
	struct place peers = { .path = NULL };
	bool there = false;
	int r;

	r = journal_heads_here(&heads, j, err);
	if (r == 0)
		r = place_open_peers(&peers, j, &there, err);
	if (r == 0 && there)
		r = peer_heads_read(&heads, j, &peers, err);
	place_release(&peers);
	if (r < 0)
		heads_release(&heads);
	else
		*out = heads;
	return r;
}
