#include "git/gitcmd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/text.h"
#include "git/gitenv.h"

static volatile sig_atomic_t child;
static volatile sig_atomic_t caught;
static bool unattended;

static void pass_on(int sig)
{
	int saved = errno;

	caught = sig;
	if (child > 0)
		(void)kill((pid_t)child, sig);
	errno = saved;
}

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };
#define N_ENDING (sizeof(ending_signals) / sizeof(ending_signals[0]))

struct dispositions {
	struct sigaction ending[N_ENDING];
	struct sigaction pipe;
};

/* A program that ignores or handles a signal itself goes on doing so. */
static void signals_take(struct dispositions *saved)
{
	struct sigaction act = { .sa_handler = pass_on };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigemptyset(&act.sa_mask);
	sigemptyset(&ignore.sa_mask);
	for (size_t i = 0; i < N_ENDING; i++) {
		(void)sigaction(ending_signals[i], NULL, &saved->ending[i]);
		if (saved->ending[i].sa_handler == SIG_DFL)
			(void)sigaction(ending_signals[i], &act, NULL);
	}
	(void)sigaction(SIGPIPE, &ignore, &saved->pipe);
}

static void signals_give_back(const struct dispositions *saved)
{
	for (size_t i = 0; i < N_ENDING; i++)
		(void)sigaction(ending_signals[i], &saved->ending[i], NULL);
	(void)sigaction(SIGPIPE, &saved->pipe, NULL);
}

int git_interrupted(void)
{
	return caught;
}

void git_unattended(void)
{
	unattended = true;
}

void git_add(struct git_cmd *cmd, struct git_arg arg)
{
	size_t n = 0;

	while (n < GIT_ARGS_MAX && cmd->args[n].text)
		n++;
	if (n < GIT_ARGS_MAX)
		cmd->args[n] = arg;
}

/* Our ends of the child's stdin, stdout and stderr; -1: not a pipe, or closed. */
struct channel {
	int ours, theirs;
};

struct run {
	struct channel in, out, err;
	const char *input;
	size_t left;
	struct buf *outbuf, *errbuf;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void run_close(struct run *r)
{
	close_fd(&r->in.ours);
	close_fd(&r->in.theirs);
	close_fd(&r->out.ours);
	close_fd(&r->out.theirs);
	close_fd(&r->err.ours);
	close_fd(&r->err.theirs);
}

/*
 * Pipe ends above 2: a program started with a standard descriptor closed would otherwise get one
 * of them in its place, and dup2 in the child would overwrite it.
 */
static int channel_open(struct channel *c, bool child_writes, struct error *err)
{
	int fds[2];
	int high[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, "cannot create a pipe");
	for (int i = 0; i < 2; i++) {
		high[i] = fds[i] > 2 ? fds[i] : fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (high[i] != fds[i])
			(void)close(fds[i]);
	}
	c->ours = high[child_writes ? 0 : 1];
	c->theirs = high[child_writes ? 1 : 0];
	if (high[0] < 0 || high[1] < 0)
		return error_errno(err, "cannot create a pipe");
	if (fcntl(c->ours, F_SETFL, O_NONBLOCK) < 0)
		return error_errno(err, "cannot set up a pipe");
	return 0;
}

static int actions_fill(posix_spawn_file_actions_t *a, const struct run *r, bool talk)
{
	int e;

	if (r->in.theirs >= 0)
		e = posix_spawn_file_actions_adddup2(a, r->in.theirs, 0);
	else
		e = posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDONLY, 0);
	if (!e && r->out.theirs >= 0)
		e = posix_spawn_file_actions_adddup2(a, r->out.theirs, 1);
	else if (!e)
		e = posix_spawn_file_actions_addopen(a, 1, "/dev/null", O_WRONLY, 0);
	if (e || talk)
		return e;
	if (r->err.theirs >= 0)
		return posix_spawn_file_actions_adddup2(a, r->err.theirs, 2);
	return posix_spawn_file_actions_addopen(a, 2, "/dev/null", O_WRONLY, 0);
}

/* Returns an errno. Signals are blocked around it, so that pass_on() knows the child. */
static int spawn(const struct run *r, bool talk, const char *const *argv, const char *const *env)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t block, before, defaults;
	pid_t pid = 0;
	int e;

	e = posix_spawn_file_actions_init(&actions);
	if (e)
		return e;
	e = posix_spawnattr_init(&attr);
	if (e)
		goto out_actions;
	sigemptyset(&block);
	for (size_t i = 0; i < N_ENDING; i++)
		sigaddset(&block, ending_signals[i]);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &block, &before);
	e = actions_fill(&actions, r, talk);
	if (!e)
		e = posix_spawnattr_setsigmask(&attr, &before);
	if (!e)
		e = posix_spawnattr_setsigdefault(&attr, &defaults);
	if (!e)
		e = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	/* The prototype is older than const; neither array is written. */
	if (!e)
		e = posix_spawnp(
			&pid, "git", &actions, &attr, (char *const *)argv, (char *const *)env);
	child = e ? 0 : (sig_atomic_t)pid;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)posix_spawnattr_destroy(&attr);
out_actions:
	(void)posix_spawn_file_actions_destroy(&actions);
	return e;
}

static void feed(struct run *r)
{
	ssize_t n = write(r->in.ours, r->input, r->left);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		r->input += n;
		r->left -= (size_t)n;
	}
	if (n < 0 || !r->left)
		close_fd(&r->in.ours); /* EPIPE: git did not want the rest; its status tells */
}

static void drain(int *fd, struct buf *to)
{
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n > 0 && to)
		buf_add(to, chunk, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(fd);
}

static void pump(struct run *r)
{
	while (r->in.ours >= 0 || r->out.ours >= 0 || r->err.ours >= 0) {
		struct pollfd p[3] = {
			{ .fd = r->in.ours, .events = POLLOUT },
			{ .fd = r->out.ours, .events = POLLIN },
			{ .fd = r->err.ours, .events = POLLIN },
		};

		if (poll(p, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (p[0].revents)
			feed(r);
		if (p[1].revents)
			drain(&r->out.ours, r->outbuf);
		if (p[2].revents)
			drain(&r->err.ours, r->errbuf);
	}
}

static int reap(void)
{
	int status;
	pid_t pid = (pid_t)child;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			child = 0;
			return 255;
		}
	child = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_open(struct run *r, const struct git_cmd *cmd, struct error *err)
{
	int rc = 0;

	if (cmd->input && cmd->input_len)
		rc = channel_open(&r->in, false, err);
	if (rc == 0 && r->outbuf)
		rc = channel_open(&r->out, true, err);
	if (rc == 0 && r->errbuf && !cmd->talk)
		rc = channel_open(&r->err, true, err);
	return rc;
}

static int interrupted(struct error *err)
{
	return error_set(err, ERR_GIT, "interrupted by signal %d", (int)caught);
}

void git_trace(const char *what, const char *const *words)
{
	const char *path = getenv("MINSKY_TRACE_GIT");
	struct error ignored = ERROR_INIT;
	struct buf line = BUF_INIT;
	int fd;

	if (!path || !*path)
		return;
	buf_adds(&line, what);
	for (size_t i = 0; words[i]; i++) {
		buf_addch(&line, ' ');
		text_add_line(&line, words[i], strlen(words[i]));
	}
	buf_addch(&line, '\n');
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && !line.failed)
		(void)fs_write_all(fd, line.data, line.len, &ignored);
	close_fd(&fd);
	buf_release(&line);
}

/*
 * What stands in front of the command's own arguments. A directory that looks like a bare
 * repository is one for git as well only where gitdir_embedded() has nothing against it: the user's
 * own safe.bareRepository is not asked, since it knows neither which ones were meant.
 */
static int fill_argv(
	const char **argv, const struct git_cmd *cmd, struct buf *git_dir, struct error *err)
{
	int n = 1, rc = git_args_check(cmd->args, GIT_ARGS_MAX, err);

	if (rc == 0 && cmd->args[GIT_ARGS_MAX - 1].text)
		rc = error_set(err, ERR_GIT, "too many arguments for git");
	if (rc < 0)
		return rc;
	if (cmd->dir) {
		argv[n++] = "-C";
		argv[n++] = cmd->dir;
		argv[n++] = "-c";
		argv[n++] = gitdir_embedded(cmd->dir) ? "safe.bareRepository=explicit"
						      : "safe.bareRepository=all";
	}
	if (cmd->git_dir) {
		buf_addf(git_dir, "--git-dir=%s", cmd->git_dir);
		argv[n++] = git_dir->data;
	}
	for (size_t i = 0; i < GIT_ARGS_MAX && cmd->args[i].text; i++)
		argv[n++] = cmd->args[i].text;
	return buf_check(git_dir, err);
}

int git_run(const struct git_cmd *cmd, struct buf *out, struct buf *errout, int *status_out,
	struct error *err)
{
	const char *argv[GIT_ARGS_MAX + 8] = { "git" };
	struct buf git_dir = BUF_INIT;
	struct run r = { { -1, -1 }, { -1, -1 }, { -1, -1 }, cmd->input, cmd->input_len, out,
		errout };
	struct dispositions saved;
	const char **env = NULL;
	int status, rc, e;

	if (caught)
		return interrupted(err);
	rc = fill_argv(argv, cmd, &git_dir, err);
	if (rc == 0 && !(env = git_environment(cmd->env, cmd->talk, unattended)))
		rc = error_nomem(err);
	if (rc < 0) {
		buf_release(&git_dir);
		return rc;
	}
	git_trace("git", argv + 1);
	signals_take(&saved);
	rc = run_open(&r, cmd, err);
	if (rc < 0)
		goto out;
	e = spawn(&r, cmd->talk, argv, env);
	if (e) {
		errno = e;
		rc = error_set(err, ERR_GIT, "cannot run git: %s", strerror(e));
		if (e == ENOENT)
			error_hint(
				err, "install git (on Debian: apt install git), or correct PATH");
		goto out;
	}
	close_fd(&r.in.theirs);
	close_fd(&r.out.theirs);
	close_fd(&r.err.theirs);
	pump(&r);
	run_close(&r);
	status = reap();
	if (caught) {
		rc = interrupted(err);
		goto out;
	}
	rc = out ? buf_check(out, err) : 0;
	if (rc == 0 && errout)
		rc = buf_check(errout, err);
	if (rc == 0)
		*status_out = status;
out:
	run_close(&r);
	signals_give_back(&saved);
	buf_release(&git_dir);
	free(env);
	return rc;
}

int git_must(const struct git_cmd *cmd, struct buf *out, struct error *err)
{
	struct buf errout = BUF_INIT;
	int status, rc;

	rc = git_run(cmd, out, &errout, &status, err);
	if (rc == 0 && status != 0)
		rc = git_failed(cmd, status, &errout, ERR_GIT, err);
	buf_release(&errout);
	return rc;
}

void git_chomp(struct buf *b)
{
	if (b->len && b->data[b->len - 1] == '\n')
		buf_truncate(b, b->len - 1);
}

int git_version(int *major_out, int *minor_out, struct error *err)
{
	static int major, minor;
	const struct git_cmd cmd = { .args = { GIT_WORD("version") } };
	struct buf out = BUF_INIT;
	int rc = 0;

	if (!major) {
		rc = git_must(&cmd, &out, err);
		if (rc == 0 && sscanf(out.data, "git version %d.%d", &major, &minor) != 2) {
			major = 0;
			rc = error_set(err, ERR_GIT, "git does not print its version");
		}
	}
	if (rc == 0) {
		*major_out = major;
		*minor_out = minor;
	}
	buf_release(&out);
	return rc;
}
