#include "session/use_case.h"

#include <unistd.h>

#include "core/event.h"
#include "session/start.h"

struct repo repo = REPO_INIT;
struct error err = ERROR_INIT;

static struct caller caller;
static struct session found;

void succeeds(int r)
{
	if (r < 0)
		fail_msg("%s (%s)", err.msg, err.hint);
}

void open_again(const char *path, const char *const *settings)
{
	repo_release(&repo);
	caller = (struct caller){ .settings = settings };
	succeeds(repo_open(&repo, &caller, at(path), &err));
}

int use_case_setup(void **state)
{
	if (world_setup(state) < 0)
		return -1;
	/* Hooks would be processes of minsky: there is no program that could be installed. */
	assert_int_equal(setenv("MINSKY_HOOK_PROGRAM", at("no-program"), 1), 0);
	assert_int_equal(setenv("MINSKY_SESSION_BACKEND", "json", 1), 0);
	sh(".",
		"umask 022\n"
		"git init -q --bare -b main origin.git\n"
		"repo app; cd app; commit a one; commit b two\n"
		"git remote add origin ../origin.git; git push -q origin main\n"
		"git fetch -q; git remote set-head origin -a >/dev/null; cd ..\n"
		"repo alone; cd alone; commit a one");
	error_clear(&err);
	open_again("app", NULL);
	return 0;
}

int use_case_teardown(void **state)
{
	repo_release(&repo);
	session_release(&found);
	found = (struct session){ .name = NULL };
	return world_teardown(state);
}

void start(const char *name, bool worktree)
{
	const struct start_request req = { .name = name,
		.mode = worktree ? START_MODE_WORKTREE : START_MODE_CLONE };
	struct start_result result = { .events = 0 };

	succeeds(session_start(&repo, &req, &result, &err));
	assert_string_equal(result.session.name, name);
	start_result_release(&result);
}

struct session *session(const char *name)
{
	session_release(&found);
	found = (struct session){ .name = NULL };
	succeeds(repo_project(&repo, &err));
	succeeds(repo.backend->ops->get(
		repo.backend, repo_store(&repo), KEY_NAME, name, &found, &err));
	return &found;
}

const char *workspace(const char *name)
{
	return session(name)->workspace;
}

void commit_in(const char *name, const char *file, const char *text)
{
	struct buf script = BUF_INIT;

	buf_addf(&script, "cd '%s'; commit '%s' '%s'", workspace(name), file, text);
	sh(".", script.data);
	buf_release(&script);
}

void commit_on_main(const char *file, const char *text)
{
	struct buf script = BUF_INIT;

	buf_addf(&script,
		"rm -rf other; git clone -q origin.git other; cd other; commit '%s' '%s'; "
		"git push -q origin main",
		file, text);
	sh(".", script.data);
	buf_release(&script);
}

uint64_t last_seq(void)
{
	struct head head;

	succeeds(journal_head(repo.journal, &head, &err));
	return head.seq;
}

const char *told(uint64_t after)
{
	static char out[2048];
	struct journal_reader *reader = NULL;
	const struct record *record = NULL;

	out[0] = '\0';
	succeeds(journal_reader_open(&reader, repo.journal, NULL, after, NULL, &err));
	for (;;) {
		static const char key[] = "\"type\":\"";
		const char *type;

		succeeds(journal_reader_next(reader, &record, &err));
		if (!record)
			break;
		assert_non_null(record->body);
		type = memmem(record->body, record->body_len, key, strlen(key));
		assert_non_null(type);
		type += strlen(key);
		(void)snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%.*s",
			out[0] ? " " : "", (int)strcspn(type, "\""), type);
	}
	journal_reader_close(reader);
	return out;
}

bool has_reason(const struct outcome *o, const char *category)
{
	for (size_t i = 0; i < o->n_reasons; i++)
		if (strcmp(o->reasons[i].category, category) == 0)
			return true;
	return false;
}

bool has_word(const struct outcome *o, const char *text)
{
	for (size_t i = 0; i < o->n_words; i++)
		if (strstr(o->words[i].text, text))
			return true;
	return false;
}
