#include "cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"

#define WORDS_MAX 16

extern char **environ;

static bool fits(const struct buf *text)
{
	struct winsize size = { .ws_row = 0 };
	size_t lines = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row)
		size.ws_row = 24;
	for (size_t i = 0; i < text->len; i++)
		lines += text->data[i] == '\n';
	return lines < size.ws_row;
}

/* In place, at spaces: no shell reads the setting. */
static size_t split(char *text, char *argv[WORDS_MAX + 1])
{
	size_t n = 0;

	for (text += strspn(text, " \t"); *text && n < WORDS_MAX; text += strspn(text, " \t")) {
		argv[n++] = text;
		text += strcspn(text, " \t");
		if (*text)
			*text++ = '\0';
	}
	argv[n] = NULL;
	return n;
}

static bool start(char *const *argv, int input, pid_t *pid_out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	bool started;
	sigset_t set;

	/* minsky ignores it, which a new program would inherit. */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	if (posix_spawn_file_actions_init(&actions))
		return false;
	if (posix_spawnattr_init(&attributes)) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return false;
	}
	started = !posix_spawnattr_setsigdefault(&attributes, &set) &&
		!posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF) &&
		!posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) &&
		!posix_spawnp(pid_out, argv[0], &actions, &attributes, argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return started;
}

bool pager_show(struct app *app)
{
	char *argv[WORDS_MAX + 1], *command = app->pager ? strdup(app->pager) : NULL;
	struct error ignored = ERROR_INIT;
	struct sigaction keep, ignore = { .sa_handler = SIG_IGN };
	int ends[2] = { -1, -1 };
	bool shown = false;
	pid_t pid;

	if (!command || app->json || !isatty(STDOUT_FILENO) || fits(&app->out) ||
		!split(command, argv) || pipe2(ends, O_CLOEXEC) < 0)
		goto out;
	shown = start(argv, ends[0], &pid);
	close(ends[0]);
	if (shown) {
		/* The interrupt key is the pager's. One that is left early is no failure. */
		(void)sigaction(SIGINT, &ignore, &keep);
		(void)fs_write_all(ends[1], app->out.data, app->out.len, &ignored);
		close(ends[1]);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		(void)sigaction(SIGINT, &keep, NULL);
		buf_clear(&app->out);
	} else {
		close(ends[1]);
	}
out:
	free(command);
	return shown;
}
