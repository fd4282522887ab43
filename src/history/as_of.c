#include "history/as_of.h"

#include "core/clock.h"

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
	repo->app->as_of = a.ms;
	if (a.replay.unknown)
		app_say(repo->app, "%llu events are of a kind that this version does not know",
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
	return error_hint(
		err, "'minsky session list' with the same --as-of shows those there were");
}

static int find_here(struct repo *repo, const char *key, const char *when, struct as_of *a,
	const struct session **out, struct error *err)
{
	int r;

	if (!repo->known)
		return key ? not_found(key, err)
			   : error_set(err, ERR_NOTFOUND, "this repository has no sessions");
	if (!key && !repo->pointer.session[0]) {
		error_set(err, ERR_USAGE, "which session?");
		return error_hint(err, "name one, or go into its workspace");
	}
	key = key ? key : repo->pointer.session;
	r = as_of_fold(a, repo, when, err);
	if (r < 0)
		return r;
	*out = replay_look_up(&a->replay, key, false);
	return *out ? 0 : not_found(key, err);
}

static int find_everywhere(struct repo *repo, struct app *app, const char *key, const char *when,
	struct as_of *a, const struct session **out, struct error *err)
{
	struct repo_file_list list = { NULL, 0 };
	const struct session *hit = NULL;
	int hits = 0;
	int r = repo_file_list_load(&list, repo->state.data, err);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		struct repo other = REPO_INIT;
		struct as_of then = { .ms = 0 };
		const struct session *s = NULL;

		r = repo_open_journal(&other, app, list.v[i].journal, err);
		if (r == 0)
			r = find_here(&other, key, when, &then, &s, err);
		if (r == ERR_NOTFOUND) {
			r = 0;
		} else if (r == 0 && hits++ == 0) {
			const struct repo swap = *repo;

			*repo = other;
			other = swap;
			*a = then;
			then = (struct as_of){ .ms = 0 };
			hit = s;
		}
		as_of_release(&then);
		repo_release(&other);
	}
	repo_file_list_release(&list);
	if (r < 0)
		return r;
	if (hits == 0)
		return not_found(key, err);
	if (hits > 1) {
		error_set(err, ERR_USAGE, "%d repositories had a session '%s'", hits, key);
		return error_hint(err, "go into the repository, or name it with --repo");
	}
	*out = hit;
	return 0;
}

int as_of_find(struct repo *repo, struct app *app, const char *path, const char *key,
	const char *when, struct as_of *a, const struct session **out, struct error *err)
{
	int r = repo_open(repo, app, path, err);

	if (r == 0 && (repo->known || path || !key))
		return find_here(repo, key, when, a, out, err);
	if (r < 0 && (r != ERR_NOTFOUND || path || !key))
		return r;
	error_clear(err);
	return find_everywhere(repo, app, key, when, a, out, err);
}

void as_of_title(struct app *app, const struct as_of *a)
{
	char at[CLOCK_TEXT_SIZE];

	clock_format(a->ms, at);
	buf_addf(&app->out, "as of %s", at);
	if (a->seq)
		buf_addf(&app->out, " (record %llu)", (unsigned long long)a->seq);
	buf_addch(&app->out, '\n');
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
