#include "core/oid.h"
#include "git/facts_impl.h"

#include "core/array.h"

void chain_release(struct chain *c)
{
	free(c->v);
	*c = (struct chain){ .v = NULL };
}

int chain_add(struct chain *c, const char *oid, struct error *err)
{
	if (!ARRAY_GROW(c->v, c->n, c->cap))
		return error_nomem(err);
	oid_set(&c->v[c->n++], oid);
	return 0;
}
