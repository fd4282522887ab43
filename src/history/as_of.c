#include "history/as_of.h"

#include "repo/visit.h"

void as_of_release(struct as_of *a)
{
	replay_release(&a->replay);
	*a = (struct as_of){ .ms = 0 };
}

int as_of_fold(struct as_of *out, struct repo *repo, const char *when, struct error *err)
{
	struct history_point until;
	const struct replay_wish wish = { .until = &until };
	struct as_of a = { .ms = 0 };
	const struct head *own;
	int r = history_point_parse(&until, repo->journal, when, true, err);

	if (r < 0)
		return r;
	r = replay_run(&a.replay, repo->journal, &wish, err);
	if (r < 0) {
		as_of_release(&a);
		return r;
	}
	own = heads_find(&a.replay.heads, journal_origin(repo->journal));
	a.by_time = until.by_time;
	a.ms = until.by_time ? until.ms : a.replay.at;
	a.seq = own ? own->seq : 0;
	if (a.replay.unknown)
		caller_say(repo->caller,
			"%llu events are of a type that this version does not know",
			(unsigned long long)a.replay.unknown);
	*out = a;
	return 0;
}

struct by_query {
	const struct session_query *query;
	const struct session *session;
};

static int compare(const void *a, const void *b)
{
	const struct by_query *qa = a, *qb = b;

	return session_query_compare(qa->query, qa->session, qb->session);
}

int as_of_list(const struct as_of *a, const struct session_query *query,
	const struct session ***out, size_t *n_out, struct error *err)
{
	const struct replay *all = &a->replay;
	struct by_query *hits = calloc(all->n + 1, sizeof(*hits));
	const struct session **v = calloc(all->n + 1, sizeof(const struct session *));
	size_t n = 0, kept = 0;

	if (!hits || !v) {
		free(hits);
		free(v);
		return error_nomem(err);
	}
	for (size_t i = 0; i < all->n; i++)
		if (session_query_matches(query, &all->v[i]))
			hits[n++] = (struct by_query){ query, &all->v[i] };
	qsort(hits, n, sizeof(*hits), compare);
	for (size_t i = query->offset; i < n && (!query->limit || kept < query->limit); i++)
		v[kept++] = hits[i].session;
	free(hits);
	*out = v;
	*n_out = kept;
	return 0;
}

static int not_found(const char *key, struct error *err)
{
	error_set(err, ERR_NOTFOUND, "there was no session '%s'", key);
	return error_hint(err,
		"to list the sessions of that time: minsky session list --as-of, with the same "
		"value");
}

static int find_here(struct repo *repo, const char *key, const char *when, struct as_of *a,
	const struct session **out, struct error *err)
{
	int r;

	if (!repo->known)
		return key ? not_found(key, err)
			   : error_set(err, ERR_NOTFOUND, "this repository has no sessions");
	if (!key && !repo->pointer.session[0]) {
		error_set(err, ERR_USAGE, "no session was given");
		return error_hint(err, "give its name, or change to its workspace");
	}
	key = key ? key : repo->pointer.session;
	r = as_of_fold(a, repo, when, err);
	if (r < 0)
		return r;
	*out = replay_look_up(&a->replay, key, false);
	return *out ? 0 : not_found(key, err);
}

struct search {
	const char *key, *when;
	struct repo *repo; /* of the first hit, as `a` and `hit` are */
	struct as_of *a;
	const struct session *hit;
	int hits;
};

static int search_one(struct repo *other, void *arg, struct error *err)
{
	struct as_of then = { .ms = 0 };
	struct search *search = arg;
	const struct session *s = NULL;
	int r = find_here(other, search->key, search->when, &then, &s, err);

	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	} else if (r == 0 && search->hits++ == 0) {
		const struct repo swap = *search->repo;

		*search->repo = *other;
		*other = swap;
		*search->a = then;
		then = (struct as_of){ .ms = 0 };
		search->hit = s;
	}
	as_of_release(&then);
	return r;
}

static int find_everywhere(struct repo *repo, const struct caller *caller, const char *key,
	const char *when, struct as_of *a, const struct session **out, struct error *err)
{
	struct search search = { .key = key, .when = when, .repo = repo, .a = a };
	struct buf state = BUF_INIT;
	int r;

	buf_adds(&state, repo->state.data);
	r = buf_check(&state, err);
	if (r == 0)
		r = repo_visit_all(caller, state.data, search_one, &search, NULL, err);
	buf_release(&state);
	if (r < 0)
		return r;
	if (search.hits == 0)
		return not_found(key, err);
	if (search.hits > 1) {
		error_set(err, ERR_USAGE, "%d repositories had a session '%s'", search.hits, key);
		return error_hint(err, "change to the repository, or give it with --repo");
	}
	*out = search.hit;
	return 0;
}

int as_of_find(struct repo *repo, const struct caller *caller, const char *path, const char *key,
	const char *when, struct as_of *a, const struct session **out, struct error *err)
{
	int r = repo_open(repo, caller, path, err);

	if (r == 0 && (repo->known || path || !key))
		return find_here(repo, key, when, a, out, err);
	if (r < 0 && (r != ERR_NOTFOUND || path || !key))
		return r;
	error_clear(err);
	return find_everywhere(repo, caller, key, when, a, out, err);
}

void as_of_json(struct jsonw *w, const struct as_of *a)
{
	jsonw_key(w, "asOf");
	jsonw_begin_object(w);
	jsonw_ktime(w, "time", a->ms);
	if (a->seq)
		jsonw_ku64(w, "seq", a->seq);
	jsonw_end_object(w);
}
