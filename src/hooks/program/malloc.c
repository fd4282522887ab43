/* In the minsky-hook that is linked with musl alone, whose functions these stand for. */
#include "hooks/program/heap.h"

void *malloc(size_t size)
{
	return heap_alloc(size);
}

void *calloc(size_t n, size_t size)
{
	return heap_zeroed(n, size);
}

void *realloc(void *p, size_t size)
{
	return heap_resize(p, size);
}

void free(void *p)
{
	heap_free(p);
}
