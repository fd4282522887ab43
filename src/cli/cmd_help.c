/* minsky help, version, completion */
#include <errno.h>
#include <unistd.h>

#include "cli/app.h"
#include "cli/open.h"
#include "core/fs.h"

static const struct option_desc options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* "session pr" of "session pr create": is there a command that begins so? */
static bool is_command(const char *words)
{
	size_t n = strlen(words);

	for (const struct cmd *const *repo = cmd_table; *repo; repo++)
		if (strncmp((*repo)->name, words, n) == 0 &&
			((*repo)->name[n] == '\0' || (*repo)->name[n] == ' ' || !n))
			return true;
	return false;
}

/* The file of a page below a directory of manual pages, whatever its section; `out` is cleared. */
static bool find_page(struct buf *out, const char *man_dir, const char *page)
{
	static const char sections[] = "157";

	for (const char *s = sections; *s; s++) {
		buf_clear(out);
		buf_addf(out, "%s/man%c/%s.%c", man_dir, *s, page, *s);
		if (!out->failed && access(out->data, R_OK) == 0)
			return true;
	}
	return false;
}

/* <prefix>/bin/minsky -> <prefix>/share/man: an installation may be moved as a whole. */
static int man_beside(struct buf *out, struct error *err)
{
	int r = fs_realpath("/proc/self/exe", out, err);

	if (r < 0)
		return r;
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(out->data, '/');

		buf_truncate(out, slash ? (size_t)(slash - out->data) : 0);
	}
	buf_adds(out, "/share/man");
	return buf_check(out, err);
}

/*
 * The manual page of a command is minsky-<its words>; man(1) shows it. The page that belongs to
 * this program comes first, so that a prefix which man does not search works too.
 */
static int run_help(struct app *app, int argc, const char **argv, struct error *err)
{
	struct buf words = BUF_INIT, page = BUF_INIT, dir = BUF_INIT, file = BUF_INIT;
	bool found = false;
	int r;

	buf_adds(&page, "minsky");
	for (int i = 0; i < argc; i++) {
		buf_addf(&words, "%s%s", i ? " " : "", argv[i]);
		buf_addf(&page, "-%s", argv[i]);
	}
	r = buf_check(&words, err);
	if (r == 0)
		r = buf_check(&page, err);
	if (r == 0)
		r = app_flush(app, err);
	if (r == 0)
		r = man_beside(&dir, err);
	if (r < 0)
		goto out;
	if (!strchr(page.data, '/'))
		found = find_page(&file, dir.data, page.data) ||
			find_page(&file, MINSKY_MANDIR, page.data);
	/* A group without a page, such as "session pr", is explained in the page of the one above.
	 */
	for (char *dash; !found && is_command(words.data) && (dash = strrchr(page.data, '-'));) {
		buf_truncate(&page, (size_t)(dash - page.data));
		found = find_page(&file, dir.data, page.data) ||
			find_page(&file, MINSKY_MANDIR, page.data);
	}
	if (!found && !is_command(words.data)) {
		r = error_set(err, ERR_NOTFOUND, "there is no command '%s'", words.data);
		error_hint(err, "'minsky -h' lists the commands");
		goto out;
	}
	execlp("man", "man", found ? file.data : page.data, (char *)NULL);
	r = error_errno(err, "cannot run man");
	error_hint(err, "use 'minsky COMMAND -h' instead, or read '%s'",
		found ? file.data : page.data);
out:
	buf_release(&words);
	buf_release(&page);
	buf_release(&dir);
	buf_release(&file);
	return r;
}

static int run_version(struct app *app, int argc, const char **argv, struct error *err)
{
	struct jsonw w;

	(void)argc;
	(void)argv;
	(void)err;
	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "version", MINSKY_VERSION);
		app_json_end(app, &w);
	} else {
		buf_adds(&app->out, "minsky " MINSKY_VERSION "\n");
	}
	return 0;
}

const struct cmd cmd_help = {
	.name = "help",
	.summary = "open the manual page of a command",
	.usage = "[COMMAND]",
	.options = options,
	.max_args = 3,
	.run = run_help,
};
const struct cmd cmd_version = {
	.name = "version",
	.summary = "print the version",
	.options = options,
	.json = true,
	.run = run_version,
};
