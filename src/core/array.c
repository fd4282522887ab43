#include "core/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 8

/* The pointer may be of any type: it is copied, not converted in place. */
static bool resize(void *array, size_t count, size_t size)
{
	void *v;

	if (count > SIZE_MAX / 2 / size)
		return false;
	memcpy(&v, array, sizeof(v));
	v = realloc(v, count * size);
	if (!v)
		return false;
	memcpy(array, &v, sizeof(v));
	return true;
}

bool array_room(void *array, size_t n, size_t more, size_t *cap, size_t size)
{
	size_t want = *cap;

	if (n <= *cap && more <= *cap - n)
		return true;
	if (more > SIZE_MAX / 2 - n)
		return false;
	if (!want)
		want = CAP_MIN;
	while (want < n + more)
		want = want > SIZE_MAX / 4 ? SIZE_MAX / 2 : want * 2;
	if (!resize(array, want, size))
		return false;
	*cap = want;
	return true;
}

bool array_exact(void *array, size_t n, size_t size)
{
	return n < SIZE_MAX && resize(array, n + 1, size);
}

void array_open(void *v, size_t n, size_t at, size_t size)
{
	unsigned char *p = v;

	memmove(p + (at + 1) * size, p + at * size, (n - at) * size);
}

void array_close(void *v, size_t n, size_t at, size_t size)
{
	unsigned char *p = v;

	memmove(p + at * size, p + (at + 1) * size, (n - at - 1) * size);
}

bool array_find(const void *key, const void *v, size_t n, size_t size,
	int (*compare)(const void *key, const void *element), size_t *at_out)
{
	const unsigned char *p = v;
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(key, p + middle * size) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (at_out)
		*at_out = low;
	return low < n && compare(key, p + low * size) == 0;
}
