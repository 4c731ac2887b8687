/* The mapping: its head, the hash that leads to a page, and writers under a try-lock. */
#include <string.h>

#include "bytes.h"
#include "cache_access.h"

#define VERSION 1u

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

const char *weir_cache_open(weir_cache *cache, uint8_t *bytes, size_t size, const uint8_t boot[16],
                            uint16_t slot)
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
    uint64_t kind =
        key->qtype | (uint64_t)key->qclass << 16 | (uint64_t)key->flags << 32 | (uint64_t)left << 40;
    uint64_t state = fold(cache->key[0] ^ kind, cache->key[1]);
    uint8_t tail[16] = {0};

    for (; left > 16; left -= 16, name += 16)
        state = fold(weir_load64(name) ^ state, weir_load64(name + 8) ^ cache->key[2]);
    memcpy(tail, name, left);
    state = fold(weir_load64(tail) ^ state, weir_load64(tail + 8) ^ cache->key[2]);
    return fold(state ^ cache->key[3], cache->key[0]);
}

/* 1 if the page is ours now. Acquire: what the last writer published is seen. */
static int lock(const weir_cache *cache, weir_page *page)
{
    uint32_t nobody = 0;

    return atomic_compare_exchange_strong_explicit(&page->lock, &nobody, cache->slot + 1u,
                                                   memory_order_acquire, memory_order_relaxed);
}

/* Release: the next writer sees what was published. */
static void unlock(weir_page *page)
{
    atomic_store_explicit(&page->lock, 0, memory_order_release);
}

/* Begin to change a locked page; the number for end_change. A writer that died may have left the sequence
 * odd. */
static uint32_t begin_change(weir_page *page)
{
    uint32_t odd = atomic_load_explicit(&page->sequence, memory_order_relaxed) | 1u;

    atomic_store_explicit(&page->sequence, odd, memory_order_relaxed);
    atomic_thread_fence(memory_order_release); /* odd before the first changed byte */
    return odd;
}

static void end_change(weir_page *page, uint32_t odd)
{
    /* Release: even after the last changed byte. */
    atomic_store_explicit(&page->sequence, odd + 1u, memory_order_release);
}

int weir_cache_put(weir_cache *cache, const weir_cache_key *key, uint64_t hash, const weir_answer *answer,
                   uint64_t now_ms)
{
    weir_page *page = weir_page_of(cache, hash);
    weir_page_copy content;
    uint32_t size = weir_entry_size(key, answer), changed, odd;
    int gone;

    if (size == 0)
        return WEIR_CACHE_TOO_LONG;
    if (!lock(cache, page))
        return WEIR_CACHE_BUSY;
    weir_page_load(&content, page);
    gone = weir_page_put(&content, weir_tag_of(hash), key, answer, size, now_ms, cache->dead_ms, &changed);
    odd = begin_change(page);
    weir_page_store(page, &content, changed);
    end_change(page, odd);
    unlock(page);
    return gone;
}

/* Whether a body in `copy` is this answer: what its parts are follows from its message. */
static int is_answer(weir_cache_copy *copy, uint32_t length, const weir_answer *answer)
{
    weir_answer found;

    return weir_entry_read(copy->bytes, length, copy->ttl_offsets, &found) &&
           found.stored_ms == answer->stored_ms && found.wire_length == answer->wire_length &&
           memcmp(found.wire, answer->wire, answer->wire_length) == 0;
}

void weir_cache_judge(weir_cache *cache, const weir_cache_key *key, uint64_t hash, const weir_answer *judged,
                      const weir_judgement *judgement)
{
    weir_page *page = weir_page_of(cache, hash);
    weir_cache_copy copy;
    uint32_t length;
    int number;

    if (!lock(cache, page))
        return;
    number = weir_page_search(page, weir_tag_of(hash), key, &copy, &length);
    if (number >= 0 && is_answer(&copy, length, judged)) {
        uint32_t place = weir_load_word32(&page->slot[number].place), odd = begin_change(page);
        if (WEIR_PLACE_LENGTH(place) == length && WEIR_PLACE_OFFSET(place) + length <= WEIR_PAGE_BODIES)
            weir_entry_judge(page->bodies + WEIR_PLACE_OFFSET(place), judgement);
        end_change(page, odd);
    }
    unlock(page);
}

/* Empty a page whose writer is dead. */
static void reset(weir_page *page)
{
    uint32_t odd = begin_change(page);

    memset(&page->count, 0, offsetof(weir_page, bodies) - offsetof(weir_page, count));
    end_change(page, odd);
    unlock(page);
}

/* Take the lock over from a dead holder; by exchange, for several successors may find the same page at
 * once. */
static int take_over(const weir_cache *cache, weir_page *page, uint32_t holder)
{
    return atomic_compare_exchange_strong_explicit(&page->lock, &holder, cache->slot + 1u,
                                                   memory_order_acquire, memory_order_relaxed);
}

unsigned weir_cache_recover(weir_cache *cache)
{
    unsigned count = 0;

    for (uint32_t number = 0; number < cache->pages; number++) {
        weir_page *page = weir_page_at(cache, number);
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
        weir_page *page = weir_page_at(cache, number);
        uint32_t holder = atomic_load_explicit(&page->lock, memory_order_acquire);
        if (holder > first && take_over(cache, page, holder)) {
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
        const weir_page *page = weir_page_at(cache, number);
        *entries += weir_load_word16(&page->count);
        *bytes += weir_load_word16(&page->used);
    }
}
