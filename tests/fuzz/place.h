/*
 * place.h - an empty directory in memory for targets that need files; gone when the program ends.
 */
#ifndef TESTS_FUZZ_PLACE_H
#define TESTS_FUZZ_PLACE_H

#include <stddef.h>

/* A path at which there is nothing. */
const char *fuzz_absent(void);
/* Emptied by each call. */
const char *fuzz_place(void);
/* A file of these bytes below it. */
void fuzz_file(const char *name, const void *data, size_t len);

#endif
