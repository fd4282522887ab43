#include "repo/flush.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"

#define LINGER_MS 2000 /* MINSKY_LINGER replaces it: tests have no time */
#define LINGER_STEP_MS 100
#define ALARM_S 300 /* nothing that a person waits for: it may as well be killed */

static bool moves_soon(struct repo *repo)
{
	const struct timespec step = { .tv_nsec = LINGER_STEP_MS * 1000000L };
	const char *text = getenv("MINSKY_LINGER");
	long left = text ? strtol(text, NULL, 10) : LINGER_MS;

	for (; !repo_hub_moved(repo); left -= LINGER_STEP_MS) {
		if (left <= 0)
			return false;
		(void)nanosleep(&step, NULL);
	}
	return true;
}

/* Until nothing has come for a while. */
static int flush_all(struct repo *repo, struct error *err)
{
	const struct repo_hub_wish wish = { .deadline_ms = TEAM_SYNC_MS, .patient = true };
	int r;

	do {
		struct exchange_result got = { .complete = true };

		r = repo_hub_exchange(repo, &wish, &got, err);
		exchange_release(&got);
	} while (r == 0 && moves_soon(repo));
	return r;
}

int flush_run(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	int fd, r = repo_hub_ask(repo, err);

	if (r < 0 || repo->hub.kind == REPO_HUB_NONE ||
		!hub_due(repo->file.journal, clock_now_ms()))
		return r;
	(void)setpriority(PRIO_PROCESS, 0, 5);
	(void)alarm(ALARM_S);
	fs_join(&path, repo->file.journal, "push/flusher");
	do {
		struct error busy = ERROR_INIT;

		r = fs_lock(path.data, 0, &fd, &busy);
		if (r < 0)
			break;
		r = flush_all(repo, err);
		close(fd);
		/* Who found us at work a moment ago has left its events to us. */
	} while (r == 0 && repo_hub_moved(repo));
	buf_release(&path);
	return r == ERR_BUSY ? 0 : r;
}
