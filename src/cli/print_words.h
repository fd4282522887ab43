/*
 * print_words.h - what others said of a session: notes, reviews, hints, and what was without
 * effect.
 */
#ifndef CLI_PRINT_WORDS_H
#define CLI_PRINT_WORDS_H

#include <stdint.h>

#include "core/session.h"
#include "repo/repo.h"

/* Rows behind those of the session and its PR; `now` is the moment that ages are counted to. */
void print_words(struct repo *repo, const struct session *s, int64_t now);

#endif
