#include "backends/postgres_resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/clock.h"

#define ADDRESSES_MAX 4

/*
 * What a thread of its own asks the system's resolver, which cannot be interrupted. Whoever comes
 * last lets go of it: the thread, if nobody waits for the answer any more.
 */
struct question {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool answered, given_up; /* under the lock */
	int status;
	struct addrinfo *list;
	char host[256];
};

static void question_free(struct question *q)
{
	if (q->list)
		freeaddrinfo(q->list);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static struct question *question_new(const char *host)
{
	struct question *q = NULL;
	pthread_condattr_t attr;

	if (strlen(host) >= sizeof(q->host) || pthread_condattr_init(&attr) != 0)
		return NULL;
	q = calloc(1, sizeof(*q));
	if (q && pthread_mutex_init(&q->lock, NULL) != 0) {
		free(q);
		q = NULL;
	}
	if (q &&
		(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
			pthread_cond_init(&q->changed, &attr) != 0)) {
		pthread_mutex_destroy(&q->lock);
		free(q);
		q = NULL;
	}
	if (q)
		(void)snprintf(q->host, sizeof(q->host), "%s", host);
	pthread_condattr_destroy(&attr);
	return q;
}

static void *ask(void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct question *q = arg;
	bool given_up;

	q->status = getaddrinfo(q->host, NULL, &hints, &q->list);
	pthread_mutex_lock(&q->lock);
	q->answered = true;
	given_up = q->given_up;
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->lock);
	if (given_up)
		question_free(q);
	return NULL;
}

/* Signals are for the program's own thread. */
static bool start(struct question *q)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	bool started;

	if (pthread_attr_init(&attr) != 0)
		return false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0 &&
		pthread_create(&thread, &attr, ask, q) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return started;
}

/* False, and the question is the thread's, if there is no answer in time. */
static bool wait_for(struct question *q, int64_t deadline)
{
	const struct timespec until = clock_timespec(deadline);
	bool answered;

	pthread_mutex_lock(&q->lock);
	while (!q->answered && pthread_cond_timedwait(&q->changed, &q->lock, &until) != ETIMEDOUT)
		;
	answered = q->answered;
	q->given_up = !answered;
	pthread_mutex_unlock(&q->lock);
	return answered;
}

static size_t add_addresses(const struct addrinfo *list, struct buf *out)
{
	size_t n = 0;

	for (const struct addrinfo *a = list; a && n < ADDRESSES_MAX; a = a->ai_next) {
		char text[INET6_ADDRSTRLEN + 32];

		if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0,
			    NI_NUMERICHOST) != 0)
			continue;
		buf_adds(out, n ? "," : "");
		buf_adds(out, text);
		n++;
	}
	return n;
}

enum pg_resolved pg_resolve(const char *host, int64_t deadline, struct buf *out, size_t *n_out)
{
	struct question *q = question_new(host);
	enum pg_resolved r = PG_RESOLVE_FAILED;

	if (!q)
		return r;
	if (start(q)) {
		if (!wait_for(q, deadline))
			return PG_RESOLVE_LATE;
		if (q->status == 0) {
			*n_out = add_addresses(q->list, out);
			r = *n_out && !out->failed ? PG_RESOLVED : PG_RESOLVE_FAILED;
		}
	}
	question_free(q);
	return r;
}
