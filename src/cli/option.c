#include "cli/option.h"

#include <errno.h>

static const struct option_desc *find_name(
	const struct option_desc *table, const char *name, size_t len)
{
	for (; table && table->kind != OPTION_END; table++)
		if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

static const struct option_desc *find_letter(const struct option_desc *table, char letter)
{
	for (; table && table->kind != OPTION_END; table++)
		if (table->letter && table->letter == letter)
			return table;
	return NULL;
}

static int set_value(const struct option_desc *o, const char *value, struct error *err)
{
	struct option_list *list;
	unsigned long number;
	char *end;

	switch (o->kind) {
	case OPTION_STRING:
		*(const char **)o->target = value;
		return 0;
	case OPTION_COUNT:
		errno = 0;
		number = strtoul(value, &end, 10);
		if (errno || *value < '0' || *value > '9' || *end)
			return error_set(
				err, ERR_USAGE, "--%s expects a number, not '%s'", o->name, value);
		*(unsigned long *)o->target = number;
		return 0;
	case OPTION_LIST:
		list = o->target;
		if (list->n == OPTION_LIST_MAX)
			return error_set(err, ERR_USAGE, "--%s is given more than %d times",
				o->name, OPTION_LIST_MAX);
		list->v[list->n++] = value;
		list->v[list->n] = NULL;
		return 0;
	case OPTION_FLAG:
	case OPTION_END:
		break;
	}
	return error_set(err, ERR_USAGE, "--%s takes no value", o->name);
}

struct parse {
	const struct option_desc *options, *common;
	int argc, at;
	const char **argv;
};

/* The value of an option: behind it in the same word, or the next word. */
static int take_value(
	struct parse *p, const struct option_desc *o, const char *inlined, struct error *err)
{
	if (o->kind == OPTION_FLAG) {
		if (inlined)
			return error_set(err, ERR_USAGE, "--%s takes no value", o->name);
		*(bool *)o->target = true;
		return 0;
	}
	if (!inlined) {
		if (p->at + 1 >= p->argc)
			return error_set(
				err, ERR_USAGE, "--%s requires a value: %s", o->name, o->arg);
		inlined = p->argv[++p->at];
	}
	return set_value(o, inlined, err);
}

static int parse_long(struct parse *p, const char *word, struct error *err)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_desc *o = find_name(p->options, name, len);

	if (!o)
		o = find_name(p->common, name, len);
	if (o)
		return take_value(p, o, equals ? equals + 1 : NULL, err);
	if (!equals && strncmp(name, "no-", 3) == 0) {
		o = find_name(p->options, name + 3, len - 3);
		if (o && o->kind == OPTION_FLAG) {
			*(bool *)o->target = false;
			return 0;
		}
	}
	return error_set(err, ERR_USAGE, "unknown option '%.*s'", (int)(len + 2), word);
}

static int parse_letters(struct parse *p, const char *word, struct error *err)
{
	for (const char *c = word + 1; *c; c++) {
		const struct option_desc *o = find_letter(p->options, *c);
		int r;

		if (!o)
			o = find_letter(p->common, *c);
		if (!o)
			return error_set(err, ERR_USAGE, "unknown option '-%c'", *c);
		if (o->kind != OPTION_FLAG)
			return take_value(p, o, c[1] ? c + 1 : NULL, err);
		r = take_value(p, o, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int option_parse(const struct option_desc *options, const struct option_desc *common, int argc,
	const char **argv, int *argc_out, struct error *err)
{
	struct parse p = { .options = options, .common = common, .argc = argc, .argv = argv };
	int kept = 0, r = 0;
	bool ended = false;

	for (; p.at < argc; p.at++) {
		const char *word = argv[p.at];

		if (ended || word[0] != '-' || !word[1])
			argv[kept++] = word;
		else if (strcmp(word, "--") == 0)
			ended = true;
		else if (word[1] == '-')
			r = parse_long(&p, word, err);
		else
			r = parse_letters(&p, word, err);
		if (r < 0)
			return r;
	}
	*argc_out = kept;
	return 0;
}

void option_usage(struct buf *out, const struct option_desc *options)
{
	for (; options && options->kind != OPTION_END; options++) {
		size_t start = out->len, used;

		buf_adds(out, "  ");
		if (options->letter)
			buf_addf(out, "-%c, ", options->letter);
		else
			buf_adds(out, "    ");
		buf_addf(out, "--%s", options->name);
		if (options->arg)
			buf_addf(out, " %s", options->arg);
		used = out->len - start;
		buf_addf(out, "%*s%s\n", used < 30 ? (int)(30 - used) : 2, "", options->help);
	}
}
