#include "cli/flush.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"

#define LINGER_MS 2000 /* MINSKY_LINGER replaces it: tests have no time */
#define LINGER_STEP_MS 100
#define ALARM_S 300 /* nothing that a person waits for: it may as well be killed */

static bool moves_soon(struct context *c)
{
	const struct timespec step = { .tv_nsec = LINGER_STEP_MS * 1000000L };
	const char *text = getenv("MINSKY_LINGER");
	long left = text ? strtol(text, NULL, 10) : LINGER_MS;

	for (; !team_moved(c); left -= LINGER_STEP_MS) {
		if (left <= 0)
			return false;
		(void)nanosleep(&step, NULL);
	}
	return true;
}

/* Until nothing has come for a while. */
static int flush_all(struct context *c, struct error *err)
{
	const struct team_wish wish = { .deadline_ms = TEAM_SYNC_MS, .patient = true };
	int r;

	do {
		struct exchange_result got = { .complete = true };

		r = team_exchange(c, &wish, &got, err);
		exchange_release(&got);
	} while (r == 0 && moves_soon(c));
	return r;
}

int flush_run(struct context *c, struct error *err)
{
	struct buf path = BUF_INIT;
	int fd, r = team_ask(c, err);

	if (r < 0 || c->team.kind == TEAM_NONE || !hub_due(c->repo.journal, clock_now_ms()))
		return r;
	(void)setpriority(PRIO_PROCESS, 0, 5);
	(void)alarm(ALARM_S);
	fs_join(&path, c->repo.journal, "push/flusher");
	do {
		struct error busy = ERROR_INIT;

		r = fs_lock(path.data, 0, &fd, &busy);
		if (r < 0)
			break;
		r = flush_all(c, err);
		close(fd);
		/* Who found us at work a moment ago has left its events to us. */
	} while (r == 0 && team_moved(c));
	buf_release(&path);
	return r == ERR_BUSY ? 0 : r;
}
