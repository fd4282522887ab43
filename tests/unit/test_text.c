#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/text.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void utf8_is_judged_strictly(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool good;
	} cases[] = {
		{ "", 0, true },
		{ "plain", 5, true },
		{ "a\0b", 3, true },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, true },
		{ "\xf4\x8f\xbf\xbf", 4, true }, /* U+10FFFF */
		{ "\xf4\x90\x80\x80", 4, false }, /* above it */
		{ "\xed\x9f\xbf", 3, true }, /* U+D7FF */
		{ "\xed\xa0\x80", 3, false }, /* a surrogate */
		{ "\xc0\x80", 2, false }, /* overlong NUL */
		{ "\xe0\x9f\xbf", 3, false }, /* overlong */
		{ "\xf0\x8f\xbf\xbf", 4, false }, /* overlong */
		{ "\xc3", 1, false }, /* cut */
		{ "\xe2\x82", 2, false },
		{ "\x80", 1, false }, /* continuation alone */
		{ "\xff", 1, false },
		{ "\xc3(", 2, false },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_int_equal(text_is_utf8(cases[i].text, cases[i].len), cases[i].good);
}

static void a_character_gives_length_and_code_point(void **state)
{
	uint32_t cp = 7;

	(void)state;
	assert_int_equal(text_utf8_char("x", 1, &cp), 1);
	assert_int_equal(cp, 'x');
	assert_int_equal(text_utf8_char("\xe2\x82\xac", 3, &cp), 3);
	assert_int_equal(cp, 0x20ac);
	assert_int_equal(text_utf8_char("\xe2\x82\xac", 2, &cp), 0);
	assert_int_equal(text_utf8_char("", 0, &cp), 0);
	assert_int_equal(cp, 0x20ac);
}

static void visible_is(const char *in, const char *visible, const char *line)
{
	struct buf b = BUF_INIT;

	text_add_visible(&b, in, strlen(in));
	assert_string_equal(b.data, visible);
	buf_clear(&b);
	text_add_line(&b, in, strlen(in));
	assert_string_equal(b.data, line);
	buf_release(&b);
}

static void controls_are_shown_and_do_not_act(void **state)
{
	(void)state;
	visible_is("a b \xc3\xa4", "a b \xc3\xa4", "a b \xc3\xa4");
	visible_is("\x1b[31m", "\\x1b[31m", "\\x1b[31m");
	visible_is("a\n\tb\r", "a\n\tb\\x0d", "a\\x0a\\x09b\\x0d");
	visible_is("\x7f", "\\x7f", "\\x7f");
	visible_is("\xc2\x9b", "\\u009b", "\\u009b"); /* CSI as a character */
	visible_is("\x9b", "\\x9b", "\\x9b"); /* as a stray byte */
	visible_is("x\xe2\x80\xaey", "x\\u202ey", "x\\u202ey");
	visible_is("\xe2\x81\xa6\xe2\x80\x8f", "\\u2066\\u200f", "\\u2066\\u200f");
	visible_is("\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029", "\\u2028\\u2029");
	visible_is("\xe2\x80\xa6\xe2\x80\x94", "\xe2\x80\xa6\xe2\x80\x94", /* ... and dash */
		"\xe2\x80\xa6\xe2\x80\x94");
	visible_is("\xff\xc3", "\\xff\\xc3", "\\xff\\xc3");
}

static void a_cut_never_splits_a_character(void **state)
{
	static const char text[] = "a\xe2\x82\xac"
				   "b\xf0\x9f\x98\x80";
	static const size_t expected[] = { 0, 1, 1, 1, 4, 5, 5, 5, 5, 9, 9 };

	(void)state;
	for (size_t max = 0; max < N(expected); max++)
		assert_int_equal(text_cut(text, 9, max), expected[max]);
	assert_int_equal(text_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
}

#define D36 "0a1B2c3D4e5F6a7B8c9D0a1B2c3D4e5F6a7B"

/* Split, so that no scanner takes the test for a leak. */
static const char *const secrets[] = {
	"gh"
	"p_" D36,
	"gh"
	"o_" D36,
	"gh"
	"u_" D36,
	"gh"
	"s_" D36,
	"gh"
	"r_" D36,
	"github"
	"_pat_11ABCDEFG0aBcDeFgHiJkL_" D36 "1234567890abcdefghijklm",
	"glp"
	"at-AbCdEfGhIjKlMnOpQr_1",
	"AK"
	"IAIOSFODNN7EXAMPLE",
	"AS"
	"IAIOSFODNN7EXAMPLE",
	"xo"
	"xb-123456789012-1234567890123-AbCdEfGh",
	"xo"
	"xp-123456789012-1234567890123-AbCdEfGh",
	"s"
	"k-" D36 "AbCdEfGhIj12",
	"s"
	"k-proj-" D36 "_-" D36,
	"s"
	"k-ant-api03-" D36 "-" D36,
	"AI"
	"zaSyA1234567890abcdefghijklmnopqrstuv",
	"np"
	"m_" D36,
	"py"
	"pi-AgEIcHlwaS5vcmcCJ" D36,
	"ey"
	"JhbGciOiJIUzI1NiJ9.ey"
	"JzdWIiOiIxMjM0In0.AbCd_-12",
	"-----BEGIN "
	"RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
	"-----BEGIN "
	"OPENSSH PRIVATE KEY-----\\nb3Bl\\n-----END OPENSSH PRIVATE KEY-----",
	"-----BEGIN "
	"PRIVATE KEY-----\nMIIE and cut",
};

static void a_secret_is_found_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(secrets); i++) {
		size_t len = strlen(secrets[i]), n = 0;
		const char *at = text_find_secret(secrets[i], len, &n);

		if (at != secrets[i] || n != len)
			fail_msg("%s: found %zu of %zu bytes", secrets[i], at ? n : 0, len);
	}
}

static void a_secret_is_found_where_words_begin(void **state)
{
	static const char *const before[] = { " ", "=", "\"", "\n", "\\n", "\\u001b", "\\x1b", "_",
		"/" };
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(before); i++) {
		size_t n = 0;
		const char *at;

		buf_clear(&b);
		buf_adds(&b, "key");
		buf_adds(&b, before[i]);
		buf_adds(&b, secrets[0]);
		buf_adds(&b, ", and more");
		at = text_find_secret(b.data, b.len, &n);
		assert_non_null(at);
		assert_int_equal(at - b.data, 3 + strlen(before[i]));
		assert_int_equal(n, strlen(secrets[0]));
	}
	buf_release(&b);
}

static void ordinary_text_holds_no_secret(void **state)
{
	static const char *const texts[] = {
		"",
		"bump sk-learn to 1.5",
		"sk-estimator-checks-and-other-long-names-of-modules-2",
		"sk-0123456789abcdef0123456789abcdef01234567",
		"task-0123456789ABCDEFabcdef0123456789ABCDEFabcdef",
		"0123456789abcdef0123456789abcdef01234567",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"0197f3c2-5b7e-7cc3-98c5-dc0c0c07398f",
		"ghp_ is the prefix of a classic token",
		"ghp_short",
		"glpat-based-authentication-works-now",
		"npm_config_registry=https://registry.npmjs.org/",
		"npm_package_config_something_rather_long_indeed",
		"AKIAIOSFODNN7",
		"AKIAIOSFODNN7EXAMPLES",
		"the key AIzaSy was cut",
		"xoxb-tokens-are-not-stored-here",
		"eyJhbGciOiJIUzI1NiJ9 alone",
		"-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
		"-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----",
		"see https://example.com/a@b:c",
		"https://example.com:8080/x@y",
		"https://ana@dev.azure.com/org/_git/repo",
		"ssh://git@github.com/org/repo.git",
		"ssh://APKAEIBAERJR2EXAMPLE0@git-codecommit.eu-west-1.amazonaws.com/v1/repos/x",
		"git@github.com:org/repo.git",
		"http://[::1]:8080/x@y",
		"postgres://ana@db.example.com:5432/minsky",
		"postgres://ana:***@db/minsky",
		"postgres://${USER}:${PGPASSWORD}@db/minsky",
		"file://C:/Users/a@b",
		"://:@",
		"a://",
		"https://[removed]@host/path",
	};

	(void)state;
	for (size_t i = 0; i < N(texts); i++) {
		size_t n = 0;
		const char *at = text_find_secret(texts[i], strlen(texts[i]), &n);

		if (at)
			fail_msg("'%s': found '%.*s'", texts[i], (int)n, at);
	}
}

static void scrubbed_is(const char *in, const char *out)
{
	struct buf b = BUF_INIT;
	size_t n = 0;

	text_add_scrubbed(&b, in, strlen(in));
	assert_string_equal(b.data, out);
	assert_null(text_find_secret(b.data, b.len, &n));
	buf_release(&b);
}

static void of_a_url_only_the_user_info_goes(void **state)
{
	(void)state;
	scrubbed_is("clone https://ana:pw@host/x and", "clone https://[removed]@host/x and");
	scrubbed_is("postgres://ana:p%40w@db:5432/m", "postgres://[removed]@db:5432/m");
	scrubbed_is("postgres://ana:p@w@db/m", "postgres://[removed]@db/m");
	scrubbed_is("postgres://ana:p/w#x@db/m", "postgres://[removed]@db/m");
	scrubbed_is("postgres://ana:p/w@x:y@db/m@n", "postgres://[removed]@db/m@n");
	scrubbed_is("postgres://ana:1/2@db/m", "postgres://ana:1/2@db/m"); /* port 1, path 2@db/m */
	scrubbed_is("ssh://git:pw@host/x", "ssh://[removed]@host/x");
	scrubbed_is("https://:pw@host/x", "https://[removed]@host/x");
	scrubbed_is("https://0123456789abcdef0123456789abcdef01234567@host/x",
		"https://[removed]@host/x");
	scrubbed_is("https://0123456789abcdef0123456789abcdef01234567:@host/x",
		"https://[removed]@host/x");
	scrubbed_is("\"url\":\"https://a:b@c\",\"d\":\"e@f\"",
		"\"url\":\"https://[removed]@c\",\"d\":\"e@f\"");
}

static void every_secret_of_a_text_goes(void **state)
{
	struct buf b = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(secrets) - 1; i++)
		buf_addf(&b, "<%s>", secrets[i]);
	text_add_scrubbed(&out, b.data, b.len);
	for (size_t i = 0; i < N(secrets) - 1; i++) {
		assert_memory_equal(out.data + i * 11, "<[removed]>", 11);
	}
	assert_int_equal(out.len, (N(secrets) - 1) * 11);
	buf_release(&b);
	buf_release(&out);
}

/* 64 KiB of what each shape would have to look at again and again: ends, and finds nothing. */
static void tiresome_text_is_searched_to_its_end(void **state)
{
	static const char *const pieces[] = { "sk-ant-", "eyJ", "a://a:b/", "-----BEGIN ", "://",
		"glpat-", "a://" };
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(pieces); i++) {
		size_t n = 0;

		buf_clear(&b);
		while (b.len < 65536)
			buf_adds(&b, pieces[i]);
		assert_null(text_find_secret(b.data, b.len, &n));
	}
	buf_release(&b);
}

static void a_quoted_word_is_one_word_of_a_shell(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	text_add_quoted(&out, "");
	buf_addch(&out, ' ');
	text_add_quoted(&out, "a b$(c)\\n\"");
	buf_addch(&out, ' ');
	text_add_quoted(&out, "it's");
	buf_addch(&out, ' ');
	text_add_quoted(&out, "'");
	assert_string_equal(out.data, "'' 'a b$(c)\\n\"' 'it'\\''s' ''\\'''");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_judged_strictly),
		cmocka_unit_test(a_character_gives_length_and_code_point),
		cmocka_unit_test(controls_are_shown_and_do_not_act),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(a_quoted_word_is_one_word_of_a_shell),
		cmocka_unit_test(a_secret_is_found_whole),
		cmocka_unit_test(a_secret_is_found_where_words_begin),
		cmocka_unit_test(ordinary_text_holds_no_secret),
		cmocka_unit_test(of_a_url_only_the_user_info_goes),
		cmocka_unit_test(every_secret_of_a_text_goes),
		cmocka_unit_test(tiresome_text_is_searched_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
