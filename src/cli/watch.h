/*
 * watch.h - waiting for a journal to change, for as long as nobody says stop.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <signal.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

struct watch {
	int fd; /* of inotify; -1: look once a second */
	int peers; /* watch descriptor of peers/; -1: there is none yet */
	struct buf dir, peers_dir;
	struct sigaction old_int, old_term;
	bool handling;
};

#define WATCH_INIT                                                                                 \
	{                                                                                          \
		.fd = -1, .peers = -1, .dir = BUF_INIT, .peers_dir = BUF_INIT                      \
	}

enum watch_event {
	WATCH_CHANGED, /* perhaps */
	WATCH_READY, /* standard output takes PIPE_BUF bytes, if it is a pipe */
	WATCH_GONE, /* nobody reads standard output any more */
	WATCH_STOP, /* SIGINT or SIGTERM; a second one kills */
};

/*
 * Signals only set a mark from here on. What changes after this call is never missed by watch_wait:
 * open first, then read.
 */
int watch_open(struct watch *w, const char *journal_dir, struct error *err);
void watch_close(struct watch *w);
bool watch_stopped(void);
int watch_wait(struct watch *w, enum watch_event *out, struct error *err);
/* READY, GONE or STOP. */
int watch_wait_output(enum watch_event *out, struct error *err);

#endif
