/* The program minsky: finds the command, runs it, prints its answer or its error. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "backends/registry.h"
#include "cli/app.h"
#include "cli/pager.h"
#include "core/text.h"

static void list_commands(struct buf *out, int argc, const char **argv)
{
	buf_adds(out, "commands:\n");
	for (const struct cmd *const *repo = cmd_table; *repo; repo++)
		if (!(*repo)->hidden && cmd_begins_with((*repo)->name, argc, argv))
			buf_addf(out, "  %-24s  %s\n", (*repo)->name, (*repo)->summary);
}

static void print_overview(struct app *app)
{
	buf_adds(&app->out,
		"minsky: isolated git workspaces, one per task, with a journal\n\n"
		"usage: minsky COMMAND [arguments] [options]\n\n");
	list_commands(&app->out, 0, NULL);
	buf_adds(&app->out,
		"\n"
		"Run 'minsky COMMAND -h' for a summary of a command, 'minsky help COMMAND' for its "
		"manual page.\n");
}

static bool is_group(int argc, const char **argv)
{
	for (const struct cmd *const *repo = cmd_table; *repo; repo++)
		if (cmd_begins_with((*repo)->name, argc, argv))
			return true;
	return false;
}

/* "session" alone, "session -h", or "session lst". */
static int unknown_command(struct app *app, int argc, const char **argv, struct error *err)
{
	struct buf given = BUF_INIT, group = BUF_INIT;
	int words = 0, known;

	while (words < argc && argv[words][0] != '-')
		words++;
	for (known = words; known && !is_group(known, argv);)
		known--;
	if (known && known == words && words < argc &&
		(strcmp(argv[words], "-h") == 0 || strcmp(argv[words], "--help") == 0)) {
		list_commands(&app->out, words, argv);
		return 0;
	}
	for (int i = 0; i < known; i++)
		buf_addf(&group, "%s ", argv[i]);
	for (int i = 0; i <= known && i < words; i++)
		buf_addf(&given, "%s%s", i ? " " : "", argv[i]);
	if (known && known == words)
		error_set(err, ERR_USAGE, "'%s' requires a command", given.data);
	else
		error_set(err, ERR_USAGE, "there is no command '%s'", given.data);
	error_hint(err, "'minsky %s-h' lists the commands", group.data);
	buf_release(&given);
	buf_release(&group);
	return err->code;
}

static int run_command(struct app *app, int argc, const char **argv, struct error *err)
{
	int words, r;

	app->cmd = cmd_find(argc, argv, &words);
	if (!app->cmd)
		return unknown_command(app, argc, argv, err);
	argc -= words;
	argv += words;
	r = option_parse(
		app->cmd->options, app_common_options(app, app->cmd->json), argc, argv, &argc, err);
	if (app->help) {
		error_clear(err);
		app_usage(&app->out, app->cmd);
		return 0;
	}
	if (r < 0)
		return r;
	if (argc < app->cmd->min_args)
		return error_set(
			err, ERR_USAGE, "'minsky %s' requires %s", app->cmd->name, app->cmd->usage);
	if (argc > app->cmd->max_args)
		return error_set(err, ERR_USAGE, "'minsky %s' does not take the argument '%s'",
			app->cmd->name, argv[app->cmd->max_args]);
	return app->cmd->run(app, argc, argv, err);
}

static void print_error_json(struct app *app, const struct error *err)
{
	struct jsonw w;

	buf_clear(&app->out);
	app_json_begin(app, &w);
	jsonw_kstring(&w, "category", error_name(err->code));
	jsonw_kstring(&w, "reason", error_reason_of(err));
	jsonw_ku64(&w, "code", (uint64_t)error_exit_status(err->code));
	jsonw_kstring(&w, "message", err->msg);
	jsonw_kstring_opt(&w, "hint", err->hint);
	jsonw_kstring_opt(&w, "said", err->said);
	if (app->n_reasons) {
		jsonw_key(&w, "reasons");
		jsonw_begin_array(&w);
		for (size_t i = 0; i < app->n_reasons; i++) {
			jsonw_begin_object(&w);
			jsonw_kstring(&w, "category", app->reasons[i].category);
			jsonw_kstring(&w, "text", app->reasons[i].text);
			jsonw_end_object(&w);
		}
		jsonw_end_array(&w);
	}
	app_json_end(app, &w);
}

static void print_error(struct app *app, const struct error *err)
{
	struct buf line = BUF_INIT;

	buf_adds(&line, "minsky: ");
	text_add_line(&line, err->msg, strlen(err->msg));
	buf_addch(&line, '\n');
	app_add_said(&line, err->said);
	for (size_t i = 0; i < app->n_reasons; i++) {
		buf_addf(&line, "  %s: ", app->reasons[i].category);
		text_add_line(&line, app->reasons[i].text, strlen(app->reasons[i].text));
		buf_addch(&line, '\n');
	}
	if (err->code == ERR_USAGE && app->cmd && !err->hint[0]) {
		app_usage_line(&line, app->cmd);
		buf_addch(&line, '\n');
	}
	if (err->hint[0]) {
		buf_adds(&line, "hint: ");
		text_add_line(&line, err->hint, strlen(err->hint));
		buf_addch(&line, '\n');
	}
	if (!line.failed)
		fputs(line.data, stderr);
	buf_release(&line);
}

/* A file that we open must never land on 0, 1 or 2, where a stray message would go into it. */
static void keep_standard_fds(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	while (fd >= 0 && fd <= 2) {
		(void)fcntl(fd, F_SETFD, 0);
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	if (fd > 2)
		close(fd);
}

static int global_options(struct app *app, int *argc, const char ***argv, struct error *err)
{
	while (*argc && (*argv)[0][0] == '-') {
		const char *word = (*argv)[0];

		if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
			app->help = true;
		} else if (strcmp(word, "--version") == 0) {
			*argc = 1;
			(*argv)[0] = "version";
			return 0;
		} else if (strcmp(word, "-C") == 0 && *argc > 1) {
			if (chdir((*argv)[1]) < 0) {
				int r = error_errno(err, "cannot change to '%s'", (*argv)[1]);

				if (errno == ENOENT || errno == ENOTDIR)
					r = err->code = ERR_NOTFOUND;
				return r;
			}
			(*argc)--;
			(*argv)++;
		} else {
			error_set(err, ERR_USAGE, "unknown option '%s'", word);
			return error_hint(err, "'minsky -h' lists the commands");
		}
		(*argc)--;
		(*argv)++;
	}
	return 0;
}

/* The error document is wanted also when the command line itself does not parse. */
static bool asks_json(int argc, const char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static void print_trace(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "trace: %s\n", line);
}

/* MINSKY_TRACE_BACKEND=1 */
static bool wants_trace(void)
{
	const char *value = getenv("MINSKY_TRACE_BACKEND");

	return value && strcmp(value, "1") == 0;
}

/* A terminal that knows no sequences. */
static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") == 0;
}

int main(int argc, char **argv)
{
	struct app app = { .out = BUF_INIT, .program = BUF_INIT };
	struct error err = ERROR_INIT, late = ERROR_INIT;
	const char **words = (const char **)argv + 1;
	bool json;
	int status = 0, r;

	keep_standard_fds();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	app.color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && !is_dumb();
	app.tty_err = isatty(STDERR_FILENO);
	app.tty_in = isatty(STDIN_FILENO) && app.tty_err;
	if (wants_trace())
		registry_trace(print_trace, NULL);
	argc--;
	json = asks_json(argc, words);
	r = global_options(&app, &argc, &words, &err);
	if (r == 0 && !argc) {
		print_overview(&app);
		status = app.help ? 0 : 2;
	} else if (r == 0) {
		r = run_command(&app, argc, words, &err);
	}
	registry_close_all();
	/* A reader that has gone away (head, less) is no failure of ours. */
	if (r < 0 && app.gone)
		r = 0;
	if (r < 0) {
		status = error_exit_status(err.code);
		if (json || app.json)
			print_error_json(&app, &err);
		else
			print_error(&app, &err);
	} else if (app.damaged) {
		status = error_exit_status(ERR_CORRUPT);
	} else if (app.unwell) {
		status = 1;
	}
	if (status == 2 && r == 0) {
		fputs(app.out.data, stderr);
		buf_clear(&app.out);
	}
	if (!pager_show(&app) && app_flush(&app, &late) < 0 && !app.gone) {
		fprintf(stderr, "minsky: %s\n", late.msg);
		status = 1;
	}
	app_release(&app);
	return status;
}
