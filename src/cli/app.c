#include "cli/app.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "core/array.h"
#include "core/fs.h"
#include "core/text.h"

const struct option_desc *app_common_options(struct app *app, bool json)
{
	static struct option_desc table[5];
	size_t n = 0;

	if (json)
		table[n++] = (struct option_desc){ OPTION_FLAG, 0, "json", &app->json, NULL,
			"print one JSON document" };
	table[n++] = (struct option_desc){ OPTION_LIST, 'c', "config", &app->settings, "KEY=VALUE",
		"override a setting" };
	table[n++] = (struct option_desc){ OPTION_FLAG, 0, "require-backend",
		&app->caller.require_backend, NULL, "fail if the team's database does not answer" };
	table[n++] = (struct option_desc){ OPTION_FLAG, 'h', "help", &app->help, NULL,
		"show this help" };
	table[n] = (struct option_desc){ .kind = OPTION_END };
	return table;
}

void app_release(struct app *app)
{
	buf_release(&app->out);
	buf_release(&app->program);
	for (size_t i = 0; i < app->n_reasons; i++) {
		free(app->reasons[i].category);
		free(app->reasons[i].text);
	}
	free(app->reasons);
	free(app->pager);
	app->reasons = NULL;
	app->pager = NULL;
	app->n_reasons = 0;
}

PRINTFLIKE(1, 0) static void say(const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT;
	char text[2048];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	buf_adds(&line, "minsky: ");
	text_add_line(&line, text, strlen(text));
	if (!line.failed)
		fprintf(stderr, "%s\n", line.data);
	buf_release(&line);
}

void app_say(struct app *app, const char *fmt, ...)
{
	va_list ap;

	if (app->quiet)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void app_warn(struct app *app, const char *fmt, ...)
{
	va_list ap;

	app->warned = true;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void app_pad(struct app *app, size_t start, size_t width)
{
	size_t used = text_width(app->out.data + start, app->out.len - start);

	if (used < width)
		buf_addf(&app->out, "%*s", (int)(width - used), "");
}

void app_add_said(struct buf *out, const char *said)
{
	while (*said) {
		size_t len = strcspn(said, "\n");

		buf_adds(out, "  | ");
		text_add_visible(out, said, len);
		buf_addch(out, '\n');
		said += len + (said[len] == '\n');
	}
}

bool app_talks(const struct app *app)
{
	return app->tty_err && !app->quiet && !app->json;
}

int app_flush(struct app *app, struct error *err)
{
	int r = buf_check(&app->out, err);

	if (r == 0 && app->out.len)
		r = fs_write_all(STDOUT_FILENO, app->out.data, app->out.len, err);
	buf_clear(&app->out);
	if (r < 0) {
		app->gone = r == ERR_IO && errno == EPIPE;
		error_wrap(err, "standard output");
	}
	return r;
}

int app_add_reason(struct app *app, const char *category, const char *text, struct error *err)
{
	char *c, *t;

	if (!ARRAY_GROW_SHORT(app->reasons, app->n_reasons))
		return error_nomem(err);
	c = strdup(category);
	t = strdup(text);
	if (!c || !t) {
		free(c);
		free(t);
		return error_nomem(err);
	}
	app->reasons[app->n_reasons++] = (struct reason){ c, t };
	return 0;
}

bool app_confirm(struct app *app, const char *fmt, ...)
{
	char question[1024], answer[16];
	struct buf shown = BUF_INIT;
	va_list ap;

	if (!app->tty_in)
		return false;
	va_start(ap, fmt);
	(void)vsnprintf(question, sizeof(question), fmt, ap);
	va_end(ap);
	text_add_line(&shown, question, strlen(question));
	fprintf(stderr, "%s [y/N] ", shown.data);
	buf_release(&shown);
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 || strcmp(answer, "yes") == 0;
}

void app_json_begin(struct app *app, struct jsonw *w)
{
	jsonw_init(w, &app->out, false);
	jsonw_begin_object(w);
	jsonw_ku64(w, "schema", APP_SCHEMA);
}

void app_json_end(struct app *app, struct jsonw *w)
{
	jsonw_end_object(w);
	buf_addch(&app->out, '\n');
}

void app_text(struct app *app, const char *text)
{
	text_add_line(&app->out, text, strlen(text));
}

void app_row(struct app *app, const char *label, const char *value)
{
	if (!value || !*value)
		return;
	buf_addf(&app->out, "%-12s", label);
	app_text(app, value);
	buf_addch(&app->out, '\n');
}

void app_count(struct app *app, uint64_t n, const char *what)
{
	buf_addf(&app->out, "%llu %s%s", (unsigned long long)n, what, n == 1 ? "" : "s");
}

void app_usage_line(struct buf *out, const struct cmd *cmd)
{
	buf_addf(out, "usage: minsky %s", cmd->name);
	if (cmd->usage && *cmd->usage)
		buf_addf(out, " %s", cmd->usage);
	buf_adds(out, " [options]");
}

void app_usage(struct buf *out, const struct cmd *cmd)
{
	struct app unused = { .json = false };

	app_usage_line(out, cmd);
	buf_addf(out, "\n\n%s\n\noptions:\n", cmd->summary);
	option_usage(out, cmd->options);
	option_usage(out, app_common_options(&unused, cmd->json));
	if (cmd->details)
		buf_addf(out, "\n%s\n", cmd->details);
}

const struct cmd *cmd_find(int argc, const char **argv, int *words_out)
{
	const struct cmd *best = NULL;

	*words_out = 0;
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		const char *p = (*c)->name;
		int words = 0;

		while (*p && words < argc) {
			size_t len = strcspn(p, " ");

			if (strlen(argv[words]) != len || strncmp(argv[words], p, len) != 0)
				break;
			words++;
			p += len;
			p += *p == ' ';
		}
		if (!*p && words > *words_out) {
			best = *c;
			*words_out = words;
		}
	}
	return best;
}

bool cmd_begins_with(const char *name, int argc, const char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t len = strlen(argv[i]);

		if (strncmp(name, argv[i], len) != 0 || (name[len] && name[len] != ' '))
			return false;
		name += len + (name[len] == ' ');
	}
	return true;
}
