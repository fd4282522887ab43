/*
 * verify.h - checks a whole journal, goes on after damage, and names everything it finds.
 */
#ifndef LOG_VERIFY_H
#define LOG_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "log/journal.h"

struct verify_finding {
	const char *file; /* path */
	uint64_t line; /* from 1; 0 when the whole file is meant */
	uint64_t offset; /* bytes */
	bool damage; /* false: worth knowing (a torn tail), not corruption */
	const char *what; /* "hash does not match its content", ... */
	const char *advice; /* what to do */
};

struct verify_result {
	uint64_t records, bytes, segments, origins;
	uint64_t damaged; /* findings with damage set */
	uint64_t torn;
	uint64_t redacted;
	uint64_t known; /* segments that an earlier run has read */
};

typedef void verify_fn(void *arg, const struct verify_finding *finding);
typedef void verify_progress_fn(void *arg, uint64_t bytes, uint64_t total);

struct verify_options {
	verify_fn *found; /* may be NULL */
	verify_progress_fn *progress; /* may be NULL; often called */
	void *arg; /* of both */
	/*
	 * Keep a note of the segments that have ended and are good (the file `verified`). With
	 * `resume` those that are noted and that nobody has touched since (inode, size, time of the
	 * last change) are not read again: after an interruption, or to look at what is new.
	 */
	bool keep, resume;
};

/* 0 also when damage was found: the result says so. Negative only when it could not look. */
int journal_verify(struct journal *j, const struct verify_options *options,
	struct verify_result *out, struct error *err);

/* How many records of an origin, below `upto`, repair has declared lost in what readers see. */
int journal_lost(const struct journal *j, const char *origin, uint64_t upto, uint64_t *out,
	struct error *err);

#endif
