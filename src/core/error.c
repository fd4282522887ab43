#include "core/error.h"

#include <errno.h>
#include <stdarg.h>

#include "core/invariant.h"

/* Here they are functions. */
#undef error_set
#undef error_refuse
#undef error_errno
#undef error_nomem
#undef error_wrap
#undef error_hint
#undef error_reason

static void begin(struct error *err, enum error_code code)
{
	err->code = code;
	err->reason = NULL;
	err->hint[0] = '\0';
	err->said[0] = '\0';
}

static int failed(const struct error *err)
{
	INVARIANT(err->code < 0);
	return err->code;
}

int error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
	va_list ap;

	INVARIANT(code < 0);
	begin(err, code);
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int error_refuse(struct error *err, const char *reason, const char *fmt, ...)
{
	va_list ap;

	begin(err, ERR_REFUSED);
	err->reason = reason;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return ERR_REFUSED;
}

int error_errno(struct error *err, const char *fmt, ...)
{
	int saved = errno;
	size_t used;
	va_list ap;

	begin(err, ERR_IO);
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	(void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", strerror(saved));
	errno = saved;
	return ERR_IO;
}

int error_nomem(struct error *err)
{
	return error_set(err, ERR_NOMEM, "out of memory");
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	size_t used;
	va_list ap;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	if (used + 2 < sizeof(err->msg)) {
		size_t room = sizeof(err->msg) - used - 3;
		size_t len = strlen(inner);

		if (len > room)
			len = room;
		err->msg[used] = ':';
		err->msg[used + 1] = ' ';
		memcpy(err->msg + used + 2, inner, len);
		err->msg[used + 2 + len] = '\0';
	}
	return failed(err);
}

int error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return failed(err);
}

int error_reason(struct error *err, const char *reason)
{
	err->reason = reason;
	return failed(err);
}

const char *error_reason_of(const struct error *err)
{
	return err->reason ? err->reason : error_name(err->code);
}

/* Whole lines, as many of the last ones as there is room for. */
int error_said(struct error *err, const char *text, size_t len)
{
	const size_t room = sizeof(err->said) - 1;

	while (len && text[len - 1] == '\n')
		len--;
	while (len > room) {
		const char *nl = memchr(text, '\n', len);
		size_t skip = nl ? (size_t)(nl - text) + 1 : len;

		text += skip;
		len -= skip;
	}
	memcpy(err->said, text, len);
	err->said[len] = '\0';
	return err->code;
}

void error_clear(struct error *err)
{
	begin(err, ERR_OK);
	err->msg[0] = '\0';
}

const char *error_name(enum error_code code)
{
	switch (code) {
	case ERR_OK:
		return "ok";
#define X(name_, value, text, status)                                                              \
	case name_:                                                                                \
		return text;
		ERROR_CODES(X)
#undef X
	}
	return "unknown";
}

int error_exit_status(enum error_code code)
{
	switch (code) {
	case ERR_OK:
		return 0;
#define X(name_, value, text, status)                                                              \
	case name_:                                                                                \
		return status;
		ERROR_CODES(X)
#undef X
	}
	return 1;
}
