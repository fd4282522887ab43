/*
 * refs.h - where branches and tracking refs stand, read from loose files and packed-refs.
 *
 * Only refs/heads and refs/remotes, only what is an object id: symbolic refs (a remote's HEAD) and
 * names that git would not make are left out.
 */
#ifndef CORE_GITFILES_REFS_H
#define CORE_GITFILES_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/oid.h"

struct ref {
	char *name; /* full */
	struct oid oid;
};

struct refs {
	struct ref *v; /* sorted by name */
	size_t n, cap;
};

void refs_release(struct refs *r);
int refs_load(struct refs *out, const char *common_dir, struct error *err);
const struct ref *refs_find(const struct refs *r, const char *name);

/* One ref; "" if it is not there. */
int ref_read(const char *common_dir, const char *name, struct oid *oid_out, struct error *err);
/*
 * One file of a ref as it is: what it names if it is symbolic (HEAD, refs/remotes/<remote>/HEAD),
 * as it stands there, else its id; "" and none for anything else. ERR_NOTFOUND.
 */
int ref_file_read(const char *git_dir, const char *name, struct buf *target_out,
	struct oid *oid_out, struct error *err);
/* What HEAD of a (linked) work tree names: a full ref name, or "" when it is detached. */
int head_read(const char *git_dir, struct buf *branch_out, struct error *err);
/* May this be below refs/? Keeps a name from a log or from stdin inside its directory. */
bool ref_name_ok(const char *name);
/* refs/heads/pr/x or refs/remotes/<remote>/pr/x */
bool ref_is_pr(const char *name);
/* The short name behind refs/heads/ or refs/remotes/; NULL for other refs. */
const char *ref_short(const char *name, bool *remote_out);

/* `name` is relative to the common git directory; for directories the modification time counts. */
typedef int ref_walk_fn(
	void *arg, const char *name, bool directory, int64_t mtime, struct error *err);
/* Every file and directory from <common_dir>/<start> on, by name. Not there: nothing. */
int ref_walk(const char *common_dir, const char *start, bool deep, ref_walk_fn *fn, void *arg,
	struct error *err);

#endif
