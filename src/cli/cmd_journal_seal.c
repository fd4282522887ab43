/* minsky journal seal */
#include "cli/open.h"
#include "repo/seal.h"

static const char *repo_path, *tag, *ref;
static bool sign;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "tag", &tag, "NAME", "name of the tag (default: minsky/seal/TIME-N)" },
	{ OPTION_STRING, 0, "ref", &ref, "REF", "write the seal to this ref instead of a tag" },
	{ OPTION_FLAG, 's', "sign", &sign, NULL, "sign the tag, as git tag --sign does" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static void print_result(struct app *app, const char *name)
{
	struct jsonw w;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "ref", name);
		jsonw_kbool(&w, "signed", sign);
		app_json_end(app, &w);
		return;
	}
	app_text(app, name);
	buf_addch(&app->out, '\n');
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct buf name = BUF_INIT;
	int r = open_repo(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !repo.known)
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
	if (r == 0 && tag && ref)
		r = error_set(err, ERR_USAGE, "--tag and --ref cannot be used together");
	if (r == 0 && (tag ? tag[0] == '-' : ref && strncmp(ref, "refs/", 5) != 0))
		r = error_set(
			err, ERR_USAGE, "'%s' is not a valid name for a seal", tag ? tag : ref);
	if (r == 0)
		r = seal_make(&repo, tag, ref, sign, &name, err);
	if (r == 0)
		print_result(app, name.data);
	buf_release(&name);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_journal_seal = {
	.name = "journal seal",
	.summary = "record the end of the journal in a tag, to detect later changes",
	.options = options,
	.json = true,
	.run = run,
};
