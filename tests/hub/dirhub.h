/*
 * dirhub.h - a hub for tests: a directory with a file for each origin, that can be made to fail.
 *
 * sessiondb.hub is "dirhub:///DIR". Linked into a test it is dirhub_ops; as a module, dirhub.so.
 * An origin belongs to who enrolled it: $MINSKY_DIRHUB_ROLE, else $USER. The server's clock is
 * ours.
 *
 *	DIR/keys		"<key> <id or URL>" lines
 *	DIR/<key>/<origin>	records, as in a journal; beside it <origin>.meta:
 *				"<role> <host> <parent:seq> <retired>"
 *	DIR/down		every call fails with ERR_BACKEND
 *	DIR/refuse		open fails with ERR_REFUSED
 *	DIR/hang		every call waits until its deadline, then fails
 *	DIR/drop		a number n: the next n pushes are stored, and answered with
 *				ERR_BACKEND
 *	DIR/skew		ms that the server's clock is ahead of ours
 *	DIR/keeper		who may redact; nobody else may
 *	DIR/calls		a line for each call
 */
#ifndef TESTS_HUB_DIRHUB_H
#define TESTS_HUB_DIRHUB_H

#include "core/hub.h"

extern const struct hub_ops dirhub_ops;

/* For tests that have no configuration. */
int dirhub_open(struct hub **out, const char *dir, struct error *err);

#endif
