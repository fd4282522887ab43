#include "session/delete.h"

#include <unistd.h>

#include "core/dir.h"
#include "core/fs.h"
#include "core/gitfiles/refs.h"
#include "core/invariant.h"
#include "core/oid.h"
#include "core/paths.h"
#include "core/text.h"
#include "git/modules.h"
#include "git/workspace.h"
#include "repo/emit.h"
#include "session/pr_refresh.h"
#include "session/purge.h"
#include "session/recover.h"
#include "session/trash.h"

/* Somebody who works in there would find the floor gone. */
int find_processes(const char *dir, struct outcome *outcome, struct error *err)
{
	struct dir proc = DIR_INIT;
	const char *name;
	int r;

	if (dir_open(&proc, "/proc", err) < 0) {
		error_clear(err);
		return 0;
	}
	while ((r = dir_next(&proc, &name, err)) == 0 && name) {
		char link[300], cwd[4096];
		struct buf text = BUF_INIT;
		ssize_t n;

		if (name[0] < '1' || name[0] > '9')
			continue;
		(void)snprintf(link, sizeof(link), "/proc/%.250s/cwd", name);
		n = readlink(link, cwd, sizeof(cwd) - 1);
		if (n <= 0)
			continue;
		cwd[n] = '\0';
		if (!path_below(cwd, dir))
			continue;
		buf_addf(&text, "process %.20s runs in '%s'", name, cwd);
		r = outcome_add_reason(outcome, "in-use", text.data, err);
		buf_release(&text);
		if (r < 0)
			break;
	}
	dir_close(&proc);
	return r;
}

/* The branch's work is in its base, or it has none. "Cannot tell" counts against deleting. */
static int find_unmerged(
	struct repo *repo, struct session *s, struct outcome *outcome, struct error *err)
{
	struct buf ref = BUF_INIT, text = BUF_INIT;
	enum merge_answer answer = MERGE_UNKNOWN;
	struct error why = ERROR_INIT;
	struct oid tip;
	int r = 0;

	buf_addf(&ref, "refs/heads/%s", s->branch);
	if (ref.failed || !repo_workspace_git(repo, s) ||
		ref_read(repo_workspace_git(repo, s), ref.data, &tip, &why) < 0)
		buf_addf(&text, "cannot read the branch '%s'", s->branch);
	else if (oid_is_none(&tip) || (s->base_oid && oid_is(&tip, s->base_oid)))
		goto out;
	else if (pr_refresh_ask_tip(repo, s, tip.hex, &answer, &why) < 0)
		buf_addf(&text, "cannot tell whether '%s' is merged: %s", s->branch, why.msg);
	else if (answer == MERGE_NO)
		buf_addf(&text, "'%s' has work that is not in '%s'", s->branch, s->base_branch);
	else if (answer == MERGE_UNKNOWN)
		buf_addf(&text, "cannot tell whether '%s' is in '%s'", s->branch, s->base_branch);
	if (text.len)
		r = outcome_add_reason(outcome, "unmerged", text.data, err);
out:
	buf_release(&ref);
	buf_release(&text);
	return r;
}

static int find_reasons(
	struct repo *repo, struct session *s, struct outcome *outcome, struct error *err)
{
	const struct pr *pr = session_pr(s);
	const char *published[2] = { NULL, NULL };
	struct workspace_risks risks = { NULL, 0 };
	int r;

	if (pr && pr->merged_at)
		published[0] = pr->head;
	r = workspace_find_risks(s->workspace, repo_main_git(repo, s), published, &risks, err);
	for (size_t i = 0; r == 0 && i < risks.n; i++)
		r = outcome_add_reason(outcome, risks.v[i].category, risks.v[i].text, err);
	workspace_risks_release(&risks);
	if (r == 0)
		r = find_unmerged(repo, s, outcome, err);
	if (r == 0)
		r = find_processes(s->workspace, outcome, err);
	return r;
}

/* `overrides`: there were reasons against it. */
static int journal_deleted(struct repo *repo, const struct session *s, const char *override,
	bool overrides, const char *trash, struct error *err)
{
	struct buf reason = BUF_INIT;
	struct jsonw *w;
	struct emit e;
	int r = 0;

	emit_init(&e);
	if (override)
		text_add_scrubbed(&reason, override, strlen(override));
	if (override && overrides) {
		w = emit_begin(&e, EVENT_OVERRIDE_USED, s->id);
		jsonw_kstring(w, "guard", "session delete");
		jsonw_kstring(w, "reason", reason.data);
		r = emit_end(&e, err);
	}
	if (r == 0) {
		w = emit_begin(&e, EVENT_SESSION_DELETED, s->id);
		jsonw_kstring_opt(w, "reason", reason.data);
		jsonw_kstring_opt(w, "trash", trash);
		r = emit_end(&e, err);
	}
	if (r == 0)
		r = emit_append(&e, repo, err);
	emit_release(&e);
	buf_release(&reason);
	return r;
}

/*
 * Objects of git-lfs that only this clone has: a commit that refers to them may be merged while
 * nobody has pushed them. The main repository gets them, where `git lfs prune` knows about them.
 */
static int keep_lfs(
	struct repo *repo, const struct session *s, struct outcome *outcome, struct error *err)
{
	const char *from = repo_workspace_git(repo, s), *to = repo_main_git(repo, s);
	size_t n = 0;
	int r;

	if (session_is_linked(s) || !from || !to || !fs_is_dir(from) || !fs_is_dir(to))
		return 0;
	r = lfs_share(from, to, &n, err);
	if (r < 0)
		return error_wrap(
			err, "cannot save the git-lfs objects that only '%s' has", s->name);
	if (n)
		outcome_note(outcome, "kept %zu git-lfs object%s that only '%s' had, in '%s/lfs'",
			n, n == 1 ? "" : "s", s->name, to);
	return 0;
}

static int delete_checked(struct repo *repo, struct session *s, const struct delete_request *req,
	struct outcome *outcome, struct error *err)
{
	bool there = s->workspace && fs_is_dir(s->workspace);
	struct buf trash = BUF_INIT;
	int r = 0;

	if (there)
		r = find_reasons(repo, s, outcome, err);
	if (r < 0)
		goto out;
	if (outcome->n_reasons && !req->override) {
		r = error_refuse(
			err, "work-at-risk", "deleting session '%s' could lose work", s->name);
		error_hint(err,
			"save the work first, or delete the session anyway (it stays in the trash "
			"for a while): --override 'REASON'");
		goto out;
	}
	if (req->dry_run)
		goto out;
	if (there)
		r = keep_lfs(repo, s, outcome, err);
	if (r < 0)
		goto out;
	/* Killed before the event, it shows as lost, and deleting it again finds nothing in the
	 * way. */
	if (there)
		r = trash_put(repo, s, &trash, err);
	else
		outcome_note(outcome, "the workspace did not exist any more");
	if (r == 0)
		r = journal_deleted(repo, s, req->override, outcome->n_reasons > 0,
			there ? trash.data : NULL, err);
	if (r == 0)
		r = repo_project(repo, err);
out:
	buf_release(&trash);
	return r;
}

static int count(void *arg, const struct session *s, const char *where, struct error *err)
{
	(void)s;
	(void)where;
	(void)err;
	++*(size_t *)arg;
	return 0;
}

/* A workspace that was gone already is in no trash. */
static bool is_kept(struct repo *repo, const struct session *s)
{
	enum trash_state state = TRASH_NOTHING;
	struct error ignored = ERROR_INIT;
	struct buf where = BUF_INIT;
	bool kept = trash_look(repo, s, &state, &where, &ignored) == 0 && state == TRASH_KEPT;

	buf_release(&where);
	return kept;
}

/* What was deleted long ago makes room. That it fails is no failure of deleting. */
static void tidy(struct repo *repo, const struct session *s, struct delete_result *out)
{
	const struct purge_request req = { .keep_ms = PURGE_KEEP };
	const char *keep = config_get(repo->config, "trash.keep");
	struct error failed = ERROR_INIT;
	int r;

	if (purge_keep(repo) && is_kept(repo, s))
		outcome_note(&out->outcome,
			"its workspace stays in the trash for %s; restore it: minsky session "
			"restore %s",
			keep, s->name);
	r = session_purge(repo, &req, count, &out->purged, &failed);
	if (r < 0 && r != ERR_BUSY)
		outcome_warn(&out->outcome, "cannot purge the trash: %s", failed.msg);
	else if (out->purged)
		outcome_note(&out->outcome, "purged from the trash: %zu deleted at least %s ago",
			out->purged, keep);
}

void delete_result_release(struct delete_result *res)
{
	outcome_release(&res->outcome);
	session_release(&res->session);
	*res = (struct delete_result){ .purged = 0 };
}

int session_delete(struct repo *repo, struct session *s, const struct delete_request *req,
	struct delete_result *out, struct error *err)
{
	int r = req->override && !*req->override
		? error_set(err, ERR_USAGE, "--override requires a reason")
		: session_want_local(repo, s, "delete it", err);

	INVARIANT(repo->backend && out);
	if (r == 0 && req->cwd && s->workspace && *s->workspace &&
		path_below(req->cwd, s->workspace)) {
		error_refuse(err, "inside-workspace",
			"the current directory is inside the workspace of '%s'", s->name);
		r = error_hint(err, "change to another directory first");
	}
	if (r == 0)
		r = pr_refresh(repo, s, PR_REFRESH_FORCE, err);
	if (r == 0)
		r = delete_checked(repo, s, req, &out->outcome, err);
	if (r == 0)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_ID, s->id, &out->session, err);
	if (r == 0 && !req->dry_run)
		tidy(repo, s, out);
	return r;
}

int session_find_deleted(
	struct repo *repo, const char *key, bool one, struct session *out, struct error *err)
{
	struct session_query query = {
		.status = "deleted", .deleted = true, .sort = SORT_ACTIVITY
	};
	struct session_set set = { NULL, 0 };
	const struct session *best = NULL;
	size_t n = 0, local = 0;
	int r = repo_project(repo, err);

	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++) {
		const struct session *s = &set.v[i];

		if (strcmp(s->id, key) != 0 && (!s->name || strcmp(s->name, key) != 0))
			continue;
		/* Another machine's is meant only where there is none of this one's. */
		if (session_is_local(repo, s) && !local++)
			best = NULL;
		else if (local && !session_is_local(repo, s))
			continue;
		n = local ? local : n + 1;
		if (!best || s->deleted_at > best->deleted_at)
			best = s;
	}
	if (r == 0 && one && n > 1) {
		r = error_set(err, ERR_USAGE, "%zu deleted sessions were named '%s'", n, key);
		error_hint(err,
			"give the id, as shown by: minsky session list --status deleted --json");
	}
	if (r == 0)
		r = best ? session_copy(out, best, err)
			 : error_set(err, ERR_NOTFOUND, "there is no deleted session '%s'", key);
	session_set_release(&set);
	return r;
}

static int journal_restored(struct repo *repo, const struct session *s, struct error *err)
{
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	w = emit_begin(&e, EVENT_SESSION_RESTORED, s->id);
	jsonw_kstring(w, "workspace", s->workspace);
	jsonw_kstring_opt(w, "clone", s->clone_id);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
	emit_release(&e);
	return r;
}

/* Only on this machine: what others have is shown by other names here, and is in nobody's way. */
static int check_free(struct repo *repo, const struct session *s, struct error *err)
{
	struct session other = { .name = NULL };
	int r = repo_find_named(repo, s->name, &other, err);

	if (r == 0 && session_is_local(repo, &other))
		r = error_refuse(err, "name-taken", "another session is named '%s' now", s->name);
	else if (r == ERR_NOTFOUND)
		r = 0;
	session_release(&other);
	if (r < 0 || !s->task_id)
		goto out;
	r = repo->backend->ops->get(
		repo->backend, repo_store(repo), KEY_TASK, s->task_id, &other, err);
	if (r == 0 && session_is_local(repo, &other))
		r = error_refuse(err, "task-taken", "task %s has the session '%s' now", s->task_id,
			other.name);
	else if (r == ERR_NOTFOUND)
		r = 0;
out:
	session_release(&other);
	if (r == 0)
		error_clear(err);
	return r;
}

/* The journal says it first: whoever is killed then, the next command brings the workspace. */
static int restore_locked(
	struct repo *repo, const struct session *s, struct outcome *outcome, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r = repo_project(repo, err);

	if (r == 0)
		r = check_free(repo, s, err);
	if (r == 0)
		r = s->workspace
			? trash_check(repo, s, err)
			: error_set(err, ERR_NOTFOUND, "session '%s' had no workspace", s->name);
	if (r == 0)
		r = journal_restored(repo, s, err);
	if (r < 0)
		return r;
	r = trash_take_out(repo, s, outcome, err);
	if (r < 0 && !fs_exists(s->workspace))
		(void)journal_deleted(repo, s, NULL, false, NULL, &ignored);
	return r;
}

static int restore(struct repo *repo, struct session *s, struct outcome *outcome, struct error *err)
{
	struct buf gate = BUF_INIT;
	int fd = -1, r;

	fs_join(&gate, repo->file.journal, "names.lock");
	r = buf_check(&gate, err);
	if (r == 0)
		r = fs_lock(gate.data, 30000, &fd, err);
	if (r == 0)
		r = restore_locked(repo, s, outcome, err);
	if (fd >= 0)
		close(fd);
	if (r == 0)
		r = repo_project(repo, err);
	buf_release(&gate);
	return r;
}

/* Did the last that was recorded of it say so? */
static int was_restored(struct repo *repo, const char *id, bool *out, struct error *err)
{
	struct journal_reader *reader = NULL;
	struct buf deleted = BUF_INIT, restored = BUF_INIT;
	const struct record *record = NULL;
	int r;

	*out = false;
	buf_addf(&deleted, "{\"type\":\"session.deleted\",\"session\":\"%s\"", id);
	buf_addf(&restored, "{\"type\":\"session.restored\",\"session\":\"%s\"", id);
	r = deleted.failed ? error_nomem(err) : buf_check(&restored, err);
	if (r == 0)
		r = journal_reader_open(&reader, repo->journal, NULL, 0, NULL, err);
	while (r == 0) {
		r = journal_reader_next(reader, &record, err);
		if (r < 0 || !record)
			break;
		if (record->body && record->body_len > restored.len &&
			!memcmp(record->body, restored.data, restored.len))
			*out = true;
		else if (record->body && record->body_len > deleted.len &&
			!memcmp(record->body, deleted.data, deleted.len))
			*out = false;
	}
	journal_reader_close(reader);
	buf_release(&deleted);
	buf_release(&restored);
	return r;
}

/* The one before was interrupted, and somebody has gone on with it. */
static int restored_already(struct repo *repo, const char *key, struct outcome *outcome,
	struct session *out, struct error *err)
{
	struct error missing = *err;
	bool restored = false;
	int r;

	error_clear(err);
	r = repo->backend->ops->get(repo->backend, repo_store(repo), KEY_NAME, key, out, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = repo->backend->ops->get(repo->backend, repo_store(repo), KEY_ID, key, out, err);
	}
	if (r == 0 && !out->deleted && session_is_local(repo, out))
		r = was_restored(repo, out->id, &restored, err);
	if (r == ERR_NOTFOUND || (r == 0 && !restored)) {
		*err = missing;
		return missing.code;
	}
	if (r == 0)
		r = session_recover(repo, out, outcome, err);
	if (r == 0)
		outcome_note(outcome, "session '%s' was restored already", out->name);
	return r;
}

void restore_result_release(struct restore_result *res)
{
	outcome_release(&res->outcome);
	session_release(&res->session);
	*res = (struct restore_result){ .session = { .name = NULL } };
}

int session_restore(
	struct repo *repo, const char *key, struct restore_result *out, struct error *err)
{
	struct session s = { .name = NULL };
	int r = repo->known ? session_find_deleted(repo, key, false, &s, err)
			    : error_set(err, ERR_NOTFOUND, "this repository has no sessions");

	if (r == ERR_NOTFOUND && repo->known)
		return restored_already(repo, key, &out->outcome, &out->session, err);
	if (r == 0)
		r = session_want_local(repo, &s, "restore it", err);
	if (r == 0)
		r = restore(repo, &s, &out->outcome, err);
	if (r == 0)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_ID, s.id, &out->session, err);
	session_release(&s);
	return r;
}
