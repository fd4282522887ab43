#include "git/commits.h"

#include <stdlib.h>

#include "git/gitcmd.h"

int git_is_ancestor(const char *dir, const char *a, const char *b, bool *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("merge-base", "--is-ancestor", "--end-of-options"), GIT_OID(a),
			GIT_OID(b) } };
	int status, r = git_run(&cmd, NULL, NULL, &status, err);

	if (r == 0)
		*out = status == 0;
	return r;
}

int git_merge_base(
	const char *dir, const char *a, const char *b, struct buf *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("merge-base", "--end-of-options"), GIT_OID(a), GIT_OID(b) } };
	struct buf text = BUF_INIT;
	int status, r = git_run(&cmd, &text, NULL, &status, err);

	git_chomp(&text);
	if (r == 0 && !status)
		buf_adds(out, text.data);
	if (r == 0)
		r = text.failed ? error_nomem(err) : buf_check(out, err);
	buf_release(&text);
	return r;
}

int git_has_commit(const char *dir, const char *oid, bool *out, struct error *err)
{
	struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("cat-file", "-e", "--end-of-options") } };
	struct buf name = BUF_INIT;
	int status, r;

	buf_addf(&name, "%s^{commit}", oid);
	git_add(&cmd, GIT_REV(name.data));
	r = buf_check(&name, err);
	if (r == 0)
		r = git_run(&cmd, NULL, NULL, &status, err);
	if (r == 0)
		*out = status == 0;
	buf_release(&name);
	return r;
}

int git_count_beside(const char *dir, const char *branch, uint64_t *out, struct error *err)
{
	struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("rev-list", "--count", "HEAD", "--not") } };
	struct buf ref = BUF_INIT, text = BUF_INIT;
	int r;

	buf_addf(&ref, "refs/heads/%s", branch);
	git_add(&cmd, GIT_REF(ref.data));
	r = buf_check(&ref, err);
	if (r == 0)
		r = git_must(&cmd, &text, err);
	if (r == 0)
		r = buf_check(&text, err);
	if (r == 0)
		*out = strtoull(text.data, NULL, 10);
	buf_release(&ref);
	buf_release(&text);
	return r;
}

int git_show_commit(const char *const dirs[], size_t n, const char *oid,
	enum git_commit_format format, struct buf *out, bool *found_out, struct error *err)
{
	int status = 1, r = 0;

	for (size_t i = 0; i < n && status && r == 0; i++) {
		const struct git_cmd cmd = { .dir = dirs[i],
			.args = { GIT_WORDS("log", "-1", "--no-show-signature"),
				format == GIT_COMMIT_TIME ? GIT_WORD("--format=%ct")
							  : GIT_WORD("--format=%P%n%s"),
				GIT_WORD("--end-of-options"), GIT_OID(oid), GIT_WORD("--") } };

		if (!dirs[i])
			continue;
		buf_clear(out);
		r = git_run(&cmd, out, NULL, &status, err);
	}
	git_chomp(out);
	if (r == 0)
		*found_out = status == 0;
	return r < 0 ? r : buf_check(out, err);
}
