/*
 * hash_x86.h - SHA-256 by the processor, where there is one that can.
 */
#ifndef CORE_HASH_X86_H
#define CORE_HASH_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_X86_SIZE 32

bool hash_x86_can(void);
/* Only if it can. */
void hash_x86(const void *data, size_t len, uint8_t out[HASH_X86_SIZE]);

#endif
