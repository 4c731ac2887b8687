/* Response-rate limiting by source prefix (after BIND's RRL; RFC 5358's concern): a flood in a victim's name
 * gets few answers, and some of those are TC, so that a real client behind the prefix can come by TCP.
 *
 * A fixed table of token buckets, one per hashed prefix; a collision shares a bucket, and the hash is keyed,
 * so nobody can aim at another's. A bucket holds one second's answers. Not thread-safe: one per core, so a
 * prefix whose packets are spread over several workers may get the limit from each of them. */
#ifndef WEIR_LIMIT_H
#define WEIR_LIMIT_H

#include "tables.h"

#define WEIR_LIMIT_BUCKETS 65536u      /* a power of two */
#define WEIR_LIMIT_MAX_RATE 1000000u /* answers per second; more in a setting counts as this */

typedef struct {
    uint32_t per_second;        /* answers to one prefix of those who are served; 0 = no limit */
    uint32_t strangers_per_second; /* REFUSED and errors to one prefix of those who are not; 0 = no limit */
    uint8_t ipv4_prefix, ipv6_prefix; /* 24 and 56 */
    uint8_t slip;               /* every slip-th answer over the limit is TC instead of silence; 0 = never */
} weir_limit_settings;

typedef struct {
    uint32_t tokens;  /* in thousandths of an answer */
    uint32_t last_ms; /* low bits of the clock */
    uint8_t over;     /* answers over the limit since the last slip */
} weir_bucket;

typedef struct {
    weir_key key;
    weir_bucket bucket[2][WEIR_LIMIT_BUCKETS]; /* served, strangers */
} weir_limiter;

enum { WEIR_LIMIT_PASS, WEIR_LIMIT_SLIP, WEIR_LIMIT_DROP };

/* Full buckets. `key` is random per process. */
void weir_limit_init(weir_limiter *limiter, const uint8_t key[16]);

/* What becomes of one answer that is about to leave over UDP. Not asked for a client with a good cookie (its
 * address is its own), nor over TCP. SLIP: answer TC with nothing but the question. */
int weir_limit_check(weir_limiter *limiter, const weir_limit_settings *settings, const weir_client *client,
                     int is_stranger, uint64_t now_ms);

#endif
