/* From a hash to a place in the table: the one definition that writer and reader share. */
#ifndef WEIR_PLACE_H
#define WEIR_PLACE_H

#include "hash.h"

static inline uint32_t weir_line_of(weir_hash hash, uint32_t lines)
{
    return weir_scale((uint32_t)(hash.h1 >> 32), lines);
}

static inline uint16_t weir_fingerprint_of(weir_hash hash)
{
    return (uint16_t)hash.h1;
}

static inline uint32_t weir_overflow_mark(weir_hash hash)
{
    return UINT32_C(1) << (hash.h1 >> 16 & 31);
}

/* Entries of one crowded line must not crowd one spill line: a product spreads them anew. */
static inline uint32_t weir_spill_line_of(weir_hash hash, uint32_t spill_lines)
{
    return weir_scale((uint32_t)(hash.h1 * UINT64_C(0x9e3779b97f4a7c15) >> 32), spill_lines);
}

#endif
