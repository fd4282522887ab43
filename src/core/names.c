#include "core/names.h"

#include "core/text.h"

#define BRANCH_MAX_BYTES 250
#define SLUG_MAX_BYTES 50
#define DIR_SLUG_MAX_BYTES 100
#define TASK_MAX_DIGITS 19
#define SHOWN_MAX_BYTES 120

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(s + len - n, end, n);
}

/* Lower case, runs of anything else become one '-', cut at a word where that loses little. */
static void add_slug(struct buf *out, const char *s)
{
	size_t start = out->len, word = 0;
	bool gap = false;

	for (; *s; s++) {
		if (*s == '\'')
			continue;
		if (!is_alnum(*s)) {
			gap = out->len > start;
			continue;
		}
		if (gap) {
			word = out->len;
			buf_addch(out, '-');
		}
		gap = false;
		buf_addch(out, lower(*s));
		if (out->len - start > SLUG_MAX_BYTES) {
			if (word < start + SLUG_MAX_BYTES / 2)
				word = start + SLUG_MAX_BYTES;
			buf_truncate(out, word);
			return;
		}
	}
}

/* "<kind> '<name>' <rule>", with a name of the same words that would do. */
static int refuse(struct error *err, const char *kind, const char *name, const char *rule)
{
	struct buf shown = BUF_INIT, slug = BUF_INIT;
	size_t len = strlen(name), cut = text_cut(name, len, SHOWN_MAX_BYTES);
	int r;

	text_add_line(&shown, name, cut);
	if (cut < len)
		buf_adds(&shown, "...");
	add_slug(&slug, name);
	r = buf_check(&shown, err);
	if (!r)
		r = buf_check(&slug, err);
	if (!r) {
		error_set(err, ERR_USAGE, "%s '%s' %s", kind, shown.data, rule);
		r = error_hint(
			err, "a valid %s would be '%s'", kind, slug.len ? slug.data : "fix-login");
	}
	buf_release(&shown);
	buf_release(&slug);
	return r;
}

/* The rules of git for what stands between slashes; NULL if it keeps them. */
static const char *component_rule(const char *s, size_t len)
{
	if (s[0] == '.')
		return "must not have a part that starts with '.'";
	if (ends_with(s, len, ".lock"))
		return "must not have a part that ends in '.lock'";
	return NULL;
}

static const char *session_rule(const char *name, size_t len)
{
	if (!len)
		return "is empty";
	if (len > NAME_MAX_BYTES)
		return "is longer than 100 bytes";
	if (name[0] == '-' || name[0] == '.')
		return "must not start with '-' or '.'";
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(name[i]) && !strchr("._#-", name[i]))
			return "can contain only letters, digits, '.', '_', '#' and '-'";
	if (strstr(name, ".."))
		return "must not contain '..'";
	if (ends_with(name, len, ".lock") || name[len - 1] == '.')
		return "must not end in '.' or '.lock'";
	if (!strcmp(name, "HEAD"))
		return "has a special meaning in git";
	return NULL;
}

bool name_is_session(const char *name)
{
	return !session_rule(name, strlen(name));
}

int name_check_session(const char *name, struct error *err)
{
	const char *rule = session_rule(name, strlen(name));

	return rule ? refuse(err, "session name", name, rule) : 0;
}

/* The rules of git, however long it is. */
static const char *branch_rule(const char *branch, size_t len)
{
	const char *part, *end;

	if (!len)
		return "is empty";
	if (branch[0] == '-')
		return "must not start with '-'";
	if (!strcmp(branch, "HEAD") || !strcmp(branch, "@"))
		return "has a special meaning in git";
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)branch[i] < 0x20 || branch[i] == 0x7f)
			return "must not contain control characters";
		if (strchr(" ~^:?*[\\", branch[i]))
			return "must not contain a space or any of ~ ^ : ? * [ \\";
	}
	if (!text_is_utf8(branch, len))
		return "is not UTF-8";
	if (strstr(branch, "..") || strstr(branch, "@{"))
		return "must not contain '..' or '@{'";
	if (branch[len - 1] == '.')
		return "must not end in '.'";
	for (part = branch;; part = end + 1) {
		const char *rule;

		end = strchr(part, '/');
		if (!end)
			end = branch + len;
		if (end == part)
			return "must not start or end with '/' or contain '//'";
		rule = component_rule(part, (size_t)(end - part));
		if (rule)
			return rule;
		if (!*end)
			return NULL;
	}
}

bool name_is_branch(const char *branch)
{
	return !branch_rule(branch, strlen(branch));
}

int name_check_branch(const char *branch, struct error *err)
{
	size_t len = strlen(branch);
	const char *rule = branch_rule(branch, len);

	if (!rule && len > BRANCH_MAX_BYTES)
		rule = "is longer than 250 bytes";

	return rule ? refuse(err, "branch", branch, rule) : 0;
}

static int refuse_task(struct error *err, const char *text, const char *rule)
{
	int r = refuse(err, "task id", text, rule);

	return r == ERR_USAGE ? error_hint(err, "write it as 123, #123 or task#123") : r;
}

int name_task_id(const char *text, struct buf *out, struct error *err)
{
	const char *p = text;
	size_t n;

	if (lower(p[0]) == 't' && lower(p[1]) == 'a' && lower(p[2]) == 's' && lower(p[3]) == 'k' &&
		p[4] == '#')
		p += 5;
	else if (p[0] == '#')
		p++;
	n = strspn(p, "0123456789");
	if (!n || p[n])
		return refuse_task(err, text, "is not a number");
	while (n > 1 && *p == '0') {
		p++;
		n--;
	}
	if (n > TASK_MAX_DIGITS)
		return refuse_task(err, text, "has more than 19 digits");
	buf_add(out, p, n);
	return buf_check(out, err);
}

int name_slug(const char *description, struct buf *out, struct error *err)
{
	size_t start = out->len;

	add_slug(out, description);
	if (out->len > start || out->failed)
		return buf_check(out, err);
	refuse(err, "description", description, "contains no letter or digit to make a name of");
	return err->code == ERR_USAGE ? error_hint(err, "give a name: minsky session start NAME")
				      : err->code;
}

void name_dir_slug(const char *text, struct buf *out)
{
	size_t start = out->len;
	bool gap = false;

	for (; *text && out->len - start < DIR_SLUG_MAX_BYTES; text++) {
		if (!is_alnum(*text) && !strchr("._-", *text)) {
			gap = out->len > start;
			continue;
		}
		if (out->len == start && (*text == '.' || *text == '-'))
			continue;
		if (gap && *text != '-' && out->data[out->len - 1] != '-')
			buf_addch(out, '-');
		gap = false;
		buf_addch(out, *text);
	}
	while (out->len > start && strchr(".-", out->data[out->len - 1]))
		buf_truncate(out, out->len - 1);
	if (out->len == start)
		buf_adds(out, "repo");
}
