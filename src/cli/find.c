/* Which session does a command mean? */
#include "cli/context.h"

#include "core/fs.h"
#include "core/names.h"

/* By id, else by name, else by task, in one repository that is projected. */
static int look_up(struct context *c, const char *key, struct session *out, struct error *err)
{
	struct buf task = BUF_INIT;
	struct error bad = ERROR_INIT;
	int r = ERR_NOTFOUND;

	if (strchr(key, '~'))
		return label_find(c, key, out, err);
	if (id_is_uuid(key))
		r = c->backend->ops->get(c->backend, context_store(c), KEY_ID, key, out, err);
	if (r == ERR_NOTFOUND)
		r = c->backend->ops->get(c->backend, context_store(c), KEY_NAME, key, out, err);
	if (r == ERR_NOTFOUND && name_task_id(key, &task, &bad) == 0)
		r = c->backend->ops->get(
			c->backend, context_store(c), KEY_TASK, task.data, out, err);
	buf_release(&task);
	return r;
}

static int not_found(const char *key, struct error *err)
{
	error_set(err, ERR_NOTFOUND, "there is no session '%s'", key);
	return error_hint(err, "'minsky session list' shows those there are");
}

static int find_here(struct context *c, const char *key, struct session *out, struct error *err)
{
	int r;

	if (!c->known) {
		if (key)
			return not_found(key, err);
		error_set(err, ERR_NOTFOUND, "this repository has no sessions");
		return error_hint(err, "'minsky session start NAME' starts one");
	}
	if (!key && !c->pointer.session[0]) {
		error_set(err, ERR_USAGE, "which session?");
		return error_hint(err, "name one, or go into its workspace");
	}
	r = context_project(c, err);
	if (r < 0)
		return r;
	if (!key)
		r = c->backend->ops->get(
			c->backend, context_store(c), KEY_ID, c->pointer.session, out, err);
	else
		r = look_up(c, key, out, err);
	if (r == ERR_NOTFOUND && key)
		return not_found(key, err);
	return r < 0 ? r : context_follow(c, out, err);
}

/* Outside a repository: in every known one. */
static int find_everywhere(
	struct context *c, struct app *app, const char *key, struct session *out, struct error *err)
{
	struct repo_list list = { NULL, 0 };
	size_t hits = 0;
	int r = repo_list_load(&list, c->state.data, err);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		struct context other = CONTEXT_INIT;
		struct session s = { .name = NULL };

		r = context_open_journal(&other, app, list.v[i].journal, err);
		if (r == 0)
			r = context_project(&other, err);
		if (r == 0)
			r = look_up(&other, key, &s, err);
		if (r == ERR_NOTFOUND) {
			r = 0;
		} else if (r == 0 && hits++ == 0) {
			struct context swap = *c;

			*c = other;
			other = swap;
			*out = s;
			s = (struct session){ .name = NULL };
		}
		session_release(&s);
		context_release(&other);
	}
	repo_list_release(&list);
	if (r < 0)
		return r;
	if (hits == 1)
		return context_follow(c, out, err);
	if (hits == 0)
		return not_found(key, err);
	session_release(out);
	*out = (struct session){ .name = NULL };
	error_set(err, ERR_USAGE, "%zu repositories have a session '%s'", hits, key);
	return error_hint(err, "go into the repository, or name it with --repo");
}

int context_find_session(struct context *c, struct app *app, const char *repo, const char *key,
	struct session *out, struct error *err)
{
	int r = context_open(c, app, repo, err);

	if (r == 0 && (c->known || repo || !key))
		return find_here(c, key, out, err);
	if (r < 0 && (r != ERR_NOTFOUND || repo))
		return r;
	if (!key)
		return r;
	error_clear(err);
	return find_everywhere(c, app, key, out, err);
}
