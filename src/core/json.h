/*
 * json.h - reading JSON that we did not just write, strictly.
 *
 * Bytes are scanned before cJSON sees them, because cJSON lets through what would bite later:
 * invalid UTF-8, raw control characters, duplicate keys, text behind the value, \u0000, numbers
 * from 1e308 or longer than 63 bytes, and deep nesting are all ERR_CORRUPT here, with the byte
 * offset. Keys compare by case.
 * struct json is cJSON's node and this module is cJSON's only user.
 *
 * json_check.c and json_scan.c are part of the `core` archive and need no library.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"

#define JSON_MAX_DEPTH 32
/* What json_check_depth() can be asked for at most. */
#define JSON_DEPTH_LIMIT 48
#define JSON_MAX_WHOLE (UINT64_C(1) << 53)

struct json;

/* json_free() accepts NULL. */
int json_parse(struct json **out, const char *text, size_t len, struct error *err);
void json_free(struct json *j);

/* All of these accept NULL and answer NULL, false, 0 or the default for it. */
const struct json *json_get(const struct json *object, const char *key);
const char *json_get_string(const struct json *object, const char *key); /* NULL unless a string */
bool json_get_bool(const struct json *object, const char *key, bool otherwise);
/*
 * Whole numbers up to 2^53. False if absent or anything else; but 2^53 + 1, which is no double, is
 * 2^53 here.
 */
bool json_get_u64(const struct json *object, const char *key, uint64_t *out);
/* RFC 3339 text -> ms; 0 if absent or unreadable. */
int64_t json_get_time(const struct json *object, const char *key);
bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
bool json_is_string(const struct json *j);
bool json_is_null(const struct json *j);
const char *json_string(const struct json *j); /* NULL unless a string */
const char *json_key(const struct json *j); /* of a member of an object */
size_t json_count(const struct json *j);
/* An object without members, for those who must have one. */
const struct json *json_empty_object(void);
/* Children of an object or array: for (c = json_first(j); c; c = json_next(c)) */
const struct json *json_first(const struct json *j);
const struct json *json_next(const struct json *j);

/* A stretch of the text that is being read. */
struct json_slice {
	const char *at;
	size_t len;
};

/* The checks alone, without building a tree (needs no library). */
int json_check(const char *text, size_t len, struct error *err);
/* The same for a file that wraps such values in layers of its own. */
int json_check_depth(const char *text, size_t len, size_t max_depth, struct error *err);
/*
 * Walk the members of an object's text without decoding their values, so that an unknown member
 * can be kept byte for byte. `pos` starts at 0. *more_out is false, and nothing else is set, when
 * no member is left. The key is the slice between its quotes, undecoded. The text has passed
 * json_check().
 */
int json_next_member(const char *text, size_t len, size_t *pos, struct json_slice *key,
	struct json_slice *value, bool *more_out, struct error *err);
/*
 * The same, stopping at the first byte of the value: whoever wants to go into it walks from
 * there, and sets `pos` behind it.
 */
int json_next_key(const char *text, size_t len, size_t *pos, struct json_slice *key, bool *more_out,
	struct error *err);
/* The value at `pos`, which goes behind it. */
int json_take_value(
	const char *text, size_t len, size_t *pos, struct json_slice *value, struct error *err);
/* json_next_member() for the elements of an array. */
int json_next_element(const char *text, size_t len, size_t *pos, struct json_slice *value,
	bool *more_out, struct error *err);

/* Order of two keys by their decoded bytes; is a key this name. */
int json_key_order(const struct json_slice *a, const struct json_slice *b);
bool json_key_is(const struct json_slice *key, const char *name);
/* Does a value begin with this byte: '{', '[' or '"'. */
bool json_slice_is(const struct json_slice *v, char first);
/* *out is the decoded string, for free(); NULL when the value is not a string. */
int json_slice_string(const struct json_slice *v, char **out, struct error *err);
bool json_slice_u64(const struct json_slice *v, uint64_t *out);
int64_t json_slice_time(const struct json_slice *v);

#endif
