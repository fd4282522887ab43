/*
 * SHA-256 with the instructions that processors have for it: four times as fast as portable code,
 * and a journal is verified at the speed of its hashes.
 */
#include "core/hash_block.h"

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__GLIBC__) && defined(__has_include)
#if __has_include(<sys/platform/x86.h>)
#define ASKED_BY_LIBC 1
#endif
#endif

#ifdef ASKED_BY_LIBC
#include <sys/platform/x86.h>

bool hash_cpu_can(size_t blocks)
{
	(void)blocks;
	return CPU_FEATURE_ACTIVE(SHA) && CPU_FEATURE_ACTIVE(SSE4_1);
}
#else
#include <cpuid.h>
#include <stdatomic.h>

/*
 * A virtual machine's host answers, in the time that portable code takes for some ten KiB. A hook
 * does not hash as much, a journal that is verified is longer.
 */
#define WORTH_ASKING (64 * 1024 / HASH_BLOCK)

static bool ask(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1) &&
		__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

bool hash_cpu_can(size_t blocks)
{
	enum { UNKNOWN, NO, YES };
	static atomic_int known = UNKNOWN;
	static atomic_size_t hashed;
	int answer = atomic_load_explicit(&known, memory_order_relaxed);

	if (answer == UNKNOWN) {
		if (atomic_fetch_add_explicit(&hashed, blocks, memory_order_relaxed) + blocks <
			WORTH_ASKING)
			return false;
		answer = ask() ? YES : NO;
		atomic_store_explicit(&known, answer, memory_order_relaxed);
	}
	return answer == YES;
}
#endif

#define BY_CPU __attribute__((target("sha,sse4.1")))

BY_CPU static inline __m128i load(const void *p)
{
	return _mm_loadu_si128(p);
}

/* The instructions hold the eight words as ABEF and CDGH, and do two rounds each. */
BY_CPU void hash_blocks_cpu(uint32_t state[HASH_WORDS], const unsigned char *data, size_t blocks)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	__m128i badc = _mm_shuffle_epi32(load(state), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(load(state + 4), 0x1b);
	__m128i abef = _mm_alignr_epi8(badc, efgh, 8), cdgh = _mm_blend_epi16(efgh, badc, 0xf0);
	__m128i feba, dchg;

	for (; blocks; blocks--, data += HASH_BLOCK) {
		__m128i abef_before = abef, cdgh_before = cdgh;
		__m128i w[4] = { _mm_setzero_si128() };

		for (size_t i = 0; i < 16; i++) {
			__m128i *now = &w[i % 4], last = w[(i + 3) % 4], k;

			if (i < 4) {
				*now = _mm_shuffle_epi8(load(data + 16 * i), big_endian);
			} else {
				*now = _mm_sha256msg1_epu32(*now, w[(i + 1) % 4]);
				*now = _mm_add_epi32(
					*now, _mm_alignr_epi8(last, w[(i + 2) % 4], 4));
				*now = _mm_sha256msg2_epu32(*now, last);
			}
			k = _mm_add_epi32(*now, load(hash_constants + 4 * i));
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	feba = _mm_shuffle_epi32(abef, 0x1b);
	dchg = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Older versions of clang have the instructions only where the whole program may use them. */
#elif defined(__aarch64__) && defined(__AARCH64EL__) &&                                            \
	(defined(__ARM_FEATURE_SHA2) || !defined(__clang__) || __clang_major__ >= 16)
#include <arm_neon.h>
#include <sys/auxv.h>

#ifndef HWCAP_SHA2
#define HWCAP_SHA2 (1 << 6)
#endif

bool hash_cpu_can(size_t blocks)
{
	(void)blocks;
	return getauxval(AT_HWCAP) & HWCAP_SHA2;
}

__attribute__((target("+crypto"))) void hash_blocks_cpu(
	uint32_t state[HASH_WORDS], const unsigned char *data, size_t blocks)
{
	uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);

	for (; blocks; blocks--, data += HASH_BLOCK) {
		uint32x4_t abcd_before = abcd, efgh_before = efgh, w[4];

		for (size_t i = 0; i < 16; i++) {
			uint32x4_t *now = &w[i % 4], k, first = abcd;

			if (i < 4) {
				*now = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
			} else {
				*now = vsha256su0q_u32(*now, w[(i + 1) % 4]);
				*now = vsha256su1q_u32(*now, w[(i + 2) % 4], w[(i + 3) % 4]);
			}
			k = vaddq_u32(*now, vld1q_u32(hash_constants + 4 * i));
			abcd = vsha256hq_u32(abcd, efgh, k);
			efgh = vsha256h2q_u32(efgh, first, k);
		}
		abcd = vaddq_u32(abcd, abcd_before);
		efgh = vaddq_u32(efgh, efgh_before);
	}
	vst1q_u32(state, abcd);
	vst1q_u32(state + 4, efgh);
}
#else
bool hash_cpu_can(size_t blocks)
{
	(void)blocks;
	return false;
}

void hash_blocks_cpu(uint32_t state[HASH_WORDS], const unsigned char *data, size_t blocks)
{
	hash_blocks_portable(state, data, blocks);
}
#endif
