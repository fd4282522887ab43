#include "repo/emit.h"

#include "core/clock.h"
#include "core/invariant.h"

void emit_init(struct emit *e)
{
	*e = (struct emit){ .data = BUF_INIT };
	for (size_t i = 0; i < EMIT_MAX; i++)
		e->bodies[i] = (struct buf)BUF_INIT;
}

void emit_release(struct emit *e)
{
	buf_release(&e->data);
	for (size_t i = 0; i < EMIT_MAX; i++)
		buf_release(&e->bodies[i]);
	e->n = 0;
}

struct jsonw *emit_begin(struct emit *e, enum event_type type, const char *session)
{
	INVARIANT(type != EVENT_UNKNOWN && e->n <= EMIT_MAX);
	buf_clear(&e->data);
	jsonw_init(&e->w, &e->data, false);
	jsonw_begin_object(&e->w);
	e->draft = (struct event_draft){
		.type = type, .session = session, .at = clock_now_ms(), .via = "cli"
	};
	return &e->w;
}

int emit_end(struct emit *e, struct error *err)
{
	struct actor actor;
	int r;

	if (e->n == EMIT_MAX)
		return error_set(err, ERR_USAGE, "more than %d events at once", EMIT_MAX);
	jsonw_end_object(&e->w);
	r = buf_check(&e->data, err);
	if (r < 0)
		return r;
	e->draft.data = e->data.data;
	e->draft.data_len = e->data.len;
	actor_from_environment(&actor);
	r = event_encode(&e->bodies[e->n], &e->draft, &actor, err);
	if (r == 0)
		e->n++;
	return r;
}

int emit_append(struct emit *e, struct repo *repo, struct error *err)
{
	struct journal_entry entries[EMIT_MAX];
	int r;

	for (size_t i = 0; i < e->n; i++)
		entries[i] = (struct journal_entry){ e->bodies[i].data, e->bodies[i].len };
	r = journal_append(repo->journal, entries, e->n, 30000, NULL, err);
	repo->wrote = true;
	for (size_t i = 0; i < e->n; i++)
		buf_clear(&e->bodies[i]);
	e->n = 0;
	return r;
}
