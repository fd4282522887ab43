#include "history/names.h"

#include "core/array.h"
#include "core/event_shape.h"
#include "core/names.h"

void history_names_release(struct history_names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		free(names->v[i].name);
		free(names->v[i].task);
	}
	free(names->v);
	own_origins_release(&names->own);
	*names = (struct history_names){ .v = NULL };
}

static int by_id(const void *key, const void *element)
{
	return strcmp(key, ((const struct history_name *)element)->id);
}

/* Is the id there? Where it is, or where it belongs. */
static bool find(const struct history_names *names, const char *id, size_t *at_out)
{
	return ARRAY_FIND(id, names->v, names->n, by_id, at_out);
}

static int insert(struct history_names *names, size_t at, const char *id, struct error *err)
{
	if (!ARRAY_GROW(names->v, names->n, names->cap))
		return error_nomem(err);
	ARRAY_OPEN(names->v, names->n, at);
	names->v[at] = (struct history_name){ .name = NULL };
	memcpy(names->v[at].id, id, ID_UUID_SIZE);
	names->n++;
	return 0;
}

static int set(char **member, const char *value, struct error *err)
{
	char *copy;

	if (!value || (*member && strcmp(*member, value) == 0))
		return 0;
	/* What tells it from another of that name stays. */
	if (*member && strncmp(*member, value, strlen(value)) == 0 &&
		(*member)[strlen(value)] == '~')
		return 0;
	copy = strdup(value);
	if (!copy)
		return error_nomem(err);
	free(*member);
	*member = copy;
	return 0;
}

static int add(struct history_names *names, const char *id, const char *name, const char *task,
	struct history_name **out, struct error *err)
{
	size_t at;
	int r = find(names, id, &at) ? 0 : insert(names, at, id, err);

	if (r == 0)
		r = set(&names->v[at].name, name, err);
	if (r == 0)
		r = set(&names->v[at].task, task, err);
	if (r == 0)
		*out = &names->v[at];
	return r;
}

int history_names_load(struct history_names *names, struct repo *repo, struct error *err)
{
	struct session_query every = { .deleted = true, .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	int r = repo_project(repo, err);

	own_origins_release(&names->own);
	if (r == 0)
		r = journal_own(repo->journal, &names->own, err);
	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &every, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++) {
		const struct session *s = &set.v[i];
		struct history_name *name = NULL;

		r = add(names, s->id, s->name ? display_name(repo, s) : NULL, s->task_id, &name,
			err);
		if (r == 0)
			name->deleted = s->deleted;
		if (r == 0)
			memcpy(name->owner, s->owner, sizeof(name->owner));
	}
	session_set_release(&set);
	return r;
}

int history_names_learn(struct history_names *names, const struct event *e, struct error *err)
{
	const char *name = NULL;
	struct history_name *learnt;

	switch (e->type) {
	case EVENT_SESSION_STARTING:
	case EVENT_SESSION_STARTED:
	case EVENT_SESSION_RENAMED:
		name = json_get_string(e->data, "name");
		break;
	case EVENT_SESSION_IMPORTED:
		name = json_get_string(json_get(e->data, "record"), "session");
		break;
	default:
		break;
	}
	if (!name || !e->session)
		return 0;
	return add(names, e->session, name, json_get_string(e->data, "taskId"), &learnt, err);
}

bool history_names_heeded(const struct history_names *names, const struct event *e)
{
	const char *by = e->key.origin;
	char rival[ID_UUID_SIZE];
	const char *owner;
	size_t at;

	if (!e->session || e->type == EVENT_UNKNOWN || event_who(e->type) != EVENT_BY_OWNER ||
		!find(names, e->session, &at))
		return true;
	owner = names->v[at].owner;
	if (!owner[0] || strcmp(owner, by) == 0 ||
		(own_origins_has(&names->own, owner) && own_origins_has(&names->own, by)))
		return true;
	/* His own session of that id, if he has one, and does not name hers. */
	session_rival_id(by, e->session, rival);
	return strcmp(e->owner, owner) != 0 && find(names, rival, &at);
}

const char *history_names_get(const struct history_names *names, const char *id)
{
	size_t at;

	return find(names, id, &at) ? names->v[at].name : NULL;
}

int history_names_find(const struct history_names *names, const char *key, char out[ID_UUID_SIZE],
	struct error *err)
{
	struct buf task = BUF_INIT;
	struct error bad = ERROR_INIT;
	const struct history_name *hit = NULL;

	(void)name_task_id(key, &task, &bad);
	for (int deleted = 0; deleted < 2 && !hit; deleted++) {
		for (size_t i = 0; i < names->n; i++) {
			const struct history_name *s = &names->v[i];

			if (s->deleted == (deleted == 1) &&
				(strcmp(s->id, key) == 0 ||
					(s->name && strcmp(s->name, key) == 0) ||
					(s->task && task.len && strcmp(s->task, task.data) == 0)))
				hit = s;
		}
	}
	buf_release(&task);
	if (!hit) {
		error_set(err, ERR_NOTFOUND, "there is no session '%s'", key);
		return error_hint(err, "to list all sessions: minsky session list --deleted");
	}
	memcpy(out, hit->id, ID_UUID_SIZE);
	return 0;
}
