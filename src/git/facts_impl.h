/*
 * facts_impl.h - the primitives that facts.c decides with, in two makes: libgit2 (facts_lib.c, the
 * only file that includes its headers) and git processes (facts_cmd.c).
 *
 * Commits are full object ids. A primitive fails when it cannot tell, say for want of an object.
 */
#ifndef GIT_FACTS_IMPL_H
#define GIT_FACTS_IMPL_H

#include "core/buf.h"
#include "core/oid.h"
#include "git/facts.h"
#include "git/gitcmd.h"

/* Commits of a first-parent walk, newest first. */
struct chain {
	struct oid *v;
	size_t n, cap;
	bool capped; /* it went on */
};

/* A walk of the base longer than this is not looked through. */
#define CHAIN_MAX 2000
/* A branch of more commits than this is not compared commit by commit. */
#define BRANCH_MAX 500

/* What of a branch has a counterpart (an equal patch) in a chain. */
struct counterparts {
	struct oid whole; /* the commit that does what the whole branch does; "" */
	bool all; /* every commit of the branch has one; false when the branch has only one */
	struct oid last; /* the newest of those */
	bool capped; /* the branch is too long to look */
};

struct facts_ops {
	int (*ref)(struct facts *f, const char *ref, struct oid *oid_out, struct error *err);
	bool (*has_commit)(struct facts *f, const char *oid);
	int (*is_ancestor)(
		struct facts *f, const char *a, const char *b, bool *out, struct error *err);
	/* The best common ancestor; "" if there is none. */
	int (*fork)(struct facts *f, const char *a, const char *b, struct oid *oid_out,
		struct error *err);
	int (*tree)(struct facts *f, const char *commit, struct oid *oid_out, struct error *err);
	/* The nth parent, from 1; "" if there is none. */
	int (*parent)(struct facts *f, const char *commit, unsigned nth, struct oid *oid_out,
		struct error *err);
	/* Does merging b into a give, without conflict, the tree of commit c? */
	int (*merge_gives)(struct facts *f, const char *a, const char *b, const char *c, bool *out,
		struct error *err);
	/* First parents from base on that neither `hidden` nor `also` (may be NULL) reaches. */
	int (*walk)(struct facts *f, const char *base, const char *hidden, const char *also,
		struct chain *out, struct error *err);
	/* Against the chain that walk(base, tip, also) gave. */
	int (*compare)(struct facts *f, const char *base, const char *fork, const char *tip,
		const char *also, const struct chain *chain, struct counterparts *out,
		struct error *err);
};

struct facts {
	const struct facts_ops *ops;
	const struct facts_ops *processes; /* facts_cmd_ops, for what libgit2 is slow at */
	const struct facts_module *module; /* NULL: processes only */
	char *git_dir;
	struct buf alternates; /* GIT_ALTERNATE_OBJECT_DIRECTORIES=..., for git processes */
	bool graph; /* there is a commit-graph file: git walks far, libgit2 does not use it */
	void *repo; /* git_repository, or NULL */
};

extern const struct facts_ops facts_cmd_ops;

/* Run git there, offline; its first argument is filled in. A status above 1 is ERR_GIT. */
int facts_ask(
	struct facts *f, struct git_cmd *cmd, struct buf *out, int *status_out, struct error *err);
/*
 * Has the base since then taken more than half of the lines that the branch changes, whatever else
 * it did with them? Then somebody may have landed it with edits. Two or three git processes.
 */
int facts_resembles(struct facts *f, const char *base, const char *fork, const char *tip,
	const char *since, bool *out, struct error *err);

/*
 * libgit2 and the eleven libraries behind it cost every start of a program 2 ms, and its
 * initialisation 5 more, while most commands never ask about commits. So facts_lib.c is a module,
 * loaded at the first question; without it, git processes answer.
 */
#define FACTS_MODULE_ABI 1

struct facts_module {
	int abi; /* looked at before anything else */
	/* False if libgit2 will not have the repository. */
	bool (*open)(struct facts *f);
	void (*close)(struct facts *f);
	int (*add_objects)(struct facts *f, const char *objects, struct error *err);
	const struct facts_ops *ops;
};

/* NULL if there is none that fits. */
const struct facts_module *facts_module_load(void);

void chain_release(struct chain *c);
int chain_add(struct chain *c, const char *oid, struct error *err);

#endif
