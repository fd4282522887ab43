/*
 * config_parts.h - what the files of the configuration module share; nobody else includes it.
 */
#ifndef CORE_CONFIG_PARTS_H
#define CORE_CONFIG_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/config.h"
#include "core/error.h"

#define CONFIG_MAX_FILE 65536
#define CONFIG_MAX_VALUE 4096

/* config_keys.c */

/* A spelling of the TypeScript minsky, and the key that means the same. */
struct config_old {
	const char *old;
	const char *name;
};

extern const struct config_old config_old_keys[]; /* ends with NULLs */
extern const struct config_old config_old_variables[];

/* SIZE_MAX if there is no such key. */
size_t config_key_find(const char *name);
/* Is it the part of a key in front of a dot? */
bool config_key_is_section(const char *path);
/* The key that an old spelling stands for, or NULL. */
const char *config_key_of_old(const struct config_old *table, const char *old);
/* The known key that was probably meant, or NULL. */
const char *config_key_nearest(const char *name);

/* config_yaml.c */

enum config_node_kind {
	CONFIG_NODE_TEXT,
	CONFIG_NODE_NULL, /* "key:" with nothing behind it, ~ or null */
	CONFIG_NODE_LIST, /* what is in it is not handed out */
	CONFIG_NODE_SECTION, /* its members follow */
	CONFIG_NODE_END, /* of a section; the last one, whose path is "", of the whole */
};

struct config_node {
	enum config_node_kind kind;
	const char *path; /* "sessiondb.sqlite.path" */
	const char *value; /* of CONFIG_NODE_TEXT */
	size_t line, column; /* of the key, from 1 */
	size_t second; /* how much of the path two levels of nesting are; 0: not that deep */
	/* Bytes of the text: the key, and the value. An end has only `end`, behind its last word.
	 */
	size_t begin, at, end;
	bool flow; /* of a section or its end: in braces */
};

typedef int config_node_fn(void *arg, const struct config_node *node, struct error *err);

/*
 * Hand out every member of a YAML mapping, in order. Only the part of YAML that settings need is
 * let through, and no more than 64 KiB, 16 levels and 10,000 events of it. ERR_USAGE, and
 * "name:line:column: " in front of the message.
 */
int config_yaml_walk(const char *name, const char *text, size_t len, config_node_fn *fn, void *arg,
	struct error *err);

/* config_value.c */

bool config_parse_bool(const char *text, bool *out);
bool config_parse_int(const char *text, int64_t *out);
/*
 * Replace ${VAR}, and "~" at the front of a path, once; what comes in is not looked at again. "$${"
 * stands for "${".
 */
int config_expand(const struct config_key *key, const char *raw, const char *origin,
	struct buf *out, struct error *err);
/* ERR_USAGE if the key does not allow the value. */
int config_check(
	const struct config_key *key, const char *value, const char *origin, struct error *err);
/* Of one key: what the highest level says that speaks of it. */
struct setting {
	enum config_level level;
	bool old; /* under an old spelling, which yields to the new one of its level */
	char *raw;
	char *value; /* expanded */
	char *origin;
	char *repository; /* what the repository's level says, if the key is kept */
};

struct config {
	struct setting *v; /* one for each key, in the table's order */
	struct config_note *notes;
	size_t n_notes;
};

/* config_word.c */

/* What a source says of a key: `name` is how it spells it. */
struct config_word {
	size_t key;
	enum config_level level;
	bool old;
	const char *name, *raw, *origin;
};

int config_add_note(struct config *c, const struct config_note *n, struct error *err);
int config_note_word(struct config *c, enum config_note_kind kind, const struct config_word *w,
	struct error *err);
/* It counts from now on, unless a higher level has spoken. */
int config_set_word(struct config *c, const struct config_word *w, struct error *err);
/* Does it decide which store it is? A credential is not written down a second time, so it is not
 * kept. */
bool config_word_is_kept(const struct config_word *w);
/* Remember what the repository's level says, apart from what is above it. */
int config_remember_word(struct config *c, const struct config_word *w, struct error *err);
/* Does it count without the user's trust, or has it got that? */
int config_word_is_trusted(const struct config_sources *sources, const struct config_word *w,
	bool *out, struct error *err);

/* config_sources.c: read all levels, the lowest first. */
int config_read_sources(struct config *c, const struct config_sources *sources, struct error *err);

#endif
