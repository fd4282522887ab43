#include <inttypes.h>

#include "core/event_shape.h"
#include "core/jsonw.h"
#include "core/session_list.h"
#include "core/session_pr.h"
#include "core/session_shape.h"

static int take(char **dst, const struct json *from, const char *key, struct error *err)
{
	const char *text = json_get_string(from, key);

	return text ? text_set(dst, text, err) : 0;
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* A shallow clone's depth is a number in records that come from elsewhere, or a word. */
static int take_depth(struct session *s, const struct json *remote, struct error *err)
{
	const char *word = json_get_string(remote, "depth");
	struct buf text = BUF_INIT;
	struct jsonw w;
	uint64_t n;
	int r;

	jsonw_init(&w, &text, false);
	if (word)
		jsonw_string(&w, word);
	else if (json_get_u64(remote, "depth", &n))
		jsonw_u64(&w, n);
	else
		return 0;
	r = buf_check(&text, err);
	if (r == 0)
		r = text_set(&s->remote_depth, text.data, err);
	buf_release(&text);
	return r;
}

/* What session.starting and session.started both carry. */
static int take_plan(struct session *s, const struct event *e, struct error *err)
{
	const struct json *github = json_get(e->data, "github");
	const struct json *remote = json_get(e->data, "remote");
	const char *repo = json_get_string(e->data, "repo");
	const struct {
		char **dst;
		const struct json *from;
		const char *key;
	} members[] = {
		{ &s->name, e->data, "name" },
		{ &s->repo_name, e->data, "repoName" },
		{ &s->repo_url, e->data, "repoUrl" },
		{ &s->branch, e->data, "branch" },
		{ &s->base_branch, e->data, "baseBranch" },
		{ &s->base_oid, e->data, "base" },
		{ &s->task_id, e->data, "taskId" },
		{ &s->description, e->data, "description" },
		{ &s->told_workspace, e->data, "workspace" },
		{ &s->backend_type, e->data, "backendType" },
		{ &s->told_mode, e->data, "mode" },
		{ &s->told_clone_id, e->data, "clone" },
		{ &s->told_main_clone_id, e->data, "mainClone" },
		{ &s->head, e->data, "head" },
		{ &s->github_owner, github, "owner" },
		{ &s->github_repo, github, "repo" },
		{ &s->github_token_ref, github, "tokenRef" },
		{ &s->remote_auth_method, remote, "authMethod" },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		int r = take(members[i].dst, members[i].from, members[i].key, err);

		if (r < 0)
			return r;
	}
	if (repo && id_is_hex(repo, ID_HEX_SIZE - 1))
		memcpy(s->repo_id, repo, ID_HEX_SIZE);
	if (!s->created_at)
		s->created_at = e->at;
	return take_depth(s, remote, err);
}

static int take_whereabouts(struct session *s, const struct event *e, struct error *err)
{
	int r = take(&s->told_workspace, e->data, "workspace", err);

	return r < 0 ? r : take(&s->told_clone_id, e->data, "clone", err);
}

/* An event that was written on this machine says where things are on it. */
static int take_place(struct session *s, const struct event *e, struct error *err)
{
	const struct {
		char **dst;
		const char *key;
	} members[] = {
		{ &s->workspace, "workspace" },
		{ &s->clone_id, "clone" },
		{ &s->main_clone_id, "mainClone" },
		{ &s->mode, "mode" },
	};
	int r = 0;

	switch ((int)e->type) {
	case EVENT_SESSION_STARTING:
	case EVENT_SESSION_STARTED:
	case EVENT_SESSION_RENAMED:
	case EVENT_SESSION_RESTORED:
	case EVENT_SESSION_FOUND:
		for (size_t i = 0; r == 0 && i < sizeof(members) / sizeof(*members); i++)
			r = take(members[i].dst, e->data, members[i].key, err);
		return r;
	case EVENT_SESSION_IMPORTED:
	case EVENT_SESSION_UPDATED:
		r = text_set(&s->workspace, s->told_workspace, err);
		if (r == 0)
			r = text_set(&s->clone_id, s->told_clone_id, err);
		if (r == 0)
			r = text_set(&s->main_clone_id, s->told_main_clone_id, err);
		return r < 0 ? r : text_set(&s->mode, s->told_mode, err);
	default:
		return 0;
	}
}

static int started(struct session *s, const struct event *e, struct error *err)
{
	int r = take_plan(s, e, err);

	return r < 0 ? r : session_take_seen(s->pr_before, e, err);
}

static int renamed(struct session *s, const struct event *e, struct error *err)
{
	int r = take(&s->name, e->data, "name", err);

	if (r == 0)
		r = session_take_seen(s->pr_before, e, err);
	if (r == 0)
		r = take(&s->branch, e->data, "branch", err);
	return r < 0 ? r : take(&s->told_workspace, e->data, "workspace", err);
}

static int noted(struct session *s, const struct event *e, struct error *err)
{
	int r = text_set(&s->note_state, json_get_string(e->data, "state"), err);

	s->noted_at = e->at;
	return r < 0 ? r : text_set(&s->note_text, json_get_string(e->data, "text"), err);
}

/* Members that the fold itself decides are not to be set. */
static bool may_set(const struct member *m)
{
	if (m->kind == MEMBER_TIME)
		return m->offset == offsetof(struct session, created_at);
	if (strcmp(m->name, "claim") == 0 || strcmp(m->name, "startedBy") == 0 ||
		strcmp(m->name, "withoutEffect") == 0)
		return false;
	return m->kind < MEMBER_LIST ||
		(m->kind > MEMBER_LIST && m->kind < MEMBER_NONE && m->kind != MEMBER_UUID &&
			m->kind != MEMBER_HEX);
}

/* What a session has cannot be taken from it. */
static bool must_have(const struct member *m)
{
	return m->offset == offsetof(struct session, name) ||
		m->offset == offsetof(struct session, branch);
}

static int set_members(struct session *s, const struct json_slice *set, struct error *err)
{
	struct extra_changes unknown = { .v = NULL };
	struct json_slice key, value;
	size_t pos = 0;
	bool more = true;
	int r = 0;

	while (r == 0) {
		const struct member *m;

		r = json_next_member(set->at, set->len, &pos, &key, &value, &more, err);
		if (r < 0 || !more)
			break;
		m = shape_find(&session_shape, &key);
		if (!m) {
			if (value.len == 4 && memcmp(value.at, "null", 4) == 0)
				value.len = 0;
			r = extra_changes_add(&unknown, &key, &value, err);
		} else if (may_set(m) && !(must_have(m) && json_slice_is(&value, 'n'))) {
			r = shape_set(s, m, &value, err);
		}
	}
	if (r == 0)
		r = extra_apply(&s->extra, &unknown, err);
	free(unknown.v);
	return r;
}

/* The bytes of one member of the event's data; empty if it is not an object. */
static int find_object(
	const struct event *e, const char *name, struct json_slice *out, struct error *err)
{
	struct json_slice key, value;
	size_t pos = 0;
	bool more = e->data_text != NULL;

	*out = (struct json_slice){ .len = 0 };
	while (more) {
		int r = json_next_member(
			e->data_text, strlen(e->data_text), &pos, &key, &value, &more, err);

		if (r < 0)
			return r;
		if (more && json_key_is(&key, name) && json_slice_is(&value, '{')) {
			*out = value;
			return 0;
		}
	}
	return 0;
}

static int updated(struct session *s, const struct event *e, struct error *err)
{
	struct json_slice set;
	int r = find_object(e, "set", &set, err);

	return r < 0 || !set.len ? r : set_members(s, &set, err);
}

/*
 * The whole record gives way to the imported one. It keeps its own times: a session that was last
 * touched two years ago must not look busy because it was imported today.
 */
static void move(char **to, char **from)
{
	free(*to);
	*to = *from;
	*from = NULL;
}

/* What no record says of itself: whose it is, what others said of it, and where it is here. */
static void keep_own(struct session *fresh, struct session *s)
{
	memcpy(fresh->id, s->id, sizeof(fresh->id));
	memcpy(fresh->owner, s->owner, sizeof(fresh->owner));
	memcpy(fresh->claimed_id, s->claimed_id, sizeof(fresh->claimed_id));
	fresh->without_effect = s->without_effect;
	move(&fresh->notes, &s->notes);
	move(&fresh->rivals, &s->rivals);
	move(&fresh->workspace, &s->workspace);
	move(&fresh->mode, &s->mode);
	move(&fresh->clone_id, &s->clone_id);
	move(&fresh->main_clone_id, &s->main_clone_id);
	for (size_t i = 0; i < fresh->n_prs; i++) {
		struct pr *pr = &fresh->prs[i];

		free(pr->reviews);
		pr->reviews = NULL;
		pr->hinted_at = 0;
	}
}

static int imported(struct session *s, const struct event *e, struct error *err)
{
	struct session fresh = { .last_key = s->last_key, .n_events = s->n_events };
	struct json_slice record;
	int r = find_object(e, "record", &record, err);

	if (r < 0 || !record.len)
		return r;
	r = session_read_record(&fresh, record.at, record.len, err);
	if (r < 0) {
		session_release(&fresh);
		return r;
	}
	keep_own(&fresh, s);
	if (!fresh.created_at)
		fresh.created_at = e->at;
	if (!fresh.last_activity_at)
		fresh.last_activity_at = fresh.created_at;
	session_release(s);
	*s = fresh;
	return 0;
}

static int take_starter(struct session *s, const struct event *e, struct error *err)
{
	int r = 0;

	if (s->started_origin[0])
		return 0;
	memcpy(s->started_origin, e->key.origin, sizeof(s->started_origin));
	r = text_set(&s->started_user, e->actor.user, err);
	if (r == 0)
		r = text_set(&s->started_host, e->actor.host, err);
	return r < 0 ? r : text_set(&s->started_agent, e->actor.agent, err);
}

/* The event gave the session its name, or gave it back. */
static int take_claim(struct session *s, const struct event *e, struct error *err)
{
	char hlc[17];

	(void)snprintf(hlc, sizeof(hlc), "%016" PRIx64, e->key.hlc);
	memcpy(s->claim_origin, e->key.origin, sizeof(s->claim_origin));
	return text_set(&s->claim_hlc, hlc, err);
}

static int change_session(struct session *s, const struct event *e, struct error *err)
{
	int r;

	switch ((int)e->type) {
	case EVENT_SESSION_STARTED:
		s->started = true;
		r = take_starter(s, e, err);
		return r < 0 ? r : started(s, e, err);
	case EVENT_SESSION_STARTING:
		r = take_starter(s, e, err);
		return r < 0 ? r : take_plan(s, e, err);
	case EVENT_SESSION_START_FAILED:
	case EVENT_SESSION_DELETED:
		s->deleted = true;
		s->deleted_at = e->at;
		return 0;
	case EVENT_SESSION_RESTORED:
		s->started = true;
		s->deleted = false;
		s->deleted_at = 0;
		return take_whereabouts(s, e, err);
	case EVENT_SESSION_RENAMED:
		return renamed(s, e, err);
	case EVENT_SESSION_UPDATED:
		return updated(s, e, err);
	case EVENT_SESSION_NOTED:
		return noted(s, e, err);
	case EVENT_SESSION_IMPORTED:
		return imported(s, e, err);
	case EVENT_SESSION_FOUND:
		return take_whereabouts(s, e, err);
	default:
		return 0;
	}
}

static int apply_session(struct session *s, const struct event *e, struct error *err)
{
	char *before = s->name ? strdup(s->name) : NULL;
	int r;

	if (s->name && !before)
		return error_nomem(err);
	r = change_session(s, e, err);
	if (r == 0 && s->name &&
		(e->type == EVENT_SESSION_RESTORED || e->type == EVENT_SESSION_IMPORTED ||
			!same(before, s->name)))
		r = take_claim(s, e, err);
	free(before);
	return r;
}

/*
 * Where the session's branch stands now, if the event is about that branch and not one that was
 * lost and told again behind those that followed it.
 */
static int move_head(struct session *s, const struct event *e, const char *key, struct error *err)
{
	if (!same(json_get_string(e->data, "branch"), s->branch) ||
		json_get_bool(e->data, "remote", false) || json_get_bool(e->data, "past", false))
		return 0;
	return take(&s->head, e->data, key, err);
}

/* Events of git, from the session's own workspace. */
static int apply_git(struct session *s, const struct event *e, struct error *err)
{
	switch ((int)e->type) {
	case EVENT_COMMIT_CREATED:
		if (same(json_get_string(e->data, "branch"), s->branch))
			s->commit_count++;
		return move_head(s, e, "oid", err);
	case EVENT_BRANCH_CREATED:
		return move_head(s, e, "oid", err);
	case EVENT_COMMITS_REWRITTEN:
	case EVENT_BRANCH_MOVED:
	case EVENT_MERGE_COMPLETED:
		return move_head(s, e, "new", err);
	case EVENT_BRANCH_RENAMED:
		/* git branch -m in the workspace: commits to come name the new one. */
		if (same(json_get_string(e->data, "from"), s->branch))
			return take(&s->branch, e->data, "to", err);
		return 0;
	default:
		return 0;
	}
}

enum event_class { CLASS_NONE, CLASS_SESSION, CLASS_GIT, CLASS_PR };

static enum event_class class_of(enum event_type type)
{
	switch ((int)type) {
	case EVENT_SESSION_STARTING:
	case EVENT_SESSION_STARTED:
	case EVENT_SESSION_START_FAILED:
	case EVENT_SESSION_RENAMED:
	case EVENT_SESSION_UPDATED:
	case EVENT_SESSION_NOTED:
	case EVENT_SESSION_DELETED:
	case EVENT_SESSION_RESTORED:
	case EVENT_SESSION_IMPORTED:
	case EVENT_SESSION_LOST:
	case EVENT_SESSION_FOUND:
		return CLASS_SESSION;
	case EVENT_COMMIT_CREATED:
	case EVENT_COMMITS_REWRITTEN:
	case EVENT_BRANCH_CREATED:
	case EVENT_BRANCH_SWITCHED:
	case EVENT_BRANCH_MOVED:
	case EVENT_BRANCH_RENAMED:
	case EVENT_BRANCH_DELETED:
	case EVENT_MERGE_COMPLETED:
		return CLASS_GIT;
	default:
		return is_pr_event(type) ? CLASS_PR : CLASS_NONE;
	}
}

/* Somebody worked on it: a ref that was fetched, or a look at the PR, is no sign of that. */
static bool is_activity(enum event_type type)
{
	switch ((int)type) {
	case EVENT_SESSION_IMPORTED:
	case EVENT_BRANCH_CREATED:
	case EVENT_BRANCH_MOVED:
	case EVENT_BRANCH_RENAMED:
	case EVENT_BRANCH_DELETED:
	case EVENT_PR_CHECKED:
		return false;
	default:
		return true;
	}
}

static int apply_known(
	struct session *s, const struct event *e, const struct own_origins *own, struct error *err)
{
	enum event_class class = class_of(e->type);
	int r = 0;

	if (s->deleted && e->type != EVENT_SESSION_RESTORED)
		return 0;
	if (class == CLASS_GIT && !(e->has_src && same(e->src.clone, s->told_clone_id)))
		return 0;
	switch (class) {
	case CLASS_NONE:
		return 0;
	case CLASS_SESSION:
		r = apply_session(s, e, err);
		if (r == 0 && own_origins_wrote(own, e->key.origin, e->key.seq))
			r = take_place(s, e, err);
		break;
	case CLASS_GIT:
		r = apply_git(s, e, err);
		break;
	case CLASS_PR:
		r = session_apply_pr(s, e, err);
		break;
	}
	if (r == 0 && is_activity(e->type) && e->at > s->last_activity_at)
		s->last_activity_at = e->at;
	return r;
}

/* Somebody else's note: beside the owner's. */
static int note_of_other(struct session *s, const struct event *e, struct error *err)
{
	const struct session_word w = { .user = (char *)e->actor.user,
		.host = (char *)e->actor.host,
		.agent = (char *)e->actor.agent,
		.state = (char *)json_get_string(e->data, "state"),
		.text = (char *)json_get_string(e->data, "text"),
		.at = e->at };
	struct session_word note = w;

	memcpy(note.origin, e->key.origin, sizeof(note.origin));
	return session_list_put(&s->notes, &note, err);
}

static int apply_other(struct session *s, const struct event *e, struct error *err)
{
	const enum event_who who = event_who(e->type);
	bool said = false;
	int r = 0;

	if (!s->deleted && !s->frozen && s->owner[0] &&
		(!e->owner[0] || strcmp(e->owner, s->owner) == 0)) {
		if (e->type == EVENT_SESSION_NOTED) {
			r = note_of_other(s, e, err);
			said = true;
		} else if (who == EVENT_BY_ANYONE || who == EVENT_AS_HINT) {
			r = session_apply_pr_of_other(s, e, &said, err);
		}
	}
	s->without_effect += !said;
	return r;
}

static bool begins(const struct event *e)
{
	return (e->type == EVENT_SESSION_STARTING || e->type == EVENT_SESSION_STARTED ||
		       e->type == EVENT_SESSION_IMPORTED) &&
		(!e->owner[0] || strcmp(e->owner, e->key.origin) == 0);
}

int session_apply(
	struct session *s, const struct event *e, const struct own_origins *own, struct error *err)
{
	if (s->n_events && event_key_compare(&e->key, &s->last_key) <= 0)
		return 0;
	s->last_key = e->key;
	s->n_events++;
	if (!e->session)
		return 0;
	if (!s->id[0])
		memcpy(s->id, e->session, strlen(e->session) + 1);
	else if (strcmp(session_told_id(s), e->session) != 0)
		return 0;
	if (!s->owner[0] && begins(e))
		memcpy(s->owner, e->key.origin, sizeof(s->owner));
	if (!session_is_owner(s, e->key.origin, own))
		return apply_other(s, e, err);
	if (e->type == EVENT_UNKNOWN && e->crit)
		s->frozen = true;
	return s->frozen ? 0 : apply_known(s, e, own, err);
}
