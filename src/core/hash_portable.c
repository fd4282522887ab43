#include "core/hash_block.h"

const uint32_t hash_constants[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
	0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
	0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
	0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2 };

static inline uint32_t turn(uint32_t x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

static inline uint32_t word_at(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Word `i` of the schedule, in the place of the word that it needs for the last time. */
static inline uint32_t schedule(uint32_t w[16], unsigned int i)
{
	uint32_t near = w[(i + 14) % 16], far = w[(i + 1) % 16];

	w[i % 16] += (turn(near, 17) ^ turn(near, 19) ^ near >> 10) + w[(i + 9) % 16] +
		(turn(far, 7) ^ turn(far, 18) ^ far >> 3);
	return w[i % 16];
}

/* Instead of moving eight words one place on in each round, their names move. */
#define ROUND(a, b, c, d, e, f, g, h, i, word)                                                     \
	do {                                                                                       \
		(h) += (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((g) ^ ((e) & ((f) ^ (g)))) +    \
			hash_constants[i] + (word);                                                \
		(d) += (h);                                                                        \
		(h) += (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +                                  \
			(((a) & (b)) ^ ((c) & ((a) ^ (b))));                                       \
	} while (0)

#define EIGHT_ROUNDS(i, WORD)                                                                      \
	do {                                                                                       \
		ROUND(a, b, c, d, e, f, g, h, (i), WORD(i));                                       \
		ROUND(h, a, b, c, d, e, f, g, (i) + 1, WORD((i) + 1));                             \
		ROUND(g, h, a, b, c, d, e, f, (i) + 2, WORD((i) + 2));                             \
		ROUND(f, g, h, a, b, c, d, e, (i) + 3, WORD((i) + 3));                             \
		ROUND(e, f, g, h, a, b, c, d, (i) + 4, WORD((i) + 4));                             \
		ROUND(d, e, f, g, h, a, b, c, (i) + 5, WORD((i) + 5));                             \
		ROUND(c, d, e, f, g, h, a, b, (i) + 6, WORD((i) + 6));                             \
		ROUND(b, c, d, e, f, g, h, a, (i) + 7, WORD((i) + 7));                             \
	} while (0)

#define GIVEN(i) (w[i] = word_at(data + 4 * (i)))
#define MADE(i) schedule(w, (i))

void hash_blocks_portable(uint32_t state[HASH_WORDS], const unsigned char *data, size_t blocks)
{
	for (; blocks; blocks--, data += HASH_BLOCK) {
		uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
		uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
		uint32_t w[16];

		EIGHT_ROUNDS(0u, GIVEN);
		EIGHT_ROUNDS(8u, GIVEN);
		for (unsigned int i = 16; i < 64; i += 16) {
			EIGHT_ROUNDS(i, MADE);
			EIGHT_ROUNDS(i + 8, MADE);
		}
		state[0] += a;
		state[1] += b;
		state[2] += c;
		state[3] += d;
		state[4] += e;
		state[5] += f;
		state[6] += g;
		state[7] += h;
	}
}
