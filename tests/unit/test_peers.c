/* Copies of other machines' records: only what can be checked, byte for byte, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "core/fs.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "log/origins.h"
#include "log/peers.h"
#include "log/redact.h"
#include "log/verify_redact.h"

static char here[SCRATCH_SIZE], there[SCRATCH_SIZE];
static struct journal *ours, *theirs;
static struct error err;

static int begin(void **state)
{
	(void)state;
	setenv("MINSKY_NOW", "2026-01-01T00:00:00Z", 1);
	scratch_make(here);
	scratch_make(there);
	ours = journals_new(here);
	theirs = journals_new(there);
	error_clear(&err);
	return 0;
}

static int end(void **state)
{
	(void)state;
	journal_close(ours);
	journal_close(theirs);
	scratch_remove(here);
	scratch_remove(there);
	unsetenv("MINSKY_NOW");
	unsetenv("MINSKY_SEGMENT_SIZE");
	return 0;
}

static void import(uint64_t after, uint64_t upto)
{
	if (journals_import(ours, theirs, journal_origin(theirs), after, upto, &err) < 0)
		fail_msg("%s", err.msg);
}

static void same_lines(void)
{
	struct buf a = journals_lines(ours, journal_origin(theirs));
	struct buf b = journals_lines(theirs, journal_origin(theirs));

	assert_string_equal(a.data, b.data);
	buf_release(&a);
	buf_release(&b);
}

static void sound(void)
{
	struct journals_verdict verdict = journals_verify(ours);

	if (verdict.n)
		fail_msg("%s: %s", verdict.v[0].file, verdict.v[0].what);
}

static const char *peer_segment(unsigned first)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "peers/%s.%020u.log", journal_origin(theirs), first);
	return scratch_path(here, name);
}

static void a_copy_is_the_same_bytes(void **state)
{
	(void)state;
	journals_fill(theirs, 1, 7);
	journals_add(theirs, "{\"text\":\"\\u00e4 ä \\\" \"}");
	import(0, 3);
	import(3, 3);
	import(3, 100);
	import(0, 100);
	same_lines();
	sound();
	assert_true(fs_exists(peer_segment(1)));
	assert_false(fs_exists(peer_segment(4)));
}

static void segments_are_rolled_like_our_own(void **state)
{
	(void)state;
	journals_fill(theirs, 1, 9);
	setenv("MINSKY_SEGMENT_SIZE", "900", 1);
	journal_close(ours);
	ours = journals_open(here);
	for (unsigned i = 0; i < 9; i++)
		import(i, i + 1);
	same_lines();
	sound();
	assert_true(fs_exists(peer_segment(4)));
}

static void a_long_page_is_stored_in_parts(void **state)
{
	static char body[60000];

	(void)state;
	memset(body, 'x', sizeof(body));
	memcpy(body, "{\"t\":\"", 6);
	memcpy(body + sizeof(body) - 3, "\"}", 3);
	for (int i = 0; i < 40; i++)
		journals_add(theirs, body);
	import(0, 100);
	same_lines();
	sound();
}

/* One record of theirs, to be changed. */
static struct record record(uint64_t seq)
{
	static char body[256];
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	struct record out;

	assert_int_equal(journal_reader_open(&reader, theirs, NULL, seq - 1, NULL, &err), 0);
	assert_int_equal(journal_reader_next(reader, &rec, &err), 0);
	assert_non_null(rec);
	out = *rec;
	memcpy(body, rec->body, rec->body_len);
	out.body = body;
	journal_reader_close(reader);
	return out;
}

static int add(const struct record *rec)
{
	struct peer_import *p = NULL;
	int r;

	assert_int_equal(
		peer_import_open(&p, ours, journal_origin(theirs), UINT64_MAX, 1000, &err), 0);
	r = peer_import_add(p, rec, &err);
	if (r == 0)
		r = peer_import_flush(p, &err);
	peer_import_close(p);
	return r;
}

static void what_contradicts_the_chain_is_not_taken(void **state)
{
	struct record rec;
	struct buf before;

	(void)state;
	journals_fill(theirs, 1, 5);
	import(0, 2);
	before = scratch_read(peer_segment(1));
	rec = record(4);
	assert_int_equal(add(&rec), ERR_CORRUPT);
	assert_non_null(strstr(err.msg, "missing"));
	rec = record(3);
	rec.hash[5] ^= 1;
	assert_int_equal(add(&rec), ERR_CORRUPT);
	rec = record(3);
	rec.body = "{\"n\":4}";
	assert_int_equal(add(&rec), ERR_CORRUPT);
	rec = record(3);
	rec.hlc++;
	assert_int_equal(add(&rec), ERR_CORRUPT);
	rec = record(2);
	rec.hash[5] ^= 1;
	assert_int_equal(add(&rec), ERR_CORRUPT);
	assert_non_null(strstr(err.msg, "another"));
	rec = record(3);
	rec.origin[0] = rec.origin[0] == 'a' ? 'b' : 'a';
	assert_int_equal(add(&rec), ERR_CORRUPT);
	{
		struct buf after = scratch_read(peer_segment(1));

		assert_string_equal(before.data, after.data);
		buf_release(&after);
	}
	buf_release(&before);
	rec = record(3);
	assert_int_equal(add(&rec), 0);
}

static void our_own_origin_is_not_imported(void **state)
{
	struct peer_import *p = NULL;

	(void)state;
	journals_fill(ours, 1, 1);
	assert_int_equal(
		peer_import_open(&p, ours, journal_origin(ours), 9, 1000, &err), ERR_REFUSED);
	assert_null(p);
}

static void a_torn_end_is_cut_and_imported_anew(void **state)
{
	struct buf text;

	(void)state;
	journals_fill(theirs, 1, 5);
	import(0, 5);
	text = scratch_read(peer_segment(1));
	scratch_write(peer_segment(1), text.data, text.len - 10);
	import(4, 5);
	same_lines();
	/* The copy's beginning alone. */
	scratch_write(peer_segment(1), text.data, 100);
	import(0, 5);
	same_lines();
	sound();
	buf_release(&text);
}

static void damage_is_cut_only_if_it_can_be_had_again(void **state)
{
	struct peer_import *p = NULL;
	char hint[64];
	struct buf text;

	(void)state;
	journals_fill(theirs, 1, 5);
	import(0, 5);
	text = scratch_read(peer_segment(1));
	text.data[text.len / 2] ^= 1;
	scratch_write(peer_segment(1), text.data, text.len);
	/* With the note of where it ends nobody reads what is before that. */
	(void)snprintf(hint, sizeof(hint), "peers/%s.head", journal_origin(theirs));
	assert_int_equal(unlink(scratch_path(here, hint)), 0);
	assert_int_equal(
		peer_import_open(&p, ours, journal_origin(theirs), 4, 1000, &err), ERR_CORRUPT);
	assert_non_null(strstr(err.hint, "journal repair"));
	assert_int_equal(peer_import_open(&p, ours, journal_origin(theirs), 5, 1000, &err), 0);
	peer_import_close(p);
	buf_release(&text);
	import(0, 5);
	same_lines();
	sound();
}

static uint64_t own_hlc(void)
{
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	uint64_t hlc = 0;
	struct head head;

	head = journals_add(ours, "{}");
	assert_int_equal(journal_reader_open(&reader, ours, NULL, head.seq - 1, NULL, &err), 0);
	assert_int_equal(journal_reader_next(reader, &rec, &err), 0);
	hlc = rec->hlc;
	journal_reader_close(reader);
	return hlc;
}

static void own_events_sort_behind_what_was_imported(void **state)
{
	uint64_t hlc;

	(void)state;
	setenv("MINSKY_NOW", "2026-01-01T00:04:00Z", 1);
	journals_fill(theirs, 1, 1);
	setenv("MINSKY_NOW", "2026-01-01T00:00:00Z", 1);
	hlc = own_hlc();
	import(0, 1);
	assert_true(own_hlc() > record(1).hlc);
	assert_true(hlc < record(1).hlc);
	/* Six minutes ahead: somebody's broken clock is not everybody's. */
	setenv("MINSKY_NOW", "2026-01-01T00:06:00Z", 1);
	journals_fill(theirs, 1, 1);
	setenv("MINSKY_NOW", "2026-01-01T00:00:00Z", 1);
	import(1, 2);
	assert_true(own_hlc() < record(2).hlc);
	sound();
}

static void what_others_redacted_is_blank_here_too(void **state)
{
	struct peer_blank *v = NULL;
	bool changed;
	size_t n;

	(void)state;
	journals_fill(theirs, 1, 2);
	assert_int_equal(
		journal_redact(theirs, journal_origin(theirs), 1, "secret", &changed, &err), 0);
	import(0, 100);
	assert_int_equal(peers_blanks(&v, &n, ours, &err), 0);
	assert_int_equal(n, 1);
	assert_true(v[0].seq == 1);
	free(v);
	assert_int_equal(peers_blank(ours, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_false(fs_exists(scratch_path(here, "blank")));
	same_lines();
	sound();
}

static void a_body_that_comes_with_its_redaction_goes(void **state)
{
	bool changed;
	size_t n;

	(void)state;
	journals_fill(theirs, 1, 2);
	import(0, 2);
	assert_int_equal(
		journal_redact(theirs, journal_origin(theirs), 1, "secret", &changed, &err), 0);
	import(2, 100);
	assert_true(fs_exists(scratch_path(here, "blank")));
	assert_int_equal(peers_blank(ours, &n, &err), 0);
	assert_int_equal(n, 1);
	same_lines();
	sound();
	assert_int_equal(peers_blank(ours, &n, &err), 0);
	assert_int_equal(n, 0);
}

#define STRANGER "0123456789abcdef0123456789abcdef"

/* Somebody asks for the blanking of a record of `origin`. */
static size_t blanked_by(const char *by, const char *origin, uint64_t seq)
{
	struct redaction one = { .seq = seq };
	struct redactions list = { .v = NULL };
	size_t n = 0;

	memcpy(one.origin, origin, sizeof(one.origin));
	memcpy(one.by.origin, by, sizeof(one.by.origin));
	assert_int_equal(redactions_add(&list, &one, &err), 0);
	assert_int_equal(peers_add_blanks(ours, &list, &err), 0);
	assert_int_equal(peers_blank(ours, &n, &err), 0);
	redactions_release(&list);
	return n;
}

static void say_owner(const char *origin, bool keeper)
{
	struct origins origins = ORIGINS_INIT;

	assert_int_equal(origins_add(&origins, origin, "bea", keeper, false, &err), 0);
	assert_int_equal(origins_save(&origins, here, &err), 0);
	origins_release(&origins);
}

static void only_an_origin_itself_and_keepers_blank(void **state)
{
	(void)state;
	journals_fill(theirs, 1, 3);
	import(0, 100);
	assert_int_equal(blanked_by(STRANGER, journal_origin(theirs), 1), 0);
	same_lines();
	say_owner(STRANGER, false);
	assert_int_equal(blanked_by(STRANGER, journal_origin(theirs), 1), 0);
	same_lines();
	/* What was not allowed is not kept for a day when it might be. */
	say_owner(STRANGER, true);
	{
		size_t n = 9;

		assert_int_equal(peers_blank(ours, &n, &err), 0);
		assert_int_equal(n, 0);
	}
	same_lines();
	assert_int_equal(blanked_by(STRANGER, journal_origin(theirs), 1), 1);
	assert_int_equal(blanked_by(journal_origin(theirs), journal_origin(theirs), 2), 1);
}

static void nobody_blanks_our_own_records(void **state)
{
	(void)state;
	journals_fill(ours, 1, 2);
	say_owner(STRANGER, true);
	assert_int_equal(blanked_by(STRANGER, journal_origin(ours), 1), 0);
	assert_int_equal(blanked_by(journal_origin(ours), journal_origin(ours), 1), 0);
	sound();
	assert_false(fs_exists(scratch_path(here, "blank")));
}

static void lines_of_an_older_version_blank_nothing(void **state)
{
	struct buf line = BUF_INIT;
	size_t n = 9;

	(void)state;
	journals_fill(theirs, 1, 3);
	import(0, 100);
	buf_addf(&line, "%s 1\n%s 2 x\n", journal_origin(theirs), journal_origin(theirs));
	scratch_write(scratch_path(here, "blank"), line.data, line.len);
	assert_int_equal(peers_blank(ours, &n, &err), 0);
	assert_int_equal(n, 0);
	same_lines();
	buf_release(&line);
}

static void owners_are_read_as_they_were_written(void **state)
{
	static const char rubbish[] = "x\n0123 keeper y\n" STRANGER "\n" STRANGER " keeper\n";
	struct origins out = ORIGINS_INIT, none = ORIGINS_INIT;

	(void)state;
	assert_int_equal(origins_load(&none, here, &err), 0);
	assert_int_equal(none.n, 0);
	say_owner(STRANGER, true);
	assert_int_equal(origins_load(&out, here, &err), 0);
	assert_int_equal(out.n, 1);
	assert_string_equal(origins_find(&out, STRANGER)->who, "bea");
	assert_true(origins_find(&out, STRANGER)->keeper);
	assert_null(origins_find(&out, journal_origin(ours)));
	assert_int_equal(origins_add(&out, STRANGER, "\033[2J b\nc", false, true, &err), 0);
	assert_int_equal(out.n, 1);
	assert_null(strpbrk(origins_find(&out, STRANGER)->who, "\033\n"));
	assert_int_equal(origins_save(&out, here, &err), 0);
	origins_release(&out);
	assert_int_equal(origins_load(&out, here, &err), 0);
	assert_false(origins_find(&out, STRANGER)->keeper);
	assert_true(origins_find(&out, STRANGER)->retired);
	origins_release(&out);
	scratch_write(scratch_path(here, "origins"), rubbish, sizeof(rubbish) - 1);
	assert_int_equal(origins_load(&out, here, &err), 0);
	assert_int_equal(out.n, 0);
	origins_release(&out);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_copy_is_the_same_bytes),
		TEST(segments_are_rolled_like_our_own),
		TEST(a_long_page_is_stored_in_parts),
		TEST(what_contradicts_the_chain_is_not_taken),
		TEST(our_own_origin_is_not_imported),
		TEST(a_torn_end_is_cut_and_imported_anew),
		TEST(damage_is_cut_only_if_it_can_be_had_again),
		TEST(own_events_sort_behind_what_was_imported),
		TEST(what_others_redacted_is_blank_here_too),
		TEST(a_body_that_comes_with_its_redaction_goes),
		TEST(only_an_origin_itself_and_keepers_blank),
		TEST(nobody_blanks_our_own_records),
		TEST(lines_of_an_older_version_blank_nothing),
		TEST(owners_are_read_as_they_were_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
