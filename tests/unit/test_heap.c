#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "hooks/program/heap.h"
#include "lib/child.h"

#define BLOCKS 300
#define STEPS 60000

struct held {
	unsigned char *p;
	size_t size;
	unsigned char mark;
};

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void fill(struct held *h)
{
	memset(h->p, h->mark, h->size);
}

static void look(const struct held *h, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(h->p[i], h->mark);
}

/* Sizes of every class and above; nobody's bytes are anybody else's. */
static void blocks_are_apart_whatever_comes_and_goes(void **state)
{
	static struct held held[BLOCKS];
	uint32_t seed = 7;

	(void)state;
	for (int step = 0; step < STEPS; step++) {
		struct held *h = &held[next_random(&seed) % BLOCKS];
		size_t size = next_random(&seed) % ((size_t)1 << next_random(&seed) % 18);

		if (!h->p) {
			h->p = heap_alloc(size);
			assert_non_null(h->p);
			assert_int_equal((uintptr_t)h->p % 16, 0);
			h->mark = (unsigned char)next_random(&seed);
			h->size = size;
		} else if (next_random(&seed) % 2) {
			look(h, h->size);
			h->p = heap_resize(h->p, size);
			assert_non_null(h->p);
			look(h, size < h->size ? size : h->size);
			h->size = size;
		} else {
			look(h, h->size);
			heap_free(h->p);
			h->p = NULL;
			continue;
		}
		fill(h);
	}
	for (int i = 0; i < BLOCKS; i++) {
		if (held[i].p)
			look(&held[i], held[i].size);
		heap_free(held[i].p);
		held[i].p = NULL;
	}
}

static void a_freed_block_is_the_next_of_its_size(void **state)
{
	void *a = heap_alloc(100), *b = heap_alloc(100);

	(void)state;
	assert_ptr_not_equal(a, b);
	heap_free(a);
	assert_ptr_equal(heap_alloc(128), a);
	heap_free(a);
	heap_free(b);
	assert_ptr_equal(heap_alloc(65), b);
	heap_free(b);
	heap_free(NULL);
}

static void zeroed_memory_is_zero_the_second_time_too(void **state)
{
	static const unsigned char zeroes[640];
	unsigned char *p = heap_alloc(640);

	(void)state;
	memset(p, 0xff, 640);
	heap_free(p);
	assert_ptr_equal(heap_zeroed(10, 64), p);
	assert_memory_equal(p, zeroes, 640);
	heap_free(p);
}

static void a_large_block_goes_back_to_the_kernel(void **state)
{
	char *p = heap_alloc(1000000);
	char *page = p - (uintptr_t)p % (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)state;
	p[0] = p[999999] = 'x';
	assert_int_equal(msync(page, 1, MS_ASYNC), 0);
	errno = EAGAIN;
	heap_free(p);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(msync(page, 1, MS_ASYNC), -1);
	assert_int_equal(errno, ENOMEM);
}

static void what_cannot_be_had_is_refused(void **state)
{
	void *p = heap_alloc(8);

	(void)state;
	errno = 0;
	assert_null(heap_alloc(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(heap_alloc(PTRDIFF_MAX));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(heap_zeroed(SIZE_MAX / 2, 4));
	assert_int_equal(errno, ENOMEM);
	memcpy(p, "kept", 5);
	assert_null(heap_resize(p, SIZE_MAX - 20));
	assert_string_equal(p, "kept");
	heap_free(p);
	/* Nothing is asked for, and yet it is a block of its own. */
	p = heap_zeroed(0, 8);
	assert_non_null(p);
	heap_free(p);
}

static int end_of(void (*what)(void))
{
	static const struct rlimit no_core;
	pid_t pid = child_fork();
	int status;

	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)signal(SIGILL, SIG_DFL);
		(void)signal(SIGTRAP, SIG_DFL);
		what();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void free_once(void)
{
	heap_free(heap_alloc(50));
}

static void free_twice(void)
{
	void *p = heap_alloc(50);

	heap_free(p);
	heap_free(p);
}

static void free_what_is_no_block(void)
{
	char *p = heap_zeroed(1, 200);

	heap_free(p + 64);
}

static void a_wrong_free_ends_the_program(void **state)
{
	(void)state;
	assert_int_equal(end_of(free_once), 0);
	assert_int_not_equal(end_of(free_twice), 0);
	assert_int_not_equal(end_of(free_what_is_no_block), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_apart_whatever_comes_and_goes),
		cmocka_unit_test(a_freed_block_is_the_next_of_its_size),
		cmocka_unit_test(zeroed_memory_is_zero_the_second_time_too),
		cmocka_unit_test(a_large_block_goes_back_to_the_kernel),
		cmocka_unit_test(what_cannot_be_had_is_refused),
		cmocka_unit_test(a_wrong_free_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
