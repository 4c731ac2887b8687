/* SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012): the digest of
 * names and address prefixes of secret lists. Without the key a digest tells nothing about a name, not even to who
 * guesses the name; the hash of hash.h, whose key stands in the file, is no such thing. */
#ifndef WEIR_SIP_H
#define WEIR_SIP_H

#include "hash.h"

#define WEIR_SIP_KEY_BYTES 16

typedef struct {
    uint64_t k0, k1;
} weir_sip_key;

void weir_sip_key_load(weir_sip_key *key, const uint8_t bytes[WEIR_SIP_KEY_BYTES]);

/* The first eight octets of a digest, and what the others are made from: a name that is not listed never needs those. */
typedef struct {
    uint64_t h1, v0, v1, v2, v3;
} weir_sip_half;

/* Of `length` octets, behind which WEIR_PAD octets must be readable. */
void weir_sip_begin(const weir_sip_key *key, const uint8_t *bytes, size_t length, weir_sip_half *half);

/* The last eight octets of that digest. */
uint64_t weir_sip_end(const weir_sip_half *half);

/* All of the digest: its first eight octets as h1, its last eight as h2, both little-endian. */
weir_hash weir_sip(const weir_sip_key *key, const uint8_t *bytes, size_t length);

#endif
