#include "core/invariant.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line {
	char text[512];
	size_t len;
};

static void add(struct line *l, const char *s)
{
	size_t n = strlen(s), room = sizeof(l->text) - 1 - l->len; /* a place for the newline */

	if (n > room)
		n = room;
	memcpy(l->text + l->len, s, n);
	l->len += n;
}

/* The part below the source tree: a build may know its files by their absolute names. */
static const char *below_src(const char *file)
{
	const char *found = NULL;

	for (const char *at = file; (at = strstr(at, "src/")); at++)
		found = at;
	return found ? found : file;
}

void invariant_broken(const char *file, int line, const char *condition)
{
	struct line l = { .len = 0 };
	char number[12], *digit = number + sizeof(number) - 1;

	*digit = '\0';
	do {
		*--digit = (char)('0' + line % 10);
		line /= 10;
	} while (line > 0);
	add(&l, "minsky: ");
	add(&l, below_src(file));
	add(&l, ":");
	add(&l, digit);
	add(&l, ": broken invariant: ");
	add(&l, condition);
	l.text[l.len++] = '\n';
	(void)!write(STDERR_FILENO, l.text, l.len);
	abort();
}
