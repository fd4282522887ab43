#include "core/hash.h"

#include <stdint.h>

#include "core/hash_x86.h"

void hash_init(struct hash *h)
{
	SHA256Init(&h->ctx);
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	SHA256Update(&h->ctx, data, len);
}

static void add_hex(const uint8_t raw[SHA256_DIGEST_LENGTH], char out[HASH_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
	out[HASH_HEX_SIZE - 1] = '\0';
}

void hash_final(struct hash *h, char out[HASH_HEX_SIZE])
{
	uint8_t raw[SHA256_DIGEST_LENGTH];

	SHA256Final(raw, &h->ctx);
	add_hex(raw, out);
}

void hash_bytes(const void *data, size_t len, char out[HASH_HEX_SIZE])
{
	uint8_t raw[SHA256_DIGEST_LENGTH];
	struct hash h;

	if (hash_x86_can()) {
		hash_x86(data, len, raw);
		add_hex(raw, out);
		return;
	}
	hash_init(&h);
	hash_add(&h, data, len);
	hash_final(&h, out);
}
