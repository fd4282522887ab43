#include "session/setup.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "git/gitenv.h"

static int run_in(
	const char *dir, const char *command, const char **env, int *status_out, struct error *err)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	pid_t pid = fork();

	if (pid < 0)
		return error_errno(err, "cannot start a process");
	if (!pid) {
		/* minsky ignores these, which a new program would inherit. */
		(void)signal(SIGPIPE, SIG_DFL);
		(void)signal(SIGXFSZ, SIG_DFL);
		if (chdir(dir) == 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
			execve("/bin/sh", (char *const *)argv, (char *const *)env);
		_exit(127);
	}
	while (waitpid(pid, status_out, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "cannot wait for a process");
	return 0;
}

int setup_run(
	struct repo *repo, const struct session *s, struct outcome *outcome, struct error *err)
{
	const char *command = config_get(repo->config, "session.setup");
	struct buf name = BUF_INIT, workspace = BUF_INIT;
	const char *extra[3] = { NULL };
	const char **env;
	int status = 0, r;

	if (!command || !*command)
		return 0;
	buf_addf(&name, "MINSKY_SESSION=%s", s->name);
	buf_addf(&workspace, "MINSKY_WORKSPACE=%s", s->workspace);
	extra[0] = name.data;
	extra[1] = workspace.data;
	env = name.failed || workspace.failed ? NULL : git_environment(extra, true, false);
	r = env ? run_in(s->workspace, command, env, &status, err) : error_nomem(err);
	if (r == 0 && status) {
		outcome_warn(outcome,
			"the session was started, but the command in session.setup (%s) failed",
			config_origin(repo->config, "session.setup"));
		outcome->unwell = true;
	}
	free(env);
	buf_release(&name);
	buf_release(&workspace);
	return r;
}
