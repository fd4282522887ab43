/*
 * config.h - settings, from the command line down to the built-in defaults.
 *
 * Levels, highest first: command line, environment, what the user's config.yaml says of this one
 * repository, the main repository's .minsky/config.yaml, the user's config.yaml, defaults. They
 * merge key by key. "~" and ${VAR} expand in paths and URLs. What a higher level overrides is
 * neither expanded nor checked. Only this module uses libyaml.
 *
 * A repository's file is other people's text: where data goes and what runs counts only after the
 * user trusted that value (trust.h), and which store is used does not change with the branch that
 * happens to be checked out (config_kept.h). A credential in a file that others can read is
 * ignored. All of that is a warning, and a note that can be asked for.
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
	CONFIG_OVERRIDE, /* the user's file, under "repositories" and the repository's name */
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
	bool sensitive; /* ignored in a repository's file until its value is trusted */
	bool secret; /* never shown as it is */
	bool kept; /* decides which store it is: does not follow the branch that is checked out */
	const char *help;
};

extern const struct config_key config_keys[];
extern const size_t n_config_keys;

struct config;

/* Called for each warning; the text is one line without a newline. */
typedef void config_warn_fn(void *arg, const char *text);

/* Did the user trust this value of this key in this repository? */
typedef int config_trusted_fn(
	void *arg, const struct config_key *key, const char *raw, bool *out, struct error *err);

struct config_kept;

struct config_sources {
	const char *repository_file; /* NULL: none */
	/* or its content (a bare repository's HEAD), with the name above */
	const char *repository_text;
	size_t repository_text_len;
	/* Under which names the user's file may speak of the repository: id, URLs, path; or NULL */
	const char *const *repository_names;
	const char *user_file; /* NULL: the usual place; "": none */
	/* "key=value" from the command line, NULL-terminated, or NULL */
	const char *const *settings;
	bool no_environment;
	config_trusted_fn *trusted; /* NULL: nothing is */
	void *trusted_arg;
	/* What counts for keys that are kept, whatever the repository's file says; or NULL */
	const struct config_kept *kept;
	config_warn_fn *warn; /* may be NULL */
	void *warn_arg;
	/* Told about each value that its key does not allow, instead of failing at the first. */
	config_warn_fn *wrong;
};

/* Something that a file, a variable or the command line says and that has no effect. */
enum config_note_kind {
	CONFIG_NOTE_UNTRUSTED,
	CONFIG_NOTE_EXPOSED, /* a credential that others can read */
	CONFIG_NOTE_BRANCH, /* the store of another branch is kept */
	CONFIG_NOTE_OVERRIDDEN,
	CONFIG_NOTE_UNKNOWN,
};

struct config_note {
	enum config_note_kind kind;
	enum config_level level;
	const struct config_key *key; /* NULL if it is unknown */
	char *name; /* as it is written */
	char *value; /* as it is written, a secret included; "" of an unknown key */
	char *origin;
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
/* The value as it was written, or NULL where the default counts. */
const char *config_raw(const struct config *c, const char *name);
/* In the order in which they were met; NULL behind the last. */
const struct config_note *config_note(const struct config *c, size_t i);
const char *config_level_name(enum config_level level);
const char *config_note_name(enum config_note_kind kind);

/* The value as it may be shown: without passwords and tokens. */
void config_add_shown(struct buf *out, const struct config_key *key, const char *value);
/* Would it hurt if others read it? */
bool config_is_credential(const struct config_key *key, const char *value);
/*
 * Has the user a say before a repository's file says this? Where data goes, what runs, what is
 * loaded, and variables that are none of the repository's business. A place that the user's own
 * environment names as a whole is the user's word already.
 */
bool config_needs_trust(const struct config_key *key, const char *raw);
/* The key of that name, or of that old spelling; NULL, ERR_USAGE with a suggestion, if none is. */
int config_find_key(const struct config_key **out, const char *name, struct error *err);
/* Old spellings of a key, one after the other; NULL behind the last. */
const char *config_old_name(const struct config_key *key, size_t i);
/* Would the key take this text, expanded here and now? ERR_USAGE; `where` is for the message. */
int config_check_value(
	const struct config_key *key, const char *raw, const char *where, struct error *err);

#endif
