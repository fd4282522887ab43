/*
 * Does what a base did look like what a branch does? Lines that were added and removed are counted
 * as they stand in `diff -U0`, file by file, blank ones left out; a binary file counts as one, its
 * blob.
 */
#include "core/array.h"
#include "git/facts_impl.h"

#include <stdint.h>

#define PATHS_MAX 40
#define UNLIMITED_MAX "--max-count=200"

struct line {
	uint64_t key; /* of file, sign and text */
	uint32_t want, have;
};

struct lines {
	struct line *v;
	size_t n, cap;
};

static uint64_t mix(uint64_t h, const char *at, size_t len)
{
	/* FNV-1a */
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)at[i]) * 1099511628211u;
	return h;
}

static bool is_blank(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] != ' ' && at[i] != '\t' && at[i] != '\r')
			return false;
	return true;
}

static bool begins(const char *at, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(at, with, n) == 0;
}

typedef int line_fn(void *arg, uint64_t key, struct error *err);

/* Where we are in a patch. Only hunks have lines that begin with + or - and mean it. */
struct patch {
	uint64_t file; /* key of its "diff --git" line */
	uint64_t blob; /* of its "index" line, what is behind the dots */
	bool hunk;
};

/* The key of a line that counts; 0 for any other. */
static uint64_t read_line(struct patch *p, const char *at, size_t len)
{
	const char *dots;

	if (begins(at, len, "diff --git ")) {
		*p = (struct patch){ .file = mix(14695981039346656037u, at, len) };
		return 0;
	}
	if (begins(at, len, "@@"))
		p->hunk = true;
	if (p->hunk)
		return len && (at[0] == '+' || at[0] == '-') && !is_blank(at + 1, len - 1)
			? mix(p->file, at, len)
			: 0;
	dots = begins(at, len, "index ") ? memchr(at, '.', len) : NULL;
	if (dots)
		p->blob = mix(p->file, dots, (size_t)(at + len - dots));
	if (begins(at, len, "new mode "))
		return mix(p->file, at, len);
	return begins(at, len, "Binary files ") ? p->blob : 0;
}

/* Calls fn with the key of each changed line of one patch or several. */
static int each_line(const struct buf *text, line_fn *fn, void *arg, struct error *err)
{
	struct patch p = { .hunk = false };
	int rc = 0;

	for (const char *at = text->data, *end = text->data + text->len; rc == 0 && at < end;) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((nl ? nl : end) - at);
		uint64_t key = read_line(&p, at, len);

		if (key)
			rc = fn(arg, key, err);
		at = nl ? nl + 1 : end;
	}
	return rc;
}

static int add_wanted(void *arg, uint64_t key, struct error *err)
{
	struct lines *l = arg;

	if (!ARRAY_GROW(l->v, l->n, l->cap))
		return error_nomem(err);
	l->v[l->n++] = (struct line){ .key = key, .want = 1 };
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct line *la = a, *lb = b;

	return (la->key > lb->key) - (la->key < lb->key);
}

static void sort_wanted(struct lines *l)
{
	size_t n = 0;

	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof(*l->v), by_key);
	for (size_t i = 1; i < l->n; i++) {
		if (l->v[i].key == l->v[n].key)
			l->v[n].want++;
		else
			l->v[++n] = l->v[i];
	}
	l->n = n + 1;
}

static int take_line(void *arg, uint64_t key, struct error *err)
{
	struct lines *l = arg;
	struct line want = { .key = key };
	struct line *found = l->n ? bsearch(&want, l->v, l->n, sizeof(*l->v), by_key) : NULL;

	(void)err;
	if (found && found->have < found->want)
		found->have++;
	return 0;
}

static bool most_taken(const struct lines *l)
{
	uint64_t want = 0, have = 0;

	for (size_t i = 0; i < l->n; i++) {
		want += l->v[i].want;
		have += l->v[i].have;
	}
	return 2 * have > want;
}

#define PATCH                                                                                      \
	GIT_WORDS("-p", "-U0", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv",     \
		"--no-renames")

static int read_wanted(
	struct facts *f, const char *fork, const char *tip, struct lines *l, struct error *err)
{
	struct git_cmd cmd = { .args = { GIT_WORDS("diff-tree", "-r"), PATCH,
				       GIT_WORD("--end-of-options"), GIT_OID(fork), GIT_OID(tip),
				       GIT_WORD("--") } };
	struct buf text = BUF_INIT;
	int status, rc = facts_ask(f, &cmd, &text, &status, err);

	if (rc == 0)
		rc = each_line(&text, add_wanted, l, err);
	if (rc == 0)
		sort_wanted(l);
	buf_release(&text);
	return rc;
}

static int read_paths(
	struct facts *f, const char *fork, const char *tip, struct buf *out, struct error *err)
{
	struct git_cmd cmd = { .args = { GIT_WORDS("diff-tree", "-r", "-z", "--name-only",
						 "--no-renames", "--end-of-options"),
				       GIT_OID(fork), GIT_OID(tip), GIT_WORD("--") } };
	int status;

	return facts_ask(f, &cmd, out, &status, err);
}

int facts_resembles(struct facts *f, const char *base, const char *fork, const char *tip,
	const char *since, bool *out, struct error *err)
{
	struct git_cmd cmd = { .args = { GIT_WORDS("--literal-pathspecs", "log", "--first-parent",
						 "-m", "--format=%x01"),
				       PATCH } };
	struct buf paths = BUF_INIT, text = BUF_INIT;
	struct lines wanted = { NULL, 0, 0 };
	size_t n = 0, count = 0;
	int status, rc;

	while (cmd.args[n].text)
		n++;
	rc = read_wanted(f, fork, tip, &wanted, err);
	if (rc == 0 && wanted.n)
		rc = read_paths(f, fork, tip, &paths, err);
	if (rc < 0 || !wanted.n)
		goto out;
	for (size_t at = 0; at < paths.len; at += strlen(paths.data + at) + 1)
		count++;
	if (count > PATHS_MAX)
		cmd.args[n++] = GIT_OPTION(UNLIMITED_MAX);
	cmd.args[n++] = GIT_OID(base);
	cmd.args[n++] = GIT_WORD("--not");
	cmd.args[n++] = GIT_OID(tip);
	if (since)
		cmd.args[n++] = GIT_OID(since);
	cmd.args[n++] = GIT_WORD("--");
	for (size_t at = 0; count <= PATHS_MAX && at < paths.len; at += strlen(paths.data + at) + 1)
		cmd.args[n++] = GIT_PATH(paths.data + at);
	rc = facts_ask(f, &cmd, &text, &status, err);
	if (rc == 0)
		rc = each_line(&text, take_line, &wanted, err);
	if (rc == 0)
		*out = most_taken(&wanted);
out:
	free(wanted.v);
	buf_release(&paths);
	buf_release(&text);
	return rc;
}
