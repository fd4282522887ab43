/*
 * store_check.h - does a store hold what the journal gives?
 *
 * The journal is folded up to the heads that the store has, and every record and its bookkeeping
 * compared with the store's, by digests. Nothing is written.
 */
#ifndef HISTORY_STORE_CHECK_H
#define HISTORY_STORE_CHECK_H

#include "core/jsonw.h"
#include "repo/repo.h"

enum check_kind {
	CHECK_DAMAGE, /* of the store itself; `what` says which */
	CHECK_DIFFERS, /* `what` lists the members */
	CHECK_MISSING, /* the journal has it, the store has not */
	CHECK_EXTRA, /* the other way round */
};

struct check_finding {
	enum check_kind kind;
	char id[ID_UUID_SIZE]; /* "" for damage */
	char *name; /* NULL if there is none */
	char *what; /* NULL if there is nothing more to say */
};

struct store_check {
	struct buf location;
	const char *backend; /* its name */
	size_t sessions; /* in the store */
	uint64_t behind; /* records of the journal that the store has not seen yet */
	struct check_finding *v;
	size_t n;
};

void store_check_release(struct store_check *check);
/*
 * ERR_CORRUPT when the journal cannot be read, or does not have what the store has seen. A store
 * that cannot be read is a finding. *out is to be released also on failure.
 */
int store_check(struct store_check *out, struct repo *repo, struct error *err);
const char *check_kind_name(enum check_kind kind);

#endif
