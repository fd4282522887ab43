#include "lib/pgproxy.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAIRS 64
#define CHUNK 65536

/* One direction: bytes that were read and not yet forwarded. */
struct flow {
	unsigned char *data;
	size_t len, cap;
	bool started; /* the first message of a client has no type */
};

struct pair {
	int client, server; /* -1: free */
	struct flow up, down;
	bool stuck;
};

static struct pair pairs[PAIRS];
static struct pgproxy_control *control;
static const char *upstream_path;

static void address(struct sockaddr_un *out, const char *dir, const char *port)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(out->sun_path, sizeof(out->sun_path), "%s/.s.PGSQL.%s", dir, port);
}

int pgproxy_listen(const char *dir, const char *port)
{
	struct sockaddr_un a;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)mkdir(dir, 0755);
	address(&a, dir, port);
	(void)unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0)
		return -1;
	return fd;
}

static void drop(struct pair *p)
{
	close(p->client);
	close(p->server);
	free(p->up.data);
	free(p->down.data);
	*p = (struct pair){ .client = -1, .server = -1 };
}

static bool write_all(int fd, const unsigned char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Length of the message at the front; 0: not all of it is there. */
static size_t message(const struct flow *f, bool typed)
{
	size_t head = typed ? 1 : 0, len;
	const unsigned char *at = f->data + head;

	if (f->len < head + 4)
		return 0;
	len = head + ((size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3]);
	return f->len < len ? 0 : len;
}

enum fate { LET, LOSE, HOLD };

static enum fate decide(bool is_answer)
{
	long count = atomic_fetch_add(&control->count, 1) + 1, n = atomic_load(&control->n);
	long answers = is_answer ? atomic_fetch_add(&control->answers, 1) + 1 : 0;

	switch (atomic_load(&control->mode)) {
	case PGPROXY_CUT:
		if (count != n)
			return LET;
		atomic_store(&control->mode, PGPROXY_PASS);
		atomic_fetch_add(&control->lost, 1);
		return LOSE;
	case PGPROXY_DROP:
		if (!is_answer || answers % n != 0)
			return LET;
		atomic_fetch_add(&control->lost, 1);
		return LOSE;
	case PGPROXY_HANG:
		if (count < n)
			return LET;
		atomic_fetch_add(&control->lost, 1);
		return HOLD;
	default:
		return LET;
	}
}

/* False when the pair has ended. */
static bool forward(struct pair *p, struct flow *f, int to, bool from_client)
{
	size_t len;

	while (!p->stuck && (len = message(f, !from_client || f->started))) {
		/* An answer is lost as a whole: with the row or the word that tells the outcome. */
		bool is_answer = !from_client && (f->data[0] == 'C' || f->data[0] == 'E');
		enum fate fate = decide(is_answer);

		f->started = true;
		if (fate == HOLD) {
			p->stuck = true;
			return true;
		}
		if (fate == LOSE || !write_all(to, f->data, len)) {
			drop(p);
			return false;
		}
		memmove(f->data, f->data + len, f->len - len);
		f->len -= len;
	}
	return true;
}

static bool take(struct pair *p, struct flow *f, int from, int to, bool from_client)
{
	ssize_t n;

	if (f->cap - f->len < CHUNK) {
		unsigned char *data = realloc(f->data, f->cap + CHUNK + f->len);

		if (!data)
			_exit(3);
		f->data = data;
		f->cap += CHUNK + f->len;
	}
	n = recv(from, f->data + f->len, f->cap - f->len, 0);
	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		drop(p);
		return false;
	}
	f->len += (size_t)n;
	return forward(p, f, to, from_client);
}

static void welcome(int listening, const char *port)
{
	struct sockaddr_un a;
	int client = accept(listening, NULL, NULL), server;

	if (client < 0)
		return;
	address(&a, upstream_path, port);
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (atomic_load(&control->mode) == PGPROXY_REFUSE || server < 0 ||
		connect(server, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(client);
		if (server >= 0)
			close(server);
		return;
	}
	for (size_t i = 0; i < PAIRS; i++) {
		if (pairs[i].client < 0) {
			pairs[i] = (struct pair){ .client = client, .server = server };
			return;
		}
	}
	close(client);
	close(server);
}

/* "pass", "cut 12", "drop 3", "hang 1", "refuse": for scripts. */
static void read_mode(const char *file)
{
	static char last[64];
	static const char *const names[] = { "pass", "cut", "drop", "hang", "refuse" };
	char text[64] = "", name[16] = "";
	long n = 1;
	FILE *f = fopen(file, "re");

	if (!f)
		return;
	if (fgets(text, sizeof(text), f) && strcmp(text, last) != 0 &&
		sscanf(text, "%15s %ld", name, &n) >= 1) {
		(void)snprintf(last, sizeof(last), "%s", text);
		for (int i = 0; i < 5; i++) {
			if (strcmp(names[i], name) != 0)
				continue;
			atomic_store(&control->n, n);
			atomic_store(&control->count, 0);
			atomic_store(&control->mode, i);
		}
	}
	(void)fclose(f);
}

void pgproxy_serve(int listening, const char *upstream, const char *port,
	struct pgproxy_control *shared, const char *mode_file)
{
	control = shared;
	upstream_path = upstream;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < PAIRS; i++)
		pairs[i] = (struct pair){ .client = -1, .server = -1 };
	for (;;) {
		struct pollfd fds[1 + 2 * PAIRS];
		struct pair *at[2 * PAIRS];
		nfds_t n = 1;

		fds[0] = (struct pollfd){ .fd = listening, .events = POLLIN };
		for (size_t i = 0; i < PAIRS; i++) {
			struct pair *p = &pairs[i];

			if (p->client < 0 || p->stuck)
				continue;
			at[n - 1] = p;
			fds[n++] = (struct pollfd){ .fd = p->client, .events = POLLIN };
			at[n - 1] = p;
			fds[n++] = (struct pollfd){ .fd = p->server, .events = POLLIN };
		}
		(void)poll(fds, n, mode_file ? 50 : 200);
		if (mode_file)
			read_mode(mode_file);
		for (nfds_t i = 1; i < n; i++) {
			struct pair *p = at[i - 1];
			bool client = i % 2 == 1;

			/* Its other half may have ended it already. */
			if (!fds[i].revents || p->client < 0)
				continue;
			if (client)
				(void)take(p, &p->up, p->client, p->server, true);
			else
				(void)take(p, &p->down, p->server, p->client, false);
		}
		if (fds[0].revents)
			welcome(listening, port);
	}
}

void pgproxy_start(struct pgproxy *p, const char *dir, const char *upstream, const char *port)
{
	int fd = pgproxy_listen(dir, port);

	(void)snprintf(p->dir, sizeof(p->dir), "%s", dir);
	p->control = mmap(NULL, sizeof(*p->control), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || p->control == MAP_FAILED) {
		perror("pgproxy");
		exit(1);
	}
	p->pid = fork();
	if (p->pid < 0)
		exit(1);
	if (!p->pid)
		pgproxy_serve(fd, upstream, port, p->control, NULL);
	close(fd);
}

void pgproxy_stop(struct pgproxy *p)
{
	(void)kill(p->pid, SIGKILL);
	(void)waitpid(p->pid, NULL, 0);
	(void)munmap(p->control, sizeof(*p->control));
}

void pgproxy_set(struct pgproxy *p, enum pgproxy_mode mode, long n)
{
	atomic_store(&p->control->mode, PGPROXY_PASS);
	atomic_store(&p->control->n, n);
	atomic_store(&p->control->count, 0);
	atomic_store(&p->control->answers, 0);
	atomic_store(&p->control->lost, 0);
	atomic_store(&p->control->mode, (int)mode);
}
