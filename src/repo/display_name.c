#include "repo/display_name.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/dir.h"
#include "core/fs.h"
#include "repo/place.h"
#include "repo/repo.h"

#define RING 8

static char *ring(void)
{
	static char v[RING][DISPLAY_NAME_SIZE];
	static unsigned next;

	return v[next++ % RING];
}

/* Does the journal hold records of any other machine? */
static bool has_others(const struct repo *repo)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT;
	struct dir dir = DIR_INIT;
	const char *name = NULL;
	bool found;

	fs_join(&path, repo->file.journal, "peers");
	/* If that cannot be told, there may be. */
	found = path.failed || dir_open_or_empty(&dir, path.data, &ignored) < 0;
	while (!found && !(found = dir_next(&dir, &name, &ignored) < 0) && name)
		found = name[0] != '.';
	dir_close(&dir);
	buf_release(&path);
	return found;
}

void display_names_release(struct display_names *l)
{
	free(l->v);
	*l = (struct display_names){ .loaded = false };
}

/* On its own machine a session keeps its name; of others' the first claim does. */
static bool is_before(const struct session *a, const struct session *b)
{
	if (session_has_place(a) != session_has_place(b))
		return session_has_place(a);
	return session_key_prefers(KEY_NAME, a, b);
}

/* Of the sessions v[0 .. n-1], which have one name, every one but the first claim. */
static size_t add_group(struct display_names *l, const struct session *v, size_t n)
{
	size_t first = 0;

	for (size_t i = 1; i < n; i++)
		if (is_before(&v[i], &v[first]))
			first = i;
	for (size_t i = 0; i < n; i++)
		if (i != first)
			memcpy(l->v[l->n++], v[i].id, ID_UUID_SIZE);
	return n;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

int display_names_load(struct repo *repo, struct error *err)
{
	struct session_query live = { .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	struct display_names *l = &repo->display_names;
	int r = 0;

	display_names_release(l);
	if (has_others(repo))
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &live, &set, err);
	if (r == 0 && set.n) {
		l->v = calloc(set.n, sizeof(*l->v));
		r = l->v ? 0 : error_nomem(err);
	}
	for (size_t i = 0; r == 0 && i < set.n;) {
		size_t n = 1;

		while (i + n < set.n && strcmp(set.v[i].name, set.v[i + n].name) == 0)
			n++;
		i += add_group(l, &set.v[i], n);
	}
	if (r == 0 && l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_id);
	l->loaded = r == 0;
	session_set_release(&set);
	return r;
}

bool display_name_differs(struct repo *repo, const struct session *s)
{
	struct error ignored = ERROR_INIT;

	if (!s->name || s->deleted || !repo->backend)
		return false;
	if (!repo->display_names.loaded && display_names_load(repo, &ignored) < 0)
		return false;
	return repo->display_names.n &&
		bsearch(s->id, repo->display_names.v, repo->display_names.n,
			sizeof(*repo->display_names.v), by_id) != NULL;
}

const char *display_name(struct repo *repo, const struct session *s)
{
	char *out = ring();

	if (display_name_differs(repo, s))
		(void)snprintf(out, DISPLAY_NAME_SIZE, "%s~%s", s->name,
			s->id + ID_UUID_SIZE - 1 - DISPLAY_NAME_DIGITS);
	else
		(void)snprintf(out, DISPLAY_NAME_SIZE, "%s", s->name ? s->name : s->id);
	return out;
}

int display_name_find(struct repo *repo, const char *label, struct session *out, struct error *err)
{
	const char *tilde = strchr(label, '~'), *digits = tilde ? tilde + 1 : "";
	struct session_query query = { .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	const struct session *hit = NULL;
	struct buf name = BUF_INIT;
	size_t n = strlen(digits), hits = 0;
	int r;

	if (n < DISPLAY_NAME_DIGITS || n > 12 || !id_is_hex(digits, n))
		return error_set(err, ERR_NOTFOUND, "there is no session '%s'", label);
	buf_add(&name, label, (size_t)(tilde - label));
	query.text = name.data;
	r = buf_check(&name, err);
	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++) {
		if (strcmp(set.v[i].name, name.data) != 0 ||
			strcmp(set.v[i].id + ID_UUID_SIZE - 1 - n, digits) != 0)
			continue;
		hit = &set.v[i];
		hits++;
	}
	if (r == 0 && !hits)
		r = error_set(err, ERR_NOTFOUND, "there is no session '%s'", label);
	if (r == 0 && hits > 1) {
		error_set(err, ERR_USAGE, "%zu sessions are named '%s'", hits, label);
		r = error_hint(err, "give the id, or more of its last digits");
	}
	if (r == 0)
		r = session_copy(out, hit, err);
	session_set_release(&set);
	buf_release(&name);
	return r;
}

bool session_is_local(const struct repo *repo, const struct session *s)
{
	(void)repo;
	return session_has_place(s);
}

const char *origin_who(struct repo *repo, const char *origin)
{
	const struct origin_owner *o;
	struct error ignored = ERROR_INIT;

	if (!repo->known || !origin[0])
		return NULL;
	if (!repo->origins_loaded) {
		(void)origins_load(&repo->origins, repo->file.journal, &ignored);
		repo->origins_loaded = true;
	}
	o = origins_find(&repo->origins, origin);
	return o ? o->who : NULL;
}

/* What its machine says, unless the hub knows better. */
const char *session_whose(struct repo *repo, const struct session *s)
{
	const char *who = origin_who(repo, s->owner);
	char *out = ring();

	if (who && s->started_user && strcmp(who, s->started_user) != 0) {
		(void)snprintf(out, DISPLAY_NAME_SIZE, "%s", who);
		return out;
	}
	(void)snprintf(out, DISPLAY_NAME_SIZE, "%s%s%s", s->started_user ? s->started_user : "",
		s->started_host ? "@" : "", s->started_host ? s->started_host : "");
	return out;
}

int session_want_local(
	struct repo *repo, const struct session *s, const char *what, struct error *err)
{
	const char *whose = session_whose(repo, s);

	if (session_is_local(repo, s))
		return place_prove(repo, s, err);
	error_refuse(err, "not-here",
		"session '%s' belongs to %s: its workspace is not on this machine",
		display_name(repo, s), *whose ? whose : "another machine");
	return error_hint(err, "%s there", what);
}

/* Remembers that it was said; true the first time. */
static bool first_time(const struct repo *repo, const char *id)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool first;

	fs_join(&path, repo->file.journal, "names-told");
	(void)fs_read_private(path.data, 1u << 20, &text, &ignored);
	first = !strstr(text.data, id);
	if (first) {
		buf_addf(&text, "%s\n", id);
		first = !path.failed && !text.failed &&
			fs_replace(path.data, text.data, text.len, 0600, false, &ignored) == 0;
	}
	buf_release(&path);
	buf_release(&text);
	return first;
}

static void tell_one(struct repo *repo, const struct session *other)
{
	struct session own = { .name = NULL };
	struct error ignored = ERROR_INIT;
	const char *whose = session_whose(repo, other);
	char age[32];

	if (repo_find_named(repo, other->name, &own, &ignored) == 0 &&
		session_is_local(repo, &own) && first_time(repo, other->id)) {
		clock_format_age(other->created_at, clock_now_ms(), age);
		caller_say(repo->caller,
			"session '%s' was also started by %s %s; that one is shown as %s here (to "
			"rename yours: minsky session rename %s NEW)",
			other->name, *whose ? whose : "another machine", age,
			display_name(repo, other), own.id);
	}
	session_release(&own);
}

void display_names_report(struct repo *repo)
{
	struct error ignored = ERROR_INIT;

	if (!repo->backend || display_names_load(repo, &ignored) < 0)
		return;
	for (size_t i = 0; i < repo->display_names.n; i++) {
		struct session s = { .name = NULL };

		if (repo->backend->ops->get(repo->backend, repo_store(repo), KEY_ID,
			    repo->display_names.v[i], &s, &ignored) == 0 &&
			!session_is_local(repo, &s))
			tell_one(repo, &s);
		session_release(&s);
	}
}
