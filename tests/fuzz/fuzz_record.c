#include <inttypes.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "log/record.h"

/* The only line that a record stands for is the one that it was read from. */
static void is_the_only_spelling(const struct record *r, const char *line, size_t len)
{
	struct buf b = BUF_INIT;

	buf_addf(&b,
		"{\"origin\":\"%s\",\"seq\":%" PRIu64 ",\"hlc\":\"%016" PRIx64
		"\",\"bodyhash\":\"%s\",\"hash\":\"%s\",\"body\":",
		r->origin, r->seq, r->hlc, r->bodyhash, r->hash);
	if (r->body)
		buf_add(&b, r->body, r->body_len);
	else
		buf_adds(&b, "null");
	buf_adds(&b, "}\n");
	HOLDS(!b.failed && b.len == len && memcmp(b.data, line, len) == 0);
	buf_release(&b);
}

/* What was made of a body that is fit for one is read back the same. */
static void comes_back(const char *body, size_t len)
{
	char zero[HASH_HEX_SIZE], origin[ID_HEX_SIZE], hash[HASH_HEX_SIZE];
	struct record r = { .body = NULL };
	struct buf b = BUF_INIT;

	memset(zero, '0', sizeof(zero));
	zero[sizeof(zero) - 1] = '\0';
	memset(origin, 'a', sizeof(origin));
	origin[sizeof(origin) - 1] = '\0';
	record_format(&b, zero, origin, 7, 9, body, len);
	HOLDS(!b.failed && record_parse(&r, b.data, b.len) == NULL);
	HOLDS(r.seq == 7 && r.hlc == 9 && r.body_len == len && memcmp(r.body, body, len) == 0);
	record_hash(hash, zero, origin, 7, 9, r.bodyhash);
	HOLDS(strcmp(hash, r.hash) == 0);
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct record r = { .body = NULL };

	if (!record_parse(&r, text, size))
		is_the_only_spelling(&r, text, size);
	if (size >= 2 && size <= EVENT_MAX_BODY && text[0] == '{' && text[size - 1] == '}' &&
		!memchr(text, '\n', size) && !memchr(text, '\0', size))
		comes_back(text, size);
	return 0;
}
