/* How much one client may add to a number that is published: so many hits of a group of lists a day, and no more (transparency-log.md,
 * 3.13). Which client that is stands nowhere.
 *
 *  - Never here: an address, a name. A client's hits of one group of lists are one word: 60 bits of a digest under a random key,
 *    and how many of them have counted.
 *  - Key and words are in the memory of one process and go with the object: there is a new one each day.
 *  - Nothing is ever pushed out, or a client could count anew. Who finds no room does not count, and that is told.
 *
 * The threads of one process share it. Every group costs the same, whichever list is behind it. */
#ifndef WEIR_CLAMP_H
#define WEIR_CLAMP_H

#include <stdatomic.h>

#include "sip.h"
#include "tables.h"

#define WEIR_CLAMP_KEY_BYTES 16u
#define WEIR_CLAMP_MOST 15u    /* what fits beside the digest */
#define WEIR_CLAMP_SETS 32768u /* a power of two */
#define WEIR_CLAMP_WAYS 8u     /* a cache line; 262,144 pairs of client and group in all */
#define WEIR_CLAMP_IPV4_PREFIX 32u
#define WEIR_CLAMP_IPV6_PREFIX 56u /* what one household has (RFC 6177) */

typedef struct {
    weir_sip_key key;
    unsigned most; /* 1 to WEIR_CLAMP_MOST */
    _Atomic uint64_t full; /* hits that did not count for want of room */
    _Atomic uint64_t word[WEIR_CLAMP_SETS][WEIR_CLAMP_WAYS]; /* 0: free */
} weir_clamp;

/* An empty one; `clamp` is zeroed memory. */
void weir_clamp_begin(weir_clamp *clamp, const uint8_t key[WEIR_CLAMP_KEY_BYTES], unsigned most);

/* Whether another hit in this group by this client counts. For any thread. */
int weir_clamp_admit(weir_clamp *clamp, const weir_client *client, unsigned group);

#endif
