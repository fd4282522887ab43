/* The remote that a repository follows, and the branch that work starts from. */
#include "core/fs.h"
#include "git/gitcmd.h"
#include "git/gitconfig.h"
#include "git/repository.h"

void git_base_release(struct git_base *b)
{
	free(b->branch);
	free(b->remote_oid);
	free(b->local_oid);
	free(b->start_oid);
	memset(b, 0, sizeof(*b));
}

static bool is_named(const struct git_setting *s, const char *name)
{
	return name && s->sub_len == strlen(name) && memcmp(s->sub, name, s->sub_len) == 0;
}

/* What the usual default branches follow: another one that is checked out changes nothing. */
static const char *followed_by_default(const struct git_repo *r)
{
	static const char *const usual[] = { "main", "master", "trunk" };
	const char *found = NULL;

	for (size_t i = 0; !found && i < sizeof(usual) / sizeof(usual[0]); i++) {
		struct git_setting s;
		size_t pos = 0;

		while (git_config_next(r->config, r->config_len, &pos, &s))
			if (git_setting_is(&s, "branch", usual[i], "remote") && s.value)
				found = s.value;
	}
	return found;
}

/* Points into the configuration. See repository.h for the order. */
static bool find_remote(const struct git_repo *r, struct git_setting *out)
{
	enum { NO, ONLY, DEFAULT, UPSTREAM, ORIGIN } best = NO, rank;
	const char *by_default = followed_by_default(r);
	struct git_setting s, first = { .sub = NULL };
	bool several = false;
	size_t pos = 0;

	while (git_config_next(r->config, r->config_len, &pos, &s)) {
		if (!git_setting_is(&s, "remote", NULL, "url") || !s.sub || !s.value)
			continue;
		if (!first.sub)
			first = s;
		several = several || first.sub_len != s.sub_len ||
			memcmp(first.sub, s.sub, s.sub_len) != 0;
		rank = is_named(&s, "origin")      ? ORIGIN
			: is_named(&s, "upstream") ? UPSTREAM
			: is_named(&s, by_default) ? DEFAULT
						   : ONLY;
		if (rank > best) {
			*out = s;
			best = rank;
		}
	}
	return best > ONLY || (best == ONLY && !several);
}

int git_repo_remotes(const struct git_repo *r, struct buf *out, size_t *n_out, struct error *err)
{
	struct git_setting s, last = { .sub = NULL };
	size_t pos = 0, n = 0;

	while (git_config_next(r->config, r->config_len, &pos, &s)) {
		if (!git_setting_is(&s, "remote", NULL, "url") || !s.sub || !s.value ||
			(last.sub && last.sub_len == s.sub_len &&
				memcmp(last.sub, s.sub, s.sub_len) == 0))
			continue;
		buf_adds(out, n++ ? ", " : "");
		buf_add(out, s.sub, s.sub_len);
		last = s;
	}
	*n_out = n;
	return buf_check(out, err);
}

/* The longest url.<base>.insteadOf that the URL begins with is replaced by <base>. */
static void apply_instead_of(const struct git_repo *r, const char *url, struct buf *out)
{
	struct git_setting s, best = { .sub = NULL };
	size_t pos = 0, best_len = 0;

	while (git_config_next(r->config, r->config_len, &pos, &s)) {
		size_t len = s.value ? strlen(s.value) : 0;

		if (!git_setting_is(&s, "url", NULL, "insteadof") || !s.sub || len <= best_len)
			continue;
		if (strncmp(url, s.value, len) == 0) {
			best = s;
			best_len = len;
		}
	}
	if (best.sub)
		buf_add(out, best.sub, best.sub_len);
	buf_adds(out, url + best_len);
}

/* Two repositories may well have a "../hub.git", each its own. */
static int make_absolute(const struct git_repo *r, struct buf *url, struct error *err)
{
	struct buf path = BUF_INIT, real = BUF_INIT;
	struct error gone = ERROR_INIT;
	int rc;

	fs_join(&path, git_repo_dir(r), url->data);
	rc = buf_check(&path, err);
	if (rc == 0) {
		buf_clear(url);
		buf_adds(url, fs_realpath(path.data, &real, &gone) == 0 ? real.data : path.data);
	}
	buf_release(&path);
	buf_release(&real);
	return rc;
}

int git_repo_remote(const struct git_repo *r, char **name_out, char **url_out, struct error *err)
{
	struct buf name = BUF_INIT, url = BUF_INIT;
	struct git_setting s = { .sub = NULL };
	int rc;

	if (!find_remote(r, &s)) {
		*name_out = NULL;
		*url_out = NULL;
		return 0;
	}
	buf_add(&name, s.sub, s.sub_len);
	apply_instead_of(r, s.value, &url);
	rc = buf_check(&name, err);
	if (rc == 0)
		rc = buf_check(&url, err);
	if (rc == 0 && git_url_is_relative(url.data))
		rc = make_absolute(r, &url, err);
	if (rc == 0)
		rc = buf_check(&url, err);
	if (rc == 0) {
		*name_out = buf_detach(&name);
		*url_out = buf_detach(&url);
		if (!*name_out || !*url_out) {
			free(*name_out);
			free(*url_out);
			*name_out = *url_out = NULL;
			rc = error_nomem(err);
		}
	}
	buf_release(&name);
	buf_release(&url);
	return rc;
}

/* One "refname oid symref" line of for-each-ref; the last two may be empty. Cuts it in place. */
struct ref_line {
	const char *name, *oid, *symref;
};

static bool next_line(char **at, struct ref_line *out)
{
	char *line = *at, *nl, *sp;

	if (!*line)
		return false;
	nl = strchr(line, '\n');
	*at = nl ? nl + 1 : line + strlen(line);
	if (nl)
		*nl = '\0';
	*out = (struct ref_line){ line, "", "" };
	sp = strchr(line, ' ');
	if (!sp)
		return true;
	*sp = '\0';
	out->oid = sp + 1;
	sp = strchr(sp + 1, ' ');
	if (sp) {
		*sp = '\0';
		out->symref = sp + 1;
	}
	return true;
}

static int list_refs(
	const struct git_repo *r, const char *a, const char *b, struct buf *out, struct error *err)
{
	struct git_cmd cmd = { .dir = git_repo_dir(r),
		.args = { GIT_WORDS("for-each-ref", "--format=%(refname) %(objectname) %(symref)",
				  "--end-of-options"),
			GIT_PATTERN(a), GIT_PATTERN(b) } };

	return git_must(&cmd, out, err);
}

static int copy(char **to, const char *text, struct error *err)
{
	free(*to);
	*to = strdup(text);
	return *to ? 0 : error_nomem(err);
}

/* Fill both tips of b->branch. */
static int find_tips(
	const struct git_repo *r, const char *remote, struct git_base *b, struct error *err)
{
	struct buf local = BUF_INIT, tracking = BUF_INIT, out = BUF_INIT;
	struct ref_line line;
	char *at;
	int rc;

	buf_addf(&local, "refs/heads/%s", b->branch);
	if (remote)
		buf_addf(&tracking, "refs/remotes/%s/%s", remote, b->branch);
	rc = buf_check(&local, err);
	if (rc == 0)
		rc = buf_check(&tracking, err);
	if (rc == 0)
		rc = list_refs(r, local.data, remote ? tracking.data : NULL, &out, err);
	at = out.data;
	while (rc == 0 && next_line(&at, &line)) {
		if (strcmp(line.name, local.data) == 0)
			rc = copy(&b->local_oid, line.oid, err);
		else if (remote && strcmp(line.name, tracking.data) == 0)
			rc = copy(&b->remote_oid, line.oid, err);
	}
	buf_release(&local);
	buf_release(&tracking);
	buf_release(&out);
	return rc;
}

/* b->branch and b->remote_oid from <remote>/HEAD, if that is known. */
static int ask_remote_head(
	const struct git_repo *r, const char *remote, struct git_base *b, struct error *err)
{
	struct buf prefix = BUF_INIT, head = BUF_INIT, out = BUF_INIT;
	struct ref_line line;
	char *at;
	int rc;

	buf_addf(&prefix, "refs/remotes/%s/", remote);
	buf_addf(&head, "%sHEAD", prefix.data);
	rc = buf_check(&prefix, err);
	if (rc == 0)
		rc = buf_check(&head, err);
	if (rc == 0)
		rc = list_refs(r, head.data, NULL, &out, err);
	at = out.data;
	while (rc == 0 && next_line(&at, &line))
		if (strcmp(line.name, head.data) == 0 &&
			strncmp(line.symref, prefix.data, prefix.len) == 0) {
			rc = copy(&b->branch, line.symref + prefix.len, err);
			if (rc == 0)
				rc = copy(&b->remote_oid, line.oid, err);
		}
	buf_release(&prefix);
	buf_release(&head);
	buf_release(&out);
	return rc;
}

static int no_commits(const struct git_repo *r, struct error *err)
{
	error_refuse(err, "no-commits", "repository '%s' has no commits yet", git_repo_dir(r));
	return error_hint(err, "make a first commit, then try again");
}

/* No branch to start from. HEAD may be on one that is not born yet, while there are others. */
static int no_base(const struct git_repo *r, struct error *err)
{
	struct buf refs = BUF_INIT;
	int rc = r->head ? 0 : list_refs(r, "refs/heads", "refs/remotes", &refs, err);

	if (rc == 0 && !r->head && !refs.len) {
		rc = no_commits(r, err);
	} else if (rc == 0) {
		if (r->branch)
			error_refuse(
				err, "no-commits", "branch '%s' has no commits yet", r->branch);
		else
			error_refuse(err, "no-default-branch",
				"HEAD is detached, so there is no default branch");
		rc = error_hint(err, "give the branch to start from with --base");
	}
	buf_release(&refs);
	return rc;
}

static int no_named_base(
	const struct git_repo *r, const char *branch, const char *remote, struct error *err)
{
	struct buf refs = BUF_INIT;
	int rc = r->head ? 0 : list_refs(r, "refs/heads", "refs/remotes", &refs, err);

	if (rc == 0 && !r->head && !refs.len)
		rc = no_commits(r, err);
	else if (rc == 0)
		rc = error_set(err, ERR_NOTFOUND,
			remote ? "there is no branch '%s', here or on '%s' as last fetched"
			       : "there is no branch '%s'",
			branch, remote);
	buf_release(&refs);
	return rc;
}

int git_repo_default_base(const struct git_repo *r, struct git_base *out, struct error *err)
{
	struct git_base b = { .branch = NULL };
	char *remote = NULL, *url = NULL;
	int rc;

	rc = git_repo_remote(r, &remote, &url, err);
	if (rc == 0 && remote)
		rc = ask_remote_head(r, remote, &b, err);
	if (rc < 0)
		goto out;
	if (b.branch && r->head && r->branch && strcmp(b.branch, r->branch) == 0) {
		rc = copy(&b.local_oid, r->head, err);
	} else if (b.branch) {
		rc = find_tips(r, remote, &b, err);
	} else if (r->branch) {
		rc = copy(&b.branch, r->branch, err);
		if (rc == 0 && !remote && r->head)
			rc = copy(&b.local_oid, r->head, err);
		else if (rc == 0)
			rc = find_tips(r, remote, &b, err);
	}
	if (rc == 0 && !b.remote_oid && !b.local_oid)
		rc = no_base(r, err);
	if (rc == 0) {
		*out = b;
		memset(&b, 0, sizeof(b));
	}
out:
	git_base_release(&b);
	free(remote);
	free(url);
	return rc;
}

/* The commit that a name means for git; *oid stays NULL if none. The name is no argument. */
static int ask_commit(const struct git_repo *r, const char *name, char **oid, struct error *err)
{
	struct buf input = BUF_INIT, out = BUF_INIT;
	struct git_cmd cmd = { .dir = git_repo_dir(r),
		.args = { GIT_WORDS("cat-file", "--batch-check=%(objectname) %(objecttype)") } };
	char *space;
	int status = 0, rc;

	buf_addf(&input, "%s^{commit}\n", name);
	rc = buf_check(&input, err);
	cmd.input = input.data;
	cmd.input_len = input.len;
	/* Of what it cannot parse (an upstream that is not there) git says so by failing. */
	if (rc == 0 && !strchr(name, '\n'))
		rc = git_run(&cmd, &out, NULL, &status, err);
	space = rc == 0 && !status ? strchr(out.data, ' ') : NULL;
	if (space && strcmp(space, " commit\n") == 0) {
		*space = '\0';
		rc = copy(oid, out.data, err);
	}
	buf_release(&input);
	buf_release(&out);
	return rc;
}

/* Work starts at a commit; what it is for is the default branch. */
static int base_for_commit(
	const struct git_repo *r, const char *oid, struct git_base *b, struct error *err)
{
	int rc;

	git_base_release(b);
	rc = git_repo_default_base(r, b, err);
	return rc < 0 ? rc : copy(&b->start_oid, oid, err);
}

static int base_of_head(
	const struct git_repo *r, const char *remote, struct git_base *b, struct error *err)
{
	int rc;

	if (!r->head)
		return no_base(r, err);
	if (r->branch) {
		rc = copy(&b->branch, r->branch, err);
		if (rc == 0)
			rc = find_tips(r, remote, b, err);
		if (rc < 0)
			return rc;
		if (!remote || b->remote_oid)
			return copy(&b->start_oid, r->head, err);
	}
	return base_for_commit(r, r->head, b, err);
}

/* "<remote>/<branch>": of the one that is followed, it is that branch. */
static int base_of_tracking(const struct git_repo *r, const char *name, const char *remote,
	struct git_base *b, struct error *err)
{
	size_t len = remote ? strlen(remote) : 0;
	int rc;

	if (!len || strncmp(name, remote, len) != 0 || name[len] != '/' || !name[len + 1])
		return 0;
	rc = copy(&b->branch, name + len + 1, err);
	if (rc == 0)
		rc = find_tips(r, remote, b, err);
	if (b->remote_oid) {
		free(b->local_oid);
		b->local_oid = NULL;
	}
	return rc;
}

static int find_named(const struct git_repo *r, const char *name, const char *remote,
	struct git_base *b, struct error *err)
{
	char *oid = NULL;
	int rc;

	if (!strcmp(name, "HEAD") || !strcmp(name, "@"))
		return base_of_head(r, remote, b, err);
	/* "HEAD~1" can be no branch, and is no ref to ask for. */
	rc = copy(&b->branch, name, err);
	if (rc == 0 && git_arg_fits(GIT_ARG_BRANCH, name))
		rc = find_tips(r, remote, b, err);
	if (rc == 0 && git_arg_fits(GIT_ARG_BRANCH, name) && !b->remote_oid && !b->local_oid)
		rc = base_of_tracking(r, name, remote, b, err);
	if (rc < 0 || b->remote_oid || b->local_oid)
		return rc;
	rc = ask_commit(r, name, &oid, err);
	if (rc == 0)
		rc = oid ? base_for_commit(r, oid, b, err) : no_named_base(r, name, remote, err);
	free(oid);
	return rc;
}

int git_repo_named_base(
	const struct git_repo *r, const char *name, struct git_base *out, struct error *err)
{
	struct git_base b = { .branch = NULL };
	char *remote = NULL, *url = NULL;
	int rc;

	rc = git_repo_remote(r, &remote, &url, err);
	if (rc == 0)
		rc = find_named(r, name, remote, &b, err);
	if (rc == 0) {
		*out = b;
		memset(&b, 0, sizeof(b));
	}
	git_base_release(&b);
	free(remote);
	free(url);
	return rc;
}

int git_repo_fetch_branch(const struct git_repo *r, const char *remote, const char *branch,
	bool talk, struct error *err)
{
	struct buf spec = BUF_INIT, errout = BUF_INIT;
	struct git_cmd cmd = { .dir = git_repo_dir(r),
		.args = { GIT_WORDS(
			"fetch", "--no-tags", "--no-write-fetch-head", "--quiet", "--") },
		.talk = talk };
	int status, rc;

	buf_addf(&spec, "+refs/heads/%s:refs/remotes/%s/%s", branch, remote, branch);
	rc = buf_check(&spec, err);
	git_add(&cmd, GIT_REMOTE(remote));
	git_add(&cmd, GIT_REFSPEC(spec.data));
	if (rc == 0)
		rc = git_run(&cmd, NULL, &errout, &status, err);
	if (rc == 0 && status && strstr(errout.data, "couldn't find remote ref"))
		rc = error_set(err, ERR_NOTFOUND, "'%s' has no branch '%s'", remote, branch);
	else if (rc == 0 && status)
		rc = git_failed(&cmd, status, &errout, ERR_GIT, err);
	buf_release(&spec);
	buf_release(&errout);
	return rc;
}
