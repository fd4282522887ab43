#include "git/gitarg.h"

#include <string.h>

#include "core/oid.h"
#include "core/text.h"

static bool is_oid(const char *s, size_t len)
{
	return len && oid_digits(s, len) == len;
}

static bool begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/*
 * git check-ref-format: no component that is empty, begins with a dot or ends with ".lock"; no
 * "..", "@{", control character, space or any of ~^:?*[\; no dot at the end. `wild` lets one
 * component be or hold an asterisk.
 */
static bool is_ref_text(const char *s, size_t len, bool wild)
{
	size_t start = 0;

	if (!len || s[len - 1] == '.' || s[len - 1] == '/')
		return false;
	for (size_t i = 0; i <= len; i++) {
		unsigned char c = i < len ? (unsigned char)s[i] : '/';

		if (c == '/') {
			if (i == start || s[start] == '.' ||
				(i - start >= 5 && memcmp(s + i - 5, ".lock", 5) == 0))
				return false;
			start = i + 1;
		} else if (c <= ' ' || c == 0x7f || strchr("~^:?[\\", c)) {
			return false;
		} else if (c == '*' && !wild) {
			return false;
		} else if (i && ((c == '.' && s[i - 1] == '.') || (c == '{' && s[i - 1] == '@'))) {
			return false;
		}
	}
	return true;
}

static bool is_ref(const char *s, size_t len)
{
	if (len == 4 && memcmp(s, "HEAD", 4) == 0)
		return true;
	return len > 5 && begins(s, "refs/") && is_ref_text(s, len, false);
}

static bool is_branch(const char *s)
{
	return s[0] != '-' && strcmp(s, "HEAD") != 0 && strcmp(s, "@") != 0 &&
		is_ref_text(s, strlen(s), false);
}

static bool is_pattern(const char *s)
{
	size_t len = strlen(s);

	if (!begins(s, "refs/"))
		return false;
	if (len > 5 && s[len - 1] == '/')
		len--;
	return is_ref_text(s, len, true);
}

/* Behind what names an object. */
static bool is_suffix(const char *s)
{
	static const char *const known[] = { "", "^{commit}", "^{tree}", "^{tag}", "^{}" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(s, known[i]) == 0)
			return true;
	return s[0] == '^' && s[1] && strspn(s + 1, "0123456789") == strlen(s + 1);
}

static bool is_rev(const char *s)
{
	const char *dots = strstr(s, "...");
	size_t len = strcspn(s, "^");

	if (dots)
		return is_oid(s, (size_t)(dots - s)) && is_oid(dots + 3, strlen(dots + 3));
	return s[0] != '-' && is_ref_text(s, len, false) && is_suffix(s + len);
}

/* Of the characters that git takes for the name of a remote's section, those that are harmless. */
static bool is_remote(const char *s)
{
	if (s[0] == '/')
		return true;
	return s[0] != '-' && !strchr(s, ':') && is_ref_text(s, strlen(s), false);
}

static bool is_refspec(const char *s)
{
	const char *colon;
	size_t left;

	if (*s == '+')
		s++;
	colon = strchr(s, ':');
	left = colon ? (size_t)(colon - s) : strlen(s);
	if (left && !is_oid(s, left) && !is_ref(s, left) &&
		!(begins(s, "refs/") && is_ref_text(s, left, true)))
		return false;
	if (!colon)
		return left != 0;
	return begins(colon + 1, "refs/") && is_ref_text(colon + 1, strlen(colon + 1), true);
}

static bool is_number(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits && digits < 10 && !s[digits];
}

/* <ref>:<object id>, or nothing behind the colon. */
static bool is_lease(const char *s)
{
	const char *colon = strchr(s, ':');

	return colon && is_ref(s, (size_t)(colon - s)) &&
		(!colon[1] || is_oid(colon + 1, strlen(colon + 1)));
}

/* <remote>/<wildcard>, of --exclude in front of --remotes. */
static bool is_exclusion(const char *s)
{
	return s[0] != '-' && is_ref_text(s, strlen(s), true);
}

static bool is_word(const char *s)
{
	return s[0] && strspn(s, "abcdefghijklmnopqrstuvwxyz-") == strlen(s);
}

static bool is_option(const char *s)
{
	static const struct {
		const char *name;
		bool (*fits)(const char *value);
	} known[] = {
		{ "--contains=", oid_is_valid },
		{ "--exclude=", is_exclusion },
		{ "--force-with-lease=", is_lease },
		{ "--git-path=", is_word },
		{ "--max-count=", is_number },
		{ "--points-at=", oid_is_valid },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (begins(s, known[i].name))
			return known[i].fits(s + strlen(known[i].name));
	return false;
}

static bool is_setting(const char *s)
{
	size_t key = strcspn(s, "=");

	return s[key] == '=' && key && s[0] != '-' && s[0] != '.' && memchr(s, '.', key) &&
		!memchr(s, '\n', key);
}

bool git_arg_fits(enum git_arg_kind kind, const char *text)
{
	switch (kind) {
	case GIT_ARG_WORD:
	case GIT_ARG_TEXT:
		return true;
	case GIT_ARG_PATH:
		return *text != '\0';
	case GIT_ARG_OID:
		return oid_is_valid(text);
	case GIT_ARG_REV:
		return is_rev(text);
	case GIT_ARG_REF:
		return is_ref(text, strlen(text));
	case GIT_ARG_BRANCH:
		return is_branch(text);
	case GIT_ARG_NAME:
		return is_word(text) && text[0] != '-';
	case GIT_ARG_PATTERN:
		return is_pattern(text);
	case GIT_ARG_REMOTE:
		return is_remote(text);
	case GIT_ARG_REFSPEC:
		return is_refspec(text);
	case GIT_ARG_OPTION:
		return is_option(text);
	case GIT_ARG_SETTING:
		return is_setting(text);
	}
	return false;
}

static const char *kind_name(enum git_arg_kind kind)
{
	switch (kind) {
	case GIT_ARG_OID:
		return "object id";
	case GIT_ARG_REV:
		return "commit name";
	case GIT_ARG_REF:
		return "ref name";
	case GIT_ARG_BRANCH:
		return "branch name";
	case GIT_ARG_NAME:
		return "hook name";
	case GIT_ARG_PATTERN:
		return "ref pattern";
	case GIT_ARG_REMOTE:
		return "remote name";
	case GIT_ARG_REFSPEC:
		return "refspec";
	case GIT_ARG_OPTION:
		return "git option";
	case GIT_ARG_SETTING:
		return "git setting";
	case GIT_ARG_WORD:
	case GIT_ARG_TEXT:
	case GIT_ARG_PATH:
		break;
	}
	return "git argument";
}

static int misfit(enum git_arg_kind kind, const char *text, struct error *err)
{
	struct buf shown = BUF_INIT;

	text_add_line(&shown, text, text_cut(text, strlen(text), 200));
	error_refuse(err, "invalid-argument", "'%s' is not a valid %s",
		shown.failed ? "" : shown.data, kind_name(kind));
	buf_release(&shown);
	return ERR_REFUSED;
}

int git_arg_check(enum git_arg_kind kind, const char *text, struct error *err)
{
	return git_arg_fits(kind, text) ? 0 : misfit(kind, text, err);
}

static int input_ref(struct buf *line, const char *command, const char *prefix, const char *name,
	struct error *err)
{
	size_t skip = strlen(command);
	int r;

	buf_addf(line, "%s%s%s", command, prefix, name);
	r = buf_check(line, err);
	return r < 0 ? r : git_arg_check(GIT_ARG_REF, line->data + skip, err);
}

int git_input_update(
	struct buf *input, const char *prefix, const char *name, const char *oid, struct error *err)
{
	struct buf line = BUF_INIT;
	int r = input_ref(&line, "update ", prefix, name, err);

	if (r == 0)
		r = git_arg_check(GIT_ARG_OID, oid, err);
	if (r == 0)
		buf_addf(input, "%s %s\n", line.data, oid);
	buf_release(&line);
	return r < 0 ? r : buf_check(input, err);
}

int git_input_delete(struct buf *input, const char *prefix, const char *name, struct error *err)
{
	struct buf line = BUF_INIT;
	int r = input_ref(&line, "delete ", prefix, name, err);

	if (r == 0)
		buf_addf(input, "%s\n", line.data);
	buf_release(&line);
	return r < 0 ? r : buf_check(input, err);
}

/* Does the word before it take the next argument as it is? */
static bool takes_text(const struct git_arg *word)
{
	static const char *const takers[] = { "-m", "--reason", "hook.minsky.command",
		"hook.minsky.event" };

	for (size_t i = 0; word && i < sizeof(takers) / sizeof(takers[0]); i++)
		if (word->kind == GIT_ARG_WORD && strcmp(word->text, takers[i]) == 0)
			return true;
	return false;
}

static bool is_word_of(const struct git_arg *arg, const char *a, const char *b)
{
	return arg && arg->kind == GIT_ARG_WORD && (!strcmp(arg->text, a) || !strcmp(arg->text, b));
}

int git_args_check(const struct git_arg *args, size_t max, struct error *err)
{
	const struct git_arg *before = NULL;
	bool paths = false, placed;

	for (size_t i = 0; i < max && args[i].text; before = &args[i++]) {
		placed = args[i].kind == GIT_ARG_TEXT     ? takes_text(before)
			: args[i].kind == GIT_ARG_SETTING ? is_word_of(before, "-c", "--config")
			: args[i].kind == GIT_ARG_PATH    ? paths
							  : true;
		if (!placed || !git_arg_fits(args[i].kind, args[i].text))
			return misfit(args[i].kind, args[i].text, err);
		paths = paths || is_word_of(&args[i], "--", "--");
	}
	return 0;
}
