/*
 * alloc_fault.h - makes the n-th allocation of our own objects fail, once. The linker wraps malloc,
 * calloc, realloc, reallocarray and strdup of what is linked with it (tests/CMakeLists.txt).
 */
#ifndef TESTS_LIB_ALLOC_FAULT_H
#define TESTS_LIB_ALLOC_FAULT_H

#include <stdbool.h>

/* n from 1; 0: only count. */
void alloc_fault_arm(unsigned n);
/* How many there were since. */
unsigned alloc_fault_disarm(void);
bool alloc_fault_fired(void);

#endif
