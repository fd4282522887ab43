/* The two ways to SHA-256 agree, with each other and with the standard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/hash_x86.h"

static void portable(const void *data, size_t len, char out[HASH_HEX_SIZE])
{
	struct hash h;

	hash_init(&h);
	hash_add(&h, data, len);
	hash_final(&h, out);
}

static void the_standards_examples(void **state)
{
	static const struct {
		const char *text, *hash;
	} examples[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		char out[HASH_HEX_SIZE];

		hash_bytes(examples[i].text, strlen(examples[i].text), out);
		assert_string_equal(out, examples[i].hash);
		portable(examples[i].text, strlen(examples[i].text), out);
		assert_string_equal(out, examples[i].hash);
	}
}

/* Every length around the blocks' ends, at every alignment. */
static void both_agree_on_every_length(void **state)
{
	enum { MOST = 700 };
	unsigned char data[MOST + 16];
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)((random = random * 1664525 + 1013904223) >> 24);
	for (size_t len = 0; len <= MOST; len++) {
		char a[HASH_HEX_SIZE], b[HASH_HEX_SIZE];

		hash_bytes(data + len % 16, len, a);
		portable(data + len % 16, len, b);
		assert_string_equal(a, b);
	}
}

static void both_agree_on_a_long_one(void **state)
{
	size_t len = (3u << 20) + 17;
	char a[HASH_HEX_SIZE], b[HASH_HEX_SIZE];
	char *data = malloc(len);

	(void)state;
	assert_non_null(data);
	memset(data, 'x', len);
	hash_bytes(data, len, a);
	portable(data, len, b);
	assert_string_equal(a, b);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standards_examples),
		cmocka_unit_test(both_agree_on_every_length),
		cmocka_unit_test(both_agree_on_a_long_one),
	};

	/* Both ways are the portable one then. */
	if (!hash_x86_can())
		print_message("this processor has no instructions for SHA-256\n");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
