/* Several processes write and read one mapping and are killed at any instruction: no answer is ever torn,
 * and after the successors have recovered, every page can be written again. Every message ends with a sum
 * of what is before. */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache_kit.h"
#include "cache_page.h"
#include "check.h"

#define PAGES 4u
#define SIZE ((size_t)WEIR_CACHE_PAGE * PAGES)
#define CHILDREN 3u
#define KILLS 120u
#define LOOKS 4000u /* of the parent, between two kills */
#define NUMBERS 150u
#define SUM 8u
#define TORN 3

static uint64_t sum_of(const uint8_t *bytes, uint32_t length)
{
    uint64_t sum = 14695981039346656037u;
    for (uint32_t i = 0; i < length; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    return sum;
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void put_one(weir_cache *cache, kit_entry *entry, uint64_t *state)
{
    unsigned number = (unsigned)(next(state) % NUMBERS);
    uint32_t length = 60 + (uint32_t)(next(state) % 900);
    uint64_t sum;

    kit_make(entry, number, length, 60, 1000);
    for (uint32_t at = 40; at < length; at += 8)
        entry->wire[at] = (uint8_t)next(state);
    sum = sum_of(entry->wire, length - SUM);
    memcpy(entry->wire + length - SUM, &sum, SUM);
    entry->answer.judgement.serial = (uint32_t)sum;
    kit_put(cache, entry, 1000);
}

/* 0 if what is found is not what somebody has put. */
static int look_at_one(weir_cache *cache, kit_entry *entry, uint64_t *state)
{
    static weir_cache_copy copy;
    weir_answer answer;
    uint64_t sum;

    entry->key.name_length = kit_name(entry->name, (unsigned)(next(state) % NUMBERS));
    entry->key = (weir_cache_key){entry->name, entry->key.name_length, 1, 1, 0};
    if (kit_get(cache, &entry->key, 2000, 0, &answer, &copy) == WEIR_CACHE_MISS)
        return 1;
    sum = sum_of(answer.wire, answer.wire_length - SUM);
    if (memcmp(&sum, answer.wire + answer.wire_length - SUM, SUM) != 0 ||
        memcmp(answer.wire + 12, entry->name, entry->key.name_length) != 0)
        return 0;
    if (answer.judgement.serial != (uint32_t)sum && answer.judgement.serial != 7)
        return 0;
    if (next(state) % 16 == 0)
        weir_cache_judge(cache, &entry->key, weir_cache_hash(cache, &entry->key), &answer,
                         &(weir_judgement){.serial = 7, .part = WEIR_PART_NONE});
    return 1;
}

static void work(uint8_t *mapping, uint16_t slot, uint64_t seed)
{
    static kit_entry entry;
    weir_cache cache;
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;

    if (weir_cache_open(&cache, mapping, SIZE, kit_boot, slot) != NULL)
        _exit(2);
    weir_cache_recover(&cache);
    for (;;) {
        put_one(&cache, &entry, &state);
        for (int looks = 0; looks < 3; looks++)
            if (!look_at_one(&cache, &entry, &state))
                _exit(TORN);
    }
}

static pid_t start(uint8_t *mapping, uint16_t slot, uint64_t seed)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        work(mapping, slot, seed);
    return child;
}

/* It must have lived until now. */
static void end(pid_t child)
{
    int status;
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(void)
{
    static kit_entry entry;
    weir_cache cache;
    pid_t children[CHILDREN];
    uint64_t state = 4711;
    uint8_t *mapping = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(mapping != MAP_FAILED && weir_cache_format(mapping, SIZE, kit_key, kit_boot) == 0);
    CHECK(weir_cache_open(&cache, mapping, SIZE, kit_boot, CHILDREN) == NULL);
    for (uint16_t i = 0; i < CHILDREN; i++)
        children[i] = start(mapping, i, i);
    for (unsigned kills = 0; kills < KILLS; kills++) {
        for (unsigned looks = 0; looks < LOOKS; looks++)
            CHECK(look_at_one(&cache, &entry, &state));
        end(children[kills % CHILDREN]);
        children[kills % CHILDREN] = start(mapping, (uint16_t)(kills % CHILDREN), 100 + kills);
    }
    for (unsigned i = 0; i < CHILDREN; i++)
        end(children[i]);
    weir_cache_recover_from(&cache, 0);
    for (unsigned number = 0; number < NUMBERS; number++)
        CHECK(kit_put(&cache, kit_make(&entry, number, 100, 60, 1000), 1000) >= 0);
    return 0;
}
