#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "fault/driver.h"
#include "fault/oracle.h"

#define WRITERS_MAX 64
#define PAUSE_MAX_MS 10
#define ALL_AT_ONCE 20 /* every so many kills all writers die together */

struct writer {
	pid_t pid;
	int fd; /* where it tells of what was acknowledged */
	size_t life;
	unsigned acknowledged; /* over all its lives */
};

struct ack {
	size_t life, i;
	uint64_t seq;
};

struct run {
	const struct writers *w;
	struct writer v[WRITERS_MAX];
	struct oracle oracle;
	size_t lives;
	unsigned kills;
	uint64_t random;
};

static uint64_t draw(struct run *run, uint64_t below)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return run->random % below;
}

static int tell(void *arg, size_t life, size_t i, uint64_t seq, struct error *err)
{
	const struct ack ack = { life, i, seq };
	const int *fd = arg;

	if (write(*fd, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
		return error_errno(err, "cannot tell");
	return 0;
}

static int begin(struct run *run, struct writer *w, struct error *err)
{
	int fds[2];

	if (pipe(fds) < 0)
		return error_errno(err, "cannot create a pipe");
	w->life = run->lives++;
	w->fd = fds[0];
	w->pid = fork();
	if (w->pid < 0)
		return error_errno(err, "cannot fork");
	if (w->pid == 0) {
		if (driver_live(run->w->dir, w->life, 0, tell, &fds[1], err) < 0)
			(void)fprintf(stderr, "life %zu: %s\n", w->life, err->msg);
		_exit(1);
	}
	(void)close(fds[1]);
	return 0;
}

/* *open_out is false when its process has ended and nothing is left to read. */
static int listen_to(struct run *run, struct writer *w, bool *open_out, struct error *err)
{
	struct ack acks[64];
	ssize_t n;

	do
		n = read(w->fd, acks, sizeof(acks));
	while (n < 0 && errno == EINTR);
	if (n < 0 || (size_t)n % sizeof(acks[0]))
		return error_errno(err, "cannot listen to a writer");
	for (size_t i = 0; i < (size_t)n / sizeof(acks[0]); i++) {
		int r = oracle_acknowledge(&run->oracle, acks[i].life, acks[i].i, acks[i].seq, err);

		if (r < 0)
			return r;
		w->acknowledged++;
	}
	*open_out = n > 0;
	return 0;
}

static int reap(struct run *run, struct writer *w, struct error *err)
{
	bool open = true;
	int status, r = 0;

	while (r == 0 && open)
		r = listen_to(run, w, &open, err);
	(void)close(w->fd);
	if (waitpid(w->pid, &status, 0) < 0)
		return error_errno(err, "cannot wait for a writer");
	if (r == 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		r = error_set(err, ERR_IO, "life %zu ended by itself", w->life);
	w->pid = 0;
	return r;
}

static int kill_some(struct run *run, struct error *err)
{
	bool all = run->kills % ALL_AT_ONCE == ALL_AT_ONCE - 1;
	unsigned first = all ? 0 : (unsigned)draw(run, run->w->n);
	unsigned end = all ? run->w->n : first + 1;
	int r = 0;

	for (unsigned i = first; i < end; i++)
		(void)kill(run->v[i].pid, SIGKILL);
	run->kills += end - first;
	for (unsigned i = first; r == 0 && i < end; i++) {
		r = reap(run, &run->v[i], err);
		if (r == 0)
			r = begin(run, &run->v[i], err);
	}
	return r;
}

static bool is_done(const struct run *run)
{
	for (unsigned i = 0; i < run->w->n; i++)
		if (run->v[i].acknowledged < run->w->each)
			return false;
	return run->kills >= run->w->kills;
}

static int watch(struct run *run, struct error *err)
{
	int64_t next = clock_monotonic_ms();
	struct pollfd fds[WRITERS_MAX];
	int r = 0;

	while (r == 0 && !is_done(run)) {
		int64_t now = clock_monotonic_ms();
		bool kills_left = run->kills < run->w->kills;

		if (kills_left && now >= next) {
			r = kill_some(run, err);
			next = now + (int64_t)draw(run, PAUSE_MAX_MS);
			continue;
		}
		for (unsigned i = 0; i < run->w->n; i++)
			fds[i] = (struct pollfd){ .fd = run->v[i].fd, .events = POLLIN };
		if (poll(fds, run->w->n, kills_left ? (int)(next - now) : -1) < 0 && errno != EINTR)
			return error_errno(err, "cannot wait for the writers");
		for (unsigned i = 0; r == 0 && i < run->w->n; i++) {
			bool open = true;

			if (fds[i].revents)
				r = listen_to(run, &run->v[i], &open, err);
			if (r == 0 && !open)
				r = error_set(
					err, ERR_IO, "life %zu ended by itself", run->v[i].life);
		}
	}
	return r;
}

static int end_all(struct run *run, struct error *err)
{
	int r = 0;

	for (unsigned i = 0; i < run->w->n; i++)
		if (run->v[i].pid > 0)
			(void)kill(run->v[i].pid, SIGKILL);
	for (unsigned i = 0; i < run->w->n; i++) {
		struct error later = ERROR_INIT;

		if (run->v[i].pid > 0 && reap(run, &run->v[i], r ? &later : err) < 0 && r == 0)
			r = err->code;
	}
	return r;
}

static int examine(struct run *run, struct error *err)
{
	struct journal *j = NULL;
	int r = journal_open(&j, run->w->dir, err);

	if (r == 0)
		r = oracle_check(&run->oracle, j, false, err);
	if (r == 0)
		r = driver_goes_on(j, false, err);
	if (r == 0)
		r = oracle_check(&run->oracle, j, false, err);
	if (r == 0)
		printf("%u writers, %zu lives, %u kills, %zu acknowledged, 0 lost, 0 doubled; "
		       "%zu stored that nobody heard of\n",
			run->w->n, run->lives, run->kills, run->oracle.acknowledged,
			run->oracle.unasked);
	journal_close(j);
	return r;
}

int driver_writers(const struct writers *w, struct error *err)
{
	struct run run = { .w = w, .oracle = ORACLE_INIT, .random = w->seed | 1 };
	struct error later = ERROR_INIT;
	int r = 0;

	if (!w->n || w->n > WRITERS_MAX)
		return error_set(err, ERR_USAGE, "1 to %d writers", WRITERS_MAX);
	for (unsigned i = 0; r == 0 && i < w->n; i++)
		r = begin(&run, &run.v[i], err);
	if (r == 0)
		r = watch(&run, err);
	if (end_all(&run, r ? &later : err) < 0 && r == 0)
		r = err->code;
	if (r == 0)
		r = examine(&run, err);
	oracle_release(&run.oracle);
	return r;
}
