#include "core/config_edit.h"

#include <string.h>

#include "core/array.h"
#include "core/config_parts.h"
#include "core/text.h"

struct item {
	enum config_node_kind kind;
	char *path, *value;
	size_t begin, at, end, column;
	size_t content; /* of a section: behind its last word */
	size_t children;
	size_t parent; /* NONE: the whole file */
	bool flow;
};

#define NONE SIZE_MAX

struct outline {
	struct item *v;
	size_t n, open;
	struct item root;
	size_t step; /* spaces of a level */
};

static void outline_release(struct outline *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->v[i].path);
		free(o->v[i].value);
	}
	free(o->v);
}

static struct item *item_of(struct outline *o, size_t i)
{
	return i == NONE ? &o->root : &o->v[i];
}

static int on_node(void *arg, const struct config_node *node, struct error *err)
{
	struct outline *o = arg;
	struct item *parent = item_of(o, o->open);
	struct item i = {
		.kind = node->kind,
		.begin = node->begin,
		.at = node->at,
		.end = node->end,
		.column = node->column,
		.parent = o->open,
		.flow = node->flow,
	};

	if (node->kind == CONFIG_NODE_END) {
		parent->content = node->at;
		parent->end = node->end;
		parent->flow = node->flow;
		o->open = parent->parent;
		return 0;
	}
	if (!ARRAY_GROW_SHORT(o->v, o->n))
		return error_nomem(err);
	parent = item_of(o, o->open);
	if (!parent->children++ && o->open != NONE && node->column > parent->column &&
		!parent->flow && o->step == NONE)
		o->step = node->column - parent->column;
	i.path = strdup(node->path);
	i.value = node->value ? strdup(node->value) : NULL;
	if (!i.path || (node->value && !i.value)) {
		free(i.path);
		free(i.value);
		return error_nomem(err);
	}
	if (node->kind == CONFIG_NODE_SECTION)
		o->open = o->n;
	o->v[o->n++] = i;
	return 0;
}

static int outline_read(
	struct outline *o, const char *name, const char *text, size_t len, struct error *err)
{
	*o = (struct outline){ .open = NONE, .root = { .parent = NONE }, .step = NONE };
	return config_yaml_walk(name, text, len, on_node, o, err);
}

static size_t find(const struct outline *o, const char *path)
{
	for (size_t i = 0; i < o->n; i++)
		if (!strcmp(o->v[i].path, path))
			return i;
	return NONE;
}

/* The first n names. */
static void join(struct buf *out, const struct config_edit *e, size_t n)
{
	buf_clear(out);
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s", i ? "." : "", e->path[i]);
}

/* What needs no quotes, in braces or out of them. */
static bool is_plain(const char *s)
{
	size_t n = strspn(
		s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+~:@=-");

	return n && !s[n] && !strchr("~:@=-", s[0]) && s[n - 1] != ':' && strcmp(s, "null") != 0 &&
		strcmp(s, "...") != 0;
}

static void add_scalar(struct buf *out, const char *s)
{
	if (is_plain(s) || (s[0] == '~' && s[1] == '/' && is_plain(s + 1))) {
		buf_adds(out, s);
		return;
	}
	buf_addch(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_addch(out, '\'');
		buf_addch(out, *s);
	}
	buf_addch(out, '\'');
}

static size_t line_start(const char *text, size_t at)
{
	while (at && text[at - 1] != '\n')
		at--;
	return at;
}

/* Behind the newline of the line that `at` is on. */
static size_t line_end(const char *text, size_t len, size_t at)
{
	const char *p = memchr(text + at, '\n', len - at);

	return p ? (size_t)(p - text) + 1 : len;
}

static const char *newline_of(const char *text, size_t len)
{
	const char *p = memchr(text, '\n', len);

	return p && p > text && p[-1] == '\r' ? "\r\n" : "\n";
}

/* The names from `from` on as lines, the last with the value. */
static void add_lines(struct buf *out, const struct config_edit *e, size_t from, size_t indent,
	size_t step, const char *newline)
{
	for (size_t i = from; e->path[i]; i++) {
		buf_addf(out, "%*s", (int)(indent + (i - from) * step), "");
		add_scalar(out, e->path[i]);
		buf_addch(out, ':');
		if (!e->path[i + 1]) {
			buf_addch(out, ' ');
			add_scalar(out, e->value);
		}
		buf_adds(out, newline);
	}
}

/* The same in one line, in braces. */
static void add_braces(struct buf *out, const struct config_edit *e, size_t from)
{
	size_t open = 0;

	for (size_t i = from; e->path[i]; i++) {
		add_scalar(out, e->path[i]);
		buf_adds(out, e->path[i + 1] ? ": { " : ": ");
		open += e->path[i + 1] != NULL;
	}
	add_scalar(out, e->value);
	while (open--)
		buf_adds(out, " }");
}

struct place {
	const char *text;
	size_t len;
	struct outline *o;
	const struct config_edit *e;
	struct buf *out;
};

/* Put lines behind the line that `at` is in, or before it if it begins one. */
static void insert_lines(const struct place *p, size_t at, size_t from, size_t indent)
{
	const char *newline = newline_of(p->text, p->len);

	if (at && p->text[at - 1] != '\n')
		at = line_end(p->text, p->len, at);
	buf_add(p->out, p->text, at);
	if (at && p->text[at - 1] != '\n')
		buf_adds(p->out, newline);
	add_lines(p->out, p->e, from, indent, p->o->step == NONE ? 2 : p->o->step, newline);
	buf_add(p->out, p->text + at, p->len - at);
}

static void insert_in_braces(const struct place *p, const struct item *section, size_t from)
{
	size_t at = section->content;

	if (!section->children) {
		at = section->end - 1;
		while (at && p->text[at] != '{')
			at--;
		at++;
	}
	buf_add(p->out, p->text, at);
	if (section->children)
		buf_adds(p->out, ", ");
	add_braces(p->out, p->e, from);
	buf_add(p->out, p->text + at, p->len - at);
}

/* "key:" without a value, or with a null, becomes the head of a section. */
static void insert_under_null(const struct place *p, const struct item *i, size_t from)
{
	const char *newline = newline_of(p->text, p->len);
	size_t at = line_end(p->text, p->len, i->end), step = p->o->step == NONE ? 2 : p->o->step;

	buf_add(p->out, p->text, i->at);
	buf_add(p->out, p->text + i->end, at - i->end);
	if (at && p->text[at - 1] != '\n')
		buf_adds(p->out, newline);
	add_lines(p->out, p->e, from, i->column - 1 + step, step, newline);
	buf_add(p->out, p->text + at, p->len - at);
}

static void replace_value(const struct place *p, const struct item *i)
{
	size_t end = i->end;

	while (end > i->at && strchr(" \t\r\n", p->text[end - 1]))
		end--;
	buf_add(p->out, p->text, i->at);
	if (i->at && p->text[i->at - 1] == ':')
		buf_addch(p->out, ' ');
	add_scalar(p->out, p->e->value);
	buf_add(p->out, p->text + end, p->len - end);
}

static int fail_layout(const char *name, const struct config_edit *e, struct error *err)
{
	struct buf path = BUF_INIT;
	size_t n = 0;

	while (e->path[n])
		n++;
	join(&path, e, n);
	error_set(err, ERR_UNSUPPORTED,
		"%s: cannot change '%s' without changing the rest of the file", name, path.data);
	buf_release(&path);
	return error_hint(err, "edit the file by hand, then run 'minsky config validate'");
}

static int set(const struct place *p, const char *name, struct error *err)
{
	struct buf path = BUF_INIT;
	struct item *section = NULL;
	size_t n = 0, at = NONE;
	int r = 0;

	while (p->e->path[n])
		n++;
	for (; n && at == NONE; n--) {
		join(&path, p->e, n);
		if (path.failed)
			break;
		at = find(p->o, path.data);
	}
	r = buf_check(&path, err);
	buf_release(&path);
	if (r < 0)
		return r;
	section = item_of(p->o, at);
	n += at != NONE;
	if (at != NONE && !p->e->path[n]) {
		if (section->kind != CONFIG_NODE_TEXT && section->kind != CONFIG_NODE_NULL)
			return fail_layout(name, p->e, err);
		replace_value(p, section);
	} else if (at != NONE && section->kind == CONFIG_NODE_NULL) {
		insert_under_null(p, section, n);
	} else if (at != NONE && section->kind != CONFIG_NODE_SECTION) {
		return fail_layout(name, p->e, err);
	} else if (section->flow) {
		insert_in_braces(p, section, n);
	} else if (section->children) {
		insert_lines(p, section->content, n, p->o->v[at == NONE ? 0 : at + 1].column - 1);
	} else {
		insert_lines(p, p->len, n, 0);
	}
	return 0;
}

/* Of the item before this one in its section; NONE if it is the first. */
static size_t sibling_before(const struct outline *o, size_t i)
{
	for (size_t k = i; k--;)
		if (o->v[k].parent == o->v[i].parent)
			return k;
	return NONE;
}

/* Something in there looks like a comment, which would go with what is taken out. */
static bool may_hold_comment(const char *text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (text[i] == '#' && i && strchr(" \t\r\n", text[i - 1]))
			return true;
	return false;
}

/* Out of a list in braces: with the comma behind it, or else with the one before. */
static int remove_from_braces(const struct place *p, size_t i, const char *name, struct error *err)
{
	size_t from = p->o->v[i].begin, to = p->o->v[i].end, before = sibling_before(p->o, i);
	size_t next = to + strspn(p->text + to, " \t\r\n");

	if (p->text[next] == ',')
		to = next + 1 + strspn(p->text + next + 1, " \t");
	else if (before != NONE)
		from = p->o->v[before].end;
	if (may_hold_comment(p->text, from, to))
		return fail_layout(name, p->e, err);
	buf_add(p->out, p->text, from);
	buf_add(p->out, p->text + to, p->len - to);
	return 0;
}

static bool begins_line(const char *text, size_t at)
{
	size_t from = line_start(text, at);

	return from + strspn(text + from, " ") == at;
}

/*
 * A setting that is alone in its section goes with the section, so that no empty head is left; of
 * a section in lines, comments between the head and the setting stay.
 */
static int take_out(const struct place *p, size_t i, const char *name, struct error *err)
{
	struct outline *o = p->o;
	size_t heads[CONFIG_EDIT_DEPTH], n = CONFIG_EDIT_DEPTH, done = 0;
	size_t whole = i;

	/* Filled from the end, so that the outermost comes first and the setting itself last. */
	heads[--n] = whole;
	while (n && o->v[i].parent != NONE && o->v[o->v[i].parent].children == 1) {
		i = o->v[i].parent;
		if (o->v[i].flow) {
			whole = i;
			n = CONFIG_EDIT_DEPTH;
		}
		heads[--n] = i;
	}
	if (item_of(o, o->v[i].parent)->flow)
		return remove_from_braces(p, i, name, err);
	/* In braces anywhere, else between the name and a value in a later line. */
	if (may_hold_comment(p->text, o->v[whole].begin,
		    o->v[whole].flow ? o->v[whole].end : o->v[whole].at))
		return fail_layout(name, p->e, err);
	for (size_t k = n; k < CONFIG_EDIT_DEPTH; k++) {
		const struct item *h = &o->v[heads[k]];
		size_t from = line_start(p->text, h->begin);
		size_t end = heads[k] == whole ? h->end : h->begin;

		if (!begins_line(p->text, h->begin) || from < done)
			return fail_layout(name, p->e, err);
		buf_add(p->out, p->text + done, from - done);
		/* A text in lines of its own ends where the next line begins. */
		done = end > h->begin && p->text[end - 1] == '\n' ? end
								  : line_end(p->text, p->len, end);
	}
	buf_add(p->out, p->text + done, p->len - done);
	return 0;
}

/* Is `path` on the way to the setting, or the setting itself? */
static bool on_the_way(const struct config_edit *e, const char *path)
{
	struct buf way = BUF_INIT;
	bool is = false;

	for (size_t n = 1; e->path[n - 1] && !is; n++) {
		join(&way, e, n);
		is = !strcmp(way.data, path);
	}
	buf_release(&way);
	return is;
}

static const struct item *next_other(
	const struct outline *o, size_t *i, const struct config_edit *e)
{
	while (*i < o->n) {
		const struct item *v = &o->v[(*i)++];

		if (v->kind != CONFIG_NODE_SECTION && !on_the_way(e, v->path))
			return v;
	}
	return NULL;
}

/* Does the new text say what it should, and everything else that the old one says, in order? */
static bool came_out_right(
	const struct outline *old, const struct outline *new, const struct config_edit *e)
{
	struct buf path = BUF_INIT;
	size_t n = 0, i = 0, k = 0, at;
	bool right;

	while (e->path[n])
		n++;
	join(&path, e, n);
	at = find(new, path.data);
	right = !path.failed &&
		(e->value ? at != NONE && new->v[at].kind == CONFIG_NODE_TEXT &&
					!strcmp(new->v[at].value, e->value)
			  : at == NONE);
	buf_release(&path);
	while (right) {
		const struct item *a = next_other(old, &i, e), *b = next_other(new, &k, e);

		if (!a && !b)
			return true;
		right = a && b && a->kind == b->kind && !strcmp(a->path, b->path) &&
			(!a->value || !strcmp(a->value, b->value));
	}
	return false;
}

static int check_value(const char *value, struct error *err)
{
	size_t len = strlen(value);
	uint32_t cp;

	if (len > CONFIG_MAX_VALUE)
		return error_set(
			err, ERR_USAGE, "the value is longer than %d bytes", CONFIG_MAX_VALUE);
	for (size_t i = 0, n; i < len; i += n) {
		n = text_utf8_char(value + i, len - i, &cp);
		if (!n)
			return error_set(err, ERR_USAGE, "the value is not UTF-8");
		if (cp < 0x20 || cp == 0x7f || text_is_control(cp))
			return error_set(err, ERR_USAGE, "the value contains control characters");
	}
	return 0;
}

int config_edit(const char *name, const char *text, size_t len, const struct config_edit *edit,
	struct buf *out, struct error *err)
{
	struct outline old = { .v = NULL }, new = { .v = NULL };
	struct place p = { .text = text, .len = len, .o = &old, .e = edit, .out = out };
	struct buf path = BUF_INIT;
	size_t n = 0, at;
	int r = edit->value ? check_value(edit->value, err) : 0;

	buf_clear(out);
	while (edit->path[n])
		n++;
	join(&path, edit, n);
	if (r == 0)
		r = outline_read(&old, name, text, len, err);
	if (r == 0)
		r = buf_check(&path, err);
	if (r < 0)
		goto out;
	at = find(&old, path.data);
	if (edit->value)
		r = set(&p, name, err);
	else if (at != NONE)
		r = take_out(&p, at, name, err);
	else
		buf_add(out, text, len);
	if (r == 0)
		r = buf_check(out, err);
	if (r < 0)
		goto out;
	if (out->len > CONFIG_MAX_FILE) {
		r = error_set(
			err, ERR_USAGE, "%s: would be larger than %d bytes", name, CONFIG_MAX_FILE);
		goto out;
	}
	r = outline_read(&new, name, out->data, out->len, err);
	if (r != ERR_NOMEM && (r < 0 || !came_out_right(&old, &new, edit))) {
		error_clear(err);
		r = fail_layout(name, edit, err);
	}
out:
	outline_release(&old);
	outline_release(&new);
	buf_release(&path);
	return r;
}
