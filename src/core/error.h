/*
 * error.h - how every function of minsky reports a failure.
 *
 * A function that can fail returns 0 or a negative enum error_code and fills the caller's
 * struct error; its out-parameters are then untouched. Nothing is allocated. The message says
 * what failed, lower case, subject in quotes, no full stop; the hint, if any, is one line that
 * says what to do next. What another program said about it (git, a hook, a server, gpg) goes with
 * it line by line. Only the two main programs print it.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <stddef.h>

#define PRINTFLIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* code, value, name in JSON error documents, exit status of the program */
#define ERROR_CODES(X)                                                                             \
	X(ERR_NOMEM, -1, "out-of-memory", 1)                                                       \
	X(ERR_IO, -2, "io", 1)                                                                     \
	X(ERR_NOTFOUND, -3, "not-found", 3)                                                        \
	X(ERR_CORRUPT, -4, "corrupt", 6)                                                           \
	X(ERR_USAGE, -5, "usage", 2)                                                               \
	X(ERR_BACKEND, -6, "backend-unreachable", 5)                                               \
	X(ERR_REFUSED, -7, "refused", 4)                                                           \
	X(ERR_BUSY, -8, "busy", 1)                                                                 \
	X(ERR_GIT, -9, "git", 1)                                                                   \
	X(ERR_UNSUPPORTED, -10, "unsupported", 1)

enum error_code {
	ERR_OK = 0,
#define X(code, value, name, status) code = (value),
	ERROR_CODES(X)
#undef X
};

struct error {
	enum error_code code;
	const char *reason; /* a word for machines that never changes ("base-moved"), or NULL */
	char msg[1024];
	char hint[512];
	char said[2048]; /* lines of another program; the last ones, if there were more */
};

#define ERROR_INIT                                                                                 \
	{                                                                                          \
		.code = ERR_OK                                                                     \
	}

/*
 * Record that we say no (ERR_REFUSED), with the word by which programs know why. All of them are in
 * doc/schema.md. Returns the code.
 */
int error_refuse(struct error *err, const char *reason, const char *fmt, ...) PRINTFLIKE(3, 4);
/* Record a failure. Returns code, so that `return error_set(err, ...)` reads well. */
int error_set(struct error *err, enum error_code code, const char *fmt, ...) PRINTFLIKE(3, 4);
/* The same with ": <text of errno>" behind the message. */
int error_errno(struct error *err, const char *fmt, ...) PRINTFLIKE(2, 3);
int error_nomem(struct error *err);
/* Prefix what a callee recorded: "open journal: Permission denied". Returns err->code. */
int error_wrap(struct error *err, const char *fmt, ...) PRINTFLIKE(2, 3);
/* Say what to do next. Returns err->code. */
int error_hint(struct error *err, const char *fmt, ...) PRINTFLIKE(2, 3);
/* The word for machines; `reason` is a literal. Returns err->code. */
int error_reason(struct error *err, const char *reason);
/* The reason, or what the code alone says. */
const char *error_reason_of(const struct error *err);
/* Lines of another program, made safe to show by the caller. Returns err->code. */
int error_said(struct error *err, const char *text, size_t len);

/*
 * What they return is negative, which neither a compiler nor an analyser of one file can know. A
 * call with another code, or for an error that is none, is a broken invariant.
 */
static inline int error_negative(int code)
{
	if (code >= 0)
		__builtin_unreachable();
	return code;
}
#define error_set(...) error_negative(error_set(__VA_ARGS__))
#define error_refuse(...) error_negative(error_refuse(__VA_ARGS__))
#define error_errno(...) error_negative(error_errno(__VA_ARGS__))
#define error_nomem(...) error_negative(error_nomem(__VA_ARGS__))
#define error_wrap(...) error_negative(error_wrap(__VA_ARGS__))
#define error_hint(...) error_negative(error_hint(__VA_ARGS__))
#define error_reason(...) error_negative(error_reason(__VA_ARGS__))

/* Forget a failure that turned out not to matter. */
void error_clear(struct error *err);

const char *error_name(enum error_code code);
int error_exit_status(enum error_code code);

#endif
