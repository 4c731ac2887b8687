/* Which clients walk through the secret lists: how many distinct names of theirs each has asked for, estimated under a
 * key that nobody knows and that changes every day (illegal-content-lists.md, O2).
 *
 *  - Never here: an address, a name, a list. A client is 64 bits of a keyed digest of its prefix, a name is one bit.
 *  - Only two numbers leave: how many clients are over a threshold, and how many were pushed out for want of room.
 *  - Memory is fixed, in the process alone, and never in a file. A set that is full gives up the client with the fewest
 *    names: who asks for many stays, however many others come.
 *  - Hits of lists whose answers look the same cost the same: they are noted in a second table, which nobody reads.
 *
 * The threads of one process share it: words are changed atomically, and two that meet at one slot cost a name at most.
 * Noting a name twice changes nothing, so it does not matter if the core and Python both note a hit. */
#ifndef WEIR_SKETCH_H
#define WEIR_SKETCH_H

#include <stdatomic.h>

#include "tables.h"

#define WEIR_SKETCH_KEY_BYTES 16u
#define WEIR_SKETCH_SETS 128u /* a power of two */
#define WEIR_SKETCH_WAYS 8u   /* 1,024 clients */
#define WEIR_SKETCH_WORDS 4u  /* 256 bits: 500 names are told apart to within a tenth (linear counting) */
#define WEIR_SKETCH_BITS (64u * WEIR_SKETCH_WORDS)
#define WEIR_SKETCH_IPV4_PREFIX 32u
#define WEIR_SKETCH_IPV6_PREFIX 56u /* what one household has (RFC 6177) */

/* SECRET counts; ALIKE is the work of it and no more. */
enum { WEIR_SKETCH_SECRET, WEIR_SKETCH_ALIKE, WEIR_SKETCH_KINDS };

typedef struct {
    _Atomic uint64_t client; /* 0: free */
    _Atomic uint64_t names[WEIR_SKETCH_WORDS];
} weir_sketch_slot;

typedef struct {
    _Atomic uint64_t key[2];
    _Atomic uint64_t displaced[WEIR_SKETCH_KINDS];
    weir_sketch_slot slots[WEIR_SKETCH_KINDS][WEIR_SKETCH_SETS][WEIR_SKETCH_WAYS];
} weir_sketch;

/* Forget everybody, and go on under this key (random). For any thread, at any time. */
void weir_sketch_renew(weir_sketch *sketch, const uint8_t key[WEIR_SKETCH_KEY_BYTES]);

/* This client has met a list at this lower-case wire name, behind which WEIR_PAD octets are readable. */
void weir_sketch_note(weir_sketch *sketch, unsigned kind, const weir_client *client, const uint8_t *name, size_t length);

/* Clients with at least `bits` bits set: reads everything. */
unsigned weir_sketch_over(const weir_sketch *sketch, unsigned bits);

/* Clients that were pushed out since the key changed. */
uint64_t weir_sketch_displaced(const weir_sketch *sketch);

#endif
