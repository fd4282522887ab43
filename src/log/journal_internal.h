/*
 * journal_internal.h - shared by the files that implement journal.h; journal.c says what is on
 * disk.
 */
#ifndef LOG_JOURNAL_INTERNAL_H
#define LOG_JOURNAL_INTERNAL_H

#include <sys/stat.h>
#include <sys/types.h>

#include "core/buf.h"
#include "log/journal.h"

#define SEGMENT_NAME_SIZE sizeof("0123456789abcdef0123456789abcdef.00000000000000000001.log")
#define SEGMENT_MAX (8u << 20)
#define HINT_SIZE 512
#define BOOT_ID_SIZE 64

struct segment {
	char name[SEGMENT_NAME_SIZE];
	char origin[ID_HEX_SIZE];
	uint64_t first;
};

/* Sorted by name: by origin, then by first seq. */
struct segments {
	struct segment *v;
	size_t n;
};

/* A directory that holds segments: the journal itself, or its peers/. */
struct place {
	int fd;
	char *path;
	bool peers;
};

/* What `head` and `suspect` hold: a good record, and where it stands. */
struct hint {
	bool known;
	char segment[SEGMENT_NAME_SIZE];
	uint64_t start; /* where that record begins */
	uint64_t size; /* where it ends */
	uint64_t seq;
	uint64_t hlc;
	char prev[HASH_HEX_SIZE];
	char hash[HASH_HEX_SIZE];
};

/* What tells one directory from its copy. */
struct fence {
	bool known;
	uint64_t inode;
	bool has_birth;
	int64_t birth;
	uint32_t birth_ns;
};

/* The origin that this one goes on from. */
struct parent {
	char origin[ID_HEX_SIZE]; /* "": none */
	uint64_t seq; /* highest that it is known to have reached here */
	uint64_t hlc;
};

/* An origin whose last records were told again by another one (reorigin.c). */
struct moved {
	char origin[ID_HEX_SIZE]; /* "": none */
	uint64_t from, to; /* they were those above `from`, up to `to` */
	bool pending; /* its segments are not yet where they belong */
};

/* What stays open between appends (append_cache.h). */
struct kept {
	bool here;
	pid_t pid; /* who locked it */
	int lock_fd, head_fd, segment_fd;
	struct segment segment; /* the newest */
	struct timespec mtime, ctime; /* of the directory when everything was looked at */
	uint64_t clock; /* as clock_read() has it */
	struct hint last; /* the record that this process appended last */
	unsigned appends; /* that looked at everything */
	bool asked, local; /* the kind of file system */
};

struct journal {
	struct place own;
	char origin[ID_HEX_SIZE];
	struct fence fence; /* as the file says */
	struct parent parent;
	struct moved moved;
	char machine[ID_HEX_SIZE]; /* "": the file does not say */
	struct stat origin_stat; /* of the file, when it was read */
	char boot[BOOT_ID_SIZE];
	uint64_t segment_max;
	struct kept kept;
};

/* journal.c: where the segments in the journal itself end, of every origin that it has been. */
int journal_heads_here(struct heads *heads, const struct journal *j, struct error *err);

/* origin.c: who writes here, and into which directory. */

/* ERR_REFUSED if there is a journal already. */
int origin_create(const char *dir, struct error *err);
/* Sets origin, fence, parent and machine of a journal whose directory is open. */
int origin_read(struct journal *j, struct error *err);
/* Under the lock, before an append: what the file says now, and a new origin in a copy. */
int origin_settle(struct journal *j, struct error *err);
/* Replace the file by one that says the same but for these; *j is read anew. */
int origin_write(struct journal *j, const char *origin, const struct parent *parent,
	const struct moved *moved, struct error *err);
/* Digest of this machine's id; "" where it has none. */
void origin_machine(char out[ID_HEX_SIZE]);

/* segment.c: names, opening, and reading that no short read can deceive. */

void segment_name(struct segment *out, const char *origin, uint64_t first);
bool segment_parse(struct segment *out, const char *name);
/* Of one origin, or of all (NULL). */
int segments_list(
	struct segments *out, const struct place *p, const char *origin, struct error *err);
void segments_release(struct segments *s);
/*
 * From hold to release, peers/ is listed once, for an exchange that asks about each of its origins.
 * Nobody else adds segments there while one is under way; segments_added() says what we add, and
 * segments_forget() that the list is not to be gone by any more.
 */
void segments_hold(void);
void segments_added(const struct place *p, const struct segment *s);
void segments_forget(void);
void segments_unhold(void);

/* Takes the text out of `path`. */
int place_open(struct place *out, struct buf *path, struct error *err);
/* The journal's peers/; *there_out is false when it has none. place_release() accepts zeroes. */
int place_open_peers(
	struct place *out, const struct journal *j, bool *there_out, struct error *err);
void place_release(struct place *p);
/* Opens a regular file of ours that nobody else may write. ERR_NOTFOUND, ERR_REFUSED. */
int place_open_file(
	int *fd_out, const struct place *p, const char *name, int flags, struct error *err);
/* The same, and how long it is. */
int place_open_sized(int *fd_out, uint64_t *size_out, const struct place *p, const char *name,
	int flags, struct error *err);
/* A new file with that content, synced; one of that name gives way. The directory is not synced. */
int place_write_new(
	const struct place *p, const char *name, const struct buf *content, struct error *err);
int file_size(int fd, const char *name, uint64_t *out, struct error *err);
/* Reads until n bytes are there or the file ends. */
int read_at(int fd, const char *name, void *buf, size_t n, uint64_t offset, size_t *got_out,
	struct error *err);

enum line_kind {
	LINE_END, /* nothing left */
	LINE_WHOLE,
	LINE_PARTIAL, /* the file ends before the line does */
	LINE_LONG, /* ends, but is longer than any record; not held */
};

/* Walks the lines of a file with a bounded buffer. */
struct scan {
	int fd; /* borrowed */
	const char *name; /* borrowed, for messages */
	char *buf;
	size_t begin, end; /* unread part of buf */
	uint64_t offset; /* of the next line */
};

struct line {
	enum line_kind kind;
	const char *text; /* valid until the next call */
	size_t len; /* newline included */
	uint64_t offset;
	uint64_t next; /* offset behind it */
};

int scan_init(struct scan *s, struct error *err);
void scan_release(struct scan *s);
/* Continue at an offset, forgetting what was buffered. */
void scan_seek(struct scan *s, int fd, const char *name, uint64_t offset);
int scan_next(struct scan *s, struct line *out, struct error *err);

/* hint.c */

/* Not there, or not intact: known is false. */
int hint_read(struct hint *out, const struct place *p, struct error *err);
/*
 * Under the lock, for a writer: *fd_out is the file, open for hint_write(), or -1 where there is
 * none, or none that can be written to.
 */
int hint_read_open(struct hint *out, int *fd_out, const struct place *p, struct error *err);
/* From that file, open already. */
int hint_read_from(struct hint *out, int fd, struct error *err);
/* Best effort: `head` may stay behind, its loss costs one scan. `fd` is the file; -1: opens it. */
void hint_write(const struct hint *h, int fd, const struct place *p, const char *boot);
/* The same of an origin that is not written here: <origin>.head beside its segments. */
int hint_read_peer(struct hint *out, const struct place *p, const char *origin, struct error *err);
void hint_write_peer(
	const struct hint *h, const struct place *p, const char *origin, const char *boot);
int suspect_read(struct hint *out, bool *there_out, const struct place *p, struct error *err);
int suspect_write(const struct hint *h, const struct journal *j, struct error *err);
int suspect_remove(const struct place *p, struct error *err);

/* Highest hlc of other machines' records that this one's clock is to be ahead of; 0: none. */
int clock_read(uint64_t *out, const struct place *p, struct error *err);
/* Under the lock. Not durable: a power cut costs order between machines, never an event. */
int clock_raise(const struct journal *j, uint64_t hlc, struct error *err);

/* tail.c: where the good records of an origin end, and what stands behind them. */

enum tail_state { TAIL_CLEAN, TAIL_TORN, TAIL_DAMAGED, TAIL_CHANGING };

struct tail {
	enum tail_state state;
	struct segment segment; /* the newest; name "" when there is none */
	uint64_t size; /* of its file */
	uint64_t good; /* end of its last good record; 0: it holds none */
	uint64_t seq; /* of the last good record, here or in an older segment; 0: none */
	uint64_t hlc;
	char hash[HASH_HEX_SIZE];
	/* Highest that anything claims: `head`, a name, a record behind the damage. */
	uint64_t claimed_seq, claimed_hlc;
	const char *what; /* what is wrong, a constant text */
	char bad_segment[SEGMENT_NAME_SIZE];
	char bad_digest[HASH_HEX_SIZE];
};

/*
 * `hint` is NULL for a peer's segments; without the lock it must have been read before this call,
 * since what it claims is then on disk already.
 */
int tail_find(struct tail *out, const struct place *p, const char *origin, const struct hint *hint,
	struct error *err);
/* The same, with the origin's segments at hand. ERR_NOTFOUND: one of them has gone meanwhile. */
int tail_find_among(struct tail *out, const struct place *p, const char *origin,
	const struct segments *list, const struct hint *hint, struct error *err);
/*
 * The same for a writer: *fd_out is the newest segment, open for appending, or -1 where there is
 * none, or none that can be written to.
 */
int tail_find_open(struct tail *out, int *fd_out, const struct place *p, const char *origin,
	const struct hint *hint, struct error *err);
/* Why `rec` cannot follow the record with that seq and hash, or NULL. */
const char *tail_check_next(
	const struct record *rec, const char *origin, uint64_t seq, const char *hash);
/* lastHash of a journal.break; false if the record is something else. */
bool tail_break_hash(const struct record *rec, char out[HASH_HEX_SIZE]);
/* Does the record that the hint remembers stand where it says? */
int tail_holds_hint(bool *out, int fd, const char *origin, const struct hint *h, struct error *err);

/* What a stretch of bytes that should be records holds. */
struct region {
	bool holds_record; /* chained or not, beginning anywhere */
	uint64_t seq, hlc; /* highest of those of `origin` */
	char digest[HASH_HEX_SIZE];
};

int region_read(struct region *out, int fd, const char *name, const char *origin, uint64_t from,
	uint64_t to, struct error *err);
/*
 * TAIL_TORN, TAIL_DAMAGED or TAIL_CHANGING (two readings differed) for bytes behind the last good
 * record that no remembered head claims; *out is the second reading.
 */
int region_classify(enum tail_state *state_out, struct region *out, int fd, const char *name,
	const char *origin, uint64_t from, uint64_t to, struct error *err);

/* append.c */

/* As journal_append() takes it, and checked to be the one that everybody sees. */
int journal_lock(const struct journal *j, int timeout_ms, int *fd_out, struct error *err);
/*
 * journal_append() for those who hold the lock. Numbers go on above `floor`, behind a
 * journal.break if there were none so high. With n = 0 a break is written if one is due, else
 * nothing.
 */
int append_locked(const struct journal *j, const struct journal_entry *entries, size_t n,
	uint64_t floor, struct head *last_out, struct error *err);

/* torn_tail.c: all of it under the lock. */

/*
 * Copy what stands from `from` on into torn/, durably, then cut it off. *kept (cleared first) is
 * the copy's path below the journal.
 */
int torn_tail_cut(const struct journal *j, const char *segment, uint64_t from, uint64_t *bytes_out,
	struct buf *kept, struct error *err);
/* The same copy, of any stretch of a file; nothing is cut. */
int torn_tail_keep(const struct journal *j, int fd, const char *segment, uint64_t from, uint64_t to,
	struct buf *kept, struct error *err);
/* An event of the journal's own, now. */
int torn_tail_body(
	struct buf *body, enum event_type type, const struct buf *data, struct error *err);
/* The bodies of journal.repaired and journal.break. */
int torn_tail_repaired_body(struct buf *body, const char *segment, uint64_t offset, uint64_t bytes,
	const char *kept, struct error *err);
int torn_tail_break_body(struct buf *body, const struct tail *t, struct error *err);
/* The body of a new origin's first record. */
#define FORKED_COPY "the directory is a copy or a restored backup"
int torn_tail_forked_body(
	struct buf *body, const struct parent *p, const char *reason, struct error *err);

/* Bytes of one file behind those of another. */
int torn_tail_copy(
	int to, int from, const char *name, uint64_t begin, uint64_t end, struct error *err);

/* reorigin.c */

#define REORIGIN_DIR "moving"

/* Under the lock: put the segments where j->moved says. Costs nothing when they are there. */
int reorigin_finish(struct journal *j, struct error *err);
/* For who opens a journal: the same if it has to be, and can be. */
void reorigin_resume(struct journal *j);

#endif
