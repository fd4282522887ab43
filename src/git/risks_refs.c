/*
 * Commits that are nowhere else.
 *
 * Every local ref and HEAD is a candidate, and the two parents of each prepared merge. One rev-list
 * in the workspace subtracts what remotes have as last fetched, what the main repository's refs
 * point at (as far as the workspace has those objects) and what is published; since ancestry is
 * transitive, a candidate is at risk exactly if it is listed itself. The rest is asked of the main
 * repository, which may have taken a commit in a merge that the workspace has never seen.
 *
 * Tracking refs of the main repository itself do not count: it can be asked, and may have dropped
 * since what it had then. A prepared merge (pr/...) that can be made again (both parents safe, the
 * tree what merging them gives) is no risk: its title is in the journal. A tag object counts as
 * safe only where the main repository has it, since nobody records which tags a remote has.
 */
#include "core/array.h"
#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/pointer.h"
#include "core/text.h"
#include "git/gitcmd.h"
#include "git/oidset.h"
#include "git/risks.h"

enum kind { KIND_REF, KIND_PARENT };

struct candidate {
	const char *name; /* full ref name, or "HEAD" */
	const char *oid; /* of the commit; of the object where it is none */
	const char *tag; /* of an annotated tag's object; "" */
	const char *tree;
	size_t parent[2]; /* of a prepared merge: index of the candidate; 0 (HEAD) is none */
	enum kind kind;
	bool is_commit;
	bool unsafe;
};

struct survey {
	const struct risk_place *p;
	struct candidate *v;
	size_t n;
	struct buf refs; /* the text that the candidates point into */
	struct buf head;
	struct buf main_text; /* object ids of the main repository's refs, one a line */
	struct oid_set main_oids;
	struct buf own_remotes; /* names of remotes that are the main repository, one a line */
};

static void survey_release(struct survey *s)
{
	free(s->v);
	buf_release(&s->refs);
	buf_release(&s->head);
	buf_release(&s->main_text);
	oid_set_release(&s->main_oids);
	buf_release(&s->own_remotes);
}

static int add(struct survey *s, const struct candidate *c, struct error *err)
{
	if (!ARRAY_GROW_SHORT(s->v, s->n))
		return error_nomem(err);
	s->v[s->n++] = *c;
	return 0;
}

static int ask_main(struct survey *s, struct error *err)
{
	const struct git_cmd cmd = { .git_dir = s->p->main_git_dir,
		.args = { GIT_WORDS("for-each-ref", "--format=%(objectname)") } };
	int rc;

	if (!s->p->main_git_dir)
		return 0;
	rc = git_must(&cmd, &s->main_text, err);
	if (rc == 0)
		rc = oid_set_fill(&s->main_oids, &s->main_text, err);
	return rc;
}

/* Is this URL the path of the main repository, its work tree's or its git directory's? */
static bool is_main(const struct survey *s, const char *url)
{
	struct buf git_dir = BUF_INIT, common = BUF_INIT, real = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool yes;

	yes = s->p->main_git_dir && url[0] == '/' &&
		gitdir_find(url, false, &git_dir, &common, NULL, &ignored) == 0 &&
		fs_realpath(common.data, &real, &ignored) == 0 &&
		strcmp(real.data, s->p->main_git_dir) == 0;
	buf_release(&git_dir);
	buf_release(&common);
	buf_release(&real);
	return yes;
}

static int ask_own_remotes(struct survey *s, struct error *err)
{
	const struct git_cmd cmd = { .dir = s->p->dir,
		.args = { GIT_WORDS("config", "-z", "--get-regexp", "^remote\\..*\\.url$") },
		.env = s->p->env };
	struct buf out = BUF_INIT, errout = BUF_INIT;
	const size_t skip = strlen("remote."), tail = strlen(".url");
	int status, rc;

	rc = git_run(&cmd, &out, &errout, &status, err);
	if (rc == 0 && status > 1)
		rc = git_failed(&cmd, status, &errout, ERR_GIT, err);
	for (size_t at = 0; rc == 0 && at < out.len; at += strlen(out.data + at) + 1) {
		const char *key = out.data + at;
		const char *url = strchr(key, '\n');

		if (!url || !is_main(s, url + 1))
			continue;
		buf_add(&s->own_remotes, key + skip, (size_t)(url - key) - skip - tail);
		buf_addch(&s->own_remotes, '\n');
	}
	if (rc == 0)
		rc = buf_check(&s->own_remotes, err);
	buf_release(&out);
	buf_release(&errout);
	return rc;
}

/* Cut the next field, NUL-terminated already, off a line. */
static const char *field(char **at, const char *end)
{
	char *start = *at;

	if (start >= end)
		return "";
	*at = start + strlen(start) + 1;
	return start;
}

/* Both parents of a prepared merge, cut in place, as candidates of their own. */
static int add_parents(struct survey *s, char *parents, size_t of, struct error *err)
{
	char *space = strchr(parents, ' ');
	const char *oids[2] = { parents, space ? space + 1 : NULL };
	int rc = 0;

	if (!space || strchr(space + 1, ' '))
		return 0;
	*space = '\0';
	for (size_t i = 0; rc == 0 && i < 2; i++) {
		const struct candidate c = { .name = "",
			.oid = oids[i],
			.tag = "",
			.kind = KIND_PARENT,
			.is_commit = true };

		s->v[of].parent[i] = s->n;
		rc = add(s, &c, err);
	}
	return rc;
}

/* "<ref>\0<type>\0<oid>\0<peeled type>\0<peeled oid>\0<tree>\0<parents>" */
static int add_ref(struct survey *s, char *line, char *end, struct error *err)
{
	struct candidate c = { .name = field(&line, end) };
	const char *type = field(&line, end);
	const char *oid = field(&line, end);
	const char *peeled_type = field(&line, end);
	const char *peeled = field(&line, end);
	char *parents;
	int rc;

	c.tree = field(&line, end);
	parents = line < end ? line : NULL;
	if (strncmp(c.name, "refs/remotes/", 13) == 0 || strcmp(c.name, "refs/stash") == 0)
		return 0;
	c.tag = peeled[0] ? oid : "";
	c.oid = peeled[0] ? peeled : oid;
	c.is_commit = strcmp(peeled[0] ? peeled_type : type, "commit") == 0;
	rc = add(s, &c, err);
	if (rc == 0 && parents && strncmp(c.name, "refs/heads/pr/", 14) == 0)
		rc = add_parents(s, parents, s->n - 1, err);
	return rc;
}

static int ask_refs(struct survey *s, struct error *err)
{
	const struct git_cmd cmd = { .dir = s->p->dir,
		.args = { GIT_WORDS("for-each-ref",
			"--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00"
			"%(*objectname)%00%(tree)%00%(parent)") },
		.env = s->p->env };
	struct buf errout = BUF_INIT;
	int status, rc;

	rc = git_run(&cmd, &s->refs, &errout, &status, err);
	/* A broken ref is only warned about. */
	if (rc == 0 && (status != 0 || errout.len))
		rc = git_failed(&cmd, status, &errout, ERR_GIT, err);
	buf_release(&errout);
	for (char *at = s->refs.data, *end = at + s->refs.len; rc == 0 && at < end;) {
		char *nl = memchr(at, '\n', (size_t)(end - at));

		if (!nl)
			break;
		*nl = '\0';
		rc = add_ref(s, at, nl, err);
		at = nl + 1;
	}
	return rc;
}

/* Candidate 0. A HEAD without a commit has nothing to lose. */
static int ask_head(struct survey *s, struct error *err)
{
	const struct git_cmd cmd = { .dir = s->p->dir,
		.args = { GIT_WORDS("rev-parse", "--quiet", "--verify", "HEAD^{commit}") },
		.env = s->p->env };
	struct candidate c = { .name = "HEAD", .tag = "", .is_commit = true };
	struct buf errout = BUF_INIT;
	int status, rc;

	rc = git_run(&cmd, &s->head, &errout, &status, err);
	if (rc == 0 && (status > 1 || errout.len))
		rc = git_failed(&cmd, status, &errout, ERR_GIT, err);
	git_chomp(&s->head);
	c.oid = s->head.data;
	c.is_commit = rc == 0 && status == 0;
	if (rc == 0)
		rc = add(s, &c, err);
	buf_release(&errout);
	return rc;
}

/*
 * No lazy fetching: asking a partial clone whether it has an object must not go to its server.
 * Without a protocol to use, older git fails to fetch and says "missing". No replaced objects: what
 * is asked is which commits there are.
 */
static const char *const offline[] = { "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none",
	"GIT_NO_REPLACE_OBJECTS=1", NULL };

#define OWN_REMOTES_MAX 16

/*
 * Run `git rev-list` with this input minus `args`; candidates that were asked about and are listed
 * are unsafe, the others asked about are safe.
 */
static int list(struct survey *s, struct git_cmd *cmd, const struct buf *input, const bool *asked,
	struct error *err)
{
	struct buf out = BUF_INIT;
	struct oid_set listed = { .v = NULL };
	int rc = buf_check(input, err);

	cmd->input = input->data;
	cmd->input_len = input->len;
	cmd->env = offline;
	if (rc == 0)
		rc = git_must(cmd, &out, err);
	if (rc == 0)
		rc = oid_set_fill(&listed, &out, err);
	for (size_t i = 0; rc == 0 && i < s->n; i++)
		if (s->v[i].is_commit && (!asked || asked[i]))
			s->v[i].unsafe = oid_set_has(&listed, s->v[i].oid);
	oid_set_release(&listed);
	buf_release(&out);
	return rc;
}

static void add_published(const struct survey *s, struct buf *input)
{
	for (size_t i = 0; s->p->published && s->p->published[i]; i++)
		if (s->p->published[i][0])
			buf_addf(input, "^%s\n", s->p->published[i]);
}

static int ask_workspace(struct survey *s, struct error *err)
{
	struct git_cmd cmd = { .dir = s->p->dir,
		.args = { GIT_WORDS("rev-list", "--ignore-missing", "--stdin", "--not") } };
	struct buf input = BUF_INIT, exclude[OWN_REMOTES_MAX];
	size_t n = 4, used = 0;
	int rc = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].is_commit)
			buf_addf(&input, "%s\n", s->v[i].oid);
	if (!input.len)
		return buf_check(&input, err);
	add_published(s, &input);
	for (const char *at = s->main_text.data; *at;) {
		size_t len = strcspn(at, "\n");

		buf_addf(&input, "^%.*s\n", (int)len, at);
		at += len + (at[len] == '\n');
	}
	for (const char *at = s->own_remotes.data; *at && rc == 0;) {
		size_t len = strcspn(at, "\n");

		if (used == OWN_REMOTES_MAX) {
			rc = error_set(err, ERR_GIT, "too many remotes are the main repository");
			break;
		}
		exclude[used] = (struct buf)BUF_INIT;
		buf_addf(&exclude[used], "--exclude=%.*s/*", (int)len, at);
		cmd.args[n++] = GIT_OPTION(exclude[used].data);
		rc = buf_check(&exclude[used++], err);
		at += len + (at[len] == '\n');
	}
	cmd.args[n++] = GIT_WORD("--remotes");
	cmd.args[n] = GIT_WORD("--not");
	if (rc == 0)
		rc = list(s, &cmd, &input, NULL, err);
	while (used)
		buf_release(&exclude[--used]);
	buf_release(&input);
	return rc;
}

/*
 * Which of the unsafe ones does the main repository have at all? One answer line for each, in
 * order: "<oid> commit <size>" or "<oid> missing".
 */
static int find_present(
	const struct survey *s, const char *git_dir, bool *present, struct error *err)
{
	struct git_cmd cmd = { .git_dir = git_dir,
		.args = { GIT_WORDS("cat-file", "--batch-check") },
		.env = offline };
	struct buf input = BUF_INIT, out = BUF_INIT;
	const char *at;
	int rc;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].unsafe)
			buf_addf(&input, "%s\n", s->v[i].oid);
	rc = buf_check(&input, err);
	cmd.input = input.data;
	cmd.input_len = input.len;
	if (rc == 0 && input.len)
		rc = git_must(&cmd, &out, err);
	at = out.data;
	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		size_t len = strcspn(at, "\n"), oid_len = strlen(s->v[i].oid);

		if (!s->v[i].unsafe)
			continue;
		if (strncmp(at, s->v[i].oid, oid_len) != 0) {
			rc = error_set(err, ERR_GIT, "git cat-file ended early");
			break;
		}
		present[i] = strncmp(at + oid_len, " commit ", 8) == 0;
		at += len + (at[len] == '\n');
	}
	buf_release(&input);
	buf_release(&out);
	return rc;
}

/*
 * The main repository may have merged a commit in a way that the workspace has never seen. What
 * only the HEAD of a linked work tree reaches does not count: it may be the one that is to go.
 */
static int ask_main_graph(struct survey *s, struct error *err)
{
	struct buf input = BUF_INIT;
	struct git_cmd cmd = { .git_dir = s->p->main_git_dir,
		.args = { GIT_WORDS("rev-list", "--ignore-missing", "--stdin", "--single-worktree",
			"--not", "--all", "--not") } };
	bool *present;
	int rc;

	if (!s->p->main_git_dir || !s->n)
		return 0;
	present = calloc(s->n, sizeof(*present));
	if (!present)
		return error_nomem(err);
	rc = find_present(s, s->p->main_git_dir, present, err);
	for (size_t i = 0; rc == 0 && i < s->n; i++)
		if (present[i])
			buf_addf(&input, "%s\n", s->v[i].oid);
	if (!input.len)
		goto out;
	add_published(s, &input);
	if (rc == 0)
		rc = list(s, &cmd, &input, present, err);
out:
	free(present);
	buf_release(&input);
	return rc;
}

/* An unsafe prepared merge whose parents are safe: would merging them again give the same tree? */
static int forgive_prepared(struct survey *s, struct candidate *c, struct error *err)
{
	const struct candidate *a = &s->v[c->parent[0]], *b = &s->v[c->parent[1]];
	const struct git_cmd cmd = { .dir = s->p->dir,
		.args = { GIT_WORDS("merge-tree", "--write-tree", "-z", "--no-messages",
				  "--end-of-options"),
			GIT_OID(a->oid), GIT_OID(b->oid) },
		.env = s->p->env };
	struct buf out = BUF_INIT;
	int status, rc;

	if (!c->unsafe || !c->parent[0] || a->unsafe || b->unsafe)
		return 0;
	rc = git_run(&cmd, &out, NULL, &status, err);
	if (rc == 0 && status == 0 && strcmp(out.data, c->tree) == 0)
		c->unsafe = false;
	buf_release(&out);
	return rc;
}

static void judge_objects(struct survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i].is_commit && s->v[i].oid[0])
			s->v[i].unsafe = !oid_set_has(&s->main_oids, s->v[i].oid);
}

/* Does a branch stand for what HEAD is at? */
static bool told_by_a_ref(const struct survey *s, const struct candidate *head)
{
	for (size_t i = 1; i < s->n; i++)
		if (s->v[i].kind == KIND_REF && s->v[i].unsafe &&
			strcmp(s->v[i].oid, head->oid) == 0)
			return true;
	return false;
}

static int tell(const struct survey *s, const struct candidate *c, struct workspace_risks *r,
	struct error *err)
{
	const bool branch = strncmp(c->name, "refs/heads/", 11) == 0;
	const bool tag = strncmp(c->name, "refs/tags/", 10) == 0;
	struct buf name = BUF_INIT;
	int rc = 0;

	/* A seal is about the journal, which stays. */
	if (strncmp(c->name, "refs/tags/minsky/seal/", 22) == 0)
		return 0;
	text_add_line(&name,
		c->name +
			(branch               ? 11
					: tag ? 10
					      : 0),
		strlen(c->name +
			(branch               ? 11
					: tag ? 10
					      : 0)));
	rc = buf_check(&name, err);
	if (rc < 0)
		goto out;
	if (strcmp(c->name, "HEAD") == 0) {
		if (c->unsafe && !told_by_a_ref(s, c))
			rc = risk_add(r, err, "unpushed",
				"HEAD (%.8s) has commits that neither a remote nor the main "
				"repository has",
				c->oid);
	} else if (c->unsafe) {
		rc = risk_add(r, err, "unpushed",
			"%s '%s' (%.8s) has commits that neither a remote nor the main repository "
			"has",
			branch        ? "branch"
				: tag ? "tag"
				      : "ref",
			name.data, c->oid);
	} else if (c->tag[0] && !oid_set_has(&s->main_oids, c->tag)) {
		rc = risk_add(r, err, "tag", "tag '%s' is not in the main repository", name.data);
	}
out:
	buf_release(&name);
	return rc;
}

int risks_of_refs(const struct risk_place *p, struct workspace_risks *r, struct error *err)
{
	struct survey s = { .p = p,
		.refs = BUF_INIT,
		.head = BUF_INIT,
		.main_text = BUF_INIT,
		.own_remotes = BUF_INIT };
	int rc;

	rc = ask_main(&s, err);
	if (rc == 0)
		rc = ask_own_remotes(&s, err);
	if (rc == 0)
		rc = ask_head(&s, err);
	if (rc == 0)
		rc = ask_refs(&s, err);
	if (rc == 0)
		rc = ask_workspace(&s, err);
	if (rc == 0)
		rc = ask_main_graph(&s, err);
	if (rc == 0)
		judge_objects(&s);
	for (size_t i = 0; rc == 0 && i < s.n; i++)
		rc = forgive_prepared(&s, &s.v[i], err);
	for (size_t i = 0; rc == 0 && i < s.n; i++)
		if (s.v[i].kind == KIND_REF)
			rc = tell(&s, &s.v[i], r, err);
	survey_release(&s);
	return rc;
}
