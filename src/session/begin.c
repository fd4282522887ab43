#include "session/begin.h"

#include "core/fs.h"
#include "core/invariant.h"
#include "session/pr_refresh.h"

int session_begin(struct repo *repo, struct session *s, const char *what, struct error *err)
{
	int r = session_want_local(repo, s, what, err);

	INVARIANT(repo->backend);
	if (r < 0)
		return r;
	if (!s->started || !s->workspace || !fs_is_dir(s->workspace)) {
		error_refuse(
			err, "workspace-missing", "the workspace of '%s' does not exist", s->name);
		return error_hint(err, "for details: minsky session get %s", s->name);
	}
	return pr_refresh(repo, s, PR_REFRESH_USUAL, err);
}
