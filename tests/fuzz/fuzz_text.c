#include <string.h>

#include "core/names.h"
#include "core/repo_url.h"
#include "core/text.h"
#include "fuzz/fuzz.h"

static void is_quiet(const char *s)
{
	size_t len = strlen(s);
	uint32_t cp = 0;

	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		n = text_utf8_char(s + i, len - i, &cp);
		HOLDS(!n || !text_is_control(cp));
	}
}

static void is_harmless(const char *s)
{
	size_t n = 0;

	HOLDS(!text_find_secret(s, strlen(s), &n));
	is_quiet(s);
}

static void check_text(const char *s, size_t len)
{
	struct buf out = BUF_INIT;
	size_t n = 0;

	text_add_scrubbed(&out, s, len);
	HOLDS(!text_find_secret(out.data, out.len, &n));
	buf_clear(&out);
	text_add_line(&out, s, len);
	HOLDS(text_is_utf8(out.data, out.len) && !memchr(out.data, '\n', out.len));
	for (size_t max = 0; max <= len && max < 64; max++) {
		n = text_cut(s, len, max);
		HOLDS(n <= max && n + 3 >= max);
		HOLDS(!text_is_utf8(s, len) || text_is_utf8(s, n));
	}
	buf_release(&out);
}

/* Every name that is made is a good one, and every good session name is a good branch name. */
static void check_names(const char *s)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	if (!name_slug(s, &out, &err))
		HOLDS(name_check_session(out.data, &err) == 0);
	buf_clear(&out);
	if (!name_task_id(s, &out, &err))
		HOLDS(out.len && strspn(out.data, "0123456789") == out.len);
	buf_clear(&out);
	name_dir_slug(s, &out);
	HOLDS(out.len && out.data[0] != '.' && !strchr(out.data, '/'));
	if (!name_check_session(s, &err))
		HOLDS(name_check_branch(s, &err) == 0);
	else
		HOLDS(err.code == ERR_USAGE && !strchr(err.msg, '\n') && !strchr(err.msg, '\x1b'));
	buf_release(&out);
}

static void check_url(const char *s)
{
	struct repo_url u = REPO_URL_INIT;
	struct error err = ERROR_INIT;

	if (repo_url_parse(&u, s, &err)) {
		HOLDS(err.code == ERR_USAGE && !u.url);
		is_quiet(err.msg);
		return;
	}
	is_harmless(u.url);
	is_harmless(u.canonical);
	is_harmless(u.repo_name);
	HOLDS(*u.canonical && *u.repo_name);
	HOLDS(!u.github_owner == !u.github_repo);
	repo_url_release(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	HOLDS(s);
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';
	check_text(s, size);
	check_names(s);
	check_url(s);
	free(s);
	return 0;
}
