#include "session/sync.h"

#include <unistd.h>

#include "core/fs.h"
#include "hooks/observe/observe.h"
#include "session/pr_refresh.h"
#include "session/recover.h"
#include "session/start.h"

/*
 * The hooks' worker. Whoever comes second leaves: the first looks at the mark again before it goes,
 * and a mark that is set after that starts another one.
 */
int session_sync_facts(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	struct error busy = ERROR_INIT;
	int fd = -1, r = 0;

	fs_join(&path, repo->file.journal, "worker.lock");
	if (fs_lock(path.data, 0, &fd, &busy) == 0) {
		while (r == 0 && pr_stale(repo->file.journal))
			r = pr_refresh_all(repo, err);
		close(fd);
	}
	/* What the hook has told, which started us. */
	repo->wrote = true;
	buf_release(&path);
	return r;
}

static int exchange(struct repo *repo, const struct sync_request *req, struct sync_result *out,
	struct error *err)
{
	const struct repo_hub_wish wish = {
		.deadline_ms = TEAM_SYNC_MS, .patient = true, .tell = req->tell, .arg = req->arg
	};
	struct exchange_result got = { .complete = true };
	int r = repo_hub_exchange(repo, &wish, &got, err);

	if (r < 0)
		return r;
	out->pushed += got.done.pushed;
	out->pulled += got.done.pulled;
	out->forked += got.forked;
	out->unpushed = got.unpushed;
	out->trouble = got.trouble;
	memcpy(out->what, got.what, sizeof(out->what));
	exchange_release(&got);
	return 0;
}

static int sync_all(struct repo *repo, const struct sync_request *req, struct sync_result *out,
	struct error *err)
{
	const struct back_fill fill = { .since = req->since };
	struct error down = ERROR_INIT;
	size_t events;
	int r = repo_hub_ask(repo, err);

	out->hub = r == 0 && repo->hub.kind != REPO_HUB_NONE;
	/* Whoever asks for this learns of a failure; the work that is left is done all the same. */
	repo->hub.told = true;
	if (out->hub && exchange(repo, req, out, &down) == ERR_NOTFOUND) {
		out->hub = false;
		error_clear(&down);
	}
	if (r == 0)
		r = start_recover(repo, &out->outcome, err);
	if (r == 0)
		r = session_recover_all(repo, &out->outcome, err);
	if (r == 0)
		r = back_fill(repo, &fill, &events, err);
	if (r == 0)
		r = pr_refresh_all(repo, err);
	if (r == 0 && out->hub && down.code == ERR_OK && repo_hub_moved(repo))
		r = exchange(repo, req, out, &down) < 0 ? 0 : repo_project(repo, err);
	repo->wrote = false;
	if (r == 0 && down.code != ERR_OK) {
		*err = down;
		r = down.code;
	}
	return r;
}

int session_sync(struct repo *repo, const struct sync_request *req, struct sync_result *out,
	struct error *err)
{
	struct head before = { .seq = 0 }, after = { .seq = 0 };
	int r = journal_head(repo->journal, &before, err);

	if (r == 0)
		r = sync_all(repo, req, out, err);
	if (r == 0)
		r = journal_head(repo->journal, &after, err);
	if (r < 0)
		return r;
	/* A journal that turned out to be a copy goes on under another origin, from 1. */
	out->events = strcmp(before.origin, after.origin) ? after.seq : after.seq - before.seq;
	out->seq = after.seq;
	if (out->forked)
		outcome_note(&out->outcome,
			"another copy of this journal is in use elsewhere: %llu events were "
			"recorded again under a new origin",
			(unsigned long long)out->forked);
	if (out->trouble)
		outcome_warn(&out->outcome, "%s", out->what);
	out->outcome.unwell |= out->trouble > EXCHANGE_REDACT;
	/* All of them were just looked at. */
	repo->facts_needed = false;
	return 0;
}
