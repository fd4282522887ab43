/*
 * heap.h - memory for a program that lives for half a millisecond.
 *
 * Where minsky-hook is linked with musl, malloc() and its family are these (src/hooks/malloc.c).
 * musl's own ask the kernel for pages for each size of block and give them back when the last one
 * is freed, which costs a bell a sixth of its time. Here blocks have sizes in powers of two, come
 * out of one static area first and out of mappings of 1 MiB behind it, and go back to a list of
 * their size when they are freed; nothing is given back to the kernel but blocks above 64 KiB,
 * which are mappings of their own. One thread. Freeing what is not a live block ends the program at
 * once.
 */
#ifndef HOOKS_PROGRAM_HEAP_H
#define HOOKS_PROGRAM_HEAP_H

#include <stddef.h>

/* As malloc(), calloc(), realloc() and free(), errno included; blocks are aligned to 16 bytes. */
void *heap_alloc(size_t size);
void *heap_zeroed(size_t n, size_t size);
void *heap_resize(void *p, size_t size);
void heap_free(void *p);

#endif
