/* Looking a name up ends by its deadline, whatever the system's resolver does; no server is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "backends/postgres_resolve.h"
#include "core/clock.h"

#define LONG_MS 60000

/* The resolver (linked with --wrap): what it answers, and whether it waits for us first. */
static struct {
	int status;
	size_t addresses;
	bool waits;
	sem_t go, freed;
} resolver;

int __wrap_getaddrinfo(
	const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out);
void __wrap_freeaddrinfo(struct addrinfo *list);

struct entry {
	struct addrinfo info;
	struct sockaddr_in address;
};

int __wrap_getaddrinfo(
	const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	struct addrinfo *list = NULL;
	size_t n = resolver.addresses;
	int status = resolver.status;

	(void)host;
	(void)service;
	(void)hints;
	if (resolver.waits)
		sem_wait(&resolver.go);
	for (size_t i = n; status == 0 && i > 0; i--) {
		struct entry *e = calloc(1, sizeof(*e));

		if (!e)
			abort();
		e->address.sin_family = AF_INET;
		e->address.sin_addr.s_addr = htonl(0x7f000000u + (uint32_t)i);
		e->info.ai_addr = (struct sockaddr *)&e->address;
		e->info.ai_addrlen = sizeof(e->address);
		e->info.ai_next = list;
		list = &e->info;
	}
	if (status == 0)
		*out = list;
	return status;
}

void __wrap_freeaddrinfo(struct addrinfo *list)
{
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list);
		list = next;
	}
	sem_post(&resolver.freed);
}

static enum pg_resolved resolve(int64_t ms, struct buf *out, size_t *n)
{
	return pg_resolve("db.example", clock_monotonic_ms() + ms, out, n);
}

static int setup(void **state)
{
	(void)state;
	resolver.status = 0;
	resolver.addresses = 2;
	resolver.waits = false;
	return sem_init(&resolver.go, 0, 0) || sem_init(&resolver.freed, 0, 0);
}

static void addresses_are_listed(void **state)
{
	struct buf out = BUF_INIT;
	size_t n = 0;

	(void)state;
	assert_int_equal(resolve(LONG_MS, &out, &n), PG_RESOLVED);
	assert_int_equal(n, 2);
	assert_string_equal(out.data, "127.0.0.1,127.0.0.2");
	buf_release(&out);
}

static void no_more_than_are_worth_trying(void **state)
{
	struct buf out = BUF_INIT;
	size_t n = 0;

	(void)state;
	resolver.addresses = 9;
	assert_int_equal(resolve(LONG_MS, &out, &n), PG_RESOLVED);
	assert_int_equal(n, 4);
	assert_string_equal(out.data, "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4");
	buf_release(&out);
}

static void a_name_that_is_not_there_fails(void **state)
{
	struct buf out = BUF_INIT;
	char host[400];
	size_t n = 0;

	(void)state;
	resolver.status = EAI_NONAME;
	assert_int_equal(resolve(LONG_MS, &out, &n), PG_RESOLVE_FAILED);
	memset(host, 'x', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	assert_int_equal(
		pg_resolve(host, clock_monotonic_ms() + LONG_MS, &out, &n), PG_RESOLVE_FAILED);
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

/* And whoever answers after all cleans up. */
static void a_silent_resolver_is_left_behind(void **state)
{
	struct buf out = BUF_INIT;
	size_t n = 0;

	(void)state;
	resolver.waits = true;
	assert_int_equal(resolve(20, &out, &n), PG_RESOLVE_LATE);
	assert_int_equal(resolve(-1000, &out, &n), PG_RESOLVE_LATE);
	assert_int_equal(out.len, 0);
	sem_post(&resolver.go);
	sem_post(&resolver.go);
	sem_wait(&resolver.freed);
	sem_wait(&resolver.freed);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(addresses_are_listed, setup),
		cmocka_unit_test_setup(no_more_than_are_worth_trying, setup),
		cmocka_unit_test_setup(a_name_that_is_not_there_fails, setup),
		cmocka_unit_test_setup(a_silent_resolver_is_left_behind, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
