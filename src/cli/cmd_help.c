/* minsky help, version, completion */
#include <errno.h>
#include <unistd.h>

#include "cli/app.h"
#include "core/fs.h"

static const struct option_desc options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/*
 * The manual page of a command is minsky-<first words>(1); man(1) shows it. The page beside this
 * program comes first, so that a prefix which man does not search works too.
 */
static int run_help(struct app *app, int argc, const char **argv, struct error *err)
{
	struct buf page = BUF_INIT, file = BUF_INIT;
	const char *shown;
	int r;

	buf_adds(&page, "minsky");
	for (int i = 0; i < argc; i++)
		buf_addf(&page, "-%s", argv[i]);
	r = app_flush(app, err);
	if (r < 0)
		goto out;
	r = fs_realpath("/proc/self/exe", &file, err);
	if (r < 0)
		goto out;
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(file.data, '/');

		buf_truncate(&file, slash ? (size_t)(slash - file.data) : 0);
	}
	buf_addf(&file, "/share/man/man1/%s.1", page.data);
	if (access(file.data, R_OK) < 0) {
		buf_clear(&file);
		buf_addf(&file, "%s/man1/%s.1", MINSKY_MANDIR, page.data);
	}
	shown = access(file.data, R_OK) == 0 ? file.data : page.data;
	if (strchr(page.data, '/')) {
		r = error_set(err, ERR_NOTFOUND, "there is no command '%s'", argv[0]);
		goto out;
	}
	execlp("man", "man", shown, (char *)NULL);
	r = error_errno(err, "cannot start man");
	error_hint(err, "'minsky COMMAND -h' needs no man; the page is '%s'", shown);
out:
	buf_release(&page);
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
