#include "core/hash.h"

#include <stdint.h>

void hash_init(struct hash *h)
{
	SHA256Init(&h->ctx);
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	SHA256Update(&h->ctx, data, len);
}

void hash_final(struct hash *h, char out[HASH_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[SHA256_DIGEST_LENGTH];

	SHA256Final(raw, &h->ctx);
	for (size_t i = 0; i < sizeof(raw); i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
	out[HASH_HEX_SIZE - 1] = '\0';
}

void hash_bytes(const void *data, size_t len, char out[HASH_HEX_SIZE])
{
	struct hash h;

	hash_init(&h);
	hash_add(&h, data, len);
	hash_final(&h, out);
}
