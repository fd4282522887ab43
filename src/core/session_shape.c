#include "core/session_shape.h"

#include "core/array.h"

#define TEXT(type, key, field)                                                                     \
	{                                                                                          \
		.name = (key), .len = sizeof(key) - 1, .kind = MEMBER_TEXT,                        \
		.offset = offsetof(type, field)                                                    \
	}
#define OTHER(type, key, what, field)                                                              \
	{                                                                                          \
		.name = (key), .len = sizeof(key) - 1, .kind = (what),                             \
		.offset = offsetof(type, field)                                                    \
	}
#define OBJECT(key, of)                                                                            \
	{                                                                                          \
		.name = (key), .len = sizeof(key) - 1, .kind = MEMBER_OBJECT, .shape = &(of)       \
	}
#define SPECIAL(key, what)                                                                         \
	{                                                                                          \
		.name = (key), .len = sizeof(key) - 1, .kind = (what)                              \
	}
#define SHAPE(members, extra_offset)                                                               \
	{                                                                                          \
		.v = (members), .n = sizeof(members) / sizeof(*(members)), .extra = (extra_offset) \
	}

static const struct member attention_members[] = {
	OTHER(struct session, "at", MEMBER_TIME, noted_at),
	TEXT(struct session, "state", note_state),
	TEXT(struct session, "text", note_text),
};
static const struct shape attention_shape = SHAPE(attention_members, NO_EXTRA);

static const struct member claim_members[] = {
	TEXT(struct session, "hlc", claim_hlc),
	OTHER(struct session, "origin", MEMBER_HEX, claim_origin),
};
static const struct shape claim_shape = SHAPE(claim_members, NO_EXTRA);

static const struct member started_members[] = {
	TEXT(struct session, "agent", started_agent),
	TEXT(struct session, "host", started_host),
	OTHER(struct session, "origin", MEMBER_HEX, started_origin),
	TEXT(struct session, "user", started_user),
};
static const struct shape started_shape = SHAPE(started_members, NO_EXTRA);

static const struct member github_members[] = {
	TEXT(struct session, "owner", github_owner),
	TEXT(struct session, "repo", github_repo),
	TEXT(struct session, "tokenRef", github_token_ref),
};
static const struct shape github_shape =
	SHAPE(github_members, offsetof(struct session, github_extra));

static const struct member remote_members[] = {
	TEXT(struct session, "authMethod", remote_auth_method),
	OTHER(struct session, "depth", MEMBER_RAW, remote_depth),
};
static const struct shape remote_shape =
	SHAPE(remote_members, offsetof(struct session, remote_extra));

static const struct member before_members[] = {
	TEXT(struct session, "main", pr_before[PR_PLACE_MAIN]),
	TEXT(struct session, "mainOrigin", pr_before[PR_PLACE_MAIN_ORIGIN]),
	TEXT(struct session, "workspace", pr_before[PR_PLACE_WORKSPACE]),
	TEXT(struct session, "workspaceOrigin", pr_before[PR_PLACE_WORKSPACE_ORIGIN]),
};
static const struct shape before_shape = SHAPE(before_members, NO_EXTRA);

static const struct member hint_members[] = {
	OTHER(struct pr, "at", MEMBER_TIME, hinted_at),
	TEXT(struct pr, "host", hint_host),
	TEXT(struct pr, "kind", hint),
	OTHER(struct pr, "origin", MEMBER_HEX, hint_origin),
	TEXT(struct pr, "user", hint_user),
};
static const struct shape hint_shape = SHAPE(hint_members, NO_EXTRA);

static const struct member place_members[] = {
	TEXT(struct session, "clone", clone_id),
	TEXT(struct session, "mainClone", main_clone_id),
	TEXT(struct session, "mode", mode),
	TEXT(struct session, "workspace", workspace),
};
const struct shape place_shape = SHAPE(place_members, NO_EXTRA);

static const struct member session_members[] = {
	OBJECT("attention", attention_shape),
	TEXT(struct session, "backendType", backend_type),
	TEXT(struct session, "baseBranch", base_branch),
	TEXT(struct session, "baseOid", base_oid),
	TEXT(struct session, "branch", branch),
	OBJECT("claim", claim_shape),
	OTHER(struct session, "claimedId", MEMBER_UUID, claimed_id),
	TEXT(struct session, "cloneId", told_clone_id),
	OTHER(struct session, "commitCount", MEMBER_COUNT, commit_count),
	OTHER(struct session, "createdAt", MEMBER_TIME, created_at),
	OTHER(struct session, "deletedAt", MEMBER_TIME, deleted_at),
	SPECIAL("derived", MEMBER_NONE),
	TEXT(struct session, "description", description),
	OBJECT("github", github_shape),
	TEXT(struct session, "head", head),
	OTHER(struct session, "lastActivityAt", MEMBER_TIME, last_activity_at),
	TEXT(struct session, "mainCloneId", told_main_clone_id),
	TEXT(struct session, "mode", told_mode),
	OTHER(struct session, "notes", MEMBER_LIST, notes),
	OTHER(struct session, "owner", MEMBER_HEX, owner),
	SPECIAL("place", MEMBER_NONE),
	OBJECT("prBefore", before_shape),
	SPECIAL("prHistory", MEMBER_OLDER_PRS),
	SPECIAL("prState", MEMBER_PR),
	OBJECT("remote", remote_shape),
	OTHER(struct session, "repoId", MEMBER_HEX, repo_id),
	TEXT(struct session, "repoName", repo_name),
	TEXT(struct session, "repoUrl", repo_url),
	OTHER(struct session, "rivals", MEMBER_LIST, rivals),
	TEXT(struct session, "session", name),
	OTHER(struct session, "sessionId", MEMBER_UUID, id),
	OBJECT("startedBy", started_shape),
	SPECIAL("status", MEMBER_STATUS),
	TEXT(struct session, "taskId", task_id),
	OTHER(struct session, "withoutEffect", MEMBER_COUNT, without_effect),
	TEXT(struct session, "workspace", told_workspace),
};
const struct shape session_shape = SHAPE(session_members, offsetof(struct session, extra));

static const struct member seen_members[] = {
	TEXT(struct pr, "main", seen[PR_PLACE_MAIN]),
	TEXT(struct pr, "mainOrigin", seen[PR_PLACE_MAIN_ORIGIN]),
	TEXT(struct pr, "workspace", seen[PR_PLACE_WORKSPACE]),
	TEXT(struct pr, "workspaceOrigin", seen[PR_PLACE_WORKSPACE_ORIGIN]),
};
static const struct shape seen_shape = SHAPE(seen_members, NO_EXTRA);

static const struct member pr_members[] = {
	OTHER(struct pr, "approvedAt", MEMBER_TIME, approved_at),
	TEXT(struct pr, "approvedHead", approved_head),
	TEXT(struct pr, "base", base),
	TEXT(struct pr, "baseOid", base_oid),
	TEXT(struct pr, "branchName", branch_name),
	OTHER(struct pr, "closedAt", MEMBER_TIME, closed_at),
	OTHER(struct pr, "createdAt", MEMBER_TIME, created_at),
	OTHER(struct pr, "exists", MEMBER_BOOL, exists),
	TEXT(struct pr, "head", head),
	OBJECT("hint", hint_shape),
	OTHER(struct pr, "id", MEMBER_UUID, id),
	OTHER(struct pr, "lastChecked", MEMBER_TIME, last_checked),
	TEXT(struct pr, "mergeCommit", merge_commit),
	TEXT(struct pr, "mergeMethod", merge_method),
	OTHER(struct pr, "mergedAt", MEMBER_TIME, merged_at),
	OTHER(struct pr, "reviews", MEMBER_LIST, reviews),
	OBJECT("seen", seen_shape),
	TEXT(struct pr, "title", title),
	TEXT(struct pr, "verdict", verdict),
};
const struct shape pr_shape = SHAPE(pr_members, offsetof(struct pr, extra));

static char **text_at(void *base, size_t offset)
{
	return (char **)(void *)((char *)base + offset);
}

static bool holds_text(enum member_kind kind)
{
	return kind == MEMBER_TEXT || kind == MEMBER_RAW || kind == MEMBER_LIST;
}

void shape_release(void *base, const struct shape *shape)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct member *m = &shape->v[i];

		if (holds_text(m->kind)) {
			free(*text_at(base, m->offset));
			*text_at(base, m->offset) = NULL;
		} else if (m->kind == MEMBER_OBJECT) {
			shape_release(base, m->shape);
		}
	}
	if (shape->extra != NO_EXTRA) {
		free(*text_at(base, shape->extra));
		*text_at(base, shape->extra) = NULL;
	}
}

/* Replace a borrowed string by a copy; a failure leaves NULL and is remembered. */
static void own_text(char **text, bool *failed)
{
	if (!*text)
		return;
	*text = *failed ? NULL : strdup(*text);
	if (!*text)
		*failed = true;
}

static void own_texts(void *base, const struct shape *shape, bool *failed)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct member *m = &shape->v[i];

		if (holds_text(m->kind))
			own_text(text_at(base, m->offset), failed);
		else if (m->kind == MEMBER_OBJECT)
			own_texts(base, m->shape, failed);
	}
	if (shape->extra != NO_EXTRA)
		own_text(text_at(base, shape->extra), failed);
}

int shape_own(void *base, const struct shape *shape, struct error *err)
{
	bool failed = false;

	own_texts(base, shape, &failed);
	if (!failed)
		return 0;
	shape_release(base, shape);
	return error_nomem(err);
}

int text_set(char **dst, const char *text, struct error *err)
{
	char *copy = NULL;

	if (text) {
		copy = strdup(text);
		if (!copy)
			return error_nomem(err);
	}
	free(*dst);
	*dst = copy;
	return 0;
}

static int by_name(const void *key, const void *element)
{
	const struct member *m = element;
	struct json_slice name = { m->name, m->len };

	return json_key_order(key, &name);
}

const struct member *shape_find(const struct shape *shape, const struct json_slice *key)
{
	size_t at;

	return ARRAY_FIND(key, shape->v, shape->n, by_name, &at) ? &shape->v[at] : NULL;
}

static int set_raw(char **dst, const struct json_slice *value, struct error *err)
{
	char *copy = NULL;
	bool number =
		value->len && (value->at[0] == '-' || (value->at[0] >= '0' && value->at[0] <= '9'));

	if (number || json_slice_is(value, '"')) {
		copy = strndup(value->at, value->len);
		if (!copy)
			return error_nomem(err);
	}
	free(*dst);
	*dst = copy;
	return 0;
}

static int set_list(char **dst, const struct json_slice *value, struct error *err)
{
	char *copy = NULL;

	if (json_slice_is(value, '[')) {
		copy = strndup(value->at, value->len);
		if (!copy)
			return error_nomem(err);
	}
	free(*dst);
	*dst = copy;
	return 0;
}

/* size is ID_UUID_SIZE or ID_HEX_SIZE; anything that is not such an id clears it. */
static void set_id(char *dst, size_t size, const struct json_slice *value)
{
	char id[ID_UUID_SIZE];

	dst[0] = '\0';
	if (value->len != size + 1 || value->at[0] != '"')
		return;
	memcpy(id, value->at + 1, size - 1);
	id[size - 1] = '\0';
	if (size == ID_UUID_SIZE ? id_is_uuid(id) : id_is_hex(id, size - 1))
		memcpy(dst, id, size);
}

int shape_set(void *base, const struct member *m, const struct json_slice *value, struct error *err)
{
	void *at = (char *)base + m->offset;
	struct json_slice none[N_SPECIAL];
	char *text;
	int r;

	switch (m->kind) {
	case MEMBER_TEXT:
		r = json_slice_string(value, &text, err);
		if (r < 0)
			return r;
		free(*(char **)at);
		*(char **)at = text;
		return 0;
	case MEMBER_RAW:
		return set_raw(at, value, err);
	case MEMBER_LIST:
		return set_list(at, value, err);
	case MEMBER_TIME:
		*(int64_t *)at = json_slice_time(value);
		return 0;
	case MEMBER_COUNT:
		if (!json_slice_u64(value, at))
			*(uint64_t *)at = 0;
		return 0;
	case MEMBER_BOOL:
		*(bool *)at = json_slice_is(value, 't');
		return 0;
	case MEMBER_UUID:
		set_id(at, ID_UUID_SIZE, value);
		return 0;
	case MEMBER_HEX:
		set_id(at, ID_HEX_SIZE, value);
		return 0;
	case MEMBER_OBJECT:
		return shape_read(base, m->shape, value->at, value->len, none, err);
	case MEMBER_NONE:
	case MEMBER_STATUS:
	case MEMBER_PR:
	case MEMBER_OLDER_PRS:
		break;
	}
	return 0;
}

/*
 * The same for keys that come in order, as in all that minsky writes: *from, which begins at 0, is
 * where the next one is looked for first.
 */
static const struct member *find_next(
	const struct shape *shape, const struct json_slice *key, size_t *from)
{
	for (size_t i = *from; i < shape->n; i++) {
		const struct member *m = &shape->v[i];

		if (m->len == key->len && memcmp(m->name, key->at, key->len) == 0) {
			*from = i + 1;
			return m;
		}
	}
	return shape_find(shape, key);
}

/* All of a shape's members absent, as far as it owns them. */
static int clear(void *base, const struct shape *shape, struct error *err)
{
	static const struct json_slice null = { "null", 4 };

	for (size_t i = 0; i < shape->n; i++) {
		int r = shape_set(base, &shape->v[i], &null, err);

		if (r < 0)
			return r;
	}
	if (shape->extra != NO_EXTRA) {
		free(*text_at(base, shape->extra));
		*text_at(base, shape->extra) = NULL;
	}
	return 0;
}

int shape_read(void *base, const struct shape *shape, const char *text, size_t len,
	struct json_slice special[N_SPECIAL], struct error *err)
{
	struct extra_changes unknown = { .v = NULL };
	struct json_slice key, value;
	size_t pos = 0, from = 0;
	bool more;
	int r = clear(base, shape, err);

	memset(special, 0, N_SPECIAL * sizeof(*special));
	if (r < 0 || !len || text[0] != '{')
		return r;
	for (;;) {
		const struct member *m;

		r = json_next_member(text, len, &pos, &key, &value, &more, err);
		if (r < 0 || !more)
			break;
		m = find_next(shape, &key, &from);
		if (m && m->kind >= MEMBER_STATUS)
			special[m->kind - MEMBER_STATUS] = value;
		else if (m)
			r = shape_set(base, m, &value, err);
		else if (shape->extra != NO_EXTRA)
			r = extra_changes_add(&unknown, &key, &value, err);
		if (r < 0)
			break;
	}
	if (r == 0 && unknown.n)
		r = extra_apply(text_at(base, shape->extra), &unknown, err);
	free(unknown.v);
	return r;
}
