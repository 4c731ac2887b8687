/* The tables' file: what stands where. Everything is little-endian; sections start at multiples of 64 bytes, in this
 * order, without gaps other than zero padding:
 *
 *   header (512: constant fields, then words that change) | clients | policies | sets | names
 *
 * Constant fields are covered by the header's checksum. What changes in place is an 8-byte word that carries a check
 * of its own: 48 bits of value, 16 bits that are the fold of the value and of what stands beside it. Records (policies,
 * sets, names) never change once a count in the header takes them in, and carry a checksum each.
 *
 * The offsets in the header are redundant: a reader computes them from the room's sizes and refuses any difference. */
#ifndef WEIR_TABLES_LAYOUT_H
#define WEIR_TABLES_LAYOUT_H

#include <stdatomic.h>
#include <stdint.h>

#include "bytes.h"
#include "hash.h"
#include "tables.h"

#define WEIR_TABLES_MAGIC "WEIRWHOM"
#define WEIR_TABLES_VERSION 1u
#define WEIR_TABLES_HEADER 512u
#define WEIR_TABLES_ALIGN 64u

#define WEIR_SLOT_BYTES 16u      /* a client: 64 bits of its hash, then the word */
#define WEIR_LINE_SLOTS 4u       /* of a cache line: a look-up starts at a line */
#define WEIR_LINE_CLIENTS 3u     /* a table that is full has so many clients to a line: most look-ups end in the first */
#define WEIR_CLIENT_LINES_TRIED 256u /* twice the longest chain to expect at that load among 100 million clients */
#define WEIR_POLICY_BYTES 128u
#define WEIR_UNIT 16u            /* sets and names start at multiples of this, and are named by its number */
#define WEIR_SET_HEADER 32u
#define WEIR_ENTRY_BYTES 16u     /* of a rule or a rewrite */
#define WEIR_GRANT_BYTES 32u
#define WEIR_ENTRIES_TRIED 64u
#define WEIR_MAX_SET_ENTRIES (1u << 20) /* an account holder's rules are tens, an operator's profile may have many */
#define WEIR_MAX_GRANTS 1024u

#define WEIR_WORD_LENGTHS 48u    /* prefix lengths that one word of a bitmap covers */

/* Offsets of the header's constant fields. */
enum {
    WEIR_TABLES_AT_MAGIC = 0,         /* 8 bytes */
    WEIR_TABLES_AT_VERSION = 8,       /* u32 */
    WEIR_TABLES_AT_HEADER_BYTES = 12, /* u32 */
    WEIR_TABLES_AT_FILE_BYTES = 16,   /* u64 */
    WEIR_TABLES_AT_CREATED = 24,      /* u64, Unix seconds */
    WEIR_TABLES_AT_KEY = 32,          /* 32 bytes */
    WEIR_TABLES_AT_PLAN = 64,         /* 32 bytes: digest of the bit plan that the masks are made for */
    WEIR_TABLES_AT_BOOT = 96,         /* 16 bytes: boot id of the machine when it was written */
    WEIR_TABLES_AT_LINES = 112,       /* u32: lines of clients */
    WEIR_TABLES_AT_POLICIES = 116,    /* u32: room for so many policies */
    WEIR_TABLES_AT_SETS = 120,        /* u32: room for sets in units */
    WEIR_TABLES_AT_NAMES = 124,       /* u32: room for names in units */
    WEIR_TABLES_AT_OFFSETS = 128,     /* u64 x 4 */
    WEIR_TABLES_AT_RESERVED = 160,    /* zero */
    WEIR_TABLES_AT_CHECKSUM = 248,    /* u64: of all before it */
    WEIR_TABLES_AT_WORDS = 256        /* the words that change, below */
};

/* The words in the header that change. */
enum {
    WEIR_WORD_POLICIES,   /* policies that count */
    WEIR_WORD_SETS,       /* units of sets that count */
    WEIR_WORD_NAMES,      /* units of names that count */
    WEIR_WORD_CLIENTS,    /* slots taken, those of removed clients included */
    WEIR_WORD_DEFAULT,    /* policy of whoever is served and no client; WEIR_POLICY_NONE: nobody else is served */
    WEIR_WORD_EDITS,      /* batches of changes since the file was made */
    WEIR_WORD_V4_LENGTHS = 8, /* bit n = some client is, or was, a /n prefix */
    WEIR_WORD_V4_SERVED,
    WEIR_WORD_V6_LENGTHS, /* three words */
    WEIR_WORD_V6_SERVED = 13,
    WEIR_WORDS = 32
};

enum { WEIR_TABLE_CLIENTS, WEIR_TABLE_POLICIES, WEIR_TABLE_SETS, WEIR_TABLE_NAMES, WEIR_TABLE_SECTIONS };

/* Value of a client's word: policy (24 bits), 23 more bits of the hash, and a bit that is always set. */
#define WEIR_POLICY_NONE 0xFFFFFFu   /* the client was removed; its slot stays its own */
#define WEIR_POLICY_SERVED 0xFFFFFEu /* no client but a served prefix */
#define WEIR_MAX_POLICIES 0xFFFFF0u
#define WEIR_CLIENT_SET (UINT64_C(1) << 47)
#define WEIR_CLIENT_VERIFY_SHIFT 24
#define WEIR_CLIENT_VERIFY UINT64_C(0x7FFFFF)

/* Offsets in a policy's record; number `n` stands at n x WEIR_POLICY_BYTES. */
enum {
    WEIR_POLICY_AT_BLOCK = 0, /* u64 x 4 each */
    WEIR_POLICY_AT_SECURITY = 32,
    WEIR_POLICY_AT_ONLY = 64,
    WEIR_POLICY_AT_FLAGS = 96,    /* u32 */
    WEIR_POLICY_AT_RULES = 100,   /* u32: unit of the set, if the flag says so */
    WEIR_POLICY_AT_REWRITES = 104,
    WEIR_POLICY_AT_ZERO = 108,
    WEIR_POLICY_AT_CHECKSUM = 112 /* u64, of all before it and the number; then zero */
};

/* A set: header, then `slots` entries, then `grants` grants. Its names are a run in the names' section. */
enum {
    WEIR_SET_AT_KIND = 0,        /* u8 */
    WEIR_SET_AT_MIN_LABELS = 1,  /* u8: of the entries' names */
    WEIR_SET_AT_MAX_LABELS = 2,  /* u8 */
    WEIR_SET_AT_SLOTS = 4,       /* u32 */
    WEIR_SET_AT_GRANTS = 8,      /* u32 */
    WEIR_SET_AT_NAMES = 12,      /* u32: unit in the names' section */
    WEIR_SET_AT_NAME_BYTES = 16, /* u32 */
    WEIR_SET_AT_SELF = 20,       /* u32: its own unit, so that no place inside a set passes for one */
    WEIR_SET_AT_CHECKSUM = 24    /* u64: of header before it, entries, grants and names */
};
enum { WEIR_SET_RULES = 1, WEIR_SET_REWRITES = 2 };

/* Entry of a rule: h1 (8), h2 (6), rules (1; 0 = empty), labels (1). Of a rewrite: h1 (8), low half of h2
 * (4), place of the target among the set's names (4; 0 = empty). Grant: h1 (8), h2 (6), labels (1), zero (1),
 * end (8, Unix ms), zero (8). */
enum { WEIR_ENTRY_H1 = 0, WEIR_ENTRY_H2 = 8, WEIR_ENTRY_RULES = 14, WEIR_ENTRY_LABELS = 15, WEIR_ENTRY_TARGET = 12 };
enum { WEIR_GRANT_LABELS = 14, WEIR_GRANT_UNTIL = 16 };
enum { WEIR_ALLOW_EXACT = 1, WEIR_ALLOW_BELOW = 2, WEIR_DENY_EXACT = 4, WEIR_DENY_BELOW = 8 };

/* Names of a rule set, one after another: kind (1), for a grant its end (8, Unix ms), the wire name with a
 * byte of length before it. Of a rewrite set: name and target, each with a byte of length before it. */
enum { WEIR_NAME_ALLOW_EXACT, WEIR_NAME_ALLOW_BELOW, WEIR_NAME_DENY_EXACT, WEIR_NAME_DENY_BELOW, WEIR_NAME_GRANT };

/* What `weir_tables.place` holds: sizes of sections in records, units and bytes, and where they start. */
enum {
    WEIR_PLACE_LINES,
    WEIR_PLACE_POLICIES,
    WEIR_PLACE_SET_UNITS,
    WEIR_PLACE_NAME_BYTES,
    WEIR_PLACE_OFFSET, /* one per section */
    WEIR_PLACES = WEIR_PLACE_OFFSET + WEIR_TABLE_SECTIONS
};

typedef struct {
    uint64_t offset[WEIR_TABLE_SECTIONS];
    uint64_t bytes[WEIR_TABLE_SECTIONS]; /* without padding */
    uint64_t file_bytes;
} weir_tables_layout;

/* Place the sections. All counts are 32 bits wide, so nothing overflows. */
static inline weir_tables_layout weir_tables_layout_of(uint32_t lines, uint32_t policies, uint32_t sets,
                                                       uint32_t names)
{
    weir_tables_layout layout;
    uint64_t position = WEIR_TABLES_HEADER;
    layout.bytes[WEIR_TABLE_CLIENTS] = (uint64_t)lines * WEIR_LINE_SLOTS * WEIR_SLOT_BYTES;
    layout.bytes[WEIR_TABLE_POLICIES] = (uint64_t)policies * WEIR_POLICY_BYTES;
    layout.bytes[WEIR_TABLE_SETS] = (uint64_t)sets * WEIR_UNIT;
    layout.bytes[WEIR_TABLE_NAMES] = (uint64_t)names * WEIR_UNIT;
    for (unsigned i = 0; i < WEIR_TABLE_SECTIONS; i++) {
        layout.offset[i] = position;
        position += (layout.bytes[i] + WEIR_TABLES_ALIGN - 1) / WEIR_TABLES_ALIGN * WEIR_TABLES_ALIGN;
    }
    layout.file_bytes = position;
    return layout;
}

/* ---- words with a check ---- */

/* Any flipped bit of word or `beside` changes the fold. The constant keeps zeroed memory from passing. */
static inline uint64_t weir_word_seal(uint64_t value, uint64_t beside)
{
    uint64_t mixed = value ^ beside;
    uint64_t fold = (mixed ^ mixed >> 16 ^ mixed >> 32 ^ mixed >> 48 ^ 0x5745u) & 0xFFFF;
    return value | fold << 48;
}

static inline uint64_t weir_word_value(uint64_t word)
{
    return word & UINT64_C(0xFFFFFFFFFFFF);
}

static inline int weir_word_sound(uint64_t word, uint64_t beside)
{
    return weir_word_seal(weir_word_value(word), beside) == word;
}

/* Acquire: whatever the writer stored before the word is seen by whoever has seen the word. */
static inline uint64_t weir_word_load(const uint8_t *at)
{
    return WEIR_LE64(atomic_load_explicit((const _Atomic uint64_t *)(const void *)at, memory_order_acquire));
}

/* Release: the counterpart. A store of 8 aligned bytes cannot be seen, nor left by a kill, in part. */
static inline void weir_word_store(uint8_t *at, uint64_t word)
{
    atomic_store_explicit((_Atomic uint64_t *)(void *)at, WEIR_LE64(word), memory_order_release);
}

/* ---- clients ---- */

#define WEIR_WHOLE_ADDRESS 128u

enum { WEIR_DOMAIN_CLIENT = 0, WEIR_DOMAIN_SERVED = 1 };

/* Who, as it is hashed: IPv4 wherever it is carried in IPv6 (RFC 4291 section 2.5.5.2). `size` 0: no
 * address. */
typedef struct {
    const uint8_t *address;
    unsigned family, size, length;
    uint32_t realm;
} weir_identity;

static inline weir_identity weir_identity_of(const weir_client *client, unsigned length)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    weir_identity who = {client->address, client->family, 0, length, client->realm};
    if (who.family == 6 && length >= 96 && memcmp(client->address, mapped, sizeof mapped) == 0) {
        who.address += sizeof mapped;
        who.length -= 96;
        who.family = 4;
    }
    who.size = who.family == 4 ? 4 : who.family == 6 ? 16 : 0;
    return who;
}

/* The hash of an identity: address prefix, realm, and whether a client or a served prefix is meant. */
static inline weir_hash weir_client_hash(const weir_key *key, const uint8_t *address, unsigned size, unsigned prefix,
                                         uint32_t realm, unsigned domain)
{
    weir_hash hash = weir_hash_address(key, address, size, prefix);
    uint64_t tag = (uint64_t)domain << 32 | realm, high, low;
    if (tag == 0)
        return hash;
    low = weir_multiply(hash.h1 ^ key->word[2], tag * UINT64_C(0x9E3779B97F4A7C15) ^ key->word[3], &high);
    hash.h1 = low ^ high;
    hash.h2 ^= (low >> 16 ^ tag) & UINT64_C(0xFFFFFFFFFFFF);
    return hash;
}

static inline uint32_t weir_client_line(weir_hash hash, uint32_t lines)
{
    return weir_scale((uint32_t)(hash.h1 >> 32), lines);
}

/* Slots that may be taken. */
static inline uint64_t weir_client_room(uint64_t lines)
{
    return lines * WEIR_LINE_CLIENTS;
}

static inline uint64_t weir_client_value(weir_hash hash, uint32_t policy)
{
    return WEIR_CLIENT_SET | (hash.h2 & WEIR_CLIENT_VERIFY) << WEIR_CLIENT_VERIFY_SHIFT | policy;
}

/* Whether a word belongs to this hash, whatever policy it names. */
static inline int weir_client_is(uint64_t word, weir_hash hash)
{
    return ((word ^ weir_client_value(hash, 0)) & (WEIR_CLIENT_SET | WEIR_CLIENT_VERIFY << WEIR_CLIENT_VERIFY_SHIFT)) == 0;
}

/* The word that holds bit `length` of a family's bitmap, and the bit in it: 48 bits to a word. */
static inline unsigned weir_length_word(unsigned family, unsigned domain, unsigned length, uint64_t *bit)
{
    unsigned first = family == 4 ? WEIR_WORD_V4_LENGTHS + domain
                                 : (domain == WEIR_DOMAIN_CLIENT ? WEIR_WORD_V6_LENGTHS : WEIR_WORD_V6_SERVED);
    *bit = UINT64_C(1) << length % WEIR_WORD_LENGTHS;
    return first + length / WEIR_WORD_LENGTHS;
}

/* ---- policies and sets ---- */

static inline uint64_t weir_policy_checksum(const uint8_t *record, uint32_t number)
{
    return weir_checksum(number, record, WEIR_POLICY_AT_CHECKSUM);
}

static inline uint64_t weir_set_body(uint32_t slots, uint32_t grants)
{
    return (uint64_t)slots * WEIR_ENTRY_BYTES + (uint64_t)grants * WEIR_GRANT_BYTES;
}

static inline uint64_t weir_units(uint64_t bytes)
{
    return (bytes + WEIR_UNIT - 1) / WEIR_UNIT;
}

/* Each piece closes itself: their lengths stand in the header. */
static inline uint64_t weir_set_checksum(const uint8_t *set, uint64_t body, const uint8_t *names, uint32_t name_bytes)
{
    uint64_t sum = weir_checksum(WEIR_TABLES_VERSION, set, WEIR_SET_AT_CHECKSUM);
    sum = weir_checksum(sum, set + WEIR_SET_HEADER, body);
    return weir_checksum(sum, names, name_bytes);
}

/* The first entry of a set to look at for a hash. */
static inline uint32_t weir_entry_of(weir_hash hash, uint32_t slots)
{
    return weir_scale((uint32_t)(hash.h1 >> 32), slots);
}

#endif
