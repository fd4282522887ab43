#include "log/record.h"

#include <inttypes.h>

#include "core/hub.h"

#define SEQ_MAX (UINT64_C(1) << 53) /* what every JSON reader gets exactly */

#define HASH_DIGITS (HASH_HEX_SIZE - 1)

void record_hash(char out[HASH_HEX_SIZE], const char *prev, const char *origin, uint64_t seq,
	uint64_t hlc, const char *bodyhash)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "%s\n%s\n%" PRIu64 "\n%016" PRIx64 "\n%s\n", prev,
		origin, seq, hlc, bodyhash);

	hash_bytes(text, (size_t)n, out);
}

void record_write(struct buf *line, const struct record *r)
{
	if (!buf_grow(line, RECORD_ENVELOPE_MAX + (r->body ? r->body_len : 0)))
		return;
	buf_addf(line,
		"{\"origin\":\"%s\",\"seq\":%" PRIu64 ",\"hlc\":\"%016" PRIx64
		"\",\"bodyhash\":\"%s\",\"hash\":\"%s\",\"body\":",
		r->origin, r->seq, r->hlc, r->bodyhash, r->hash);
	if (r->body)
		buf_add(line, r->body, r->body_len);
	else
		buf_adds(line, "null");
	buf_adds(line, "}\n");
}

static void format(struct buf *line, const char *prev, const char *origin, struct record *r)
{
	memcpy(r->origin, origin, sizeof(r->origin));
	record_hash(r->hash, prev, origin, r->seq, r->hlc, r->bodyhash);
	record_write(line, r);
}

void record_format(struct buf *line, const char *prev, const char *origin, uint64_t seq,
	uint64_t hlc, const char *body, size_t body_len)
{
	struct record r = { .seq = seq, .hlc = hlc, .body = body, .body_len = body_len };

	hash_bytes(body, body_len, r.bodyhash);
	format(line, prev, origin, &r);
}

void record_format_blank(struct buf *line, const char *prev, const char *origin, uint64_t seq,
	uint64_t hlc, const char *bodyhash)
{
	struct record r = { .seq = seq, .hlc = hlc };

	memcpy(r.bodyhash, bodyhash, sizeof(r.bodyhash));
	format(line, prev, origin, &r);
}

void hub_record_get(struct record *out, const char *origin, const struct hub_record *in)
{
	*out = (struct record){ .seq = in->seq,
		.hlc = in->hlc,
		.body = in->body,
		.body_len = in->body ? in->body_len : 0 };
	memcpy(out->origin, origin, sizeof(out->origin));
	memcpy(out->bodyhash, in->bodyhash, sizeof(out->bodyhash));
	memcpy(out->hash, in->hash, sizeof(out->hash));
}

struct cursor {
	const char *at;
	const char *end;
};

static bool take(struct cursor *c, const char *literal)
{
	size_t n = strlen(literal);

	if ((size_t)(c->end - c->at) < n || memcmp(c->at, literal, n) != 0)
		return false;
	c->at += n;
	return true;
}

static bool take_hex(struct cursor *c, size_t digits, char *out)
{
	if ((size_t)(c->end - c->at) < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		char ch = c->at[i];

		if ((ch < '0' || ch > '9') && (ch < 'a' || ch > 'f'))
			return false;
		out[i] = ch;
	}
	out[digits] = '\0';
	c->at += digits;
	return true;
}

static bool take_seq(struct cursor *c, uint64_t *out)
{
	uint64_t v = 0;

	if (c->at == c->end || *c->at < '1' || *c->at > '9')
		return false;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
		v = v * 10 + (uint64_t)(*c->at - '0');
		if (v > SEQ_MAX)
			return false;
	}
	*out = v;
	return true;
}

static const char *parse_body(struct record *r, const char *body, size_t len)
{
	char bodyhash[HASH_HEX_SIZE];

	if (len == 4 && memcmp(body, "null", 4) == 0)
		return NULL;
	if (len < 2 || body[0] != '{' || body[len - 1] != '}')
		return "body is not an object";
	if (len > EVENT_MAX_BODY)
		return "body is longer than 64 KiB";
	hash_bytes(body, len, bodyhash);
	if (memcmp(bodyhash, r->bodyhash, HASH_DIGITS) != 0)
		return "body does not match its hash";
	r->body = body;
	r->body_len = len;
	return NULL;
}

const char *record_parse(struct record *out, const char *line, size_t len)
{
	struct cursor c = { line, line + len };
	struct record r = { .body = NULL };
	char hlc[17];
	const char *wrong;

	if (!len || line[len - 1] != '\n')
		return "line is not terminated";
	if (len > RECORD_MAX)
		return "line is longer than any record";
	if (memchr(line, '\n', len - 1) || memchr(line, '\0', len))
		return "line contains an invalid byte";
	if (!take(&c, "{\"origin\":\"") || !take_hex(&c, ID_HEX_SIZE - 1, r.origin) ||
		!take(&c, "\",\"seq\":") || !take_seq(&c, &r.seq) || !take(&c, ",\"hlc\":\"") ||
		!take_hex(&c, 16, hlc) || !take(&c, "\",\"bodyhash\":\"") ||
		!take_hex(&c, HASH_DIGITS, r.bodyhash) || !take(&c, "\",\"hash\":\"") ||
		!take_hex(&c, HASH_DIGITS, r.hash) || !take(&c, "\",\"body\":"))
		return "line is not a record";
	if (c.end - c.at < 2 || c.end[-2] != '}')
		return "line is not a record";
	r.hlc = strtoull(hlc, NULL, 16);
	wrong = parse_body(&r, c.at, (size_t)(c.end - c.at) - 2);
	if (wrong)
		return wrong;
	*out = r;
	return NULL;
}

void record_hash_of_line(char out[HASH_HEX_SIZE], const char *line, size_t len)
{
	static const char key[] = ",\"hash\":\"";
	const char *at = memmem(line, len, key, sizeof(key) - 1);

	memcpy(out, at + sizeof(key) - 1, HASH_DIGITS);
	out[HASH_DIGITS] = '\0';
}

int64_t record_hlc_ms(uint64_t hlc)
{
	return (int64_t)(hlc >> 16);
}
