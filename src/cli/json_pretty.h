/*
 * json_pretty.h - JSON text for people: one member a line, values as they were written.
 */
#ifndef CLI_JSON_PRETTY_H
#define CLI_JSON_PRETTY_H

#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"

/*
 * Append `text` indented by tabs, without a newline behind it. Numbers and escapes stay as they
 * are; what a terminal must not see is escaped. ERR_CORRUPT for what is no JSON.
 */
int json_pretty(struct buf *out, const char *text, size_t len, struct error *err);

#endif
