/*
 * gitarg.h - arguments of git, each with its kind.
 *
 * An argument vector holds words that the program itself says, and values that come from elsewhere:
 * records, files, other people. A value is written with its kind and looked at just before git is
 * started, whoever filled the vector: one that is not of its kind stops the command (ERR_REFUSED).
 * No kind but a text and a path may begin with a dash, a text stands only behind an option that
 * takes the next argument whatever that is, and a path only behind "--".
 */
#ifndef GIT_GITARG_H
#define GIT_GITARG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"

enum git_arg_kind {
	GIT_ARG_WORD, /* a literal of the program */
	GIT_ARG_OID, /* 40 or 64 lower-case hex digits */
	GIT_ARG_REV, /* an object id or a ref, with ^{commit}, ^{tree}, ^{tag}, ^N or none; or A...B
		      */
	GIT_ARG_REF, /* HEAD or refs/..., as git check-ref-format has it */
	GIT_ARG_BRANCH, /* short name of a branch or a tag */
	GIT_ARG_NAME, /* lower-case letters and dashes: the name of a hook */
	GIT_ARG_PATTERN, /* refs/..., of which the last part may be missing or hold wildcards */
	GIT_ARG_REMOTE, /* name of a remote, or the absolute path of a repository */
	GIT_ARG_REFSPEC, /* [+][object id or ref][:ref], wildcards included */
	GIT_ARG_OPTION, /* --name=value, of the options that gitarg.c lists */
	GIT_ARG_SETTING, /* section.key=value, behind -c or --config */
	GIT_ARG_TEXT, /* anything, behind -m or --reason, or as the value of a setting */
	GIT_ARG_PATH, /* anything, behind -- */
};

struct git_arg {
	enum git_arg_kind kind;
	const char *text; /* NULL: the end of the vector */
};

/* The empty string in front makes that the compiler takes nothing but a literal. */
#define GIT_WORD(s) ((struct git_arg){ GIT_ARG_WORD, "" s })
#define GIT_OID(s) ((struct git_arg){ GIT_ARG_OID, (s) })
#define GIT_REV(s) ((struct git_arg){ GIT_ARG_REV, (s) })
#define GIT_REF(s) ((struct git_arg){ GIT_ARG_REF, (s) })
#define GIT_BRANCH(s) ((struct git_arg){ GIT_ARG_BRANCH, (s) })
#define GIT_NAME(s) ((struct git_arg){ GIT_ARG_NAME, (s) })
#define GIT_PATTERN(s) ((struct git_arg){ GIT_ARG_PATTERN, (s) })
#define GIT_REMOTE(s) ((struct git_arg){ GIT_ARG_REMOTE, (s) })
#define GIT_REFSPEC(s) ((struct git_arg){ GIT_ARG_REFSPEC, (s) })
#define GIT_OPTION(s) ((struct git_arg){ GIT_ARG_OPTION, (s) })
#define GIT_SETTING(s) ((struct git_arg){ GIT_ARG_SETTING, (s) })
#define GIT_TEXT(s) ((struct git_arg){ GIT_ARG_TEXT, (s) })
#define GIT_PATH(s) ((struct git_arg){ GIT_ARG_PATH, (s) })
#define GIT_END ((struct git_arg){ GIT_ARG_WORD, NULL })

/* Up to twelve words in a row. */
#define GIT_WORDS(...)                                                                             \
	GIT_WORDS_PICK(__VA_ARGS__, GIT_WORDS_12, GIT_WORDS_11, GIT_WORDS_10, GIT_WORDS_9,         \
		GIT_WORDS_8, GIT_WORDS_7, GIT_WORDS_6, GIT_WORDS_5, GIT_WORDS_4, GIT_WORDS_3,      \
		GIT_WORDS_2, GIT_WORD, )                                                           \
	(__VA_ARGS__)
#define GIT_WORDS_PICK(a, b, c, d, e, f, g, h, i, j, k, l, pick, ...) pick
#define GIT_WORDS_2(a, b) GIT_WORD(a), GIT_WORD(b)
#define GIT_WORDS_3(a, ...) GIT_WORD(a), GIT_WORDS_2(__VA_ARGS__)
#define GIT_WORDS_4(a, ...) GIT_WORD(a), GIT_WORDS_3(__VA_ARGS__)
#define GIT_WORDS_5(a, ...) GIT_WORD(a), GIT_WORDS_4(__VA_ARGS__)
#define GIT_WORDS_6(a, ...) GIT_WORD(a), GIT_WORDS_5(__VA_ARGS__)
#define GIT_WORDS_7(a, ...) GIT_WORD(a), GIT_WORDS_6(__VA_ARGS__)
#define GIT_WORDS_8(a, ...) GIT_WORD(a), GIT_WORDS_7(__VA_ARGS__)
#define GIT_WORDS_9(a, ...) GIT_WORD(a), GIT_WORDS_8(__VA_ARGS__)
#define GIT_WORDS_10(a, ...) GIT_WORD(a), GIT_WORDS_9(__VA_ARGS__)
#define GIT_WORDS_11(a, ...) GIT_WORD(a), GIT_WORDS_10(__VA_ARGS__)
#define GIT_WORDS_12(a, ...) GIT_WORD(a), GIT_WORDS_11(__VA_ARGS__)

/* Is the text of this kind? Of a text and a path, everything is. */
bool git_arg_fits(enum git_arg_kind kind, const char *text);
/* ERR_REFUSED, with what it should have been. Also for what goes into git's standard input. */
int git_arg_check(enum git_arg_kind kind, const char *text, struct error *err);
/* "update <prefix><name> <oid>", "delete <prefix><name>": lines for git update-ref --stdin. */
int git_input_update(struct buf *input, const char *prefix, const char *name, const char *oid,
	struct error *err);
int git_input_delete(struct buf *input, const char *prefix, const char *name, struct error *err);
/* A whole vector of at most `max`, with the places of texts, settings and paths. */
int git_args_check(const struct git_arg *args, size_t max, struct error *err);

#endif
