#include "core/clock.h"
#include "log/exchange_internal.h"
#include "log/journal_internal.h"
#include "log/peers.h"

#define LOCK_MS 10000

struct pulling {
	struct run *run;
	struct peer_import *import;
	bool late;
};

static int take(void *arg, const char *origin, const struct hub_record *in, struct error *err)
{
	struct pulling *p = arg;
	struct record rec;
	int r;

	hub_record_get(&rec, origin, in);
	r = peer_import_add(p->import, &rec, err);
	if (r < 0)
		return r;
	if (!(++p->run->r.done.pulled & 1023))
		exchange_tell(p->run);
	if (!exchange_late(p->run))
		return 0;
	p->late = true;
	return error_set(err, ERR_BUSY, "no time left");
}

/* *head_out is where our copy ends afterwards, also when something went wrong. */
static int pull_origin(
	struct run *run, const struct head *there, struct head *head_out, struct error *err)
{
	struct hub *hub = run->x->hub;
	struct pulling p = { .run = run };
	struct error first = ERROR_INIT;
	int flushed, r;

	r = peer_import_open(&p.import, run->j, there->origin, there->seq, LOCK_MS, err);
	if (r < 0)
		return r;
	peer_import_head(p.import, head_out);
	if (head_out->seq < there->seq)
		r = hub->ops->pull(hub, run->x->key, there->origin, head_out->seq, there->seq, take,
			&p, &first);
	if (p.late) {
		error_clear(&first);
		run->r.complete = false;
		r = 0;
	}
	/* What came before something went wrong is good. */
	flushed = peer_import_flush(p.import, err);
	if (flushed == 0)
		peer_import_head(p.import, head_out);
	if (flushed == 0 && r < 0)
		*err = first;
	else if (flushed == 0 && !p.late && head_out->seq < there->seq)
		r = error_set(err, ERR_CORRUPT, "the hub has no valid record %llu",
			(unsigned long long)(head_out->seq + 1));
	peer_import_close(p.import);
	return flushed < 0 ? flushed : r;
}

static int compare(struct run *run, const struct head *there, struct error *err)
{
	char hash[HASH_HEX_SIZE];
	int r = exchange_local_hash(run->j, there->origin, there->seq, hash, err);

	if (r == 0 && strcmp(hash, there->hash) != 0)
		exchange_trouble(run, EXCHANGE_DIFFERS,
			"record %llu of origin %.8s differs from that of the hub",
			(unsigned long long)there->seq, there->origin);
	return r;
}

static int pull_one(struct run *run, const struct head *there, struct error *err)
{
	const struct head *here = heads_find(&run->local, there->origin);
	struct head now = { .seq = 0 };
	int r;

	if (here && here->seq == there->seq && strcmp(here->hash, there->hash) == 0)
		return 0;
	if (here && here->seq >= there->seq) {
		r = compare(run, there, err);
	} else {
		r = pull_origin(run, there, &now, err);
		if (r == 0 && now.seq == there->seq && strcmp(now.hash, there->hash) != 0)
			r = compare(run, there, err);
	}
	/* One origin that cannot be trusted, here or there, does not keep the others away. */
	if (r == ERR_CORRUPT || r == ERR_NOTFOUND) {
		exchange_trouble(
			run, EXCHANGE_DIFFERS, "origin %.8s: %.200s", there->origin, err->msg);
		error_clear(err);
		run->r.complete = false;
		r = 0;
	}
	return r;
}

int exchange_pull(struct run *run, struct error *err)
{
	int r = 0;

	segments_hold();
	for (size_t i = 0; r == 0 && i < run->r.hub.n; i++) {
		const struct head *there = &run->r.hub.v[i];

		if (strcmp(there->origin, journal_origin(run->j)) == 0)
			continue;
		if (exchange_late(run)) {
			run->r.complete = false;
			break;
		}
		r = pull_one(run, there, err);
	}
	segments_unhold();
	exchange_tell(run);
	return r;
}
