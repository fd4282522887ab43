#include "lib/jsontext.h"

#include "lib/generate.h"

struct piece {
	const char *text;
	size_t len;
};

/* With their length, since some hold a NUL. */
#define P(s)                                                                                       \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
#define N(a) (sizeof(a) / sizeof(*(a)))

static const struct piece good_string[] = { P(""), P("a"), P("b"), P("A"), P("key"), P(" "), P("0"),
	P("~"), P("\x7f"), P("\\\""), P("\\\\"), P("\\/"), P("/"), P("\\b\\f\\n\\r\\t"),
	P("\\u0061"), P("\\u0001"), P("\\u001F"), P("\\u00e4"), P("\\u20AC"), P("\\uFFFF"),
	P("\\ud83d\\ude00"), P("\\uD800\\uDC00"), P("\\udbff\\udfff"), P("\\\\u0000"),
	P("\\\\\\\"ud800"), P("\xc2\x80"), P("\xc3\xa4"), P("\xdf\xbf"), P("\xe0\xa0\x80"),
	P("\xe2\x82\xac"), P("\xed\x9f\xbf"), P("\xee\x80\x80"), P("\xef\xbb\xbf"),
	P("\xef\xbf\xbf"), P("\xf0\x90\x80\x80"), P("\xf0\x9f\x98\x80"), P("\xf4\x8f\xbf\xbf"),
	P("{}[],:"), P("\\u2028\xe2\x80\xae") };
static const struct piece bad_string[] = { P("\\u0000"), P("\\ud800"), P("\\udc00"),
	P("\\udc00\\ud800"), P("\\ud800\\ud800\\udc00"), P("\\ud83d\\u0041"), P("\\ud83dude00"),
	P("\\u12"), P("\\u12g4"), P("\\u+123"), P("\\U0041"), P("\\x41"), P("\\'"), P("\\a"),
	P("\\0"), P("\\"), P("\""), P("\n"), P("\t"), P("\x01"), P("\x1f"), P("\0"), P("\\\0"),
	P("\x80"), P("\xbf"), P("\xc0\xaf"), P("\xc1\xbf"), P("\xc3"), P("\xe0\x80\xaf"),
	P("\xe2\x82"), P("\xed\xa0\x80"), P("\xed\xbf\xbf"), P("\xf0\x80\x80\x80"),
	P("\xf4\x90\x80\x80"), P("\xf8\x88\x80\x80\x80"), P("\xfe"), P("\xff"), P("1234567\x1f"),
	P("1234567\x80") };
static const struct piece good_number[] = { P("0"), P("-0"), P("1"), P("-1"), P("0.5"), P("1.0"),
	P("10e0"), P("1E+2"), P("-1.25e-3"), P("9007199254740992"), P("9007199254740993"),
	P("18446744073709551616"), P("1e307"), P("9.99e307"), P("-1e307"), P("0e999999"),
	P("0.0e308"), P("1e-400"), P("5e-324"), P("0.00000000000000000001e327"),
	P("123456789012345678901234567890123456789012345678901234567890123"),
	P("0.1234567890123456789012345678901234567890123456789012345678901") };
static const struct piece bad_number[] = { P("01"), P("-01"), P("00"), P("+1"), P(".5"), P("-.5"),
	P("1."), P("1.e1"), P("1e"), P("1e+"), P("-"), P("--1"), P("1-1"), P("1.2.3"), P("0x10"),
	P("1_0"), P("1e308"), P("-1e308"), P("1e309"), P("1e99999999999999999999"), P("100e306"),
	P("0.001e311"), P("1 2"), P("1\0"), P("NaN"), P("nan"), P("-nan"), P("Infinity"), P("inf"),
	P("1234567890123456789012345678901234567890123456789012345678901234"),
	P("0.12345678901234567890123456789012345678901234567890123456789012") };
static const struct piece good_word[] = { P("true"), P("false"), P("null") };
static const struct piece bad_word[] = { P("True"), P("nul"), P("nulll"), P("truefalse"), P("None"),
	P("undefined"), P("'a'"), P("a"), P("//"), P("/**/0"), P("\xef\xbf\xbd"), P("null\0") };
static const struct piece good_space[] = { P(" "), P("\n"), P("\r\n"), P("\t"), P("  ") };
static const struct piece bad_space[] = { P("\f"), P("\v"), P("\xc2\xa0"), P("\0"),
	P("\xef\xbb\xbf"), P("#x\n"), P("\x1e"), P(","), P("\\n") };

struct writer {
	struct generator *g;
	struct buf *out;
	unsigned hostile; /* one piece of so many is a bad one; 0: none */
	unsigned room; /* values may still be written */
};

static unsigned pick(struct writer *w, unsigned n)
{
	return (unsigned)generate_number(w->g, n);
}

static void add(struct writer *w, const struct piece *good, size_t n_good, const struct piece *bad,
	size_t n_bad)
{
	bool is_bad = w->hostile && !pick(w, w->hostile);
	const struct piece *p =
		is_bad ? bad + pick(w, (unsigned)n_bad) : good + pick(w, (unsigned)n_good);

	buf_add(w->out, p->text, p->len);
}

static void space(struct writer *w)
{
	if (!pick(w, 4))
		add(w, good_space, N(good_space), bad_space, N(bad_space));
}

/* `serial` keeps the keys of an object apart; SIZE_MAX: leave that to chance. */
static void string(struct writer *w, size_t serial)
{
	unsigned n = pick(w, 4);

	buf_addch(w->out, '"');
	if (serial != SIZE_MAX)
		buf_addf(w->out, "%zu-", serial);
	/* Readers look at several bytes at a time: what comes has to begin at any of them. */
	if (!pick(w, 3))
		buf_add(w->out, "abcdefghijklmnopqrstuvwxyz", pick(w, 20));
	for (unsigned i = 0; i < n; i++)
		add(w, good_string, N(good_string), bad_string, N(bad_string));
	buf_addch(w->out, '"');
}

static void scalar(struct writer *w)
{
	switch (pick(w, 3)) {
	case 0:
		add(w, good_word, N(good_word), bad_word, N(bad_word));
		break;
	case 1:
		add(w, good_number, N(good_number), bad_number, N(bad_number));
		break;
	default:
		string(w, SIZE_MAX);
	}
}

static void separate(struct writer *w, const char *by)
{
	space(w);
	/* Left out, or twice. */
	for (unsigned n = w->hostile && !pick(w, w->hostile) ? 2 * pick(w, 2) : 1; n; n--)
		buf_adds(w->out, by);
	space(w);
}

static void value(struct writer *w, unsigned depth) /* NOLINT(misc-no-recursion) */
{
	bool object = pick(w, 2);
	unsigned n;

	w->room -= w->room > 0;
	if (!depth || !w->room || !pick(w, 3)) {
		scalar(w);
		return;
	}
	n = pick(w, 5);
	buf_addch(w->out, object ? '{' : '[');
	space(w);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			separate(w, ",");
		if (object) {
			/* Descending, so that order does not tell them apart. */
			string(w, w->hostile && pick(w, 2) ? SIZE_MAX : n - i);
			separate(w, ":");
		}
		value(w, depth - 1);
	}
	space(w);
	buf_addch(w->out, object != (w->hostile && !pick(w, 4 * w->hostile)) ? '}' : ']');
}

/* Around the limits of depth: ours, and those of others. */
static void nested(struct writer *w)
{
	unsigned n = pick(w, 8) ? 29 + pick(w, 6) : 250 + pick(w, 12);
	struct buf end = BUF_INIT;

	for (unsigned i = 0; i < n; i++) {
		bool object = pick(w, 2);

		buf_adds(w->out, object ? "{\"a\":" : "[");
		buf_addch(&end, object ? '}' : ']');
	}
	if (pick(w, 2))
		scalar(w);
	else
		buf_adds(w->out, pick(w, 2) ? "{}" : "[]");
	while (end.len) {
		buf_addch(w->out, end.data[end.len - 1]);
		buf_truncate(&end, end.len - 1);
	}
	buf_release(&end);
}

/* A byte is changed, left out, put in, or is the last one. */
static void mutate(struct writer *w, size_t from)
{
	static const char bytes[] = "\"\\{}[],:0-+.eEtfnu \n\0\x1f\x7f\x80\xc3\xed\xff";
	struct buf *out = w->out;
	char *at;

	if (out->len == from)
		return;
	at = out->data + from + generate_number(w->g, out->len - from);
	switch (pick(w, 4)) {
	case 0:
		*at ^= (char)(1 << pick(w, 8));
		break;
	case 1:
		memmove(at, at + 1, (size_t)(out->data + out->len - at - 1));
		buf_truncate(out, out->len - 1);
		break;
	case 2:
		*at = bytes[pick(w, sizeof(bytes) - 1)];
		break;
	default:
		buf_truncate(out, (size_t)(at - out->data));
	}
}

void jsontext_next(struct generator *g, struct buf *out)
{
	struct writer w = { .g = g, .out = out, .room = 40 };
	unsigned kind = (unsigned)(g->events++ % 8);
	size_t from = out->len;

	if (kind == 3 || kind == 6)
		w.hostile = 2 + pick(&w, 20);
	if (kind == 0 || kind == 7)
		nested(&w);
	else {
		space(&w);
		value(&w, 1 + pick(&w, 6));
		space(&w);
	}
	if (kind == 1 || kind == 7)
		for (unsigned n = 1 + pick(&w, 2); n; n--)
			mutate(&w, from);
}
