/*
 * pgproxy.h - stands between a client and the test server, and loses what it is told to lose.
 *
 * It runs as a process of its own and knows where a message of the protocol ends. Messages of both
 * directions count together, over all connections, from the moment that a mode was set.
 */
#ifndef TESTS_LIB_PGPROXY_H
#define TESTS_LIB_PGPROXY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum pgproxy_mode {
	PGPROXY_PASS,
	PGPROXY_CUT, /* message number n is lost and its connection ends; then as before */
	PGPROXY_DROP, /* every nth answer is lost, and its connection ends */
	PGPROXY_HANG, /* from message number n on nothing comes through, and nothing ends */
	PGPROXY_REFUSE, /* connections end as they begin */
};

struct pgproxy_control {
	atomic_int mode;
	atomic_long n;
	atomic_long count; /* messages that came by */
	atomic_long lost; /* how often something was lost */
	atomic_long answers; /* ends of answers (ReadyForQuery) that came by */
};

struct pgproxy {
	pid_t pid;
	struct pgproxy_control *control; /* shared with the process */
	char dir[256]; /* where its socket is, to be given as host */
};

/* Listens on <dir>/.s.PGSQL.<port>; `upstream` is the server's directory. */
void pgproxy_start(struct pgproxy *p, const char *dir, const char *upstream, const char *port);
void pgproxy_stop(struct pgproxy *p);
void pgproxy_set(struct pgproxy *p, enum pgproxy_mode mode, long n);

/* For the process: never returns. */
int pgproxy_listen(const char *dir, const char *port);
void pgproxy_serve(int listening, const char *upstream, const char *port,
	struct pgproxy_control *control, const char *mode_file) __attribute__((noreturn));

#endif
