#include "core/config.h"

#include <assert.h>

#include "core/config_parts.h"
#include "core/duration.h"
#include "core/text.h"

/* Into *out, for free(). */
static int resolve(char **out, const struct config_key *key, const char *raw, const char *origin,
	struct error *err)
{
	struct buf value = BUF_INIT;
	int r = config_expand(key, raw, origin, &value, err);

	if (!r)
		r = config_check(key, value.data, origin, err);
	if (!r) {
		*out = buf_detach(&value);
		if (!*out)
			r = error_nomem(err);
	}
	buf_release(&value);
	return r;
}

/* Expand and check what won; what it overrode may be wrong, it has no effect. */
static int finish(struct config *c, const struct config_sources *sources, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < n_config_keys && !r; i++) {
		const struct config_key *key = &config_keys[i];
		struct setting *s = &c->v[i];
		const char *raw = s->raw ? s->raw : key->default_value;

		if (!s->origin)
			s->origin = strdup("default");
		if (!s->origin)
			return error_nomem(err);
		if (!raw)
			continue;
		r = resolve(&s->value, key, raw, s->origin, err);
		if (r == ERR_USAGE && sources->wrong) {
			sources->wrong(sources->warn_arg, err->msg);
			error_clear(err);
			r = 0;
		}
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
	r = c->v ? config_read_sources(c, sources, err) : error_nomem(err);
	if (!r)
		r = finish(c, sources, err);
	if (!r) {
		*out = c;
		c = NULL;
	}
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
		free(c->v[i].repository);
	}
	for (size_t i = 0; i < c->n_notes; i++) {
		free(c->notes[i].name);
		free(c->notes[i].value);
		free(c->notes[i].origin);
	}
	free(c->v);
	free(c->notes);
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

const char *config_raw(const struct config *c, const char *name)
{
	const struct setting *s = setting_of(c, name);

	return s ? s->raw : NULL;
}

const struct config_note *config_note(const struct config *c, size_t i)
{
	return i < c->n_notes ? &c->notes[i] : NULL;
}

const char *config_level_name(enum config_level level)
{
	static const char *const names[] = { "default", "user", "repository", "override",
		"environment", "command-line" };

	return names[level];
}

const char *config_note_name(enum config_note_kind kind)
{
	static const char *const names[] = { "untrusted", "exposed", "other-branch", "overridden",
		"unknown" };

	return names[kind];
}

int config_find_key(const struct config_key **out, const char *name, struct error *err)
{
	const char *now = config_key_of_old(config_old_keys, name), *nearest;
	size_t key = config_key_find(now ? now : name);
	struct buf shown = BUF_INIT;
	int r;

	if (key != SIZE_MAX) {
		*out = &config_keys[key];
		return 0;
	}
	text_add_line(&shown, name, text_cut(name, strlen(name), 200));
	r = buf_check(&shown, err);
	if (!r) {
		nearest = config_key_nearest(name);
		r = error_set(err, ERR_USAGE, "unknown setting '%s'", shown.data);
		if (nearest)
			r = error_hint(err, "did you mean '%s'?", nearest);
		else
			r = error_hint(err, "to list settings: minsky config show");
	}
	buf_release(&shown);
	return r;
}

const char *config_old_name(const struct config_key *key, size_t i)
{
	for (const struct config_old *o = config_old_keys; o->old; o++)
		if (!strcmp(o->name, key->name) && !i--)
			return o->old;
	return NULL;
}

int config_check_value(
	const struct config_key *key, const char *raw, const char *where, struct error *err)
{
	char *value = NULL;
	int r = resolve(&value, key, raw, where, err);

	free(value);
	return r;
}
