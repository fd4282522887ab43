/*
 * postgres_hub.h - what the files that implement the hub have in common.
 */
#ifndef BACKENDS_POSTGRES_HUB_H
#define BACKENDS_POSTGRES_HUB_H

#include "backends/postgres.h"
#include "backends/postgres_array.h"
#include "backends/postgres_pool.h"
#include "core/hub.h"

/* For each call, when whoever opened the hub named no other. */
#define PG_HUB_DEADLINE_MS 30000

struct pg_hub {
	struct hub base;
	struct pg_pool *pool;
	int deadline_ms;
	PGresult *heads; /* what hub_heads() read last, for hub_owners(); NULL before */
};

struct pg_hub *pg_hub_self(struct hub *h);
int64_t pg_hub_deadline(const struct pg_hub *h);
/* A statement that may be repeated; the deadline begins now. */
int pg_hub_call(struct pg_hub *h, const char *sql, const struct pg_params *params, PGresult **out,
	struct error *err);
int pg_hub_check_id(const char *id, const char *what, struct error *err);
int pg_hub_corrupt(const struct pg_hub *h, const char *what, struct error *err);

int pg_hub_push(struct hub *h, const char *key, const struct head *base,
	const struct hub_record *records, size_t n, enum hub_status *status_out,
	struct head *head_out, struct error *err);
int pg_hub_pull(struct hub *h, const char *key, const char *origin, uint64_t after, uint64_t upto,
	hub_record_fn *fn, void *arg, struct error *err);

#endif
