/*
 * option.h - command line options from a table: parsing, -h, completion and the manual's check
 * all read the same rows.
 *
 * --name=v, --name v, -n v, -nv, --flag, --no-flag for a flag whose row says so; "--" ends
 * options; no abbreviations. Options and arguments may be mixed. Anything unknown is ERR_USAGE.
 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"

enum option_kind {
	OPTION_END,
	OPTION_FLAG, /* bool */
	OPTION_STRING, /* const char * */
	OPTION_COUNT, /* unsigned long: a number */
	OPTION_LIST, /* struct option_list: may be given several times */
};

#define OPTION_LIST_MAX 32

struct option_list {
	const char *v[OPTION_LIST_MAX + 1]; /* NULL-terminated */
	size_t n;
};

struct option_desc {
	enum option_kind kind;
	char letter; /* 0: none */
	const char *name;
	void *target;
	const char *arg; /* what the value is called; NULL for a flag */
	const char *help;
};

/*
 * Parse argv[0..argc) by two tables (the second may be NULL). What is no option is moved to the
 * front of argv, in order; *argc_out is how many those are.
 */
int option_parse(const struct option_desc *options, const struct option_desc *common, int argc,
	const char **argv, int *argc_out, struct error *err);
/* One line a row, aligned. */
void option_usage(struct buf *out, const struct option_desc *options);

#endif
