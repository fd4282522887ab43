/*
 * What the check of JSON takes, jq takes too, and reads as we do; what it refuses, jq refuses too
 * or is known to take. json_rules.jq says the latter in jq's own words.
 *
 * MINSKY_TEST_LONG=1 compares 200,000 texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/json.h"
#include "core/jsonw.h"
#include "lib/child.h"
#include "lib/generate.h"
#include "lib/jsontext.h"
#include "lib/scratch.h"

static char dir[SCRATCH_SIZE];
static bool has_jq;

/* The status of a command for the shell. */
static int run(const char *command)
{
	int status;
	pid_t pid;

	pid = child_fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int setup(void **state)
{
	(void)state;
	scratch_make(dir);
	has_jq = run("command -v jq >/dev/null 2>&1") == 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

static void add_base64(struct buf *out, const struct buf *in)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < in->len; i += 3) {
		size_t n = in->len - i < 3 ? in->len - i : 3;
		uint32_t v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < n ? (unsigned char)in->data[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_addch(out, k <= n ? digits[v >> (18 - 6 * k) & 63] : '=');
	}
}

static void add_string(struct buf *out, const char *s)
{
	struct jsonw w;

	jsonw_init(&w, out, false);
	jsonw_string(&w, s);
}

static void add_slice_string(struct buf *out, const char *at, size_t len)
{
	const struct json_slice quoted = { at, len };
	struct error err = ERROR_INIT;
	char *text = NULL;

	assert_int_equal(json_slice_string(&quoted, &text, &err), 0);
	assert_non_null(text);
	add_string(out, text);
	free(text);
}

/* As those who walk the text see it: numbers and words as they stand. */
static void tell_slices(struct buf *out, const struct json_slice *v) /* NOLINT(misc-no-recursion) */
{
	bool object = json_slice_is(v, '{'), more = true, first = true;
	struct error err = ERROR_INIT;
	struct json_slice key, value;
	size_t pos = 0;

	if (json_slice_is(v, '"')) {
		add_slice_string(out, v->at, v->len);
		return;
	}
	if (!object && !json_slice_is(v, '[')) {
		buf_add(out, v->at, v->len);
		return;
	}
	buf_addch(out, object ? '{' : '[');
	for (;; first = false) {
		int r = object ? json_next_member(v->at, v->len, &pos, &key, &value, &more, &err)
			       : json_next_element(v->at, v->len, &pos, &value, &more, &err);

		assert_int_equal(r, 0);
		if (!more)
			break;
		buf_adds(out, first ? "" : ",");
		if (object) {
			add_slice_string(out, key.at - 1, key.len + 2);
			buf_addch(out, ':');
		}
		tell_slices(out, &value);
	}
	buf_addch(out, object ? '}' : ']');
}

/* As those who parse it see it: numbers and truths are seen by their key alone. */
static void tell_node(struct buf *out, const struct json *parent, const struct json *j)
{
	const char *key = json_is_object(parent) ? json_key(j) : NULL;
	uint64_t n;

	if (json_is_string(j))
		add_string(out, json_string(j));
	else if (json_is_null(j))
		buf_adds(out, "null");
	else if (key && json_get_bool(parent, key, true) == json_get_bool(parent, key, false))
		buf_adds(out, json_get_bool(parent, key, true) ? "true" : "false");
	else if (key && json_get_u64(parent, key, &n))
		buf_addf(out, "%" PRIu64, n);
	else
		buf_adds(out, "-1");
}

static void tell_tree(struct buf *out, const struct json *j) /* NOLINT(misc-no-recursion) */
{
	bool object = json_is_object(j);

	buf_addch(out, object ? '{' : '[');
	for (const struct json *c = json_first(j); c; c = json_next(c)) {
		buf_adds(out, c == json_first(j) ? "" : ",");
		if (object) {
			add_string(out, json_key(c));
			buf_addch(out, ':');
		}
		if (json_is_object(c) || json_is_array(c))
			tell_tree(out, c);
		else
			tell_node(out, j, c);
	}
	buf_addch(out, object ? '}' : ']');
}

/* What the check says of a text: NULL, or what is wrong. */
static const char *refusal(const struct buf *text, struct error *err)
{
	const char *what;

	if (json_check(text->data, text->len, err) == 0)
		return NULL;
	what = strstr(err->msg, ": ");
	assert_int_equal(err->code, ERR_CORRUPT);
	assert_non_null(what);
	return what + 2;
}

static struct json_slice without_space(const struct buf *text)
{
	static const char space[] = " \t\r\n";
	struct json_slice v = { text->data, text->len };

	while (strchr(space, *v.at)) {
		v.at++;
		v.len--;
	}
	while (strchr(space, v.at[v.len - 1]))
		v.len--;
	return v;
}

/* In an array, so that everything is a tree. */
static void tell_parsed(struct buf *out, const struct json_slice *v)
{
	bool scalar = !json_slice_is(v, '{') && !json_slice_is(v, '[');
	struct error err = ERROR_INIT;
	struct buf whole = BUF_INIT;
	struct json *j = NULL;

	/* With an array around it, what is nested as deeply as allowed would be refused. */
	buf_adds(&whole, scalar ? "[" : "");
	buf_add(&whole, v->at, v->len);
	buf_adds(&whole, scalar ? "]" : "");
	assert_int_equal(json_parse(&j, whole.data, whole.len, &err), 0);
	buf_adds(out, scalar ? "" : "[");
	tell_tree(out, j);
	buf_adds(out, scalar ? "" : "]");
	json_free(j);
	buf_release(&whole);
}

/* One line for jq: the text, and if it is good, what two of our readers see. */
static void ask(FILE *f, const struct buf *text, bool good)
{
	struct buf line = BUF_INIT, slices = BUF_INIT, tree = BUF_INIT;

	if (good) {
		struct json_slice v = without_space(text);

		tell_slices(&slices, &v);
		tell_parsed(&tree, &v);
	}
	add_base64(&line, text);
	buf_addch(&line, ' ');
	add_base64(&line, &slices);
	buf_addch(&line, ' ');
	add_base64(&line, &tree);
	assert_true(fprintf(f, "%s\n", line.data) > 0);
	buf_release(&line);
	buf_release(&slices);
	buf_release(&tree);
}

static void run_jq(void)
{
	struct buf command = BUF_INIT;

	buf_addf(&command, "jq -R -r -f '%s' <'%s' >'%s'", TEST_JSON_RULES,
		scratch_path(dir, "texts"), scratch_path(dir, "answers"));
	assert_int_equal(run(command.data), 0);
	buf_release(&command);
}

/* Is `what` one of the reasons, which have '|' between them. */
static bool is_among(const char *reasons, const char *what)
{
	size_t n = strlen(what);

	for (const char *p = reasons; p; p = strchr(p, '|')) {
		p += *p == '|';
		if ((strncmp(p, what, n) == 0 && (!p[n] || p[n] == '|')) || *p == '*')
			return true;
	}
	return false;
}

/* NULL if jq's answer and ours fit together. */
static const char *disagreement(const char *what, const char *answer)
{
	char reasons[512], same[16];
	const char *tab;

	if (strcmp(answer, "no") == 0)
		return what ? NULL : "we take what jq refuses";
	tab = strchr(answer, '\t') + 1;
	(void)snprintf(reasons, sizeof(reasons), "%.*s", (int)strcspn(tab, "\t"), tab);
	(void)snprintf(same, sizeof(same), "%s", strchr(tab, '\t') + 1);
	if (!what && *reasons && strcmp(reasons, "*") != 0)
		return "we take what a rule of ours refuses";
	if (!what)
		return strcmp(same, "same") == 0 ? NULL : "we read something else";
	return is_among(reasons, what) ? NULL : "we refuse what no rule of ours refuses";
}

static void many_texts(uint64_t seed, unsigned long n)
{
	struct generator g = { .rng = seed }, again = { .rng = seed };
	FILE *f = fopen(scratch_path(dir, "texts"), "we");
	struct buf text = BUF_INIT;
	char answer[1024];
	unsigned long taken = 0, refused = 0, excused = 0;

	assert_non_null(f);
	for (unsigned long i = 0; i < n; i++, buf_clear(&text)) {
		struct error err = ERROR_INIT;

		jsontext_next(&g, &text);
		ask(f, &text, !refusal(&text, &err));
	}
	assert_int_equal(fclose(f), 0);
	run_jq();
	f = fopen(scratch_path(dir, "answers"), "re");
	assert_non_null(f);
	for (unsigned long i = 0; i < n; i++, buf_clear(&text)) {
		struct error err = ERROR_INIT;
		const char *what, *wrong;
		struct buf shown = BUF_INIT;

		jsontext_next(&again, &text);
		what = refusal(&text, &err);
		assert_non_null(fgets(answer, sizeof(answer), f));
		answer[strcspn(answer, "\n")] = '\0';
		taken += !what;
		refused += strcmp(answer, "no") == 0;
		excused += what && strcmp(answer, "no") != 0;
		wrong = disagreement(what, answer);
		if (!wrong)
			continue;
		add_base64(&shown, &text);
		fail_msg("seed %" PRIu64 ": %s: we say '%s', jq '%s'; base64: %s", seed, wrong,
			what ? what : "good", answer, shown.data);
	}
	assert_null(fgets(answer, sizeof(answer), f));
	(void)fclose(f);
	buf_release(&text);
	print_message("%lu texts: %lu taken by both, %lu refused by jq, %lu by us alone\n", n,
		taken, refused, excused);
	/* Or they were not the texts that they should be. */
	assert_true(taken > n / 4 && refused > n / 20 && excused > n / 20);
}

static void what_we_take_jq_takes_and_reads_alike(void **state)
{
	(void)state;
	if (!has_jq)
		skip();
	many_texts(20261123, 3000);
	many_texts((uint64_t)time(NULL), getenv("MINSKY_TEST_LONG") ? 200000 : 7000);
}

/*
 * Where we mean to differ, and from what. jq 1.6 reads the text as `jq` says; other versions differ
 * from that one, but not in what a text has to be for us.
 */
struct difference {
	const char *text;
	size_t len; /* 0: strlen(text) */
	const char *ours;
	const char *jq;
	const char *why;
};

static const struct difference differences[] = {
	{ "{\"a\":1,\"a\":2}", 0, "duplicate key", "{\"a\":2}",
		"some readers take the first, some the last: what was signed is not what is read" },
	{ "{\"a\":1,\"\\u0061\":2}", 0, "duplicate key", "{\"a\":2}", "the same key" },
	{ "\"\\u0000\"", 0, "\\u0000 is not allowed", "\"\\u0000\"",
		"a string of C ends there, and PostgreSQL stores none" },
	{ "\"\0\"", 3, "a control character in a string", "\"\\u0000\"", "the same" },
	{ "\"\\udc00\"", 0, "half of a surrogate pair", "\"\xef\xbf\xbd\"",
		"no character, and no UTF-8 can say it" },
	{ "\"\\udc00\\ud83d\\ude00\"", 0, "half of a surrogate pair",
		"\"\xef\xbf\xbd\xf0\x9f\x98\x80\"", "the same, with a pair behind it" },
	{ "\"\xff\"", 0, "not UTF-8", "\"\xef\xbf\xbd\"",
		"hashes are over bytes: none is replaced" },
	{ "\"\xc0\xaf\"", 0, "not UTF-8", "\"\xef\xbf\xbd\xef\xbf\xbd\"", "a slash in disguise" },
	{ "\"\xed\xa0\x80\"", 0, "not UTF-8", "\"\xef\xbf\xbd\"", "half of a surrogate pair" },
	{ "\xef\xbb\xbf{}", 0, "not a number", "{}", "a byte order mark is no JSON" },
	{ "01", 0, "not a number", "1", "no number of JSON" },
	{ "+1", 0, "not a number", "1", "the same" },
	{ ".5", 0, "not a number", "0.5", "the same" },
	{ "1.", 0, "not a number", "1", "the same" },
	{ "1\0x", 3, "extra text after the value", "1", "jq's string of C ends there" },
	{ "1e308", 0, "a number is too large", "1e308",
		"near infinity there is nothing to record" },
	{ "-1e999", 0, "a number is too large", "-1.7976931348623157e308", "no reader has that" },
	{ "1234567890123456789012345678901234567890123456789012345678901234", 0,
		"a number is too long", "1.2345678901234568e63",
		"cJSON reads 63 bytes of a number" },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 0,
		"nested too deeply",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		"readers of trees recurse: 32 levels" },
};

#define N_DIFFERENCES (sizeof(differences) / sizeof(*differences))

/* Does jq 1.6 read each text as the table says? Other versions are not asked. */
static void jq_reads_them_so(void)
{
	struct buf line = BUF_INIT;
	FILE *f = fopen(scratch_path(dir, "texts"), "we");

	assert_non_null(f);
	for (size_t i = 0; i < N_DIFFERENCES; i++) {
		const struct difference *d = &differences[i];
		struct buf text = BUF_INIT, jq = BUF_INIT;

		buf_add(&text, d->text, d->len ? d->len : strlen(d->text));
		buf_adds(&jq, d->jq);
		buf_clear(&line);
		add_base64(&line, &text);
		buf_addch(&line, ' ');
		add_base64(&line, &jq);
		assert_true(fprintf(f, "%s\n", line.data) > 0);
		buf_release(&text);
		buf_release(&jq);
	}
	assert_int_equal(fclose(f), 0);
	buf_clear(&line);
	/* As jq prints them: infinity has no text that reads so. NaN some builds of 1.6 refuse. */
	buf_addf(&line,
		"test \"$(jq --version)\" != jq-1.6 || jq -e -n -R '[inputs | split(\" \") | "
		"map(@base64d | fromjson | tojson) | .[0] == .[1]] | "
		"if all and length == %zu then true else index(false) | halt_error end' <'%s'",
		N_DIFFERENCES, scratch_path(dir, "texts"));
	assert_int_equal(run(line.data), 0);
	buf_release(&line);
}

static void differences_are_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_DIFFERENCES; i++) {
		const struct difference *d = &differences[i];
		struct error err = ERROR_INIT;
		struct buf text = BUF_INIT;
		const char *what;

		buf_add(&text, d->text, d->len ? d->len : strlen(d->text));
		what = refusal(&text, &err);
		if (!what || strcmp(what, d->ours) != 0)
			fail_msg("%s: '%s', not '%s'; %s", d->text, what ? what : "good", d->ours,
				d->why);
		buf_release(&text);
	}
	if (!has_jq)
		skip();
	jq_reads_them_so();
}

/*
 * Every number that is taken keeps its text, so that no double stands between what was written
 * and what is shown. Who asks for its value gets these.
 */
struct number {
	const char *text;
	bool slice, tree; /* is it a whole number for them */
	uint64_t value;
};

static const struct number numbers[] = {
	{ "0", true, true, 0 },
	{ "7", true, true, 7 },
	{ "-0", false, true, 0 }, /* a double that is not below zero */
	{ "-7", false, false, 0 },
	{ "7.0", false, true, 7 },
	{ "7e2", false, true, 700 },
	{ "0.7e1", false, true, 7 },
	{ "7.5", false, false, 0 },
	{ "9007199254740991", true, true, UINT64_C(9007199254740991) },
	{ "9007199254740992", true, true, UINT64_C(9007199254740992) },
	/* jq has the same double here: 2^53. */
	{ "9007199254740993", false, true, UINT64_C(9007199254740992) },
	{ "9007199254740994", false, false, 0 },
	{ "18446744073709551616", false, false, 0 },
	{ "1e307", false, false, 0 },
};

static void numbers_keep_their_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		const struct number *n = &numbers[i];
		struct error err = ERROR_INIT;
		struct json_slice key, value;
		uint64_t slice = 0, tree = 0;
		struct buf text = BUF_INIT;
		struct json *j = NULL;
		size_t pos = 0;
		bool more;

		buf_addf(&text, "{\"n\":%s}", n->text);
		assert_int_equal(json_parse(&j, text.data, text.len, &err), 0);
		assert_int_equal(
			json_next_member(text.data, text.len, &pos, &key, &value, &more, &err), 0);
		assert_int_equal(value.len, strlen(n->text));
		assert_memory_equal(value.at, n->text, value.len);
		if (json_slice_u64(&value, &slice) != n->slice ||
			json_get_u64(j, "n", &tree) != n->tree || (n->slice && slice != n->value) ||
			(n->tree && tree != n->value))
			fail_msg("%s: %" PRIu64 ", %" PRIu64, n->text, slice, tree);
		json_free(j);
		buf_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_we_take_jq_takes_and_reads_alike, setup, teardown),
		cmocka_unit_test_setup_teardown(differences_are_meant, setup, teardown),
		cmocka_unit_test(numbers_keep_their_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
