/*
 * postgres_resolve.h - a host's addresses, without waiting for a name server beyond a deadline.
 *
 * libpq looks names up itself and waits as long as the system's resolver does. What is found here
 * is given to it as `hostaddr`; the name stays, for the certificate and the passfile.
 */
#ifndef BACKENDS_POSTGRES_RESOLVE_H
#define BACKENDS_POSTGRES_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

enum pg_resolved {
	PG_RESOLVED,
	PG_RESOLVE_FAILED, /* there is no such name, or nobody to ask: libpq says it better */
	PG_RESOLVE_LATE,
};

/* Addresses, at most as many as are worth trying, with commas between; *n_out is how many. */
enum pg_resolved pg_resolve(const char *host, int64_t deadline, struct buf *out, size_t *n_out);

#endif
