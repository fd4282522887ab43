/*
 * journal_watch.h - waiting for a journal to change, for as long as nobody says stop.
 */
#ifndef HISTORY_JOURNAL_WATCH_H
#define HISTORY_JOURNAL_WATCH_H

#include <signal.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

struct journal_watch {
	int fd; /* of inotify; -1: look once a second */
	int peers; /* watch descriptor of peers/; -1: there is none yet */
	struct buf dir, peers_dir;
	struct sigaction old_int, old_term;
	bool handling;
};

#define JOURNAL_WATCH_INIT                                                                         \
	{                                                                                          \
		.fd = -1, .peers = -1, .dir = BUF_INIT, .peers_dir = BUF_INIT                      \
	}

enum journal_watch_event {
	JOURNAL_WATCH_CHANGED, /* perhaps */
	JOURNAL_WATCH_READY, /* standard output takes PIPE_BUF bytes, if it is a pipe */
	JOURNAL_WATCH_GONE, /* nobody reads standard output any more */
	JOURNAL_WATCH_STOP, /* SIGINT or SIGTERM; a second one kills */
};

/*
 * Signals only set a mark from here on. What changes after this call is never missed by
 * journal_watch_wait: open first, then read.
 */
int journal_watch_open(struct journal_watch *w, const char *journal_dir, struct error *err);
void journal_watch_close(struct journal_watch *w);
bool journal_watch_stopped(void);
int journal_watch_wait(struct journal_watch *w, enum journal_watch_event *out, struct error *err);
/* READY, GONE or STOP. */
int journal_watch_wait_output(enum journal_watch_event *out, struct error *err);

#endif
