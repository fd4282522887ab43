/* Which session is meant by an id that several origins may have begun one under. */
#include "core/array.h"
#include "core/event_shape.h"
#include "core/session.h"
#include "core/session_list.h"
#include "core/session_shape.h"

void family_release(struct session_family *f)
{
	for (size_t i = 0; i < f->n; i++)
		session_release(&f->v[i]);
	free(f->v);
	*f = (struct session_family){ .v = NULL };
}

/*
 * Version 8 with a variant that RFC 9562 leaves to others: no generator of UUIDs makes such a one,
 * and no event may carry it as its session.
 */
void session_rival_id(const char *owner, const char *id, char out[ID_UUID_SIZE])
{
	char text[ID_HEX_SIZE + ID_UUID_SIZE + 16], h[HASH_HEX_SIZE];
	int n = snprintf(text, sizeof(text), "%s\n%s\n", owner, id);

	hash_bytes(text, (size_t)n, h);
	(void)snprintf(
		out, ID_UUID_SIZE, "%.8s-%.4s-8%.3s-f%.3s-%.12s", h, h + 8, h + 12, h + 15, h + 18);
}

bool session_is_rival_id(const char *id)
{
	return id[14] == '8' && id[19] == 'f';
}

const char *session_told_id(const struct session *s)
{
	return s->claimed_id[0] ? s->claimed_id : s->id;
}

bool session_is_owner(const struct session *s, const char *origin, const struct own_origins *own)
{
	if (!s->owner[0])
		return false;
	return strcmp(s->owner, origin) == 0 ||
		(own_origins_has(own, s->owner) && own_origins_has(own, origin));
}

static bool begins(const struct event *e)
{
	return (e->type == EVENT_SESSION_STARTING || e->type == EVENT_SESSION_STARTED ||
		       e->type == EVENT_SESSION_IMPORTED) &&
		(!e->owner[0] || strcmp(e->owner, e->key.origin) == 0);
}

bool family_is_late(const struct session_family *f, const struct event *e)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].n_events && event_key_compare(&e->key, &f->v[i].last_key) <= 0)
			return true;
	return false;
}

/* Make it one that has an id of its own. */
static void make_rival(struct session *s, const char *id)
{
	session_rival_id(s->owner, id, s->id);
	memcpy(s->claimed_id, id, sizeof(s->claimed_id));
}

static int grow(struct session_family *f, struct session **out, struct error *err)
{
	if (!ARRAY_GROW_SHORT(f->v, f->n))
		return error_nomem(err);
	*out = &f->v[f->n++];
	**out = (struct session){ .name = NULL };
	return 0;
}

/* v[0] remembers who else there is: that is how a store finds them. */
static int note_rivals(struct session_family *f, struct error *err)
{
	bool added;
	int r = 0;

	free(f->v[0].rivals);
	f->v[0].rivals = NULL;
	for (size_t i = 1; r == 0 && i < f->n; i++) {
		free(f->v[i].rivals);
		f->v[i].rivals = NULL;
		r = session_list_add_origin(
			&f->v[0].rivals, f->v[i].owner, FAMILY_MAX, &added, err);
	}
	return r;
}

/* Another origin begins a session of an id that has one. */
static int add_rival(struct session_family *f, const struct event *e, const struct own_origins *own,
	struct session **out, struct error *err)
{
	const bool first =
		own_origins_has(own, e->key.origin) && !own_origins_has(own, f->v[0].owner);
	struct session *s;
	int r;

	*out = NULL;
	/* This machine's own always has its place. */
	if (f->n >= FAMILY_MAX && !first)
		return 0;
	r = grow(f, &s, err);
	if (r < 0)
		return r;
	memcpy(s->owner, e->key.origin, sizeof(s->owner));
	s->last_key = f->v[0].last_key;
	s->n_events = f->v[0].n_events;
	if (first) {
		struct session other = f->v[0];

		f->v[0] = *s;
		*s = other;
		memcpy(f->v[0].id, e->session, sizeof(f->v[0].id));
		make_rival(s, e->session);
		s = &f->v[0];
	} else {
		make_rival(s, e->session);
	}
	*out = s;
	return note_rivals(f, err);
}

static struct session *find_owner(
	const struct session_family *f, const char *origin, const struct own_origins *own)
{
	for (size_t i = 0; i < f->n; i++)
		if (session_is_owner(&f->v[i], origin, own))
			return &f->v[i];
	return NULL;
}

const struct session *family_of(
	const struct session_family *f, const struct event *e, const struct own_origins *own)
{
	const struct session *s = find_owner(f, e->owner[0] ? e->owner : e->key.origin, own);

	return s ? s : f->n ? &f->v[0] : NULL;
}

int family_apply(struct session_family *f, const struct event *e, const struct own_origins *own,
	struct error *err)
{
	struct session *s;
	int r = 0;

	if (!e->session)
		return 0;
	if (!f->n) {
		r = grow(f, &s, err);
		if (r < 0)
			return r;
		memcpy(s->id, e->session, sizeof(s->id));
	}
	s = find_owner(f, e->owner[0] ? e->owner : e->key.origin, own);
	if (!s && begins(e) && f->v[0].owner[0])
		r = add_rival(f, e, own, &s, err);
	/* Of nobody's here, or of one that there is no room for: v[0] counts it. */
	return r < 0 ? r : session_apply(s ? s : &f->v[0], e, own, err);
}
