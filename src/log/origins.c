#include "log/origins.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/buf.h"
#include "core/fs.h"
#include "core/text.h"

#define ORIGINS_FILE "origins"
#define ORIGINS_MAX (64u << 20)

void origins_release(struct origins *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->v[i].who);
	free(o->v);
	*o = (struct origins)ORIGINS_INIT;
}

static int by_origin(const void *key, const void *element)
{
	return strcmp(key, ((const struct origin_owner *)element)->origin);
}

const struct origin_owner *origins_find(const struct origins *o, const char *origin)
{
	size_t at;

	return ARRAY_FIND(origin, o->v, o->n, by_origin, &at) ? &o->v[at] : NULL;
}

int origins_add(struct origins *o, const char *origin, const char *who, bool keeper, bool retired,
	struct error *err)
{
	struct origin_owner one = { .keeper = keeper, .retired = retired };
	struct buf shown = BUF_INIT;
	size_t at;
	int r;

	if (!id_is_hex(origin, ID_HEX_SIZE - 1))
		return error_set(err, ERR_CORRUPT, "not the id of an origin: '%s'", origin);
	memcpy(one.origin, origin, sizeof(one.origin));
	text_add_line(&shown, who, strlen(who));
	r = buf_check(&shown, err);
	if (r < 0)
		return r;
	if (!ARRAY_FIND(origin, o->v, o->n, by_origin, &at)) {
		if (!ARRAY_GROW(o->v, o->n, o->cap)) {
			buf_release(&shown);
			return error_nomem(err);
		}
		ARRAY_OPEN(o->v, o->n, at);
		o->n++;
	} else {
		free(o->v[at].who);
	}
	one.who = buf_detach(&shown);
	o->v[at] = one;
	return one.who ? 0 : error_nomem(err);
}

static int parse_line(struct origins *o, char *line, struct error *err)
{
	char *role, *who;

	if (strlen(line) < ID_HEX_SIZE || line[ID_HEX_SIZE - 1] != ' ')
		return 0;
	line[ID_HEX_SIZE - 1] = '\0';
	role = line + ID_HEX_SIZE;
	who = strchr(role, ' ');
	if (!who || !id_is_hex(line, ID_HEX_SIZE - 1))
		return 0;
	*who++ = '\0';
	return origins_add(o, line, who, !strcmp(role, "keeper"), !strcmp(role, "retired"), err);
}

static int read_file(const char *journal_dir, struct buf *path, struct buf *text, struct error *err)
{
	int r;

	fs_join(path, journal_dir, ORIGINS_FILE);
	r = buf_check(path, err);
	if (r == 0)
		r = fs_read_private(path->data, ORIGINS_MAX, text, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	return r;
}

int origins_load(struct origins *out, const char *journal_dir, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct origins o = ORIGINS_INIT;
	char *line;
	int r = read_file(journal_dir, &path, &text, err);

	line = text.len ? text.data : NULL;
	for (char *nl; r == 0 && line && (nl = strchr(line, '\n')); line = nl + 1) {
		*nl = '\0';
		r = parse_line(&o, line, err);
	}
	if (r < 0)
		origins_release(&o);
	else
		*out = o;
	buf_release(&path);
	buf_release(&text);
	return r;
}

int origins_save(const struct origins *o, const char *journal_dir, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT, want = BUF_INIT;
	int r = read_file(journal_dir, &path, &text, err);

	for (size_t i = 0; i < o->n; i++)
		buf_addf(&want, "%s %s %s\n", o->v[i].origin,
			o->v[i].retired          ? "retired"
				: o->v[i].keeper ? "keeper"
						 : "member",
			o->v[i].who);
	if (r == 0)
		r = buf_check(&want, err);
	if (r == 0 && (want.len != text.len || memcmp(want.data, text.data, want.len) != 0))
		r = fs_replace(path.data, want.data, want.len, 0600, false, err);
	buf_release(&path);
	buf_release(&text);
	buf_release(&want);
	return r;
}
