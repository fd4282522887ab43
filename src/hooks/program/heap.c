#include "hooks/program/heap.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#define ALIGNMENT 16
#define SMALLEST 32
#define CLASSES 12 /* up to 64 KiB */
#define LARGE CLASSES
#define FIRST_AREA (128 * 1024)
#define NEXT_AREA (1024 * 1024)
#define LIVE 0x6d6c6976u
#define FREED 0x6d667265u

/* In front of each block, which is aligned as this is. */
struct block {
	_Alignas(ALIGNMENT) uint32_t mark;
	uint32_t class;
	size_t capacity;
};

struct free_block {
	struct block head;
	struct free_block *next;
};

_Static_assert(sizeof(struct block) % ALIGNMENT == 0, "blocks would not be aligned");

static _Alignas(ALIGNMENT) char first_area[FIRST_AREA];
static char *area = first_area;
static size_t left = FIRST_AREA;
static struct free_block *freed[CLASSES];

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static struct block *take(uint32_t class)
{
	struct free_block *reused = freed[class];
	size_t capacity = (size_t)SMALLEST << class, whole = sizeof(struct block) + capacity;
	struct block *b;

	if (reused) {
		freed[class] = reused->next;
		return &reused->head;
	}
	if (left < whole) {
		char *next = map(NEXT_AREA);

		if (!next)
			return NULL;
		area = next;
		left = NEXT_AREA;
	}
	b = (void *)area;
	area += whole;
	left -= whole;
	b->class = class;
	b->capacity = capacity;
	return b;
}

void *heap_alloc(size_t size)
{
	struct block *b;
	uint32_t class = 0;

	while (class < CLASSES && (size_t)SMALLEST << class < size)
		class ++;
	if (class < CLASSES) {
		b = take(class);
	} else if (size < PTRDIFF_MAX - sizeof(*b)) {
		b = map(sizeof(*b) + size);
		if (b) {
			b->class = LARGE;
			b->capacity = size;
		}
	} else {
		b = NULL;
	}
	if (!b) {
		errno = ENOMEM;
		return NULL;
	}
	b->mark = LIVE;
	return b + 1;
}

static struct block *block_of(void *p)
{
	struct block *b = (struct block *)p - 1;

	if (b->mark != LIVE)
		__builtin_trap();
	return b;
}

void heap_free(void *p)
{
	struct block *b;
	int saved = errno;

	if (!p)
		return;
	b = block_of(p);
	b->mark = FREED;
	if (b->class == LARGE) {
		(void)munmap(b, sizeof(*b) + b->capacity);
		errno = saved;
	} else {
		struct free_block *f = (void *)b;

		f->next = freed[b->class];
		freed[b->class] = f;
	}
}

void *heap_zeroed(size_t n, size_t size)
{
	void *p;

	if (size && n > PTRDIFF_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	p = heap_alloc(n * size);
	if (p)
		memset(p, 0, n * size);
	return p;
}

void *heap_resize(void *p, size_t size)
{
	struct block *b;
	void *moved;

	if (!p)
		return heap_alloc(size);
	b = block_of(p);
	if (size <= b->capacity)
		return p;
	moved = heap_alloc(size);
	if (!moved)
		return NULL;
	memcpy(moved, p, b->capacity);
	heap_free(p);
	return moved;
}
