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

/* The digest of `length` octets: its first eight as h1, its last eight as h2, both little-endian. WEIR_PAD octets
 * behind the last one must be readable. */
weir_hash weir_sip(const weir_sip_key *key, const uint8_t *bytes, size_t length);

#endif
