#include "history/type.h"

#include "core/text.h"
#include "history/filter.h"

bool history_type_fits(const char *wanted, const char *type)
{
	size_t len = strlen(wanted);

	return strncmp(wanted, type, len) == 0 && (!type[len] || type[len] == '.');
}

static const char *const types[] = {
#define X(id, name) name,
	EVENT_TYPES(X)
#undef X
};

#define N_TYPES (sizeof(types) / sizeof(*types))

static size_t first_word(const char *type)
{
	return strcspn(type, ".");
}

/* The catalogue has the types with one first word together, but not always. */
static bool is_new_word(size_t i)
{
	size_t n = first_word(types[i]);

	for (size_t k = 0; k < i; k++)
		if (strncmp(types[k], types[i], n + 1) == 0)
			return false;
	return true;
}

void history_type_each(void (*each)(void *arg, const char *word), void *arg)
{
	char word[64];

	for (size_t i = 0; i < N_TYPES; i++) {
		(void)snprintf(word, sizeof(word), "%.*s", (int)first_word(types[i]), types[i]);
		if (is_new_word(i))
			each(arg, word);
	}
	for (size_t i = 0; i < N_TYPES; i++)
		each(arg, types[i]);
}

#define STAT_CACHE_MAX 3

struct near_words {
	const char *wanted;
	struct buf text; /* "'a' or 'b'" */
	size_t n;
	struct buf all; /* the first words */
};

static bool is_near(const char *wanted, const char *word)
{
	const char *end = strrchr(word, '.');
	size_t len = strlen(wanted);

	if (strncasecmp(word, wanted, len) == 0 || (end && strcasecmp(end + 1, wanted) == 0))
		return true;
	return text_distance(wanted, word) <= len / 3;
}

static void look(void *arg, const char *word)
{
	struct near_words *near = arg;

	if (!strchr(word, '.'))
		buf_addf(&near->all, "%s%s", near->all.len ? ", " : "", word);
	if (near->n == STAT_CACHE_MAX || !*near->wanted || !is_near(near->wanted, word))
		return;
	buf_addf(&near->text, "%s'%s'", near->n ? " or " : "", word);
	near->n++;
}

static int unknown(const char *wanted, struct error *err)
{
	struct near_words near = { .wanted = wanted, .text = BUF_INIT, .all = BUF_INIT };
	int r = error_set(err, ERR_USAGE, "'%s' is not a type of event", wanted);

	history_type_each(look, &near);
	if (near.n)
		r = error_hint(err, "did you mean %s?", near.text.data);
	else
		r = error_hint(err, "types begin with %s", near.all.data);
	buf_release(&near.text);
	buf_release(&near.all);
	return r;
}

static int occurs(const char *wanted, struct journal *j, bool *out, struct error *err)
{
	const struct log_range everything = { .from = 0 };
	const struct record *record = NULL;
	struct history_walk *walk = NULL;
	int r = history_walk_open(&walk, j, &everything, err);

	while (r == 0 && !*out) {
		struct event e;

		r = history_walk_next(walk, &record, err);
		if (r < 0 || !record)
			break;
		*out = log_decode(&e, record, &r, err) && history_type_fits(wanted, e.type_name);
		event_release(&e);
	}
	history_walk_close(walk);
	return r;
}

int history_type_check(const char *wanted, struct journal *j, struct error *err)
{
	bool known = false;
	int r;

	for (size_t i = 0; i < N_TYPES; i++)
		if (history_type_fits(wanted, types[i]))
			return 0;
	r = occurs(wanted, j, &known, err);
	/* Who reads on finds the damage, and says so; it may hide what is asked for. */
	if (r == ERR_CORRUPT) {
		error_clear(err);
		return 0;
	}
	return r < 0 || known ? r : unknown(wanted, err);
}
