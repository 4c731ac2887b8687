/* The keyed hash of names and address prefixes.
 *
 * A name is absorbed label by label from the right, so one pass gives the hash of every suffix. Each step
 * is a multiply-fold (64 x 64 -> 128 bits, both halves xored) of the state, 16 bytes of the label and the
 * key, with the label's length mixed in. Two outputs per suffix: h1 places and finds an entry, h2 verifies
 * it. The key is secret, so nobody can craft names that collide. Results do not depend on byte order,
 * alignment or word size. */
#ifndef WEIR_HASH_H
#define WEIR_HASH_H

#include <stddef.h>
#include <stdint.h>

#define WEIR_KEY_BYTES 32
#define WEIR_MAX_WIRE 255  /* RFC 1035 section 3.1: octets of a name in wire form, root label included */
#define WEIR_MAX_TEXT 253  /* the same name in dotted form without its last dot */
#define WEIR_MAX_LABEL 63  /* RFC 1035 section 2.3.4 */
#define WEIR_MAX_LABELS 127
#define WEIR_PAD 16        /* bytes behind a name that must be readable; what they hold does not matter */

typedef struct {
    uint64_t word[4];
} weir_key;

typedef struct {
    uint64_t h1; /* line, fingerprint, place in the spill table */
    uint64_t h2; /* 48 bits: verification */
} weir_hash;

/* Where a label stands in a buffer of at most 256 bytes. */
typedef struct {
    uint8_t start;
    uint8_t length;
} weir_label;

void weir_key_load(weir_key *key, const uint8_t bytes[WEIR_KEY_BYTES]);

/* Labels of a wire name, the top-level label last. Returns their number, or -1 if the name is not well
 * formed: compressed, cut short, too long, or with bytes after the root label. */
int weir_split_wire(const uint8_t *wire, size_t length, weir_label labels[WEIR_MAX_LABELS]);

/* Labels of a dotted name without a last dot. Returns their number, or -1 (empty or long label, too long). */
int weir_split_text(const uint8_t *text, size_t length, weir_label labels[WEIR_MAX_LABELS]);

/* out[n - 1] = hash of the suffix of n labels, for n = 1 .. limit (limit <= count). WEIR_PAD bytes behind
 * the last label are read, here and below. */
void weir_hash_suffixes(const weir_key *key, const uint8_t *bytes, const weir_label *labels, unsigned count,
                        unsigned limit, weir_hash *out);

/* The hash of the whole name only. */
weir_hash weir_hash_name(const weir_key *key, const uint8_t *bytes, const weir_label *labels, unsigned count);

/* An address of `size` octets (4 or 16) without the bits beyond `prefix`. */
void weir_mask_address(uint8_t *masked, const uint8_t *address, unsigned size, unsigned prefix);

/* The hash of an address prefix: `size` is 4 or 16, bits beyond `prefix` are ignored. */
weir_hash weir_hash_address(const weir_key *key, const uint8_t *address, unsigned size, unsigned prefix);

/* A checksum that any flipped bit changes; not a protection against a forger. Chain calls through `state`;
 * all but the last piece must be a multiple of 16 bytes. */
uint64_t weir_checksum(uint64_t state, const uint8_t *bytes, size_t length);

/* The 64 x 64 -> 128 product: low half returned, high half through `high`. */
static inline uint64_t weir_multiply(uint64_t x, uint64_t y, uint64_t *high)
{
#if defined(__SIZEOF_INT128__) && !defined(WEIR_PORTABLE_MULTIPLY)
    unsigned __int128 product = (unsigned __int128)x * y;
    *high = (uint64_t)(product >> 64);
    return (uint64_t)product;
#else
    uint64_t x0 = (uint32_t)x, x1 = x >> 32, y0 = (uint32_t)y, y1 = y >> 32;
    uint64_t low = x0 * y0, cross = x1 * y0, other = x0 * y1;
    uint64_t middle = (low >> 32) + (uint32_t)cross + (uint32_t)other;
    *high = x1 * y1 + (cross >> 32) + (other >> 32) + (middle >> 32);
    return (middle << 32) | (uint32_t)low;
#endif
}

/* A number of [0, range) from 32 well-mixed bits; grows with them, so that hash order is table order. */
static inline uint32_t weir_scale(uint32_t bits, uint32_t range)
{
    return (uint32_t)(((uint64_t)bits * range) >> 32);
}

#endif
