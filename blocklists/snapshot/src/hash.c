#include "hash.h"

#include "bytes.h"

/* Odd constants with no structure (digits of sqrt 2, sqrt 3, e, pi, golden ratio). */
#define TAG_A UINT64_C(0x6a09e667f3bcc909)
#define TAG_B UINT64_C(0xbb67ae8584caa73b)
#define START_NAME_A UINT64_C(0xb7e151628aed2a6b)
#define START_NAME_B UINT64_C(0x243f6a8885a308d3)
#define START_ADDRESS_A UINT64_C(0x9e3779b97f4a7c15)
#define START_ADDRESS_B UINT64_C(0x13198a2e03707345)

#define CHUNK 16u

typedef struct {
    uint64_t a, b;
} state;

static inline uint64_t fold(uint64_t x, uint64_t y)
{
    uint64_t high, low = weir_multiply(x, y, &high);
    return low ^ high;
}

void weir_key_load(weir_key *key, const uint8_t bytes[WEIR_KEY_BYTES])
{
    for (unsigned i = 0; i < 4; i++)
        key->word[i] = weir_load64(bytes + 8 * i);
}

static inline state absorb(state s, const weir_key *key, uint64_t w0, uint64_t w1, uint64_t tag)
{
    state next;
    next.a = fold(s.a ^ w0 ^ key->word[0], s.b ^ w1 ^ key->word[1] ^ (tag * TAG_A));
    next.b = fold(s.b ^ w0 ^ key->word[2] ^ (tag * TAG_B), s.a ^ w1 ^ key->word[3]);
    return next;
}

static inline weir_hash finish(state s, const weir_key *key)
{
    weir_hash hash;
    hash.h1 = fold(s.a ^ key->word[2], s.b ^ key->word[3]);
    hash.h2 = (s.a ^ (s.b << 29 | s.b >> 35)) >> 16;
    return hash;
}

/* keep[n] has the low n bytes set: the bytes of a chunk that belong to the label. */
static const uint64_t keep[9] = {
    0,
    UINT64_C(0xff),
    UINT64_C(0xffff),
    UINT64_C(0xffffff),
    UINT64_C(0xffffffff),
    UINT64_C(0xffffffffff),
    UINT64_C(0xffffffffffff),
    UINT64_C(0xffffffffffffff),
    UINT64_C(0xffffffffffffffff),
};

/* Lengths vary from label to label, so they must not steer branches: both words are always read, then
 * masked. */
static inline state absorb_label(state s, const weir_key *key, const uint8_t *p, unsigned length)
{
    uint64_t tag = length; /* the length comes first, so that no two names absorb the same sequence */
    for (;;) {
        unsigned chunk = length < CHUNK ? length : CHUNK;
        uint64_t w0 = weir_load64(p) & keep[chunk < 8 ? chunk : 8];
        uint64_t w1 = weir_load64(p + 8) & keep[chunk < 8 ? 0 : chunk - 8];
        s = absorb(s, key, w0, w1, tag);
        if (length <= CHUNK)
            return s;
        p += CHUNK;
        length -= CHUNK;
        tag = (uint64_t)length << 8; /* at least 256: never a first chunk's tag */
    }
}

static const state name_start = {START_NAME_A, START_NAME_B};

void weir_hash_suffixes(const weir_key *key, const uint8_t *bytes, const weir_label *labels, unsigned count,
                        unsigned limit, weir_hash *out)
{
    state s = name_start;
    for (unsigned n = 1; n <= limit; n++) {
        weir_label label = labels[count - n];
        s = absorb_label(s, key, bytes + label.start, label.length);
        out[n - 1] = finish(s, key);
    }
}

weir_hash weir_hash_name(const weir_key *key, const uint8_t *bytes, const weir_label *labels, unsigned count)
{
    state s = name_start;
    for (unsigned n = count; n-- > 0;)
        s = absorb_label(s, key, bytes + labels[n].start, labels[n].length);
    return finish(s, key);
}

void weir_mask_address(uint8_t *masked, const uint8_t *address, unsigned size, unsigned prefix)
{
    memcpy(masked, address, size);
    for (unsigned i = 0; i < size; i++) {
        unsigned kept = prefix > 8 * i ? prefix - 8 * i : 0;
        if (kept < 8)
            masked[i] &= (uint8_t)(0xff00u >> kept);
    }
}

weir_hash weir_hash_address(const weir_key *key, const uint8_t *address, unsigned size, unsigned prefix)
{
    uint8_t masked[16] = {0};
    weir_mask_address(masked, address, size, prefix);
    state s = {START_ADDRESS_A, START_ADDRESS_B};
    return finish(absorb(s, key, weir_load64(masked), weir_load64(masked + 8), size << 8 | prefix), key);
}

int weir_split_wire(const uint8_t *wire, size_t length, weir_label labels[WEIR_MAX_LABELS])
{
    unsigned count = 0;
    size_t position = 0;
    if (length == 0 || length > WEIR_MAX_WIRE)
        return -1;
    while (wire[position] != 0) {
        unsigned size = wire[position];
        if (size > WEIR_MAX_LABEL || position + 1 + size >= length)
            return -1;
        labels[count].start = (uint8_t)(position + 1);
        labels[count++].length = (uint8_t)size;
        position += 1 + size;
    }
    return position + 1 == length ? (int)count : -1;
}

int weir_split_text(const uint8_t *text, size_t length, weir_label labels[WEIR_MAX_LABELS])
{
    unsigned count = 0;
    size_t start = 0;
    if (length == 0 || length > WEIR_MAX_TEXT)
        return -1;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != '.')
            continue;
        if (i == start || i - start > WEIR_MAX_LABEL)
            return -1;
        labels[count].start = (uint8_t)start;
        labels[count++].length = (uint8_t)(i - start);
        start = i + 1;
    }
    return (int)count;
}

uint64_t weir_checksum(uint64_t sum, const uint8_t *bytes, size_t length)
{
    for (; length >= CHUNK; bytes += CHUNK, length -= CHUNK)
        sum = fold(sum ^ weir_load64(bytes) ^ TAG_A, weir_load64(bytes + 8) ^ TAG_B) ^ (sum << 7 | sum >> 57);
    if (length > 0) {
        uint8_t last[CHUNK] = {0};
        memcpy(last, bytes, length);
        sum = fold(sum ^ weir_load64(last) ^ TAG_A, weir_load64(last + 8) ^ TAG_B ^ length);
    }
    return sum;
}
