#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/array.h"

struct list {
	uint32_t *v;
	size_t n, cap;
};

static void a_list_grows_and_keeps_what_is_in_it(void **state)
{
	struct list l = { NULL, 0, 0 };
	unsigned times = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		size_t before = l.cap;

		assert_true(ARRAY_GROW(l.v, l.n, l.cap));
		times += l.cap != before;
		l.v[l.n++] = i;
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(l.v[i], i);
	/* Not once for each. */
	assert_true(times < 10);
	assert_true(ARRAY_ROOM(l.v, l.n, 5000, l.cap));
	assert_true(l.cap >= 6000);
	assert_int_equal(l.v[999], 999);
	free(l.v);
}

static void a_short_list_has_room_for_one_more(void **state)
{
	char **v = NULL;
	size_t n = 0;

	(void)state;
	while (n < 20) {
		assert_true(ARRAY_GROW_SHORT(v, n));
		v[n++] = (char *)&v;
	}
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(v[i], &v);
	free(v);
}

/* The product of count and size would not fit: memory has run out, and nothing has changed. */
static void a_size_that_overflows_is_refused(void **state)
{
	uint32_t *v = NULL;
	size_t cap = 0;
	uint32_t *before;

	(void)state;
	assert_true(ARRAY_GROW(v, 0, cap));
	before = v;
	assert_false(ARRAY_ROOM(v, 1, SIZE_MAX, cap));
	assert_false(ARRAY_ROOM(v, 1, SIZE_MAX - 1, cap));
	assert_false(ARRAY_ROOM(v, 1, SIZE_MAX / 2, cap));
	assert_false(ARRAY_ROOM(v, 1, SIZE_MAX / sizeof(*v), cap));
	assert_false(ARRAY_GROW_SHORT(v, SIZE_MAX));
	assert_false(ARRAY_GROW_SHORT(v, SIZE_MAX - 1));
	assert_false(ARRAY_GROW_SHORT(v, SIZE_MAX / sizeof(*v)));
	assert_ptr_equal(v, before);
	assert_int_equal(cap, 8);
	free(v);
}

static int compare(const void *key, const void *element)
{
	uint32_t a = *(const uint32_t *)key, b = *(const uint32_t *)element;

	return (a > b) - (a < b);
}

static void a_sorted_list_is_searched_and_stays_sorted(void **state)
{
	struct list l = { NULL, 0, 0 };

	(void)state;
	/* 7 is prime to 64: every number once, in an order that is none. */
	for (uint32_t i = 0; i < 64; i++) {
		uint32_t key = i * 7 % 64 * 2;
		size_t at;

		assert_false(ARRAY_FIND(&key, l.v, l.n, compare, &at));
		assert_true(ARRAY_GROW(l.v, l.n, l.cap));
		ARRAY_OPEN(l.v, l.n, at);
		l.v[at] = key;
		l.n++;
	}
	for (uint32_t i = 0; i < 64; i++) {
		uint32_t even = 2 * i, odd = even + 1;
		size_t at = 99;

		assert_true(ARRAY_FIND(&even, l.v, l.n, compare, &at));
		assert_int_equal(at, i);
		assert_false(ARRAY_FIND(&odd, l.v, l.n, compare, &at));
		assert_int_equal(at, i + 1);
		assert_true(ARRAY_FIND(&even, l.v, l.n, compare, NULL));
	}
	ARRAY_CLOSE(l.v, l.n--, 0);
	ARRAY_CLOSE(l.v, l.n--, 62);
	assert_int_equal(l.v[0], 2);
	assert_int_equal(l.v[l.n - 1], 124);
	ARRAY_CLOSE(l.v, l.n--, 5);
	assert_int_equal(l.v[4], 10);
	assert_int_equal(l.v[5], 14);
	free(l.v);
}

static void of_equal_elements_the_first_is_found(void **state)
{
	const uint32_t v[] = { 1, 2, 2, 2, 3 };
	uint32_t key = 2;
	size_t at;

	(void)state;
	assert_true(ARRAY_FIND(&key, v, 5, compare, &at));
	assert_int_equal(at, 1);
	assert_false(ARRAY_FIND(&key, v, 1, compare, &at));
	assert_int_equal(at, 1);
	assert_false(ARRAY_FIND(&key, v, 0, compare, &at));
	assert_int_equal(at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_grows_and_keeps_what_is_in_it),
		cmocka_unit_test(a_short_list_has_room_for_one_more),
		cmocka_unit_test(a_size_that_overflows_is_refused),
		cmocka_unit_test(a_sorted_list_is_searched_and_stays_sorted),
		cmocka_unit_test(of_equal_elements_the_first_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
