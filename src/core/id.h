/*
 * id.h - identities: random 128-bit ids (32 lower-case hex digits) and UUIDv7 session ids.
 */
#ifndef CORE_ID_H
#define CORE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

#define ID_HEX_SIZE 33 /* 32 digits and a NUL */
#define ID_UUID_SIZE 37 /* 36 characters and a NUL */

/* From the kernel's generator. ERR_IO if it has none. */
int id_random_hex(char out[ID_HEX_SIZE], struct error *err);
/* RFC 9562 version 7: sorts by the given time. */
int id_uuid7(char out[ID_UUID_SIZE], int64_t ms, struct error *err);

/* Tells one run of the system from the next; "-" where the kernel does not say. Read once. */
const char *id_boot(void);

bool id_is_hex(const char *s, size_t digits); /* exactly that many lower-case digits, then NUL */
bool id_is_uuid(const char *s); /* lower case, 8-4-4-4-12 */

#endif
