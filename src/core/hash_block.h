/*
 * hash_block.h - the block function of SHA-256, in C and by the processor's own instructions.
 *
 * Both take the state as FIPS 180-4 has it, eight words a to h, and as many whole blocks as there
 * are. They give the same result; hash.c chooses.
 */
#ifndef CORE_HASH_BLOCK_H
#define CORE_HASH_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_BLOCK 64
#define HASH_WORDS 8

extern const uint32_t hash_constants[64];

void hash_blocks_portable(uint32_t state[HASH_WORDS], const unsigned char *data, size_t blocks);

/*
 * Whether the processor has the instructions, as far as it is worth knowing for so many more
 * blocks: where asking it is dear, a program that has hashed little is told that it has not.
 */
bool hash_cpu_can(size_t blocks);
/* Only if it can. */
void hash_blocks_cpu(uint32_t state[HASH_WORDS], const unsigned char *data, size_t blocks);

#endif
