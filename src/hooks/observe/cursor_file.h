/* cursor_file.h - shared by cursor.c and cursor_file.c. */
#ifndef HOOKS_OBSERVE_CURSOR_FILE_H
#define HOOKS_OBSERVE_CURSOR_FILE_H

#include "core/buf.h"

#define CURSOR_FILE_MAX (256u << 20)

/* <journal>/cursors/<clone><suffix> into `out` (cleared first). */
void cursor_path(struct buf *out, const char *journal_dir, const char *clone, const char *suffix);

#endif
