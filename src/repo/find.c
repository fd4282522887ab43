/* Which session does a command mean? */
#include "repo/visit.h"

#include "core/fs.h"
#include "core/names.h"
#include "repo/fallback.h"

int repo_find_named(struct repo *repo, const char *name, struct session *out, struct error *err)
{
	const struct session_query query = { .sort = SORT_NAME, .text = name };
	struct session_set set = { NULL, 0 };
	int r = repo->backend->ops->get(repo->backend, repo_store(repo), KEY_NAME, name, out, err);

	if (r < 0 || session_is_local(repo, out))
		return r;
	r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++) {
		if (strcmp(set.v[i].name, name) != 0 || !session_is_local(repo, &set.v[i]))
			continue;
		session_release(out);
		*out = set.v[i];
		set.v[i] = (struct session){ .name = NULL };
		break;
	}
	session_set_release(&set);
	if (r < 0) {
		session_release(out);
		*out = (struct session){ .name = NULL };
	}
	return r;
}

/* By id, else by name, else by task, in one repository that is projected. */
static int look_up(struct repo *repo, const char *key, struct session *out, struct error *err)
{
	struct buf task = BUF_INIT;
	struct error bad = ERROR_INIT;
	int r = ERR_NOTFOUND;

	if (strchr(key, '~'))
		return display_name_find(repo, key, out, err);
	if (id_is_uuid(key))
		r = repo->backend->ops->get(repo->backend, repo_store(repo), KEY_ID, key, out, err);
	if (r == ERR_NOTFOUND)
		r = repo_find_named(repo, key, out, err);
	if (r == ERR_NOTFOUND && name_task_id(key, &task, &bad) == 0)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_TASK, task.data, out, err);
	buf_release(&task);
	return r;
}

static int not_found(const char *key, struct error *err)
{
	error_set(err, ERR_NOTFOUND, "there is no session '%s'", key);
	return error_hint(err, "to list sessions: minsky session list");
}

static int find_here(struct repo *repo, const char *key, struct session *out, struct error *err)
{
	int r;

	if (!repo->known) {
		if (key)
			return not_found(key, err);
		error_set(err, ERR_NOTFOUND, "this repository has no sessions");
		return error_hint(err, "start one: minsky session start NAME");
	}
	if (!key && !repo->pointer.session[0]) {
		error_set(err, ERR_USAGE, "no session was given");
		return error_hint(err, "give its name, or change to its workspace");
	}
	r = repo_project(repo, err);
	if (r < 0)
		return r;
	if (!key)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_ID, repo->pointer.session, out, err);
	else
		r = look_up(repo, key, out, err);
	if (r == ERR_NOTFOUND && key)
		return not_found(key, err);
	return r < 0 ? r : repo_follow(repo, out, err);
}

struct search {
	const char *key;
	struct repo *repo; /* of the first hit */
	struct session *out;
	size_t hits;
};

static int search_one(struct repo *other, void *arg, struct error *err)
{
	struct session s = { .name = NULL };
	struct search *search = arg;
	int r = repo_project(other, err);

	if (r == 0)
		r = look_up(other, search->key, &s, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	} else if (r == 0 && search->hits++ == 0) {
		struct repo swap = *search->repo;

		*search->repo = *other;
		*other = swap;
		fallback_follow(search->repo->hub.shared, search->repo);
		fallback_follow(other->hub.shared, other);
		*search->out = s;
		s = (struct session){ .name = NULL };
	}
	session_release(&s);
	return r;
}

/* Outside a repository: in every known one. */
static int find_everywhere(struct repo *repo, const struct caller *caller, const char *key,
	struct session *out, struct error *err)
{
	struct search search = { .key = key, .repo = repo, .out = out };
	struct buf state = BUF_INIT;
	int r;

	buf_adds(&state, repo->state.data);
	r = buf_check(&state, err);
	if (r == 0)
		r = repo_visit_all(caller, state.data, search_one, &search, NULL, err);
	buf_release(&state);
	if (r == 0 && search.hits == 1)
		return repo_follow(repo, out, err);
	if (r == 0 && search.hits == 0)
		return not_found(key, err);
	if (search.hits) {
		session_release(out);
		*out = (struct session){ .name = NULL };
	}
	if (r < 0)
		return r;
	error_set(err, ERR_USAGE, "%zu repositories have a session '%s'", search.hits, key);
	return error_hint(err, "change to the repository, or give it with --repo");
}

int repo_find_session(struct repo *repo, const struct caller *caller, const char *path,
	const char *key, struct session *out, struct error *err)
{
	int r = repo_open(repo, caller, path, err);

	if (r == 0 && (repo->known || path || !key))
		return find_here(repo, key, out, err);
	if (r < 0 && (r != ERR_NOTFOUND || path))
		return r;
	if (!key)
		return r;
	error_clear(err);
	return find_everywhere(repo, caller, key, out, err);
}

int repo_reread_session(struct repo *repo, struct session *s, struct error *err)
{
	struct session fresh = { .name = NULL };
	int r = repo_project(repo, err);

	if (r == 0)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_ID, s->id, &fresh, err);
	if (r == 0) {
		session_release(s);
		*s = fresh;
	}
	return r;
}
