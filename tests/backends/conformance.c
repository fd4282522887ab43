/*
 * What every backend has to do. The backend's name is the argument:
 *
 *	conformance json
 *	conformance json traced
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/registry.h"
#include "core/fs.h"
#include "core/session_shape.h"
#include "lib/child.h"
#include "lib/scratch.h"
#include "lib/stores.h"

static const struct store_kind *subject;
static char dir[SCRATCH_SIZE];
static char path[SCRATCH_SIZE + 16];
static struct backend *b;
static struct error err;

static int make(void **state)
{
	(void)state;
	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/store", dir);
	b = stores_open(subject->name, path);
	error_clear(&err);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	stores_close(b);
	stores_drop(subject, path);
	scratch_remove(dir);
	return 0;
}

static void add(unsigned n, const char *members)
{
	stores_add(b, STORES_REPO, n, members);
}

static void reopen(void)
{
	stores_close(b);
	b = stores_open(subject->name, path);
}

static int get(enum session_key kind, const char *key, struct session *out)
{
	return b->ops->get(b, STORES_REPO, kind, key, out, &err);
}

/* What get answers, as "name", or "-" for ERR_NOTFOUND. */
static void finds(enum session_key kind, const char *key, const char *name)
{
	struct session s = { .name = NULL };
	int r = get(kind, key, &s);

	if (r == ERR_NOTFOUND)
		assert_string_equal("-", name);
	else if (r < 0)
		fail_msg("%s", err.msg);
	else
		assert_string_equal(s.name, name);
	session_release(&s);
}

/* What list answers, as names with a space behind each. */
static void lists_in(const char *repo, const struct session_query *query, const char *names)
{
	struct session_set set = { .v = NULL };
	struct buf got = BUF_INIT;

	if (b->ops->list(b, repo, query, &set, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < set.n; i++)
		buf_addf(&got, "%s ", set.v[i].name);
	assert_string_equal(got.data, names);
	session_set_release(&set);
	buf_release(&got);
}

static void lists(struct session_query query, const char *names)
{
	lists_in(STORES_REPO, &query, names);
}

static void same_row(const struct session *a, const struct session *c)
{
	struct buf ta = BUF_INIT, tc = BUF_INIT;

	assert_int_equal(session_row_to_json(&ta, a, &err), 0);
	assert_int_equal(session_row_to_json(&tc, c, &err), 0);
	assert_string_equal(ta.data, tc.data);
	buf_release(&ta);
	buf_release(&tc);
}

static void an_empty_store_answers(void **state)
{
	(void)state;
	assert_int_equal(stores_seq(b, STORES_REPO), 0);
	lists((struct session_query){ .limit = 0 }, "");
	finds(KEY_ID, stores_id(1), "-");
	finds(KEY_NAME, "x", "-");
	finds(KEY_TASK, "1", "-");
}

#define FULL                                                                                       \
	"\"session\":\"fix\",\"claimedId\":\"0193597a-0000-7000-8000-0000000000a2\",\"owner\":"    \
	"\"" STORES_ORIGIN "\",\"notes\":[{\"origin\":\"x\"}],\"rivals\":[\"" STORES_ORIGIN        \
	"\"],\"withoutEffect\":7,\"attention\":{\"at\":\"2026-01-02T03:04:05.006Z\",\"state\":"    \
	"\"waiting\",\"text\":\"ä \\\"quoted\\\" \\n 😀\"},\"backendType\":\"github\","         \
	"\"baseBranch\":\"main\",\"baseOid\":\"o\",\"branch\":\"fix\",\"prBefore\":{\"main\":"     \
	"\"1\",\"mainOrigin\":\"2\",\"workspace\":\"3\",\"workspaceOrigin\":\"4\"},\"cloneId\":"   \
	"\"c\",\"commitCount\":3,"                                                                 \
	"\"createdAt\":\"2026-01-01T00:00:00.001Z\",\"description\":\"\",\"github\":{\"app\":7.0," \
	"\"owner\":\"o\",\"repo\":\"r\",\"tokenRef\":\"env:T\"},\"head\":\"h\","                   \
	"\"lastActivityAt\":\"2026-01-02T00:00:00.000Z\",\"mainCloneId\":\"m\","                   \
	"\"mode\":\"clone\",\"prHistory\":[{\"branchName\":\"pr/a\",\"exists\":false,\"title\":"   \
	"\"\"}],\"prState\":{\"approvedAt\":\"2026-01-01T00:00:01.000Z\",\"approvedHead\":"        \
	"\"ah\",\"base\":\"main\",\"baseOid\":\"bo\",\"branchName\":\"pr/b\",\"closedAt\":"        \
	"\"2026-01-01T00:00:02.000Z\",\"createdAt\":\"2026-01-01T00:00:03.000Z\",\"exists\":"      \
	"true,\"reviews\":[{\"head\":\"ph\"}],\"hint\":{\"at\":\"2026-01-01T00:00:06.000Z\","      \
	"\"kind\":\"merged\",\"origin\":\"" STORES_ORIGIN                                          \
	"\",\"user\":\"u\",\"host\":\"h\"},\"head\":\"ph\",\"id\":\"0193597a-0000-7000-8000-"      \
	"0000000000a1\",\"lastChecked\":"                                                          \
	"\"2026-01-01T00:00:04.000Z\",\"mergeCommit\":\"mc\",\"mergeMethod\":\"squash\","          \
	"\"mergedAt\":\"2026-01-01T00:00:05.000Z\",\"seen\":{\"main\":\"1\",\"mainOrigin\":\"2\"," \
	"\"workspace\":\"3\",\"workspaceOrigin\":\"4\"},\"title\":\"t\",\"url\":\"u\","            \
	"\"verdict\":\"unknown\"},\"remote\":{\"authMethod\":\"ssh\",\"depth\":1},\"repoId\":"     \
	"\"" STORES_REPO "\",\"repoName\":\"o/r\",\"repoUrl\":\"u\",\"status\":\"merged\","        \
	"\"claim\":{\"hlc\":\"00000000000000ff\",\"origin\":\"" STORES_ORIGIN                      \
	"\"},\"startedBy\":{\"host\":\"h\",\"origin\":\"" STORES_ORIGIN                            \
	"\",\"user\":\"u\",\"agent\":\"a\"},\"taskId\":\"7\",\"workspace\":\"/w\",\"zeta\":{ "     \
	"\"deep\" : [1.50, null, "                                                                 \
	"\"\\u00e4\"]},\"Zeta\":12345678901234567890,\"n\":null"

/* FULL leaves nothing out that the record's tables know. */
static void has_all(const struct shape *shape)
{
	for (size_t i = 0; i < shape->n; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "\"%s\":", shape->v[i].name);
		/* Given by stores_session(); true only for those that are not there any more. */
		if (shape->v[i].kind != MEMBER_NONE && strcmp(shape->v[i].name, "sessionId") != 0 &&
			strcmp(shape->v[i].name, "deletedAt") != 0 && !strstr(FULL, name))
			fail_msg("FULL has no %s", name);
		if (shape->v[i].kind == MEMBER_OBJECT)
			has_all(shape->v[i].shape);
	}
}

static void every_field_survives(void **state)
{
	struct session s = stores_session(1, FULL), back = { .name = NULL };

	(void)state;
	has_all(&session_shape);
	has_all(&pr_shape);
	assert_string_equal(s.extra,
		"{\"Zeta\":12345678901234567890,\"n\":null,\"zeta\":{ "
		"\"deep\" : [1.50, null, \"\\u00e4\"]}}");
	s.frozen = true;
	s.last_key.hlc = UINT64_MAX;
	stores_put(b, STORES_REPO, &s, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(get(KEY_ID, s.id, &back), 0);
		same_row(&s, &back);
		session_release(&back);
		assert_int_equal(get(KEY_NAME, "fix", &back), 0);
		same_row(&s, &back);
		session_release(&back);
		reopen();
	}
	session_release(&s);
}

static void absent_and_empty_stay_apart(void **state)
{
	struct session s = { .name = NULL };

	(void)state;
	add(1, "\"session\":\"a\",\"description\":\"\",\"prState\":{\"title\":\"\"}");
	assert_int_equal(get(KEY_NAME, "a", &s), 0);
	assert_string_equal(s.description, "");
	assert_null(s.task_id);
	assert_int_equal(s.n_prs, 1);
	assert_string_equal(s.prs[0].title, "");
	assert_null(s.prs[0].head);
	session_release(&s);
}

/* A record that came in an event of the greatest depth is stored in a file with layers of its own.
 */
static void deep_members_survive(void **state)
{
	struct session s = { .name = NULL };
	struct buf members = BUF_INIT;

	(void)state;
	buf_adds(&members, "\"session\":\"a\",\"deep\":");
	for (int i = 0; i < JSON_MAX_DEPTH - 1; i++)
		buf_addch(&members, '[');
	for (int i = 0; i < JSON_MAX_DEPTH - 1; i++)
		buf_addch(&members, ']');
	add(1, members.data);
	reopen();
	assert_int_equal(get(KEY_NAME, "a", &s), 0);
	assert_int_equal(strlen(s.extra), 9 + 2 * (JSON_MAX_DEPTH - 1));
	session_release(&s);
	buf_release(&members);
}

static void a_session_is_found_by_its_keys(void **state)
{
	(void)state;
	add(1, "\"session\":\"a\",\"taskId\":\"7\"");
	add(2, "\"session\":\"task#8\",\"taskId\":\"#008\"");
	add(3, "\"session\":\"A\",\"taskId\":\"x-1\"");
	finds(KEY_ID, stores_id(2), "task#8");
	finds(KEY_ID, stores_id(4), "-");
	finds(KEY_ID, "a", "-");
	finds(KEY_NAME, "a", "a");
	finds(KEY_NAME, "A", "A");
	finds(KEY_NAME, "task#8", "task#8");
	finds(KEY_NAME, "", "-");
	finds(KEY_NAME, "a' OR '1'='1", "-");
	finds(KEY_TASK, "7", "a");
	finds(KEY_TASK, "#7", "a");
	finds(KEY_TASK, "task#007", "a");
	finds(KEY_TASK, "8", "task#8");
	finds(KEY_TASK, "#008", "task#8");
	finds(KEY_TASK, "x-1", "A");
	finds(KEY_TASK, "70", "-");
}

static void of_several_the_right_one_is_found(void **state)
{
	(void)state;
	add(1,
		"\"session\":\"a\",\"taskId\":\"7\",\"status\":\"deleted\",\"createdAt\":"
		"\"2026-01-09T00:00:00Z\"");
	finds(KEY_NAME, "a", "-");
	finds(KEY_TASK, "7", "-");
	finds(KEY_ID, stores_id(1), "a");
	add(2, "\"session\":\"a\",\"taskId\":\"7\",\"createdAt\":\"2026-01-02T00:00:00Z\"");
	add(3, "\"session\":\"b\",\"taskId\":\"#7\",\"createdAt\":\"2026-01-03T00:00:00Z\"");
	add(4, "\"session\":\"c\",\"taskId\":\"7\",\"createdAt\":\"2026-01-01T00:00:00Z\"");
	finds(KEY_TASK, "7", "b");
	/* Two machines chose one name: the first of them has it. */
	add(5,
		"\"session\":\"b\",\"description\":\"second\",\"createdAt\":\"2026-01-04T00:00:"
		"00Z\"");
	finds(KEY_NAME, "b", "b");
	{
		struct session s = { .name = NULL };

		assert_int_equal(get(KEY_NAME, "b", &s), 0);
		assert_string_equal(s.id, stores_id(3));
		session_release(&s);
	}
	/* The first is who claimed it first, which a rename does later than the creation. */
	add(6,
		"\"session\":\"d\",\"createdAt\":\"2026-01-01T00:00:00Z\",\"claim\":{\"hlc\":"
		"\"00000000000000ff\",\"origin\":\"0123456789abcdef0123456789abcdef\"}");
	add(7,
		"\"session\":\"d\",\"createdAt\":\"2026-01-02T00:00:00Z\",\"claim\":{\"hlc\":"
		"\"00000000000000f0\",\"origin\":\"ffffffffffffffffffffffffffffffff\"}");
	{
		struct session s = { .name = NULL };

		assert_int_equal(get(KEY_NAME, "d", &s), 0);
		assert_string_equal(s.id, stores_id(7));
		session_release(&s);
	}
}

static void add_variety(void)
{
	add(1,
		"\"session\":\"one\",\"taskId\":\"7\",\"branch\":\"b1\",\"createdAt\":\"2026-01-01T"
		"00:00:00Z\",\"lastActivityAt\":\"2026-01-09T00:00:00Z\",\"description\":\"Fix the "
		"PARSER 50%\"");
	add(2,
		"\"session\":\"two\",\"taskId\":\"#8\",\"branch\":\"b2\",\"createdAt\":\"2026-01-"
		"02T"
		"00:00:00Z\",\"lastActivityAt\":\"2026-01-08T00:00:00Z\",\"prState\":{\"exists\":"
		"true}");
	add(3,
		"\"session\":\"three\",\"branch\":\"b3\",\"createdAt\":\"2026-01-03T00:00:00Z\","
		"\"lastActivityAt\":\"2026-01-07T00:00:00Z\",\"prState\":{\"exists\":true,"
		"\"mergedAt\":\"2026-01-01T00:00:00Z\"}");
	add(4,
		"\"session\":\"four\",\"branch\":\"b1\",\"createdAt\":\"2026-01-04T00:00:00Z\","
		"\"lastActivityAt\":\"2026-01-09T00:00:00Z\",\"status\":\"deleted\"");
	add(5,
		"\"session\":\"five\",\"createdAt\":\"2026-01-04T00:00:00Z\",\"prState\":{"
		"\"exists\":"
		"true,\"head\":\"h\",\"approvedHead\":\"h\"}");
	add(6, "\"description\":\"its name is not known yet\"");
}

static void filters_narrow_the_list(void **state)
{
	(void)state;
	add_variety();
	lists((struct session_query){ .sort = SORT_NAME }, "five one three two ");
	lists((struct session_query){ .sort = SORT_NAME, .deleted = true },
		"five four one three two ");
	lists((struct session_query){ .status = "active" }, "one ");
	lists((struct session_query){ .status = "pr-open" }, "two ");
	lists((struct session_query){ .status = "merged" }, "three ");
	lists((struct session_query){ .status = "approved" }, "five ");
	lists((struct session_query){ .status = "deleted" }, "four ");
	lists((struct session_query){ .status = "closed" }, "");
	lists((struct session_query){ .task_id = "7" }, "one ");
	lists((struct session_query){ .task_id = "8" }, "two ");
	lists((struct session_query){ .task_id = "task#008" }, "two ");
	lists((struct session_query){ .task_id = "no task" }, "");
	lists((struct session_query){ .branch = "b1" }, "one ");
	lists((struct session_query){ .branch = "b1", .deleted = true }, "four one ");
	lists((struct session_query){ .branch = "B1" }, "");
	lists((struct session_query){ .pr = PR_STATE_OPEN, .sort = SORT_NAME }, "five two ");
	lists((struct session_query){ .active_since = INT64_C(1767830400000) }, "one two ");
	lists((struct session_query){ .active_since = INT64_C(1767830400001) }, "one ");
	lists((struct session_query){ .branch = "b2", .status = "active" }, "");
}

static void pull_requests_have_states(void **state)
{
	(void)state;
	add_variety();
	add(7,
		"\"session\":\"seven\",\"prState\":{\"exists\":false,\"closedAt\":\"2026-01-01T00:"
		"00:00Z\"}");
	add(8, "\"session\":\"eight\",\"prState\":{\"exists\":false,\"title\":\"t\"}");
	lists((struct session_query){ .pr = PR_STATE_OPEN, .sort = SORT_NAME }, "five two ");
	lists((struct session_query){ .pr = PR_STATE_MERGED }, "three ");
	lists((struct session_query){ .pr = PR_STATE_CLOSED }, "seven ");
	lists((struct session_query){ .pr = PR_STATE_NONE, .sort = SORT_NAME }, "eight one ");
	lists((struct session_query){ .pr = PR_STATE_NONE, .deleted = true, .sort = SORT_NAME },
		"eight four one ");
}

/* Days of January 2026, in ms. */
#define DAY(n) (INT64_C(1767225600000) + ((n)-1) * INT64_C(86400000))

static void age_is_a_span(void **state)
{
	(void)state;
	add_variety();
	lists((struct session_query){ .created_since = DAY(3) }, "three five ");
	lists((struct session_query){ .created_since = DAY(3) + 1 }, "five ");
	lists((struct session_query){ .created_before = DAY(2) }, "one ");
	lists((struct session_query){ .created_before = DAY(2) + 1 }, "one two ");
	lists((struct session_query){ .created_since = DAY(2), .created_before = DAY(4) },
		"two three ");
	lists((struct session_query){ .active_since = DAY(8), .active_before = DAY(9) }, "two ");
	lists((struct session_query){ .active_before = DAY(8) }, "three five ");
	lists((struct session_query){ .created_since = DAY(2),
		      .active_since = DAY(7),
		      .pr = PR_STATE_MERGED,
		      .text = "THR",
		      .branch = "b3",
		      .status = "merged",
		      .limit = 1 },
		"three ");
}

static void text_is_found_anywhere(void **state)
{
	(void)state;
	add_variety();
	lists((struct session_query){ .text = "parser" }, "one ");
	lists((struct session_query){ .text = "50%" }, "one ");
	lists((struct session_query){ .text = "%" }, "one ");
	lists((struct session_query){ .text = "5_" }, "");
	lists((struct session_query){ .text = "THREE" }, "three ");
	lists((struct session_query){ .text = "b2" }, "two ");
	lists((struct session_query){ .text = "#8" }, "two ");
	lists((struct session_query){ .text = "nothing like it" }, "");
	lists((struct session_query){ .text = "'" }, "");
}

static void lists_are_sorted_and_cut(void **state)
{
	(void)state;
	add_variety();
	lists((struct session_query){ .deleted = true }, "four one two three five ");
	lists((struct session_query){ .deleted = true, .sort = SORT_CREATED },
		"five four three two one ");
	lists((struct session_query){ .deleted = true, .limit = 2 }, "four one ");
	lists((struct session_query){ .deleted = true, .limit = 2, .offset = 1 }, "one two ");
	lists((struct session_query){ .deleted = true, .offset = 3 }, "three five ");
	lists((struct session_query){ .deleted = true, .offset = 4, .limit = 9 }, "five ");
	lists((struct session_query){ .deleted = true, .offset = 5 }, "");
	lists((struct session_query){ .deleted = true, .offset = 500, .limit = 1 }, "");
}

static void a_commit_is_seen_by_others(void **state)
{
	struct backend *other = stores_open(subject->name, path);
	struct session s = stores_session(1, "\"session\":\"a\""), back = { .name = NULL };
	struct heads heads = stores_heads(3);

	(void)state;
	assert_int_equal(stores_seq(other, STORES_REPO), 0);
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
	assert_int_equal(b->ops->put(b, &s, &err), 0);
	finds(KEY_ID, s.id, "a");
	assert_int_equal(
		other->ops->get(other, STORES_REPO, KEY_ID, s.id, &back, &err), ERR_NOTFOUND);
	assert_int_equal(stores_seq(other, STORES_REPO), 0);
	assert_int_equal(b->ops->commit(b, &heads, &err), 0);
	assert_int_equal(other->ops->get(other, STORES_REPO, KEY_ID, s.id, &back, &err), 0);
	same_row(&s, &back);
	session_release(&back);
	assert_int_equal(stores_seq(other, STORES_REPO), 3);
	session_release(&s);
	heads_release(&heads);
	stores_close(other);
}

static void all_heads_are_kept(void **state)
{
	struct heads heads = stores_heads(3), back = HEADS_INIT;
	char hash[HASH_HEX_SIZE];

	(void)state;
	hash_bytes("x", 1, hash);
	assert_int_equal(heads_set(&heads, STORES_REPO, UINT64_C(9007199254740992), hash, &err), 0);
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
	assert_int_equal(b->ops->commit(b, &heads, &err), 0);
	reopen();
	assert_int_equal(b->ops->heads(b, STORES_REPO, &back, &err), 0);
	assert_true(heads_equal(&heads, &back));
	heads_release(&heads);
	heads_release(&back);
}

static void a_rollback_leaves_nothing(void **state)
{
	struct session s = stores_session(1, "\"session\":\"a\",\"branch\":\"new\"");

	(void)state;
	add(1, "\"session\":\"a\",\"branch\":\"old\"");
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
	assert_int_equal(b->ops->put(b, &s, &err), 0);
	assert_int_equal(b->ops->remove(b, s.id, &err), 0);
	finds(KEY_NAME, "a", "-");
	b->ops->rollback(b);
	lists((struct session_query){ .branch = "old" }, "a ");
	assert_int_equal(stores_seq(b, STORES_REPO), 2);
	/* Closing with an open batch is a rollback too. */
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
	assert_int_equal(b->ops->put(b, &s, &err), 0);
	reopen();
	lists((struct session_query){ .branch = "old" }, "a ");
	session_release(&s);
}

static void putting_replaces_and_removing_removes(void **state)
{
	struct heads heads = stores_heads(9);

	(void)state;
	add(1, "\"session\":\"a\",\"branch\":\"old\",\"x\":1");
	add(2, "\"session\":\"b\"");
	add(1, "\"session\":\"a\"");
	lists((struct session_query){ .branch = "old" }, "");
	lists((struct session_query){ .sort = SORT_NAME }, "a b ");
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
	assert_int_equal(b->ops->remove(b, stores_id(7), &err), ERR_NOTFOUND);
	assert_int_equal(b->ops->remove(b, stores_id(1), &err), 0);
	assert_int_equal(b->ops->remove(b, stores_id(1), &err), ERR_NOTFOUND);
	assert_int_equal(b->ops->commit(b, &heads, &err), 0);
	reopen();
	lists((struct session_query){ .sort = SORT_NAME }, "b ");
	heads_release(&heads);
}

static void repositories_do_not_see_each_other(void **state)
{
	struct session_query all = { .deleted = true };
	struct session s = { .name = NULL };
	struct heads heads = stores_heads(1);

	(void)state;
	stores_add(b, STORES_REPO, 1, "\"session\":\"same\",\"taskId\":\"7\",\"branch\":\"here\"");
	stores_add(b, STORES_OTHER_REPO, 2,
		"\"session\":\"same\",\"taskId\":\"7\",\"branch\":\"there\"");
	lists_in(STORES_REPO, &all, "same ");
	lists_in(STORES_OTHER_REPO, &all, "same ");
	assert_int_equal(b->ops->get(b, STORES_OTHER_REPO, KEY_NAME, "same", &s, &err), 0);
	assert_string_equal(s.branch, "there");
	session_release(&s);
	assert_int_equal(b->ops->get(b, STORES_REPO, KEY_TASK, "7", &s, &err), 0);
	assert_string_equal(s.branch, "here");
	session_release(&s);
	assert_int_equal(
		b->ops->get(b, STORES_OTHER_REPO, KEY_ID, stores_id(1), &s, &err), ERR_NOTFOUND);
	assert_int_equal(stores_seq(b, STORES_REPO), 2);
	assert_int_equal(stores_seq(b, STORES_OTHER_REPO), 3);
	assert_int_equal(b->ops->begin(b, STORES_OTHER_REPO, &err), 0);
	assert_int_equal(b->ops->remove(b, stores_id(1), &err), ERR_NOTFOUND);
	assert_int_equal(b->ops->commit(b, &heads, &err), 0);
	lists_in(STORES_REPO, &all, "same ");
	assert_int_equal(stores_seq(b, STORES_REPO), 2);
	heads_release(&heads);
}

/* Optional; whoever has it answers get() as if it had not been called. */
static void what_is_fetched_ahead_is_what_is_there(void **state)
{
	const char *ids[] = { stores_id(1), stores_id(7), stores_id(2) };
	struct session s = stores_session(7, "\"session\":\"new\"");
	struct heads heads = stores_heads(9);

	(void)state;
	if (!b->ops->prefetch)
		goto out;
	add(1, "\"session\":\"one\"");
	add(2, "\"session\":\"two\"");
	add(3, "\"session\":\"three\"");
	assert_int_equal(b->ops->prefetch(b, ids, 3, &err), ERR_USAGE);
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
	assert_int_equal(b->ops->prefetch(b, ids, 3, &err), 0);
	finds(KEY_ID, stores_id(2), "two");
	finds(KEY_ID, stores_id(7), "-");
	finds(KEY_ID, stores_id(1), "one");
	finds(KEY_ID, stores_id(3), "three");
	finds(KEY_NAME, "three", "three");
	finds(KEY_ID, stores_id(9), "-");
	assert_int_equal(b->ops->prefetch(b, ids, 0, &err), 0);
	finds(KEY_ID, stores_id(2), "two");
	assert_int_equal(b->ops->prefetch(b, ids, 3, &err), 0);
	assert_int_equal(b->ops->put(b, &s, &err), 0);
	finds(KEY_ID, stores_id(7), "new");
	assert_int_equal(b->ops->prefetch(b, ids, 3, &err), 0);
	finds(KEY_ID, stores_id(7), "new");
	assert_int_equal(b->ops->remove(b, stores_id(1), &err), 0);
	finds(KEY_ID, stores_id(1), "-");
	assert_int_equal(b->ops->commit(b, &heads, &err), 0);
	finds(KEY_ID, stores_id(7), "new");
	finds(KEY_ID, stores_id(1), "-");
out:
	session_release(&s);
	heads_release(&heads);
}

static void misuse_is_told(void **state)
{
	struct session s = stores_session(1, "");
	struct heads heads = stores_heads(1);

	(void)state;
	assert_int_equal(b->ops->put(b, &s, &err), ERR_USAGE);
	assert_int_equal(b->ops->remove(b, s.id, &err), ERR_USAGE);
	assert_int_equal(b->ops->commit(b, &heads, &err), ERR_USAGE);
	b->ops->rollback(b);
	assert_int_equal(b->ops->begin(b, "no id", &err), ERR_USAGE);
	b->ops->close(NULL);
	session_release(&s);
	heads_release(&heads);
}

static pid_t child(void (*run)(void))
{
	pid_t pid = child_fork();

	if (!pid) {
		run();
		_exit(0);
	}
	return pid;
}

static void joined(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void abandon(void)
{
	struct backend *own = stores_open(subject->name, path);
	struct session s = stores_session(9, "\"session\":\"left\"");

	if (own->ops->begin(own, STORES_REPO, &err) < 0 || own->ops->put(own, &s, &err) < 0)
		_exit(1);
	_exit(0);
}

static void a_batch_dies_with_its_process(void **state)
{
	(void)state;
	add(1, "\"session\":\"a\"");
	joined(child(abandon));
	lists((struct session_query){ .limit = 0 }, "a ");
	add(2, "\"session\":\"b\"");
	assert_int_equal(stores_seq(b, STORES_REPO), 3);
}

#define ROUNDS 25

/* Add one session after another; heads always say how many there are. */
static void add_rounds(unsigned rounds)
{
	struct backend *own = stores_open(subject->name, path);

	for (unsigned i = 0; i < rounds; i++) {
		struct error e = ERROR_INIT;
		struct heads heads;
		struct session s;
		unsigned n;

		if (own->ops->begin(own, STORES_REPO, &e) < 0)
			_exit(1);
		n = (unsigned)stores_seq(own, STORES_REPO);
		s = stores_session(n, "\"session\":\"s\"");
		heads = stores_heads(n + 1);
		if (own->ops->put(own, &s, &e) < 0 || own->ops->commit(own, &heads, &e) < 0)
			_exit(1);
		session_release(&s);
		heads_release(&heads);
	}
	stores_close(own);
}

static void add_some(void)
{
	add_rounds(ROUNDS);
}

static void add_forever(void)
{
	add_rounds(UINT32_MAX);
}

static size_t count(void)
{
	struct session_query all = { .deleted = true };
	struct session_set set = { .v = NULL };
	size_t n;

	if (b->ops->list(b, STORES_REPO, &all, &set, &err) < 0)
		fail_msg("%s", err.msg);
	n = set.n;
	session_set_release(&set);
	return n;
}

static void two_writers_lose_nothing(void **state)
{
	pid_t one = child(add_some), two = child(add_some);

	(void)state;
	joined(one);
	joined(two);
	assert_int_equal(stores_seq(b, STORES_REPO), 2 * ROUNDS);
	assert_int_equal(count(), 2 * ROUNDS);
}

/* Wherever a writer is killed, records and heads belong together. */
static void a_killed_writer_leaves_a_whole_store(void **state)
{
	const struct timespec nap = { .tv_nsec = 500000 };
	uint64_t seq = 0;
	size_t n;

	(void)state;
	for (int i = 0; i < 15; i++) {
		struct timespec pause = { .tv_nsec = 500000L * (3 * i % 17) };
		pid_t pid = child(add_forever);
		int status;

		/* In the middle of its work: it has begun, and never ends. */
		while (stores_seq(b, STORES_REPO) == seq) {
			assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
			nanosleep(&nap, NULL);
		}
		nanosleep(&pause, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_true(stores_seq(b, STORES_REPO) > seq);
		/* A server may still be about to end what the killed one had asked for. */
		do {
			seq = stores_seq(b, STORES_REPO);
			n = count();
		} while (stores_seq(b, STORES_REPO) != seq);
		assert_int_equal(n, seq);
	}
}

/* Every operation refuses a bad store with the same code, and leaves its bytes alone. */
static void refuses_everything(int code)
{
	struct buf before = stores_content(subject, path), after, out = BUF_INIT, where = BUF_INIT;
	struct session_query all = { .limit = 0 };
	struct session_set set = { .v = NULL };
	struct session s = { .name = NULL };
	struct heads heads = HEADS_INIT;
	static const char state_text[] = "{\"heads\":[],\"sessions\":[]}";

	reopen();
	assert_int_equal(b->ops->location(b, &where, &err), 0);
	assert_int_equal(b->ops->heads(b, STORES_REPO, &heads, &err), code);
	assert_non_null(strstr(err.msg, where.data));
	assert_string_not_equal(err.hint, "");
	assert_int_equal(b->ops->list(b, STORES_REPO, &all, &set, &err), code);
	assert_int_equal(get(KEY_ID, stores_id(1), &s), code);
	assert_int_equal(get(KEY_NAME, "a", &s), code);
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), code);
	assert_int_equal(b->ops->read_state(b, STORES_REPO, &out, &err), code);
	assert_int_equal(
		b->ops->write_state(b, STORES_REPO, state_text, strlen(state_text), &err), code);
	stores_close(b);
	b = NULL;
	after = stores_content(subject, path);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	buf_release(&before);
	buf_release(&after);
	buf_release(&out);
	buf_release(&where);
}

static void a_corrupt_store_is_refused(void **state)
{
	(void)state;
	assert_int_equal(error_exit_status(ERR_CORRUPT), 6);
	add(1, "\"session\":\"a\"");
	stores_close(b);
	b = NULL;
	for (unsigned way = 0; stores_corrupt(subject, path, way); way++)
		refuses_everything(ERR_CORRUPT);
}

static void a_newer_schema_is_refused(void **state)
{
	(void)state;
	stores_close(b);
	b = NULL;
	subject->make_newer(path);
	refuses_everything(ERR_UNSUPPORTED);
}

static void read_only(void)
{
	struct backend *own;
	struct error e = ERROR_INIT;
	struct session s = { .name = NULL };
	struct session_query all = { .limit = 0 };
	struct session_set set = { .v = NULL };
	struct buf where = BUF_INIT;
	int r;

	/* Permissions mean nothing to root. */
	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		_exit(1);
	own = stores_open(subject->name, path);
	if (own->ops->get(own, STORES_REPO, KEY_NAME, "a", &s, &e) < 0)
		_exit(2);
	if (own->ops->list(own, STORES_REPO, &all, &set, &e) < 0 || set.n != 1)
		_exit(3);
	/* A file's system says ERR_IO, a server ERR_REFUSED. */
	r = own->ops->begin(own, STORES_REPO, &e);
	if (r != ERR_IO && r != ERR_REFUSED)
		_exit(4);
	if (own->ops->location(own, &where, &e) < 0 || !strstr(e.msg, where.data))
		_exit(5);
	buf_release(&where);
	session_release(&s);
	session_set_release(&set);
	stores_close(own);
}

static void a_read_only_store_is_read(void **state)
{
	struct stat st;

	(void)state;
	add(1, "\"session\":\"a\"");
	stores_close(b);
	b = NULL;
	if (stat(path, &st) == 0)
		assert_int_equal(st.st_mode & 0077, 0);
	stores_make_read_only(subject, path);
	joined(child(read_only));
	(void)chmod(dir, 0700);
}

static void the_whole_state_travels(void **state)
{
	struct buf first = BUF_INIT, second = BUF_INIT, third = BUF_INIT;

	(void)state;
	add(1, "\"session\":\"a\"");
	add(2, FULL);
	stores_add(b, STORES_OTHER_REPO, 1, "\"session\":\"gone\"");
	assert_int_equal(b->ops->read_state(b, STORES_REPO, &first, &err), 0);
	assert_int_equal(b->ops->write_state(b, STORES_OTHER_REPO, first.data, first.len, &err), 0);
	assert_int_equal(b->ops->read_state(b, STORES_OTHER_REPO, &second, &err), 0);
	assert_string_equal(first.data, second.data);
	assert_int_equal(stores_seq(b, STORES_OTHER_REPO), 3);
	assert_int_equal(b->ops->read_state(b, STORES_REPO, &third, &err), 0);
	assert_string_equal(first.data, third.data);
	buf_release(&first);
	buf_release(&second);
	buf_release(&third);
}

static void a_bad_state_changes_nothing(void **state)
{
	static const char *const texts[] = { "", "{}", "[]", "{\"heads\":[]}",
		"{\"heads\":[],\"sessions\":[{}]}", "{\"heads\":[{}],\"sessions\":[]}",
		"{\"heads\":[],\"sessions\":[]} x" };
	struct buf before = BUF_INIT, after = BUF_INIT;

	(void)state;
	add(1, FULL);
	assert_int_equal(b->ops->read_state(b, STORES_REPO, &before, &err), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (b->ops->write_state(b, STORES_REPO, texts[i], strlen(texts[i]), &err) !=
			ERR_CORRUPT)
			fail_msg("accepted: %s", texts[i]);
	assert_int_equal(b->ops->read_state(b, STORES_REPO, &after, &err), 0);
	assert_string_equal(before.data, after.data);
	buf_release(&before);
	buf_release(&after);
}

static void many_sessions_in_one_batch(void **state)
{
	struct heads heads = stores_heads(2000);

	(void)state;
	assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
	for (unsigned i = 2000; i > 0; i--) {
		/* In an order that is nobody's. */
		struct session s = stores_session(i * 7919 % 2003, "\"session\":\"s\"");

		assert_int_equal(b->ops->put(b, &s, &err), 0);
		session_release(&s);
	}
	assert_int_equal(b->ops->commit(b, &heads, &err), 0);
	reopen();
	assert_int_equal(count(), 2000);
	for (unsigned i = 1; i <= 2000; i += 97)
		finds(KEY_ID, stores_id(i * 7919 % 2003), "s");
	heads_release(&heads);
}

static void the_location_is_told(void **state)
{
	struct buf where = BUF_INIT;

	(void)state;
	assert_int_equal(b->ops->location(b, &where, &err), 0);
	assert_true(stores_located(subject, path, where.data));
	buf_release(&where);
}

static void the_registry_opens_each_store_once(void **state)
{
	struct config *one = stores_config(subject->name, path);
	struct config *again = stores_config(subject->name, path);
	struct config *other = stores_config(subject->name, scratch_path(dir, "other"));
	struct backend *b1 = NULL, *b2 = NULL, *b3 = NULL;

	(void)state;
	assert_int_equal(registry_open(&b1, one, &err), 0);
	assert_int_equal(registry_open(&b2, again, &err), 0);
	assert_int_equal(registry_open(&b3, other, &err), 0);
	assert_string_equal(b1->ops->name, subject->name);
	assert_ptr_equal(b1, b2);
	assert_ptr_not_equal(b1, b3);
	registry_close_all();
	registry_close_all();
	config_free(one);
	config_free(again);
	config_free(other);
}

/* Lines of a decorator around the backend; what they say is tested elsewhere. */
static void trace(void *arg, const char *line)
{
	(void)arg;
	assert_non_null(strstr(line, " -> "));
	assert_null(strchr(line, '\n'));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_store_answers),
		TEST(every_field_survives),
		TEST(absent_and_empty_stay_apart),
		TEST(deep_members_survive),
		TEST(a_session_is_found_by_its_keys),
		TEST(of_several_the_right_one_is_found),
		TEST(filters_narrow_the_list),
		TEST(pull_requests_have_states),
		TEST(age_is_a_span),
		TEST(text_is_found_anywhere),
		TEST(lists_are_sorted_and_cut),
		TEST(a_commit_is_seen_by_others),
		TEST(all_heads_are_kept),
		TEST(a_rollback_leaves_nothing),
		TEST(putting_replaces_and_removing_removes),
		TEST(repositories_do_not_see_each_other),
		TEST(what_is_fetched_ahead_is_what_is_there),
		TEST(misuse_is_told),
		TEST(a_batch_dies_with_its_process),
		TEST(two_writers_lose_nothing),
		TEST(a_killed_writer_leaves_a_whole_store),
		TEST(a_corrupt_store_is_refused),
		TEST(a_newer_schema_is_refused),
		TEST(a_read_only_store_is_read),
		TEST(the_whole_state_travels),
		TEST(a_bad_state_changes_nothing),
		TEST(many_sessions_in_one_batch),
		TEST(the_location_is_told),
		TEST(the_registry_opens_each_store_once),
	};

	if (argc == 2 || (argc == 3 && strcmp(argv[2], "traced") == 0))
		subject = stores_kind(argv[1]);
	if (argc == 3)
		stores_trace(trace, NULL);
	if (!subject) {
		(void)fprintf(stderr, "usage: conformance BACKEND [traced]\n");
		return 2;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
