#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/event.h"
#include "core/json.h"
#include "lib/journals.h"
#include "lib/observing.h"
#include "lib/world.h"

struct journal *observing_journal;
struct pointer observing_pointer;
static uint64_t told; /* seq up to which events have been looked at */
bool observing_facts; /* of the last bell */

struct observation observation_of(const char *git_dir, const char *common_dir, bool all)
{
	struct observation b = { .git_dir = git_dir,
		.common_dir = common_dir,
		.pointer = &observing_pointer,
		.via = all ? "reconcile" : "hook",
		.all_refs = all,
		.timeout_ms = 10000 };

	return b;
}

size_t ring_in(const char *git_dir, const char *common_dir, bool all)
{
	struct observation b = observation_of(git_dir, common_dir, all);
	struct observe_result result = { .events = 99 };
	struct error err = ERROR_INIT;

	if (observe(&b, observing_journal, &result, &err) < 0)
		fail_msg("%s", err.msg);
	observing_facts = result.facts_needed;
	return result.events;
}

size_t ring(bool all)
{
	return ring_in(at("repo/.git"), at("repo/.git"), all);
}

void observing_start(const char *git_dir)
{
	struct observation b = observation_of(git_dir, git_dir, true);
	struct error err = ERROR_INIT;

	if (observe_start(&b, observing_journal, &err) < 0)
		fail_msg("%s", err.msg);
}

int observing_setup(void **state)
{
	world_setup(state);
	observing_journal = journals_new(at("journal"));
	observing_pointer = (struct pointer){ .clone = CLONE };
	told = 0;
	return 0;
}

int observing_teardown(void **state)
{
	journal_close(observing_journal);
	return world_teardown(state);
}

/* A repository with one commit on main, and a cursor behind it. */
void observing_begin(void)
{
	sh(".", "repo repo; cd repo; commit base 0");
	observing_start(at("repo/.git"));
}

static void add(struct buf *out, const struct json *data, const char *key)
{
	const char *value = json_get_string(data, key);

	if (value)
		buf_addf(out, " %s", id_is_hex(value, 40) ? "(id)" : value);
}

/* One line: type, names, how, subject; ids are left out. */
static void describe(struct buf *out, const struct event *e)
{
	buf_adds(out, e->type_name);
	add(out, e->data, "branch");
	add(out, e->data, "from");
	add(out, e->data, "to");
	add(out, e->data, "how");
	add(out, e->data, "subject");
	if (json_get_bool(e->data, "remote", false))
		buf_adds(out, " remote");
	if (json_get_bool(e->data, "timeUnknown", false))
		buf_adds(out, " ?");
	buf_addch(out, '\n');
}

/* Events since the last call, described. */
const char *news(void)
{
	static struct buf out = BUF_INIT;
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;

	buf_clear(&out);
	assert_int_equal(journal_reader_open(&r, observing_journal, NULL, told, NULL, &err), 0);
	while (journal_reader_next(r, &rec, &err) == 0 && rec) {
		const struct event_key key = { .seq = rec->seq };
		struct event e = { .type = EVENT_UNKNOWN };

		assert_int_equal(event_decode(&e, rec->body, rec->body_len, &key, &err), 0);
		assert_true(e.has_src);
		assert_string_equal(e.src.clone, CLONE);
		describe(&out, &e);
		event_release(&e);
		told = rec->seq;
	}
	assert_int_equal(err.code, ERR_OK);
	journal_reader_close(r);
	assert_false(out.failed);
	return out.data;
}
