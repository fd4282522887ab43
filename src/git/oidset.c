#include "git/oidset.h"

void oid_set_release(struct oid_set *set)
{
	free(set->v);
	*set = (struct oid_set){ .v = NULL };
}

/* Lines have no NUL behind them: ids are compared up to their newline. */
static int compare_lines(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t n = strcspn(x, "\n"), m = strcspn(y, "\n");
	int d = strncmp(x, y, n < m ? n : m);

	return d ? d : (n > m) - (n < m);
}

int oid_set_fill(struct oid_set *set, const struct buf *lines, struct error *err)
{
	size_t n = 0;

	for (const char *at = lines->data; (at = strchr(at, '\n')); at++)
		n++;
	set->v = calloc(n + 1, sizeof(*set->v));
	if (!set->v)
		return error_nomem(err);
	for (const char *at = lines->data; set->n < n; at = strchr(at, '\n') + 1)
		set->v[set->n++] = at;
	qsort(set->v, set->n, sizeof(*set->v), compare_lines);
	return 0;
}

bool oid_set_has(const struct oid_set *set, const char *oid)
{
	return set->n && bsearch(&oid, set->v, set->n, sizeof(*set->v), compare_lines);
}
