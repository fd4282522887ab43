/*
 * repo_url.h - what a remote URL says about a repository.
 *
 * Understood: URLs with a scheme, git's scp form (user@host:path), file URLs and plain paths.
 * Credentials never survive: not in the canonical form, not in the stored URL.
 */
#ifndef CORE_REPO_URL_H
#define CORE_REPO_URL_H

#include "core/buf.h"
#include "core/error.h"

struct repo_url {
	char *url; /* as given, without user info that carries a password */
	char *canonical; /* host/path: no scheme, user, port, ".git" or trailing slash; lower-case
			    host. For a path: the path itself */
	char *repo_name; /* "org/repo", or all of a deeper path; "local-<name>" for a path */
	const char *backend_type; /* "github" (github.com), "remote", "local" */
	const char *auth_method; /* "ssh", "https", "none"; NULL for a path */
	char *github_owner; /* NULL unless github */
	char *github_repo;
};

#define REPO_URL_INIT                                                                              \
	{                                                                                          \
		.url = NULL                                                                        \
	}

/* ERR_USAGE for a text that is empty, holds control characters or names no host. Release *out. */
int repo_url_parse(struct repo_url *out, const char *given, struct error *err);
void repo_url_release(struct repo_url *u);

#endif
