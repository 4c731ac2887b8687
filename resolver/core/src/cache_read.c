/* Readers: they copy what they want, look whether it held still meanwhile, and never wait. */
#include <string.h>

#include "cache_access.h"

#define TRIES 4            /* looks at a page that is being written; its writer needs about a microsecond */
#define MAX_AHEAD_MS 60000u /* what is stored further ahead of the reader's clock is no answer's time */
#define LINE 64u
#define PREFETCH_BODY 256u /* most answers are shorter; the processor fetches what follows by itself */
#define PREFETCH_LIFE (3u * WEIR_HITS_LIFE_ONE) /* hits that make an answer popular */
#define PREFETCH_MIN_TTL 10u /* seconds; refreshing shorter lives early would hammer the upstream */
#define PREFETCH_SHARE 10u   /* the last tenth of the TTL */

void weir_cache_prefetch(const weir_cache *cache, uint64_t hash)
{
    const weir_page *page = weir_page_of(cache, hash);

    __builtin_prefetch(page);
    __builtin_prefetch(&page->slot[weir_page_home(weir_tag_of(hash))]);
}

void weir_cache_prefetch_answer(const weir_cache *cache, uint64_t hash)
{
    const weir_page *page = weir_page_of(cache, hash);
    uint16_t tag = weir_tag_of(hash);
    const weir_page_slot *line = &page->slot[weir_page_home(tag)];

    for (unsigned i = 0; i < WEIR_PAGE_LINE_SLOTS; i++) {
        uint32_t place, offset;
        if (weir_load_word16(&line[i].tag) != tag)
            continue;
        place = weir_load_word32(&line[i].place);
        offset = WEIR_PLACE_OFFSET(place);
        if (offset + WEIR_PLACE_LENGTH(place) > WEIR_PAGE_BODIES)
            return;
        for (uint32_t at = 0; at < WEIR_PLACE_LENGTH(place) && at < PREFETCH_BODY; at += LINE)
            __builtin_prefetch(page->bodies + offset + at);
        return;
    }
}

/* Copy the body at a place that may be nonsense into `copy`; its length, or 0. */
static uint32_t copy_body(const weir_page *page, uint32_t place, weir_cache_copy *copy)
{
    uint32_t offset = WEIR_PLACE_OFFSET(place), length = WEIR_PLACE_LENGTH(place);

    if (offset + length > WEIR_PAGE_BODIES)
        return 0;
    memcpy(copy->bytes, page->bodies + offset, length);
    return length;
}

int weir_page_search(const weir_page *page, uint16_t tag, const weir_cache_key *key, weir_cache_copy *copy,
                     uint32_t *length)
{
    unsigned at = weir_page_home(tag);

    for (unsigned tries = 0; tries < WEIR_PAGE_SLOTS; tries++, at = (at + 1) % WEIR_PAGE_SLOTS) {
        uint16_t found = weir_load_word16(&page->slot[at].tag);
        if (found == 0)
            return -1;
        if (found != tag)
            continue;
        *length = copy_body(page, weir_load_word32(&page->slot[at].place), copy);
        if (weir_entry_is(copy->bytes, *length, key))
            return (int)at;
    }
    return -1;
}

/* The same, until nothing changed meanwhile. */
static int search_stable(const weir_page *page, uint16_t tag, const weir_cache_key *key,
                         weir_cache_copy *copy, uint32_t *length)
{
    for (unsigned try = 0; try < TRIES; try++) {
        /* Acquire: before the copying. */
        uint32_t before = atomic_load_explicit(&page->sequence, memory_order_acquire);
        int number;

        if (before & 1)
            continue;
        number = weir_page_search(page, tag, key, copy, length);
        atomic_thread_fence(memory_order_acquire); /* the copying before the second look */
        if (atomic_load_explicit(&page->sequence, memory_order_relaxed) == before)
            return number;
    }
    return -1;
}

/* Count a hit, if it still makes a difference. 1 if it is this one that should set off a prefetch. */
static int count_hit(weir_page *page, int number, int is_due)
{
    _Atomic uint8_t *word = (_Atomic uint8_t *)&page->slot[number].hits;
    uint8_t hits = atomic_load_explicit(word, memory_order_relaxed), next = hits;

    if ((next & WEIR_HITS_ROUNDS) < WEIR_HITS_ROUNDS)
        next++;
    if ((next & WEIR_HITS_LIFE) < WEIR_HITS_LIFE)
        next += WEIR_HITS_LIFE_ONE;
    if (is_due && (next & WEIR_HITS_LIFE) >= PREFETCH_LIFE)
        next |= WEIR_HITS_PREFETCHED;
    /* Relaxed: the byte orders nothing. Who loses the race does not count, and does not prefetch. */
    return next != hits && atomic_compare_exchange_strong_explicit(word, &hits, next, memory_order_relaxed,
                                                                   memory_order_relaxed) &&
           ((next ^ hits) & WEIR_HITS_PREFETCHED);
}

/* What an entry is at this moment, but for its popularity. */
static int state_of(const weir_answer *answer, uint64_t now_ms, uint64_t stale_ms)
{
    uint64_t expires = answer->stored_ms + UINT64_C(1000) * answer->ttl;

    if (answer->stored_ms > now_ms + MAX_AHEAD_MS)
        return WEIR_CACHE_MISS;
    if (now_ms < expires)
        return WEIR_CACHE_FRESH;
    return now_ms - expires < stale_ms ? WEIR_CACHE_STALE : WEIR_CACHE_MISS;
}

/* Whether a fresh answer is in the part of its life in which a popular one is asked for again. */
static int is_near_end(const weir_answer *answer, uint64_t now_ms)
{
    uint64_t life = UINT64_C(1000) * answer->ttl;

    return answer->ttl >= PREFETCH_MIN_TTL && answer->stored_ms + life - now_ms <= life / PREFETCH_SHARE;
}

/* The look-up that both kinds share; `number` gets the entry's. */
static int look(const weir_page *page, const weir_cache_key *key, uint64_t hash, uint64_t now_ms,
                uint64_t stale_ms, weir_answer *answer, weir_cache_copy *copy, int *number)
{
    uint32_t length = 0;

    *number = search_stable(page, weir_tag_of(hash), key, copy, &length);
    if (*number < 0 || !weir_entry_read(copy->bytes, length, copy->ttl_offsets, answer))
        return WEIR_CACHE_MISS;
    return state_of(answer, now_ms, stale_ms);
}

int weir_cache_get(weir_cache *cache, const weir_cache_key *key, uint64_t hash, uint64_t now_ms,
                   uint64_t stale_ms, weir_answer *answer, weir_cache_copy *copy)
{
    weir_page *page = weir_page_of(cache, hash);
    int number, state = look(page, key, hash, now_ms, stale_ms, answer, copy, &number);

    if (state == WEIR_CACHE_MISS)
        return state;
    if (count_hit(page, number, state == WEIR_CACHE_FRESH && is_near_end(answer, now_ms)))
        return WEIR_CACHE_PREFETCH;
    return state;
}

int weir_cache_peek(const weir_cache *cache, const weir_cache_key *key, uint64_t hash, uint64_t now_ms,
                    uint64_t stale_ms, weir_answer *answer, weir_cache_copy *copy)
{
    int number;

    return look(weir_page_of(cache, hash), key, hash, now_ms, stale_ms, answer, copy, &number);
}
