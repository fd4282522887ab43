#include "git/refs.h"

#include "git/gitcmd.h"

int git_ref_exists(const char *dir, const char *ref, bool *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("show-ref", "--verify", "--quiet", "--"), GIT_REF(ref) } };
	int status, r = git_run(&cmd, NULL, NULL, &status, err);

	if (r == 0)
		*out = status == 0;
	return r;
}

int git_set_ref(const char *dir, const char *ref, const char *oid, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = {
			GIT_WORDS("update-ref", "--end-of-options"), GIT_REF(ref), GIT_OID(oid) } };

	return git_must(&cmd, NULL, err);
}

int git_make_ref(const char *dir, const char *ref, const char *oid, struct error *err)
{
	static const char nothing[] = "0000000000000000000000000000000000000000";
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("update-ref", "--end-of-options"), GIT_REF(ref), GIT_OID(oid),
			strlen(oid) == 40 ? GIT_OID(nothing) : GIT_WORD("") } };

	return git_must(&cmd, NULL, err);
}

int git_delete_ref(const char *dir, const char *ref, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("update-ref", "-d", "--end-of-options"), GIT_REF(ref) } };

	return git_must(&cmd, NULL, err);
}

int git_update_refs(const char *dir, const struct buf *input, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("update-ref", "--stdin") },
		.input = input->data,
		.input_len = input->len };

	return git_must(&cmd, NULL, err);
}

int git_refs_containing(
	const char *dir, const char *prefix, const char *oid, struct buf *out, struct error *err)
{
	struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("for-each-ref", "--format=%(refname)") } };
	struct buf contains = BUF_INIT;
	int status = 0, r;

	buf_addf(&contains, "--contains=%s", oid);
	git_add(&cmd, GIT_OPTION(contains.data));
	git_add(&cmd, GIT_PATTERN(prefix));
	r = buf_check(&contains, err);
	if (r == 0)
		r = git_run(&cmd, out, NULL, &status, err);
	if (r == 0 && status)
		buf_clear(out);
	buf_release(&contains);
	return r < 0 ? r : buf_check(out, err);
}

int git_head_ref(const char *dir, struct buf *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("symbolic-ref", "--quiet", "HEAD") } };
	int status, r = git_run(&cmd, out, NULL, &status, err);

	git_chomp(out);
	return r < 0 ? r : buf_check(out, err);
}

int git_rename_branch(const char *dir, const char *from, const char *to, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("branch", "-m", "--"), GIT_BRANCH(from), GIT_BRANCH(to) } };

	return git_must(&cmd, NULL, err);
}

int git_checked_out_at(const char *dir, const char *branch, struct buf *out, struct error *err)
{
	struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("for-each-ref", "--format=%(worktreepath)") } };
	struct buf ref = BUF_INIT;
	int r;

	buf_addf(&ref, "refs/heads/%s", branch);
	git_add(&cmd, GIT_PATTERN(ref.data));
	r = buf_check(&ref, err);
	if (r == 0)
		r = git_must(&cmd, out, err);
	git_chomp(out);
	buf_release(&ref);
	return r < 0 ? r : buf_check(out, err);
}

int git_read_head_config(const char *dir, struct buf *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("cat-file", "blob", "HEAD:.minsky/config.yaml") } };
	int status, r = git_run(&cmd, out, NULL, &status, err);

	if (r == 0 && status)
		buf_clear(out);
	return r;
}
