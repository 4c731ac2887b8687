/* Queries that were handed over and wait for their answer: where it goes, since when, and how many of one
 * neighbourhood.
 *
 * Used by the engine's thread only. A place's token carries a number that changes with every use, so that an
 * answer that comes after its place was given to another query, or was given up, finds nothing. */
#ifndef WEIR_PLACES_H
#define WEIR_PLACES_H

#include "source.h"

#define WEIR_SHARE_BUCKETS 4096u
#define WEIR_SHARE_PARTS 8u /* one neighbourhood gets at most an eighth once half of all is taken */

/* How many of a bounded number each source prefix (IPv4 /24, IPv6 /56) has. Prefixes with the same keyed hash
 * share. */
typedef struct {
    uint64_t key;
    uint32_t capacity, total;
    uint16_t count[WEIR_SHARE_BUCKETS];
} weir_shares;

typedef struct {
    weir_origin origin;
    uint64_t received_us;
    uint32_t generation; /* odd while in use */
    uint32_t next;       /* free place behind this one */
    uint16_t bucket;
} weir_place;

typedef struct {
    weir_place *place;
    uint32_t count, in_use, first_free, hand;
    weir_shares shares;
} weir_places;

/* The bucket of a client's prefix under `key`. */
uint16_t weir_share_bucket(uint64_t key, const weir_client *client);
/* Whether one more of this bucket is fair; then count it by `take`, and later uncount it by `give`. */
int weir_share_is_fair(const weir_shares *shares, uint16_t bucket);
void weir_share_take(weir_shares *shares, uint16_t bucket);
void weir_share_give(weir_shares *shares, uint16_t bucket);

/* `count` places, 1 to 65,535. -1 without memory or for another count. `key` is random. */
int weir_places_open(weir_places *places, uint32_t count, uint64_t key);
void weir_places_close(weir_places *places);

/* A place for a query, or 0: all are taken, or this bucket has its share. Tokens are never 0. */
uint64_t weir_place_take(weir_places *places, const weir_origin *origin, uint16_t bucket, uint64_t now_us);
/* The place of a token, or NULL if it is no longer waited for. */
weir_place *weir_place_find(weir_places *places, uint64_t token);
void weir_place_give(weir_places *places, weir_place *place);

/* Look at the next `steps` places in turn and give up those that have waited longer than `limit_us`. Returns
 * how many. */
unsigned weir_places_expire(weir_places *places, unsigned steps, uint64_t now_us, uint64_t limit_us);

#endif
