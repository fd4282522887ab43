#include "history/filter.h"

#include "core/clock.h"
#include "history/point.h"
#include "history/type.h"

static int prepare_range(struct history_filter *f, struct journal *j, struct error *err)
{
	struct history_point from = { .by_time = false }, to = { .by_time = false };
	int r = f->from ? history_point_parse(&from, j, f->from, false, err) : 0;

	if (r == 0 && f->to)
		r = history_point_parse(&to, j, f->to, false, err);
	if (r < 0)
		return r;
	if (f->from && f->to && strcmp(from.origin, to.origin) != 0)
		return error_set(err, ERR_USAGE, "'%s' and '%s' belong to different origins",
			f->from, f->to);
	if (f->from && f->to && from.seq > to.seq)
		return error_set(err, ERR_USAGE, "--from %s is after --to %s", f->from, f->to);
	if (f->from || f->to)
		memcpy(f->range.origin, f->from ? from.origin : to.origin, ID_HEX_SIZE);
	f->range.from = from.seq;
	f->range.to = to.seq;
	return 0;
}

/* A journal that is a copy, or that two machines wrote to, goes on from another origin. */
static void prepare_own(struct history_filter *f, const struct journal *j)
{
	struct head before;

	memcpy(f->origins[0], journal_origin(j), ID_HEX_SIZE);
	if (journal_parent(j, &before))
		memcpy(f->origins[1], before.origin, ID_HEX_SIZE);
	if (journal_moved(j, &before))
		memcpy(f->origins[2], before.origin, ID_HEX_SIZE);
}

int history_filter_prepare(struct history_filter *f, const struct history_names *names,
	struct journal *j, struct error *err)
{
	int64_t now = clock_now_ms();
	int r = 0;

	if (f->since)
		r = clock_parse_user(f->since, now, &f->since_ms, err);
	if (r == 0 && f->until)
		r = clock_parse_user(f->until, now, &f->until_ms, err);
	if (r == 0 && f->since && f->until && f->since_ms > f->until_ms)
		r = error_set(
			err, ERR_USAGE, "--since %s is later than --until %s", f->since, f->until);
	if (r == 0)
		r = prepare_range(f, j, err);
	if (r == 0 && f->own)
		prepare_own(f, j);
	if (r == 0 && f->type)
		r = history_type_check(f->type, j, err);
	if (r == 0 && f->session)
		r = history_names_find(names, f->session, f->session_id, err);
	return r;
}

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

static bool branch_fits(const char *branch, const struct event *e)
{
	static const char heads[] = "refs/heads/";

	if (is(json_get_string(e->data, "branch"), branch) ||
		is(json_get_string(e->data, "branchName"), branch))
		return true;
	if ((e->type == EVENT_BRANCH_SWITCHED || e->type == EVENT_BRANCH_RENAMED) &&
		(is(json_get_string(e->data, "from"), branch) ||
			is(json_get_string(e->data, "to"), branch)))
		return true;
	return e->has_src && strncmp(e->src.ref, heads, sizeof(heads) - 1) == 0 &&
		is(e->src.ref + sizeof(heads) - 1, branch);
}

static bool is_own(const struct history_filter *f, const char *origin)
{
	for (size_t i = 0; i < sizeof(f->origins) / sizeof(*f->origins); i++)
		if (strcmp(f->origins[i], origin) == 0)
			return true;
	return false;
}

bool history_filter_fits(
	const struct history_filter *f, const struct record *record, const struct event *e)
{
	int64_t learnt = record_hlc_ms(record->hlc);

	if (f->own && !is_own(f, record->origin))
		return false;
	if ((f->since && learnt < f->since_ms) || (f->until && learnt > f->until_ms))
		return false;
	if (!e)
		return !f->session && !f->type && !f->actor && !f->branch;
	if (f->session && !is(e->session, f->session_id))
		return false;
	if (f->type && !history_type_fits(f->type, e->type_name))
		return false;
	if (f->actor && !is(e->actor.user, f->actor) && !is(e->actor.host, f->actor) &&
		!is(e->actor.agent, f->actor))
		return false;
	return !f->branch || branch_fits(f->branch, e);
}

bool log_decode(struct event *e, const struct record *record, int *r_out, struct error *err)
{
	struct event_key key = { .hlc = record->hlc, .seq = record->seq };
	int r;

	*r_out = 0;
	*e = (struct event){ .type = EVENT_UNKNOWN };
	if (!record->body)
		return false;
	memcpy(key.origin, record->origin, sizeof(key.origin));
	r = event_decode(e, record->body, record->body_len, &key, err);
	if (r == ERR_CORRUPT)
		error_clear(err);
	else
		*r_out = r;
	return r == 0;
}
