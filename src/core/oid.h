/*
 * oid.h - the name of an object of git: 40 or 64 lower-case hexadecimal digits, as text.
 *
 * "" is no name at all (a ref that is not there, or is not known). Zeroes are what git writes for
 * a side that does not exist; they are a valid name here, and oid_is_zero() tells. Nothing fails
 * but parsing, which leaves its result untouched then.
 */
#ifndef CORE_OID_H
#define CORE_OID_H

#include <stdbool.h>
#include <stddef.h>

#define OID_SIZE 65 /* the most digits, and a NUL */

struct oid {
	char hex[OID_SIZE];
};

#define OID_NONE                                                                                   \
	(struct oid)                                                                               \
	{                                                                                          \
		.hex = ""                                                                          \
	}

/*
 * How many digits the name has that these bytes begin with: 40 or 64, and no digit behind them.
 * 0 if they begin with none.
 */
size_t oid_digits(const char *text, size_t len);
/* The whole of these bytes is a name. */
bool oid_parse(struct oid *out, const char *text, size_t len);
/* The text begins with a name; its length, or 0. */
size_t oid_read(struct oid *out, const char *text);
/* The whole of the text is a name, or "" or NULL for none; what else it is counts as none. */
void oid_set(struct oid *out, const char *text);
bool oid_is_valid(const char *text); /* exactly one name */

bool oid_equal(const struct oid *a, const struct oid *b);
bool oid_is(const struct oid *a, const char *text);
bool oid_is_none(const struct oid *oid);
/* Names no object: "", or zeroes alone, however many. */
bool oid_is_zero(const char *text);

#endif
