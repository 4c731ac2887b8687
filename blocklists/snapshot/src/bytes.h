/* Little-endian loads and stores from bytes: no alignment, the same results on every machine. */
#ifndef WEIR_BYTES_H
#define WEIR_BYTES_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define WEIR_LE16(x) __builtin_bswap16(x)
#define WEIR_LE32(x) __builtin_bswap32(x)
#define WEIR_LE64(x) __builtin_bswap64(x)
#else
#define WEIR_LE16(x) (x)
#define WEIR_LE32(x) (x)
#define WEIR_LE64(x) (x)
#endif

static inline uint16_t weir_load16(const void *from)
{
    uint16_t word;
    memcpy(&word, from, sizeof word);
    return WEIR_LE16(word);
}

static inline uint32_t weir_load32(const void *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return WEIR_LE32(word);
}

static inline uint64_t weir_load64(const void *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    return WEIR_LE64(word);
}

static inline void weir_store16(void *to, uint16_t word)
{
    word = WEIR_LE16(word);
    memcpy(to, &word, sizeof word);
}

static inline void weir_store32(void *to, uint32_t word)
{
    word = WEIR_LE32(word);
    memcpy(to, &word, sizeof word);
}

static inline void weir_store64(void *to, uint64_t word)
{
    word = WEIR_LE64(word);
    memcpy(to, &word, sizeof word);
}

#endif
