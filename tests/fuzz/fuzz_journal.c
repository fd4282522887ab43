#include <inttypes.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/place.h"
#include "log/journal.h"
#include "log/verify.h"

#define ORIGIN "00112233445566778899aabbccddeeff"
#define SEPARATOR 0xff /* in no valid journal: not UTF-8 */

/*
 * The input is a journal: its first segment, and behind separators `head` and one more segment,
 * which goes by the seq of its first record.
 */
static void put_journal(const uint8_t *data, size_t size)
{
	static const char origin[] = "minsky-origin 1\norigin " ORIGIN "\n";
	const uint8_t *end = data + size, *first, *second;
	struct record rec = { .seq = 0 };
	const char *nl;
	char name[96];

	fuzz_file("origin", origin, sizeof(origin) - 1);
	first = memchr(data, SEPARATOR, size);
	fuzz_file(ORIGIN ".00000000000000000001.log", data, first ? (size_t)(first - data) : size);
	if (!first)
		return;
	first++;
	second = memchr(first, SEPARATOR, (size_t)(end - first));
	if (second != first)
		fuzz_file("head", first, (size_t)((second ? second : end) - first));
	if (!second)
		return;
	second++;
	nl = memchr(second, '\n', (size_t)(end - second));
	if (!nl ||
		record_parse(&rec, (const char *)second, (size_t)(nl - (const char *)second) + 1))
		rec.seq = 2;
	(void)snprintf(name, sizeof(name), ORIGIN ".%020" PRIu64 ".log", rec.seq);
	if (rec.seq > 1)
		fuzz_file(name, second, (size_t)(end - second));
}

/* Until the end or to damage: how many, and how it ended. */
static uint64_t read_on(struct journal *j, int *code_out)
{
	struct journal_reader *r = NULL;
	const struct record *rec = NULL;
	struct error err = ERROR_INIT;
	uint64_t n = 0, seq = 0;

	*code_out = journal_reader_open(&r, j, NULL, 0, NULL, &err);
	while (*code_out == 0) {
		*code_out = journal_reader_next(r, &rec, &err);
		if (*code_out < 0 || !rec)
			break;
		HOLDS(rec->seq == ++seq && strcmp(rec->origin, ORIGIN) == 0);
		n++;
	}
	HOLDS(*code_out == 0 || (*code_out == ERR_CORRUPT && *err.msg && *err.hint));
	journal_reader_close(r);
	return n;
}

static void on_finding(void *arg, const struct verify_finding *f)
{
	size_t *n = arg;

	HOLDS(*f->file && *f->what && *f->advice);
	(*n)++;
}

static struct verify_result look(struct journal *j)
{
	struct verify_result v = { .records = 0 };
	struct error err = ERROR_INIT;
	size_t findings = 0;
	const struct verify_options options = { .found = on_finding, .arg = &findings };

	HOLDS(journal_verify(j, &options, &v, &err) == 0);
	HOLDS(findings >= v.damaged);
	return v;
}

/*
 * Whatever the files hold: a reader ends at the end or at damage, verify finds damage where the
 * reader does, and an append costs nothing that could be read and mends a torn end.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char body[] = "{\"next\":1}";
	const struct journal_entry entry = { body, sizeof(body) - 1 };
	struct verify_result before, after;
	struct error err = ERROR_INIT;
	struct journal *j = NULL;
	const char *dir = fuzz_place();
	uint64_t n, m;
	int code, r;

	put_journal(data, size);
	HOLDS(journal_open(&j, dir, &err) == 0);
	n = read_on(j, &code);
	before = look(j);
	HOLDS(code == 0 || before.damaged);
	HOLDS(before.damaged || (code == 0 && n == before.records));
	r = journal_append(j, &entry, 1, 1000, NULL, &err);
	if (r == 0) {
		m = read_on(j, &code);
		after = look(j);
		HOLDS(m >= n && after.torn == 0);
		HOLDS(before.damaged || (!after.damaged && code == 0 && m > n));
	} else {
		HOLDS(*err.msg);
	}
	journal_close(j);
	return 0;
}
