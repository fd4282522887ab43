/*
 * config.h - settings, from the command line down to the built-in defaults.
 *
 * Levels, highest first: command line, environment, the main repository's .minsky/config.yaml,
 * the user's config.yaml, defaults. They merge key by key. "~" and ${VAR} expand in paths and
 * URLs. A repository's file is other people's text: its sensitive keys (where data goes) are
 * ignored with a warning, and so is a credential in a user's file that others can read. What a
 * higher level overrides is neither expanded nor checked. Only this module uses libyaml.
 *
 * Syntax errors are ERR_USAGE with file:line:column; an unknown key is a warning that names the
 * nearest known one; a value that its key does not allow is ERR_USAGE and says where it stands.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"

enum config_level {
	CONFIG_DEFAULT,
	CONFIG_USER,
	CONFIG_REPOSITORY,
	CONFIG_ENVIRONMENT,
	CONFIG_COMMAND_LINE,
};

enum config_type {
	CONFIG_TEXT,
	CONFIG_PATH,
	CONFIG_BOOL,
	CONFIG_CHOICE,
	CONFIG_NAME, /* of its choices, or a bare name */
	CONFIG_DURATION,
	CONFIG_INT
};

/* One row of the table of settings: the only place where a key is spelled. */
struct config_key {
	const char *name; /* "sessiondb.sqlite.path" */
	const char *variable; /* "MINSKY_SQLITE_PATH" */
	const char *default_value; /* may hold ${MINSKY_STATE}; NULL: unset */
	enum config_type type;
	/* "json|sqlite|postgres"; of a number its range, "1..64"; of a path words that also do */
	const char *choices;
	bool sensitive; /* ignored in an untrusted repository's file */
	bool secret; /* never shown */
	const char *help;
};

extern const struct config_key config_keys[];
extern const size_t n_config_keys;

struct config;

/* Called for each warning; the text is one line without a newline. */
typedef void config_warn_fn(void *arg, const char *text);

struct config_sources {
	const char *repository_file; /* NULL: none */
	const char *repository_text; /* or its content (a bare repository's HEAD), with the name
					above */
	size_t repository_text_len;
	const char *user_file; /* NULL: the usual place */
	const char *const
		*settings; /* "key=value" from the command line, NULL-terminated, or NULL */
	config_warn_fn *warn; /* may be NULL */
	void *warn_arg;
};

/* A file that is not there is no error. config_free() accepts NULL. */
int config_load(struct config **out, const struct config_sources *sources, struct error *err);
void config_free(struct config *c);

/* The value, expanded; NULL if unset and without default. The name must be in the table. */
const char *config_get(const struct config *c, const char *name);
bool config_get_bool(const struct config *c, const char *name);
int64_t config_get_ms(const struct config *c, const char *name);
int64_t config_get_int(const struct config *c, const char *name);
enum config_level config_level(const struct config *c, const char *name);
/* "file:line", the variable's name, "command line" or "default". */
const char *config_origin(const struct config *c, const char *name);

#endif
