/* Whatever stands in a mapping, and in whatever order it is used and scribbled upon: every read stays
 * inside, and an answer that is found is well formed. The input is a row of operations on a mapping of two
 * pages of answers; after all of them a page that nobody holds keeps answers again. */
#include "cache_kit.h"
#include "cache_page.h"

enum { PUT, GET, JUDGE, SCRIBBLE, SCRIBBLE_SLOTS, RECOVER, LOCK, TIME, OPERATIONS };
#define STEPS 256u /* of one input: each may write a whole page, and an input is to take milliseconds */
#define PAGES 3u
#define SIZE ((size_t)WEIR_CACHE_PAGE * PAGES)

typedef struct {
    const uint8_t *bytes;
    size_t left;
} input;

static uint32_t take(input *in, unsigned octets)
{
    uint32_t value = 0;
    for (; octets > 0 && in->left > 0; octets--, in->left--)
        value = value << 8 | *in->bytes++;
    return value;
}

static void must(int holds)
{
    if (!holds)
        abort();
}

/* All that an answer points to lies in the copy, and is what the header file says. */
static void check(const weir_answer *answer, const weir_cache_copy *copy)
{
    const uint8_t *end = copy->bytes + sizeof copy->bytes;
    uint32_t at = 0;

    must(answer->wire >= copy->bytes && answer->wire + answer->wire_length <= end);
    must(answer->ttl_offsets == copy->ttl_offsets && answer->ttl_count <= WEIR_CACHE_MAX_TTLS);
    for (unsigned i = 0; i < answer->ttl_count; i++)
        must(answer->ttl_offsets[i] + 4u <= answer->wire_length &&
             (i == 0 || answer->ttl_offsets[i] > answer->ttl_offsets[i - 1]));
    must(answer->targets + answer->targets_length <= end && answer->ede + answer->ede_length <= end);
    for (unsigned i = 0; i < answer->target_count; i++, at++)
        for (; answer->targets[at]; at += answer->targets[at] + 1u)
            must(at < answer->targets_length);
    must(at == answer->targets_length && answer->addresses + answer->addresses_length <= end);
    at = 0;
    for (unsigned i = 0; i < answer->address_count; i++)
        at += answer->addresses[at] + 1u;
    must(at == answer->addresses_length);
    at = 0;
    while (at < answer->ede_length) {
        must(at + 4 <= answer->ede_length);
        at += 4u + ((uint32_t)answer->ede[at + 2] << 8 | answer->ede[at + 3]);
    }
    must(at == answer->ede_length);
}

static void make(input *in, kit_entry *entry, uint64_t now_ms)
{
    uint32_t number = take(in, 1), length = 40 + take(in, 2) % 16000, ttl = take(in, 1);
    kit_make(entry, number, length, ttl, now_ms);
    entry->key.flags = number & 3;
}

static void operate(input *in, weir_cache *cache, uint64_t *now_ms)
{
    static kit_entry entry;
    static weir_cache_copy copy;
    weir_answer answer;
    weir_judgement judgement = {.serial = 1};
    weir_page *page = (weir_page *)(void *)(cache->bytes + WEIR_CACHE_PAGE * (1 + (in->left & 1)));

    switch (take(in, 1) % OPERATIONS) {
    case PUT:
        make(in, &entry, *now_ms);
        kit_put(cache, &entry, *now_ms);
        break;
    case GET:
        make(in, &entry, *now_ms);
        if (kit_get(cache, &entry.key, *now_ms, 10000, &answer, &copy) != WEIR_CACHE_MISS)
            check(&answer, &copy);
        break;
    case JUDGE:
        make(in, &entry, *now_ms);
        judgement.bits[in->left % 4] = take(in, 4);
        weir_cache_judge(cache, &entry.key, weir_cache_hash(cache, &entry.key), &entry.answer, &judgement);
        break;
    case SCRIBBLE:
        cache->bytes[WEIR_CACHE_PAGE + take(in, 2) % (SIZE - WEIR_CACHE_PAGE)] = (uint8_t)take(in, 1);
        break;
    case SCRIBBLE_SLOTS:
        ((uint8_t *)page->slot)[take(in, 2) % sizeof page->slot] = (uint8_t)take(in, 1);
        break;
    case RECOVER:
        weir_cache_recover(cache);
        weir_cache_recover_from(cache, (uint16_t)take(in, 1));
        break;
    case LOCK:
        atomic_store(&page->lock, take(in, 1));
        break;
    default:
        *now_ms += take(in, 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static kit_entry entry;
    static weir_cache_copy copy;
    input in = {bytes, size};
    weir_cache cache;
    weir_answer answer;
    uint64_t now_ms = 1000000, entries, octets;
    uint8_t *mapping = kit_mapping(PAGES, &cache);

    for (unsigned number = 0; number < 40; number++)
        kit_put(&cache, kit_make(&entry, number, 200, 60, now_ms), now_ms);
    for (unsigned step = 0; in.left > 0 && step < STEPS; step++)
        operate(&in, &cache, &now_ms);
    weir_cache_usage(&cache, &entries, &octets);
    weir_cache_recover(&cache);
    weir_cache_recover_from(&cache, 0);
    kit_make(&entry, 1, 100, 60, now_ms);
    must(kit_put(&cache, &entry, now_ms) >= 0);
    must(kit_get(&cache, &entry.key, now_ms, 0, &answer, &copy) == WEIR_CACHE_FRESH);
    check(&answer, &copy);
    must(memcmp(answer.wire, entry.wire, 100) == 0);
    free(mapping);
    return 0;
}
