/* Token buckets by prefix. Nothing here allocates or loops over buckets: the cost is one hash and one cache
 * line. */
#include "limit.h"

#include "bytes.h"
#include "cookie.h"

#define ONE 1000u /* thousandths: with them a millisecond's share of any rate is a whole number */

void weir_limit_init(weir_limiter *limiter, const uint8_t key[16])
{
    uint8_t words[WEIR_KEY_BYTES];
    for (uint8_t i = 0; i < 4; i++)
        weir_store64(words + 8 * i, weir_siphash24(key, &i, 1));
    weir_key_load(&limiter->key, words);
    for (unsigned kind = 0; kind < 2; kind++)
        for (unsigned i = 0; i < WEIR_LIMIT_BUCKETS; i++)
            limiter->bucket[kind][i] = (weir_bucket){.tokens = UINT32_MAX};
}

static weir_bucket *bucket_of(weir_limiter *limiter, const weir_limit_settings *settings, const weir_client *client,
                              int is_stranger)
{
    unsigned size = client->family == 4 ? 4 : 16;
    unsigned prefix = client->family == 4 ? settings->ipv4_prefix : settings->ipv6_prefix;
    weir_hash hash = weir_hash_address(&limiter->key, client->address, size, prefix);
    return &limiter->bucket[is_stranger != 0][hash.h1 & (WEIR_LIMIT_BUCKETS - 1)];
}

/* What has flowed in since the last time. The clock never runs backwards, so a difference of its low bits is
 * at worst too small, after 49 days without a packet. */
static void refill(weir_bucket *bucket, uint32_t rate, uint32_t now_ms)
{
    uint64_t capacity = (uint64_t)rate * ONE;
    uint64_t tokens = bucket->tokens + (uint64_t)(now_ms - bucket->last_ms) * rate;
    bucket->tokens = (uint32_t)(tokens < capacity ? tokens : capacity);
    bucket->last_ms = now_ms;
}

int weir_limit_check(weir_limiter *limiter, const weir_limit_settings *settings, const weir_client *client,
                     int is_stranger, uint64_t now_ms)
{
    uint32_t rate = is_stranger ? settings->strangers_per_second : settings->per_second;
    if (rate == 0)
        return WEIR_LIMIT_PASS;
    weir_bucket *bucket = bucket_of(limiter, settings, client, is_stranger);
    refill(bucket, rate < WEIR_LIMIT_MAX_RATE ? rate : WEIR_LIMIT_MAX_RATE, (uint32_t)now_ms);
    if (bucket->tokens >= ONE) {
        bucket->tokens -= ONE;
        return WEIR_LIMIT_PASS;
    }
    if (settings->slip == 0 || ++bucket->over < settings->slip)
        return WEIR_LIMIT_DROP;
    bucket->over = 0;
    return WEIR_LIMIT_SLIP;
}
