#include "git/facts_impl.h"

void chain_release(struct chain *c)
{
	free(c->v);
	*c = (struct chain){ .v = NULL };
}

int chain_add(struct chain *c, const char *oid, struct error *err)
{
	char(*v)[65];

	if ((c->n & (c->n - 1)) == 0) {
		v = realloc(c->v, (c->n ? c->n * 2 : 1) * sizeof(*v));
		if (!v)
			return error_nomem(err);
		c->v = v;
	}
	(void)snprintf(c->v[c->n++], sizeof(*c->v), "%s", oid);
	return 0;
}
