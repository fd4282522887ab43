/*
 * buf.h - a growable byte string.
 *
 * Invariants: data is never NULL and always has a NUL behind its len bytes (which may hold NULs
 * themselves). Running out of memory is sticky: later additions do nothing and buf_check() at
 * the end reports it, so that building a text needs one check instead of twenty.
 * buf_release() leaves an empty buffer that can be used again.
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

struct buf {
	char *data;
	size_t len;
	size_t cap; /* 0: data points at a shared empty string */
	bool failed;
};

extern char buf_empty[1];
#define BUF_INIT                                                                                   \
	{                                                                                          \
		.data = buf_empty                                                                  \
	}

void buf_release(struct buf *b);
/* Forget the contents, keep the memory. */
void buf_clear(struct buf *b);
/* Make room for n more bytes (and the NUL). False when memory is out. */
bool buf_grow(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addch(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTFLIKE(2, 3);
void buf_truncate(struct buf *b, size_t len);
/* ERR_NOMEM if any addition failed since the last release. */
int buf_check(const struct buf *b, struct error *err);
/* Hand the bytes to the caller, who frees them; NULL if memory ran out on the way. */
char *buf_detach(struct buf *b);

#endif
