/*
 * What would be lost with a workspace. Fails closed: a question that git does not answer is a risk.
 *
 * Looked at: the work tree (changed, untracked, and files that git was told not to look at),
 * stashes, operations under way, other work trees of the same clone, every local ref and HEAD, and
 * submodules. Not looked at: ignored files, and commits that only a reflog still knows.
 */
#include "git/risks.h"

#include <stdarg.h>
#include <sys/stat.h>

#include "core/array.h"
#include "core/fs.h"
#include "core/gitfiles/operation.h"
#include "core/text.h"
#include "git/gitcmd.h"

void workspace_risks_release(struct workspace_risks *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].category);
		free(r->v[i].text);
	}
	free(r->v);
	*r = (struct workspace_risks){ .v = NULL };
}

int risk_add(
	struct workspace_risks *r, struct error *err, const char *category, const char *fmt, ...)
{
	struct workspace_risk one = { .category = NULL };
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&one.text, fmt, ap) < 0)
		one.text = NULL;
	va_end(ap);
	one.category = strdup(category);
	if (!one.text || !one.category || !ARRAY_GROW_SHORT(r->v, r->n)) {
		free(one.text);
		free(one.category);
		return error_nomem(err);
	}
	r->v[r->n++] = one;
	return 0;
}

int risk_add_error(struct workspace_risks *r, struct error *err)
{
	int rc;

	if (err->code == ERR_NOMEM)
		return ERR_NOMEM;
	rc = risk_add(r, err, "git-error", "cannot determine what is in it: %s", err->msg);
	if (rc == 0)
		error_clear(err);
	return rc;
}

/* Names for a sentence: the first few, then how many more. */
struct sample {
	struct buf text;
	size_t n;
};

#define SAMPLE_NAMES 5

static void sample_add(struct sample *s, const char *name, size_t len)
{
	if (s->n < SAMPLE_NAMES) {
		buf_adds(&s->text, s->n ? ", " : "");
		text_add_line(&s->text, name, len);
	}
	s->n++;
}

static int sample_tell(struct sample *s, struct workspace_risks *r, const char *category,
	const char *what, struct error *err)
{
	int rc = buf_check(&s->text, err);

	if (rc == 0 && s->n > SAMPLE_NAMES)
		rc = risk_add(r, err, category, "%zu files %s: %s, and %zu more", s->n, what,
			s->text.data, s->n - SAMPLE_NAMES);
	else if (rc == 0 && s->n)
		rc = risk_add(r, err, category, "%zu file%s %s: %s", s->n, s->n == 1 ? "" : "s",
			what, s->text.data);
	buf_release(&s->text);
	return rc;
}

static int risks_of_files(const struct risk_place *p, struct workspace_risks *r, struct error *err)
{
	struct sample changed = { .text = BUF_INIT }, untracked = { .text = BUF_INIT };
	struct buf out = BUF_INIT;
	int rc;

	rc = workspace_status(p->dir, &out, err);
	if (rc < 0) {
		buf_release(&out);
		return rc;
	}
	for (const char *at = out.data; *at;) {
		size_t len = strcspn(at, "\n");

		if (len > 3)
			sample_add(at[0] == '?' ? &untracked : &changed, at + 3, len - 3);
		at += len + (at[len] == '\n');
	}
	buf_release(&out);
	rc = sample_tell(&changed, r, "uncommitted", "changed but not committed", err);
	if (rc < 0)
		buf_release(&untracked.text);
	else
		rc = sample_tell(&untracked, r, "untracked", "not tracked", err);
	return rc;
}

/*
 * git does not look at files marked assume-unchanged (tag in lower case) or skip-worktree (S).
 * Sparse checkouts mark what they leave out: those are no risk while they are not there.
 */
static int risks_of_hidden(const struct risk_place *p, struct workspace_risks *r, struct error *err)
{
	const struct git_cmd cmd = { .dir = p->dir,
		.args = { GIT_WORDS("ls-files", "-v", "-z", "--full-name", ":/") },
		.env = p->env };
	struct sample hidden = { .text = BUF_INIT };
	struct buf out = BUF_INIT, path = BUF_INIT;
	struct stat st;
	int rc;

	rc = git_must(&cmd, &out, err);
	for (size_t at = 0; rc == 0 && at < out.len; at += strlen(out.data + at) + 1) {
		const char *line = out.data + at;
		bool skip = line[0] == 'S' || line[0] == 's';
		bool assume = line[0] >= 'a' && line[0] <= 'z';

		if ((!skip && !assume) || strlen(line) < 3)
			continue;
		fs_join(&path, p->dir, line + 2);
		rc = buf_check(&path, err);
		if (rc == 0 && (!skip || assume || lstat(path.data, &st) == 0))
			sample_add(&hidden, line + 2, strlen(line + 2));
	}
	buf_release(&out);
	buf_release(&path);
	if (rc == 0)
		return sample_tell(&hidden, r, "hidden", "that git was told to ignore", err);
	buf_release(&hidden.text);
	return rc;
}

static int risks_of_operations(
	const struct risk_place *p, struct workspace_risks *r, struct error *err)
{
	int rc = 0;

	for (const struct operation *o = operations; rc == 0 && o->file; o++) {
		bool there;

		rc = operation_look(p->git_dir, o->file, &there, err);
		if (rc == 0 && there)
			rc = risk_add(r, err, "in-progress", "%s is in progress", o->what);
	}
	return rc;
}

static int risks_of_stash(const struct risk_place *p, struct workspace_risks *r, struct error *err)
{
	const struct git_cmd cmd = {
		.dir = p->dir, .args = { GIT_WORDS("stash", "list", "--format=%H") }, .env = p->env
	};
	struct buf out = BUF_INIT;
	size_t n = 0;
	int rc;

	rc = git_must(&cmd, &out, err);
	for (const char *at = out.data; (at = strchr(at, '\n')); at++)
		n++;
	if (rc == 0 && n)
		rc = risk_add(r, err, "stashed", "%zu stash entr%s", n, n == 1 ? "y" : "ies");
	buf_release(&out);
	return rc;
}

/* Work trees elsewhere whose git data is in this workspace: they would be broken. */
static int risks_of_work_trees(
	const struct risk_place *p, struct workspace_risks *r, struct error *err)
{
	const struct git_cmd cmd = { .dir = p->dir,
		.args = { GIT_WORDS("worktree", "list", "--porcelain", "-z") },
		.env = p->env };
	struct buf out = BUF_INIT, shown = BUF_INIT;
	size_t n = 0;
	int rc;

	rc = git_must(&cmd, &out, err);
	for (size_t at = 0; rc == 0 && at < out.len; at += strlen(out.data + at) + 1) {
		const char *line = out.data + at;

		if (strncmp(line, "worktree ", 9) != 0 || n++ == 0)
			continue;
		buf_clear(&shown);
		text_add_line(&shown, line + 9, strlen(line + 9));
		rc = risk_add(r, err, "worktree",
			"the linked work tree '%s' belongs to this workspace", shown.data);
	}
	buf_release(&out);
	buf_release(&shown);
	return rc;
}

typedef int risks_fn(const struct risk_place *p, struct workspace_risks *r, struct error *err);

static int look(const struct risk_place *p, struct workspace_risks *r, struct error *err)
{
	static risks_fn *const always[] = { risks_of_files, risks_of_hidden, risks_of_operations,
		risks_of_refs, risks_of_modules };
	static risks_fn *const own[] = { risks_of_stash, risks_of_work_trees };
	/* A linked work tree's branches, stashes and siblings are the main repository's. */
	bool linked = p->main_git_dir && strcmp(p->common_dir, p->main_git_dir) == 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(always) / sizeof(always[0]); i++)
		if (always[i](p, r, err) < 0)
			rc = risk_add_error(r, err);
	for (size_t i = 0; rc == 0 && !linked && i < sizeof(own) / sizeof(own[0]); i++)
		if (own[i](p, r, err) < 0)
			rc = risk_add_error(r, err);
	return rc;
}

/*
 * Where the work tree's git data is. A directory that lost its .git must not be answered for by a
 * repository above it: git is told where to stop, and has to name this very directory.
 */
static int find_git(
	const char *dir, const char *const *env, struct buf *out, char *lines[3], struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("rev-parse", "--path-format=absolute", "--show-toplevel",
			"--git-dir", "--git-common-dir") },
		.env = env };
	char *at;
	int rc;

	rc = git_must(&cmd, out, err);
	if (rc < 0)
		return rc;
	at = out->data;
	for (size_t i = 0; i < 3; i++) {
		char *nl = strchr(at, '\n');

		if (!nl)
			return error_set(err, ERR_GIT, "git rev-parse ended early");
		*nl = '\0';
		lines[i] = at;
		at = nl + 1;
	}
	if (*at || strcmp(lines[0], dir) != 0)
		return error_set(err, ERR_GIT, "'%s' is not the top of a work tree", dir);
	return 0;
}

static int look_in(const char *real, const char *main_git_dir, const char *const *published,
	struct workspace_risks *r, struct error *err)
{
	struct buf ceiling = BUF_INIT, out = BUF_INIT, common = BUF_INIT, main_real = BUF_INIT;
	const char *env[] = { NULL, NULL };
	const char *slash = strrchr(real, '/');
	struct risk_place p = { .dir = real, .published = published, .env = env };
	char *lines[3];
	int rc;

	buf_addf(&ceiling, "GIT_CEILING_DIRECTORIES=%.*s", (int)(slash - real), real);
	rc = buf_check(&ceiling, err);
	env[0] = ceiling.data;
	if (rc == 0)
		rc = find_git(real, env, &out, lines, err);
	if (rc == 0)
		rc = fs_realpath(lines[2], &common, err);
	if (rc == 0 && main_git_dir)
		rc = fs_realpath(main_git_dir, &main_real, err);
	if (rc == 0) {
		p.git_dir = lines[1];
		p.common_dir = common.data;
		p.main_git_dir = main_git_dir ? main_real.data : NULL;
		rc = look(&p, r, err);
	}
	buf_release(&ceiling);
	buf_release(&out);
	buf_release(&common);
	buf_release(&main_real);
	return rc;
}

int workspace_find_risks(const char *dir, const char *main_git_dir, const char *const *published,
	struct workspace_risks *out, struct error *err)
{
	struct workspace_risks r = { .v = NULL };
	struct buf real = BUF_INIT;
	int rc;

	rc = fs_realpath(dir, &real, err);
	if (rc == 0)
		rc = look_in(real.data, main_git_dir, published, &r, err);
	if (rc < 0)
		rc = risk_add_error(&r, err);
	if (rc == 0) {
		*out = r;
		r = (struct workspace_risks){ .v = NULL };
	}
	workspace_risks_release(&r);
	buf_release(&real);
	return rc;
}
