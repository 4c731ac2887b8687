#include "sip.h"

#include "bytes.h"

#define WORD 8u

typedef struct {
    uint64_t v0, v1, v2, v3;
} state;

static inline uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static inline state mix(state s)
{
    s.v0 += s.v1;
    s.v2 += s.v3;
    s.v1 = rotate(s.v1, 13) ^ s.v0;
    s.v3 = rotate(s.v3, 16) ^ s.v2;
    s.v0 = rotate(s.v0, 32) + s.v3;
    s.v2 += s.v1;
    s.v3 = rotate(s.v3, 21) ^ s.v0;
    s.v1 = rotate(s.v1, 17) ^ s.v2;
    s.v2 = rotate(s.v2, 32);
    return s;
}

static inline state absorb(state s, uint64_t word)
{
    s.v3 ^= word;
    s = mix(mix(s));
    s.v0 ^= word;
    return s;
}

static inline uint64_t squeeze(state *s)
{
    *s = mix(mix(mix(mix(*s))));
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

void weir_sip_key_load(weir_sip_key *key, const uint8_t bytes[WEIR_SIP_KEY_BYTES])
{
    key->k0 = weir_load64(bytes);
    key->k1 = weir_load64(bytes + WORD);
}

void weir_sip_begin(const weir_sip_key *key, const uint8_t *bytes, size_t length, weir_sip_half *half)
{
    /* "somepseudorandomlygeneratedbytes"; 0xee and 0xdd set the long output apart from the short one. */
    state s = {
        key->k0 ^ UINT64_C(0x736f6d6570736575),
        key->k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
        key->k0 ^ UINT64_C(0x6c7967656e657261),
        key->k1 ^ UINT64_C(0x7465646279746573),
    };
    size_t left = length;
    for (; left >= WORD; bytes += WORD, left -= WORD)
        s = absorb(s, weir_load64(bytes));
    /* At most seven octets and the length's lowest one; what lies behind them is masked, not branched on. */
    uint64_t last = weir_load64(bytes) & ((UINT64_C(1) << 8 * left) - 1);
    s = absorb(s, last | (uint64_t)length << 56);
    s.v2 ^= 0xee;
    half->h1 = squeeze(&s);
    half->v0 = s.v0;
    half->v1 = s.v1;
    half->v2 = s.v2;
    half->v3 = s.v3;
}

uint64_t weir_sip_end(const weir_sip_half *half)
{
    state s = {half->v0, half->v1 ^ 0xdd, half->v2, half->v3};
    return squeeze(&s);
}

weir_hash weir_sip(const weir_sip_key *key, const uint8_t *bytes, size_t length)
{
    weir_sip_half half;
    weir_sip_begin(key, bytes, length, &half);
    weir_hash digest = {half.h1, weir_sip_end(&half)};
    return digest;
}
