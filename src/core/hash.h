/*
 * hash.h - SHA-256 (libmd) as 64 lower-case hex digits.
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <sha2.h>
#include <stddef.h>

#define HASH_HEX_SIZE 65
#define HASH_ZERO "0000000000000000000000000000000000000000000000000000000000000000"

struct hash {
	SHA2_CTX ctx;
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t len);
void hash_final(struct hash *h, char out[HASH_HEX_SIZE]);
/* All of it in one call. */
void hash_bytes(const void *data, size_t len, char out[HASH_HEX_SIZE]);

#endif
