/* Modules that the registry has to judge; which one is said by the build. */
#include "core/module.h"

#include "core/config.h"

#if defined(MODULE_EMPTY)
extern const int nothing_here;
__attribute__((visibility("default"))) const int nothing_here = 1;
#else

static struct backend *open_one(void)
{
	return calloc(1, sizeof(struct backend));
}

static int open_backend(struct backend **out, const struct config *config, struct error *err);

static void close_backend(struct backend *b)
{
	free(b);
}

static int location(struct backend *b, struct buf *out, struct error *err)
{
	(void)b;
	buf_adds(out, "nowhere");
	return buf_check(out, err);
}

static const struct backend_ops ops = {
	.name = MODULE_NAME,
	.open = open_backend,
	.close = close_backend,
	.location = location,
};

static int open_backend(struct backend **out, const struct config *config, struct error *err)
{
	struct backend *b = open_one();

	(void)config;
	if (!b)
		return error_nomem(err);
	b->ops = &ops;
	*out = b;
	return 0;
}

static int open_hub(
	struct hub **out, const struct config *config, int deadline_ms, struct error *err);

static void close_hub(struct hub *h)
{
	free(h);
}

static const struct hub_ops hub_ops = {
	.name = MODULE_NAME,
	.open = open_hub,
	.close = close_hub,
};

static int open_hub(
	struct hub **out, const struct config *config, int deadline_ms, struct error *err)
{
	struct hub *h = calloc(1, sizeof(*h));

	(void)config;
	(void)deadline_ms;
	if (!h)
		return error_nomem(err);
	h->ops = &hub_ops;
	*out = h;
	return 0;
}

BACKEND_MODULE_EXPORT const struct backend_module minsky_backend_module = {
	.abi = MODULE_ABI,
	.name = MODULE_NAME,
	.backend = &ops,
	.hub = MODULE_HUB ? &hub_ops : NULL,
};
#endif
