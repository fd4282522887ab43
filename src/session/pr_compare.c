/* Where a PR branch stands, from where it was seen: no file, no git, no clock. */
#include "session/pr_refresh.h"

/*
 * The places to believe, best first. The tracking refs are what the remote said last; when the
 * main repository is the remote itself, its own branch is the truth and the workspace's tracking
 * ref a mere copy of it.
 */
static const enum pr_place with_remote[] = { PR_PLACE_WORKSPACE_ORIGIN, PR_PLACE_MAIN_ORIGIN,
	PR_PLACE_WORKSPACE, PR_PLACE_MAIN };
static const enum pr_place without_remote[] = { PR_PLACE_MAIN, PR_PLACE_WORKSPACE };

static bool same(const char *a, const char *b)
{
	if (!a || !*a)
		return !b || !*b;
	return b && strcmp(a, b) == 0;
}

static bool there(const char *oid)
{
	return oid && *oid;
}

static bool went(const char *const now[PR_PLACES], char *const seen[PR_PLACES], enum pr_place p)
{
	return there(seen[p]) && !there(now[p]);
}

void pr_compare(const char *const now[PR_PLACES], char *const seen[PR_PLACES], const char *head,
	bool existed, bool truth_is_main, struct pr_outlook *out)
{
	const enum pr_place *order = truth_is_main ? without_remote : with_remote;
	size_t n = truth_is_main ? 2 : 4;
	bool truth_went, left = false, any_went = false;

	*out = (struct pr_outlook){ .head = head, .exists = existed };
	for (size_t i = 0; i < n; i++) {
		enum pr_place p = order[i];

		if (there(now[p]) && !same(now[p], seen[p])) {
			out->head = now[p];
			out->exists = true;
			out->changed = true;
			return;
		}
		left = left || there(now[p]);
		any_went = any_went || went(now, seen, p);
	}
	if (!any_went)
		return;
	/*
	 * Gone from where it counts: deleted, whatever copies are left. Gone from elsewhere: a copy
	 * was tidied away.
	 */
	truth_went = truth_is_main ? went(now, seen, PR_PLACE_MAIN)
				   : went(now, seen, PR_PLACE_WORKSPACE_ORIGIN) ||
			went(now, seen, PR_PLACE_MAIN_ORIGIN);
	out->exists = !truth_went && left;
	out->changed = true;
}
