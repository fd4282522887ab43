/*
 * postgres.h - the parts that make up the module postgres.so: a team's database as backend and as
 * hub, and how it is set up.
 */
#ifndef BACKENDS_POSTGRES_H
#define BACKENDS_POSTGRES_H

#include "core/module.h"

extern const struct backend_ops backend_postgres;
extern const struct hub_ops hub_postgres;
extern const struct backend_admin admin_postgres;

#endif
