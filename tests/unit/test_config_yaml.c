#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/config_parts.h"

static int write_down(void *arg, const struct config_node *node, struct error *err)
{
	static const char kinds[] = "=0[{";
	struct buf *b = arg;

	(void)err;
	if (node->kind == CONFIG_NODE_END)
		return 0;
	buf_addf(b, "%zu:%zu %s%c%s\n", node->line, node->column, node->path, kinds[node->kind],
		node->kind == CONFIG_NODE_TEXT ? node->value : "");
	return 0;
}

static void walks_to(const char *text, const char *expected)
{
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	if (config_yaml_walk("f", text, strlen(text), write_down, &b, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(b.data, expected);
	buf_release(&b);
}

static void fails_with(const char *text, size_t len, const char *msg)
{
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	assert_int_equal(config_yaml_walk("f", text, len, write_down, &b, &err), ERR_USAGE);
	assert_string_equal(err.msg, msg);
	buf_release(&b);
}

static void members_come_with_path_and_place(void **state)
{
	(void)state;
	walks_to("a: 1\nb:\n  c: x y\n  d:\n    e: 'q'\nf: \"g\"\n",
		"1:1 a=1\n2:1 b{\n3:3 b.c=x y\n4:3 b.d{\n5:5 b.d.e=q\n6:1 f=g\n");
	walks_to("a.b: 1\na.c: 2\n", "1:1 a.b=1\n2:1 a.c=2\n");
	walks_to("{a: {b: 1}, c: 2}", "1:2 a{\n1:6 a.b=1\n1:13 c=2\n");
	walks_to("a:\nb: ~\nc: null\nd: ''\n", "1:1 a0\n2:1 b0\n3:1 c0\n4:1 d=\n");
	walks_to("a: [1, {b: 2}, [3]]\nb: 4\n", "1:1 a[\n2:1 b=4\n");
	walks_to("a:\n- x: 1\n- x: 2\nb: 3\n", "1:1 a[\n4:1 b=3\n");
	walks_to("a: |\n  one\n  two\n", "1:1 a=one\ntwo\n\n");
}

static void nothing_is_a_good_file(void **state)
{
	(void)state;
	walks_to("", "");
	walks_to("# only a comment\n", "");
	walks_to("---\n...\n", "");
	walks_to("\xef\xbb\xbf"
		 "a: 1\n",
		"1:2 a=1\n"); /* with a byte order mark */
	walks_to("a: 1\r\nb: 2\r\n", "1:1 a=1\n2:1 b=2\n");
}

#define FAILS(text, msg) fails_with(text, sizeof(text) - 1, msg)

static void mistakes_are_named_with_their_place(void **state)
{
	(void)state;
	FAILS("a: 1\nb: [1\nc: 2\n",
		"f:3:2: did not find expected ',' or ']' while parsing a flow sequence");
	FAILS("a: b: c\n", "f:1:5: mapping values are not allowed in this context");
	FAILS("a: \"x\n", "f:2:1: found unexpected end of stream while scanning a quoted scalar");
	FAILS("x\n", "f:1:1: expected 'key: value' lines");
	FAILS("- a\n", "f:1:1: expected 'key: value' lines, not a list");
	FAILS("a: 1\nb:\n  a: 2\n  a: 3\n", "f:4:3: 'b.a' appears twice");
	FAILS("b:\n  a: 2\nb.a: 3\n", "f:3:1: 'b.a' appears twice");
	FAILS("? [a]\n: 1\n", "f:1:3: key is not plain text");
	FAILS("? {a: 1}\n: 1\n", "f:1:3: key is not plain text");
	FAILS("'': 1\n", "f:1:1: key is empty");
	FAILS("a: 1\n---\nb: 2\n", "f:2:1: a second document begins");
	FAILS("a: \xff\n", "f:1:4: not UTF-8");
	FAILS("a: 1\nb: \xc3\xa4\xc3(\n", "f:2:5: not UTF-8");
	FAILS("a: \x01\n", "f:1:4: control characters are not allowed");
	FAILS("a: 1\nb: x\0y\n", "f:2:5: control characters are not allowed");
	FAILS("a: \"\\0\"\n", "f:1:4: text contains control characters");
	FAILS("a: \"\\e[2J\"\n", "f:1:4: text contains control characters");
	FAILS("\"a\\eb\": 1\n", "f:1:1: text contains control characters");
}

static void a_tab_gets_a_hint(void **state)
{
	static const char text[] = "# \xc3\xa4\na:\n\tb: 1\n";
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(
		config_yaml_walk("f", text, sizeof(text) - 1, write_down, &b, &err), ERR_USAGE);
	assert_string_equal(err.msg,
		"f:3:1: found character that cannot start any token while scanning for the "
		"next token");
	assert_string_equal(err.hint, "indent with spaces: YAML does not allow tabs");
	buf_release(&b);
}

static void references_and_types_are_refused(void **state)
{
	(void)state;
	FAILS("a: &x 1\n", "f:1:4: anchors and tags are not allowed");
	FAILS("a: &x {b: 1}\n", "f:1:4: anchors and tags are not allowed");
	FAILS("a: &x [1]\n", "f:1:4: anchors and tags are not allowed");
	FAILS("&x a: 1\n", "f:1:1: anchors and tags are not allowed");
	FAILS("a: !!str 1\n", "f:1:4: anchors and tags are not allowed");
	FAILS("a: !x {b: 1}\n", "f:1:4: anchors and tags are not allowed");
	FAILS("a: ! x\n", "f:1:4: anchors and tags are not allowed");
	FAILS("a: *x\n", "f:1:4: aliases are not allowed");
	FAILS("*x : 1\n", "f:1:1: aliases are not allowed");
	FAILS("<<: *x\n", "f:1:5: aliases are not allowed");
	FAILS("a: [*x]\n", "f:1:5: aliases are not allowed");
}

static void repeat(struct buf *b, const char *before, const char *s, size_t n)
{
	buf_clear(b);
	buf_adds(b, before);
	for (size_t i = 0; i < n; i++)
		buf_adds(b, s);
}

static void depth_is_limited(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	repeat(&b, "a: ", "[", 15);
	buf_adds(&b, "]]]]]]]]]]]]]]]");
	walks_to(b.data, "1:1 a[\n");
	repeat(&b, "a: ", "[", 16);
	fails_with(b.data, b.len, "f:1:19: nested deeper than 16 levels");
	repeat(&b, "a: ", "[", 65000);
	fails_with(b.data, b.len, "f:1:19: nested deeper than 16 levels");
	repeat(&b, "", "{a: ", 16000);
	fails_with(b.data, b.len, "f:1:65: nested deeper than 16 levels");
	repeat(&b, "a:\n", "- ", 30000);
	fails_with(b.data, b.len, "f:2:31: nested deeper than 16 levels");
	buf_release(&b);
}

static void size_is_limited(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	repeat(&b, "a: 1 #", "x", 65536 - 6);
	walks_to(b.data, "1:1 a=1\n");
	buf_addch(&b, 'x');
	fails_with(b.data, b.len, "'f' is larger than 65536 bytes");
	repeat(&b, "a: ", "x", 4097);
	fails_with(b.data, b.len, "f:1:4: text is longer than 4096 bytes");
	repeat(&b, "a: [", "1,", 10001);
	buf_adds(&b, "]");
	fails_with(b.data, b.len, "f:1:19995: more than 10000 elements");
	/* as many different keys as there is room for */
	buf_clear(&b);
	for (unsigned i = 0; b.len < 65520; i++)
		buf_addf(&b, "k%x: 1\n", i);
	fails_with(b.data, b.len, "f:4999:8: more than 10000 elements");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_with_path_and_place),
		cmocka_unit_test(nothing_is_a_good_file),
		cmocka_unit_test(mistakes_are_named_with_their_place),
		cmocka_unit_test(a_tab_gets_a_hint),
		cmocka_unit_test(references_and_types_are_refused),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(size_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
