#include "core/clock.h"
#include "core/event.h"
#include "core/invariant.h"
#include "log/exchange_internal.h"
#include "log/journal_internal.h"
#include "log/peers.h"
#include "log/reorigin.h"
#include "log/verify_redact.h"

#define LOCK_MS 10000
#define TURNS 8 /* corrections of one origin's base in a row before we give up until later */
#define VERSION_MAX 32767

/* Records on their way; their texts stand one behind the other in `texts`. */
struct parcel {
	struct hub_record v[HUB_BATCH_RECORDS];
	size_t body_at[HUB_BATCH_RECORDS], type_at[HUB_BATCH_RECORDS];
	size_t n;
	struct buf texts;
	struct head end; /* behind the last */
	bool hole; /* the record behind it does not follow: our journal was broken there */
	struct redactions redactions;
};

static void parcel_clear(struct parcel *p)
{
	p->n = 0;
	p->hole = false;
	buf_clear(&p->texts);
	redactions_release(&p->redactions);
}

/* What the hub files a record under. What cannot be understood is carried all the same. */
static int describe(
	struct hub_record *out, struct buf *type, const struct record *rec, struct error *err)
{
	struct event_key key = { .hlc = rec->hlc, .seq = rec->seq };
	struct event e;
	int r;

	memcpy(key.origin, rec->origin, sizeof(key.origin));
	r = event_decode(&e, rec->body, rec->body_len, &key, err);
	if (r == ERR_CORRUPT) {
		error_clear(err);
		buf_adds(type, "unknown");
		return 0;
	}
	if (r < 0)
		return r;
	buf_adds(type, e.type_name);
	out->version = e.v > VERSION_MAX ? VERSION_MAX : (int)e.v;
	if (e.session)
		memcpy(out->session, e.session, sizeof(out->session));
	event_release(&e);
	return 0;
}

static int parcel_add(struct parcel *p, const struct record *rec, struct error *err)
{
	struct hub_record *out = &p->v[p->n];
	int r = 0;

	*out = (struct hub_record){ .seq = rec->seq, .hlc = rec->hlc, .body_len = rec->body_len };
	memcpy(out->bodyhash, rec->bodyhash, sizeof(out->bodyhash));
	memcpy(out->hash, rec->hash, sizeof(out->hash));
	p->body_at[p->n] = p->type_at[p->n] = SIZE_MAX;
	if (rec->body) {
		p->body_at[p->n] = p->texts.len;
		buf_add(&p->texts, rec->body, rec->body_len);
		buf_addch(&p->texts, '\0');
		p->type_at[p->n] = p->texts.len;
		r = describe(out, &p->texts, rec, err);
		buf_addch(&p->texts, '\0');
	}
	if (r == 0)
		r = redactions_add_record(&p->redactions, rec, err);
	if (r == 0)
		r = buf_check(&p->texts, err);
	if (r < 0)
		return r;
	p->n++;
	p->end.seq = rec->seq;
	memcpy(p->end.hash, rec->hash, sizeof(p->end.hash));
	return 0;
}

/* The records behind `base`, as many as one push may carry. */
static int parcel_fill(
	struct parcel *p, struct journal *j, const struct head *base, struct error *err)
{
	struct journal_reader *reader = NULL;
	const struct record *rec;
	int r = journal_reader_open(
		&reader, j, base->origin, base->seq, base->seq ? base->hash : NULL, err);

	parcel_clear(p);
	p->end = *base;
	while (r == 0 && p->n < HUB_BATCH_RECORDS && p->texts.len < HUB_BATCH_BYTES) {
		r = journal_reader_next(reader, &rec, err);
		if (r < 0 || !rec)
			break;
		p->hole = tail_check_next(rec, base->origin, p->end.seq, p->end.hash) != NULL;
		if (p->hole || (p->n && p->texts.len + rec->body_len > HUB_BATCH_BYTES))
			break;
		r = parcel_add(p, rec, err);
	}
	journal_reader_close(reader);
	for (size_t i = 0; i < p->n; i++) {
		if (p->body_at[i] == SIZE_MAX)
			continue;
		p->v[i].body = p->texts.data + p->body_at[i];
		p->v[i].type = p->texts.data + p->type_at[i];
	}
	/* What precedes damage can go. */
	if (r == ERR_CORRUPT && p->n) {
		error_clear(err);
		r = 0;
	}
	return r;
}

static bool is_current(const struct run *run, const char *origin)
{
	return strcmp(origin, journal_origin(run->j)) == 0;
}

static int set_hub_head(struct run *run, const struct head *h, struct error *err)
{
	return heads_set(&run->r.hub, h->origin, h->seq, h->hash, err);
}

/* The last record that both have; hashes agree up to the fork, and nowhere behind it. */
static int find_common(
	struct run *run, const struct head *theirs, struct head *out, struct error *err)
{
	struct hub *hub = run->x->hub;
	struct head local;
	uint64_t low = 0, high, middle;
	int r = journal_head(run->j, &local, err);

	if (r < 0)
		return r;
	*out = (struct head){ .hash = HASH_ZERO };
	memcpy(out->origin, local.origin, sizeof(out->origin));
	/* The end first: most often nothing differs yet. */
	middle = high = theirs->seq < local.seq ? theirs->seq : local.seq;
	for (; low < high; middle = low + (high - low + 1) / 2) {
		char ours[HASH_HEX_SIZE], hash[HASH_HEX_SIZE];

		r = exchange_local_hash(run->j, local.origin, middle, ours, err);
		if (r == 0)
			r = hub->ops->hash_at(hub, run->x->key, local.origin, middle, hash, err);
		if (r < 0)
			return r;
		if (strcmp(ours, hash) == 0) {
			low = middle;
			memcpy(out->hash, ours, sizeof(out->hash));
		} else {
			high = middle - 1;
		}
	}
	INVARIANT(low == high);
	out->seq = low;
	return 0;
}

int exchange_heal(struct run *run, const struct head *theirs, bool new_clock, struct error *err)
{
	struct reorigin_result healed = { .told = 0 };
	struct head common;
	int r = find_common(run, theirs, &common, err);

	if (r == 0)
		r = journal_reorigin(run->j, &common, new_clock, LOCK_MS, &healed, err);
	if (r == ERR_CORRUPT) {
		exchange_trouble(run, EXCHANGE_DAMAGED, "%.250s", err->msg);
		error_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	run->r.forked += healed.told;
	heads_release(&run->local);
	return journal_heads(run->j, &run->local, err);
}

/* Not enrolled yet. *refused_out: it belongs to somebody else. */
static int enroll(struct run *run, const char *origin, bool *refused_out, struct error *err)
{
	struct hub *hub = run->x->hub;
	struct head parent;
	bool has = is_current(run, origin) && journal_parent(run->j, &parent);
	int r = 0;

	*refused_out = false;
	if (has)
		r = exchange_local_hash(run->j, parent.origin, parent.seq, parent.hash, err);
	if (r == ERR_NOTFOUND || r == ERR_CORRUPT) {
		error_clear(err);
		has = false;
		r = 0;
	}
	if (r == 0)
		r = hub->ops->enroll(
			hub, run->x->key, origin, run->x->host, has ? &parent : NULL, err);
	if (r == ERR_REFUSED) {
		error_clear(err);
		*refused_out = true;
		r = 0;
	}
	return r;
}

/*
 * Own redactions: the hub's copy is to go as well. What others' records ask for when a hub is given
 * back what it lost is not done in their name with our rights.
 */
static int redact(struct run *run, const struct redactions *list, struct error *err)
{
	struct hub *hub = run->x->hub;
	int r = 0;

	if (run->refilling)
		return 0;
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		r = hub->ops->redact(hub, run->x->key, list->v[i].origin, list->v[i].seq, err);
		if (r == ERR_REFUSED)
			exchange_trouble(run, EXCHANGE_REDACT,
				"record %.8s:%llu is redacted here, but not on the hub: a keeper "
				"has to redact it",
				list->v[i].origin, (unsigned long long)list->v[i].seq);
		if (r == ERR_REFUSED || r == ERR_NOTFOUND) {
			error_clear(err);
			r = 0;
		}
	}
	return r;
}

enum next { NEXT_GO_ON, NEXT_STOP };

/*
 * Where to go on, given where the hub says that it stands: behind a lost answer or data that it
 * lost if its head is on our chain, or nowhere if that was written by somebody else.
 */
static int reposition(struct run *run, struct head *base, const struct head *theirs,
	enum next *next, struct error *err)
{
	char hash[HASH_HEX_SIZE];
	int r = exchange_local_hash(run->j, theirs->origin, theirs->seq, hash, err);

	if (r == 0 && strcmp(hash, theirs->hash) == 0) {
		*base = *theirs;
		*next = NEXT_GO_ON;
		return 0;
	}
	if (r < 0 && r != ERR_NOTFOUND && r != ERR_CORRUPT)
		return r;
	error_clear(err);
	*next = NEXT_STOP;
	if (is_current(run, theirs->origin))
		return exchange_heal(run, theirs, false, err);
	/* A copy of us went on with the records of an origin that we once were: to be pulled. */
	if (r == 0)
		exchange_trouble(run, EXCHANGE_DIFFERS,
			"record %llu of origin %.8s differs from that of the hub",
			(unsigned long long)theirs->seq, theirs->origin);
	return 0;
}

/*
 * The hub does not take what lies ahead of its clock. If our clock is right by now, these events
 * were made while it was not: tell them again with the time of now.
 */
static int clock_ahead(struct run *run, const struct head *base, struct error *err)
{
	struct hub *hub = run->x->hub;
	int64_t skew;
	int r = hub->ops->clock_skew(hub, &skew, err);

	if (r < 0)
		return r;
	if (is_current(run, base->origin) && skew > -PEERS_CLOCK_AHEAD_MS)
		return exchange_heal(run, base, true, err);
	exchange_trouble(run, EXCHANGE_CLOCK,
		"this machine's clock is %lld s ahead of the hub's: correct it",
		(long long)(-skew / 1000));
	return 0;
}

/* What the hub said to one parcel. */
static int answer(struct run *run, enum hub_status status, const struct parcel *p,
	struct head *base, const struct head *theirs, enum next *next, struct error *err)
{
	bool refused;
	int r;

	*next = NEXT_STOP;
	switch (status) {
	case HUB_OK:
		run->r.done.pushed += p->n;
		exchange_tell(run);
		*base = p->end;
		*next = NEXT_GO_ON;
		r = set_hub_head(run, base, err);
		return r < 0 ? r : redact(run, &p->redactions, err);
	case HUB_BEHIND:
	case HUB_GAP:
	case HUB_FORK:
		return reposition(run, base, theirs, next, err);
	case HUB_UNKNOWN_ORIGIN:
		r = enroll(run, base->origin, &refused, err);
		if (r < 0)
			return r;
		if (!refused) {
			*next = NEXT_GO_ON;
			return 0;
		}
		/* A copied home under another account: what is ours is what comes behind. */
		if (is_current(run, base->origin))
			return exchange_heal(run, theirs, false, err);
		if (!run->refilling)
			exchange_trouble(run, EXCHANGE_FOREIGN,
				"origin %.8s belongs to another account of the hub", base->origin);
		return 0;
	case HUB_CLOCK_AHEAD:
		return clock_ahead(run, base, err);
	case HUB_RETIRED:
		if (is_current(run, base->origin))
			return exchange_heal(run, theirs, false, err);
		if (!run->refilling)
			exchange_trouble(
				run, EXCHANGE_FOREIGN, "origin %.8s was retired", base->origin);
		return 0;
	case HUB_BAD_BATCH:
		break;
	}
	exchange_trouble(run, EXCHANGE_BATCH,
		"the hub rejected records %llu to %llu of origin %.8s",
		(unsigned long long)base->seq + 1, (unsigned long long)p->end.seq, base->origin);
	return 0;
}

static int push_loop(struct run *run, struct parcel *p, struct head base, struct error *err)
{
	struct hub *hub = run->x->hub;
	int r = 0;

	for (int turns = 0; r == 0 && turns < TURNS;) {
		enum hub_status status;
		struct head theirs = { .seq = 0 };
		enum next next;

		if (exchange_late(run)) {
			run->r.complete = false;
			break;
		}
		r = parcel_fill(p, run->j, &base, err);
		if (r < 0)
			break;
		/* Behind a break the numbers or the chain do not go on: a new origin's do. */
		if (!p->n && p->hole && is_current(run, base.origin))
			return exchange_heal(run, &base, false, err);
		if (!p->n)
			break;
		r = hub->ops->push(hub, run->x->key, &base, p->v, p->n, &status, &theirs, err);
		if (r < 0)
			break;
		memcpy(theirs.origin, base.origin, sizeof(theirs.origin));
		r = answer(run, status, p, &base, &theirs, &next, err);
		if (next == NEXT_STOP)
			break;
		turns = status == HUB_OK ? 0 : turns + 1;
	}
	if (r == ERR_CORRUPT) {
		exchange_trouble(run, EXCHANGE_DAMAGED, "%.250s", err->msg);
		error_clear(err);
		r = 0;
	}
	return r;
}

int exchange_push(struct run *run, const char *origin, struct error *err)
{
	const struct head *theirs = heads_find(&run->r.hub, origin);
	const struct head *ours = heads_find(&run->local, origin);
	struct head base = { .hash = HASH_ZERO };
	enum next next = NEXT_GO_ON;
	struct parcel *p;
	int r = 0;

	memcpy(base.origin, origin, sizeof(base.origin));
	if (theirs) {
		struct head copy = *theirs;

		if (ours && ours->seq == copy.seq && strcmp(ours->hash, copy.hash) == 0)
			return 0;
		r = reposition(run, &base, &copy, &next, err);
	}
	if (r < 0 || next == NEXT_STOP)
		return r;
	p = calloc(1, sizeof(*p));
	if (!p)
		return error_nomem(err);
	p->texts = (struct buf)BUF_INIT;
	r = push_loop(run, p, base, err);
	buf_release(&p->texts);
	redactions_release(&p->redactions);
	free(p);
	return r;
}
