#include "core/fs.h"
#include "core/json.h"
#include "core/jsonw.h"
#include "core/repo_file.h"

/*
 * repo.json:
 *
 *	{"schema":1,"id":"<32 hex>","name":"org/repo","mainPath":"<path>","urls":["host/org/repo"],
 *	 "clones":[{"id":"<32 hex>","path":"<path>","session":"<uuid>"}],
 *	 "hubs":[{"id":"<16 hex>","key":"<32 hex>"}]}
 *
 * "hubs" only once there is one, "session" only for a workspace, "mainPath" only once it is known.
 * The journal's own directory is not in it: the file lies there.
 */
#define REPO_FILE "repo.json"
#define REPO_SCHEMA 1
#define REPO_MAX (16u << 20)

static int missing(const char *what, struct error *err)
{
	return error_set(err, ERR_CORRUPT, "'%s' is missing or not valid", what);
}

static int take_string(
	char **out, const struct json_slice *value, const char *key, struct error *err)
{
	char *text = NULL;
	int rc = json_slice_string(value, &text, err);

	if (rc < 0)
		return rc;
	if (!text)
		return missing(key, err);
	free(*out);
	*out = text;
	return 0;
}

static int read_url(struct repo_file *r, const struct json_slice *text, struct error *err)
{
	char *url = NULL;
	int rc = take_string(&url, text, "urls", err);

	if (rc == 0)
		rc = repo_file_add_url(r, url, err);
	free(url);
	return rc;
}

struct member {
	const char *name;
	char *value; /* NULL: not there; the caller's */
};

/* The texts of an object; members that are not asked for are passed over. */
static int read_members(const struct json_slice *text, const char *where, struct member *v,
	size_t n, struct error *err)
{
	bool more = json_slice_is(text, '{');
	size_t pos = 0;
	int rc = more ? 0 : missing(where, err);

	while (rc == 0 && more) {
		struct json_slice key, value;

		rc = json_next_member(text->at, text->len, &pos, &key, &value, &more, err);
		for (size_t i = 0; rc == 0 && more && i < n; i++)
			if (json_key_is(&key, v[i].name))
				rc = take_string(&v[i].value, &value, where, err);
	}
	return rc;
}

static int read_clone(struct repo_file *r, const struct json_slice *text, struct error *err)
{
	struct member v[] = { { .name = "id" }, { .name = "path" }, { .name = "session" } };
	int rc = read_members(text, "clones", v, 3, err);

	if (rc == 0)
		rc = v[0].value && v[1].value
			? repo_file_add_clone(r, v[0].value, v[1].value, v[2].value, err)
			: missing("clones", err);
	for (size_t i = 0; i < 3; i++)
		free(v[i].value);
	return rc;
}

static int read_hub(struct repo_file *r, const struct json_slice *text, struct error *err)
{
	struct member v[] = { { .name = "id" }, { .name = "key" } };
	int rc = read_members(text, "hubs", v, 2, err);

	if (rc == 0)
		rc = v[0].value && v[1].value
			? repo_file_set_hub_key(r, v[0].value, v[1].value, err)
			: missing("hubs", err);
	for (size_t i = 0; i < 2; i++)
		free(v[i].value);
	return rc;
}

typedef int read_one(struct repo_file *r, const struct json_slice *text, struct error *err);

static int read_all(struct repo_file *r, const struct json_slice *list, const char *name,
	read_one *one, struct error *err)
{
	bool more = json_slice_is(list, '[');
	size_t pos = 0;

	if (!more)
		return missing(name, err);
	for (;;) {
		struct json_slice value;
		int rc = json_next_element(list->at, list->len, &pos, &value, &more, err);

		if (rc == 0 && more)
			rc = one(r, &value, err);
		if (rc < 0 || !more)
			return rc;
	}
}

static int check_schema(const struct json_slice *value, struct error *err)
{
	uint64_t schema;

	if (!json_slice_u64(value, &schema))
		return missing("schema", err);
	if (schema <= REPO_SCHEMA)
		return 0;
	error_set(err, ERR_UNSUPPORTED, "schema %llu is newer than this minsky",
		(unsigned long long)schema);
	return error_hint(err, "use the newer version of minsky that wrote it");
}

/* The members, in the order in which they are read: whether the rest is ours depends on the first.
 */
enum { M_SCHEMA, M_ID, M_NAME, M_MAIN_PATH, M_URLS, M_CLONES, M_HUBS, N_MEMBERS };

static int read_repo(struct repo_file *r, const struct buf *text, struct error *err)
{
	static const char *const names[N_MEMBERS] = { "schema", "id", "name", "mainPath", "urls",
		"clones", "hubs" };
	const size_t space = strspn(text->data, " \t\r\n");
	const struct json_slice all = { text->data + space, text->len - space };
	struct json_slice v[N_MEMBERS] = { { .len = 0 } }, key, value;
	bool more = json_slice_is(&all, '{');
	size_t pos = 0;
	char *id = NULL;
	int rc = 0;

	while (more) {
		rc = json_next_member(all.at, all.len, &pos, &key, &value, &more, err);
		if (rc < 0)
			return rc;
		for (size_t i = 0; more && i < N_MEMBERS; i++)
			if (json_key_is(&key, names[i]))
				v[i] = value;
	}
	rc = check_schema(&v[M_SCHEMA], err);
	if (rc == 0)
		rc = take_string(&id, &v[M_ID], "id", err);
	if (rc == 0 && !id_is_hex(id, ID_HEX_SIZE - 1))
		rc = missing("id", err);
	if (rc == 0)
		memcpy(r->id, id, ID_HEX_SIZE);
	free(id);
	if (rc == 0)
		rc = take_string(&r->name, &v[M_NAME], "name", err);
	if (rc == 0 && v[M_MAIN_PATH].len)
		rc = take_string(&r->main_path, &v[M_MAIN_PATH], "mainPath", err);
	if (rc == 0)
		rc = read_all(r, &v[M_URLS], "urls", read_url, err);
	if (rc == 0)
		rc = read_all(r, &v[M_CLONES], "clones", read_clone, err);
	if (rc == 0 && v[M_HUBS].len)
		rc = read_all(r, &v[M_HUBS], "hubs", read_hub, err);
	return rc;
}

int repo_file_load(struct repo_file *out, const char *journal, struct error *err)
{
	struct repo_file r = REPO_FILE_INIT;
	struct buf path = BUF_INIT, text = BUF_INIT;
	int rc;

	fs_join(&path, journal, REPO_FILE);
	rc = buf_check(&path, err);
	if (rc == 0)
		rc = fs_read_private(path.data, REPO_MAX, &text, err);
	if (rc < 0)
		goto out;
	rc = json_check(text.data, text.len, err);
	if (rc == 0)
		rc = read_repo(&r, &text, err);
	if (rc < 0) {
		error_wrap(err, "cannot read '%s'", path.data);
		goto out;
	}
	r.journal = strdup(journal);
	if (!r.journal) {
		rc = error_nomem(err);
		goto out;
	}
	*out = r;
	r = (struct repo_file)REPO_FILE_INIT;
out:
	repo_file_release(&r);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

static void write_repo(struct jsonw *w, const struct repo_file *r)
{
	jsonw_begin_object(w);
	jsonw_ku64(w, "schema", REPO_SCHEMA);
	jsonw_kstring(w, "id", r->id);
	jsonw_kstring(w, "name", r->name);
	if (r->main_path)
		jsonw_kstring(w, "mainPath", r->main_path);
	jsonw_key(w, "urls");
	jsonw_begin_array(w);
	for (size_t i = 0; i < r->n_urls; i++)
		jsonw_string(w, r->urls[i]);
	jsonw_end_array(w);
	jsonw_key(w, "clones");
	jsonw_begin_array(w);
	for (size_t i = 0; i < r->n_clones; i++) {
		jsonw_begin_object(w);
		jsonw_kstring(w, "id", r->clones[i].id);
		jsonw_kstring(w, "path", r->clones[i].path);
		jsonw_kstring_opt(w, "session", r->clones[i].session);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	if (r->n_hubs) {
		jsonw_key(w, "hubs");
		jsonw_begin_array(w);
		for (size_t i = 0; i < r->n_hubs; i++) {
			jsonw_begin_object(w);
			jsonw_kstring(w, "id", r->hubs[i].id);
			jsonw_kstring(w, "key", r->hubs[i].key);
			jsonw_end_object(w);
		}
		jsonw_end_array(w);
	}
	jsonw_end_object(w);
}

int repo_file_save(const struct repo_file *r, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct jsonw w;
	int rc;

	jsonw_init(&w, &text, true);
	write_repo(&w, r);
	buf_addch(&text, '\n');
	fs_join(&path, r->journal, REPO_FILE);
	rc = buf_check(&text, err);
	if (rc == 0)
		rc = buf_check(&path, err);
	if (rc == 0)
		rc = fs_replace(path.data, text.data, text.len, 0600, true, err);
	buf_release(&path);
	buf_release(&text);
	return rc;
}
