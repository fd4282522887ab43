/*
 * Changes a repository as a program with libgit2 does: git is not started, no hook runs.
 *
 *	libgit2-writer REPOSITORY commit SUBJECT | branch NAME | move OLD NEW | delete NAME |
 *		switch NAME | reset REVISION | ref NAME REVISION | fetch REMOTE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>

static git_repository *repo;

static void check(int result, const char *what)
{
	const git_error *e = result < 0 ? git_error_last() : NULL;

	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, e ? e->message : "failed");
	exit(1);
}

static void commit(const char *subject)
{
	git_oid id, head;
	git_commit *parent;
	git_signature *who;
	git_tree *tree;
	const char *date = getenv("GIT_COMMITTER_DATE");

	check(git_reference_name_to_id(&head, repo, "HEAD"), "HEAD");
	check(git_commit_lookup(&parent, repo, &head), "parent");
	check(git_commit_tree(&tree, parent), "tree");
	check(git_signature_new(&who, "L", "l@example.invalid",
		      date && *date == '@' ? atoll(date + 1) : 0, 0),
		"signature");
	check(git_commit_create_v(&id, repo, "HEAD", who, who, NULL, subject, tree, 1, parent),
		"commit");
}

static git_reference *branch(const char *name)
{
	git_reference *ref;

	check(git_branch_lookup(&ref, repo, name, GIT_BRANCH_LOCAL), name);
	return ref;
}

static git_object *object(const char *revision)
{
	git_object *found;

	check(git_revparse_single(&found, repo, revision), revision);
	return found;
}

static void change(const char *verb, const char *a, const char *b)
{
	git_reference *ref;
	char name[512];

	snprintf(name, sizeof(name), "refs/heads/%s", a);
	if (!strcmp(verb, "commit")) {
		commit(a);
	} else if (!strcmp(verb, "branch")) {
		check(git_branch_create(&ref, repo, a, (git_commit *)object("HEAD"), 0), verb);
	} else if (!strcmp(verb, "move")) {
		check(git_branch_move(&ref, branch(a), b, 0), verb);
	} else if (!strcmp(verb, "delete")) {
		check(git_branch_delete(branch(a)), verb);
	} else if (!strcmp(verb, "switch")) {
		check(git_repository_set_head(repo, name), verb);
	} else if (!strcmp(verb, "reset")) {
		check(git_reset(repo, object(a), GIT_RESET_SOFT, NULL), verb);
	} else if (!strcmp(verb, "ref")) {
		check(git_reference_create(&ref, repo, name, git_object_id(object(b)), 1, NULL),
			verb);
	} else if (!strcmp(verb, "fetch")) {
		git_remote *remote;

		check(git_remote_lookup(&remote, repo, a), a);
		check(git_remote_fetch(remote, NULL, NULL, NULL), verb);
	} else {
		fprintf(stderr, "what is '%s'?\n", verb);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	git_libgit2_init();
	check(git_repository_open(&repo, argv[1]), argv[1]);
	change(argv[2], argv[3], argc > 4 ? argv[4] : "");
	git_repository_free(repo);
	return 0;
}
