#include "git/gitconfig.h"

#include <strings.h>

bool git_config_next(const char *list, size_t len, size_t *pos, struct git_setting *out)
{
	struct git_setting s = { .scope = list + *pos };
	const char *first, *last, *end;
	size_t at = *pos;

	if (at >= len)
		return false;
	at += strlen(list + at) + 1;
	if (at >= len)
		return false;
	s.key = list + at;
	at += strlen(list + at) + 1;
	s.key_len = strcspn(s.key, "\n");
	s.value = s.key[s.key_len] ? s.key + s.key_len + 1 : NULL;
	end = s.key + s.key_len;
	first = memchr(s.key, '.', s.key_len);
	last = memrchr(s.key, '.', s.key_len);
	s.section = s.key;
	s.section_len = (size_t)((first ? first : end) - s.key);
	s.name = last ? last + 1 : end;
	s.name_len = (size_t)(end - s.name);
	if (first && last != first) {
		s.sub = first + 1;
		s.sub_len = (size_t)(last - s.sub);
	}
	*pos = at;
	*out = s;
	return true;
}

static bool same(const char *a, size_t len, const char *b)
{
	return strlen(b) == len && memcmp(a, b, len) == 0;
}

bool git_setting_is(
	const struct git_setting *s, const char *section, const char *sub, const char *name)
{
	if (!same(s->section, s->section_len, section) || !same(s->name, s->name_len, name))
		return false;
	return !sub || (s->sub && same(s->sub, s->sub_len, sub));
}

bool git_setting_is_local(const struct git_setting *s)
{
	return strcmp(s->scope, "local") == 0 || strcmp(s->scope, "worktree") == 0;
}

bool git_setting_true(const struct git_setting *s)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };

	if (!s->value)
		return true;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcasecmp(s->value, yes[i]) == 0)
			return true;
	return false;
}

bool git_url_is_relative(const char *url)
{
	return url[0] && url[0] != '/' && url[strcspn(url, ":/")] != ':';
}

void git_config_write(struct buf *out, const struct git_setting *s)
{
	buf_addch(out, '[');
	buf_add(out, s->section, s->section_len);
	if (s->sub) {
		buf_adds(out, " \"");
		for (size_t i = 0; i < s->sub_len; i++) {
			if (s->sub[i] == '"' || s->sub[i] == '\\')
				buf_addch(out, '\\');
			buf_addch(out, s->sub[i]);
		}
		buf_addch(out, '"');
	}
	buf_adds(out, "]\n\t");
	buf_add(out, s->name, s->name_len);
	if (s->value) {
		buf_adds(out, " = \"");
		for (const char *c = s->value; *c; c++)
			if (*c == '\n')
				buf_adds(out, "\\n");
			else if (*c == '\t')
				buf_adds(out, "\\t");
			else if (*c == '"' || *c == '\\')
				buf_addf(out, "\\%c", *c);
			else
				buf_addch(out, *c);
		buf_addch(out, '"');
	}
	buf_addch(out, '\n');
}

void git_config_add(
	struct buf *out, const char *section, const char *sub, const char *name, const char *value)
{
	const struct git_setting s = {
		.value = value,
		.section = section,
		.section_len = strlen(section),
		.sub = sub,
		.sub_len = sub ? strlen(sub) : 0,
		.name = name,
		.name_len = strlen(name),
	};

	git_config_write(out, &s);
}
