/* Response-rate limiting by source prefix (after BIND's RRL; RFC 5358's concern): a flood in a victim's name gets few
 * answers, and some of those are TC, so that a real client behind the prefix can come by TCP.
 *
 * A fixed table of token buckets, one per hashed prefix; a collision shares a bucket. Not thread-safe: one per core. */
#ifndef WEIR_LIMIT_H
#define WEIR_LIMIT_H

#include "tables.h"

#define WEIR_LIMIT_BUCKETS 65536u

typedef struct {
    uint32_t per_second;        /* answers to one prefix of those who are served; 0 = no limit */
    uint32_t strangers_per_second; /* REFUSED and errors to one prefix of those who are not; 0 = no limit */
    uint8_t ipv4_prefix, ipv6_prefix; /* 24 and 56 */
    uint8_t slip;               /* every slip-th answer over the limit is TC instead of silence; 0 = never */
} weir_limit_settings;

typedef struct {
    uint64_t key[2]; /* of the prefix hash: random per process */
    struct {
        uint32_t tokens;  /* in thousandths */
        uint32_t last_ms; /* low bits of the clock */
        uint8_t over;     /* answers over the limit, for slip */
    } bucket[2][WEIR_LIMIT_BUCKETS]; /* served, strangers */
} weir_limiter;

enum { WEIR_LIMIT_PASS, WEIR_LIMIT_SLIP, WEIR_LIMIT_DROP };

void weir_limit_init(weir_limiter *limiter, const uint8_t key[16]);
int weir_limit_check(weir_limiter *limiter, const weir_limit_settings *settings, const weir_client *client,
                     int is_stranger, uint64_t now_ms);

#endif
