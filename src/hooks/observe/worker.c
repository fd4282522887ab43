#include "hooks/observe/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/libc.h"

extern char **environ;

static int read_program(const char *journal_dir, struct buf *out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	buf_clear(out);
	fs_join(&path, journal_dir, "program");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_read_private(path.data, PATH_MAX, out, err);
	if (r < 0)
		goto out;
	while (out->len && out->data[out->len - 1] == '\n')
		buf_truncate(out, out->len - 1);
	if (out->data[0] != '/' || strlen(out->data) != out->len || strchr(out->data, '\n'))
		r = error_refuse(err, "invalid-program", "'%s' does not contain an absolute path",
			path.data);
out:
	buf_release(&path);
	return r;
}

/* A vector of borrowed strings. MINSKY_HOOK would keep the worker's own hooks silent forever. */
static char **worker_environment(void)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 1, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "GIT_", 4) != 0 &&
			strncmp(environ[i], "MINSKY_HOOK=", 12) != 0)
			env[kept++] = environ[i];
	return env;
}

/* In the child's child. Between fork and exec: system calls alone. */
static void become_worker(char *const *argv, char *const *env)
{
	static const int ignored[] = { SIGPIPE, SIGXFSZ, SIGALRM };
	sigset_t none;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(127);
	(void)close_range(3, ~0U, 0);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		(void)signal(ignored[i], SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/") < 0)
		_exit(127);
	execve(argv[0], argv, env);
	_exit(127);
}

int worker_start(const char *journal_dir, enum worker worker, struct error *err)
{
	char sync[] = "sync", facts[] = "--facts", flush[] = "--flush", repo[] = "--repo-journal";
	struct buf program = BUF_INIT;
	char **env = NULL;
	char *dir = NULL;
	const char *off = getenv("MINSKY_HOOKS");
	pid_t child;
	int r;

	if (off && strcmp(off, "0") == 0)
		return 0;
	r = read_program(journal_dir, &program, err);
	if (r < 0)
		goto out;
	dir = strdup(journal_dir);
	env = worker_environment();
	if (!dir || !env) {
		r = error_nomem(err);
		goto out;
	}
	child = fork();
	if (child < 0) {
		r = error_errno(err, "cannot start '%s'", program.data);
		goto out;
	}
	if (!child) {
		char *argv[] = { program.data, sync, worker == WORKER_FACTS ? facts : flush, repo,
			dir, NULL };

		if (setsid() < 0)
			_exit(127);
		child = fork();
		if (!child)
			become_worker(argv, env);
		_exit(child < 0 ? 127 : 0);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
out:
	free(env);
	free(dir);
	buf_release(&program);
	return r;
}
