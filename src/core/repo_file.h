/*
 * repo_file.h - a repository as minsky knows it: <journal directory>/repo.json.
 *
 * Identity is a random id. Canonical remote URLs are aliases of it; a repository without a
 * remote is known by the real path of its common git directory. The file also lists the clones
 * of this machine, so that everything of a repository can be found from it.
 */
#ifndef CORE_REPO_FILE_H
#define CORE_REPO_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/id.h"

struct repo_file_clone {
	char id[ID_HEX_SIZE];
	char *path; /* common git directory */
	char session[ID_UUID_SIZE]; /* "" unless it is a session's workspace */
};

/* By which key a hub knows the repository. */
struct repo_file_hub {
	char *id; /* names the hub: digits that its settings give */
	char key[ID_HEX_SIZE];
};

struct repo_file {
	char id[ID_HEX_SIZE];
	char *name; /* repoName: "org/repo" or "local-<name>" */
	char *journal; /* absolute path of the journal directory */
	char **urls; /* canonical remote URLs */
	size_t n_urls;
	char *main_path; /* common git directory of the clone that minsky met first */
	struct repo_file_clone *clones; /* sorted by id */
	size_t n_clones;
	struct repo_file_hub *hubs;
	size_t n_hubs;
};

#define REPO_FILE_INIT                                                                             \
	{                                                                                          \
		.name = NULL                                                                       \
	}

void repo_file_release(struct repo_file *r);
/* Read and replace <journal>/repo.json. repo_save keeps the file's unknown members out. */
int repo_file_load(struct repo_file *out, const char *journal, struct error *err);
int repo_file_save(const struct repo_file *r, struct error *err);
int repo_file_add_url(struct repo_file *r, const char *canonical, struct error *err);
int repo_file_add_clone(struct repo_file *r, const char *id, const char *path, const char *session,
	struct error *err);
/* NULL: not known there yet. */
const char *repo_file_hub_key(const struct repo_file *r, const char *hub);
int repo_file_set_hub_key(struct repo_file *r, const char *hub, const char *key, struct error *err);
bool repo_file_has_url(const struct repo_file *r, const char *canonical);
const struct repo_file_clone *repo_file_find_clone(const struct repo_file *r, const char *id);

struct repo_file_list {
	struct repo_file *v;
	size_t n;
};

/* Every repository that has a journal below <state>/journal. Unreadable ones are skipped. */
int repo_file_list_load(struct repo_file_list *out, const char *state_dir, struct error *err);
void repo_file_list_release(struct repo_file_list *l);

#endif
