/* What git said when it failed, and what others said through it. */
#include "core/fs.h"
#include "core/text.h"
#include "git/gitcmd.h"

/* The subcommand: the first argument that is no option of git itself. */
static const char *command_name(const struct git_cmd *cmd)
{
	for (size_t i = 0; i < GIT_ARGS_MAX && cmd->args[i].text; i++) {
		if (cmd->args[i].text[0] != '-')
			return cmd->args[i].text;
		if (strcmp(cmd->args[i].text, "-c") == 0 && i + 1 < GIT_ARGS_MAX)
			i++;
	}
	return "git";
}

static bool line_is(const char *line, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len > n && memcmp(line, prefix, n) == 0;
}

/*
 * git's last "fatal: ..." or "error: ...", else its last line that is neither blank nor advice.
 * Lines that follow with a tab (files, names) belong to it.
 */
static void last_words(const struct buf *errout, struct buf *words)
{
	const char *at = errout->data;
	const char *end = errout->data + errout->len;
	bool serious = false;
	bool open = false;
	/* Said behind the reason, whatever that was. */
	static const char empty[] = "fatal: Could not read from remote repository.";

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((nl ? nl : end) - at);
		bool now = line_is(at, len, "fatal: ") || line_is(at, len, "error: ");

		if (open && len > 1 && at[0] == '\t') {
			buf_adds(words,
				words->len && words->data[words->len - 1] == ':' ? " " : ", ");
			text_add_line(words, at + 1, len - 1);
		} else if (words->len && line_is(at, len + 1, empty)) {
			break;
		} else if (len && (now || !serious) && !line_is(at, len, "hint:")) {
			size_t skip = now ? strlen("fatal: ") : 0;

			buf_clear(words);
			text_add_line(words, at + skip, len - skip);
			serious = serious || now;
			open = true;
		} else {
			open = false;
		}
		at = nl ? nl + 1 : end;
	}
}

/*
 * git asks safe.directory for the work tree when it is run there, and for the git directory when
 * another git fetches from it; both are wanted.
 */
int git_foreign(const struct buf *errout, struct error *err)
{
	static const char words[] = "dubious ownership in repository at '";
	const char *at = strstr(errout->data, words), *end;
	struct buf dir = BUF_INIT, hint = BUF_INIT;
	int rc;

	if (!at)
		return 0;
	at += strlen(words);
	end = strstr(at, "'\n");
	buf_add(&dir, at, end ? (size_t)(end - at) : strlen(at));
	buf_adds(&hint, "git config --global --add safe.directory ");
	text_add_quoted(&hint, dir.data);
	rc = buf_check(&dir, err);
	if (rc == 0) {
		error_refuse(
			err, "foreign-owner", "repository '%s' belongs to another user", dir.data);
		buf_adds(&dir, "/.git");
		if (fs_is_dir(dir.data)) {
			buf_adds(&hint, " && git config --global --add safe.directory ");
			text_add_quoted(&hint, dir.data);
		}
		rc = error_hint(err, "if you trust it: %s", hint.data);
	}
	buf_release(&dir);
	buf_release(&hint);
	return rc;
}

/* What git itself says behind everything else, whatever the reason was. */
static bool is_gits_own(const char *line, size_t len)
{
	static const char *const begins[] = { "hint:", "To ", "error: failed to push some refs to",
		"fatal: Could not read from remote", "Please make sure you have the correct access",
		"and the repository exists." };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (line_is(line, len + 1, begins[i]))
			return true;
	return false;
}

/* One line as a terminal would show it at last: behind its last CR, without blanks at its end. */
static void cut_line(const char **line, size_t *len)
{
	while (*len && strchr(" \t\r", (*line)[*len - 1]))
		--*len;
	for (size_t i = *len; i > 0; i--)
		if ((*line)[i - 1] == '\r') {
			*line += i;
			*len -= i;
			break;
		}
}

static void add_words(const struct buf *scrubbed, const char *but, struct error *err)
{
	struct buf said = BUF_INIT;
	bool open = false;

	for (const char *at = scrubbed->data; *at;) {
		size_t whole = strcspn(at, "\n"), len = whole;
		const char *line = at;
		size_t skip;

		cut_line(&line, &len);
		skip = line_is(line, len, "fatal: ") || line_is(line, len, "error: ") ? 7 : 0;
		if (but && len > skip && !strncmp(line + skip, but, len - skip)) {
			open = true;
		} else if (open && len && line[0] == '\t') {
			; /* files that the message names */
		} else {
			open = false;
			if (len && !is_gits_own(line, len)) {
				text_add_visible(&said, line, len);
				buf_addch(&said, '\n');
			}
		}
		at += whole + (at[whole] == '\n');
	}
	if (said.len && !said.failed)
		error_said(err, said.data, said.len);
	buf_release(&said);
}

void git_words(const struct buf *errout, struct error *err)
{
	struct buf scrubbed = BUF_INIT;

	text_add_scrubbed(&scrubbed, errout->data, errout->len);
	if (!scrubbed.failed)
		add_words(&scrubbed, NULL, err);
	buf_release(&scrubbed);
}

bool git_says_in_the_way(const struct buf *errout)
{
	return strstr(errout->data, "would be overwritten by") ||
		strstr(errout->data, "would be lost by") ||
		strstr(errout->data, "Please commit your changes or stash them");
}

/* Causes that have one way out, wherever they show. */
static void add_cause(const struct buf *errout, struct error *err)
{
	static const struct {
		const char *said, *reason, *hint;
	} causes[] = {
		{ "auto-detect", "no-identity",
			"tell git who you are: git config --global user.name NAME; git config "
			"--global user.email ADDRESS" },
		{ "empty ident", "no-identity",
			"tell git who you are: git config --global user.name NAME; git config "
			"--global user.email ADDRESS" },
		{ "No space left on device", "disk-full", "make room, then try again" },
		{ "Disk quota exceeded", "disk-full", "make room, then try again" },
		{ "Read-only file system", "read-only", NULL },
		{ "failed to sign", "signing-failed",
			"check user.signingKey and gpg.program (a passphrase needs a terminal), or "
			"disable signing: git config commit.gpgSign false" },
		{ "smudge filter lfs failed", "filter-failed",
			"GIT_LFS_SKIP_SMUDGE=1 in the environment leaves its pointers in place" },
		{ "smudge filter ", "filter-failed", NULL },
		{ "external filter '", "filter-failed", NULL },
		{ "does not support --atomic push", "no-atomic-push", NULL },
		{ "unrelated histories", "unrelated-histories", NULL },
	};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (strstr(errout->data, causes[i].said)) {
			error_reason(err, causes[i].reason);
			if (causes[i].hint)
				error_hint(err, "%s", causes[i].hint);
			return;
		}
	if (git_says_in_the_way(errout))
		error_reason(err, "local-changes");
}

int git_failed(const struct git_cmd *cmd, int status, const struct buf *errout,
	enum error_code code, struct error *err)
{
	struct buf scrubbed = BUF_INIT;
	struct buf words = BUF_INIT;
	int rc = git_foreign(errout, err);

	if (rc < 0)
		return rc;
	text_add_scrubbed(&scrubbed, errout->data, errout->len);
	last_words(&scrubbed, &words);
	if (words.len)
		error_set(err, code, "git %s: %s", command_name(cmd), words.data);
	else
		error_set(err, code, "git %s failed with status %d", command_name(cmd), status);
	add_words(&scrubbed, words.data, err);
	add_cause(errout, err);
	buf_release(&words);
	buf_release(&scrubbed);
	return code;
}
