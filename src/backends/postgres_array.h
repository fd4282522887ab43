/*
 * postgres_array.h - a column of values as one parameter, in the binary form of an array: rows by
 * the thousand travel as a handful of parameters, and no text has to be quoted.
 */
#ifndef BACKENDS_POSTGRES_ARRAY_H
#define BACKENDS_POSTGRES_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

#define PG_ARRAY_BOOL 1000u
#define PG_ARRAY_INT4 1007u
#define PG_ARRAY_TEXT 1009u
#define PG_ARRAY_INT8 1016u
#define PG_ARRAY_UUID 2951u

struct pg_column {
	struct buf data; /* header and elements */
	uint32_t n;
	bool nulls;
};

#define PG_COLUMN_INIT                                                                             \
	{                                                                                          \
		.data = BUF_INIT                                                                   \
	}

void pg_column_release(struct pg_column *c);
/* Empty, memory kept. `array_type` is one of the above. */
void pg_column_begin(struct pg_column *c, uint32_t array_type);
void pg_column_add_text(struct pg_column *c, const char *text, size_t len); /* NULL: null */
void pg_column_add_int8(struct pg_column *c, int64_t v);
void pg_column_add_int4(struct pg_column *c, int32_t v);
void pg_column_add_bool(struct pg_column *c, bool v);
/* 32 digits, or 36 characters with dashes; "": null. Anything else is all zeros. */
void pg_column_add_uuid(struct pg_column *c, const char *text);
/* Write the header. What stands in `data` is then the parameter. */
void pg_column_end(struct pg_column *c);

#endif
