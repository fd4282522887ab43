/* What settling writes into the journal. */
#include "cli/settle_internal.h"

#include <sys/stat.h>

#include "core/clock.h"
#include "core/fs.h"

int settling_created(struct settling *t, char id[ID_UUID_SIZE], const char *head, const char *since,
	const char *title, struct error *err)
{
	struct buf branch = BUF_INIT;
	struct jsonw *w;
	int r = id_uuid7(id, clock_now_ms(), err);

	if (r == 0)
		r = settle_branch_name(t->s, &branch, err);
	if (r < 0)
		goto out;
	w = emit_begin(&t->emit, EVENT_PR_CREATED, t->s->id);
	jsonw_kstring(w, "pr", id);
	jsonw_kstring(w, "branchName", branch.data);
	jsonw_kstring(w, "head", head);
	jsonw_kstring_opt(w, "base", t->s->base_branch);
	jsonw_kstring_opt(w, "baseOid", since);
	jsonw_kstring_opt(w, "title", title);
	settle_write_seen(w, t->places.now);
	r = emit_end(&t->emit, err);
out:
	buf_release(&branch);
	return r;
}

int settling_updated(struct settling *t, const char *head, const char *since, const char *title,
	struct error *err)
{
	struct jsonw *w = emit_begin(&t->emit, EVENT_PR_UPDATED, t->s->id);

	jsonw_kstring(w, "pr", t->pr->id);
	jsonw_kstring(w, "head", head);
	jsonw_kstring_opt(w, "baseOid", since);
	jsonw_kstring_opt(w, "title", title);
	settle_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}

int settling_merged(struct settling *t, const char *id, const char *head,
	const struct landing *landing, struct error *err)
{
	struct jsonw *w = emit_begin(&t->emit, EVENT_PR_MERGED, t->s->id);

	jsonw_kstring(w, "pr", id);
	jsonw_kstring(w, "how", landing->verdict.how);
	jsonw_kstring(w, "commit", landing->verdict.commit);
	jsonw_kstring_opt(w, "base", t->s->base_branch);
	jsonw_kstring(w, "baseOid", landing->base);
	jsonw_kstring(w, "head", head);
	jsonw_kbool(w, "exists", t->outlook.exists);
	jsonw_key(w, "evidence");
	jsonw_begin_object(w);
	jsonw_kstring(w, "kind", landing->verdict.evidence);
	jsonw_kstring(w, "place", landing->place);
	jsonw_kstring(w, "base", landing->base);
	jsonw_kstring(w, "tip", landing->tip);
	jsonw_end_object(w);
	settle_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}

/*
 * What is known of a PR on a server is as old as the last fetch or push; of one in the main
 * repository beside us, it is what we just saw.
 */
static int64_t checked_at(const struct settling *t)
{
	const char *dirs[] = { context_workspace_git(t->c, t->s), context_main_git(t->c, t->s) };
	int64_t newest = 0;

	if (t->places.truth_is_main)
		return clock_now_ms();
	for (size_t i = 0; i < 2; i++) {
		struct buf path = BUF_INIT;
		struct stat st;

		if (!dirs[i])
			continue;
		fs_join(&path, dirs[i], "FETCH_HEAD");
		if (!path.failed && stat(path.data, &st) == 0) {
			int64_t ms =
				(int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;

			newest = ms > newest ? ms : newest;
		}
		buf_release(&path);
	}
	return t->pr && t->pr->last_checked > newest ? t->pr->last_checked : newest;
}

int settling_checked(struct settling *t, enum merge_answer answer, struct error *err)
{
	static const char *const names[] = { [MERGE_NO] = "no",
		[MERGE_YES] = "yes",
		[MERGE_NOTHING] = "nothing",
		[MERGE_UNKNOWN] = "unknown" };
	const char *verdict = names[answer];
	const char *had = t->pr->verdict ? t->pr->verdict : "no";
	int64_t at = checked_at(t);
	/* An event of this look says where the branch is already. */
	bool told = t->emit.n || !t->outlook.changed;
	bool recent = t->emit.n || at == t->pr->last_checked || pr_is_fresh(t->pr, clock_now_ms());
	struct jsonw *w;

	if (told && recent && strcmp(had, verdict) == 0)
		return 0;
	w = emit_begin(&t->emit, EVENT_PR_CHECKED, t->s->id);
	jsonw_kstring(w, "pr", t->pr->id);
	jsonw_kbool(w, "exists", t->outlook.exists);
	jsonw_kstring_opt(w, "head", t->outlook.head);
	jsonw_ktime_opt(w, "checkedAt", at);
	jsonw_kstring(w, "verdict", verdict);
	settle_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}

int settling_deleted(struct settling *t, const struct pr *pr, struct error *err)
{
	struct jsonw *w = emit_begin(&t->emit, EVENT_PR_BRANCH_DELETED, t->s->id);

	jsonw_kstring(w, "pr", pr->id);
	jsonw_kstring_opt(w, "old", pr->head);
	settle_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}
