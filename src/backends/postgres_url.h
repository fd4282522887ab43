/*
 * postgres_url.h - from the configuration to what libpq is given, and to what may be said of it.
 *
 * Lowest first: libpq's environment, the service file, the URL, the settings beside it. A server
 * that is not this machine's is talked to under TLS with its name verified; only the user's own
 * sessiondb.postgres.sslmode may ask for less, a URL or a repository's file may not.
 */
#ifndef BACKENDS_POSTGRES_URL_H
#define BACKENDS_POSTGRES_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/config.h"
#include "core/error.h"

struct pg_settings {
	const char **keys, **values; /* NULL-terminated, for PQconnectStartParams */
	size_t n;
	char **owned;
	size_t n_owned;
	char *location; /* postgres://user@host/database */
	char *identity; /* equal for settings that lead to the same place in the same way */
	int connect_timeout_ms;
	int pool_size;
	bool tls_forced; /* less than verify-full was asked for in a place that does not decide */
};

enum pg_purpose { PG_FOR_BACKEND, PG_FOR_HUB };

/* ERR_USAGE, which never quotes the URL. Release *out. */
int pg_settings_load(struct pg_settings *out, const struct config *config, enum pg_purpose purpose,
	struct error *err);
void pg_settings_release(struct pg_settings *s);
/* What libpq is given for a key; NULL: nothing. */
const char *pg_settings_get(const struct pg_settings *s, const char *key);

/* Append a message of libpq or the server on one line, without anything secret of these settings.
 */
void pg_add_scrubbed(struct buf *out, const struct pg_settings *s, const char *text);

#endif
