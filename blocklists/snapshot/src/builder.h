/* Names (as hashes) with their token sets while a table is being built.
 *
 * One open-addressing table in the order of h1: the home of an entry is h1 scaled to the number of slots,
 * so walking the slots walks the lines of the finished table, and growing is a sequential copy.
 * Single-threaded. */
#ifndef WEIR_BUILDER_H
#define WEIR_BUILDER_H

#include "hash.h"
#include "sets.h"
#include "sip.h"

#define WEIR_SLOT_USED 1u
#define WEIR_SLOT_MARKED 2u

/* 20 bytes: h1, h2 (all of it in a builder of digests), the number of the token set, flags. */
typedef struct {
    uint32_t h1_low, h1_high, h2_low, h2_high;
    uint32_t set : 30, flags : 2;
} weir_slot;

typedef struct {
    weir_key key;
    weir_sip_key index; /* of a builder of digests */
    int is_secret;      /* it is one: nothing is hashed under `key` */
    weir_slot *slots;
    uint32_t size, used; /* slots; slots that are taken, with or without tokens */
    weir_sets sets;
    uint64_t v4_lengths, v6_lengths[3];
    uint8_t min_labels, max_labels; /* of all names ever added */
} weir_builder;

enum { WEIR_NO_MEMORY = -1, WEIR_SEEN = 0, WEIR_ADDED = 1 };

/* Room for `expected` entries at once. 0, or WEIR_NO_MEMORY. */
int weir_builder_init(weir_builder *builder, const uint8_t key[WEIR_KEY_BYTES], uint32_t expected);
void weir_builder_free(weir_builder *builder);

/* The same for the names of secret lists: its hashes are the digests of secret.h under an index key. */
int weir_builder_init_secret(weir_builder *builder, const uint8_t key[WEIR_SIP_KEY_BYTES], uint32_t expected);

/* Hash for this builder: as weir_hash_suffixes, weir_hash_name and weir_hash_address. */
void weir_builder_hash_suffixes(const weir_builder *builder, const uint8_t *bytes, const weir_label *labels,
                                unsigned count, unsigned limit, weir_hash *out);
weir_hash weir_builder_hash_name(const weir_builder *builder, const uint8_t *bytes, const weir_label *labels,
                                 unsigned count);
weir_hash weir_builder_hash_address(const weir_builder *builder, const uint8_t *address, unsigned size,
                                    unsigned prefix);

/* The slot of an entry, NULL if there is none. Valid until the next addition. */
weir_slot *weir_builder_find(const weir_builder *builder, weir_hash hash);

/* The slot of an entry, made if need be. NULL: memory is short, or 2^31 entries are reached. */
weir_slot *weir_builder_slot(weir_builder *builder, weir_hash hash);

/* Give an entry one more token: WEIR_ADDED, WEIR_SEEN if it has it, or WEIR_NO_MEMORY. */
int weir_builder_add(weir_builder *builder, weir_hash hash, uint32_t token);

/* Add all entries of another builder with the same key; its token t becomes tokens[t]. Marks stay behind. 0, or
 * WEIR_NO_MEMORY, after which `into` holds some of them. */
int weir_builder_merge(weir_builder *into, const weir_builder *from, const uint32_t *tokens);

/* Say that names of so many labels, or prefixes of such a length, are in the table. */
void weir_builder_note_labels(weir_builder *builder, unsigned labels);
void weir_builder_note_prefix(weir_builder *builder, unsigned size, unsigned prefix);

static inline weir_hash weir_slot_hash(const weir_slot *slot)
{
    weir_hash hash;
    hash.h1 = slot->h1_low | (uint64_t)slot->h1_high << 32;
    hash.h2 = slot->h2_low | (uint64_t)slot->h2_high << 32;
    return hash;
}

static inline uint32_t weir_builder_home(const weir_builder *builder, weir_hash hash)
{
    return weir_scale((uint32_t)(hash.h1 >> 32), builder->size);
}

static inline void weir_builder_prefetch(const weir_builder *builder, weir_hash hash)
{
    __builtin_prefetch(&builder->slots[weir_builder_home(builder, hash)], 1);
}

#endif
