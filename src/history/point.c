#include "history/point.h"

#include "core/clock.h"

int log_origins(struct heads *out, struct journal *j, struct error *err)
{
	struct heads heads = HEADS_INIT;
	int r = journal_heads(j, &heads, err);

	if (r == 0 && !heads_find(&heads, journal_origin(j)))
		r = heads_set(&heads, journal_origin(j), 0, HASH_ZERO, err);
	if (r < 0) {
		heads_release(&heads);
		return r;
	}
	*out = heads;
	return 0;
}

int log_origin_find(char out[ID_HEX_SIZE], struct journal *j, const char *prefix, struct error *err)
{
	struct heads heads = HEADS_INIT;
	const struct head *hit = NULL;
	size_t len = strlen(prefix);
	int hits = 0, r;

	if (!len || len > ID_HEX_SIZE - 1 || strspn(prefix, "0123456789abcdef") != len)
		return error_set(
			err, ERR_USAGE, "'%s' is not the beginning of an origin's id", prefix);
	r = log_origins(&heads, j, err);
	for (size_t i = 0; r == 0 && i < heads.n; i++) {
		if (strncmp(heads.v[i].origin, prefix, len) != 0)
			continue;
		hit = &heads.v[i];
		hits++;
	}
	if (r == 0 && hits == 0) {
		r = error_set(err, ERR_NOTFOUND, "the journal has no origin '%s'", prefix);
		error_hint(err, "to list origins: minsky journal stats");
	} else if (r == 0 && hits > 1) {
		r = error_set(err, ERR_USAGE, "%d origins begin with '%s'", hits, prefix);
		error_hint(err, "give more digits; to list origins: minsky journal stats");
	} else if (r == 0) {
		memcpy(out, hit->origin, sizeof(hit->origin));
	}
	heads_release(&heads);
	return r;
}

static bool parse_seq(const char *text, uint64_t *out)
{
	size_t len = strlen(text);

	if (!len || len > 16 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoull(text, NULL, 10);
	return *out > 0 && *out <= JSON_MAX_WHOLE;
}

/* A colon that hexadecimal digits alone precede, of which no hour is made. */
static const char *origin_end(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");

	return len && text[len] == ':' && !strchr(text + len + 1, ':') ? text + len : NULL;
}

static int parse_place(
	struct history_point *out, struct journal *j, const char *text, struct error *err)
{
	const char *colon = origin_end(text);
	char prefix[ID_HEX_SIZE];

	if (!colon) {
		memcpy(out->origin, journal_origin(j), sizeof(out->origin));
		return parse_seq(text, &out->seq) ? 0 : ERR_USAGE;
	}
	if (colon - text >= ID_HEX_SIZE || !parse_seq(colon + 1, &out->seq))
		return ERR_USAGE;
	memcpy(prefix, text, (size_t)(colon - text));
	prefix[colon - text] = '\0';
	return log_origin_find(out->origin, j, prefix, err);
}

int history_point_missing(const char *text, struct error *err)
{
	error_set(err, ERR_NOTFOUND, "the journal has no record %s", text);
	return error_hint(err, "to list records: minsky journal log");
}

int history_point_parse(struct history_point *out, struct journal *j, const char *text, bool times,
	struct error *err)
{
	struct history_point p = { .by_time = false };
	int r;

	error_clear(err);
	r = parse_place(&p, j, text, err);
	if (r < 0 && err->code == ERR_OK && times) {
		p.by_time = true;
		r = clock_parse_user(text, clock_now_ms(), &p.ms, err);
		if (r < 0)
			error_hint(err,
				"write the number of a record, ORIGIN:NUMBER, a date, a time, or "
				"an age such as 2h");
	} else if (r < 0 && err->code == ERR_OK) {
		r = error_set(err, ERR_USAGE, "'%s' is not the number of a record", text);
		error_hint(err,
			"to list records: minsky journal log; a record of another machine is "
			"ORIGIN:NUMBER");
	}
	if (r == 0)
		*out = p;
	return r;
}

void history_place(char out[HISTORY_PLACE_SIZE], const char *own, const char *origin, uint64_t seq)
{
	if (strcmp(own, origin) == 0)
		(void)snprintf(out, HISTORY_PLACE_SIZE, "%llu", (unsigned long long)seq);
	else
		(void)snprintf(
			out, HISTORY_PLACE_SIZE, "%.8s:%llu", origin, (unsigned long long)seq);
}
