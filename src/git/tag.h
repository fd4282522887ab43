/*
 * tag.h - annotated tags that hold a text: what git can sign and check.
 */
#ifndef GIT_TAG_H
#define GIT_TAG_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

/* Under refs/tags/<tag>; its object is a blob of the same text, so that it needs no commit. */
int git_tag_make(
	const char *dir, const char *tag, const struct buf *text, bool sign, struct error *err);
/* It takes the full name `ref` instead, where nothing may be yet. */
int git_tag_move(const char *dir, const char *tag, const char *ref, struct error *err);
/* Id and bytes of a tag by its name, or of the one at a full ref. ERR_NOTFOUND when there is none.
 */
int git_tag_read(const char *dir, const char *ref, struct buf *oid_out, struct buf *text_out,
	struct error *err);
/* Is its signature good? */
int git_tag_verify(const char *dir, const char *oid, bool *good_out, struct error *err);

#endif
