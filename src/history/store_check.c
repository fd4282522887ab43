#include "history/store_check.h"

#include "backends/registry.h"
#include "core/array.h"
#include "history/replay.h"
#include "repo/hub.h"

static const char *const kind_names[] = { [CHECK_DAMAGE] = "damage",
	[CHECK_DIFFERS] = "differs",
	[CHECK_MISSING] = "missing",
	[CHECK_EXTRA] = "extra" };

const char *check_kind_name(enum check_kind kind)
{
	return kind_names[kind];
}

void store_check_release(struct store_check *check)
{
	for (size_t i = 0; i < check->n; i++) {
		free(check->v[i].name);
		free(check->v[i].what);
	}
	free(check->v);
	buf_release(&check->location);
	*check = (struct store_check){ .location = BUF_INIT };
}

/* `id` and `name` may be NULL. */
static int add(struct store_check *check, enum check_kind kind, const char *id, const char *name,
	const char *what, struct error *err)
{
	struct check_finding f = { .kind = kind };

	if (!ARRAY_GROW_SHORT(check->v, check->n))
		return error_nomem(err);
	if (id)
		memcpy(f.id, id, ID_UUID_SIZE);
	f.name = name ? strdup(name) : NULL;
	f.what = what ? strdup(what) : NULL;
	check->v[check->n++] = f;
	return (name && !f.name) || (what && !f.what) ? error_nomem(err) : 0;
}

struct damage {
	struct store_check *check;
	struct error *err;
	int r;
};

static void add_damage(void *arg, const char *text)
{
	struct damage *d = arg;

	if (d->r == 0)
		d->r = add(d->check, CHECK_DAMAGE, NULL, NULL, text, d->err);
}

static int list_member(void *arg, const char *member, const struct json_slice *before,
	const struct json_slice *after, struct error *err)
{
	struct buf *out = arg;

	(void)before;
	(void)after;
	buf_addf(out, "%s%s", out->len ? ", " : "", member);
	return buf_check(out, err);
}

/* Which members differ; empty: none. */
static int compare(const struct session *ours, const struct session *theirs, struct buf *out,
	struct error *err)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	int r = session_to_json(&a, ours, err);

	if (r == 0)
		r = session_to_json(&b, theirs, err);
	if (r == 0 && strcmp(a.data, b.data) != 0)
		r = replay_diff(a.data, b.data, list_member, out, err);
	if (r == 0 &&
		(event_key_compare(&ours->last_key, &theirs->last_key) != 0 ||
			ours->n_events != theirs->n_events || ours->frozen != theirs->frozen))
		buf_addf(out, "%slast event", out->len ? ", " : "");
	buf_release(&a);
	buf_release(&b);
	return r < 0 ? r : buf_check(out, err);
}

static int by_id(const void *a, const void *b)
{
	const struct session *sa = a, *sb = b;

	return strcmp(sa->id, sb->id);
}

static int compare_all(struct store_check *check, const struct replay *folded,
	struct session_set *stored, struct error *err)
{
	int r = 0;

	if (stored->n)
		qsort(stored->v, stored->n, sizeof(*stored->v), by_id);
	for (size_t i = 0; r == 0 && i < stored->n; i++) {
		const struct session *s = &stored->v[i], *right = replay_find(folded, s->id);
		struct buf what = BUF_INIT;

		if (!right)
			r = add(check, CHECK_EXTRA, s->id, s->name, NULL, err);
		else
			r = compare(right, s, &what, err);
		if (r == 0 && what.len)
			r = add(check, CHECK_DIFFERS, s->id, right->name, what.data, err);
		buf_release(&what);
	}
	for (size_t i = 0; r == 0 && i < folded->n; i++) {
		const struct session *s = &folded->v[i];

		if (!stored->n || !bsearch(s, stored->v, stored->n, sizeof(*stored->v), by_id))
			r = add(check, CHECK_MISSING, s->id, s->name, NULL, err);
	}
	return r;
}

static int count_behind(
	struct store_check *check, struct repo *repo, const struct heads *stored, struct error *err)
{
	struct heads there = HEADS_INIT;
	int r = journal_heads(repo->journal, &there, err);

	for (size_t i = 0; r == 0 && i < there.n; i++) {
		const struct head *h = heads_find(stored, there.v[i].origin);
		uint64_t seq = h ? h->seq : 0;

		check->behind += there.v[i].seq > seq ? there.v[i].seq - seq : 0;
	}
	heads_release(&there);
	return r;
}

/* What the store holds; a store that cannot be read is a finding, and *there_out false. */
static int read_all(struct store_check *check, struct repo *repo, struct heads *heads,
	struct session_set *set, bool *there_out, struct error *err)
{
	struct buf text = BUF_INIT;
	int r = repo->backend->ops->read_state(repo->backend, repo_store(repo), &text, err);

	if (r == 0)
		r = state_from_json(heads, set, text.data, text.len, err);
	*there_out = r == 0;
	if (r == ERR_CORRUPT) {
		struct buf what = BUF_INIT;

		buf_adds(&what, err->msg);
		error_clear(err);
		r = add(check, CHECK_DAMAGE, NULL, NULL, what.data, err);
		buf_release(&what);
	}
	buf_release(&text);
	return r;
}

static int look_for_damage(struct store_check *check, struct repo *repo, struct error *err)
{
	struct damage d = { .check = check, .err = err };
	int r = 0;

	if (repo->backend->ops->check)
		r = repo->backend->ops->check(repo->backend, add_damage, &d, err);
	/* It will be met again, and told then. */
	if (r == ERR_CORRUPT) {
		error_clear(err);
		r = 0;
	}
	return r < 0 ? r : d.r;
}

int store_check(struct store_check *out, struct repo *repo, struct error *err)
{
	struct session_set stored = { .v = NULL };
	struct heads heads = HEADS_INIT;
	struct replay folded = { .v = NULL };
	struct replay_wish wish = { .upto = &heads };
	bool there = false;
	int r = repo_hub_ask(repo, err);

	if (r == 0 && !repo->backend)
		r = registry_open(&repo->backend, repo->config, err);
	*out = (struct store_check){ .location = BUF_INIT };
	if (r == 0)
		r = repo->backend->ops->location(repo->backend, &out->location, err);
	if (r < 0)
		return r;
	out->backend = repo->backend->ops->name;
	wish.shared = repo->hub.kind == REPO_HUB_SHARED;
	r = look_for_damage(out, repo, err);
	if (r == 0)
		r = read_all(out, repo, &heads, &stored, &there, err);
	if (r == 0 && there) {
		out->sessions = stored.n;
		r = count_behind(out, repo, &heads, err);
		if (r == 0)
			r = replay_run(&folded, repo->journal, &wish, err);
		if (r == 0 && !heads_equal(&heads, &folded.heads))
			r = add(out, CHECK_DAMAGE, NULL, NULL,
				"it includes events that the journal does not have", err);
		if (r == 0)
			r = compare_all(out, &folded, &stored, err);
		replay_release(&folded);
	}
	session_set_release(&stored);
	heads_release(&heads);
	return r;
}
