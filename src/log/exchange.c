#include <stdarg.h>
#include <stdio.h>

#include "core/clock.h"
#include "log/exchange_internal.h"
#include "log/journal_internal.h"
#include "log/origins.h"
#include "log/peers.h"

static const char *const trouble_names[] = {
#define X(id, name) [EXCHANGE_##id] = (name),
	EXCHANGE_TROUBLES(X)
#undef X
};

const char *exchange_trouble_name(enum exchange_trouble t)
{
	return trouble_names[t];
}

void exchange_release(struct exchange_result *r)
{
	heads_release(&r->hub);
}

bool exchange_late(const struct run *run)
{
	return run->x->until && clock_monotonic_ms() >= run->x->until;
}

void exchange_tell(const struct run *run)
{
	if (run->x->tell)
		run->x->tell(run->x->arg, &run->r.done);
}

void exchange_trouble(struct run *run, enum exchange_trouble t, const char *fmt, ...)
{
	va_list ap;

	if (t <= run->r.trouble)
		return;
	run->r.trouble = t;
	va_start(ap, fmt);
	(void)vsnprintf(run->r.what, sizeof(run->r.what), fmt, ap);
	va_end(ap);
}

int exchange_local_hash(struct journal *j, const char *origin, uint64_t seq,
	char out[HASH_HEX_SIZE], struct error *err)
{
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	int r;

	if (!seq) {
		memcpy(out, HASH_ZERO, HASH_HEX_SIZE);
		return 0;
	}
	r = journal_reader_open(&reader, j, origin, seq - 1, NULL, err);
	if (r == 0)
		r = journal_reader_next(reader, &rec, err);
	if (r == 0 && (!rec || rec->seq != seq))
		r = error_set(err, ERR_NOTFOUND, "there is no record %llu of origin '%.8s'",
			(unsigned long long)seq, origin);
	if (r == 0)
		memcpy(out, rec->hash, HASH_HEX_SIZE);
	journal_reader_close(reader);
	return r;
}

/* Origins with segments in the journal itself: the current one, and those that it once was. */
static int own_origins(struct heads *out, struct journal *j, struct error *err)
{
	struct segments list = { .v = NULL };
	int r = segments_list(&list, &j->own, NULL, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < list.n; i++)
		r = heads_set(out, list.v[i].origin, 0, HASH_ZERO, err);
	segments_release(&list);
	return r;
}

int exchange_unpushed(struct journal *j, const struct heads *hub, uint64_t *out, struct error *err)
{
	struct heads own = HEADS_INIT, local = HEADS_INIT;
	uint64_t n = 0;
	int r = own_origins(&own, j, err);

	if (r == 0)
		r = journal_heads_here(&local, j, err);
	for (size_t i = 0; r == 0 && i < own.n; i++) {
		const struct head *here = heads_find(&local, own.v[i].origin);
		const struct head *there = heads_find(hub, own.v[i].origin);
		uint64_t seq = there ? there->seq : 0;

		if (here && here->seq > seq)
			n += here->seq - seq;
	}
	if (r == 0)
		*out = n;
	heads_release(&own);
	heads_release(&local);
	return r;
}

static int look(struct run *run, struct error *err)
{
	int r;

	heads_release(&run->local);
	r = journal_heads(run->j, &run->local, err);
	return r;
}

/* Own records first: a hub that others wait for is best asked last what it has. */
static int push_own(struct run *run, struct error *err)
{
	struct heads own = HEADS_INIT;
	int r = own_origins(&own, run->j, err);

	for (size_t i = 0; r == 0 && i < own.n; i++)
		r = exchange_push(run, own.v[i].origin, err);
	/* Healed: there is another origin now. */
	if (r == 0 && !heads_find(&own, journal_origin(run->j)))
		r = exchange_push(run, journal_origin(run->j), err);
	heads_release(&own);
	return r;
}

/* The hub has less of an origin than we pulled once: it lost data, and we hold a verified copy. */
static int refill(struct run *run, struct error *err)
{
	int r = 0;

	run->refilling = true;
	for (size_t i = 0; r == 0 && i < run->local.n; i++) {
		const struct head *here = &run->local.v[i];
		const struct head *there = heads_find(&run->r.hub, here->origin);

		if (strcmp(here->origin, journal_origin(run->j)) != 0 &&
			here->seq > (there ? there->seq : 0))
			r = exchange_push(run, here->origin, err);
	}
	return r;
}

static int add_owner(void *arg, const struct hub_owner *o, struct error *err)
{
	return origins_add(arg, o->origin, o->who, o->keeper, o->retired, err);
}

/* What the hub says of whose the origins are. */
static int keep_owners(const struct run *run, struct error *err)
{
	struct hub *hub = run->x->hub;
	struct origins origins = ORIGINS_INIT;
	int r = hub->ops->owners ? hub->ops->owners(hub, run->x->key, add_owner, &origins, err) : 0;

	if (r == 0 && hub->ops->owners)
		r = origins_save(&origins, run->j->own.path, err);
	origins_release(&origins);
	return r;
}

static void count_work(struct run *run)
{
	for (size_t i = 0; i < run->r.hub.n; i++) {
		const struct head *there = &run->r.hub.v[i];
		const struct head *here = heads_find(&run->local, there->origin);

		if (there->seq > (here ? here->seq : 0))
			run->r.done.to_pull += there->seq - (here ? here->seq : 0);
	}
}

int exchange_run(
	struct journal *j, const struct exchange *x, struct exchange_result *out, struct error *err)
{
	struct run run = { .j = j, .x = x, .r = { .complete = true } };
	int r = look(&run, err);

	if (r == 0)
		r = x->hub->ops->heads(x->hub, x->key, &run.r.hub, err);
	if (r == 0)
		r = keep_owners(&run, err);
	if (r == 0)
		r = exchange_unpushed(j, &run.r.hub, &run.r.done.to_push, err);
	if (r == 0)
		count_work(&run);
	if (r == 0)
		r = push_own(&run, err);
	if (r == 0)
		r = exchange_pull(&run, err);
	if (r == 0 && run.r.done.pulled)
		r = look(&run, err);
	if (r == 0)
		r = refill(&run, err);
	if (r == 0)
		r = peers_blank(j, &run.r.blanked, err);
	if (r == 0)
		r = exchange_unpushed(j, &run.r.hub, &run.r.unpushed, err);
	heads_release(&run.local);
	if (r < 0)
		exchange_release(&run.r);
	else
		*out = run.r;
	return r;
}
