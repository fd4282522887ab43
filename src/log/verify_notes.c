#include "log/verify_notes.h"

#include "core/array.h"
#include "core/json.h"

void notes_release(struct notes *n)
{
	free(n->claims);
	heads_release(&n->ends);
	seams_release(&n->declared);
	seams_release(&n->used);
	*n = (struct notes){ .claims = NULL };
}

bool notes_parent(struct claim *out, const struct record *rec)
{
	static const char forked[] = "{\"type\":\"journal.forked\",";
	struct error ignored = ERROR_INIT;
	const struct json *parent;
	const char *origin;
	struct json *body;
	bool found = false;

	if (!rec->body || rec->body_len < sizeof(forked) ||
		memcmp(rec->body, forked, sizeof(forked) - 1) != 0)
		return false;
	if (json_parse(&body, rec->body, rec->body_len, &ignored) < 0)
		return false;
	parent = json_get(json_get(body, "data"), "parent");
	origin = json_get_string(parent, "origin");
	if (origin && id_is_hex(origin, ID_HEX_SIZE - 1) &&
		json_get_u64(parent, "seq", &out->seq)) {
		memcpy(out->origin, origin, sizeof(out->origin));
		found = true;
	}
	json_free(body);
	return found;
}

int notes_add_claim(struct notes *n, const struct claim *c, struct error *err)
{
	if (!ARRAY_GROW_SHORT(n->claims, n->n_claims))
		return error_nomem(err);
	n->claims[n->n_claims++] = *c;
	return 0;
}

int notes_add_end(
	struct notes *n, const char *origin, uint64_t seq, const char *hash, struct error *err)
{
	const struct head *known = heads_find(&n->ends, origin);

	return known && known->seq >= seq ? 0 : heads_set(&n->ends, origin, seq, hash, err);
}

bool notes_holds(const struct notes *n, const struct claim *c)
{
	const struct head *end = heads_find(&n->ends, c->origin);

	for (size_t i = 0; i < n->declared.n; i++) {
		const struct seam *s = &n->declared.v[i];

		if (!s->next_hash[0] && s->next > c->seq && strcmp(s->origin, c->origin) == 0)
			return true;
	}
	return !c->seq || (end && end->seq >= c->seq);
}
