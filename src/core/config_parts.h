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
/* The known key that was probably meant, or NULL. */
const char *config_key_nearest(const char *name);

/* config_yaml.c */

enum config_node_kind {
	CONFIG_NODE_TEXT,
	CONFIG_NODE_NULL, /* "key:" with nothing behind it, ~ or null */
	CONFIG_NODE_LIST, /* what is in it is not handed out */
	CONFIG_NODE_SECTION, /* its members follow */
};

struct config_node {
	enum config_node_kind kind;
	const char *path; /* "sessiondb.sqlite.path" */
	const char *value; /* of CONFIG_NODE_TEXT */
	size_t line, column; /* of the key, from 1 */
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
 * stands for "${". A repository's text may name only some variables.
 */
int config_expand(const struct config_key *key, const char *raw, enum config_level level,
	const char *origin, struct buf *out, struct error *err);
/* ERR_USAGE if the key does not allow the value. */
int config_check(
	const struct config_key *key, const char *value, const char *origin, struct error *err);
/* Would it hurt if others read it? */
bool config_is_credential(const struct config_key *key, const char *value);

#endif
