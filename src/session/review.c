#include "session/review.h"

#include <stdlib.h>

#include "core/config.h"
#include "core/session_list.h"
#include "repo/display_name.h"
#include "repo/emit.h"

#define PEOPLE_MAX SESSION_LIST_MAX

int review_check_agent(const struct repo *repo, const struct session *s, struct error *err)
{
	const char *agents = config_get(repo->config, "pr.agents");
	struct actor actor;

	actor_from_environment(&actor);
	if (!actor.agent || !session_is_local(repo, s) || (agents && strcmp(agents, "yes") == 0))
		return 0;
	error_refuse(err, "agent-own-session",
		"agent '%s' cannot approve the PR of its own session '%s'", actor.agent, s->name);
	return error_hint(
		err, "a person approves it; or allow it: minsky config set pr.agents yes");
}

/* Who has approved this head, each once. */
struct people {
	const char *v[PEOPLE_MAX + 1];
	char origins[PEOPLE_MAX + 1][ID_HEX_SIZE];
	size_t n;
};

static void add_person(struct people *p, struct repo *repo, const char *origin)
{
	const char *who;

	if (p->n > PEOPLE_MAX)
		return;
	memcpy(p->origins[p->n], origin, ID_HEX_SIZE);
	who = origin_who(repo, origin);
	p->v[p->n] = who ? who : p->origins[p->n];
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i], p->v[p->n]) == 0)
			return;
	p->n++;
}

static void count_reviews(struct people *p, struct repo *repo, const struct pr *pr)
{
	struct session_word w;
	size_t pos = 0;

	while (session_list_next(pr->reviews, &pos, &w)) {
		if (w.head && pr->head && strcmp(w.head, pr->head) == 0)
			add_person(p, repo, w.origin);
		session_word_release(&w);
	}
}

static int not_approved(const struct session *s, const struct pr *pr, struct error *err)
{
	if (pr->approved_head && pr->head)
		error_refuse(err, "approval-outdated",
			"the PR of '%s' was approved at %.8s, but is at %.8s now", s->name,
			pr->approved_head, pr->head);
	else
		error_refuse(err, "not-approved", "the PR of '%s' is not approved", s->name);
	return error_hint(err, "review it, then approve it: minsky session pr approve %s", s->name);
}

int review_check_required(struct repo *repo, const struct session *s, const struct pr *pr,
	bool approving, struct error *err)
{
	const char *required = config_get(repo->config, "pr.required");
	const bool own = approving ||
		(pr->approved_head && pr->head && strcmp(pr->approved_head, pr->head) == 0);
	struct people *people;
	size_t want = required ? strtoul(required, NULL, 10) : 0, have;

	if (!required || strcmp(required, "owner") == 0)
		return own ? 0 : not_approved(s, pr, err);
	people = calloc(1, sizeof(*people));
	if (!people)
		return error_nomem(err);
	count_reviews(people, repo, pr);
	if (approving)
		add_person(people, repo, journal_origin(repo->journal));
	have = people->n;
	free(people);
	if (!want)
		want = 1;
	if (have >= want)
		return 0;
	if (!have)
		return not_approved(s, pr, err);
	error_refuse(err, "not-approved",
		"the PR of '%s' is approved by %zu at %.8s, and pr.required is %zu", s->name, have,
		pr->head ? pr->head : "", want);
	return error_hint(err, "ask for another review: minsky session pr approve %s", s->name);
}

static int check_other(
	const struct session *s, const struct pr *pr, const char *head, struct error *err)
{
	if (!pr)
		return error_set(err, ERR_NOTFOUND, "session '%s' has no PR", s->name);
	if (pr->merged_at)
		return error_refuse(
			err, "already-merged", "the PR of '%s' is merged already", s->name);
	if (pr->closed_at || !pr->exists || !pr->head)
		return error_refuse(
			err, "pr-branch-missing", "the PR branch of '%s' does not exist", s->name);
	if (!head || (strlen(head) >= 4 && strncmp(pr->head, head, strlen(head)) == 0))
		return 0;
	error_refuse(err, "head-changed", "the PR of '%s' is at %.8s, not at '%s'", s->name,
		pr->head, head);
	return error_hint(err, "review it again");
}

/* Is the newest word of this origin about this head? */
static bool has_reviewed(const struct repo *repo, const struct pr *pr)
{
	struct session_word w;
	size_t pos = 0;
	bool found = false;

	while (session_list_next(pr->reviews, &pos, &w)) {
		found |= w.head && strcmp(w.head, pr->head) == 0 &&
			strcmp(w.origin, journal_origin(repo->journal)) == 0;
		session_word_release(&w);
	}
	return found;
}

int review_other(struct repo *repo, struct session *s, const char *head, bool *unchanged_out,
	struct error *err)
{
	const struct pr *pr = session_pr(s);
	struct jsonw *w;
	struct emit e;
	int r = check_other(s, pr, head, err);

	if (r < 0)
		return r;
	*unchanged_out = has_reviewed(repo, pr);
	if (*unchanged_out)
		return 0;
	emit_init(&e);
	w = emit_begin(&e, EVENT_PR_APPROVED, session_told_id(s));
	e.draft.owner = s->owner;
	jsonw_kstring(w, "pr", pr->id);
	jsonw_kstring(w, "head", pr->head);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
	if (r == 0)
		r = repo_reread_session(repo, s, err);
	emit_release(&e);
	return r;
}
