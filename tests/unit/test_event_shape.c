/* The table of what events carry: every member of every type, with values that fit and others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/event_shape.h"
#include "core/fs.h"
#include "lib/forge.h"

#define AT "\"at\":\"2026-01-01T00:00:00Z\",\"v\":1"

static struct error err;

/* An event of the type with one member, at the end of `path` ("set", "prState", "head"). */
static void write_body(struct buf *out, enum event_type type,
	const struct event_member *const *path, size_t depth, const char *value)
{
	buf_clear(out);
	buf_addf(out, "{\"type\":\"%s\"," AT ",\"data\":{", event_type_name(type));
	for (size_t i = 0; i < depth; i++)
		buf_addf(out, "\"%s\":%s", path[i]->name,
			i + 1 == depth                                ? ""
				: path[i]->kind == EVENT_KIND_OBJECTS ? "[{"
								      : "{");
	buf_adds(out, value);
	for (size_t i = depth - 1; i > 0; i--)
		buf_adds(out, path[i - 1]->kind == EVENT_KIND_OBJECTS ? "}]" : "}");
	buf_adds(out, "}}");
}

static bool is_odd(const struct buf *body, enum event_type type)
{
	const struct event_key key = { .hlc = 1, .seq = 1 };
	struct event e;
	bool odd;

	if (event_decode(&e, body->data, body->len, &key, &err) < 0)
		fail_msg("%s: %s", body->data, err.msg);
	odd = e.odd;
	if (e.type != (odd ? EVENT_UNKNOWN : type))
		fail_msg("%s has the type %d", body->data, (int)e.type);
	event_release(&e);
	return odd;
}

static void try_members(enum event_type type, const struct event_shape *shape,
	const struct event_member **path, size_t depth, struct forge *f)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct event_member *m = path[depth] = &shape->v[i];
		struct buf body = BUF_INIT, value = BUF_INIT;
		const bool nulls = depth && path[depth - 1]->kind == EVENT_KIND_CHANGES;

		for (int n = 0; n < 20; n++) {
			buf_clear(&value);
			forge_fitting(f, &value, m);
			write_body(&body, type, path, depth + 1, value.data);
			if (is_odd(&body, type))
				fail_msg("%s is odd", body.data);
			buf_clear(&value);
			forge_misfit(f, &value, m);
			if (nulls && strcmp(value.data, "null") == 0)
				continue;
			write_body(&body, type, path, depth + 1, value.data);
			if (!is_odd(&body, type))
				fail_msg("%s is not odd", body.data);
		}
		buf_release(&body);
		buf_release(&value);
		if (m->of)
			try_members(type, m->of, path, depth + 1, f);
	}
}

static void each_member_of_each_type_is_checked(void **state)
{
	const struct event_member *path[8];
	struct forge f = { .state = 1 };

	(void)state;
	for (int t = 1; t <= EVENT_OVERRIDE_USED; t++)
		try_members((enum event_type)t, event_shape((enum event_type)t), path, 0, &f);
}

static void values_of_each_kind(void **state)
{
	static const struct {
		enum event_kind kind;
		const char *value;
		bool fits;
	} v[] = {
		{ EVENT_KIND_OID, "\"0123456789abcdef0123456789abcdef01234567\"", true },
		{ EVENT_KIND_OID, "\"0123456789abcdef0123456789abcdef0123456\"", false },
		{ EVENT_KIND_OID, "\"0123456789ABCDEF0123456789abcdef01234567\"", false },
		{ EVENT_KIND_OID, "\"HEAD\"", false },
		{ EVENT_KIND_BRANCH, "\"a/b\"", true },
		{ EVENT_KIND_BRANCH, "\"b\\u0061\"", true },
		{ EVENT_KIND_BRANCH, "\"b\\\\xff\"", true },
		{ EVENT_KIND_BRANCH, "\"b\\\\xfg\"", false },
		{ EVENT_KIND_BRANCH, "\"-a\"", false },
		{ EVENT_KIND_BRANCH, "\"\\u002dmain\"", false },
		{ EVENT_KIND_BRANCH, "\"a..b\"", false },
		{ EVENT_KIND_BRANCH, "\"a\\u001bb\"", false },
		{ EVENT_KIND_BRANCH, "\"HEAD\"", false },
		{ EVENT_KIND_BRANCH, "\"\"", false },
		{ EVENT_KIND_REF, "\"HEAD\"", true },
		{ EVENT_KIND_REF, "\"worktrees/x/HEAD\"", true },
		{ EVENT_KIND_REF, "\"refs/heads/x\"", true },
		{ EVENT_KIND_REF, "\"refs/../x\"", false },
		{ EVENT_KIND_REF, "\"--x\"", false },
		{ EVENT_KIND_NAME, "\"task#7\"", true },
		{ EVENT_KIND_NAME, "\"-x\"", false },
		{ EVENT_KIND_NAME, "\"a/b\"", false },
		{ EVENT_KIND_PATH, "\"/x\"", true },
		{ EVENT_KIND_PATH, "\"x\"", false },
		{ EVENT_KIND_URL, "\"ssh://h/x\"", true },
		{ EVENT_KIND_URL, "\"-oProxyCommand=x\"", false },
		{ EVENT_KIND_URL, "\"a\\u0007\"", false },
		{ EVENT_KIND_COUNT, "3", true },
		{ EVENT_KIND_COUNT, "3.5", false },
		{ EVENT_KIND_COUNT, "-3", false },
		{ EVENT_KIND_TIME, "\"2026-01-01T00:00:00Z\"", true },
		{ EVENT_KIND_TIME, "\"yesterday\"", false },
		{ EVENT_KIND_FLAG, "true", true },
		{ EVENT_KIND_FLAG, "\"true\"", false },
		{ EVENT_KIND_TEXTS, "[\"a\"]", true },
		{ EVENT_KIND_TEXTS, "[1]", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		const struct event_member m = { "x", v[i].kind, NULL, NULL };

		if (event_kind_fits(&m, v[i].value, strlen(v[i].value)) != v[i].fits)
			fail_msg("%s as %s", v[i].value, event_kind_name(v[i].kind));
	}
}

static void words_are_those_listed(void **state)
{
	const struct event_member m = { "how", EVENT_KIND_WORD, "ff merge", NULL };

	(void)state;
	assert_true(event_kind_fits(&m, "\"ff\"", 4));
	assert_true(event_kind_fits(&m, "\"merge\"", 7));
	assert_false(event_kind_fits(&m, "\"merg\"", 6));
	assert_false(event_kind_fits(&m, "\"f\"", 3));
	assert_false(event_kind_fits(&m, "\"ff merge\"", 10));
}

/* The encoder has the same gate: what it writes, the decoder takes. */
static void the_encoder_refuses_what_the_decoder_would(void **state)
{
	static const struct actor actor = { "ana", "mira", NULL };
	struct forge f = { .state = 2 };
	struct buf body = BUF_INIT, data = BUF_INIT;

	(void)state;
	for (int t = 1; t <= EVENT_OVERRIDE_USED; t++) {
		const struct event_shape *shape = event_shape((enum event_type)t);
		struct event_draft draft = { .type = (enum event_type)t, .via = "cli" };

		for (size_t i = 0; i < shape->n; i++) {
			buf_clear(&data);
			buf_addf(&data, "{\"%s\":", shape->v[i].name);
			forge_misfit(&f, &data, &shape->v[i]);
			buf_addch(&data, '}');
			draft.data = data.data;
			draft.data_len = data.len;
			assert_int_equal(event_encode(&body, &draft, &actor, &err), ERR_USAGE);
			assert_int_equal(body.len, 0);
		}
	}
	buf_release(&body);
	buf_release(&data);
}

static void add_kinds(struct buf *out, const struct event_shape *shape, const char *in)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct event_member *m = &shape->v[i];

		buf_addf(out, "%s`%s%s` %s", out->data[out->len - 2] == '|' ? "" : ", ", in,
			m->name, event_kind_name(m->kind));
		if (m->words)
			buf_addf(out, " (%s)", m->words);
	}
}

/* doc/events.md has this table between two comments; MINSKY_TEST_WRITE writes it there. */
static void the_documentation_has_the_table(void **state)
{
	static const char begin[] = "<!-- table -->\n", end[] = "<!-- end of table -->\n";
	struct buf path = BUF_INIT, doc = BUF_INIT, want = BUF_INIT;
	const char *from, *to;

	(void)state;
	buf_adds(&path, TEST_EVENTS);
	assert_int_equal(fs_read(path.data, 1u << 20, &doc, &err), 0);
	from = strstr(doc.data, begin);
	assert_non_null(from);
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	buf_adds(&want, "| type | whose word counts | members |\n|---|---|---|\n");
	for (int t = 1; t <= EVENT_OVERRIDE_USED; t++) {
		buf_addf(&want, "| `%s` | %s | ", event_type_name((enum event_type)t),
			event_who_name(event_who((enum event_type)t)));
		add_kinds(&want, event_shape((enum event_type)t), "");
		buf_adds(&want, " |\n");
	}
	if (getenv("MINSKY_TEST_WRITE")) {
		struct buf text = BUF_INIT;

		buf_add(&text, doc.data, (size_t)(from - doc.data));
		buf_add(&text, want.data, want.len);
		buf_adds(&text, to);
		assert_int_equal(fs_replace(path.data, text.data, text.len, 0644, false, &err), 0);
		buf_release(&text);
		skip();
	}
	assert_int_equal(to - from, want.len);
	assert_memory_equal(from, want.data, want.len);
	buf_release(&path);
	buf_release(&doc);
	buf_release(&want);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_of_each_type_is_checked),
		cmocka_unit_test(values_of_each_kind),
		cmocka_unit_test(words_are_those_listed),
		cmocka_unit_test(the_encoder_refuses_what_the_decoder_would),
		cmocka_unit_test(the_documentation_has_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
