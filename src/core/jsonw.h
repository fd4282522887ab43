/*
 * jsonw.h - writes JSON text into a buffer, with commas and escapes in the right places.
 *
 * Output is valid JSON whatever bytes go in: control characters (C0, DEL, C1, line separators
 * and bidirectional overrides) become \u escapes, a NUL and a byte that is not UTF-8 become the
 * four characters \xNN. No allocation of its own, no library: minsky-hook uses it too.
 */
#ifndef CORE_JSONW_H
#define CORE_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

#define JSONW_DEPTH 16

struct jsonw {
	struct buf *out;
	bool pretty;
	int depth;
	bool comma[JSONW_DEPTH]; /* something was written at this level */
	bool after_key;
};

void jsonw_init(struct jsonw *w, struct buf *out, bool pretty);
void jsonw_begin_object(struct jsonw *w);
void jsonw_end_object(struct jsonw *w);
void jsonw_begin_array(struct jsonw *w);
void jsonw_end_array(struct jsonw *w);
void jsonw_key(struct jsonw *w, const char *key);
void jsonw_string(struct jsonw *w, const char *s);
void jsonw_string_n(struct jsonw *w, const char *s, size_t len);
void jsonw_u64(struct jsonw *w, uint64_t v);
void jsonw_bool(struct jsonw *w, bool v);
void jsonw_null(struct jsonw *w);
/* Text that is JSON already. */
void jsonw_raw(struct jsonw *w, const char *json, size_t len);

/* Key and value in one; the _opt form writes nothing when the value is NULL or "". */
void jsonw_kstring(struct jsonw *w, const char *key, const char *s);
void jsonw_kstring_opt(struct jsonw *w, const char *key, const char *s);
void jsonw_ku64(struct jsonw *w, const char *key, uint64_t v);
void jsonw_kbool(struct jsonw *w, const char *key, bool v);
/* RFC 3339 text of a time in milliseconds. */
void jsonw_ktime(struct jsonw *w, const char *key, int64_t ms);
void jsonw_ktime_opt(struct jsonw *w, const char *key, int64_t ms); /* nothing when ms is 0 */

#endif
