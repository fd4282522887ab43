/*
 * fuzz.h - what libFuzzer calls, or standalone.c in its place.
 *
 * A target stops the program when a property does not hold; the sanitizers see to the rest.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOLDS(property)                                                                            \
	do {                                                                                       \
		if (!(property)) {                                                                 \
			(void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,    \
				#property);                                                        \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
