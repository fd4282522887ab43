#include "history/journal_watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "core/fs.h"

#define EVENTS (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define BLIND_S 1 /* how often to look where inotify is not to be had */
#define SEEING_S 30 /* and where it is, since some file systems do not tell of other machines */

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

bool journal_watch_stopped(void)
{
	return stopped;
}

int journal_watch_open(struct journal_watch *w, const char *journal_dir, struct error *err)
{
	const struct sigaction action = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND };
	int r;

	buf_adds(&w->dir, journal_dir);
	fs_join(&w->peers_dir, journal_dir, "peers");
	r = w->dir.failed ? error_nomem(err) : buf_check(&w->peers_dir, err);
	if (r < 0)
		return r;
	if (sigaction(SIGINT, &action, &w->old_int) < 0 ||
		sigaction(SIGTERM, &action, &w->old_term) < 0)
		return error_errno(err, "cannot handle signals");
	w->handling = true;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd >= 0 && inotify_add_watch(w->fd, w->dir.data, EVENTS) < 0) {
		close(w->fd);
		w->fd = -1;
	}
	if (w->fd >= 0)
		w->peers = inotify_add_watch(w->fd, w->peers_dir.data, EVENTS);
	return 0;
}

void journal_watch_close(struct journal_watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	if (w->handling && !stopped) {
		(void)sigaction(SIGINT, &w->old_int, NULL);
		(void)sigaction(SIGTERM, &w->old_term, NULL);
	}
	buf_release(&w->dir);
	buf_release(&w->peers_dir);
	*w = (struct journal_watch)JOURNAL_WATCH_INIT;
}

/* A signal that comes between the look at `stopped` and the wait ends the wait. */
static int wait_for(struct pollfd *fds, nfds_t n, const struct timespec *timeout, bool *stop_out,
	struct error *err)
{
	sigset_t both, before;
	int got = 0, r = 0;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &both, &before) < 0)
		return error_errno(err, "cannot block signals");
	if (!stopped)
		got = ppoll(fds, n, timeout, &before);
	if (got < 0 && errno != EINTR)
		r = error_errno(err, "cannot wait");
	if (got <= 0)
		for (nfds_t i = 0; i < n; i++)
			fds[i].revents = 0;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	*stop_out = stopped;
	return r;
}

static void drain(struct journal_watch *w)
{
	char events[4096];

	while (read(w->fd, events, sizeof(events)) > 0)
		;
	if (w->peers < 0)
		w->peers = inotify_add_watch(w->fd, w->peers_dir.data, EVENTS);
}

int journal_watch_wait(struct journal_watch *w, enum journal_watch_event *out, struct error *err)
{
	struct pollfd fds[] = { { .fd = STDOUT_FILENO }, { .fd = w->fd, .events = POLLIN } };
	const struct timespec timeout = { .tv_sec = w->fd < 0 ? BLIND_S : SEEING_S };
	bool stop_now = false;
	int r = wait_for(fds, 2, &timeout, &stop_now, err);

	if (r < 0)
		return r;
	if (stop_now) {
		*out = JOURNAL_WATCH_STOP;
	} else if (fds[0].revents & (POLLERR | POLLHUP)) {
		*out = JOURNAL_WATCH_GONE;
	} else {
		if (w->fd >= 0)
			drain(w);
		*out = JOURNAL_WATCH_CHANGED;
	}
	return 0;
}

int journal_watch_wait_output(enum journal_watch_event *out, struct error *err)
{
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	bool stop_now = false;
	int r;

	do {
		r = wait_for(&fd, 1, NULL, &stop_now, err);
	} while (r == 0 && !stop_now && !fd.revents);
	if (r == 0)
		*out = stop_now                                             ? JOURNAL_WATCH_STOP
			: (fd.revents & POLLERR) && !(fd.revents & POLLOUT) ? JOURNAL_WATCH_GONE
									    : JOURNAL_WATCH_READY;
	return r;
}
