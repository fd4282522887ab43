/*
 * config_edit.h - changes one setting in the text of a configuration file, and nothing else of it.
 *
 * Comments, order, quotes and line ends of all the rest stay byte for byte. A new setting is put
 * behind the last one of its section. The result is read again before it is handed out: where a
 * layout is too unusual for the change to come out as meant, that is ERR_UNSUPPORTED, and a person
 * has to do it.
 */
#ifndef CORE_CONFIG_EDIT_H
#define CORE_CONFIG_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"

#define CONFIG_EDIT_DEPTH 8

/* One change: the names on the way to the setting, which may hold dots, and its new value. */
struct config_edit {
	const char *path[CONFIG_EDIT_DEPTH + 1]; /* NULL-terminated */
	const char *value; /* NULL: take the setting out */
};

/*
 * The changed text into `out` (cleared first). `text` has a NUL behind it; `name` is the file's,
 * for messages. ERR_USAGE if the text cannot be read, or the value holds what has no place in a
 * file.
 */
int config_edit(const char *name, const char *text, size_t len, const struct config_edit *edit,
	struct buf *out, struct error *err);

enum config_file_kind {
	CONFIG_FILE_USER, /* becomes 0600; links are followed, so that what they name is replaced */
	CONFIG_FILE_REPOSITORY, /* keeps its mode; a link is refused */
};

/*
 * Make these changes in a file, all or none, under the lock file `lock`. The file and its directory
 * are made if they are not there. *changed_out: is its text another now? With `dry`, nothing is
 * written.
 */
int config_file_change(const char *path, enum config_file_kind kind, const char *lock,
	const struct config_edit *edits, size_t n, bool dry, bool *changed_out, struct error *err);

#endif
