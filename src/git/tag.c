#include "git/tag.h"

#include "git/gitcmd.h"
#include "git/refs.h"

int git_tag_make(
	const char *dir, const char *tag, const struct buf *text, bool sign, struct error *err)
{
	struct git_cmd hash = { .dir = dir,
		.args = { GIT_WORDS("hash-object", "-w", "--stdin") },
		.input = text->data,
		.input_len = text->len };
	struct git_cmd make = { .dir = dir,
		.args = { GIT_WORDS("tag", "-a", "--cleanup=verbatim", "-F", "-"),
			GIT_BRANCH(tag) },
		.input = text->data,
		.input_len = text->len,
		.talk = sign };
	struct buf blob = BUF_INIT;
	int r = git_must(&hash, &blob, err);

	git_chomp(&blob);
	if (sign)
		make.args[1] = GIT_WORD("-s");
	make.args[6] = GIT_OID(blob.data);
	if (r == 0)
		r = blob.failed ? error_nomem(err) : git_must(&make, NULL, err);
	buf_release(&blob);
	return r;
}

int git_tag_move(const char *dir, const char *tag, const char *ref, struct error *err)
{
	const struct git_cmd drop = { .dir = dir,
		.args = { GIT_WORDS("tag", "-d"), GIT_BRANCH(tag) } };
	struct git_cmd oid = { .dir = dir, .args = { GIT_WORD("rev-parse") } };
	struct error ignored = ERROR_INIT;
	struct buf from = BUF_INIT, value = BUF_INIT;
	int r;

	buf_addf(&from, "refs/tags/%s", tag);
	git_add(&oid, GIT_REF(from.data));
	r = from.failed ? error_nomem(err) : git_must(&oid, &value, err);
	git_chomp(&value);
	if (r == 0)
		r = buf_check(&value, err);
	if (r == 0)
		r = git_make_ref(dir, ref, value.data, err);
	(void)git_must(&drop, NULL, &ignored);
	buf_release(&from);
	buf_release(&value);
	return r;
}

int git_tag_read(const char *dir, const char *ref, struct buf *oid_out, struct buf *text_out,
	struct error *err)
{
	struct git_cmd parse = { .dir = dir,
		.args = { GIT_WORDS("rev-parse", "--verify", "--quiet", "--end-of-options") } };
	struct git_cmd cat = { .dir = dir, .args = { GIT_WORDS("cat-file", "tag") } };
	struct buf spec = BUF_INIT;
	int status = 0, r;

	buf_addf(&spec, "%s%s^{tag}", strncmp(ref, "refs/", 5) == 0 ? "" : "refs/tags/", ref);
	git_add(&parse, GIT_REV(spec.data));
	r = spec.failed ? error_nomem(err) : git_run(&parse, oid_out, NULL, &status, err);
	git_chomp(oid_out);
	if (r == 0)
		r = status ? error_set(err, ERR_NOTFOUND, "there is no tag '%s'", ref)
			   : buf_check(oid_out, err);
	git_add(&cat, GIT_OID(oid_out->data));
	if (r == 0)
		r = git_must(&cat, text_out, err);
	buf_release(&spec);
	return r < 0 ? r : buf_check(text_out, err);
}

int git_tag_verify(const char *dir, const char *oid, bool *good_out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir, .args = { GIT_WORD("verify-tag"), GIT_OID(oid) } };
	int status, r = git_run(&cmd, NULL, NULL, &status, err);

	if (r == 0)
		*good_out = status == 0;
	return r;
}
