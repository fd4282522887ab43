/*
 * seal.h - the journal's heads in an annotated tag of the main repository, from where they can be
 * given to others: whoever has the seal can tell that nothing before it was changed or cut off.
 *
 *	minsky seal 1
 *	<repository id>
 *
 *	<origin>
 *	<seq>
 *	<hash>
 *	lost <n>		records below it that repair had declared lost; only if there
 *				are any
 *
 * one such group, behind an empty line, for every origin. The tag's object is a blob of the same
 * text, so that it needs no commit.
 */
#ifndef REPO_SEAL_H
#define REPO_SEAL_H

#include "log/verify.h"
#include "repo/repo.h"

/*
 * Under refs/tags/<tag>, or as `ref` (a full name), or under a name of its own if both are NULL;
 * *ref_out (cleared first) is the full name. ERR_REFUSED if there is one already.
 */
int seal_make(struct repo *repo, const char *tag, const char *ref, bool sign, struct buf *ref_out,
	struct error *err);
/*
 * Report what does not agree with the seal, and a signature that is not good. ERR_NOTFOUND when
 * there is no such tag, ERR_USAGE when it is no seal of this repository.
 */
int seal_check(struct repo *repo, const char *ref, struct verify_result *result, verify_fn *found,
	void *arg, struct error *err);

#endif
