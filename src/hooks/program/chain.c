#include "hooks/program/chain.h"

#include "core/invariant.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;

/* A signal handler needs them: nothing here is allocated or changed once the deadline is set. */
static char other[PATH_MAX];
static char **args; /* argv with `other` in front; NULL when there is no other hook */
static char **shell_args; /* the same for a script without "#!" */
static struct sigaction old_pipe, old_size, old_alarm, old_abort;
static mode_t old_umask;
static char note_path[PATH_MAX];
static char note_text[64];

static void prepare_args(char **argv)
{
	static char shell[] = "/bin/sh";
	size_t n = 1;

	while (argv[0] && argv[n])
		n++;
	args = calloc(n + 1, sizeof(*args));
	shell_args = calloc(n + 2, sizeof(*shell_args));
	if (!args || !shell_args) {
		args = NULL;
		return;
	}
	args[0] = other;
	shell_args[0] = shell;
	shell_args[1] = other;
	for (size_t i = 1; i < n; i++)
		shell_args[i + 1] = args[i] = argv[i];
}

/* A broken invariant of ours is no reason to stop git, or the hook behind us. */
static void on_abort(int signal_number)
{
	(void)signal_number;
	chain_end();
}

void chain_init(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction aborted = { .sa_handler = on_abort, .sa_flags = SA_NODEFER };

	(void)sigaction(SIGPIPE, &ignore, &old_pipe);
	(void)sigaction(SIGXFSZ, &ignore, &old_size);
	(void)sigaction(SIGALRM, NULL, &old_alarm);
	sigemptyset(&aborted.sa_mask);
	(void)sigaction(SIGABRT, &aborted, &old_abort);
	old_umask = umask(077);
}

void chain_behind(const char *path, char **argv)
{
	struct stat st;
	int len = snprintf(other, sizeof(other), "%s.minsky-prev", path);

	if (len > 0 && (size_t)len < sizeof(other) && stat(other, &st) == 0 &&
		S_ISREG(st.st_mode) && access(other, X_OK) == 0)
		prepare_args(argv);
}

void chain_cut(void)
{
	args = NULL;
}

/* Only what a signal handler may call. */
void chain_end(void)
{
	static const struct itimerval never;

	(void)setitimer(ITIMER_REAL, &never, NULL);
	if (!args)
		_exit(0);
	(void)sigaction(SIGPIPE, &old_pipe, NULL);
	(void)sigaction(SIGXFSZ, &old_size, NULL);
	(void)sigaction(SIGALRM, &old_alarm, NULL);
	(void)sigaction(SIGABRT, &old_abort, NULL);
	(void)umask(old_umask);
	execve(other, args, environ);
	if (errno == ENOEXEC)
		execve(shell_args[0], shell_args, environ);
	/* As git: what cannot be started has failed; what has gone meanwhile was never there. */
	_exit(access(other, X_OK) == 0 ? 1 : 0);
}

void chain_note_deadline(const char *path, const char *text)
{
	if (strlen(path) >= sizeof(note_path) || strlen(text) >= sizeof(note_text))
		return;
	memcpy(note_text, text, strlen(text) + 1);
	memcpy(note_path, path, strlen(path) + 1);
}

static void on_alarm(int signal_number)
{
	int fd = -1;

	(void)signal_number;
	if (note_path[0])
		fd = open(note_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && write(fd, note_text, strlen(note_text)) < 0)
		(void)unlink(note_path);
	chain_end();
}

void chain_set_deadline(int ms)
{
	/* The handler does not return; a blocked signal would be handed on to the other hook. */
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_NODEFER };
	const struct itimerval when = { .it_value = { .tv_sec = ms / 1000,
						.tv_usec = ms % 1000 * 1000 } };

	INVARIANT(ms > 0);
	sigemptyset(&action.sa_mask);
	(void)sigaction(SIGALRM, &action, NULL);
	(void)setitimer(ITIMER_REAL, &when, NULL);
}

static int write_copy(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int copy_input(int copy, struct buf *out, size_t max, struct error *err)
{
	char chunk[16384];

	while (copy >= 0 || out->len < max) {
		ssize_t n = read(0, chunk, sizeof(chunk));
		size_t room = max > out->len ? max - out->len : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "cannot read stdin");
		if (!n)
			break;
		buf_add(out, chunk, (size_t)n < room ? (size_t)n : room);
		if (copy >= 0 && write_copy(copy, chunk, (size_t)n) < 0)
			return error_errno(err, "cannot save stdin for the next hook");
	}
	return buf_check(out, err);
}

int chain_read_input(struct buf *out, size_t max, struct error *err)
{
	sigset_t alarm_only, before;
	int copy = -1;
	int r;

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	(void)sigprocmask(SIG_BLOCK, &alarm_only, &before);
	if (args) {
		copy = memfd_create("stdin", MFD_CLOEXEC);
		if (copy < 0) {
			r = error_errno(err, "cannot save stdin for the next hook");
			goto out;
		}
	}
	r = copy_input(copy, out, max, err);
	/* What could be read goes on even when the rest could not. */
	if (copy >= 0 && (lseek(copy, 0, SEEK_SET) < 0 || dup2(copy, 0) < 0) && r == 0)
		r = error_errno(err, "cannot pass on stdin");
out:
	if (copy >= 0)
		close(copy);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
