#include "lib/forge.h"

#include <string.h>

#include "core/clock.h"
#include "core/jsonw.h"

/* splitmix64 */
uint64_t forge_random(struct forge *f, uint64_t below)
{
	uint64_t z = f->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return below ? z % below : z;
}

static void hex(struct forge *f, char *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = "0123456789abcdef"[forge_random(f, 16)];
	out[n] = '\0';
}

/* One of the victim's, mostly. */
static const char *pick(struct forge *f, const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n && forge_random(f, 4) ? list[forge_random(f, n)] : NULL;
}

static void string(struct buf *out, const char *text)
{
	struct jsonw w;

	jsonw_init(&w, out, false);
	jsonw_string(&w, text);
}

static void hex_or(struct forge *f, struct buf *out, const char *const *list, size_t digits)
{
	const char *known = pick(f, list);
	char made[72];

	hex(f, made, digits);
	string(out, known ? known : made);
}

static void text_or(
	struct forge *f, struct buf *out, const char *const *list, const char *const *more)
{
	const char *known = pick(f, list);
	size_t n = 0;

	while (more[n])
		n++;
	string(out, known ? known : more[forge_random(f, n)]);
}

static void uuid_or(struct forge *f, struct buf *out, const char *const *list)
{
	const char *known = pick(f, list);
	char h[33], made[ID_UUID_SIZE];

	hex(f, h, 32);
	(void)snprintf(made, sizeof(made), "%.8s-%.4s-7%.3s-8%.3s-%.12s", h, h + 8, h + 12, h + 15,
		h + 18);
	string(out, known ? known : made);
}

static void a_time(struct forge *f, struct buf *out)
{
	static const int64_t odd[] = { 0, 1, INT64_C(253402300799999), INT64_C(1764547200000) };
	char text[CLOCK_TEXT_SIZE];

	clock_format(odd[forge_random(f, 4)] + (int64_t)forge_random(f, 2000), text);
	string(out, text);
}

static void a_word(struct forge *f, struct buf *out, const char *words)
{
	size_t n = 1, which;

	for (const char *p = words; *p; p++)
		n += *p == ' ';
	for (which = forge_random(f, n); which; which--)
		words = strchr(words, ' ') + 1;
	buf_addf(out, "\"%.*s\"", (int)strcspn(words, " "), words);
}

static void members(struct forge *f, struct buf *out, const struct event_shape *shape, bool nulls);

static void a_list(struct forge *f, struct buf *out, const struct event_member *m)
{
	buf_addch(out, '[');
	for (uint64_t i = 0, n = forge_random(f, 3); i < n; i++) {
		buf_adds(out, i ? "," : "");
		if (m->kind == EVENT_KIND_OBJECTS)
			members(f, out, m->of, false);
		else
			string(out, "pre-commit\x1b[2J");
	}
	buf_addch(out, ']');
}

void forge_fitting(struct forge *f, struct buf *out, const struct event_member *m)
{
	static const char *const branches[] = { "main", "pr/x", "a/b", "v1", "origin/main",
		"b\\xff", NULL };
	static const char *const refs[] = { "HEAD", "refs/heads/main", "worktrees/w/HEAD", NULL };
	static const char *const names[] = { "x", "fix", "task#7", "HEAD2", NULL };
	static const char *const texts[] = { "", "t", "\x1b]0;owned\x07", "--output=/x", "$(id)",
		"\xe2\x80\xae"
		"cod",
		"../../x", "a\nb", NULL };
	static const char *const paths[] = { "/", "/etc", "/proc/self/cwd/x", "/x\x1b[2J", NULL };
	static const char *const urls[] = { "https://h/r", "ext::sh -c id", "/srv/x", NULL };
	static const char *const depths[] = { "1", "0", "\"1\"", NULL };
	const struct forge_world none = { .sessions = NULL }, *w = f->world ? f->world : &none;

	switch (m->kind) {
	case EVENT_KIND_OID:
		hex_or(f, out, w->oids, forge_random(f, 8) ? 40 : 64);
		break;
	case EVENT_KIND_REV:
		if (forge_random(f, 2))
			hex_or(f, out, w->oids, 40);
		else
			text_or(f, out, w->branches, branches);
		break;
	case EVENT_KIND_BRANCH:
		text_or(f, out, w->branches, branches);
		break;
	case EVENT_KIND_REF:
		text_or(f, out, NULL, refs);
		break;
	case EVENT_KIND_NAME:
		text_or(f, out, w->names, names);
		break;
	case EVENT_KIND_UUID:
		uuid_or(f, out, strcmp(m->name, "pr") ? w->sessions : w->prs);
		break;
	case EVENT_KIND_ID:
		hex_or(f, out, strcmp(m->name, "origin") ? w->ids : w->origins, 32);
		break;
	case EVENT_KIND_HASH:
		hex_or(f, out, NULL, 64);
		break;
	case EVENT_KIND_TIME:
		a_time(f, out);
		break;
	case EVENT_KIND_WORD:
		a_word(f, out, m->words);
		break;
	case EVENT_KIND_TEXT:
		text_or(f, out, w->names, texts);
		break;
	case EVENT_KIND_PATH:
		text_or(f, out, w->paths, paths);
		break;
	case EVENT_KIND_URL:
		text_or(f, out, w->paths, urls);
		break;
	case EVENT_KIND_COUNT:
		buf_addf(out, "%llu",
			(unsigned long long)forge_random(
				f, forge_random(f, 2) ? 9 : UINT64_C(1) << 53));
		break;
	case EVENT_KIND_FLAG:
		buf_adds(out, forge_random(f, 2) ? "true" : "false");
		break;
	case EVENT_KIND_DEPTH:
		buf_adds(out, depths[forge_random(f, 3)]);
		break;
	case EVENT_KIND_TEXTS:
	case EVENT_KIND_LIST:
	case EVENT_KIND_OBJECTS:
		a_list(f, out, m);
		break;
	case EVENT_KIND_OBJECT:
	case EVENT_KIND_CHANGES:
		members(f, out, m->of, m->kind == EVENT_KIND_CHANGES);
		break;
	}
}

void forge_misfit(struct forge *f, struct buf *out, const struct event_member *m)
{
	static const char *const wrong[] = { "null", "\"--output=/x\"", "\"\\u001b[2J\"", "\"\"",
		"-1", "1.5", "[1]", "{\"x\":1}", "\"../x\"", "\"a b\"", "\"HEAD:x\"", "true", "7",
		"\"0123456789abcdef0123456789abcdef0123456G\"" };
	const char *text;

	do {
		text = wrong[forge_random(f, sizeof(wrong) / sizeof(*wrong))];
	} while (event_kind_fits(m, text, strlen(text)));
	buf_adds(out, text);
}

/* Each member with one chance in two; of those that count in the first place, two in three. */
static void members(struct forge *f, struct buf *out, const struct event_shape *shape, bool nulls)
{
	bool first = true;

	buf_addch(out, '{');
	for (size_t i = 0; i < shape->n; i++) {
		const struct event_member *m = &shape->v[i];

		if (!forge_random(f, m->of ? 3 : 2))
			continue;
		buf_addf(out, "%s\"%s\":", first ? "" : ",", m->name);
		if (nulls && !forge_random(f, 6))
			buf_adds(out, "null");
		else
			forge_fitting(f, out, m);
		first = false;
	}
	buf_addch(out, '}');
}

void forge_body(struct forge *f, struct buf *out, int64_t at, enum event_type *type_out)
{
	static const struct event_member uuid = { "session", EVENT_KIND_UUID, NULL, NULL };
	static const struct event_member owner = { "origin", EVENT_KIND_ID, NULL, NULL };
	static const struct event_member clone = { "clone", EVENT_KIND_ID, NULL, NULL };
	static const struct event_member ref = { "ref", EVENT_KIND_REF, NULL, NULL };
	static const struct event_member oid = { "old", EVENT_KIND_OID, NULL, NULL };
	const enum event_type type = (enum event_type)(1 + forge_random(f, EVENT_OVERRIDE_USED));
	const bool names_owner = forge_random(f, 2);
	char text[CLOCK_TEXT_SIZE];

	clock_format(at, text);
	buf_addf(out, "{\"type\":\"%s\",\"session\":", event_type_name(type));
	forge_fitting(f, out, &uuid);
	if (names_owner) {
		buf_adds(out, ",\"owner\":");
		forge_fitting(f, out, &owner);
	}
	buf_addf(out, ",\"at\":\"%s\",\"v\":%d%s,\"actor\":{\"user\":\"%s\",\"host\":\"evil\"}",
		text, names_owner ? 2 : 1, forge_random(f, 9) ? "" : ",\"crit\":true",
		forge_random(f, 2) ? "mallory" : "ana");
	buf_adds(out, ",\"via\":\"cli\",\"src\":{\"clone\":");
	forge_fitting(f, out, &clone);
	buf_adds(out, ",\"ref\":");
	forge_fitting(f, out, &ref);
	buf_adds(out, ",\"old\":");
	forge_fitting(f, out, &oid);
	buf_adds(out, ",\"new\":");
	forge_fitting(f, out, &oid);
	buf_addf(out, ",\"n\":%llu},\"data\":", (unsigned long long)forge_random(f, 99));
	members(f, out, event_shape(type), false);
	buf_addch(out, '}');
	if (type_out)
		*type_out = type;
}
