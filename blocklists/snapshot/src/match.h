/* Which lanes of a line carry a fingerprint: 16 lanes at once. The way is chosen at build time; all give
 * the same. */
#ifndef WEIR_MATCH_H
#define WEIR_MATCH_H

#include "bytes.h"
#include "layout.h"

#if !defined(WEIR_SCALAR_MATCH) && defined(__AVX2__)
#include <immintrin.h>

static inline uint32_t weir_match(const uint8_t *line, uint16_t fingerprint)
{
    __m256i wanted = _mm256_set1_epi32(fingerprint);
    __m256i low = _mm256_loadu_si256((const __m256i *)line);
    __m256i high = _mm256_loadu_si256((const __m256i *)(line + 32));
    low = _mm256_cmpeq_epi32(_mm256_srli_epi32(low, 16), wanted);
    high = _mm256_cmpeq_epi32(_mm256_srli_epi32(high, 16), wanted);
    uint32_t mask = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(low));
    mask |= (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(high)) << 8;
    return mask & ((1u << WEIR_LANES) - 1);
}

#elif !defined(WEIR_SCALAR_MATCH) && defined(__SSE2__)
#include <emmintrin.h>

static inline uint32_t weir_match(const uint8_t *line, uint16_t fingerprint)
{
    __m128i wanted = _mm_set1_epi32(fingerprint);
    __m128i same[4];
    for (unsigned i = 0; i < 4; i++) {
        __m128i lanes = _mm_loadu_si128((const __m128i *)(line + 16 * i));
        same[i] = _mm_cmpeq_epi32(_mm_srli_epi32(lanes, 16), wanted);
    }
    __m128i words = _mm_packs_epi16(_mm_packs_epi32(same[0], same[1]), _mm_packs_epi32(same[2], same[3]));
    return (uint32_t)_mm_movemask_epi8(words) & ((1u << WEIR_LANES) - 1);
}

#elif !defined(WEIR_SCALAR_MATCH) && defined(__ARM_NEON) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <arm_neon.h>

static inline uint32_t weir_match(const uint8_t *line, uint16_t fingerprint)
{
    static const uint32_t bits[4] = {1, 2, 4, 8};
    uint32x4_t wanted = vdupq_n_u32(fingerprint), weights = vld1q_u32(bits);
    uint32_t mask = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint32x4_t lanes = vreinterpretq_u32_u8(vld1q_u8(line + 16 * i));
        uint32x4_t same = vandq_u32(vceqq_u32(vshrq_n_u32(lanes, 16), wanted), weights);
        uint32x2_t pair = vadd_u32(vget_low_u32(same), vget_high_u32(same));
        mask |= vget_lane_u32(vpadd_u32(pair, pair), 0) << (4 * i);
    }
    return mask & ((1u << WEIR_LANES) - 1);
}

#else

static inline uint32_t weir_match(const uint8_t *line, uint16_t fingerprint)
{
    uint32_t mask = 0;
    for (unsigned lane = 0; lane < WEIR_LANES; lane++)
        mask |= (uint32_t)(weir_load16(line + 4 * lane + 2) == fingerprint) << lane;
    return mask;
}

#endif

#endif
