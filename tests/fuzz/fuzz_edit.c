#include <string.h>

#include "core/config_edit.h"
#include "core/config_parts.h"
#include "fuzz/fuzz.h"

static size_t comments(const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : p + strlen(p))
		n += p[strspn(p, " ")] == '#';
	return n;
}

static int nothing(void *arg, const struct config_node *node, struct error *err)
{
	(void)arg;
	(void)node;
	(void)err;
	return 0;
}

static struct config_edit edit_of(unsigned what, const char *value)
{
	struct config_edit e = { .path = { "sessiondb", "backend" }, .value = value };

	if (what & 1)
		e = (struct config_edit){ .path = { "color" }, .value = value };
	if (what & 2)
		e = (struct config_edit){ .path = { "sessiondb", "sqlite", "path" },
			.value = value };
	return e;
}

/*
 * The first byte says which setting, the first line its new value, the rest is the file. A change
 * is refused, or the file can be read afterwards and has no comment line less; doing it twice is
 * doing it once.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf value = BUF_INIT, text = BUF_INIT, once = BUF_INIT, twice = BUF_INIT;
	const uint8_t *line = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
	struct error err = ERROR_INIT;
	struct config_edit e;

	if (!line)
		return 0;
	buf_add(&value, data + 1, (size_t)(line - data - 1));
	buf_add(&text, line + 1, size - (size_t)(line - data) - 1);
	e = edit_of(data[0], data[0] & 4 ? NULL : value.data);
	if (config_edit("f", text.data, text.len, &e, &once, &err)) {
		HOLDS(err.code == ERR_USAGE || err.code == ERR_UNSUPPORTED);
		HOLDS(*err.msg && !strchr(err.msg, '\x1b'));
	} else {
		HOLDS(config_yaml_walk("f", once.data, once.len, nothing, NULL, &err) == 0);
		HOLDS(config_edit("f", once.data, once.len, &e, &twice, &err) == 0);
		HOLDS(once.len == twice.len && !memcmp(once.data, twice.data, once.len));
		/* Lines of a value that look like comments go with it. */
		if (!strpbrk(text.data, "|>'\""))
			HOLDS(comments(once.data) >= comments(text.data));
	}
	buf_release(&value);
	buf_release(&text);
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
