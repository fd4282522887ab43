/*
 * minsky completion bash|zsh|fish: a script that asks 'minsky complete', so that the tables of
 * commands, options and settings are known to one program alone.
 */
#include "cli/app.h"
#include "cli/open.h"

static const struct option_desc options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* Readline takes '=' for the end of a word: the words are put together again, and the answer cut.
 */
static const char bash[] =
	"# bash completion for minsky; made by 'minsky completion bash'\n"
	"_minsky()\n"
	"{\n"
	"\tlocal i n=0 last= line word cut=\n"
	"\tlocal -a words=()\n"
	"\tfor ((i = 1; i <= COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif ((n)) && [[ $word == = || $last == = ]]; then\n"
	"\t\t\twords[n - 1]+=$word cut=y\n"
	"\t\telse\n"
	"\t\t\twords[n++]=$word cut=\n"
	"\t\tfi\n"
	"\t\tlast=$word\n"
	"\tdone\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tif [[ $line == :files ]]; then\n"
	"\t\t\tcompopt -o filenames\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\tword=${line%%$'\\t'*}\n"
	"\t\t[[ -z $cut ]] || word=${word#*=}\n"
	"\t\tCOMPREPLY+=(\"$word\")\n"
	"\tdone < <(\"${COMP_WORDS[0]/#\\~/$HOME}\" complete -- \"${words[@]}\" 2>/dev/null)\n"
	"\t[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace\n"
	"}\n"
	"complete -F _minsky minsky\n";

static const char zsh[] =
	"#compdef minsky\n"
	"# zsh completion for minsky; made by 'minsky completion zsh'\n"
	"_minsky()\n"
	"{\n"
	"\tlocal line word\n"
	"\tlocal -a items settings\n"
	"\tfor line in ${(f)\"$(command minsky complete -- ${(Q)words[2,CURRENT-1]} \\\n"
	"\t\t\"${(Q)words[CURRENT]}\" 2>/dev/null)\"}; do\n"
	"\t\tif [[ $line == :files ]]; then\n"
	"\t\t\t_files\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\tword=${${line%%$'\\t'*}//:/\\\\:}\n"
	"\t\tif [[ $word == *= ]]; then\n"
	"\t\t\tsettings+=(\"$word:${line#*$'\\t'}\")\n"
	"\t\telse\n"
	"\t\t\titems+=(\"$word:${line#*$'\\t'}\")\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t(( ! $#items )) || _describe -V minsky items\n"
	"\t(( ! $#settings )) || _describe -V setting settings -S ''\n"
	"}\n"
	"if [[ ${funcstack[1]} == _minsky ]]; then\n"
	"\t_minsky \"$@\"\n"
	"else\n"
	"\tcompdef _minsky minsky\n"
	"fi\n";

static const char fish[] =
	"# fish completion for minsky; made by 'minsky completion fish'\n"
	"function __minsky_complete\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l word (commandline -ct)\n"
	"\tset -l answer (command minsky complete -- $words[2..-1] \"$word\" 2>/dev/null)\n"
	"\tif test \"$answer[1]\" = :files\n"
	"\t\t__fish_complete_path \"$word\"\n"
	"\telse\n"
	"\t\tprintf '%s\\n' $answer\n"
	"\tend\n"
	"end\n"
	"complete -c minsky -f -a '(__minsky_complete)'\n";

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

	(void)argc;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		if (strcmp(argv[0], scripts[i].shell) == 0) {
			buf_adds(&app->out, scripts[i].script);
			return 0;
		}
	}
	error_set(err, ERR_USAGE, "there is no completion for the shell '%s'", argv[0]);
	return error_hint(err, "use bash, zsh or fish");
}

const struct cmd cmd_completion = {
	.name = "completion",
	.summary = "print a shell completion script",
	.usage = "bash|zsh|fish",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
