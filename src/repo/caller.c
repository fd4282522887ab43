#include "repo/caller.h"

#include <stdarg.h>
#include <stdio.h>

const struct caller caller_silent = { .settings = NULL };

PRINTFLIKE(3, 0)
static void pass(void (*out)(void *, const char *), void *arg, const char *fmt, va_list ap)
{
	char line[2048];

	if (!out)
		return;
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	out(arg, line);
}

void caller_say(const struct caller *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pass(c->say, c->arg, fmt, ap);
	va_end(ap);
}

void caller_warn(const struct caller *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pass(c->warn, c->arg, fmt, ap);
	va_end(ap);
}
