/*
 * json_store.h - the content of the JSON backend's file, in memory.
 *
 *	{
 *	"schema":1,
 *	"repositories":{
 *	"<repository id>":{
 *	"heads":[{"origin":"<32 hex>","seq":12,"hash":"<64 hex>"}],
 *	"sessions":[
 *	{"record":{...},"key":{...},"events":9}
 *	]}
 *	}
 *	}
 *
 * One session a line, by session id, so that two versions of the file can be compared line by line.
 * Members that are not known, at any of these levels, are written back as they came. Rows are kept
 * as text and decoded when they are asked for.
 */
#ifndef BACKENDS_JSON_STORE_H
#define BACKENDS_JSON_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/id.h"
#include "core/json.h"
#include "core/session.h"

struct store_member {
	struct json_slice key, value;
};

/* Members that we do not know, in the order of the file. */
struct store_members {
	struct store_member *v;
	size_t n;
};

struct store_row {
	struct json_slice text; /* in the store's text, or in `own` */
	char *own;
	char id[ID_UUID_SIZE]; /* "" until the repository is indexed */
};

struct store_repo {
	struct json_slice id; /* key of the file, undecoded */
	char *own_id;
	struct json_slice heads;
	char *own_heads;
	struct store_row *rows;
	size_t n_rows, cap_rows;
	bool indexed; /* rows have ids and are sorted by them */
	struct store_members unknown;
};

struct store {
	struct buf text; /* what was read; most slices point into it */
	struct store_repo *repos;
	size_t n_repos;
	struct store_members unknown;
};

#define STORE_INIT                                                                                 \
	{                                                                                          \
		.text = BUF_INIT                                                                   \
	}

void store_release(struct store *s);
/*
 * Takes over `text`. ERR_CORRUPT for what is not such a document, ERR_UNSUPPORTED for a newer
 * schema and for the file of the program that minsky replaces.
 */
int store_parse(struct store *out, struct buf *text, struct error *err);
int store_write(struct buf *out, const struct store *s, struct error *err);

/* NULL: the store has never seen it. */
struct store_repo *store_find(struct store *s, const char *repo_id);
int store_add(struct store *s, const char *repo_id, struct store_repo **out, struct error *err);

/* Give every row its id, in order. ERR_CORRUPT if a row has none or two have the same. */
int store_index(struct store_repo *r, struct error *err);
/* Of an indexed repository; NULL: not there. */
struct store_row *store_row_find(struct store_repo *r, const char *session_id);
int store_row_put(struct store_repo *r, const struct session *s, struct error *err);
void store_row_remove(struct store_repo *r, struct store_row *row);
void store_rows_clear(struct store_repo *r);

#endif
