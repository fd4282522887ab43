/* Whatever a power cut leaves of the changes to a journal or a store: what was acknowledged is
 * there, nothing is there twice, nothing is called damage, and the next change works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "core/fs.h"
#include "lib/disk.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "lib/stores.h"
#include "log/redact.h"
#include "log/reorigin.h"
#include "log/repair.h"

#define OLD 3 /* records before the recording */

static char dir[SCRATCH_SIZE];
static struct journal *journal;
static const char *state_name;

static int setup(void **state)
{
	(void)state;
	setenv("USER", "ana", 1);
	scratch_make(dir);
	journal = journals_new(dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("MINSKY_SEGMENT_SIZE");
	journal_close(journal);
	journal = NULL;
	disk_forget();
	scratch_remove(dir);
	return 0;
}

#define HOLDS(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s: not so: %s", state_name, #condition);                        \
	} while (0)

/* How often {"n":<i>} is there, of all origins; blank bodies and others are counted at 0. */
static unsigned seen[64];

static void count(struct journal *j)
{
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;

	memset(seen, 0, sizeof(seen));
	if (journal_heads(j, &heads, &err) < 0)
		fail_msg("%s: %s", state_name, err.msg);
	for (size_t i = 0; i < heads.n; i++) {
		struct journal_reader *r = NULL;
		const struct record *rec = NULL;

		if (journal_reader_open(&r, j, heads.v[i].origin, 0, NULL, &err) < 0)
			fail_msg("%s: %s", state_name, err.msg);
		do {
			unsigned n = 0;

			if (journal_reader_next(r, &rec, &err) < 0)
				fail_msg("%s: %s", state_name, err.msg);
			if (rec && rec->body)
				(void)sscanf(rec->body, "{\"n\":%u", &n);
			seen[n < 64 ? n : 0] += rec != NULL;
		} while (rec);
		journal_reader_close(r);
	}
	heads_release(&heads);
}

static void check_promised(unsigned promised)
{
	for (unsigned i = 1; i < 64; i++) {
		HOLDS(seen[i] <= 1);
		HOLDS(i > promised || seen[i] == 1);
	}
}

static void check_sound(struct journal *j)
{
	struct journals_verdict verdict = journals_verify(j);

	if (verdict.result.damaged)
		fail_msg("%s: %s: %s", state_name, verdict.v[0].file, verdict.v[0].what);
}

static void check_appends(unsigned promised, const char *what)
{
	static const char body[] = "{\"n\":63}";
	const struct journal_entry entry = { body, sizeof(body) - 1 };
	struct error err = ERROR_INIT;
	struct journal *j;
	struct head head;

	state_name = what;
	j = journals_open(dir);
	count(j);
	check_promised(promised);
	check_sound(j);
	if (journal_append(j, &entry, 1, 0, &head, &err) < 0)
		fail_msg("%s: %s", what, err.msg);
	check_sound(j);
	HOLDS(journals_verify(j).result.torn == 0);
	count(j);
	check_promised(promised);
	HOLDS(seen[63] == 1);
	journal_close(j);
}

static void add(unsigned n, size_t pad)
{
	char *body = malloc(pad + 64);

	assert_non_null(body);
	(void)snprintf(body, pad + 64, "{\"n\":%u,\"pad\":\"%0*d\"}", n, (int)pad + 1, 0);
	journals_add(journal, body);
	free(body);
	disk_promise(n);
}

static void report(const char *what, size_t states)
{
	print_message("[          ] %zu states: %s\n", states, what);
	assert_true(states > 80);
}

static void appends(void **state)
{
	(void)state;
	journals_fill(journal, 1, OLD);
	disk_record(dir);
	disk_promise(OLD);
	for (unsigned n = OLD + 1; n < OLD + 4; n++)
		add(n, n == OLD + 2 ? 9000 : 10);
	disk_stop();
	report("appends", disk_states("head", check_appends));
}

static void the_first_appends(void **state)
{
	(void)state;
	disk_record(dir);
	add(1, 10);
	add(2, 10);
	disk_stop();
	report("the first appends", disk_states("head", check_appends));
}

static void appends_that_begin_segments(void **state)
{
	(void)state;
	journals_fill(journal, 1, OLD);
	setenv("MINSKY_SEGMENT_SIZE", "700", 1);
	journal_close(journal);
	journal = journals_open(dir);
	disk_record(dir);
	disk_promise(OLD);
	for (unsigned n = OLD + 1; n < OLD + 5; n++)
		add(n, 10);
	disk_stop();
	report("appends that begin segments", disk_states("head", check_appends));
}

static void an_append_behind_a_torn_end(void **state)
{
	struct buf text;

	(void)state;
	journals_fill(journal, 1, OLD);
	text = scratch_read(journals_segment(journal));
	buf_adds(&text, "{\"origin\":\"half a record");
	scratch_write(journals_segment(journal), text.data, text.len);
	buf_release(&text);
	disk_record(dir);
	disk_promise(OLD);
	add(OLD + 1, 10);
	add(OLD + 2, 10);
	disk_stop();
	report("an append behind a torn end", disk_states("head", check_appends));
}

/* The directory itself is another one then, so what is copied is not it but what it says. */
static void a_copy_that_takes_a_new_origin(void **state)
{
	struct buf text, changed = BUF_INIT;

	(void)state;
	journals_fill(journal, 1, OLD);
	text = scratch_read(scratch_path(dir, "origin"));
	buf_addf(&changed, "minsky-origin 1\norigin %s\ninode 1\n", journal_origin(journal));
	scratch_write(scratch_path(dir, "origin"), changed.data, changed.len);
	buf_release(&text);
	buf_release(&changed);
	journal_close(journal);
	journal = journals_open(dir);
	disk_record(dir);
	disk_promise(OLD);
	add(OLD + 1, 10);
	add(OLD + 2, 10);
	disk_stop();
	report("a copy that takes a new origin", disk_states("head", check_appends));
}

static struct head common;

static void check_reorigin(unsigned promised, const char *what)
{
	struct journal *j = journals_open(dir);
	struct reorigin_result result;
	struct error err = ERROR_INIT;

	state_name = what;
	count(j);
	check_promised(promised);
	check_sound(j);
	if (journal_reorigin(j, &common, false, 0, &result, &err) < 0)
		fail_msg("%s: %s", what, err.msg);
	count(j);
	check_promised(promised);
	HOLDS(journals_verify(j).n == 0);
	journal_close(j);
}

static void a_new_origin_for_what_others_have_not(void **state)
{
	struct reorigin_result result;
	struct error err = ERROR_INIT;

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "600", 1);
	journal_close(journal);
	journal = journals_open(dir);
	common = journals_fill(journal, 1, OLD);
	journals_fill(journal, OLD + 1, 4);
	disk_record(dir);
	disk_promise(OLD + 4);
	assert_int_equal(journal_reorigin(journal, &common, false, 0, &result, &err), 0);
	disk_stop();
	report("a new origin for what others have not", disk_states("head", check_reorigin));
}

static void check_repair(unsigned promised, const char *what)
{
	const struct repair_options options = { .dry_run = false };
	struct journal *j = journals_open(dir);
	struct repair_result result;
	struct error err = ERROR_INIT;

	state_name = what;
	(void)promised;
	if (journal_repair(j, &options, &result, NULL, NULL, &err) < 0)
		fail_msg("%s: %s", what, err.msg);
	count(j);
	for (unsigned i = 1; i <= 2 * OLD; i++)
		HOLDS(seen[i] == (i != 2));
	HOLDS(journals_verify(j).n == 0);
	journal_close(j);
}

static void a_repair(void **state)
{
	const struct repair_options options = { .dry_run = false };
	struct repair_result result;
	struct error err = ERROR_INIT;
	struct buf text;

	(void)state;
	journals_fill(journal, 1, 2 * OLD);
	text = scratch_read(journals_segment(journal));
	strstr(text.data, "{\"n\":2}")[5] = '7';
	scratch_write(journals_segment(journal), text.data, text.len);
	buf_release(&text);
	disk_record(dir);
	assert_int_equal(journal_repair(journal, &options, &result, NULL, NULL, &err), 0);
	disk_stop();
	report("a repair", disk_states("head", check_repair));
}

static void check_redact(unsigned promised, const char *what)
{
	struct journal *j = journals_open(dir);
	struct error err = ERROR_INIT;
	bool changed;

	state_name = what;
	(void)promised;
	count(j);
	check_sound(j);
	for (unsigned i = 1; i <= 2 * OLD; i++)
		HOLDS(i == 2 || seen[i] == 1);
	if (journal_redact(j, journal_origin(j), 2, "x", &changed, &err) < 0)
		fail_msg("%s: %s", what, err.msg);
	count(j);
	HOLDS(seen[2] == 0);
	HOLDS(journals_verify(j).n == 0);
	journal_close(j);
}

static void a_redaction(void **state)
{
	struct error err = ERROR_INIT;
	bool changed;

	(void)state;
	journals_fill(journal, 1, 2 * OLD);
	disk_record(dir);
	assert_int_equal(
		journal_redact(journal, journal_origin(journal), 2, "x", &changed, &err), 0);
	disk_stop();
	report("a redaction", disk_states("head", check_redact));
}

static struct backend *store;

static void check_store(unsigned promised, const char *what)
{
	const char *path = scratch_path(dir, "peers/store.json");
	uint64_t seq;

	state_name = what;
	store = stores_open("json", path);
	seq = stores_seq(store, STORES_REPO);
	HOLDS(seq >= promised && seq <= 3);
	stores_add(store, STORES_REPO, 9, "\"session\":\"x\"");
	HOLDS(stores_seq(store, STORES_REPO) > 0);
	stores_close(store);
}

static void commits_to_a_json_store(void **state)
{
	struct session s;

	(void)state;
	store = stores_open("json", scratch_path(dir, "peers/store.json"));
	disk_record(dir);
	for (unsigned i = 1; i <= 3; i++) {
		s = stores_session(i, "\"session\":\"s\"");
		stores_put(store, STORES_REPO, &s, i);
		session_release(&s);
		disk_promise(i);
	}
	disk_stop();
	stores_close(store);
	report("commits to a JSON store", disk_states("lock", check_store));
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(appends),
		test(the_first_appends),
		test(appends_that_begin_segments),
		test(an_append_behind_a_torn_end),
		test(a_copy_that_takes_a_new_origin),
		test(a_new_origin_for_what_others_have_not),
		test(a_repair),
		test(a_redaction),
		test(commits_to_a_json_store),
	};

	/* What a mutant has to fail is known (mutants/). */
	cmocka_set_test_filter(getenv("MINSKY_TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
