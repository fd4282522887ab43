#include "backends/postgres_resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/clock.h"

#define ADDRESSES_MAX 4

/* A question to the resolver's thread. It outlives us if it is not answered and cannot be stopped.
 */
struct question {
	struct gaicb request;
	struct addrinfo hints;
	struct question *next; /* of those that were given up */
	char host[256];
};

static struct question *abandoned;

static enum pg_resolved wait_for(struct question *q, int64_t deadline)
{
	const struct gaicb *list[] = { &q->request };

	for (;;) {
		int64_t left = deadline - clock_monotonic_ms();
		struct timespec pause = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };
		int status = gai_error(&q->request);

		if (status != EAI_INPROGRESS)
			return status == 0 ? PG_RESOLVED : PG_RESOLVE_FAILED;
		if (left <= 0)
			return PG_RESOLVE_LATE;
		(void)gai_suspend(list, 1, &pause);
	}
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
	struct sigevent no_event = { .sigev_notify = SIGEV_NONE };
	struct question *q = calloc(1, sizeof(*q));
	struct gaicb *list[1];
	enum pg_resolved r = PG_RESOLVE_FAILED;

	if (!q || strlen(host) >= sizeof(q->host))
		goto out;
	(void)snprintf(q->host, sizeof(q->host), "%s", host);
	q->hints.ai_socktype = SOCK_STREAM;
	q->request.ar_name = q->host;
	q->request.ar_request = &q->hints;
	list[0] = &q->request;
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, &no_event) != 0)
		goto out;
	r = wait_for(q, deadline);
	if (r == PG_RESOLVED) {
		*n_out = add_addresses(q->request.ar_result, out);
		freeaddrinfo(q->request.ar_result);
		r = *n_out && !out->failed ? PG_RESOLVED : PG_RESOLVE_FAILED;
	} else if (r == PG_RESOLVE_LATE && gai_cancel(&q->request) != EAI_CANCELED) {
		q->next = abandoned;
		abandoned = q;
		q = NULL;
	}
out:
	free(q);
	return r;
}
