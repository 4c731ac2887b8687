/* What the tests of the answer cache share: a small mapping, and answers that can be told apart and
 * checked. */
#ifndef WEIR_TEST_CACHE_KIT_H
#define WEIR_TEST_CACHE_KIT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"

static const uint8_t kit_key[32] = "any 32 octets, as random as this";
static const uint8_t kit_boot[16] = {1};

typedef struct {
    uint8_t name[32];
    uint8_t wire[16384];
    uint16_t ttl_offsets[1];
    uint8_t targets[32];
    uint8_t addresses[5];
    uint8_t ede[6];
    weir_cache_key key;
    weir_answer answer;
} kit_entry;

/* The wire name n<number>.example; its length. */
static inline uint16_t kit_name(uint8_t *to, unsigned number)
{
    static const uint8_t tail[] = "\7example";
    to[0] = 7;
    to[1] = 'n';
    for (int digit = 6; digit > 0; digit--, number /= 10)
        to[1 + digit] = (uint8_t)('0' + number % 10);
    memcpy(to + 8, tail, sizeof tail);
    return 8 + sizeof tail;
}

/* An answer of `length` octets of message that depend on `number`, with one of everything. */
static inline kit_entry *kit_make(kit_entry *entry, unsigned number, uint32_t length, uint32_t ttl,
                                  uint64_t stored_ms)
{
    uint16_t name_length = kit_name(entry->name, number);
    for (uint32_t i = 0; i < length; i++)
        entry->wire[i] = (uint8_t)(number * 31u + i);
    memset(entry->wire, 0, 12);
    memcpy(entry->wire + 12, entry->name, name_length);
    entry->ttl_offsets[0] = (uint16_t)(12 + name_length + 4);
    memcpy(entry->targets, entry->name, name_length);
    entry->addresses[0] = 4;
    memset(entry->addresses + 1, (int)number & 0xFF, 4);
    memcpy(entry->ede, "\0\26\0\2hi", 6);
    entry->key = (weir_cache_key){entry->name, name_length, 1, 1, 0};
    entry->answer = (weir_answer){
        .wire = entry->wire, .wire_length = length, .ttl_offsets = entry->ttl_offsets, .ttl_count = 1,
        .targets = entry->targets, .targets_length = name_length, .target_count = 1,
        .addresses = entry->addresses, .addresses_length = 5, .address_count = 1,
        .ede = entry->ede, .ede_length = 6, .stored_ms = stored_ms, .ttl = ttl,
    };
    return entry;
}

static inline int kit_put(weir_cache *cache, const kit_entry *entry, uint64_t now_ms)
{
    return weir_cache_put(cache, &entry->key, weir_cache_hash(cache, &entry->key), &entry->answer, now_ms);
}

static inline int kit_get(weir_cache *cache, const weir_cache_key *key, uint64_t now_ms, uint64_t stale_ms,
                          weir_answer *answer, weir_cache_copy *copy)
{
    return weir_cache_get(cache, key, weir_cache_hash(cache, key), now_ms, stale_ms, answer, copy);
}

/* A mapping of so many pages, the head's included. */
static inline uint8_t *kit_mapping(unsigned pages, weir_cache *cache)
{
    size_t size = (size_t)WEIR_CACHE_PAGE * pages;
    uint8_t *bytes = calloc(1, size);
    if (bytes == NULL || weir_cache_format(bytes, size, kit_key, kit_boot) != 0 ||
        weir_cache_open(cache, bytes, size, kit_boot, 0) != NULL)
        abort();
    return bytes;
}

#endif
