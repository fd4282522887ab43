#include "core/backend.h"

#include "core/names.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Letters of ASCII alone fold, as in SQL's LIKE, so that every backend answers the same. */
static bool contains(const char *text, const char *part)
{
	size_t n = strlen(part);

	if (!n)
		return true;
	for (; text && *text; text++) {
		size_t i = 0;

		while (i < n && lower(text[i]) == lower(part[i]))
			i++;
		if (i == n)
			return true;
	}
	return false;
}

static bool same(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

bool task_id_same(const char *a, const char *b)
{
	struct buf na = BUF_INIT, nb = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool result;

	if (!a || !b)
		return false;
	if (strcmp(a, b) == 0)
		return true;
	result = name_task_id(a, &na, &ignored) == 0 && name_task_id(b, &nb, &ignored) == 0 &&
		strcmp(na.data, nb.data) == 0;
	buf_release(&na);
	buf_release(&nb);
	return result;
}

static const char *const pr_state_names[] = {
#define X(id, name) [PR_STATE_##id] = (name),
	SESSION_PR_STATES(X)
#undef X
};

const char *session_pr_state_name(enum session_pr_state state)
{
	return pr_state_names[state];
}

bool session_pr_state_parse(const char *name, enum session_pr_state *out)
{
	for (size_t i = PR_STATE_ANY + 1; i < sizeof(pr_state_names) / sizeof(*pr_state_names);
		i++) {
		if (strcmp(pr_state_names[i], name) == 0) {
			*out = (enum session_pr_state)i;
			return true;
		}
	}
	return false;
}

enum session_pr_state session_pr_state(const struct session *s)
{
	const struct pr *pr = session_pr(s);

	if (pr && pr->merged_at)
		return PR_STATE_MERGED;
	if (pr && pr->closed_at)
		return PR_STATE_CLOSED;
	return pr && pr->exists ? PR_STATE_OPEN : PR_STATE_NONE;
}

static bool between(int64_t t, int64_t since, int64_t before)
{
	return (!since || t >= since) && (!before || t < before);
}

bool session_query_matches(const struct session_query *q, const struct session *s)
{
	const char *status = session_status_name(session_status(s));

	if (!s->name)
		return false;
	if (q->status && strcmp(q->status, status) != 0)
		return false;
	if (s->deleted && !q->deleted && !q->status)
		return false;
	if (q->task_id && !task_id_same(s->task_id, q->task_id))
		return false;
	if (q->branch && !same(s->branch, q->branch))
		return false;
	if (q->text && !contains(s->name, q->text) && !contains(s->task_id, q->text) &&
		!contains(s->branch, q->text) && !contains(s->description, q->text))
		return false;
	if (q->pr != PR_STATE_ANY && q->pr != session_pr_state(s))
		return false;
	return between(s->created_at, q->created_since, q->created_before) &&
		between(s->last_activity_at, q->active_since, q->active_before);
}

static int newest_first(int64_t a, int64_t b, const struct session *sa, const struct session *sb)
{
	if (a != b)
		return a > b ? -1 : 1;
	return strcmp(sb->id, sa->id);
}

int session_query_compare(
	const struct session_query *q, const struct session *a, const struct session *b)
{
	int c;

	switch (q->sort) {
	case SORT_ACTIVITY:
		return newest_first(a->last_activity_at, b->last_activity_at, a, b);
	case SORT_CREATED:
		return newest_first(a->created_at, b->created_at, a, b);
	case SORT_NAME:
		break;
	}
	c = strcmp(a->name ? a->name : "", b->name ? b->name : "");
	return c ? c : strcmp(a->id, b->id);
}

bool session_key_matches(enum session_key kind, const char *key, const struct session *s)
{
	switch (kind) {
	case KEY_ID:
		return strcmp(s->id, key) == 0;
	case KEY_NAME:
		return !s->deleted && same(s->name, key);
	case KEY_TASK:
		return !s->deleted && s->name && task_id_same(s->task_id, key);
	}
	return false;
}

/* 16 digits each; a record of before there were claims comes first. */
static int compare_claims(const struct session *a, const struct session *b)
{
	int c = strcmp(a->claim_hlc ? a->claim_hlc : "", b->claim_hlc ? b->claim_hlc : "");

	return c ? c : strcmp(a->claim_origin, b->claim_origin);
}

bool session_key_prefers(enum session_key kind, const struct session *a, const struct session *b)
{
	int c = kind == KEY_NAME ? compare_claims(a, b) : 0;

	if (!c)
		c = a->created_at < b->created_at ? -1 : a->created_at > b->created_at;
	if (!c)
		c = strcmp(a->id, b->id);
	return kind == KEY_TASK ? c > 0 : c < 0;
}
