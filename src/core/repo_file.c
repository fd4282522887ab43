#include "core/repo_file.h"

#include "core/array.h"
#include "core/dir.h"
#include "core/fs.h"

void repo_file_release(struct repo_file *r)
{
	for (size_t i = 0; i < r->n_urls; i++)
		free(r->urls[i]);
	for (size_t i = 0; i < r->n_clones; i++)
		free(r->clones[i].path);
	for (size_t i = 0; i < r->n_hubs; i++)
		free(r->hubs[i].id);
	free(r->urls);
	free(r->clones);
	free(r->hubs);
	free(r->name);
	free(r->journal);
	free(r->main_path);
	*r = (struct repo_file)REPO_FILE_INIT;
}

bool repo_file_has_url(const struct repo_file *r, const char *canonical)
{
	for (size_t i = 0; i < r->n_urls; i++)
		if (strcmp(r->urls[i], canonical) == 0)
			return true;
	return false;
}

int repo_file_add_url(struct repo_file *r, const char *canonical, struct error *err)
{
	char *copy;

	if (repo_file_has_url(r, canonical))
		return 0;
	if (!ARRAY_GROW_SHORT(r->urls, r->n_urls))
		return error_nomem(err);
	copy = strdup(canonical);
	if (!copy)
		return error_nomem(err);
	r->urls[r->n_urls++] = copy;
	return 0;
}

/* The clones are sorted by it. */
static int by_id(const void *key, const void *element)
{
	return strcmp(key, ((const struct repo_file_clone *)element)->id);
}

const struct repo_file_clone *repo_file_find_clone(const struct repo_file *r, const char *id)
{
	size_t at;

	return ARRAY_FIND(id, r->clones, r->n_clones, by_id, &at) ? &r->clones[at] : NULL;
}

/* The clone of that id, or a new empty one in its place. */
static struct repo_file_clone *clone_slot(struct repo_file *r, const char *id, struct error *err)
{
	size_t at;

	if (ARRAY_FIND(id, r->clones, r->n_clones, by_id, &at))
		return &r->clones[at];
	if (!ARRAY_GROW_SHORT(r->clones, r->n_clones)) {
		error_nomem(err);
		return NULL;
	}
	ARRAY_OPEN(r->clones, r->n_clones, at);
	r->clones[at] = (struct repo_file_clone){ .path = NULL };
	memcpy(r->clones[at].id, id, ID_HEX_SIZE);
	r->n_clones++;
	return &r->clones[at];
}

int repo_file_add_clone(struct repo_file *r, const char *id, const char *path, const char *session,
	struct error *err)
{
	struct repo_file_clone *clone;
	char *copy;

	if (!id_is_hex(id, ID_HEX_SIZE - 1))
		return error_set(err, ERR_CORRUPT, "not a clone's id: '%s'", id);
	if (session && *session && !id_is_uuid(session))
		return error_set(err, ERR_CORRUPT, "not a session's id: '%s'", session);
	copy = strdup(path);
	if (!copy)
		return error_nomem(err);
	clone = clone_slot(r, id, err);
	if (!clone) {
		free(copy);
		return err->code;
	}
	free(clone->path);
	clone->path = copy;
	memset(clone->session, 0, sizeof(clone->session));
	if (session && *session)
		memcpy(clone->session, session, ID_UUID_SIZE);
	return 0;
}

static struct repo_file_hub *find_hub(const struct repo_file *r, const char *hub)
{
	for (size_t i = 0; i < r->n_hubs; i++)
		if (strcmp(r->hubs[i].id, hub) == 0)
			return &r->hubs[i];
	return NULL;
}

const char *repo_file_hub_key(const struct repo_file *r, const char *hub)
{
	const struct repo_file_hub *found = find_hub(r, hub);

	return found ? found->key : NULL;
}

int repo_file_set_hub_key(struct repo_file *r, const char *hub, const char *key, struct error *err)
{
	struct repo_file_hub *found = find_hub(r, hub);

	if (!id_is_hex(key, ID_HEX_SIZE - 1))
		return error_set(err, ERR_CORRUPT, "not a hub's key: '%s'", key);
	if (!found) {
		char *id;

		if (!ARRAY_GROW_SHORT(r->hubs, r->n_hubs) || !(id = strdup(hub)))
			return error_nomem(err);
		found = &r->hubs[r->n_hubs++];
		found->id = id;
	}
	memcpy(found->key, key, ID_HEX_SIZE);
	return 0;
}

static int list_append(struct repo_file_list *l, struct repo_file *r, struct error *err)
{
	if (!ARRAY_GROW_SHORT(l->v, l->n))
		return error_nomem(err);
	l->v[l->n++] = *r;
	*r = (struct repo_file)REPO_FILE_INIT;
	return 0;
}

static int by_journal(const void *a, const void *b)
{
	return strcmp(
		((const struct repo_file *)a)->journal, ((const struct repo_file *)b)->journal);
}

static int list_dir(
	struct repo_file_list *list, struct dir *dir, const char *path, struct error *err)
{
	struct buf journal = BUF_INIT;
	const char *name;
	int rc;

	while ((rc = dir_next(dir, &name, err)) == 0 && name) {
		struct repo_file r = REPO_FILE_INIT;
		struct error skipped = ERROR_INIT;

		if (name[0] == '.')
			continue;
		fs_join(&journal, path, name);
		rc = buf_check(&journal, err);
		if (rc == 0 && repo_file_load(&r, journal.data, &skipped) == 0)
			rc = list_append(list, &r, err);
		repo_file_release(&r);
		if (rc < 0)
			break;
	}
	buf_release(&journal);
	if (rc == 0 && list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_journal);
	return rc;
}

int repo_file_list_load(struct repo_file_list *out, const char *state_dir, struct error *err)
{
	struct repo_file_list list = { .v = NULL };
	struct buf path = BUF_INIT;
	struct dir dir = DIR_INIT;
	int rc;

	fs_join(&path, state_dir, "journal");
	rc = buf_check(&path, err);
	if (rc < 0)
		goto out;
	rc = dir_open_or_empty(&dir, path.data, err);
	if (rc == 0)
		rc = list_dir(&list, &dir, path.data, err);
	if (rc < 0)
		goto out;
	*out = list;
	list = (struct repo_file_list){ .v = NULL };
out:
	dir_close(&dir);
	repo_file_list_release(&list);
	buf_release(&path);
	return rc;
}

void repo_file_list_release(struct repo_file_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		repo_file_release(&l->v[i]);
	free(l->v);
	*l = (struct repo_file_list){ .v = NULL };
}
