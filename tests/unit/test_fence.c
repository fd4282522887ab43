/* A journal that was copied, or put back from a backup, never goes on under the same origin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/json.h"
#include "lib/child.h"
#include "lib/journals.h"
#include "lib/scratch.h"

static char base[SCRATCH_SIZE], dir[96], other[96];

static int setup(void **state)
{
	(void)state;
	setenv("USER", "ana", 1);
	scratch_make(base);
	(void)snprintf(dir, sizeof(dir), "%s/journal", base);
	(void)snprintf(other, sizeof(other), "%s/other", base);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("MINSKY_NOW");
	scratch_remove(base);
	return 0;
}

/* cp -a FROM TO */
static void copy(const char *from, const char *to)
{
	pid_t pid = child_fork();
	int status;

	if (!pid) {
		execlp("cp", "cp", "-a", from, to, (char *)NULL);
		_exit(127);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(status, 0);
}

static uint64_t count(struct journal *j, const char *origin)
{
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;
	uint64_t n = 0;

	assert_int_equal(journal_reader_open(&r, j, origin, 0, NULL, &err), 0);
	do {
		assert_int_equal(journal_reader_next(r, &rec, &err), 0);
		n += rec != NULL;
	} while (rec);
	journal_reader_close(r);
	return n;
}

/* The first record of the journal's own origin says where it comes from. */
static void assert_forked(struct journal *j, const struct head *parent)
{
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;
	struct json *body = NULL;
	const struct json *from;
	uint64_t seq = 0;

	assert_int_equal(journal_reader_open(&r, j, NULL, 0, NULL, &err), 0);
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_non_null(rec);
	assert_true(rec->seq == 1);
	assert_int_equal(json_parse(&body, rec->body, rec->body_len, &err), 0);
	from = json_get(json_get(body, "data"), "parent");
	assert_string_equal(json_get_string(body, "type"), "journal.forked");
	assert_string_equal(json_get_string(from, "origin"), parent->origin);
	assert_true(json_get_u64(from, "seq", &seq) && seq == parent->seq);
	json_free(body);
	journal_reader_close(r);
}

static void a_copy_goes_on_as_a_new_origin_and_keeps_the_old_records(void **state)
{
	struct journal *j = journals_new(dir), *k;
	struct head old = journals_fill(j, 1, 3), head, parent;
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;
	char drawn[ID_HEX_SIZE];

	(void)state;
	copy(dir, other);
	k = journals_open(other);
	assert_string_equal(journal_origin(k), journal_origin(j));
	assert_int_equal(journal_head(k, &head, &err), 0);
	assert_true(head.seq == 3);
	assert_false(journal_parent(k, &parent));
	head = journals_add(k, "{\"here\":1}");
	assert_true(head.seq == 2);
	assert_string_not_equal(head.origin, old.origin);
	assert_string_equal(journal_origin(k), head.origin);
	assert_true(journal_parent(k, &parent));
	assert_string_equal(parent.origin, old.origin);
	assert_true(parent.seq == 3);
	assert_forked(k, &old);
	assert_true(count(k, old.origin) == 3);
	assert_true(count(k, NULL) == 2);
	assert_int_equal(journal_heads(k, &heads, &err), 0);
	assert_int_equal(heads.n, 2);
	assert_string_equal(heads_find(&heads, old.origin)->hash, old.hash);
	assert_int_equal(journals_verify(k).n, 0);
	assert_true(journals_verify(k).result.records == 5);

	/* The original does not notice, the copy does not draw again. */
	assert_true(journals_fill(j, 4, 1).seq == 4);
	memcpy(drawn, head.origin, sizeof(drawn));
	journal_close(k);
	k = journals_open(other);
	head = journals_add(k, "{\"here\":2}");
	assert_true(head.seq == 3);
	assert_string_equal(head.origin, drawn);
	heads_release(&heads);
	journal_close(k);
	journal_close(j);
}

static void a_copy_of_a_copy_names_its_own_parent(void **state)
{
	struct journal *j = journals_new(dir), *k;
	struct head last;
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	journals_fill(j, 1, 2);
	journal_close(j);
	copy(dir, other);
	k = journals_open(other);
	last = journals_fill(k, 1, 2);
	journal_close(k);
	fs_remove_tree(dir, &err);
	copy(other, dir);
	k = journals_open(dir);
	journals_fill(k, 3, 1);
	assert_forked(k, &last);
	assert_int_equal(journal_heads(k, &heads, &err), 0);
	assert_int_equal(heads.n, 3);
	assert_int_equal(journals_verify(k).n, 0);
	heads_release(&heads);
	journal_close(k);
}

static void an_older_copy_put_back_over_the_same_path_is_noticed(void **state)
{
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	struct head old, head;

	(void)state;
	old = journals_fill(j, 1, 3);
	copy(dir, other);
	journals_fill(j, 4, 4);
	journal_close(j);
	assert_int_equal(fs_remove_tree(dir, &err), 0);
	copy(other, dir);
	j = journals_open(dir);
	head = journals_add(j, "{}");
	assert_true(head.seq == 2);
	assert_string_not_equal(head.origin, old.origin);
	assert_forked(j, &old);
	assert_int_equal(journals_verify(j).n, 0);
	journal_close(j);
}

static void a_moved_journal_keeps_its_origin(void **state)
{
	struct journal *j = journals_new(dir);
	struct head old = journals_fill(j, 1, 2), head;

	(void)state;
	journal_close(j);
	assert_int_equal(rename(dir, other), 0);
	j = journals_open(other);
	head = journals_add(j, "{}");
	assert_string_equal(head.origin, old.origin);
	assert_true(head.seq == 3);
	journal_close(j);
}

/* Write `origin` anew with one line changed, or left out. */
static void change_line(const char *key, const char *value)
{
	struct buf text = scratch_read(scratch_path(dir, "origin")), changed = BUF_INIT;

	for (const char *at = text.data; *at;) {
		const char *end = strchr(at, '\n') + 1;

		if (strncmp(at, key, strlen(key)) != 0)
			buf_add(&changed, at, (size_t)(end - at));
		else if (value)
			buf_addf(&changed, "%s %s\n", key, value);
		at = end;
	}
	scratch_write(scratch_path(dir, "origin"), changed.data, changed.len);
	buf_release(&text);
	buf_release(&changed);
}

static void another_machine_alone_is_mentioned_and_no_fork(void **state)
{
	struct journal *j = journals_new(dir);
	struct head old = journals_fill(j, 1, 1);
	struct journals_verdict verdict;

	(void)state;
	if (access("/etc/machine-id", R_OK) < 0)
		skip();
	journal_close(j);
	change_line("machine", "00112233445566778899aabbccddeeff");
	j = journals_open(dir);
	assert_string_equal(journals_add(j, "{}").origin, old.origin);
	verdict = journals_verify(j);
	assert_int_equal(verdict.n, 1);
	assert_false(verdict.v[0].damage);
	assert_string_equal(verdict.v[0].what, "was written on another machine");
	journal_close(j);
}

static void birth_counts_where_both_know_it(void **state)
{
	struct journal *j = journals_new(dir);
	struct head old = journals_fill(j, 1, 1);

	(void)state;
	journal_close(j);
	change_line("born", NULL);
	j = journals_open(dir);
	assert_string_equal(journals_add(j, "{}").origin, old.origin);
	journal_close(j);
}

static void an_inode_that_was_used_again_is_told_by_the_birth(void **state)
{
	struct journal *j = journals_new(dir);
	struct head old = journals_fill(j, 1, 1);
	struct buf text = scratch_read(scratch_path(dir, "origin"));

	(void)state;
	journal_close(j);
	if (!strstr(text.data, "\nborn ")) {
		buf_release(&text);
		skip();
	}
	buf_release(&text);
	change_line("born", "1.000000001");
	j = journals_open(dir);
	assert_string_not_equal(journals_add(j, "{}").origin, old.origin);
	assert_forked(j, &old);
	journal_close(j);
}

static void a_journal_without_a_fence_gets_one(void **state)
{
	struct journal *j = journals_new(dir);
	struct head old = journals_fill(j, 1, 1);

	(void)state;
	journal_close(j);
	change_line("inode", NULL);
	change_line("born", NULL);
	j = journals_open(dir);
	assert_string_equal(journals_add(j, "{}").origin, old.origin);
	journal_close(j);
	copy(dir, other);
	j = journals_open(other);
	assert_string_not_equal(journals_add(j, "{}").origin, old.origin);
	journal_close(j);
}

/* Killed between the new origin and its first record. */
static void a_fork_that_owes_its_first_record_pays_it(void **state)
{
	struct journal *j = journals_new(dir);
	struct head old = journals_fill(j, 1, 2), head;
	char segment[768];

	(void)state;
	journal_close(j);
	copy(dir, other);
	j = journals_open(other);
	journals_add(j, "{}");
	(void)snprintf(segment, sizeof(segment), "%s", journals_segment(j));
	assert_int_equal(unlink(segment), 0);
	assert_int_equal(unlink(scratch_path(other, "head")), 0);
	journal_close(j);
	j = journals_open(other);
	assert_true(count(j, NULL) == 0);
	head = journals_add(j, "{}");
	assert_true(head.seq == 2);
	assert_forked(j, &old);
	assert_int_equal(journals_verify(j).n, 0);
	journal_close(j);
}

/* Opened before another process drew the new origin. */
static void everybody_follows_the_origin_that_was_drawn(void **state)
{
	struct journal *j = journals_new(dir), *a, *b;
	struct head head;

	(void)state;
	journals_fill(j, 1, 2);
	journal_close(j);
	copy(dir, other);
	a = journals_open(other);
	b = journals_open(other);
	head = journals_add(a, "{\"a\":1}");
	assert_string_equal(journals_add(b, "{\"b\":1}").origin, head.origin);
	assert_true(journals_add(a, "{\"a\":2}").seq == 4);
	assert_int_equal(journals_verify(a).n, 0);
	journal_close(a);
	journal_close(b);
}

static void the_clock_goes_on_behind_the_parent(void **state)
{
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;
	struct journal *j;

	(void)state;
	setenv("MINSKY_NOW", "2030-01-01T00:00:00Z", 1);
	j = journals_new(dir);
	journals_fill(j, 1, 2);
	journal_close(j);
	setenv("MINSKY_NOW", "2020-01-01T00:00:00Z", 1);
	copy(dir, other);
	j = journals_open(other);
	journals_add(j, "{}");
	assert_int_equal(journal_reader_open(&r, j, NULL, 0, NULL, &err), 0);
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_true(record_hlc_ms(rec->hlc) >= INT64_C(1893456000000));
	journal_reader_close(r);
	journal_close(j);
}

static void a_parent_that_is_cut_or_gone_is_damage(void **state)
{
	struct journal *j = journals_new(dir);
	struct journals_verdict verdict;
	char segment[768];
	struct buf text;
	size_t len;

	(void)state;
	journals_fill(j, 1, 3);
	journal_close(j);
	copy(dir, other);
	j = journals_open(other);
	(void)snprintf(segment, sizeof(segment), "%s", journals_segment(j));
	journals_add(j, "{}");
	text = scratch_read(segment);
	len = (size_t)((char *)memrchr(text.data, '\n', text.len - 1) - text.data) + 1;
	scratch_write(segment, text.data, len);
	verdict = journals_verify(j);
	assert_int_equal(verdict.n, 1);
	assert_true(verdict.v[0].damage);
	assert_non_null(strstr(verdict.v[0].what, "continues record 3 of origin"));
	assert_int_equal(unlink(segment), 0);
	assert_int_equal(journals_verify(j).result.damaged, 1);
	buf_release(&text);
	journal_close(j);
}

static void lines_that_mean_nothing_are_refused(void **state)
{
	static const char *const bad[] = { "born x", "born 1.5", "parent abc 1 2", "origin 12" };
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct buf text = BUF_INIT;
		struct journal *k = NULL;

		buf_addf(&text, "minsky-origin 1\norigin %s\n%s\n", journal_origin(j), bad[i]);
		scratch_write(scratch_path(dir, "origin"), text.data, text.len);
		assert_int_equal(journal_open(&k, dir, &err), ERR_CORRUPT);
		buf_release(&text);
	}
	journal_close(j);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_copy_goes_on_as_a_new_origin_and_keeps_the_old_records),
		test(a_copy_of_a_copy_names_its_own_parent),
		test(an_older_copy_put_back_over_the_same_path_is_noticed),
		test(a_moved_journal_keeps_its_origin),
		test(another_machine_alone_is_mentioned_and_no_fork),
		test(birth_counts_where_both_know_it),
		test(an_inode_that_was_used_again_is_told_by_the_birth),
		test(a_journal_without_a_fence_gets_one),
		test(a_fork_that_owes_its_first_record_pays_it),
		test(everybody_follows_the_origin_that_was_drawn),
		test(the_clock_goes_on_behind_the_parent),
		test(a_parent_that_is_cut_or_gone_is_damage),
		test(lines_that_mean_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
