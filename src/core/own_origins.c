#include "core/own_origins.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"

static struct own_origin *find(const struct own_origins *o, const char *origin)
{
	for (size_t i = 0; o && i < o->n; i++)
		if (strcmp(o->v[i].origin, origin) == 0)
			return &o->v[i];
	return NULL;
}

int own_origins_add(struct own_origins *o, const char *origin, uint64_t upto, struct error *err)
{
	struct own_origin *there = find(o, origin);

	if (!there) {
		if (!ARRAY_GROW_SHORT(o->v, o->n))
			return error_nomem(err);
		there = &o->v[o->n++];
		*there = (struct own_origin){ .upto = 0 };
		memcpy(there->origin, origin, ID_HEX_SIZE);
	}
	if (upto > there->upto)
		there->upto = upto;
	return 0;
}

void own_origins_release(struct own_origins *o)
{
	free(o->v);
	*o = (struct own_origins)OWN_ORIGINS_INIT;
}

bool own_origins_has(const struct own_origins *o, const char *origin)
{
	return find(o, origin) != NULL;
}

bool own_origins_wrote(const struct own_origins *o, const char *origin, uint64_t seq)
{
	const struct own_origin *there = find(o, origin);

	return there && seq <= there->upto;
}
