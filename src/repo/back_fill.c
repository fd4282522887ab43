#include "repo/back_fill.h"

#include "core/clock.h"
#include "repo/reconcile.h"

int back_fill(struct repo *repo, const struct back_fill *b, size_t *events_out, struct error *err)
{
	struct reconcile rec = { .show = b->show, .show_arg = b->show_arg, .shown = BUF_INIT };
	int64_t since = 0;
	int r = b->since ? clock_parse_user(b->since, clock_now_ms(), &since, err) : 0;

	if (r == 0 && b->since)
		r = reconcile_history(repo, since, &rec, err);
	if (r == 0)
		r = reconcile_all(repo, &rec, err);
	if (r == 0)
		*events_out = rec.events;
	buf_release(&rec.shown);
	return r;
}
