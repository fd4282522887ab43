/*
 * SHA-256 against the standard's known answers, and its two block functions against each other.
 * The answers are NIST's: the examples of FIPS 180-4, SHA2_Additional, and SHAVS' ShortMsg and
 * Monte Carlo files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/hash_block.h"

/* All at once, and in pieces of `step` bytes. */
static void is_hash_of(const unsigned char *data, size_t len, size_t step, const char *expected)
{
	char out[HASH_HEX_SIZE];
	struct hash h;

	hash_bytes(data, len, out);
	assert_string_equal(out, expected);
	hash_init(&h);
	for (size_t at = 0; at < len; at += step)
		hash_add(&h, data + at, len - at < step ? len - at : step);
	hash_final(&h, out);
	assert_string_equal(out, expected);
}

static void the_standards_texts(void **state)
{
	static const struct {
		const char *text, *hash;
	} examples[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
			"cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
		{ "\xd3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1" },
		{ "\x11\xaf", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98" },
		{ "\xb4\x19\x0e",
			"dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2" },
		{ "\xc9\x8c\x8e\x55",
			"7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		is_hash_of((const void *)examples[i].text, strlen(examples[i].text), 1,
			examples[i].hash);
}

static void the_standards_repetitions(void **state)
{
	static const struct {
		int byte;
		size_t len;
		const char *hash;
	} examples[] = {
		{ 0xbd, 1, "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b" },
		{ 0, 55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7" },
		{ 0, 56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb" },
		{ 0, 57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785" },
		{ 0, 64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b" },
		{ 0, 1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53" },
		{ 'A', 1000, "c2e686823489ced2017f6059b8b239318b6364f6dcd835d0a519105a1eadd6e4" },
		{ 'U', 1005, "f4d62ddec0f3dd90ea1380fa16a5ff8dc4c54b21740650f24afc4120903552b0" },
		{ 'a', 1000000,
			"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
		{ 0, 1000000, "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025" },
	};
	unsigned char *data = malloc(1000000);

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		memset(data, examples[i].byte, examples[i].len);
		is_hash_of(data, examples[i].len, 61, examples[i].hash);
	}
	free(data);
}

static void from_hex(const char *hex, unsigned char out[32])
{
	for (size_t i = 0; i < 32; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		out[i] = (unsigned char)strtoul(byte, NULL, 16);
	}
}

/* A thousand hashes, each of the three before it; the last of them seeds the next thousand. */
static void the_standards_chain(void **state)
{
	static const char seed[] =
		"6d1e72ad03ddeb5de891e572e2396f8da015d899ef0e79503152d6010a3fe691";
	static const char *const checkpoints[] = {
		"e93c330ae5447738c8aa85d71a6c80f2a58381d05872d26bdd39f1fcd4f2b788",
		"2e78f8c8772ea7c9331d41ed3f9cdf27d8f514a99342ee766ee3b8b0d0b121c0",
		"d6a23dff1b7f2eddc1a212f8a218397523a799b07386a30692fd6fe9d2bf0944",
	};
	unsigned char last[3][32];
	char out[HASH_HEX_SIZE];

	(void)state;
	memcpy(out, seed, sizeof(seed));
	for (size_t n = 0; n < sizeof(checkpoints) / sizeof(*checkpoints); n++) {
		for (size_t i = 0; i < 3; i++)
			from_hex(out, last[i]);
		for (int i = 0; i < 1000; i++) {
			hash_bytes(last, sizeof(last), out);
			memmove(last[0], last[1], 64);
			from_hex(out, last[2]);
		}
		assert_string_equal(out, checkpoints[n]);
	}
}

static void fill(unsigned char *data, size_t len)
{
	uint32_t random = 1;

	for (size_t i = 0; i < len; i++)
		data[i] = (unsigned char)((random = random * 1664525 + 1013904223) >> 24);
}

/* The portable block function alone; the rest is as in hash.c, written another way. */
static void portable(const unsigned char *data, size_t len, char out[HASH_HEX_SIZE])
{
	static unsigned char padded[1024];
	size_t whole = (len + 8) / HASH_BLOCK + 1;
	struct hash h;

	assert_true(whole * HASH_BLOCK <= sizeof(padded));
	memset(padded, 0, sizeof(padded));
	memcpy(padded, data, len);
	padded[len] = 0x80;
	padded[whole * HASH_BLOCK - 2] = (unsigned char)(len * 8 >> 8);
	padded[whole * HASH_BLOCK - 1] = (unsigned char)(len * 8);
	hash_init(&h);
	hash_blocks_portable(h.state, padded, whole);
	for (size_t i = 0; i < 8; i++)
		(void)snprintf(out + 8 * i, 9, "%08x", h.state[i]);
}

/* Every length around the blocks' ends, at every alignment, in pieces of every size. */
static void every_length(void **state)
{
	enum { MOST = 700 };
	unsigned char data[MOST + 16];

	(void)state;
	fill(data, sizeof(data));
	for (size_t len = 0; len <= MOST; len++) {
		char expected[HASH_HEX_SIZE];

		portable(data + len % 16, len, expected);
		is_hash_of(data + len % 16, len, len % 131 + 1, expected);
	}
}

static void both_block_functions_agree(void **state)
{
	enum { MOST = 20 };
	unsigned char data[MOST * HASH_BLOCK + 16];
	uint32_t by_cpu[HASH_WORDS], by_c[HASH_WORDS];

	(void)state;
	/* So much that the processor has been asked. */
	if (!hash_cpu_can(1 << 20)) {
		print_message("this processor has no instructions for SHA-256\n");
		skip();
	}
	fill(data, sizeof(data));
	for (size_t at = 0; at < 16; at++)
		for (size_t blocks = 0; blocks <= MOST; blocks++) {
			/* From a state that is no hash's beginning. */
			memcpy(by_c, data + blocks, sizeof(by_c));
			memcpy(by_cpu, by_c, sizeof(by_cpu));
			hash_blocks_portable(by_c, data + at, blocks);
			hash_blocks_cpu(by_cpu, data + at, blocks);
			assert_memory_equal(by_cpu, by_c, sizeof(by_c));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standards_texts),
		cmocka_unit_test(the_standards_repetitions),
		cmocka_unit_test(the_standards_chain),
		cmocka_unit_test(every_length),
		cmocka_unit_test(both_block_functions_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
