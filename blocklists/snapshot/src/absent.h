/* Which lines of one text are not in another: what a new version of a list changed, whatever the order of its lines.
 * Lines are compared by a 64-bit keyed hash: two different ones are taken for the same once in 2^64 pairs, and nobody
 * without the key can make that happen. */
#ifndef WEIR_ABSENT_H
#define WEIR_ABSENT_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"

#define WEIR_LINE_BATCH 16u /* as many reads as a core has in flight */

/* The hashes of a text's lines. */
typedef struct {
    weir_key key;
    uint64_t *slots; /* 0 = free; a power of two of them */
    uint64_t mask;
} weir_line_set;

/* A line: where it stands, its LF left out. */
typedef struct {
    size_t start, end;
    uint64_t hash;
} weir_line;

/* A search through a text; zero all but the text and its length to begin. */
typedef struct {
    const uint8_t *text;
    size_t length, position;
    unsigned next, count; /* of the batch */
    weir_line batch[WEIR_LINE_BATCH];
} weir_absent;

/* 0, or -1 without memory: then there is nothing to free. */
int weir_line_set_init(weir_line_set *set, const uint8_t *key, const uint8_t *text, size_t length);
void weir_line_set_free(weir_line_set *set);

/* The next line of the text that is not in the set: 1, or 0 at the end. */
int weir_absent_next(const weir_line_set *set, weir_absent *search, weir_line *found);

#endif
