/* minsky session pr create, pr get */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/open.h"
#include "cli/output.h"
#include "cli/pr_cmd.h"
#include "core/fs.h"
#include "session/pr_create.h"
#include "session/pr_refresh.h"

#define BODY_MAX (1024 * 1024)

static const char *title, *body, *body_file, *repo_path;
static bool fetch;

static const struct option_desc create_options[] = {
	{ OPTION_STRING, 0, "title", &title, "TEXT", "first line of the commit message" },
	{ OPTION_STRING, 0, "body", &body, "TEXT", "rest of the commit message" },
	{ OPTION_STRING, 0, "body-file", &body_file, "FILE",
		"read the rest of the commit message from a file; - is stdin" },
	{ OPTION_FLAG, 0, "fetch", &fetch, NULL, "fetch the base branch from the remote first" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc get_options[] = {
	{ OPTION_FLAG, 0, "fetch", &fetch, NULL,
		"fetch the base and the PR branch from the remote first" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

int pr_cmd_print(struct repo *repo, const struct session *s, const char *outcome, struct error *err)
{
	const struct pr *pr = session_pr(s);
	struct app *app = app_of(repo);

	if (app->json)
		return output_outcome_json(repo, outcome, s, err);
	if (!pr)
		return output_gone(s, err);
	buf_addf(&app->out, "%-12s", "pr");
	output_pr_line(app, pr, 0);
	buf_addch(&app->out, '\n');
	app_row(app, "title", pr->title);
	app_row(app, "head", pr->head);
	app_row(app, "base", pr->base);
	app_row(app, "session", s->name);
	return 0;
}

/* A pipe will do as well as a file: people write --body-file - and <(...). */
static int read_body(const char *path, struct buf *out, struct error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char chunk[16384];
	ssize_t n = 1;
	int r = 0;

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_NOTFOUND, "there is no file '%s'", path);
	if (fd < 0)
		return error_errno(err, "cannot open '%s'", path);
	while (r == 0 && n) {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		else if (n < 0 && errno != EINTR)
			r = error_errno(err, "cannot read '%s'", path);
		if (r == 0 && out->len > BODY_MAX)
			r = error_set(
				err, ERR_USAGE, "'%s' is larger than %d bytes", path, BODY_MAX);
	}
	if (!is_stdin)
		close(fd);
	return r < 0 ? r : buf_check(out, err);
}

static int read_request(struct pr_request *req, struct buf *file, struct error *err)
{
	int r;

	*req = (struct pr_request){ .title = title, .fetch = fetch };
	if (title && (!title[strspn(title, " \t\r\v\f")] || strchr(title, '\n')))
		return error_set(err, ERR_USAGE, "the title must be one line that is not empty");
	if (body && body_file)
		return error_set(err, ERR_USAGE, "--body and --body-file cannot be used together");
	if (body_file) {
		r = read_body(body_file, file, err);
		if (r < 0)
			return r;
		req->body = file->data;
		req->body_len = file->len;
	} else if (body) {
		req->body = body;
		req->body_len = strlen(body);
	}
	if (req->body && memchr(req->body, '\0', req->body_len))
		return error_set(err, ERR_USAGE, "the body contains a NUL byte");
	return 0;
}

static int run_create(struct app *app, int argc, const char **argv, struct error *err)
{
	static const char *const outcomes[] = {
		[PR_MADE] = "created", [PR_REFRESHED] = "refreshed", [PR_UNCHANGED] = "unchanged"
	};
	struct pr_result result = { .made = PR_UNCHANGED };
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	struct buf file = BUF_INIT;
	struct pr_request req;
	int r = read_request(&req, &file, err);

	if (r == 0)
		r = open_session(&repo, app, repo_path, argc ? argv[0] : NULL, &s, err);
	if (r == 0) {
		r = pr_create(&repo, &s, &req, &result, err);
		app_outcome(app, &result.outcome);
	}
	if (r == 0) {
		app_say(app, "PR of '%s' %s", s.name, outcomes[result.made]);
		r = pr_cmd_print(&repo, &s, outcomes[result.made], err);
	}
	outcome_release(&result.outcome);
	session_release(&s);
	repo_release(&repo);
	buf_release(&file);
	return r;
}

static int run_get(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	int r = open_session(&repo, app, repo_path, argc ? argv[0] : NULL, &s, err);

	if (r == 0)
		r = fetch ? pr_fetch(&repo, &s, err) : 0;
	if (r == 0)
		r = pr_refresh(&repo, &s, fetch ? PR_REFRESH_FETCHED : PR_REFRESH_USUAL, err);
	if (r == 0 && !session_pr(&s)) {
		r = error_set(err, ERR_NOTFOUND, "session '%s' has no PR", s.name);
		error_hint(err, "create one: minsky session pr create");
	}
	if (r == 0)
		r = pr_cmd_print(&repo, &s, NULL, err);
	session_release(&s);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_pr_create = {
	.name = "session pr create",
	.summary = "create or refresh a session's PR: a prepared merge on a branch",
	.usage = "[NAME|ID|TASK]",
	.details = "The branch pr/NAME gets a merge commit of the session's branch into the base. "
		   "Nothing is\n"
		   "checked out or merged. Run the command again after more commits, or when the "
		   "base has moved;\n"
		   "the title and the body are kept unless they are given.",
	.options = create_options,
	.max_args = 1,
	.json = true,
	.run = run_create,
};
const struct cmd cmd_session_pr_get = {
	.name = "session pr get",
	.summary = "show the PR of a session",
	.usage = "[NAME|ID|TASK]",
	.details = "The state of the remote is that of the last fetch, as 'checked' shows; --fetch "
		   "updates it.",
	.options = get_options,
	.max_args = 1,
	.json = true,
	.run = run_get,
};
