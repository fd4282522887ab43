/*
 * hash.h - SHA-256 (FIPS 180-4) as 64 lower-case hex digits.
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_HEX_SIZE 65
#define HASH_ZERO "0000000000000000000000000000000000000000000000000000000000000000"

struct hash {
	uint32_t state[8];
	uint64_t len;
	unsigned char rest[64]; /* of a block that is not whole yet */
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t len);
void hash_final(struct hash *h, char out[HASH_HEX_SIZE]);
/* All of it in one call. */
void hash_bytes(const void *data, size_t len, char out[HASH_HEX_SIZE]);

#endif
