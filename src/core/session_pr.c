#include "core/session_pr.h"

#include "core/array.h"
#include "core/session_list.h"
#include "core/session_shape.h"

bool is_pr_event(enum event_type type)
{
	switch ((int)type) {
	case EVENT_PR_CREATED:
	case EVENT_PR_UPDATED:
	case EVENT_PR_APPROVED:
	case EVENT_PR_MERGED:
	case EVENT_PR_CLOSED:
	case EVENT_PR_REOPENED:
	case EVENT_PR_BRANCH_DELETED:
	case EVENT_PR_CHECKED:
		return true;
	default:
		return false;
	}
}

static struct pr *pr_append(struct session *s, const char *id, int64_t at, struct error *err)
{
	struct pr *pr;

	if (!ARRAY_GROW_SHORT(s->prs, s->n_prs)) {
		error_nomem(err);
		return NULL;
	}
	pr = &s->prs[s->n_prs++];
	*pr = (struct pr){ .created_at = at };
	memcpy(pr->id, id, strlen(id) + 1);
	return pr;
}

/*
 * The PR that an event is about. An id that was never seen makes one, since the event that created
 * it may still be on another machine; an event without an id means the newest PR.
 */
static int pr_of(struct session *s, const struct event *e, struct pr **out, struct error *err)
{
	const char *id = json_get_string(e->data, "pr");

	*out = NULL;
	if (!id || !id_is_uuid(id)) {
		if (e->type != EVENT_PR_CREATED && s->n_prs) {
			*out = &s->prs[s->n_prs - 1];
			return 0;
		}
		if (e->type != EVENT_PR_CREATED)
			return 0;
		id = "";
	}
	for (size_t i = s->n_prs; *id && i > 0; i--) {
		if (strcmp(s->prs[i - 1].id, id) == 0) {
			*out = &s->prs[i - 1];
			return 0;
		}
	}
	*out = pr_append(s, id, e->at, err);
	return *out ? 0 : err->code;
}

/* A member that the event does not carry stays as it is. */
static int take(char **dst, const struct event *e, const char *key, struct error *err)
{
	const char *text = json_get_string(e->data, key);

	return text ? text_set(dst, text, err) : 0;
}

int session_take_seen(char *places[PR_PLACES], const struct event *e, struct error *err)
{
	const struct json *seen = json_get(e->data, "seen");

	if (!json_is_object(seen))
		return 0;
	for (size_t i = 0; i < PR_PLACES; i++) {
		int r = text_set(&places[i], json_get_string(seen, pr_place_names[i]), err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int take_common(struct pr *pr, const struct event *e, struct error *err)
{
	const struct {
		char **dst;
		const char *key;
	} members[] = {
		{ &pr->branch_name, "branchName" },
		{ &pr->base, "base" },
		{ &pr->base_oid, "baseOid" },
		{ &pr->title, "title" },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		int r = take(members[i].dst, e, members[i].key, err);

		if (r < 0)
			return r;
	}
	return session_take_seen(pr->seen, e, err);
}

static int add_review(struct pr *pr, const struct event *e, struct error *err)
{
	const char *head = json_get_string(e->data, "head");
	struct session_word w = { .user = (char *)e->actor.user,
		.host = (char *)e->actor.host,
		.agent = (char *)e->actor.agent,
		.head = (char *)(head ? head : pr->head),
		.at = e->at };

	memcpy(w.origin, e->key.origin, sizeof(w.origin));
	return session_list_put(&pr->reviews, &w, err);
}

static int approved(struct pr *pr, const struct event *e, struct error *err)
{
	const char *head = json_get_string(e->data, "head");
	int r = add_review(pr, e, err);

	pr->exists = true;
	pr->approved_at = e->at;
	if (r == 0 && head && !pr->head)
		r = text_set(&pr->head, head, err);
	return r < 0 ? r : text_set(&pr->approved_head, head ? head : pr->head, err);
}

static int merged(struct pr *pr, const struct event *e, struct error *err)
{
	int r = take(&pr->head, e, "head", err);

	pr->merged_at = e->at;
	pr->exists = json_get_bool(e->data, "exists", false);
	if (r == 0)
		r = take(&pr->merge_method, e, "how", err);
	if (r == 0)
		r = take(&pr->merge_commit, e, "commit", err);
	return r < 0 ? r : text_set(&pr->verdict, NULL, err);
}

static int reopened(struct pr *pr, const struct event *e, struct error *err)
{
	int r = take(&pr->head, e, "head", err);

	pr->exists = true;
	pr->closed_at = 0;
	pr->merged_at = 0;
	if (r == 0)
		r = text_set(&pr->merge_method, NULL, err);
	return r < 0 ? r : text_set(&pr->merge_commit, NULL, err);
}

static int checked(struct pr *pr, const struct event *e, struct error *err)
{
	int r = take(&pr->head, e, "head", err);

	pr->exists = json_get_bool(e->data, "exists", pr->exists);
	return r < 0 ? r : text_set(&pr->verdict, json_get_string(e->data, "verdict"), err);
}

int session_apply_pr(struct session *s, const struct event *e, struct error *err)
{
	int64_t checked_at = json_get_time(e->data, "checkedAt");
	struct pr *pr;
	int r = pr_of(s, e, &pr, err);

	if (r < 0 || !pr)
		return r;
	/* What a server has is as old as the last fetch, whenever somebody looked. */
	pr->last_checked = checked_at ? checked_at : e->at;
	r = take_common(pr, e, err);
	if (r < 0)
		return r;
	switch ((int)e->type) {
	case EVENT_PR_CREATED:
	case EVENT_PR_UPDATED:
		pr->exists = true;
		return take(&pr->head, e, "head", err);
	case EVENT_PR_APPROVED:
		return approved(pr, e, err);
	case EVENT_PR_MERGED:
		return merged(pr, e, err);
	case EVENT_PR_CLOSED:
		pr->closed_at = e->at;
		pr->exists = json_get_bool(e->data, "exists", pr->exists);
		return 0;
	case EVENT_PR_REOPENED:
		return reopened(pr, e, err);
	case EVENT_PR_BRANCH_DELETED:
		pr->exists = false;
		return 0;
	case EVENT_PR_CHECKED:
		return checked(pr, e, err);
	default:
		return 0;
	}
}

/* A PR that there is: nobody else makes one. */
static struct pr *known_pr(struct session *s, const struct event *e)
{
	const char *id = json_get_string(e->data, "pr");

	for (size_t i = s->n_prs; id && i > 0; i--)
		if (strcmp(s->prs[i - 1].id, id) == 0)
			return &s->prs[i - 1];
	return NULL;
}

int session_apply_pr_of_other(
	struct session *s, const struct event *e, bool *said_out, struct error *err)
{
	struct pr *pr = known_pr(s, e);
	int r;

	*said_out = pr != NULL;
	if (!pr)
		return 0;
	if (e->type == EVENT_PR_APPROVED) {
		*said_out = json_get_string(e->data, "head") != NULL;
		return *said_out ? add_review(pr, e, err) : 0;
	}
	pr->hinted_at = e->at;
	memcpy(pr->hint_origin, e->key.origin, sizeof(pr->hint_origin));
	r = text_set(&pr->hint, event_type_name(e->type) + strlen("pr."), err);
	if (r == 0)
		r = text_set(&pr->hint_user, e->actor.user, err);
	return r < 0 ? r : text_set(&pr->hint_host, e->actor.host, err);
}
