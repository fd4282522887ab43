#include "history/stats.h"

#include "core/array.h"

void stats_release(struct stats *s)
{
	for (size_t i = 0; i < s->n_types; i++)
		free(s->types[i].name);
	free(s->types);
	free(s->origins);
	free(s->days);
	free(s->hook_us);
	*s = (struct stats){ .records = 0 };
}

static int add_origin(struct stats *s, const char *origin, size_t len, struct error *err)
{
	struct stats_origin *o = NULL;

	for (size_t i = 0; i < s->n_origins && !o; i++)
		if (strcmp(s->origins[i].origin, origin) == 0)
			o = &s->origins[i];
	if (!o) {
		if (!ARRAY_GROW_SHORT(s->origins, s->n_origins))
			return error_nomem(err);
		o = &s->origins[s->n_origins++];
		*o = (struct stats_origin){ .records = 0 };
		memcpy(o->origin, origin, sizeof(o->origin));
	}
	o->records++;
	o->bytes += len;
	return 0;
}

static int add_type(struct stats *s, const char *name, struct error *err)
{
	char *copy;

	for (size_t i = 0; i < s->n_types; i++) {
		if (strcmp(s->types[i].name, name) == 0) {
			s->types[i].records++;
			return 0;
		}
	}
	copy = strdup(name);
	if (!copy || !ARRAY_GROW_SHORT(s->types, s->n_types)) {
		free(copy);
		return error_nomem(err);
	}
	s->types[s->n_types++] = (struct stats_type){ copy, 1 };
	return 0;
}

/* Records come in the order of their times: the day is the last one, or a new one. */
static int add_day(struct stats *s, int64_t ms, size_t len, struct error *err)
{
	int64_t day = ms / STATS_DAY_MS;

	if (!s->n_days || s->days[s->n_days - 1].day != day) {
		if (!ARRAY_GROW_SHORT(s->days, s->n_days))
			return error_nomem(err);
		s->days[s->n_days++] = (struct stats_day){ .day = day };
	}
	s->days[s->n_days - 1].records++;
	s->days[s->n_days - 1].bytes += len;
	return 0;
}

static int add_hook_us(struct stats *s, uint64_t us, struct error *err)
{
	if (!ARRAY_GROW(s->hook_us, s->n_hook_us, s->cap_hook_us))
		return error_nomem(err);
	s->hook_us[s->n_hook_us++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
	return 0;
}

int stats_add(struct stats *s, const struct record *record, const struct event *e, size_t len,
	struct error *err)
{
	uint64_t us;
	int r = add_origin(s, record->origin, len, err);

	if (r == 0)
		r = add_day(s, record_hlc_ms(record->hlc), len, err);
	if (r == 0 && e)
		r = add_type(s, e->type_name, err);
	if (r == 0 && e && strcmp(e->via, "hook") == 0 && json_get_u64(e->data, "us", &us))
		r = add_hook_us(s, us, err);
	s->records++;
	s->bytes += len;
	s->redacted += !record->body;
	return r;
}

static int by_count(const void *a, const void *b)
{
	const struct stats_type *ta = a, *tb = b;

	if (ta->records != tb->records)
		return ta->records > tb->records ? -1 : 1;
	return strcmp(ta->name, tb->name);
}

static int by_value(const void *a, const void *b)
{
	const uint32_t *ua = a, *ub = b;

	return (*ua > *ub) - (*ua < *ub);
}

void stats_sort(struct stats *s)
{
	if (s->n_types)
		qsort(s->types, s->n_types, sizeof(*s->types), by_count);
	if (s->n_hook_us)
		qsort(s->hook_us, s->n_hook_us, sizeof(*s->hook_us), by_value);
}

uint64_t stats_hook_us(const struct stats *s, unsigned percent)
{
	size_t rank = (s->n_hook_us * percent + 99) / 100;

	return s->n_hook_us ? s->hook_us[rank ? rank - 1 : 0] : 0;
}

uint64_t stats_growth(const struct stats *s)
{
	return s->n_days ? s->bytes / (uint64_t)(s->days[s->n_days - 1].day - s->days[0].day + 1)
			 : 0;
}
