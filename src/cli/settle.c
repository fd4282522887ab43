#include "cli/settle.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/emit.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/text.h"
#include "git/facts.h"
#include "git/gitcmd.h"
#include "git/pr.h"
#include "hooks/bell.h"
#include "hooks/refs.h"

bool pr_is_fresh(const struct pr *pr, int64_t now_ms)
{
	return pr->last_checked && pr->last_checked <= now_ms &&
		now_ms - pr->last_checked <= PR_FRESH_MS;
}

static bool is_open(const struct pr *pr)
{
	return pr && !pr->merged_at && !pr->closed_at;
}

int settle_branch_name(const struct session *s, struct buf *out, struct error *err)
{
	const struct pr *pr = session_pr(s);

	buf_clear(out);
	if (is_open(pr) && pr->branch_name)
		buf_adds(out, pr->branch_name);
	else
		buf_addf(out, "pr/%s", s->name);
	return buf_check(out, err);
}

void settle_write_seen(struct jsonw *w, const char *const now[PR_PLACES])
{
	jsonw_key(w, "seen");
	jsonw_begin_object(w);
	for (int p = 0; p < PR_PLACES; p++)
		jsonw_kstring_opt(w, pr_place_names[p], now[p]);
	jsonw_end_object(w);
}

static int look_at(const char *common_dir, const char *prefix, const char *name, char oid[65],
	struct error *err)
{
	struct buf ref = BUF_INIT;
	int r = 0;

	oid[0] = '\0';
	if (!common_dir)
		return 0;
	buf_addf(&ref, "%s%s", prefix, name);
	r = buf_check(&ref, err);
	if (r == 0)
		r = ref_read(common_dir, ref.data, oid, err);
	buf_release(&ref);
	return r;
}

int settle_look(
	struct context *c, const struct session *s, struct pr_places *out, struct error *err)
{
	const char *workspace = context_workspace_git(c, s);
	const char *main_git = context_main_git(c, s);
	struct buf branch = BUF_INIT;
	int r = settle_branch_name(s, &branch, err);

	*out = (struct pr_places){ .truth_is_main = context_main_is_origin(c, s) };
	if (r == 0)
		r = look_at(
			workspace, "refs/heads/", branch.data, out->oid[PR_PLACE_WORKSPACE], err);
	if (r == 0)
		r = look_at(main_git, "refs/heads/", branch.data, out->oid[PR_PLACE_MAIN], err);
	if (r == 0)
		r = look_at(workspace, "refs/remotes/origin/", branch.data,
			out->oid[PR_PLACE_WORKSPACE_ORIGIN], err);
	if (r == 0 && !out->truth_is_main)
		r = look_at(main_git, context_main_tracking(c, s), branch.data,
			out->oid[PR_PLACE_MAIN_ORIGIN], err);
	if (r == 0 && s->base_branch)
		r = look_at(main_git,
			out->truth_is_main ? "refs/heads/" : context_main_tracking(c, s),
			s->base_branch, out->base, err);
	for (int p = 0; p < PR_PLACES; p++)
		out->now[p] = out->oid[p][0] ? out->oid[p] : NULL;
	buf_release(&branch);
	return r;
}

/* What is being settled: a session, its PR if it has an open one, and what was found. */
struct settling {
	struct context *c;
	struct session *s;
	const struct pr *pr; /* NULL: none, or the newest has ended */
	struct pr_places places;
	struct pr_outlook outlook;
	struct facts *facts;
	char parents[2][65]; /* of the tip: "" where there is none */
	struct emit emit;
};

/* The tip's subject and parents, in one git process; harmless text. */
static int read_tip(struct settling *t, const char *oid, struct buf *subject, struct error *err)
{
	const char *dirs[] = { context_workspace_git(t->c, t->s), context_main_git(t->c, t->s) };
	struct buf out = BUF_INIT;
	int status = 1, r = 0;
	char *line;

	for (size_t i = 0; i < 2 && status && r == 0; i++) {
		struct git_cmd cmd = { .dir = dirs[i],
			.args = { "log", "-1", "--no-show-signature", "--format=%P%n%s", oid,
				"--" } };

		if (!dirs[i])
			continue;
		buf_clear(&out);
		r = git_run(&cmd, &out, NULL, &status, err);
	}
	t->parents[0][0] = t->parents[1][0] = '\0';
	if (r < 0 || status)
		goto out;
	git_chomp(&out);
	line = strchr(out.data, '\n');
	if (line)
		*line = '\0';
	(void)sscanf(out.data, "%64[0-9a-f] %64[0-9a-f]", t->parents[0], t->parents[1]);
	if (line && subject)
		text_add_scrubbed(subject, line + 1, text_cut(line + 1, strlen(line + 1), 1024));
out:
	buf_release(&out);
	return r;
}

static int open_facts(struct settling *t, struct error *err)
{
	const char *workspace = context_workspace_git(t->c, t->s);
	const char *main_git = context_main_git(t->c, t->s);
	int r;

	if (t->facts)
		return 0;
	r = facts_open(&t->facts, workspace ? workspace : main_git, err);
	/* Each of the two has commits that the other has not. */
	if (r == 0 && workspace && main_git)
		r = facts_add_objects(t->facts, main_git, err);
	return r;
}

struct landing {
	const char *place;
	char base[65];
	char tip[65];
	struct merge_verdict verdict;
};

static int ask_base(struct settling *t, const char *tip, const char *since, const char *place,
	const char *base, struct landing *out, struct error *err)
{
	struct merge_verdict verdict;
	int r = facts_merged(t->facts, base, tip, since, &verdict, err);

	if (r < 0)
		return r;
	/* A definite answer beats a vague one; the vague one beats none. */
	if (verdict.answer == MERGE_YES || out->verdict.answer == MERGE_NO) {
		out->verdict = verdict;
		out->place = place;
		(void)snprintf(out->base, sizeof(out->base), "%s", base);
		(void)snprintf(out->tip, sizeof(out->tip), "%s", tip);
	}
	return 0;
}

/*
 * Has the PR arrived in its base, anywhere that we can see? The base as last fetched, and the
 * local branch of either repository. The session's own tip counts like the prepared commit: who
 * merges the branch instead of the PR has merged the work.
 */
static int ask_merged(struct settling *t, const char *head, const char *since, struct landing *out,
	struct error *err)
{
	const char *workspace = context_workspace_git(t->c, t->s);
	const char *main_git = context_main_git(t->c, t->s);
	const struct {
		const char *place, *dir, *prefix;
	} places[] = { { "main", main_git, "refs/heads/" },
		{ "mainOrigin", main_git, context_main_tracking(t->c, t->s) },
		{ "workspaceOrigin", workspace, "refs/remotes/origin/" },
		{ "workspace", workspace, "refs/heads/" } };
	int r = open_facts(t, err);

	*out = (struct landing){ .verdict = { .answer = MERGE_NO } };
	for (size_t i = 0; r == 0 && i < sizeof(places) / sizeof(*places); i++) {
		char base[65];

		r = look_at(places[i].dir, places[i].prefix, t->s->base_branch, base, err);
		if (r < 0 || !base[0])
			continue;
		r = ask_base(t, head, since, places[i].place, base, out, err);
		if (r == 0 && out->verdict.answer != MERGE_YES && t->parents[1][0])
			r = ask_base(t, t->parents[1], since, places[i].place, base, out, err);
		if (out->verdict.answer == MERGE_YES)
			break;
	}
	return r;
}

int settle_ask_tip(struct context *c, struct session *s, const char *tip,
	enum merge_answer *answer_out, struct error *err)
{
	struct settling t = { .c = c, .s = s };
	struct landing landing;
	int r = ask_merged(&t, tip, NULL, &landing, err);

	if (r == 0)
		*answer_out = landing.verdict.answer;
	facts_close(t.facts);
	return r;
}

static int emit_created(struct settling *t, char id[ID_UUID_SIZE], const char *head,
	const char *since, const char *title, struct error *err)
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

static int emit_updated(struct settling *t, const char *head, const char *since, const char *title,
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

static int emit_merged(struct settling *t, const char *id, const char *head,
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

static int emit_checked(struct settling *t, enum merge_answer answer, struct error *err)
{
	static const char *const names[] = { [MERGE_NO] = "no",
		[MERGE_YES] = "yes",
		[MERGE_NOTHING] = "nothing",
		[MERGE_UNKNOWN] = "unknown" };
	const char *verdict = names[answer];
	const char *had = t->pr->verdict ? t->pr->verdict : "no";
	int64_t at = checked_at(t);
	struct jsonw *w;

	if (at == t->pr->last_checked && strcmp(had, verdict) == 0 && !t->outlook.changed)
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

/*
 * What counts as news in the base: behind the base that a prepared commit was made for; for any
 * other tip, and for one that was in the base before the session began, behind where it began.
 */
static int find_since(struct settling *t, const char *head, const char **since, struct error *err)
{
	bool old = false;
	int r = 0;

	*since = t->s->base_oid;
	if (!t->parents[1][0])
		return 0;
	r = open_facts(t, err);
	if (r == 0 && t->s->base_oid)
		r = facts_is_ancestor(t->facts, head, t->s->base_oid, &old, err);
	if (r == 0 && !old)
		*since = t->parents[0];
	return r;
}

/* A PR that minsky did not make, or the next one after an ended one. */
static int settle_new(struct settling *t, struct error *err)
{
	const struct pr *ended = session_pr(t->s);
	struct buf title = BUF_INIT;
	struct landing landing;
	char id[ID_UUID_SIZE];
	const char *since;
	int r;

	if (!t->outlook.exists || !t->outlook.head)
		return 0;
	if (ended && ended->head && strcmp(ended->head, t->outlook.head) == 0)
		return 0;
	r = read_tip(t, t->outlook.head, &title, err);
	if (r < 0)
		goto out;
	r = find_since(t, t->outlook.head, &since, err);
	if (r == 0)
		r = emit_created(t, id, t->outlook.head, since, title.data, err);
	if (r == 0)
		r = ask_merged(t, t->outlook.head, since, &landing, err);
	if (r == 0 && landing.verdict.answer == MERGE_YES)
		r = emit_merged(t, id, t->outlook.head, &landing, err);
out:
	buf_release(&title);
	return r;
}

static int settle_open(struct settling *t, struct error *err)
{
	const char *since = t->pr->base_oid;
	struct buf title = BUF_INIT;
	struct landing landing;
	struct jsonw *w;
	int r = 0;

	if (!t->outlook.head)
		return 0;
	r = read_tip(t, t->outlook.head, &title, err);
	if (r < 0)
		goto out;
	if (t->outlook.changed && (!t->pr->head || strcmp(t->pr->head, t->outlook.head) != 0)) {
		r = find_since(t, t->outlook.head, &since, err);
		if (r == 0)
			r = emit_updated(t, t->outlook.head, since, title.data, err);
		if (r < 0)
			goto out;
	}
	r = ask_merged(t, t->outlook.head, since, &landing, err);
	if (r < 0)
		goto out;
	if (landing.verdict.answer == MERGE_YES) {
		r = emit_merged(t, t->pr->id, t->outlook.head, &landing, err);
	} else if (t->pr->exists && !t->outlook.exists) {
		w = emit_begin(&t->emit, EVENT_PR_BRANCH_DELETED, t->s->id);
		jsonw_kstring(w, "pr", t->pr->id);
		jsonw_kstring_opt(w, "old", t->pr->head);
		settle_write_seen(w, t->places.now);
		r = emit_end(&t->emit, err);
	} else {
		r = emit_checked(t, landing.verdict.answer, err);
	}
out:
	buf_release(&title);
	return r;
}

/* An ended PR's branch may still go away, which prState.exists has to follow. */
static int settle_ended(struct settling *t, const struct pr *ended, struct error *err)
{
	struct jsonw *w;

	if (!t->outlook.changed || t->outlook.exists || !ended->exists)
		return settle_new(t, err);
	w = emit_begin(&t->emit, EVENT_PR_BRANCH_DELETED, t->s->id);
	jsonw_kstring(w, "pr", ended->id);
	jsonw_kstring_opt(w, "old", ended->head);
	settle_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}

static int reread(struct context *c, struct session *s, struct error *err)
{
	struct session fresh = { .name = NULL };
	int r = context_project(c, err);

	if (r == 0)
		r = c->backend->ops->get(c->backend, c->repo.id, KEY_ID, s->id, &fresh, err);
	if (r == 0) {
		session_release(s);
		*s = fresh;
	}
	return r;
}

/* The part under the lock; *s is as new as the journal. */
static int settle_locked(struct context *c, struct session *s, bool force, struct error *err)
{
	static char *const nowhere[PR_PLACES] = { NULL };
	struct settling t = { .c = c, .s = s };
	const struct pr *newest = session_pr(s);
	int r;

	emit_init(&t.emit);
	t.pr = is_open(newest) ? newest : NULL;
	r = settle_look(c, s, &t.places, err);
	if (r < 0)
		goto out;
	pr_compare(t.places.now, newest ? newest->seen : nowhere, newest ? newest->head : NULL,
		newest && newest->exists, t.places.truth_is_main, &t.outlook);
	if (!force && !t.outlook.changed && (!t.pr || pr_is_fresh(t.pr, clock_now_ms())))
		goto out;
	if (t.pr)
		r = settle_open(&t, err);
	else if (newest)
		r = settle_ended(&t, newest, err);
	else
		r = settle_new(&t, err);
	if (r == 0 && t.emit.n)
		r = emit_append(&t.emit, c, err);
	if (r == 0)
		r = reread(c, s, err);
out:
	facts_close(t.facts);
	emit_release(&t.emit);
	return r;
}

static int with_lock(struct context *c, struct session *s, bool force, struct error *err)
{
	struct buf path = BUF_INIT;
	int fd = -1, r;

	fs_join(&path, c->repo.journal, "facts.lock");
	r = fs_lock(path.data, 10000, &fd, err);
	if (r == 0)
		r = reread(c, s, err);
	if (r == 0 && !s->deleted && s->started)
		r = settle_locked(c, s, force, err);
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	return r;
}

int settle_session(struct context *c, struct session *s, bool force, struct error *err)
{
	int r = context_catch_up(c, s, err);

	return r < 0 ? r : with_lock(c, s, force || facts_marked(c->repo.journal), err);
}

int settle_all(struct context *c, struct error *err)
{
	struct session_query query = { .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	bool marked;
	uint64_t marks;
	int r;

	r = context_project(c, err);
	if (r == 0)
		r = c->backend->ops->list(c->backend, c->repo.id, &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = context_catch_up(c, &set.v[i], err);
	/* Counted before looking: what is marked from here on stays marked. */
	marks = facts_marks(c->repo.journal);
	marked = facts_marked(c->repo.journal);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = with_lock(c, &set.v[i], marked, err);
	if (r == 0)
		r = facts_settled(c->repo.journal, marks, err);
	session_set_release(&set);
	return r;
}
