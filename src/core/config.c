#include "core/config.h"

#include <assert.h>
#include <sys/stat.h>

#include "core/config_parts.h"
#include "core/duration.h"
#include "core/fs.h"
#include "core/paths.h"
#include "core/text.h"

#define UNKNOWN_MAX 10

/* Of one key: what the highest level says that speaks of it. */
struct setting {
	enum config_level level;
	bool old; /* under an old spelling, which yields to the new one of its level */
	char *raw;
	char *value; /* expanded */
	char *origin;
};

struct config {
	struct setting *v; /* one for each key, in the table's order */
};

/* A place that settings come from, while it is read. */
struct source {
	struct config *config;
	const struct config_sources *sources;
	enum config_level level;
	const char *name; /* for messages */
	bool exposed; /* others may read the file */
	unsigned unknown;
	struct buf ignored, credentials, old; /* lists of 'keys' for one warning each */
};

static int set(struct config *c, size_t key, enum config_level level, bool old, const char *raw,
	const char *origin, struct error *err)
{
	struct setting *s = &c->v[key];
	char *new_raw, *new_origin;

	if (s->raw && old && s->level == level)
		return 0;
	new_raw = strdup(raw);
	new_origin = strdup(origin);
	if (!new_raw || !new_origin) {
		free(new_raw);
		free(new_origin);
		return error_nomem(err);
	}
	free(s->raw);
	free(s->origin);
	*s = (struct setting){ .level = level, .old = old, .raw = new_raw, .origin = new_origin };
	return 0;
}

static int warn(const struct source *s, const struct buf *text, struct error *err)
{
	int r = buf_check(text, err);

	if (!r && s->sources->warn)
		s->sources->warn(s->sources->warn_arg, text->data);
	return r;
}

/* "<before><list><after>", if the list has anything in it. */
static int warn_list(const struct source *s, const char *before, const struct buf *list,
	const char *after, struct error *err)
{
	struct buf text = BUF_INIT;
	int r;

	if (!list->len && !list->failed)
		return 0;
	buf_addf(&text, "%s: %s", s->name, before);
	buf_add(&text, list->data, list->len);
	buf_adds(&text, after);
	text.failed |= list->failed;
	r = warn(s, &text, err);
	buf_release(&text);
	return r;
}

static void list_add(struct buf *list, const char *key, const char *now)
{
	buf_addf(list, "%s'%s'", list->len ? ", " : "", key);
	if (now)
		buf_addf(list, " is now '%s'", now);
}

static int warn_source(const struct source *s, struct error *err)
{
	struct buf text = BUF_INIT;
	int r = warn_list(s, "ignored ", &s->ignored,
		": a repository does not decide where data goes or what runs", err);

	if (!r)
		r = warn_list(s, "ignored ", &s->credentials,
			": others can read the file; run 'chmod 600' on it", err);
	if (!r)
		r = warn_list(s, "old spelling: ", &s->old, "", err);
	if (!r && s->unknown > UNKNOWN_MAX) {
		buf_addf(&text, "%s: %u more unknown keys", s->name, s->unknown - UNKNOWN_MAX);
		r = warn(s, &text, err);
		buf_release(&text);
	}
	return r;
}

static void source_release(struct source *s)
{
	buf_release(&s->ignored);
	buf_release(&s->credentials);
	buf_release(&s->old);
}

static const char *find_old(const struct config_old *table, const char *name)
{
	for (; table->old; table++)
		if (!strcmp(table->old, name))
			return table->name;
	return NULL;
}

static int warn_unknown(struct source *s, const struct config_node *node, struct error *err)
{
	const char *nearest = config_key_nearest(node->path);
	struct buf text = BUF_INIT;
	int r;

	if (s->unknown++ >= UNKNOWN_MAX)
		return 0;
	buf_addf(&text, "%s:%zu:%zu: unknown key '", s->name, node->line, node->column);
	text_add_line(&text, node->path, text_cut(node->path, strlen(node->path), 200));
	buf_addch(&text, '\'');
	if (nearest)
		buf_addf(&text, "; did you mean '%s'?", nearest);
	r = warn(s, &text, err);
	buf_release(&text);
	return r;
}

static int fail_shape(
	const struct source *s, const struct config_node *node, const char *what, struct error *err)
{
	return error_set(err, ERR_USAGE, "%s:%zu:%zu: '%s' %s", s->name, node->line, node->column,
		node->path, what);
}

static int on_node(void *arg, const struct config_node *node, struct error *err)
{
	struct source *s = arg;
	const char *now = find_old(config_old_keys, node->path);
	size_t key = config_key_find(now ? now : node->path);
	struct buf origin = BUF_INIT;
	int r;

	if (key == SIZE_MAX && config_key_is_section(node->path)) {
		if (node->kind == CONFIG_NODE_SECTION || node->kind == CONFIG_NODE_NULL)
			return 0;
		return fail_shape(s, node, "holds further keys, not a value", err);
	}
	if (key == SIZE_MAX)
		return node->kind == CONFIG_NODE_SECTION ? 0 : warn_unknown(s, node, err);
	if (node->kind == CONFIG_NODE_NULL)
		return 0;
	if (node->kind != CONFIG_NODE_TEXT)
		return fail_shape(s, node, "must be a single value", err);
	if (now)
		list_add(&s->old, node->path, now);
	if (s->level == CONFIG_REPOSITORY && config_keys[key].sensitive) {
		list_add(&s->ignored, node->path, NULL);
		return 0;
	}
	if (s->exposed && config_is_credential(&config_keys[key], node->value)) {
		list_add(&s->credentials, node->path, NULL);
		return 0;
	}
	buf_addf(&origin, "%s:%zu", s->name, node->line);
	r = buf_check(&origin, err);
	if (!r)
		r = set(s->config, key, s->level, now != NULL, node->value, origin.data, err);
	buf_release(&origin);
	return r;
}

static int load_text(struct config *c, const struct config_sources *sources,
	enum config_level level, const char *path, const char *text, size_t len, bool exposed,
	struct error *err)
{
	struct buf name = BUF_INIT;
	struct source s = {
		.config = c,
		.sources = sources,
		.level = level,
		.exposed = exposed,
		.ignored = BUF_INIT,
		.credentials = BUF_INIT,
		.old = BUF_INIT,
	};
	int r;

	text_add_line(&name, path, strlen(path));
	r = buf_check(&name, err);
	s.name = name.data;
	if (!r)
		r = config_yaml_walk(name.data, text, len, on_node, &s, err);
	if (!r)
		r = warn_source(&s, err);
	source_release(&s);
	buf_release(&name);
	return r;
}

static int load_file(struct config *c, const struct config_sources *sources,
	enum config_level level, const char *path, struct error *err)
{
	struct buf text = BUF_INIT;
	struct stat st;
	int r = fs_read(path, CONFIG_MAX_FILE, &text, err);

	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	} else if (r == ERR_CORRUPT) {
		/* Too large is a mistake in what the user wrote, no damage. */
		r = err->code = ERR_USAGE;
	} else if (!r) {
		bool exposed = stat(path, &st) != 0 || (st.st_mode & 0044);

		r = load_text(c, sources, level, path, text.data, text.len, exposed, err);
	}
	buf_release(&text);
	return r;
}

static int load_user(struct config *c, const struct config_sources *sources, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	if (sources->user_file)
		return load_file(c, sources, CONFIG_USER, sources->user_file, err);
	r = paths_config_file(&path, err);
	if (r == ERR_IO) {
		/* No home, so no file of the user's. */
		error_clear(err);
		r = 0;
	} else if (!r) {
		r = load_file(c, sources, CONFIG_USER, path.data, err);
	}
	buf_release(&path);
	return r;
}

static int load_repository(
	struct config *c, const struct config_sources *sources, struct error *err)
{
	const char *name = sources->repository_file;

	if (sources->repository_text)
		return load_text(c, sources, CONFIG_REPOSITORY, name ? name : ".minsky/config.yaml",
			sources->repository_text, sources->repository_text_len, false, err);
	return name ? load_file(c, sources, CONFIG_REPOSITORY, name, err) : 0;
}

static int load_environment(
	struct config *c, const struct config_sources *sources, struct error *err)
{
	struct source s = {
		.config = c,
		.sources = sources,
		.level = CONFIG_ENVIRONMENT,
		.name = "environment",
		.ignored = BUF_INIT,
		.credentials = BUF_INIT,
		.old = BUF_INIT,
	};
	const char *value;
	int r = 0;

	for (size_t i = 0; i < n_config_keys && !r; i++) {
		value = getenv(config_keys[i].variable);
		if (value && *value)
			r = set(c, i, s.level, false, value, config_keys[i].variable, err);
	}
	for (const struct config_old *o = config_old_variables; o->old && !r; o++) {
		size_t key = config_key_find(o->name);

		value = getenv(o->old);
		if (!value || !*value)
			continue;
		list_add(&s.old, o->old, config_keys[key].variable);
		r = set(c, key, s.level, true, value, o->old, err);
	}
	if (!r)
		r = warn_source(&s, err);
	source_release(&s);
	return r;
}

static int fail_setting(const char *setting, const char *what, const char *name, struct error *err)
{
	const char *nearest = name ? config_key_nearest(name) : NULL;
	struct buf shown = BUF_INIT;
	int r;

	text_add_line(&shown, setting, text_cut(setting, strlen(setting), 200));
	r = buf_check(&shown, err);
	if (!r) {
		r = error_set(err, ERR_USAGE, "setting '%s' %s", shown.data, what);
		if (nearest)
			r = error_hint(err, "did you mean '%s'?", nearest);
		else
			r = error_hint(err, "write it as key=value");
	}
	buf_release(&shown);
	return r;
}

static int load_command_line(
	struct config *c, const struct config_sources *sources, struct error *err)
{
	struct source s = {
		.sources = sources,
		.name = "command line",
		.ignored = BUF_INIT,
		.credentials = BUF_INIT,
		.old = BUF_INIT,
	};
	int r = 0;

	for (const char *const *p = sources->settings; p && *p && !r; p++) {
		const char *equals = strchr(*p, '='), *now;
		char *name;
		size_t key;

		if (!equals || equals == *p) {
			r = fail_setting(*p, "has no key and value", NULL, err);
			break;
		}
		name = strndup(*p, (size_t)(equals - *p));
		if (!name) {
			r = error_nomem(err);
			break;
		}
		now = find_old(config_old_keys, name);
		key = config_key_find(now ? now : name);
		if (now)
			list_add(&s.old, name, now);
		if (key == SIZE_MAX)
			r = fail_setting(name, "is not known", name, err);
		else
			r = set(c, key, CONFIG_COMMAND_LINE, false, equals + 1, s.name, err);
		free(name);
	}
	if (!r)
		r = warn_source(&s, err);
	source_release(&s);
	return r;
}

/* Expand and check what won; what it overrode may be wrong, it has no effect. */
static int finish(struct config *c, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < n_config_keys && !r; i++) {
		const struct config_key *key = &config_keys[i];
		struct setting *s = &c->v[i];
		const char *raw = s->raw ? s->raw : key->default_value;
		struct buf value = BUF_INIT;

		if (!s->origin)
			s->origin = strdup("default");
		if (!s->origin)
			return error_nomem(err);
		if (!raw)
			continue;
		r = config_expand(key, raw, s->level, s->origin, &value, err);
		if (!r)
			r = config_check(key, value.data, s->origin, err);
		if (!r) {
			s->value = buf_detach(&value);
			if (!s->value)
				r = error_nomem(err);
		}
		buf_release(&value);
	}
	return r;
}

int config_load(struct config **out, const struct config_sources *sources, struct error *err)
{
	struct config *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_nomem(err);
	c->v = calloc(n_config_keys, sizeof(*c->v));
	if (!c->v) {
		r = error_nomem(err);
		goto out;
	}
	r = load_user(c, sources, err);
	if (!r)
		r = load_repository(c, sources, err);
	if (!r)
		r = load_environment(c, sources, err);
	if (!r)
		r = load_command_line(c, sources, err);
	if (!r)
		r = finish(c, err);
	if (!r) {
		*out = c;
		c = NULL;
	}
out:
	config_free(c);
	return r;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->v && i < n_config_keys; i++) {
		free(c->v[i].raw);
		free(c->v[i].value);
		free(c->v[i].origin);
	}
	free(c->v);
	free(c);
}

static const struct setting *setting_of(const struct config *c, const char *name)
{
	size_t key = config_key_find(name);

	assert(key != SIZE_MAX);
	return key == SIZE_MAX ? NULL : &c->v[key];
}

const char *config_get(const struct config *c, const char *name)
{
	const struct setting *s = setting_of(c, name);

	return s ? s->value : NULL;
}

bool config_get_bool(const struct config *c, const char *name)
{
	const char *value = config_get(c, name);
	bool v = false;

	return value && config_parse_bool(value, &v) && v;
}

int64_t config_get_ms(const struct config *c, const char *name)
{
	const char *value = config_get(c, name);
	int64_t v = 0;

	return value && duration_parse(value, &v) ? v : 0;
}

int64_t config_get_int(const struct config *c, const char *name)
{
	const char *value = config_get(c, name);
	int64_t v = 0;

	return value && config_parse_int(value, &v) ? v : 0;
}

enum config_level config_level(const struct config *c, const char *name)
{
	const struct setting *s = setting_of(c, name);

	return s ? s->level : CONFIG_DEFAULT;
}

const char *config_origin(const struct config *c, const char *name)
{
	const struct setting *s = setting_of(c, name);

	return s ? s->origin : "default";
}
