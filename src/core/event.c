#include "core/event.h"

#include <inttypes.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/event_shape.h"
#include "core/fs.h"
#include "core/jsonw.h"
#include "core/text.h"

#define PASSWD_MAX (4 << 20)

static const char *const type_names[] = { [EVENT_UNKNOWN] = "unknown",
#define X(id, name) [EVENT_##id] = (name),
	EVENT_TYPES(X)
#undef X
};

#define N_TYPES (sizeof(type_names) / sizeof(*type_names))

const char *event_type_name(enum event_type type)
{
	return (size_t)type < N_TYPES ? type_names[type] : type_names[EVENT_UNKNOWN];
}

enum event_type event_type_parse(const char *name)
{
	for (size_t i = 1; i < N_TYPES; i++)
		if (strcmp(type_names[i], name) == 0)
			return (enum event_type)i;
	return EVENT_UNKNOWN;
}

/*
 * The account's name, or its number where that is not in /etc/passwd: asking for it in the usual way
 * would drag NSS into a statically linked hook. "<name>:<password>:<uid>:..."
 */
static const char *account(void)
{
	static char name[256];
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	char mark[32];
	int n = snprintf(mark, sizeof(mark), ":%u:", (unsigned)geteuid());

	(void)snprintf(name, sizeof(name), "%u", (unsigned)geteuid());
	if (n < 0 || fs_read("/etc/passwd", PASSWD_MAX, &text, &ignored) < 0)
		goto out;
	for (const char *at = text.data; *at;) {
		size_t len = strcspn(at, "\n"), end = strcspn(at, ":");
		const char *second = end < len ? memchr(at + end + 1, ':', len - end - 1) : NULL;

		if (second && end && end < sizeof(name) && !strncmp(second, mark, (size_t)n)) {
			memcpy(name, at, end);
			name[end] = '\0';
			break;
		}
		at += len + (at[len] == '\n');
	}
out:
	buf_release(&text);
	return name;
}

void actor_from_environment(struct actor *out)
{
	static char host[256];
	const char *user = getenv("USER");

	if (!user || !*user)
		user = account();
	if (!host[0] && gethostname(host, sizeof(host) - 1) < 0)
		(void)snprintf(host, sizeof(host), "unknown");
	out->user = user;
	out->host = host;
	out->agent = getenv("MINSKY_AGENT");
	if (out->agent && !*out->agent)
		out->agent = NULL;
}

int event_key_compare(const struct event_key *a, const struct event_key *b)
{
	int c;

	if (a->hlc != b->hlc)
		return a->hlc < b->hlc ? -1 : 1;
	c = strcmp(a->origin, b->origin);
	if (c)
		return c < 0 ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return 0;
}

static void write_src(struct jsonw *w, const struct event_src *src)
{
	jsonw_key(w, "src");
	jsonw_begin_object(w);
	jsonw_kstring(w, "clone", src->clone);
	jsonw_kstring(w, "ref", src->ref);
	jsonw_kstring(w, "old", src->old_oid);
	jsonw_kstring(w, "new", src->new_oid);
	jsonw_ku64(w, "n", src->n);
	jsonw_end_object(w);
}

void event_encode_src(struct buf *out, const struct event_src *src)
{
	struct jsonw w;

	jsonw_init(&w, out, false);
	write_src(&w, src);
}

static int check_body(const char *body, size_t len, const char *type, struct error *err)
{
	size_t secret_len;

	if (len > EVENT_MAX_BODY)
		return error_set(
			err, ERR_USAGE, "event '%s' is larger than %d bytes", type, EVENT_MAX_BODY);
	if (memchr(body, '\0', len) || !text_is_utf8(body, len))
		return error_set(err, ERR_USAGE, "event '%s' is not valid UTF-8", type);
	if (text_find_secret(body, len, &secret_len)) {
		error_set(err, ERR_USAGE, "event '%s' contains something that looks like a secret",
			type);
		return error_hint(err,
			"the journal is copied to others and is never erased: refer to the secret "
			"by a name instead");
	}
	return 0;
}

static int check_data(const struct event_draft *draft, struct error *err)
{
	const char *bad =
		draft->data ? event_check(draft->type, draft->data, draft->data_len) : NULL;

	return bad ? error_set(err, ERR_USAGE, "event '%s': its '%s' is of the wrong kind",
			     event_type_name(draft->type), bad)
		   : 0;
}

int event_encode(struct buf *body, const struct event_draft *draft, const struct actor *actor,
	struct error *err)
{
	const char *type = event_type_name(draft->type);
	size_t start = body->len;
	struct jsonw w;
	int r = check_data(draft, err);

	if (r < 0)
		return r;
	jsonw_init(&w, body, false);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "type", type);
	jsonw_kstring_opt(&w, "session", draft->session);
	jsonw_kstring_opt(&w, "owner", draft->owner);
	jsonw_ktime(&w, "at", draft->at);
	jsonw_ku64(&w, "v", draft->owner ? EVENT_VERSION : EVENT_VERSION_PLAIN);
	if (draft->crit)
		jsonw_kbool(&w, "crit", true);
	jsonw_key(&w, "actor");
	jsonw_begin_object(&w);
	jsonw_kstring_opt(&w, "user", actor->user);
	jsonw_kstring_opt(&w, "host", actor->host);
	jsonw_kstring_opt(&w, "agent", actor->agent);
	jsonw_end_object(&w);
	jsonw_kstring(&w, "via", draft->via);
	if (draft->src)
		write_src(&w, draft->src);
	jsonw_key(&w, "data");
	if (draft->data)
		jsonw_raw(&w, draft->data, draft->data_len);
	else
		jsonw_raw(&w, "{}", 2);
	jsonw_end_object(&w);
	r = buf_check(body, err);
	if (r == 0)
		r = check_body(body->data + start, body->len - start, type, err);
	if (r < 0)
		buf_truncate(body, start);
	return r;
}
