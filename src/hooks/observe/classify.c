#include "hooks/observe/classify.h"

#include "core/gitfiles/refs.h"
#include "core/jsonw.h"
#include "core/oid.h"
#include "core/text.h"

#define SUBJECT_MAX 1024
#define NAME_SHOWN_MAX 1024

static bool starts(const struct reflog_entry *e, const char *prefix)
{
	size_t len = strlen(prefix);

	return e->message_len >= len && !memcmp(e->message, prefix, len);
}

static bool contains(const struct reflog_entry *e, const char *text)
{
	return e->message_len && memmem(e->message, e->message_len, text, strlen(text));
}

static bool ends(const struct reflog_entry *e, const char *suffix)
{
	size_t len = strlen(suffix);

	return e->message_len >= len && !memcmp(e->message + e->message_len - len, suffix, len);
}

/* git's words for one commit on top of HEAD, and ours. */
static const struct {
	const char *verb;
	const char *how;
} commit_verbs[] = {
	{ "commit", "commit" },
	{ "commit (initial)", "commit" },
	{ "commit (merge)", "merge" },
	{ "commit (cherry-pick)", "cherry-pick" },
	{ "cherry-pick", "cherry-pick" },
	{ "revert", "revert" },
	{ "am", "am" },
};

/* The subject of an empty message is empty; *subject = NULL if the line made no commit. */
static const char *commit_how(const struct reflog_entry *e, const char **subject, size_t *len)
{
	for (size_t i = 0; i < sizeof(commit_verbs) / sizeof(*commit_verbs); i++) {
		size_t n = strlen(commit_verbs[i].verb);

		if (!starts(e, commit_verbs[i].verb) || e->message_len == n || e->message[n] != ':')
			continue;
		if (!strcmp(commit_verbs[i].verb, "cherry-pick") &&
			ends(e, "cherry-pick: fast-forward"))
			return NULL;
		n++;
		if (n < e->message_len && e->message[n] == ' ')
			n++;
		*subject = e->message + n;
		*len = e->message_len - n;
		return commit_verbs[i].how;
	}
	return NULL;
}

/* "rebase (finish): ...", "pull --rebase (finish): ...", "mytool (finish): ..." */
static bool rebase_word(const struct reflog_entry *e, const char *word)
{
	const char *colon = e->message_len ? memmem(e->message, e->message_len, ": ", 2) : NULL;
	char text[32];
	size_t len;

	(void)snprintf(text, sizeof(text), " (%s)", word);
	len = strlen(text);
	return colon && (size_t)(colon - e->message) > len && !memcmp(colon - len, text, len);
}

bool classify_rebase_step(const struct reflog_entry *e)
{
	static const char *const words[] = { "start", "pick", "continue", "squash", "fixup",
		"reword", "edit", "merge", "reset", "finish", "abort" };

	if (starts(e, "commit"))
		return false;
	if (starts(e, "rebase: ") || starts(e, "rebase -i: ") || starts(e, "pull --rebase: "))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (rebase_word(e, words[i]))
			return true;
	return false;
}

void classify_rebased(struct buf *data, const char *old_oid, const char *new_oid, bool time_unknown)
{
	struct jsonw w;

	jsonw_init(&w, data, false);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "old", old_oid);
	jsonw_kstring(&w, "new", new_oid);
	jsonw_kstring(&w, "how", "rebase");
	if (time_unknown)
		jsonw_kbool(&w, "timeUnknown", true);
	jsonw_end_object(&w);
}

static const char *rewrite_how(const struct reflog_entry *e)
{
	if (starts(e, "commit (amend):"))
		return "amend";
	if ((rebase_word(e, "finish") && contains(e, " onto ")) ||
		starts(e, "rewritten during rebase"))
		return "rebase";
	return NULL;
}

static const char *merge_how(const struct reflog_entry *e)
{
	if (starts(e, "fetch") || starts(e, "cherry-pick"))
		return NULL;
	if (ends(e, ": Fast-forward"))
		return "ff";
	if (contains(e, ": Merge made by "))
		return "merge";
	return NULL;
}

static const char *move_how(const struct reflog_entry *e, bool remote)
{
	if (starts(e, "reset: ") || starts(e, "branch: Reset to ") ||
		starts(e, "checkout: Reset to "))
		return "reset";
	if (starts(e, "push") || starts(e, "update by push"))
		return "push";
	if (starts(e, "fetch") || (remote && starts(e, "pull")))
		return "fetch";
	return "update";
}

static void add_subject(struct jsonw *w, const char *subject, size_t len)
{
	struct buf clean = BUF_INIT;

	text_add_scrubbed(&clean, subject, len);
	jsonw_key(w, "subject");
	jsonw_string_n(w, clean.data, text_cut(clean.data, clean.len, SUBJECT_MAX));
	if (clean.failed)
		w->out->failed = true;
	buf_release(&clean);
}

static enum event_type observe_commit(
	struct buf *data, const char *branch, const struct reflog_entry *e)
{
	const char *rewritten = rewrite_how(e);
	const char *merged = merge_how(e);
	const char *subject = NULL;
	size_t subject_len = 0;
	const char *how = commit_how(e, &subject, &subject_len);
	struct jsonw w;

	if (oid_is_zero(e->old_oid.hex))
		rewritten = merged = NULL;
	if (!how && !rewritten && !merged)
		return EVENT_UNKNOWN;
	jsonw_init(&w, data, false);
	jsonw_begin_object(&w);
	if (how) {
		jsonw_kstring(&w, "oid", e->new_oid.hex);
		jsonw_kstring_opt(&w, "branch", branch);
		add_subject(&w, subject, subject_len);
		jsonw_kstring(&w, "how", how);
	} else {
		jsonw_kstring_opt(&w, "branch", branch);
		jsonw_kstring(&w, "old", e->old_oid.hex);
		jsonw_kstring(&w, "new", e->new_oid.hex);
		jsonw_kstring(&w, "how", rewritten ? rewritten : merged);
	}
	jsonw_end_object(&w);
	if (how)
		return EVENT_COMMIT_CREATED;
	return rewritten ? EVENT_COMMITS_REWRITTEN : EVENT_MERGE_COMPLETED;
}

enum event_type classify_difference(struct buf *data, const char *ref, const char *old_oid,
	const char *new_oid, const char *how, bool time_unknown)
{
	enum event_type type = EVENT_BRANCH_MOVED;
	bool remote = false;
	const char *branch = ref_short(ref, &remote);
	struct jsonw w;

	if (old_oid && oid_is_zero(old_oid))
		old_oid = NULL;
	if (new_oid && oid_is_zero(new_oid))
		new_oid = NULL;
	if (!branch || (!old_oid && !new_oid))
		return EVENT_UNKNOWN;
	jsonw_init(&w, data, false);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "branch", branch);
	if (!old_oid) {
		type = EVENT_BRANCH_CREATED;
		jsonw_kstring(&w, "oid", new_oid);
	} else if (!new_oid) {
		type = EVENT_BRANCH_DELETED;
		jsonw_kstring(&w, "old", old_oid);
	} else {
		jsonw_kstring(&w, "old", old_oid);
		jsonw_kstring(&w, "new", new_oid);
		jsonw_kstring_opt(&w, "how", how);
	}
	if (remote)
		jsonw_kbool(&w, "remote", true);
	if (time_unknown)
		jsonw_kbool(&w, "timeUnknown", true);
	jsonw_end_object(&w);
	return type;
}

static enum event_type observe_rename(struct buf *data, const struct reflog_entry *e)
{
	enum event_type type = EVENT_UNKNOWN;
	struct buf from = BUF_INIT;
	struct buf to = BUF_INIT;
	bool copied, remote = false;
	const char *old_name, *new_name;
	struct jsonw w;

	if (!classify_rename(e, &from, &to, &copied))
		goto out;
	old_name = ref_short(from.data, &remote);
	new_name = ref_short(to.data, &remote);
	if (!old_name || !new_name)
		goto out;
	if (copied) {
		type = classify_difference(data, to.data, NULL, e->new_oid.hex, NULL, false);
		goto out;
	}
	type = EVENT_BRANCH_RENAMED;
	jsonw_init(&w, data, false);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "from", old_name);
	jsonw_kstring(&w, "to", new_name);
	if (remote)
		jsonw_kbool(&w, "remote", true);
	jsonw_end_object(&w);
out:
	buf_release(&to);
	buf_release(&from);
	return type;
}

enum event_type classify_line(struct buf *data, const char *ref, const struct reflog_entry *e)
{
	enum event_type type = EVENT_UNKNOWN;
	bool remote = false;
	const char *branch = ref ? ref_short(ref, &remote) : NULL;

	if (oid_equal(&e->old_oid, &e->new_oid))
		return ref ? observe_rename(data, e) : EVENT_UNKNOWN;
	if (!remote && !oid_is_zero(e->new_oid.hex))
		type = observe_commit(data, branch, e);
	if (type != EVENT_UNKNOWN || !branch)
		return type;
	return classify_difference(
		data, ref, e->old_oid.hex, e->new_oid.hex, move_how(e, remote), false);
}

void head_line_release(struct head_line *l)
{
	buf_release(&l->from);
	buf_release(&l->to);
}

/* " to " separates them; a branch name holds no space, something else that was typed may. */
static void split_switch(struct head_line *out, const char *text, size_t len)
{
	const char *middle = memmem(text, len, " to ", 4);

	if (!middle)
		return;
	out->step = HEAD_SWITCHED;
	buf_add(&out->from, text, text_cut(text, (size_t)(middle - text), NAME_SHOWN_MAX));
	len -= (size_t)(middle + 4 - text);
	buf_add(&out->to, middle + 4, text_cut(middle + 4, len, NAME_SHOWN_MAX));
}

int classify_head(struct head_line *out, const struct reflog_entry *e, struct error *err)
{
	static const char moving[] = "checkout: moving from ";
	static const char returning[] = "returning to refs/heads/";
	const char *back;
	int r;

	*out = (struct head_line){ .from = BUF_INIT, .to = BUF_INIT };
	if (starts(e, moving)) {
		split_switch(out, e->message + strlen(moving), e->message_len - strlen(moving));
	} else if (rebase_word(e, "finish") || rebase_word(e, "abort")) {
		out->step = HEAD_RETURNED;
		back = memmem(e->message, e->message_len, returning, strlen(returning));
		if (back) {
			back += strlen("returning to ");
			buf_add(&out->to, back, (size_t)(e->message + e->message_len - back));
		}
	} else if (rebase_word(e, "start")) {
		out->step = HEAD_REBASE;
	}
	r = out->from.failed ? error_nomem(err) : buf_check(&out->to, err);
	if (r < 0)
		head_line_release(out);
	return r;
}

bool classify_rename(const struct reflog_entry *e, struct buf *from, struct buf *to, bool *copied)
{
	/* The last one is libgit2's. */
	static const char *const words[] = { "Branch: renamed ", "Branch: copied ",
		"remote: renamed ", "branch: renamed " };
	const char *end = e->message + e->message_len;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const char *name = e->message + strlen(words[i]);
		const char *middle;

		if (!starts(e, words[i]))
			continue;
		middle = memmem(name, (size_t)(end - name), " to refs/", 9);
		if (!middle)
			return false;
		buf_clear(from);
		buf_clear(to);
		buf_add(from, name, (size_t)(middle - name));
		buf_add(to, middle + 4, (size_t)(end - middle - 4));
		*copied = i == 1;
		return !from->failed && !to->failed && ref_name_ok(from->data) &&
			ref_name_ok(to->data);
	}
	return false;
}
