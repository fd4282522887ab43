/*
 * array.h - lists whose length is not known before: how they grow, and how one is searched.
 *
 * A list is `T *v; size_t n` in its owner's struct, and `size_t cap` where it grows long. The
 * macros take these members themselves, so that the size of an element cannot be wrong; each
 * argument is evaluated more than once. No size overflows: what does not fit in memory is memory
 * that has run out, and then nothing has changed.
 */
#ifndef CORE_ARRAY_H
#define CORE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* Room for one more element behind the n of them; doubles. False when memory is out. */
#define ARRAY_GROW(v, n, cap) ARRAY_ROOM(v, n, 1, cap)
/* The same for `more` elements. */
#define ARRAY_ROOM(v, n, more, cap) array_room(&(v), (n), (more), &(cap), sizeof(*(v)))
/* For lists that stay short and keep no `cap`: memory for exactly n + 1 elements. */
#define ARRAY_GROW_SHORT(v, n) array_exact(&(v), (n), sizeof(*(v)))
/* Move what stands at `at` and behind it one place on. There is room, and n is as it was before. */
#define ARRAY_OPEN(v, n, at) array_open((v), (n), (at), sizeof(*(v)))
/* Move what stands behind `at` one place back, over it. n is as it was before. */
#define ARRAY_CLOSE(v, n, at) array_close((v), (n), (at), sizeof(*(v)))

/*
 * Binary search. Where an element stands that compare(key, element) calls equal, or where it
 * would have to stand: `at` is the first that is not below the key (n if all are). `v` may be
 * NULL when n is 0.
 */
#define ARRAY_FIND(key, v, n, compare, at_out)                                                     \
	array_find((key), (v), (n), sizeof(*(v)), (compare), (at_out))

/* `array` is the address of the pointer to the elements. */
bool array_room(void *array, size_t n, size_t more, size_t *cap, size_t size);
bool array_exact(void *array, size_t n, size_t size);
void array_open(void *v, size_t n, size_t at, size_t size);
void array_close(void *v, size_t n, size_t at, size_t size);
bool array_find(const void *key, const void *v, size_t n, size_t size,
	int (*compare)(const void *key, const void *element), size_t *at_out);

#endif
