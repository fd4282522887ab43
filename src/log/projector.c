#include "log/projector.h"

#include "core/invariant.h"
#include "log/batch.h"
#include "log/merge.h"

/*
 * Catching up after a few commits is one small batch. A long replay has longer and longer ones,
 * because each writes every session that it touches, and some backends the whole store. Its memory
 * is that of the sessions touched; the other bound is for those who wait for the store's lock.
 */
#define BATCH_FIRST 2000
#define BATCH_GROWTH 8
#define BATCH_MAX 256000
#define BATCH_SESSIONS 16000

struct projection {
	struct journal *journal;
	struct backend *backend;
	const char *repo_id;
	const struct heads *upto; /* NULL: as far as the journal goes */
	struct own_origins own; /* none for a store that others share */
	bool only_own;
	bool more; /* the last batch ended at a bound */
	struct merge *merge; /* stands where the backend stood after our last commit */
	struct projector_result result;
};

static int count_and_apply(
	struct projection *p, struct batch *batch, const struct record *record, struct error *err)
{
	struct event_key key = { .hlc = record->hlc, .seq = record->seq };
	struct event e;
	int r;

	p->result.events++;
	if (!record->body)
		return 0;
	memcpy(key.origin, record->origin, sizeof(key.origin));
	r = event_decode(&e, record->body, record->body_len, &key, err);
	if (r == ERR_CORRUPT) {
		/* Its hash is good, so somebody meant it; one such body must not stop the rest. */
		error_clear(err);
		p->result.odd++;
		return 0;
	}
	if (r < 0)
		return r;
	p->result.unknown += e.type == EVENT_UNKNOWN && !e.odd;
	p->result.odd += e.odd;
	r = batch_apply(batch, &e, err);
	event_release(&e);
	return r;
}

/* Continue where the backend stands, which another process may have moved since we last looked. */
static int align(struct projection *p, struct error *err)
{
	struct heads stored = HEADS_INIT, origins = HEADS_INIT;
	int r = p->backend->ops->heads(p->backend, p->repo_id, &stored, err);

	if (r < 0 || (p->merge && heads_equal(&stored, merge_heads(p->merge))))
		goto out;
	merge_close(p->merge);
	p->merge = NULL;
	r = journal_heads(p->journal, &origins, err);
	if (r < 0)
		goto out;
	if (p->upto && (!heads_cover(&origins, &stored) || !heads_cover(&origins, p->upto)))
		r = error_set(err, ERR_NOTFOUND, "the store is ahead of the journal");
	else
		r = merge_open_behind(&p->merge, p->journal, &origins, p->upto, &stored, err);
out:
	heads_release(&stored);
	heads_release(&origins);
	return r;
}

/* Within an open batch of the backend. *taken_out records were read; none: nothing is left. */
static int run_batch(struct projection *p, size_t max, size_t *taken_out, struct error *err)
{
	struct batch batch = { .backend = p->backend,
		.repo_id = p->repo_id,
		.own = p->own.n ? &p->own : NULL,
		.only_own = p->only_own };
	const struct record *record;
	size_t taken = 0;
	int r = align(p, err);

	p->more = true;
	while (r == 0 && taken < max && batch.n < BATCH_SESSIONS) {
		INVARIANT(p->merge);
		r = merge_next(p->merge, &record, err);
		if (r < 0 || !record) {
			p->more = false;
			break;
		}
		taken++;
		r = count_and_apply(p, &batch, record, err);
	}
	INVARIANT(taken <= max);
	if (r == 0 && taken)
		r = batch_put(&batch, p->journal, merge_heads(p->merge), err);
	if (r == 0) {
		p->result.sessions += batch.n;
		p->result.without_effect += batch.without_effect;
	}
	batch_release(&batch);
	*taken_out = taken;
	return r;
}

static int catch_up(struct projection *p, struct error *err)
{
	const struct backend_ops *ops = p->backend->ops;
	size_t max = BATCH_FIRST, taken;
	int r;

	do {
		r = ops->begin(p->backend, p->repo_id, err);
		if (r < 0)
			return r;
		r = run_batch(p, max, &taken, err);
		if (r < 0 || !taken) {
			ops->rollback(p->backend);
			return r;
		}
		r = ops->commit(p->backend, merge_heads(p->merge), err);
		if (r < 0)
			return r;
		max = BATCH_GROWTH * max < BATCH_MAX ? BATCH_GROWTH * max : BATCH_MAX;
	} while (p->more);
	return 0;
}

/* Damage at the end of the own segments, which equal heads do not show. */
static int check_tail(struct journal *j, struct error *damage, struct error *err)
{
	struct head head;
	int r = journal_head(j, &head, err);

	if (r != ERR_CORRUPT)
		return r;
	*damage = *err;
	error_clear(err);
	return 0;
}

static int is_current(const struct projection *p, bool *out, struct error *err)
{
	struct heads stored = HEADS_INIT, there = HEADS_INIT;
	int r = p->backend->ops->heads(p->backend, p->repo_id, &stored, err);

	if (r == 0 && !p->upto)
		r = journal_heads(p->journal, &there, err);
	if (r == 0)
		*out = p->upto ? heads_cover(&stored, p->upto) : heads_equal(&stored, &there);
	heads_release(&stored);
	heads_release(&there);
	return r;
}

int projector_reset(struct backend *b, const char *repo_id, struct error *err)
{
	static const char empty[] = "{\"heads\":[],\"sessions\":[]}";

	return b->ops->write_state(b, repo_id, empty, sizeof(empty) - 1, err);
}

/* Does the store hold records that the journal tells under another origin now? */
static bool left_behind(const struct projection *p)
{
	struct heads stored = HEADS_INIT;
	struct error ignored = ERROR_INIT;
	const struct head *known;
	struct head moved;
	bool left = false;

	if (journal_moved(p->journal, &moved) &&
		p->backend->ops->heads(p->backend, p->repo_id, &stored, &ignored) == 0) {
		known = heads_find(&stored, moved.origin);
		left = known && known->seq > moved.seq;
	}
	heads_release(&stored);
	return left;
}

static int run(struct projection *p, struct projector_result *out, struct error *err)
{
	struct error damage = ERROR_INIT;
	bool current = false;
	int r = check_tail(p->journal, &damage, err);

	if (r == 0)
		r = is_current(p, &current, err);
	if (r == 0 && !current && !p->upto)
		r = journal_own(p->journal, &p->own, err);
	if (r == 0 && !current)
		r = catch_up(p, err);
	if (r == ERR_CORRUPT && !p->upto && left_behind(p)) {
		error_clear(err);
		r = projector_reset(p->backend, p->repo_id, err);
		if (r == 0)
			r = catch_up(p, err);
	}
	if (r == 0 && p->merge && damage.code == ERR_OK)
		damage = *merge_damage(p->merge);
	merge_close(p->merge);
	own_origins_release(&p->own);
	if (r == 0 && damage.code != ERR_OK) {
		*err = damage;
		r = damage.code;
	}
	if (r == 0)
		*out = p->result;
	return r;
}

int projector_run(struct journal *j, struct backend *b, const char *repo_id,
	struct projector_result *out, struct error *err)
{
	struct projection p = { .journal = j, .backend = b, .repo_id = repo_id };

	return run(&p, out, err);
}

int projector_run_own(struct journal *j, struct backend *b, const char *repo_id, struct error *err)
{
	struct projection p = { .journal = j, .backend = b, .repo_id = repo_id, .only_own = true };
	struct projector_result ignored;

	return run(&p, &ignored, err);
}

int projector_run_upto(struct journal *j, struct backend *b, const char *repo_id,
	const struct heads *upto, struct projector_result *out, struct error *err)
{
	struct projection p = { .journal = j, .backend = b, .repo_id = repo_id, .upto = upto };

	return run(&p, out, err);
}
