#include "backends/registry.h"

const struct backend_ops *const registry_backends[] = { &backend_json, NULL };

/* Open backends, for as long as the process lives or until registry_close_all(). */
struct opened {
	char *key;
	struct backend *backend;
	struct opened *next;
};

static struct opened *opened;

static const struct backend_ops *find_ops(const char *name)
{
	for (size_t i = 0; registry_backends[i]; i++)
		if (strcmp(registry_backends[i]->name, name) == 0)
			return registry_backends[i];
	return NULL;
}

static int unknown(const char *name, const struct config *config, struct error *err)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; registry_backends[i]; i++) {
		buf_adds(&names, i ? ", " : "");
		buf_adds(&names, registry_backends[i]->name);
	}
	error_set(err, ERR_USAGE, "there is no backend '%s' (sessiondb.backend, %s)", name,
		config_origin(config, "sessiondb.backend"));
	error_hint(err, "backends that this minsky has: %s", names.data);
	buf_release(&names);
	return err->code;
}

/* Everything that may decide which store is meant: the backend's name and its own settings. */
static int make_key(
	struct buf *out, const char *name, const struct config *config, struct error *err)
{
	struct buf prefix = BUF_INIT;
	int r;

	buf_addf(&prefix, "sessiondb.%s.", name);
	buf_adds(out, name);
	for (size_t i = 0; !prefix.failed && i < n_config_keys; i++) {
		const char *value;

		if (strncmp(config_keys[i].name, prefix.data, prefix.len) != 0)
			continue;
		value = config_get(config, config_keys[i].name);
		buf_addf(out, "\n%s=%s", config_keys[i].name, value ? value : "");
	}
	r = buf_check(&prefix, err);
	buf_release(&prefix);
	return r < 0 ? r : buf_check(out, err);
}

int registry_open(struct backend **out, const struct config *config, struct error *err)
{
	const char *name = config_get(config, "sessiondb.backend");
	const struct backend_ops *ops = find_ops(name ? name : "");
	struct opened *o = NULL;
	struct buf key = BUF_INIT;
	int r;

	if (!ops)
		return unknown(name ? name : "", config, err);
	r = make_key(&key, name, config, err);
	if (r < 0)
		goto out;
	for (o = opened; o; o = o->next)
		if (strcmp(o->key, key.data) == 0)
			break;
	if (o) {
		*out = o->backend;
		o = NULL;
		goto out;
	}
	o = calloc(1, sizeof(*o));
	if (!o) {
		r = error_nomem(err);
		goto out;
	}
	r = ops->open(&o->backend, config, err);
	if (r < 0)
		goto out;
	*out = o->backend;
	o->key = buf_detach(&key);
	o->next = opened;
	opened = o;
	o = NULL;
out:
	free(o);
	buf_release(&key);
	return r;
}

void registry_close_all(void)
{
	while (opened) {
		struct opened *o = opened;

		opened = o->next;
		o->backend->ops->close(o->backend);
		free(o->key);
		free(o);
	}
}
