#include "core/hash.h"

#include <string.h>

#include "core/hash_block.h"

void hash_init(struct hash *h)
{
	static const struct hash first = { .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372,
						   0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
						   0x5be0cd19 } };

	*h = first;
}

static void add_blocks(struct hash *h, const unsigned char *data, size_t blocks)
{
	if (hash_cpu_can(blocks))
		hash_blocks_cpu(h->state, data, blocks);
	else
		hash_blocks_portable(h->state, data, blocks);
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t have = h->len % HASH_BLOCK, blocks;

	if (!len)
		return;
	h->len += len;
	if (have) {
		size_t n = HASH_BLOCK - have < len ? HASH_BLOCK - have : len;

		memcpy(h->rest + have, p, n);
		if (have + n < HASH_BLOCK)
			return;
		add_blocks(h, h->rest, 1);
		p += n;
		len -= n;
	}
	blocks = len / HASH_BLOCK;
	if (blocks)
		add_blocks(h, p, blocks);
	if (len % HASH_BLOCK)
		memcpy(h->rest, p + blocks * HASH_BLOCK, len % HASH_BLOCK);
}

void hash_final(struct hash *h, char out[HASH_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	/* The rest, a one bit, zeroes, and the length in bits in the last eight bytes. */
	unsigned char end[2 * HASH_BLOCK] = { 0 };
	size_t have = h->len % HASH_BLOCK, blocks = have + 9 > HASH_BLOCK ? 2 : 1;

	memcpy(end, h->rest, have);
	end[have] = 0x80;
	for (size_t i = 0; i < 8; i++)
		end[blocks * HASH_BLOCK - 1 - i] = (unsigned char)(h->len << 3 >> 8 * i);
	add_blocks(h, end, blocks);
	for (size_t i = 0; i < HASH_HEX_SIZE - 1; i++)
		out[i] = digits[h->state[i / 8] >> (28 - i % 8 * 4) & 15];
	out[HASH_HEX_SIZE - 1] = '\0';
}

void hash_bytes(const void *data, size_t len, char out[HASH_HEX_SIZE])
{
	struct hash h;

	hash_init(&h);
	hash_add(&h, data, len);
	hash_final(&h, out);
}
