/* minsky completion bash|zsh|fish: scripts made of the option tables. */
#include "cli/app.h"

static const struct option_desc options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* Words that may follow `prefix` ("", "session", "session pr") in a command's name. */
static void add_next_words(struct buf *out, const char *prefix)
{
	size_t len = strlen(prefix);
	struct buf seen = BUF_INIT;

	for (const struct cmd *const *c = cmd_table; *c; c++) {
		const char *rest = (*c)->name;
		struct buf word = BUF_INIT;

		if ((*c)->hidden || strncmp(rest, prefix, len) != 0 || (len && rest[len] != ' '))
			continue;
		rest += len + (len > 0);
		buf_addch(&word, ' ');
		buf_add(&word, rest, strcspn(rest, " "));
		buf_addch(&word, ' ');
		if (!strstr(seen.data, word.data)) {
			buf_adds(&seen, word.data);
			buf_add(out, word.data + 1, word.len - 1);
		}
		buf_release(&word);
	}
	buf_release(&seen);
}

static void add_options(struct buf *out, const struct cmd *cmd)
{
	struct app unused = { .json = false };

	for (const struct option_desc *o = cmd->options; o->kind != OPTION_END; o++)
		buf_addf(out, "--%s ", o->name);
	for (const struct option_desc *o = app_common_options(&unused, cmd->json);
		o->kind != OPTION_END; o++)
		buf_addf(out, "--%s ", o->name);
}

static void write_bash(struct buf *out)
{
	static const char *const groups[] = { "", "session", "session pr", "journal", "hooks",
		"help", "completion" };

	buf_adds(out,
		"# bash completion for minsky; made by 'minsky completion bash'\n"
		"_minsky()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} path='' word words=''\n"
		"\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
		"\t\tcase $word in -*) ;; *) path=\"${path:+$path }$word\" ;; esac\n"
		"\tdone\n\tcase $path in\n");
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		if (strcmp(groups[i], "completion") == 0) {
			buf_adds(out, "\tcompletion) words='bash zsh fish' ;;\n");
			continue;
		}
		buf_addf(out, "\t'%s') words='", groups[i]);
		add_next_words(out, strcmp(groups[i], "help") == 0 ? "" : groups[i]);
		buf_adds(out, "' ;;\n");
	}
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		if ((*c)->hidden)
			continue;
		buf_addf(out, "\t'%s'|'%s '*) words='", (*c)->name, (*c)->name);
		add_options(out, *c);
		buf_adds(out, "'\n");
		if ((*c)->usage && strstr((*c)->usage, "NAME|ID"))
			buf_adds(out,
				"\t\t[[ $cur == -* ]] || words=$(minsky session list 2>/dev/null "
				"| tail -n +2 | cut -d ' ' -f 1)\n");
		buf_adds(out, "\t\t;;\n");
	}
	buf_adds(out,
		"\tesac\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
		"complete -o default -F _minsky minsky\n");
}

static void write_fish(struct buf *out)
{
	buf_adds(out,
		"# fish completion for minsky; made by 'minsky completion fish'\n"
		"complete -c minsky -f\n");
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		const char *last = strrchr((*c)->name, ' ');
		struct app unused = { .json = false };
		const struct option_desc *tables[] = { (*c)->options,
			app_common_options(&unused, (*c)->json) };

		if ((*c)->hidden)
			continue;
		if (last)
			buf_addf(out,
				"complete -c minsky -n '__fish_seen_subcommand_from %.*s' -a %s -d "
				"\"%s\"\n",
				(int)strcspn((*c)->name, " "), (*c)->name, last + 1, (*c)->summary);
		else
			buf_addf(out,
				"complete -c minsky -n __fish_use_subcommand -a %s -d \"%s\"\n",
				(*c)->name, (*c)->summary);
		for (size_t t = 0; t < 2; t++)
			for (const struct option_desc *o = tables[t]; o->kind != OPTION_END; o++)
				buf_addf(out,
					"complete -c minsky -n '__fish_seen_subcommand_from %s' -l "
					"%s -d \"%s\"\n",
					last ? last + 1 : (*c)->name, o->name, o->help);
	}
	buf_adds(out, "complete -c minsky -n __fish_use_subcommand -a 'session journal hooks'\n");
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	(void)argc;
	if (strcmp(argv[0], "bash") == 0) {
		write_bash(&app->out);
	} else if (strcmp(argv[0], "zsh") == 0) {
		buf_adds(&app->out,
			"#compdef minsky\n"
			"autoload -U +X bashcompinit && bashcompinit\n");
		write_bash(&app->out);
	} else if (strcmp(argv[0], "fish") == 0) {
		write_fish(&app->out);
	} else {
		error_set(err, ERR_USAGE, "there is no completion for '%s'", argv[0]);
		return error_hint(err, "bash, zsh or fish");
	}
	return 0;
}

const struct cmd cmd_completion = {
	.name = "completion",
	.summary = "print the completion script of a shell",
	.usage = "bash|zsh|fish",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
