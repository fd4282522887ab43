/* Which session does a command mean? */
#include "repo/repo.h"

#include "core/fs.h"
#include "core/names.h"

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
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_NAME, key, out, err);
	if (r == ERR_NOTFOUND && name_task_id(key, &task, &bad) == 0)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_TASK, task.data, out, err);
	buf_release(&task);
	return r;
}

static int not_found(const char *key, struct error *err)
{
	error_set(err, ERR_NOTFOUND, "there is no session '%s'", key);
	return error_hint(err, "'minsky session list' shows those there are");
}

static int find_here(struct repo *repo, const char *key, struct session *out, struct error *err)
{
	int r;

	if (!repo->known) {
		if (key)
			return not_found(key, err);
		error_set(err, ERR_NOTFOUND, "this repository has no sessions");
		return error_hint(err, "'minsky session start NAME' starts one");
	}
	if (!key && !repo->pointer.session[0]) {
		error_set(err, ERR_USAGE, "which session?");
		return error_hint(err, "name one, or go into its workspace");
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

/* Outside a repository: in every known one. */
static int find_everywhere(
	struct repo *repo, struct app *app, const char *key, struct session *out, struct error *err)
{
	struct repo_file_list list = { NULL, 0 };
	size_t hits = 0;
	int r = repo_file_list_load(&list, repo->state.data, err);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		struct repo other = REPO_INIT;
		struct session s = { .name = NULL };

		r = repo_open_journal(&other, app, list.v[i].journal, err);
		if (r == 0)
			r = repo_project(&other, err);
		if (r == 0)
			r = look_up(&other, key, &s, err);
		if (r == ERR_NOTFOUND) {
			r = 0;
		} else if (r == 0 && hits++ == 0) {
			struct repo swap = *repo;

			*repo = other;
			other = swap;
			*out = s;
			s = (struct session){ .name = NULL };
		}
		session_release(&s);
		repo_release(&other);
	}
	repo_file_list_release(&list);
	if (r < 0)
		return r;
	if (hits == 1)
		return repo_follow(repo, out, err);
	if (hits == 0)
		return not_found(key, err);
	session_release(out);
	*out = (struct session){ .name = NULL };
	error_set(err, ERR_USAGE, "%zu repositories have a session '%s'", hits, key);
	return error_hint(err, "go into the repository, or name it with --repo");
}

int repo_find_session(struct repo *repo, struct app *app, const char *path, const char *key,
	struct session *out, struct error *err)
{
	int r = repo_open(repo, app, path, err);

	if (r == 0 && (repo->known || path || !key))
		return find_here(repo, key, out, err);
	if (r < 0 && (r != ERR_NOTFOUND || path))
		return r;
	if (!key)
		return r;
	error_clear(err);
	return find_everywhere(repo, app, key, out, err);
}
