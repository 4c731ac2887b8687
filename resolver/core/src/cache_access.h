/* What the readers and the writers of the answer cache share: the way from a hash to a page, and why it
 * works.
 *
 * Why nothing torn is believed. A page's sequence is odd while its content changes. A reader loads it
 * (acquire: the content is read after it), copies, then loads it again behind an acquire fence (the copy's
 * reads cannot sink below it). A writer stores the odd number, then a release fence (the content's stores
 * cannot rise above it), changes the content, and stores the next even number with release (they cannot
 * sink below that). So a reader that finds the same even number twice has copied what stood between two
 * writes. What it copies meanwhile may be anything, and is bounded before use; words that steer the
 * copying are loaded once each, atomically, so that no bound is checked on one value and used on another.
 * The copying itself is a plain memcpy of bytes that another process may be writing: no value that comes
 * of such a race leaves weir_cache_get.
 *
 * A reader writes one byte, the hit count, by compare and exchange: after a compaction it may count for a
 * neighbour, which costs nothing but a worse guess at eviction. */
#ifndef WEIR_CACHE_ACCESS_H
#define WEIR_CACHE_ACCESS_H

#include "cache_page.h"
#include "hash.h"

/* Words of a page that steer a reader are plain to writers, who have it locked; readers load them as
 * atomics of the same size and place. */
_Static_assert(sizeof(_Atomic uint32_t) == 4 && sizeof(_Atomic uint16_t) == 2 && sizeof(_Atomic uint8_t) == 1,
               "atomics are as wide as what they stand for");

static inline uint16_t weir_load_word16(const uint16_t *word)
{
    return atomic_load_explicit((const _Atomic uint16_t *)word, memory_order_relaxed);
}

static inline uint32_t weir_load_word32(const uint32_t *word)
{
    return atomic_load_explicit((const _Atomic uint32_t *)word, memory_order_relaxed);
}

static inline weir_page *weir_page_at(const weir_cache *cache, uint32_t number)
{
    return (weir_page *)(void *)(cache->bytes + (size_t)WEIR_CACHE_PAGE * (number + 1u));
}

static inline weir_page *weir_page_of(const weir_cache *cache, uint64_t hash)
{
    return weir_page_at(cache, weir_scale((uint32_t)(hash >> 32), cache->pages));
}

/* 0 is no tag: it marks an empty place among the ghosts. */
static inline uint16_t weir_tag_of(uint64_t hash)
{
    uint16_t tag = (uint16_t)hash;

    return tag ? tag : 1;
}

/* Look through a page that may be changing. Returns the slot of the entry whose body is in `copy`, or -1. */
int weir_page_search(const weir_page *page, uint16_t tag, const weir_cache_key *key, weir_cache_copy *copy,
                     uint32_t *length);

#endif
