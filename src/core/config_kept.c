#include "core/config_kept.h"

#include "core/config_parts.h"
#include "core/fs.h"
#include "core/json.h"
#include "core/jsonw.h"

void config_kept_release(struct config_kept *k)
{
	for (size_t i = 0; k->raw && i < n_config_keys; i++)
		free(k->raw[i]);
	free(k->raw);
	free(k->branch);
	*k = (struct config_kept)CONFIG_KEPT_INIT;
}

const char *config_kept_branch(const struct config_kept *k)
{
	return k->branch + (strncmp(k->branch, "refs/heads/", 11) == 0 ? 11 : 0);
}

static int read_settings(struct config_kept *k, const struct json *settings, struct error *err)
{
	for (const struct json *j = json_first(settings); j; j = json_next(j)) {
		size_t key = config_key_find(json_key(j));

		/* A newer minsky's key decides nothing here. */
		if (key == SIZE_MAX || !json_is_string(j))
			continue;
		k->raw[key] = strdup(json_string(j));
		if (!k->raw[key])
			return error_nomem(err);
	}
	return 0;
}

int config_kept_load(struct config_kept *out, const char *path, struct error *err)
{
	struct config_kept k = CONFIG_KEPT_INIT;
	struct buf text = BUF_INIT;
	struct json *j = NULL;
	int r = fs_read_private(path, CONFIG_MAX_FILE, &text, err);

	if (r < 0)
		goto out;
	r = json_parse(&j, text.data, text.len, err);
	if (r == 0 && !json_get_string(j, "branch"))
		r = error_set(err, ERR_CORRUPT, "no branch is given");
	if (r < 0) {
		error_wrap(err, "'%s'", path);
		error_hint(
			err, "to write it again from the branch that is checked out: minsky trust");
		goto out;
	}
	k.raw = calloc(n_config_keys, sizeof(*k.raw));
	k.branch = strdup(json_get_string(j, "branch"));
	r = k.raw && k.branch ? read_settings(&k, json_get(j, "settings"), err) : error_nomem(err);
	if (r == 0) {
		*out = k;
		k = (struct config_kept)CONFIG_KEPT_INIT;
	}
out:
	json_free(j);
	buf_release(&text);
	config_kept_release(&k);
	return r;
}

bool config_kept_says(const struct config_kept *old, const struct config *c)
{
	for (size_t i = 0; i < n_config_keys; i++) {
		const char *is = c->v[i].repository, *was = old->raw[i];

		if (!is != !was || (is && strcmp(is, was) != 0))
			return false;
	}
	return true;
}

int config_kept_save(const struct config_kept *old, const struct config *c, const char *branch,
	const char *path, struct error *err)
{
	struct buf text = BUF_INIT;
	struct jsonw w;
	int r;

	if (old && strcmp(old->branch, branch) == 0 && config_kept_says(old, c))
		return 0;
	jsonw_init(&w, &text, false);
	jsonw_begin_object(&w);
	jsonw_ku64(&w, "schema", 1);
	jsonw_kstring(&w, "branch", branch);
	jsonw_key(&w, "settings");
	jsonw_begin_object(&w);
	for (size_t i = 0; i < n_config_keys; i++)
		if (c->v[i].repository)
			jsonw_kstring(&w, config_keys[i].name, c->v[i].repository);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	buf_addch(&text, '\n');
	r = buf_check(&text, err);
	if (r == 0)
		r = fs_replace(path, text.data, text.len, 0600, true, err);
	buf_release(&text);
	return r;
}
