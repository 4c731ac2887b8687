/* The mapping: its header, the way from a key to a page, readers without a lock, writers under a try-lock.
 *
 * Why nothing torn is believed. A page's sequence is odd while its content changes. A reader loads it (acquire: the
 * content is read after it), copies, then loads it again behind an acquire fence (the copy's reads cannot sink below
 * it). A writer stores the odd number, then a release fence (the content's stores cannot rise above it), changes the
 * content, and stores the next even number with release (they cannot sink below that). So a reader that finds the
 * same even number twice has copied what stood between two writes. What it copies meanwhile may be anything, and is
 * bounded before use; words that steer the copying are loaded once each, atomically, so that no bound is checked on
 * one value and used on another. The copying itself is a plain memcpy of bytes that another process may be writing:
 * no value that comes of such a race leaves weir_cache_get.
 *
 * A reader writes one byte, the hit count, by compare and exchange: after a compaction it may count for a neighbour,
 * which costs nothing but a worse guess at eviction. */
#include <string.h>

#include "bytes.h"
#include "cache_page.h"
#include "hash.h"

#define VERSION 1u
#define TRIES 4 /* looks at a page that is being written; its writer needs about a microsecond */
#define MAX_AHEAD_MS 60000u /* clocks are read before and after each other; what is further ahead is no answer's time */
#define LINE 64u
#define TAG_LINES ((offsetof(weir_page_content, index.hits) + 8u + LINE - 1u) / LINE)
#define PREFETCH_LIFE (3u * WEIR_HITS_LIFE_ONE) /* hits that make an answer popular */
#define PREFETCH_MIN_TTL 10u                    /* seconds; refreshing shorter lives early would hammer the upstream */
#define PREFETCH_SHARE 10u                      /* the last tenth of the TTL */

static const char MAGIC[8] = {'w', 'e', 'i', 'r', 'c', 'a', 'c', 'h'};

typedef struct {
    char magic[8];
    uint32_t version;
    uint32_t page;
    uint64_t size;
    uint8_t boot[16];
    uint8_t key[32];
} mapping_head;

_Static_assert(sizeof(mapping_head) <= WEIR_CACHE_PAGE, "the head has the first page for itself");
/* Words of the index are plain, so that a private copy is plain memory; in the mapping they are loaded as atomics of
 * the same size and place. */
_Static_assert(sizeof(_Atomic uint32_t) == 4 && sizeof(_Atomic uint16_t) == 2 && sizeof(_Atomic uint8_t) == 1,
               "atomics are as wide as what they stand for");

static uint16_t load_word16(const uint16_t *word)
{
    return atomic_load_explicit((const _Atomic uint16_t *)word, memory_order_relaxed);
}

static uint32_t load_word32(const uint32_t *word)
{
    return atomic_load_explicit((const _Atomic uint32_t *)word, memory_order_relaxed);
}

static weir_page *page_at(const weir_cache *cache, uint32_t number)
{
    return (weir_page *)(void *)(cache->bytes + (size_t)WEIR_CACHE_PAGE * (number + 1u));
}

static weir_page *page_of(const weir_cache *cache, uint64_t hash)
{
    return page_at(cache, weir_scale((uint32_t)(hash >> 32), cache->pages));
}

/* 0 is no tag: it marks an empty place among the ghosts. */
static uint16_t tag_of(uint64_t hash)
{
    uint16_t tag = (uint16_t)hash;

    return tag ? tag : 1;
}

static int is_usable(const uint8_t *bytes, size_t size)
{
    return (uintptr_t)bytes % 8 == 0 && size % WEIR_CACHE_PAGE == 0 && size / WEIR_CACHE_PAGE >= 2 &&
           size / WEIR_CACHE_PAGE <= UINT32_MAX;
}

int weir_cache_format(uint8_t *bytes, size_t size, const uint8_t key[32], const uint8_t boot[16])
{
    mapping_head head = {.version = VERSION, .page = WEIR_CACHE_PAGE, .size = size};

    if (!is_usable(bytes, size))
        return -1;
    memcpy(head.magic, MAGIC, sizeof MAGIC);
    memcpy(head.boot, boot, sizeof head.boot);
    memcpy(head.key, key, sizeof head.key);
    memcpy(bytes, &head, sizeof head);
    return 0;
}

const char *weir_cache_open(weir_cache *cache, uint8_t *bytes, size_t size, const uint8_t boot[16], uint16_t slot)
{
    mapping_head head;

    if (!is_usable(bytes, size))
        return "its size is not a whole number of pages";
    memcpy(&head, bytes, sizeof head);
    if (memcmp(head.magic, MAGIC, sizeof MAGIC) != 0)
        return "it is no answer cache";
    if (head.version != VERSION || head.page != WEIR_CACHE_PAGE)
        return "it was made by another version";
    if (head.size != size)
        return "it was made for another size";
    if (memcmp(head.boot, boot, sizeof head.boot) != 0)
        return "it was made before the machine was started";
    *cache = (weir_cache){
        .bytes = bytes, .size = size, .pages = (uint32_t)(size / WEIR_CACHE_PAGE - 1u), .slot = slot};
    for (unsigned i = 0; i < 4; i++)
        cache->key[i] = weir_load64(head.key + 8 * i);
    return NULL;
}

static uint64_t fold(uint64_t x, uint64_t y)
{
    uint64_t high, low = weir_multiply(x, y, &high);

    return low ^ high;
}

uint64_t weir_cache_hash(const weir_cache *cache, const weir_cache_key *key)
{
    const uint8_t *name = key->name;
    uint32_t left = key->name_length;
    uint64_t kind = key->qtype | (uint64_t)key->qclass << 16 | (uint64_t)key->flags << 32 | (uint64_t)left << 40;
    uint64_t state = fold(cache->key[0] ^ kind, cache->key[1]);
    uint8_t tail[16] = {0};

    for (; left > 16; left -= 16, name += 16)
        state = fold(weir_load64(name) ^ state, weir_load64(name + 8) ^ cache->key[2]);
    memcpy(tail, name, left);
    state = fold(weir_load64(tail) ^ state, weir_load64(tail + 8) ^ cache->key[2]);
    return fold(state ^ cache->key[3], cache->key[0]);
}

void weir_cache_prefetch(const weir_cache *cache, uint64_t hash)
{
    const uint8_t *page = (const uint8_t *)page_of(cache, hash);

    for (unsigned line = 0; line < TAG_LINES; line++)
        __builtin_prefetch(page + LINE * line);
}

/* Copy the body at a place that may be nonsense into `copy`; its length, or 0. */
static uint32_t copy_body(const weir_page *page, uint32_t place, weir_cache_copy *copy)
{
    uint32_t offset = WEIR_PLACE_OFFSET(place), length = WEIR_PLACE_LENGTH(place);

    if (offset + length > WEIR_PAGE_BODIES)
        return 0;
    memcpy(copy->bytes, page->content.bodies + offset, length);
    return length;
}

/* A mask of the lanes of four tags that hold `pattern`'s tag; other lanes above the first may be set too. */
static uint64_t match_four(const uint16_t *tags, uint64_t pattern)
{
    uint64_t four;

    memcpy(&four, tags, sizeof four);
    four ^= pattern;
    return (four - UINT64_C(0x0001000100010001)) & ~four & UINT64_C(0x8000800080008000);
}

/* Look through a page that may be changing. Returns the number of the entry whose body is in `copy`, or -1. */
static int search(const weir_page *page, uint16_t tag, const weir_cache_key *key, weir_cache_copy *copy,
                  uint32_t *length)
{
    const weir_page_index *index = &page->content.index;
    unsigned count = load_word16(&index->count);
    uint64_t pattern = tag * UINT64_C(0x0001000100010001);

    if (count > WEIR_PAGE_ENTRIES)
        return -1;
    for (unsigned four = 0; four < count; four += 4) {
        if (!match_four(&index->tag[four], pattern))
            continue;
        for (unsigned i = four; i < four + 4 && i < count; i++) {
            if (load_word16(&index->tag[i]) != tag)
                continue;
            *length = copy_body(page, load_word32(&index->place[i]), copy);
            if (weir_entry_is(copy->bytes, *length, key))
                return (int)i;
        }
    }
    return -1;
}

/* The same, until nothing changed meanwhile. */
static int search_stable(const weir_page *page, uint16_t tag, const weir_cache_key *key, weir_cache_copy *copy,
                         uint32_t *length)
{
    for (unsigned try = 0; try < TRIES; try++) {
        uint32_t before = atomic_load_explicit(&page->sequence, memory_order_acquire); /* before the copying */
        int number;

        if (before & 1)
            continue;
        number = search(page, tag, key, copy, length);
        atomic_thread_fence(memory_order_acquire); /* the copying before the second look */
        if (atomic_load_explicit(&page->sequence, memory_order_relaxed) == before)
            return number;
    }
    return -1;
}

/* Count a hit, if it still makes a difference. 1 if it is this one that should set off a prefetch. */
static int count_hit(weir_page *page, int number, int is_due)
{
    _Atomic uint8_t *word = (_Atomic uint8_t *)&page->content.index.hits[number];
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
static int look(const weir_page *page, const weir_cache_key *key, uint64_t hash, uint64_t now_ms, uint64_t stale_ms,
                weir_answer *answer, weir_cache_copy *copy, int *number)
{
    uint32_t length = 0;

    *number = search_stable(page, tag_of(hash), key, copy, &length);
    if (*number < 0 || !weir_entry_read(copy->bytes, length, copy->ttl_offsets, answer))
        return WEIR_CACHE_MISS;
    return state_of(answer, now_ms, stale_ms);
}

int weir_cache_get(weir_cache *cache, const weir_cache_key *key, uint64_t hash, uint64_t now_ms, uint64_t stale_ms,
                   weir_answer *answer, weir_cache_copy *copy)
{
    weir_page *page = page_of(cache, hash);
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

    return look(page_of(cache, hash), key, hash, now_ms, stale_ms, answer, copy, &number);
}

/* 1 if the page is ours now. Acquire: what the last writer published is seen. */
static int lock(const weir_cache *cache, weir_page *page)
{
    uint32_t nobody = 0;

    return atomic_compare_exchange_strong_explicit(&page->lock, &nobody, cache->slot + 1u, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Release: the next writer sees what was published. */
static void unlock(weir_page *page)
{
    atomic_store_explicit(&page->lock, 0, memory_order_release);
}

/* Begin to change a locked page; the number for end_change. A writer that died may have left the sequence odd. */
static uint32_t begin_change(weir_page *page)
{
    uint32_t odd = atomic_load_explicit(&page->sequence, memory_order_relaxed) | 1u;

    atomic_store_explicit(&page->sequence, odd, memory_order_relaxed);
    atomic_thread_fence(memory_order_release); /* odd before the first changed byte */
    return odd;
}

static void end_change(weir_page *page, uint32_t odd)
{
    atomic_store_explicit(&page->sequence, odd + 1u, memory_order_release); /* even after the last changed byte */
}

int weir_cache_put(weir_cache *cache, const weir_cache_key *key, uint64_t hash, const weir_answer *answer,
                   uint64_t now_ms)
{
    weir_page *page = page_of(cache, hash);
    weir_page_content content;
    uint32_t size = weir_entry_size(key, answer), changed, odd;
    int gone;

    if (size == 0)
        return WEIR_CACHE_TOO_LONG;
    if (!lock(cache, page))
        return WEIR_CACHE_BUSY;
    memcpy(&content, &page->content, sizeof content);
    weir_page_mend(&content);
    gone = weir_page_put(&content, tag_of(hash), key, answer, size, now_ms, cache->dead_ms, &changed);
    odd = begin_change(page);
    memcpy(&page->content.index, &content.index, sizeof content.index);
    memcpy(page->content.bodies + changed, content.bodies + changed, content.index.end - changed);
    end_change(page, odd);
    unlock(page);
    return gone;
}

void weir_cache_judge(weir_cache *cache, const weir_cache_key *key, uint64_t hash, uint64_t stored_ms,
                      const weir_judgement *judgement)
{
    weir_page *page = page_of(cache, hash);
    weir_cache_copy copy;
    uint32_t length;
    int number;

    if (!lock(cache, page))
        return;
    number = search(page, tag_of(hash), key, &copy, &length);
    if (number >= 0 && weir_entry_stored(copy.bytes, length) == stored_ms) {
        uint32_t place = load_word32(&page->content.index.place[number]), odd = begin_change(page);
        if (WEIR_PLACE_LENGTH(place) == length && WEIR_PLACE_OFFSET(place) + length <= WEIR_PAGE_BODIES)
            weir_entry_judge(page->content.bodies + WEIR_PLACE_OFFSET(place), judgement);
        end_change(page, odd);
    }
    unlock(page);
}

/* Empty a page whose writer is dead. */
static void reset(weir_page *page)
{
    uint32_t odd = begin_change(page);

    memset(&page->content.index, 0, sizeof page->content.index);
    end_change(page, odd);
    unlock(page);
}

unsigned weir_cache_recover(weir_cache *cache)
{
    unsigned count = 0;

    for (uint32_t number = 0; number < cache->pages; number++) {
        weir_page *page = page_at(cache, number);
        if (atomic_load_explicit(&page->lock, memory_order_acquire) == cache->slot + 1u) {
            reset(page);
            count++;
        }
    }
    return count;
}

unsigned weir_cache_recover_from(weir_cache *cache, uint16_t first)
{
    unsigned count = 0;

    for (uint32_t number = 0; number < cache->pages; number++) {
        weir_page *page = page_at(cache, number);
        uint32_t holder = atomic_load_explicit(&page->lock, memory_order_acquire);
        /* The exchange, for several successors may find the same page at once. */
        if (holder > first && atomic_compare_exchange_strong_explicit(&page->lock, &holder, cache->slot + 1u,
                                                                      memory_order_acquire, memory_order_relaxed)) {
            reset(page);
            count++;
        }
    }
    return count;
}

void weir_cache_usage(const weir_cache *cache, uint64_t *entries, uint64_t *bytes)
{
    *entries = *bytes = 0;
    for (uint32_t number = 0; number < cache->pages; number++) {
        const weir_page_index *index = &page_at(cache, number)->content.index;
        *entries += load_word16(&index->count);
        *bytes += load_word16(&index->used);
    }
}
