/*
 * postgres_schema.h - the text of postgres_schema.sql, in the program.
 */
#ifndef BACKENDS_POSTGRES_SCHEMA_H
#define BACKENDS_POSTGRES_SCHEMA_H

extern const char postgres_schema[];

#endif
