#include "core/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"

static void list_release(struct reason *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].category);
		free(v[i].text);
	}
	free(v);
}

void outcome_release(struct outcome *o)
{
	list_release(o->reasons, o->n_reasons);
	list_release(o->words, o->n_words);
	*o = (struct outcome){ .unwell = false };
}

static int add(struct reason **v, size_t *n, const char *category, const char *text)
{
	struct reason r;

	if (!ARRAY_GROW_SHORT(*v, *n))
		return ERR_NOMEM;
	r.category = strdup(category);
	r.text = strdup(text);
	if (!r.category || !r.text) {
		free(r.category);
		free(r.text);
		return ERR_NOMEM;
	}
	(*v)[(*n)++] = r;
	return 0;
}

int outcome_add_reason(struct outcome *o, const char *category, const char *text, struct error *err)
{
	return add(&o->reasons, &o->n_reasons, category, text) < 0 ? error_nomem(err) : 0;
}

PRINTFLIKE(3, 0)
static void add_word(struct outcome *o, const char *category, const char *fmt, va_list ap)
{
	char text[2048];

	if (!o)
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)add(&o->words, &o->n_words, category, text);
}

void outcome_note(struct outcome *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_word(o, OUTCOME_NOTE, fmt, ap);
	va_end(ap);
}

void outcome_warn(struct outcome *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_word(o, OUTCOME_WARNING, fmt, ap);
	va_end(ap);
}

static int take(struct reason **v, size_t *n, struct reason **from, size_t *n_from)
{
	if (!*n_from)
		return 0;
	if (!ARRAY_GROW_SHORT(*v, *n + *n_from - 1))
		return ERR_NOMEM;
	memcpy(*v + *n, *from, *n_from * sizeof(**v));
	*n += *n_from;
	free(*from);
	*from = NULL;
	*n_from = 0;
	return 0;
}

int outcome_take(struct outcome *o, struct outcome *from, struct error *err)
{
	if (take(&o->reasons, &o->n_reasons, &from->reasons, &from->n_reasons) < 0 ||
		take(&o->words, &o->n_words, &from->words, &from->n_words) < 0)
		return error_nomem(err);
	o->unwell |= from->unwell;
	return 0;
}
