/*
 * peer_heads.h - where our copies of others' origins end, remembered.
 *
 * The journal's file `peers.heads` has a line for each copy: its newest segment, how that file looked
 * (inode, size, time), and the last record in it. As long as the file looks like that, nobody has to
 * open it: a journal with a thousand origins is asked for its heads with one look at each. A cache:
 * what is missing or wrong in it is found out again, and it is written when enough was.
 */
#ifndef LOG_PEER_HEADS_H
#define LOG_PEER_HEADS_H

#include "log/journal_internal.h"

/* What we hold of every origin in peers/, added to `heads`; those that are there already stay. */
int peer_heads_read(
	struct heads *heads, struct journal *j, const struct place *peers, struct error *err);

#endif
