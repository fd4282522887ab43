/*
 * emit.h - a command's own events: begin, write members of `data`, end; then append them all at
 * once, so that they are on disk together or not at all.
 */
#ifndef REPO_EMIT_H
#define REPO_EMIT_H

#include "core/event.h"
#include "core/jsonw.h"
#include "repo/repo.h"

#define EMIT_MAX 8

struct emit {
	struct buf bodies[EMIT_MAX];
	size_t n;
	struct buf data;
	struct jsonw w; /* for the members of data, between emit_begin() and emit_end() */
	struct event_draft draft;
};

void emit_init(struct emit *e);
void emit_release(struct emit *e);
struct jsonw *emit_begin(struct emit *e, enum event_type type, const char *session);
int emit_end(struct emit *e, struct error *err);
/* Append what has gathered and start anew. */
int emit_append(struct emit *e, struct repo *repo, struct error *err);

#endif
