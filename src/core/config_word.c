#include "core/array.h"
#include "core/config_parts.h"

int config_add_note(struct config *c, const struct config_note *n, struct error *err)
{
	struct config_note copy = *n;

	if (!ARRAY_GROW_SHORT(c->notes, c->n_notes))
		return error_nomem(err);
	copy.name = strdup(n->name);
	copy.value = strdup(n->value);
	copy.origin = strdup(n->origin);
	if (!copy.name || !copy.value || !copy.origin) {
		free(copy.name);
		free(copy.value);
		free(copy.origin);
		return error_nomem(err);
	}
	c->notes[c->n_notes++] = copy;
	return 0;
}

int config_note_word(struct config *c, enum config_note_kind kind, const struct config_word *w,
	struct error *err)
{
	const struct config_note n = {
		.kind = kind,
		.level = w->level,
		.key = &config_keys[w->key],
		.name = (char *)w->name,
		.value = (char *)w->raw,
		.origin = (char *)w->origin,
	};

	return config_add_note(c, &n, err);
}

int config_set_word(struct config *c, const struct config_word *w, struct error *err)
{
	struct setting *s = &c->v[w->key];
	char *raw, *origin;
	int r = 0;

	if (s->raw && (s->level > w->level || (w->old && s->level == w->level)))
		return config_note_word(c, CONFIG_NOTE_OVERRIDDEN, w, err);
	if (s->raw) {
		const struct config_word was = { .key = w->key,
			.level = s->level,
			.name = config_keys[w->key].name,
			.raw = s->raw,
			.origin = s->origin };

		r = config_note_word(c, CONFIG_NOTE_OVERRIDDEN, &was, err);
	}
	if (r < 0)
		return r;
	raw = strdup(w->raw);
	origin = strdup(w->origin);
	if (!raw || !origin) {
		free(raw);
		free(origin);
		return error_nomem(err);
	}
	free(s->raw);
	free(s->origin);
	s->level = w->level;
	s->old = w->old;
	s->raw = raw;
	s->origin = origin;
	return 0;
}

bool config_word_is_kept(const struct config_word *w)
{
	return config_keys[w->key].kept && !config_is_credential(&config_keys[w->key], w->raw);
}

int config_remember_word(struct config *c, const struct config_word *w, struct error *err)
{
	struct setting *s = &c->v[w->key];
	char *copy;

	if (!config_word_is_kept(w) || (w->old && s->repository))
		return 0;
	copy = strdup(w->raw);
	if (!copy)
		return error_nomem(err);
	free(s->repository);
	s->repository = copy;
	return 0;
}

int config_word_is_trusted(const struct config_sources *sources, const struct config_word *w,
	bool *out, struct error *err)
{
	const struct config_key *key = &config_keys[w->key];

	*out = !config_needs_trust(key, w->raw);
	return *out || !sources->trusted
		? 0
		: sources->trusted(sources->trusted_arg, key, w->raw, out, err);
}
