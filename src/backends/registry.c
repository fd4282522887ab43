#include "backends/registry.h"

#include "backends/module.h"
#include "core/clock.h"

const struct backend_ops *const registry_backends[] = { &backend_json, NULL };

/* What is open, for as long as the process lives or until registry_close_all(). */
struct opened {
	char *key;
	struct backend *backend;
	struct hub *hub;
	struct opened *next;
};

static struct opened *opened;

static trace_fn *trace;
static void *trace_arg;

static const struct backend_ops *built_in(const char *name)
{
	for (size_t i = 0; registry_backends[i]; i++)
		if (strcmp(registry_backends[i]->name, name) == 0)
			return registry_backends[i];
	return NULL;
}

static int unknown(const char *name, struct error *err)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; registry_backends[i]; i++)
		buf_addf(&names, "%s%s", i ? ", " : "", registry_backends[i]->name);
	module_add_names(&names);
	error_set(err, ERR_USAGE, "there is no backend '%s'", name);
	error_hint(err, "available backends: %s", names.data);
	buf_release(&names);
	return err->code;
}

int registry_find(const struct backend_ops **out, const char *name, struct error *err)
{
	const struct backend_module *m;
	int r;

	if (built_in(name)) {
		*out = built_in(name);
		return 0;
	}
	r = module_load(&m, name, err);
	if (r == ERR_NOTFOUND || (r == 0 && !m->backend))
		return unknown(name, err);
	if (r == 0)
		*out = m->backend;
	return r;
}

bool registry_is_hub(const char *name)
{
	const struct backend_module *m;
	struct error ignored = ERROR_INIT;

	return !built_in(name) && module_load(&m, name, &ignored) == 0 && m->hub;
}

static int in_setting(int r, const char *setting, const struct config *config, struct error *err)
{
	if (r == ERR_USAGE)
		error_wrap(err, "%s (%s)", setting, config_origin(config, setting));
	return r;
}

/* Everything that may decide which store is meant. */
static int make_key(struct buf *out, const char *kind, const char *name,
	const struct config *config, struct error *err)
{
	struct buf prefix = BUF_INIT;
	int r;

	buf_addf(&prefix, "sessiondb.%s.", name);
	buf_addf(out, "%s\n%s", kind, name);
	for (size_t i = 0; !prefix.failed && i < n_config_keys; i++) {
		const char *key = config_keys[i].name, *value;

		/* A module of somebody else's has no settings of its own in the table. */
		if (strncmp(key, prefix.data, prefix.len) != 0 &&
			strcmp(key, "sessiondb.location") != 0 && strcmp(key, "sessiondb.hub") != 0)
			continue;
		value = config_get(config, key);
		buf_addf(out, "\n%s=%s", key, value ? value : "");
	}
	r = buf_check(&prefix, err);
	buf_release(&prefix);
	return r < 0 ? r : buf_check(out, err);
}

static const struct opened *find_open(const struct buf *key)
{
	const struct opened *o = opened;

	while (o && strcmp(o->key, key->data) != 0)
		o = o->next;
	return o;
}

/* Takes over the key's text. */
static void remember(struct opened *o, struct buf *key)
{
	o->key = buf_detach(key);
	o->next = opened;
	opened = o;
}

void registry_trace(trace_fn *fn, void *arg)
{
	trace = fn;
	trace_arg = arg;
}

static int open_traced(struct backend **out, const struct backend_ops *ops,
	const struct config *config, struct error *err)
{
	int64_t start = clock_monotonic_us();
	struct backend *b = NULL;
	int r = ops->open(&b, config, err);

	if (r == 0 && trace)
		r = trace_wrap(&b, clock_monotonic_us() - start, trace, trace_arg, err);
	if (r < 0 && b)
		b->ops->close(b);
	if (r == 0)
		*out = b;
	return r;
}

int registry_open(struct backend **out, const struct config *config, struct error *err)
{
	static const char setting[] = "sessiondb.backend";
	const char *name = config_get(config, setting);
	const struct backend_ops *ops = NULL;
	const struct opened *known;
	struct opened *o = NULL;
	struct buf key = BUF_INIT;
	int r;

	name = name ? name : "";
	r = in_setting(registry_find(&ops, name, err), setting, config, err);
	if (r == 0)
		r = make_key(&key, "backend", name, config, err);
	if (r < 0)
		goto out;
	known = find_open(&key);
	if (known) {
		*out = known->backend;
		goto out;
	}
	o = calloc(1, sizeof(*o));
	r = o ? open_traced(&o->backend, ops, config, err) : error_nomem(err);
	if (r < 0)
		goto out;
	*out = o->backend;
	remember(o, &key);
	o = NULL;
out:
	free(o);
	buf_release(&key);
	return r;
}

/* "postgres", or a URL whose scheme is postgres or postgresql. */
static int hub_name(struct buf *out, const char *value, struct error *err)
{
	size_t n = strcspn(value, ":");

	if (n == strlen("postgresql") && !strncmp(value, "postgresql", n))
		buf_adds(out, "postgres");
	else
		buf_add(out, value, n);
	return buf_check(out, err);
}

/* Of which module, and which setting says so; ERR_NOTFOUND if that is none. */
static int find_hub(const struct hub_ops **out, struct buf *name, const struct config *config,
	struct error *err)
{
	const char *setting = "sessiondb.hub", *value = config_get(config, setting);
	const struct backend_module *m;
	bool by_backend = !value || !*value;
	int r;

	if (by_backend) {
		setting = "sessiondb.backend";
		value = config_get(config, setting);
	}
	r = hub_name(name, value ? value : "", err);
	if (r == 0 && by_backend && built_in(name->data))
		return error_set(err, ERR_NOTFOUND, "no hub is configured (sessiondb.hub)");
	if (r < 0)
		return r;
	r = module_load(&m, name->data, err);
	if (r == ERR_NOTFOUND)
		r = in_setting(unknown(name->data, err), setting, config, err);
	if (r < 0)
		return r;
	if (!m->hub) {
		if (by_backend)
			return error_set(err, ERR_NOTFOUND, "no hub is configured (sessiondb.hub)");
		error_set(err, ERR_USAGE, "'%s' cannot be a hub (sessiondb.hub, %s)", name->data,
			config_origin(config, setting));
		return error_hint(err, "only postgres can be a hub");
	}
	*out = m->hub;
	return 0;
}

int registry_open_hub(
	struct hub **out, const struct config *config, int deadline_ms, struct error *err)
{
	const struct hub_ops *ops = NULL;
	const struct opened *known;
	struct opened *o = NULL;
	struct buf key = BUF_INIT, name = BUF_INIT;
	int r = find_hub(&ops, &name, config, err);

	if (r == 0)
		r = make_key(&key, "hub", name.data, config, err);
	buf_addf(&key, "\n%d", deadline_ms);
	if (r == 0)
		r = buf_check(&key, err);
	if (r < 0)
		goto out;
	known = find_open(&key);
	if (known) {
		*out = known->hub;
		goto out;
	}
	o = calloc(1, sizeof(*o));
	r = o ? ops->open(&o->hub, config, deadline_ms, err) : error_nomem(err);
	if (r < 0)
		goto out;
	*out = o->hub;
	remember(o, &key);
	o = NULL;
out:
	free(o);
	buf_release(&key);
	buf_release(&name);
	return r;
}

void registry_close_all(void)
{
	while (opened) {
		struct opened *o = opened;

		opened = o->next;
		if (o->backend)
			o->backend->ops->close(o->backend);
		if (o->hub)
			o->hub->ops->close(o->hub);
		free(o->key);
		free(o);
	}
}
