/* Places in an array, the free ones in a list through it; nothing is allocated after the start. */
#include "places.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PLACES 65535u
#define NONE UINT32_MAX

/* Enough mixing that nobody who does not know the key can choose prefixes that share a bucket (murmur3's
 * finisher). */
static uint64_t mixed(uint64_t word)
{
    word = (word ^ (word >> 33)) * 0xff51afd7ed558ccdull;
    word = (word ^ (word >> 33)) * 0xc4ceb9fe1a85ec53ull;
    return word ^ (word >> 33);
}

uint16_t weir_share_bucket(uint64_t key, const weir_client *client)
{
    unsigned octets = client->family == 4 ? 3 : 7;
    uint64_t prefix = client->family;
    for (unsigned i = 0; i < octets; i++)
        prefix = (prefix << 8) | client->address[i];
    return (uint16_t)(mixed(mixed(prefix ^ key) + key + client->realm) % WEIR_SHARE_BUCKETS);
}

int weir_share_is_fair(const weir_shares *shares, uint16_t bucket)
{
    if (shares->total >= shares->capacity)
        return 0;
    uint32_t share = shares->capacity / WEIR_SHARE_PARTS;
    return shares->total < shares->capacity / 2 || shares->count[bucket] < (share ? share : 1);
}

void weir_share_take(weir_shares *shares, uint16_t bucket)
{
    shares->total++;
    shares->count[bucket]++;
}

void weir_share_give(weir_shares *shares, uint16_t bucket)
{
    shares->total--;
    shares->count[bucket]--;
}

int weir_places_open(weir_places *places, uint32_t count, uint64_t key)
{
    memset(places, 0, sizeof *places);
    if (!count || count > MAX_PLACES)
        return -1;
    places->place = calloc(count, sizeof *places->place);
    if (!places->place)
        return -1;
    places->count = count;
    places->shares.key = key;
    places->shares.capacity = count;
    for (uint32_t i = 0; i < count; i++)
        places->place[i].next = i + 1 < count ? i + 1 : NONE;
    return 0;
}

void weir_places_close(weir_places *places)
{
    free(places->place);
    places->place = NULL;
}

uint64_t weir_place_take(weir_places *places, const weir_origin *origin, uint16_t bucket, uint64_t now_us)
{
    if (places->first_free == NONE || !weir_share_is_fair(&places->shares, bucket))
        return 0;
    uint32_t index = places->first_free;
    weir_place *place = &places->place[index];
    places->first_free = place->next;
    places->in_use++;
    weir_share_take(&places->shares, bucket);
    place->origin = *origin;
    place->received_us = now_us;
    place->bucket = bucket;
    place->generation++;
    return (uint64_t)place->generation << 32 | index;
}

weir_place *weir_place_find(weir_places *places, uint64_t token)
{
    uint32_t index = (uint32_t)token, generation = (uint32_t)(token >> 32);
    if (index >= places->count || !(generation & 1) || places->place[index].generation != generation)
        return NULL;
    return &places->place[index];
}

void weir_place_give(weir_places *places, weir_place *place)
{
    place->generation++;
    place->next = places->first_free;
    places->first_free = (uint32_t)(place - places->place);
    places->in_use--;
    weir_share_give(&places->shares, place->bucket);
}

unsigned weir_places_expire(weir_places *places, unsigned steps, uint64_t now_us, uint64_t limit_us)
{
    unsigned expired = 0;
    for (unsigned step = 0; step < steps && places->in_use; step++) {
        weir_place *place = &places->place[places->hand];
        places->hand = (places->hand + 1) % places->count;
        if ((place->generation & 1) && now_us - place->received_us > limit_us) {
            weir_place_give(places, place);
            expired++;
        }
    }
    return expired;
}
