/* The answer cache in one process: what is found, what goes, who may write, and what nonsense in a page
 * becomes. */
#include <stdio.h>

#include "cache_kit.h"
#include "cache_page.h"
#include "check.h"

#define LENGTH 120u

static kit_entry entry, other;
static weir_answer found;
static weir_cache_copy copy;

static int get(weir_cache *cache, uint64_t now_ms, uint64_t stale_ms)
{
    return kit_get(cache, &entry.key, now_ms, stale_ms, &found, &copy);
}

static void test_open(void)
{
    weir_cache cache;
    uint8_t *bytes = kit_mapping(2, &cache), another[16] = {2};
    size_t size = 2 * WEIR_CACHE_PAGE;

    CHECK(weir_cache_format(bytes, WEIR_CACHE_PAGE, kit_key, kit_boot) == -1);
    CHECK(weir_cache_format(bytes, size - 1, kit_key, kit_boot) == -1);
    CHECK(weir_cache_open(&cache, bytes, WEIR_CACHE_PAGE, kit_boot, 0) != NULL);
    CHECK(weir_cache_open(&cache, bytes, size, another, 0) != NULL);
    bytes[8]++;
    CHECK(weir_cache_open(&cache, bytes, size, kit_boot, 0) != NULL);
    bytes[8]--;
    bytes[0]++;
    CHECK(weir_cache_open(&cache, bytes, size, kit_boot, 0) != NULL);
    free(bytes);
}

static void test_round_trip(void)
{
    weir_cache cache;
    uint8_t *bytes = kit_mapping(4, &cache);
    uint64_t entries, octets;

    kit_make(&entry, 1, LENGTH, 60, 5000);
    entry.answer.judgement = (weir_judgement){.serial = 9, .part = 1, .bits = {1, 0, UINT64_C(1) << 63, 2}};
    CHECK(get(&cache, 5000, 0) == WEIR_CACHE_MISS);
    CHECK(kit_put(&cache, &entry, 5000) == 0);
    CHECK(get(&cache, 5000, 0) == WEIR_CACHE_FRESH);
    CHECK(found.wire_length == LENGTH && memcmp(found.wire, entry.wire, LENGTH) == 0);
    CHECK(found.ttl_count == 1 && found.ttl_offsets[0] == entry.ttl_offsets[0]);
    CHECK(found.target_count == 1 && memcmp(found.targets, entry.targets, found.targets_length) == 0);
    CHECK(found.address_count == 1 && memcmp(found.addresses, entry.addresses, 5) == 0);
    CHECK(found.ede_length == 6 && memcmp(found.ede, entry.ede, 6) == 0);
    CHECK(found.stored_ms == 5000 && found.ttl == 60);
    CHECK(found.judgement.serial == 9 && found.judgement.part == 1 && found.judgement.bits[0] == 1);
    CHECK(found.judgement.bits[2] == UINT64_C(1) << 63 && found.judgement.bits[3] == 2);
    weir_cache_usage(&cache, &entries, &octets);
    CHECK(entries == 1 && octets > LENGTH && octets < LENGTH + 120);
    free(bytes);
}

static void test_key(void)
{
    weir_cache cache;
    uint8_t *bytes = kit_mapping(2, &cache), both[64];
    weir_cache_key key;

    kit_make(&entry, 1, LENGTH, 60, 0);
    CHECK(kit_put(&cache, &entry, 0) == 0);
    for (int change = 0; change < 5; change++) {
        key = entry.key;
        key.qtype += change == 0;
        key.qclass += change == 1;
        key.flags = (uint8_t)(change == 2 ? WEIR_KEY_DO : change == 3 ? WEIR_KEY_CD : 0);
        key.name_length -= change == 4;
        CHECK(kit_get(&cache, &key, 0, 0, &found, &copy) == WEIR_CACHE_MISS);
    }
    /* The name, and the same name with one that answers for it, are two keys. */
    kit_make(&other, 1, LENGTH + 1, 60, 0);
    memcpy(both, other.name, other.key.name_length);
    memcpy(both + other.key.name_length, "\1t", 3);
    other.key.name = both;
    other.key.name_length += 3;
    CHECK(kit_put(&cache, &other, 0) == 0);
    CHECK(kit_get(&cache, &other.key, 0, 0, &found, &copy) == WEIR_CACHE_FRESH);
    CHECK(found.wire_length == LENGTH + 1);
    CHECK(get(&cache, 0, 0) == WEIR_CACHE_FRESH && found.wire_length == LENGTH);
    free(bytes);
}

static void test_times(void)
{
    weir_cache cache;
    uint8_t *bytes = kit_mapping(2, &cache);

    kit_make(&entry, 1, LENGTH, 100, 1000);
    CHECK(kit_put(&cache, &entry, 1000) == 0);
    CHECK(get(&cache, 100999, 0) == WEIR_CACHE_FRESH);
    CHECK(get(&cache, 101000, 0) == WEIR_CACHE_MISS);
    CHECK(get(&cache, 101000, 1) == WEIR_CACHE_STALE);
    CHECK(get(&cache, 101001, 1) == WEIR_CACHE_MISS);
    CHECK(get(&cache, 900, 0) == WEIR_CACHE_FRESH); /* read by one whose clock was looked at before */
    kit_make(&entry, 1, LENGTH, 100, 10000000);
    CHECK(kit_put(&cache, &entry, 10000000) == 0);
    CHECK(get(&cache, 1000, 1000) == WEIR_CACHE_MISS); /* no clock is that far apart */
    kit_make(&entry, 2, LENGTH, 0, 1000);
    CHECK(kit_put(&cache, &entry, 1000) == WEIR_CACHE_UNWANTED);
    kit_make(&entry, 1, LENGTH, 0, 1000);
    CHECK(kit_put(&cache, &entry, 1000) == 0);
    CHECK(get(&cache, 1000, 5) == WEIR_CACHE_STALE);
    free(bytes);
}

static void test_prefetch_is_said_once(void)
{
    static const struct {
        uint32_t ttl, hits, at;
        int due;
    } cases[] = {
        {100, 3, 90000, 1}, {100, 3, 89999, 0}, {100, 2, 95000, 0}, {10, 3, 9500, 1}, {9, 3, 8900, 0},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_cache cache;
        uint8_t *bytes = kit_mapping(2, &cache);
        kit_make(&entry, 1, LENGTH, cases[i].ttl, 0);
        kit_put(&cache, &entry, 0);
        for (unsigned hit = 1; hit < cases[i].hits; hit++)
            CHECK(get(&cache, 1, 0) == WEIR_CACHE_FRESH);
        uint64_t hash = weir_cache_hash(&cache, &entry.key);
        CHECK(weir_cache_peek(&cache, &entry.key, hash, cases[i].at, 0, &found, &copy) == WEIR_CACHE_FRESH);
        CHECK(get(&cache, cases[i].at, 0) == (cases[i].due ? WEIR_CACHE_PREFETCH : WEIR_CACHE_FRESH));
        CHECK(!cases[i].due || get(&cache, cases[i].at, 0) == WEIR_CACHE_FRESH);
        free(bytes);
    }
}

static void test_hits_begin_anew(void)
{
    weir_cache cache;
    uint8_t *bytes = kit_mapping(2, &cache);

    kit_make(&entry, 1, LENGTH, 100, 0);
    kit_put(&cache, &entry, 0);
    for (int i = 0; i < 5; i++)
        get(&cache, 0, 0);
    kit_make(&entry, 1, LENGTH, 100, 90000);
    kit_put(&cache, &entry, 90000);
    CHECK(get(&cache, 185000, 0) == WEIR_CACHE_FRESH);
    free(bytes);
}

static void test_limits(void)
{
    weir_cache cache;
    uint8_t *bytes = kit_mapping(2, &cache);

    kit_make(&entry, 1, WEIR_CACHE_MAX_WIRE, 60, 0);
    CHECK(kit_put(&cache, &entry, 0) == 0 && get(&cache, 0, 0) == WEIR_CACHE_FRESH);
    CHECK(found.wire_length == WEIR_CACHE_MAX_WIRE);
    kit_make(&entry, 2, WEIR_CACHE_MAX_WIRE + 1, 60, 0);
    CHECK(kit_put(&cache, &entry, 0) == WEIR_CACHE_TOO_LONG);
    kit_make(&entry, 3, LENGTH, 60, 0);
    entry.answer.target_count = WEIR_CACHE_MAX_PARTS;
    CHECK(kit_put(&cache, &entry, 0) == WEIR_CACHE_TOO_LONG);
    /* What would flush the page has to come twice. */
    kit_make(&entry, 4, 8000, 60, 0);
    CHECK(kit_put(&cache, &entry, 0) == WEIR_CACHE_UNWANTED && get(&cache, 0, 0) == WEIR_CACHE_MISS);
    CHECK(kit_put(&cache, &entry, 0) == 1 && get(&cache, 0, 0) == WEIR_CACHE_FRESH);
    free(bytes);
}

static void test_dead_ones_go_first(void)
{
    weir_cache cache;
    uint8_t *bytes = kit_mapping(2, &cache);

    cache.dead_ms = 5000;
    kit_make(&entry, 0, LENGTH, 10, 0);
    kit_put(&cache, &entry, 0);
    for (int i = 0; i < 5; i++)
        get(&cache, 0, 0);
    for (unsigned number = 1; number < 200; number++)
        kit_put(&cache, kit_make(&other, number, LENGTH, 1000, 14999), 14999);
    CHECK(get(&cache, 14999, 5000) == WEIR_CACHE_STALE); /* still of use, and popular */
    for (unsigned number = 200; number < 210; number++)
        kit_put(&cache, kit_make(&other, number, LENGTH, 1000, 15000), 15000);
    CHECK(get(&cache, 14999, 5000) == WEIR_CACHE_MISS);
    free(bytes);
}

static void test_judge(void)
{
    weir_cache cache;
    uint8_t *bytes = kit_mapping(2, &cache);
    weir_judgement judgement = {.serial = 4, .part = 0, .bits = {0, UINT64_C(1) << 5, 0, 0}};
    uint64_t hash;

    kit_make(&entry, 1, LENGTH, 60, 1000);
    hash = weir_cache_hash(&cache, &entry.key);
    kit_put(&cache, &entry, 1000);
    weir_answer other = entry.answer;
    other.stored_ms = 999;
    weir_cache_judge(&cache, &entry.key, hash, &other, &judgement);
    CHECK(get(&cache, 1000, 0) == WEIR_CACHE_FRESH && found.judgement.serial == 0);
    /* Of another answer that stood there in the same millisecond. */
    static kit_entry before;
    kit_make(&before, 1, LENGTH, 60, 1000)->wire[LENGTH - 1] ^= 1;
    weir_cache_judge(&cache, &entry.key, hash, &before.answer, &judgement);
    CHECK(get(&cache, 1000, 0) == WEIR_CACHE_FRESH && found.judgement.serial == 0);
    weir_cache_judge(&cache, &entry.key, hash, &entry.answer, &judgement);
    CHECK(get(&cache, 1000, 0) == WEIR_CACHE_FRESH);
    CHECK(memcmp(&found.judgement.bits, &judgement.bits, sizeof judgement.bits) == 0);
    CHECK(found.judgement.serial == 4 && found.judgement.part == 0);
    CHECK(found.wire_length == LENGTH && memcmp(found.wire, entry.wire, LENGTH) == 0);
    judgement.bits[3] = 0x1FF;
    weir_cache_judge(&cache, &entry.key, hash, &entry.answer, &judgement);
    CHECK(get(&cache, 1000, 0) == WEIR_CACHE_FRESH && found.judgement.part == WEIR_PART_SEVERAL);
    free(bytes);
}

/* A writer that died left its page locked, and perhaps half written. */
static void test_dead_writer(void)
{
    weir_cache cache, beside;
    uint8_t *bytes = kit_mapping(2, &cache);
    weir_page *page = (weir_page *)(void *)(bytes + WEIR_CACHE_PAGE);

    CHECK(weir_cache_open(&beside, bytes, 2 * WEIR_CACHE_PAGE, kit_boot, 3) == NULL);
    kit_make(&entry, 1, LENGTH, 60, 0);
    CHECK(kit_put(&cache, &entry, 0) == 0);
    atomic_store(&page->lock, 4u);
    CHECK(get(&cache, 0, 0) == WEIR_CACHE_FRESH);
    CHECK(kit_put(&cache, &entry, 0) == WEIR_CACHE_BUSY);
    CHECK(weir_cache_recover(&cache) == 0 && weir_cache_recover_from(&cache, 4) == 0);
    atomic_fetch_add(&page->sequence, 1u);
    CHECK(get(&cache, 0, 0) == WEIR_CACHE_MISS);
    CHECK(weir_cache_recover(&beside) == 1);
    CHECK(get(&cache, 0, 0) == WEIR_CACHE_MISS && kit_put(&cache, &entry, 0) == 0);
    CHECK(get(&cache, 0, 0) == WEIR_CACHE_FRESH);
    atomic_store(&page->lock, UINT32_MAX); /* nobody's slot */
    CHECK(weir_cache_recover_from(&cache, 4) == 1 && kit_put(&cache, &entry, 0) == 0);
    CHECK(get(&cache, 0, 0) == WEIR_CACHE_FRESH);
    free(bytes);
}

/* Any bytes in a page: no crash, and writing makes a page of it again. */
static void test_nonsense(void)
{
    uint64_t state = 88172645463325252u;

    for (unsigned round = 0; round < 400; round++) {
        weir_cache cache;
        uint8_t *bytes = kit_mapping(2, &cache);
        for (unsigned number = 0; number < 120; number++)
            kit_put(&cache, kit_make(&other, number, LENGTH, 60, 0), 0);
        for (unsigned i = 0; i < 1 + round % 400; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            /* Half of them in the head and the slots; never the lock, or nobody could write. */
            uint32_t room = round % 2 ? 1536 : WEIR_CACHE_PAGE;
            bytes[WEIR_CACHE_PAGE + 8 + (uint32_t)(state >> 8) % (room - 8)] = (uint8_t)state;
        }
        for (unsigned number = 0; number < 120; number++) {
            kit_make(&entry, number, LENGTH, 60, 0);
            get(&cache, 0, 1000);
        }
        kit_make(&entry, 500 + round, LENGTH, 60, 0);
        CHECK(kit_put(&cache, &entry, 0) >= 0);
        CHECK(get(&cache, 0, 0) == WEIR_CACHE_FRESH && memcmp(found.wire, entry.wire, LENGTH) == 0);
        free(bytes);
    }
}

static void test_a_scan_leaves_the_popular(void)
{
    weir_cache cache;
    uint8_t *bytes = kit_mapping(5, &cache);
    unsigned kept = 0;

    for (unsigned number = 0; number < 60; number++) {
        kit_put(&cache, kit_make(&entry, number, LENGTH, 1000, 0), 0);
        get(&cache, 0, 0);
    }
    for (unsigned number = 1000; number < 8000; number++)
        kit_put(&cache, kit_make(&other, number, LENGTH, 1000, 0), 0);
    for (unsigned number = 0; number < 60; number++) {
        kit_make(&entry, number, LENGTH, 1000, 0);
        kept += get(&cache, 0, 0) == WEIR_CACHE_FRESH;
    }
    CHECK(kept == 60);
    free(bytes);
}

static unsigned page_of(const weir_cache *cache, unsigned number)
{
    kit_make(&entry, number, LENGTH, 60, 0);
    return (unsigned)((weir_cache_hash(cache, &entry.key) >> 32) * cache->pages >> 32);
}

/* Names that meet in one page of one mapping lie far apart in another, so nobody who lacks the key can
 * aim. */
static void test_flooding(void)
{
    weir_cache cache, another;
    uint8_t *bytes = kit_mapping(65, &cache), *others = kit_mapping(65, &another), key[32];
    uint8_t pages[64] = {0};
    unsigned met = 0, most = 0;

    for (unsigned i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(kit_key[31 - i] * 7u + i);
    CHECK(weir_cache_format(others, another.size, key, kit_boot) == 0);
    CHECK(weir_cache_open(&another, others, another.size, kit_boot, 0) == NULL);
    for (unsigned number = 0; met < 640; number++)
        if (page_of(&cache, number) == 7) {
            unsigned page = page_of(&another, number);
            most = ++pages[page] > most ? pages[page] : most;
            met++;
        }
    CHECK(most < 30); /* 10 on average */
    free(bytes);
    free(others);
}

int main(void)
{
    test_open();
    test_round_trip();
    test_key();
    test_times();
    test_prefetch_is_said_once();
    test_hits_begin_anew();
    test_limits();
    test_dead_ones_go_first();
    test_judge();
    test_dead_writer();
    test_nonsense();
    test_flooding();
    test_a_scan_leaves_the_popular();
    return 0;
}
