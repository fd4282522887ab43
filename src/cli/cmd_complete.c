/*
 * minsky complete: what the shells' completion scripts ask. Its arguments are the words behind
 * "minsky", the last one being the one that the cursor is in. One candidate a line, a tab and what
 * it is; or the line ":files", for a place where the shell knows better.
 */
#include <unistd.h>

#include "backends/module.h"
#include "cli/config_here.h"
#include "cli/open.h"
#include "core/session.h"
#include "core/text.h"
#include "history/type.h"

/* Nobody waits longer for a word, whatever a server does. */
#define SECONDS 2

static const struct option_desc options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct completion {
	struct app *app;
	const char *word; /* what is there of it */
	bool any;
};

static void offer(
	struct completion *c, const char *before, const char *text, size_t len, const char *what)
{
	struct buf word = BUF_INIT;

	buf_adds(&word, before);
	buf_add(&word, text, len);
	if (!word.failed && strncmp(word.data, c->word, strlen(c->word)) == 0) {
		app_text(c->app, word.data);
		buf_addch(&c->app->out, '\t');
		app_text(c->app, what);
		buf_addch(&c->app->out, '\n');
		c->any = true;
	}
	buf_release(&word);
}

/* "a|b|c" */
static void offer_choices(struct completion *c, const char *before, const char *choices)
{
	size_t n;

	for (const char *p = choices;; p += n + 1) {
		n = strcspn(p, "|");
		offer(c, before, p, n, "");
		if (!p[n])
			return;
	}
}

static void offer_files(struct completion *c)
{
	buf_adds(&c->app->out, ":files\n");
}

static void offer_keys(struct completion *c, const char *after)
{
	struct buf word = BUF_INIT;

	for (size_t i = 0; i < n_config_keys; i++) {
		buf_clear(&word);
		buf_addf(&word, "%s%s", config_keys[i].name, after);
		offer(c, "", word.data, word.len, config_keys[i].help);
	}
	buf_release(&word);
}

/* What a setting may be, behind "key=" if that is part of the word. */
static void offer_values(struct completion *c, const char *name, const char *before)
{
	struct error ignored = ERROR_INIT;
	const struct config_key *key = NULL;

	if (config_find_key(&key, name, &ignored) < 0)
		return;
	if (key->type == CONFIG_BOOL)
		offer_choices(c, before, "true|false");
	else if (key->type == CONFIG_CHOICE || key->type == CONFIG_NAME)
		offer_choices(c, before, key->choices);
	else if (key->type == CONFIG_PATH && !*before)
		offer_files(c);
}

/* "key=value" */
static void offer_setting(struct completion *c)
{
	size_t n = strcspn(c->word, "=");
	char key[128], before[129];

	if (!c->word[n]) {
		offer_keys(c, "=");
	} else if (n < sizeof(key)) {
		(void)snprintf(key, sizeof(key), "%.*s", (int)n, c->word);
		(void)snprintf(before, sizeof(before), "%s=", key);
		offer_values(c, key, before);
	}
}

/* Those that come with minsky, and modules that are there. */
static void offer_backends(struct completion *c)
{
	static const char known[] = "json|sqlite|postgres";
	struct buf names = BUF_INIT, name = BUF_INIT;
	size_t n;

	offer_choices(c, "", known);
	module_add_names(&names);
	for (const char *p = names.data + strspn(names.data, ", "); *p;
		p += n + strspn(p + n, ", ")) {
		n = strcspn(p, ",");
		buf_clear(&name);
		buf_add(&name, p, n);
		if (!strstr(known, name.data))
			offer(c, "", p, n, "");
	}
	buf_release(&name);
	buf_release(&names);
}

static void offer_sessions_of(struct completion *c, struct repo *x, bool deleted)
{
	const struct session_query query = { .deleted = deleted, .sort = SORT_ACTIVITY };
	struct session_set set = { NULL, 0 };
	struct error ignored = ERROR_INIT;

	x->offline = true;
	if (repo_project(x, &ignored) < 0 ||
		x->backend->ops->list(x->backend, repo_store(x), &query, &set, &ignored) < 0)
		return;
	for (size_t i = 0; i < set.n; i++) {
		const struct session *s = &set.v[i];

		if (s->name && s->deleted == deleted)
			offer(c, "", display_name(x, s), strlen(display_name(x, s)),
				s->task_id ? s->task_id : "");
	}
	session_set_release(&set);
}

struct offering {
	struct completion *c;
	bool deleted;
};

static int offer_other(struct repo *repo, void *arg, struct error *err)
{
	const struct offering *o = arg;

	(void)err;
	offer_sessions_of(o->c, repo, o->deleted);
	return 0;
}

static void offer_sessions(struct completion *c, bool deleted)
{
	struct repo here = REPO_INIT;
	struct offering offering = { c, deleted };
	struct error ignored = ERROR_INIT;

	alarm(SECONDS);
	if (repo_open(&here, &caller_silent, NULL, &ignored) == 0) {
		if (here.known)
			offer_sessions_of(c, &here, deleted);
	} else {
		(void)repo_visit_all(
			&caller_silent, here.state.data, offer_other, &offering, NULL, &ignored);
	}
	repo_release(&here);
}

/* The words of commands that may follow these. */
static void offer_commands(struct completion *c, int n, const char **words)
{
	const char *last = "";
	size_t last_len = 0;

	for (const struct cmd *const *p = cmd_table; *p; p++) {
		const char *rest = (*p)->name;
		size_t len;

		if ((*p)->hidden || !cmd_begins_with(rest, n, words))
			continue;
		for (int i = 0; i < n; i++)
			rest += strcspn(rest, " ") + (rest[strcspn(rest, " ")] == ' ');
		len = strcspn(rest, " ");
		/* A group's commands stand together in the table. */
		if (!len || (len == last_len && strncmp(rest, last, len) == 0))
			continue;
		last = rest;
		last_len = len;
		offer(c, "", rest, len, rest[len] ? "..." : (*p)->summary);
	}
}

static void offer_options(struct completion *c, const struct option_desc *table)
{
	for (; table->kind != OPTION_END; table++)
		offer(c, "--", table->name, strlen(table->name), table->help);
}

static const struct option_desc *find_option(const struct option_desc *table, const char *word)
{
	for (; table->kind != OPTION_END; table++)
		if ((word[1] == '-' && strcmp(word + 2, table->name) == 0) ||
			(word[1] && !word[2] && word[1] == table->letter))
			return table;
	return NULL;
}

/* The option whose value the next word is, or NULL. */
static const struct option_desc *awaits(const struct cmd *cmd, const char *word)
{
	struct app unused = { .json = false };
	const struct option_desc *o = NULL;

	if (word[0] != '-')
		return NULL;
	o = find_option(cmd->options, word);
	if (!o)
		o = find_option(app_common_options(&unused, cmd->json), word);
	return o && o->kind != OPTION_FLAG ? o : NULL;
}

static void offer_type(void *arg, const char *word)
{
	offer(arg, "", word, strlen(word), "");
}

static void offer_option_value(struct completion *c, const struct option_desc *o)
{
	if (strcmp(o->name, "config") == 0)
		offer_setting(c);
	else if (strcmp(o->name, "status") == 0)
#define X(id, name) offer(c, "", name, strlen(name), "");
	{
		SESSION_STATUSES(X)
	}
#undef X
	else if (o->arg && strcmp(o->arg, "WORD") == 0)
		offer_choices(c, "", "working|waiting|blocked|done");
	else if (strcmp(o->name, "state") == 0)
		offer_choices(c, "", "open|approved|merged|closed|gone|unchecked");
	else if (strcmp(o->name, "session") == 0)
		offer_sessions(c, false);
	else if (o->arg && strcmp(o->arg, "TYPE") == 0)
		history_type_each(offer_type, c);
	else if (o->arg &&
		(strstr(o->arg, "FILE") || strstr(o->arg, "DIR") || strstr(o->arg, "PATH")))
		offer_files(c);
}

/* Of a command's usage, the place that an argument is for; the last one goes on with "...". */
static size_t place_of(const char *usage, int index, const char **out)
{
	size_t n = 0;

	for (const char *p = usage; *p; p += n + (p[n] == ' ')) {
		n = strcspn(p, " ");
		*out = p;
		if (!index--)
			return n;
		if (n > 4 && memmem(p, n, "...", 3))
			return n;
	}
	return 0;
}

static void offer_argument(struct completion *c, const struct cmd *cmd, int n, const char **args)
{
	const char *at = NULL;
	size_t len = cmd->usage ? place_of(cmd->usage, n, &at) : 0;
	char place[64];

	if (cmd->usage && strstr(cmd->usage, "COMMAND"))
		offer_commands(c, n, args);
	if (!len || len >= sizeof(place))
		return;
	(void)snprintf(place, sizeof(place), "%.*s", (int)len, at);
	if (strstr(place, "NAME|ID"))
		offer_sessions(c,
			strcmp(cmd->name, "session restore") == 0 ||
				strcmp(cmd->name, "session purge") == 0);
	else if (strstr(place, "KEY"))
		offer_keys(c, "");
	else if (strstr(place, "VALUE"))
		offer_values(c, args[0], "");
	else if (strstr(place, "BACKEND"))
		offer_backends(c);
	else if (strstr(place, "FILE") || strstr(place, "DIR") || strstr(place, "PATH"))
		offer_files(c);
	else if (place[0] >= 'a' && place[0] <= 'z')
		offer_choices(c, "", place);
}

/* Behind the name of a command. */
static void complete_command(struct completion *c, const struct cmd *cmd, int n, const char **words)
{
	const struct option_desc *o = NULL;
	struct app unused = { .json = false };
	bool ended = false;
	int args = 0;

	/* Arguments move to the front; n is without the word that is being typed. */
	for (int i = 0; i < n; i++) {
		if (o) {
			o = NULL;
		} else if (!ended && strcmp(words[i], "--") == 0) {
			ended = true;
		} else if (!ended && words[i][0] == '-') {
			o = awaits(cmd, words[i]);
		} else {
			words[args++] = words[i];
		}
	}
	if (o) {
		offer_option_value(c, o);
	} else if (!ended && c->word[0] == '-') {
		offer_options(c, cmd->options);
		offer_options(c, app_common_options(&unused, cmd->json));
	} else {
		offer_argument(c, cmd, args, words);
	}
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct completion c = { .app = app, .word = argc ? argv[argc - 1] : "" };
	const struct cmd *cmd;
	int words = 0;

	(void)err;
	argc -= argc > 0;
	while (argc > 1 && strcmp(argv[0], "-C") == 0) {
		if (chdir(argv[1]) < 0)
			return 0;
		argc -= 2;
		argv += 2;
	}
	if (argc == 1 && strcmp(argv[0], "-C") == 0) {
		offer_files(&c);
		return 0;
	}
	cmd = cmd_find(argc, argv, &words);
	if (cmd && !cmd->hidden)
		complete_command(&c, cmd, argc - words, argv + words);
	else
		offer_commands(&c, argc, argv);
	if (!argc && c.word[0] == '-')
		offer_choices(&c, "", "-C|--help|--version");
	return 0;
}

const struct cmd cmd_complete = {
	.name = "complete",
	.summary = "print what may stand at the end of a command line",
	.usage = "-- WORD...",
	.options = options,
	.max_args = 1000,
	.hidden = true,
	.run = run,
};
