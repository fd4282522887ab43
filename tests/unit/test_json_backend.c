/* What only the backend that is one JSON file has to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "lib/scratch.h"
#include "lib/stores.h"

static char dir[SCRATCH_SIZE];
static char path[SCRATCH_SIZE + 32];
static struct backend *b;
static struct error err;

static int make(void **state)
{
	(void)state;
	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/made/for/it.json", dir);
	b = stores_open("json", path);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	stores_close(b);
	scratch_remove(dir);
	return 0;
}

static void reopen(void)
{
	stores_close(b);
	b = stores_open("json", path);
}

#define RECORD(n, name)                                                                            \
	"{\"record\":{\"session\":\"" name "\",\"sessionId\":\"0193597a-0000-7000-8000-"           \
	"00000000000" #n "\",\"status\":\"active\"},\"key\":{\"hlc\":\"0193597a0000000" #n "\","   \
	"\"origin\":\"" STORES_ORIGIN "\",\"seq\":2},\"events\":3}"

static void the_file_is_one_line_a_session(void **state)
{
	struct buf text;
	struct stat st;
	char hash[HASH_HEX_SIZE];
	struct buf expected = BUF_INIT;
	uint64_t seq = 2;

	(void)state;
	assert_false(fs_exists(path));
	stores_add(b, STORES_REPO, 1, "\"session\":\"a\"");
	text = scratch_read(path);
	hash_bytes(&seq, sizeof(seq), hash);
	buf_addf(&expected,
		"{\n\"schema\":2,\n\"repositories\":{\n\"" STORES_REPO "\":{\n\"heads\":["
		"{\"origin\":\"" STORES_ORIGIN "\",\"seq\":2,\"hash\":\"%s\"}],\n"
		"\"sessions\":[\n" RECORD(1, "a") "\n]}\n}\n}\n",
		hash);
	assert_string_equal(text.data, expected.data);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	buf_release(&text);
	buf_release(&expected);
}

static size_t count_lines_of(const struct buf *a, const struct buf *c)
{
	size_t n = 0;

	for (const char *p = a->data; *p;) {
		const char *end = strchr(p, '\n');

		n += !memmem(c->data, c->len, p, (size_t)(end - p) + 1);
		p = end + 1;
	}
	return n;
}

static void a_change_touches_few_lines(void **state)
{
	struct buf before, after;

	(void)state;
	for (unsigned i = 1; i < 9; i++)
		stores_add(b, STORES_REPO, i, "\"session\":\"a\"");
	before = scratch_read(path);
	stores_add(b, STORES_REPO, 4, "\"session\":\"b\"");
	after = scratch_read(path);
	/* The session's and that of the heads. */
	assert_int_equal(count_lines_of(&after, &before), 2);
	buf_release(&before);
	buf_release(&after);
}

static void write_text(const char *text)
{
	char parent[SCRATCH_SIZE + 32];

	(void)snprintf(parent, sizeof(parent), "%s/made/for", dir);
	assert_int_equal(fs_mkdirs(parent, 0700, &err), 0);
	scratch_write(path, text, strlen(text));
}

static void unknown_members_survive_a_rewrite(void **state)
{
	struct buf text;

	(void)state;
	write_text(
		"{ \"made\\u0042y\" : { \"x\":1.0 } ,\"schema\":2,\"repositories\":{\"" STORES_REPO
		"\":{\"colour\":[ \"red\" ],\"heads\":[],\"sessions\":["
		"{\"record\":{\"sessionId\":\"0193597a-0000-7000-8000-000000000001\"},\"key\":{"
		"\"hlc\":\"0000000000000001\",\"origin\":\"" STORES_ORIGIN
		"\",\"seq\":1},\"events\":1,\"seen\":{\"by\":\"me\"}}]},\"elsewhere\":{"
		"\"sessions\":[{\"not\":\"ours\"}],\"heads\":[ ]}}}");
	stores_add(b, STORES_REPO, 1, "\"session\":\"a\"");
	text = scratch_read(path);
	assert_non_null(strstr(text.data, "\"made\\u0042y\":{ \"x\":1.0 }"));
	assert_non_null(strstr(text.data, "\"colour\":[ \"red\" ]"));
	assert_non_null(strstr(text.data, "\"session\":\"a\""));
	assert_non_null(strstr(text.data, "\"events\":3,\"seen\":{\"by\":\"me\"}}"));
	assert_non_null(strstr(text.data,
		"\"elsewhere\":{\n\"heads\":[ ],\n\"sessions\":[\n{"
		"\"not\":\"ours\"}\n]}"));
	buf_release(&text);
	reopen();
	assert_int_equal(stores_seq(b, STORES_REPO), 2);
}

static void rows_in_any_order_are_found(void **state)
{
	struct session s = { .name = NULL };
	struct buf text;

	(void)state;
	write_text("{\"schema\":2,\"repositories\":{\"" STORES_REPO
		   "\":{\"heads\":[],\"sessions\":[" RECORD(3, "c") "," RECORD(1, "a") "]}}}");
	assert_int_equal(b->ops->get(b, STORES_REPO, KEY_ID, stores_id(1), &s, &err), 0);
	assert_string_equal(s.name, "a");
	session_release(&s);
	stores_add(b, STORES_REPO, 2, "\"session\":\"b\"");
	text = scratch_read(path);
	assert_non_null(strstr(text.data, RECORD(1, "a")));
	assert_true(strstr(text.data, "\"a\"") < strstr(text.data, "\"b\""));
	assert_true(strstr(text.data, "\"b\"") < strstr(text.data, "\"c\""));
	buf_release(&text);
}

static void refused(const char *text, int code)
{
	struct heads heads = HEADS_INIT;
	struct session_query all = { .limit = 0 };
	struct session_set set = { .v = NULL };
	struct session s = { .name = NULL };
	struct buf after;
	int r;

	write_text(text);
	reopen();
	r = b->ops->heads(b, STORES_REPO, &heads, &err);
	if (r == 0)
		r = b->ops->list(b, STORES_REPO, &all, &set, &err);
	if (r == 0)
		r = b->ops->get(b, STORES_REPO, KEY_ID, stores_id(9), &s, &err);
	if (r != code)
		fail_msg("%d instead of %d: %s", r, code, text);
	heads_release(&heads);
	session_set_release(&set);
	after = scratch_read(path);
	assert_string_equal(after.data, text);
	buf_release(&after);
}

static void what_is_no_store_is_refused(void **state)
{
	(void)state;
	refused("", ERR_CORRUPT);
	refused("7", ERR_CORRUPT);
	refused("{}", ERR_CORRUPT);
	refused("{\"schema\":2}", ERR_CORRUPT);
	refused("{\"schema\":2,\"repositories\":[]}", ERR_CORRUPT);
	refused("{\"schema\":\"2\",\"repositories\":{}}", ERR_CORRUPT);
	refused("{\"schema\":2,\"repositories\":{\"" STORES_REPO "\":{}}}", ERR_CORRUPT);
	refused("{\"schema\":2,\"repositories\":{\"" STORES_REPO "\":{\"heads\":[]}}}",
		ERR_CORRUPT);
	refused("{\"schema\":2,\"repositories\":{\"" STORES_REPO "\":{\"heads\":[{\"seq\":1}],"
		"\"sessions\":[]}}}",
		ERR_CORRUPT);
	refused("{\"schema\":2,\"repositories\":{\"" STORES_REPO
		"\":{\"heads\":[],\"sessions\":[7]}}"
		"}",
		ERR_CORRUPT);
	refused("{\"schema\":2,\"repositories\":{\"" STORES_REPO "\":{\"heads\":[],"
		"\"sessions\":[{\"record\":{\"sessionId\":\"0193597a-0000-7000-8000-000000000001\"}"
		","
		"\"events\":1}]}}}",
		ERR_CORRUPT);
	refused("{\"schema\":2,\"repositories\":{\"" STORES_REPO
		"\":{\"heads\":[],\"sessions\":[" RECORD(1, "a") "," RECORD(1, "b") "]}}}",
		ERR_CORRUPT);
	refused("{\"schema\":2,\"schema\":2,\"repositories\":{}}", ERR_CORRUPT);
}

/* A file of that name may be there from the program that minsky replaces. */
static void the_file_of_the_old_program_is_left_alone(void **state)
{
	(void)state;
	refused("[]", ERR_UNSUPPORTED);
	refused("[{\"session\":\"task#1\",\"repoName\":\"local/minsky\"}]", ERR_UNSUPPORTED);
	refused("{\"sessions\":[],\"baseDir\":\"/x\"}", ERR_UNSUPPORTED);
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), ERR_UNSUPPORTED);
	assert_non_null(strstr(err.hint, "sessiondb.json.path"));
}

static void a_link_stays_a_link(void **state)
{
	char target[SCRATCH_SIZE + 32];
	struct stat st;

	(void)state;
	write_text("{\"schema\":2,\"repositories\":{}}");
	(void)snprintf(target, sizeof(target), "%s/target.json", dir);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	reopen();
	stores_add(b, STORES_REPO, 1, "\"session\":\"a\"");
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(target, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	reopen();
	assert_int_equal(stores_seq(b, STORES_REPO), 2);
}

static void a_link_to_nothing_is_refused(void **state)
{
	struct config *config = stores_config("json", path);
	struct backend *other = NULL;

	(void)state;
	write_text("");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(b->ops->open(&other, config, &err), ERR_IO);
	assert_null(other);
	assert_non_null(strstr(err.msg, path));
	config_free(config);
}

static void an_edit_from_outside_is_noticed(void **state)
{
	struct session s = { .name = NULL };

	(void)state;
	stores_add(b, STORES_REPO, 1, "\"session\":\"a\"");
	write_text("{\"schema\":2,\"repositories\":{\"" STORES_REPO
		   "\":{\"heads\":[],\"sessions\":[" RECORD(2, "edited") "]}}}");
	assert_int_equal(b->ops->get(b, STORES_REPO, KEY_NAME, "edited", &s, &err), 0);
	session_release(&s);
	assert_int_equal(b->ops->get(b, STORES_REPO, KEY_NAME, "a", &s, &err), ERR_NOTFOUND);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(stores_seq(b, STORES_REPO), 0);
}

static void a_second_batch_is_refused(void **state)
{
	(void)state;
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), ERR_BUSY);
	b->ops->rollback(b);
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
}

/* The directory went away between begin and commit. */
static void a_commit_that_fails_has_rolled_back(void **state)
{
	struct session s = stores_session(1, "\"session\":\"a\"");
	struct heads heads = stores_heads(1);
	char made[SCRATCH_SIZE + 32];

	(void)state;
	(void)snprintf(made, sizeof(made), "%s/made", dir);
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
	assert_int_equal(b->ops->put(b, &s, &err), 0);
	assert_int_equal(fs_remove_tree(made, &err), 0);
	assert_int_equal(b->ops->commit(b, &heads, &err), ERR_IO);
	assert_int_equal(b->ops->put(b, &s, &err), ERR_USAGE);
	assert_int_equal(stores_seq(b, STORES_REPO), 0);
	stores_put(b, STORES_REPO, &s, 4);
	assert_int_equal(stores_seq(b, STORES_REPO), 4);
	session_release(&s);
	heads_release(&heads);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_file_is_one_line_a_session),
		TEST(a_change_touches_few_lines),
		TEST(unknown_members_survive_a_rewrite),
		TEST(rows_in_any_order_are_found),
		TEST(what_is_no_store_is_refused),
		TEST(the_file_of_the_old_program_is_left_alone),
		TEST(a_link_stays_a_link),
		TEST(a_link_to_nothing_is_refused),
		TEST(an_edit_from_outside_is_noticed),
		TEST(a_second_batch_is_refused),
		TEST(a_commit_that_fails_has_rolled_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
