#include "git/workspace_config.h"

#include "git/gitconfig.h"

/* Local settings without which the same work would come out differently, or not work at all. */
static const struct {
	const char *section, *name; /* name NULL: the whole section */
	bool identity; /* also when it came through a conditional include */
} copied[] = {
	{ "user", NULL, true },
	{ "author", NULL, true },
	{ "committer", NULL, true },
	{ "gpg", NULL, true },
	{ "commit", "gpgsign", true },
	{ "tag", "gpgsign", true },
	{ "core", "sshcommand", true },
	{ "core", "autocrlf", false },
	{ "core", "eol", false },
	{ "core", "safecrlf", false },
	{ "core", "excludesfile", false },
	{ "core", "attributesfile", false },
	{ "core", "commentchar", false },
	{ "core", "sparsecheckout", false },
	{ "core", "sparsecheckoutcone", false },
	{ "filter", NULL, false },
	{ "merge", NULL, false },
	{ "diff", NULL, false },
	{ "lfs", NULL, false },
	{ "git-crypt", NULL, false },
	{ "i18n", NULL, false },
	{ "url", NULL, false },
	{ "http", NULL, false },
	{ "credential", NULL, false },
	{ "checkout", NULL, false },
};

static bool same(const char *a, size_t len, const char *b)
{
	return b && strlen(b) == len && memcmp(a, b, len) == 0;
}

static bool is_copied(const struct git_setting *s, bool conditional)
{
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		if (!same(s->section, s->section_len, copied[i].section) ||
			(copied[i].name && !same(s->name, s->name_len, copied[i].name)))
			continue;
		return git_setting_is_local(s) || (conditional && copied[i].identity);
	}
	return false;
}

/*
 * Does the user's own configuration depend on where a repository lies? Then the identity that is
 * in force in the main repository would not be in the workspace's place.
 */
static bool has_conditional(const struct git_repo *r)
{
	struct git_setting s;
	size_t pos = 0;

	while (git_config_next(r->config, r->config_len, &pos, &s))
		if (same(s.section, s.section_len, "includeif") && !git_setting_is_local(&s))
			return true;
	return false;
}

static bool is_promisor(const struct git_repo *r, const char *remote, size_t len)
{
	struct git_setting s;
	size_t pos = 0;

	while (git_config_next(r->config, r->config_len, &pos, &s))
		if (s.sub && s.sub_len == len && memcmp(s.sub, remote, len) == 0 &&
			((git_setting_is(&s, "remote", NULL, "promisor") && git_setting_true(&s)) ||
				git_setting_is(&s, "remote", NULL, "partialclonefilter")))
			return true;
	return false;
}

static void write_url(const struct git_repo *r, const struct git_setting *s, struct buf *out)
{
	struct buf url = BUF_INIT;
	struct git_setting absolute = *s;

	if (git_url_is_relative(s->value)) {
		buf_addf(&url, "%s/%s", git_repo_dir(r), s->value);
		absolute.value = url.data;
	}
	git_config_write(out, &absolute);
	if (url.failed)
		out->failed = true;
	buf_release(&url);
}

/*
 * A refspec that fills tracking refs, turned to refs/remotes/origin/. Others (a mirror's, which
 * would overwrite local branches) are not for a work tree. True if it was written.
 */
static bool write_fetch(const char *remote, const struct git_setting *s, struct buf *out)
{
	struct buf from = BUF_INIT, spec = BUF_INIT;
	struct git_setting mapped = *s;
	const char *at;

	buf_addf(&from, ":refs/remotes/%s/", remote);
	at = strstr(s->value, from.data);
	if (at) {
		buf_add(&spec, s->value, (size_t)(at - s->value));
		buf_addf(&spec, ":refs/remotes/origin/%s", at + from.len);
		mapped.value = spec.data;
	}
	if (at || s->value[0] == '^')
		git_config_write(out, &mapped);
	if (from.failed || spec.failed)
		out->failed = true;
	buf_release(&from);
	buf_release(&spec);
	return at != NULL;
}

static void write_remote(const struct workspace_plan *plan, struct buf *out)
{
	struct git_setting s;
	size_t pos = 0;
	bool url = false, fetch = false;

	while (git_config_next(plan->main->config, plan->main->config_len, &pos, &s)) {
		if (!same(s.section, s.section_len, "remote") || !s.sub ||
			!same(s.sub, s.sub_len, plan->remote) || same(s.name, s.name_len, "mirror"))
			continue;
		s.sub = "origin";
		s.sub_len = strlen(s.sub);
		if (s.value &&
			(same(s.name, s.name_len, "url") || same(s.name, s.name_len, "pushurl"))) {
			write_url(plan->main, &s, out);
			url = true;
		} else if (s.value && same(s.name, s.name_len, "fetch")) {
			fetch = write_fetch(plan->remote, &s, out) || fetch;
		} else {
			git_config_write(out, &s);
		}
	}
	if (!url)
		git_config_add(out, "remote", "origin", "url", plan->remote_url);
	if (!fetch)
		git_config_add(
			out, "remote", "origin", "fetch", "+refs/heads/*:refs/remotes/origin/*");
}

/* Remotes that a partial clone gets missing objects from, other than the one that it follows. */
static void write_promisors(const struct workspace_plan *plan, struct buf *out)
{
	const struct git_repo *r = plan->main;
	struct git_setting s;
	size_t pos = 0;

	while (git_config_next(r->config, r->config_len, &pos, &s)) {
		if (git_setting_is(&s, "extensions", NULL, "partialclone") && s.value) {
			bool followed = plan->remote && strcmp(s.value, plan->remote) == 0;

			git_config_add(out, "core", NULL, "repositoryformatversion", "1");
			git_config_add(out, "extensions", NULL, "partialClone",
				followed ? "origin" : s.value);
		}
		if (!same(s.section, s.section_len, "remote") || !s.sub ||
			same(s.sub, s.sub_len, plan->remote) || same(s.sub, s.sub_len, "minsky") ||
			!is_promisor(r, s.sub, s.sub_len))
			continue;
		if (s.value && same(s.name, s.name_len, "url"))
			write_url(r, &s, out);
		else
			git_config_write(out, &s);
	}
}

static void keep_cloned(const char *cloned, struct buf *out)
{
	bool keep = false;

	while (*cloned) {
		size_t len = strcspn(cloned, "\n");

		len += cloned[len] == '\n';
		if (cloned[0] == '[')
			keep = strncmp(cloned, "[core]", 6) == 0 ||
				strncmp(cloned, "[extensions]", 12) == 0;
		if (keep)
			buf_add(out, cloned, len);
		cloned += len;
	}
}

void workspace_config_text(const struct workspace_plan *plan, const char *cloned, struct buf *out)
{
	const struct git_repo *r = plan->main;
	const char *own = plan->remote ? "minsky" : "origin";
	bool conditional = has_conditional(r);
	struct buf fetch = BUF_INIT, merge = BUF_INIT;
	struct git_setting s;
	size_t pos = 0;

	keep_cloned(cloned, out);
	if (plan->remote)
		write_remote(plan, out);
	buf_addf(&fetch, "+refs/heads/*:refs/remotes/%s/*", own);
	git_config_add(out, "remote", own, "url", git_repo_path(r));
	git_config_add(out, "remote", own, "fetch", fetch.data);
	write_promisors(plan, out);
	if (plan->base_branch) {
		buf_addf(&merge, "refs/heads/%s", plan->base_branch);
		git_config_add(out, "branch", plan->base_branch, "remote", "origin");
		git_config_add(out, "branch", plan->base_branch, "merge", merge.data);
	}
	git_config_add(out, "checkout", NULL, "defaultRemote", "origin");
	while (git_config_next(r->config, r->config_len, &pos, &s))
		if (is_copied(&s, conditional))
			git_config_write(out, &s);
	if (fetch.failed || merge.failed)
		out->failed = true;
	buf_release(&fetch);
	buf_release(&merge);
}
