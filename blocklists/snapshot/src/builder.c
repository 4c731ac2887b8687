#include "builder.h"

#include <stdlib.h>
#include <string.h>

#include "secret.h"

#define FIRST_SIZE 1024u
#define MAX_SLOTS (UINT32_C(1) << 31)
#define LARGE (UINT32_C(1) << 22) /* slots, 80 MB: from here on a table grows by less, old and new stand side by side */

/* At most 3 of 4 slots are taken: linear probing stays within a cache line or two. */
static uint32_t slots_for(uint32_t entries)
{
    uint64_t size = (uint64_t)entries * 4 / 3 + 1;
    return size < FIRST_SIZE ? FIRST_SIZE : size > MAX_SLOTS ? MAX_SLOTS : (uint32_t)size;
}

static int is_full(const weir_builder *builder)
{
    return (uint64_t)builder->used * 4 >= (uint64_t)builder->size * 3;
}

static int init(weir_builder *builder, uint32_t expected)
{
    builder->min_labels = 255;
    builder->size = slots_for(expected);
    builder->slots = calloc(builder->size, sizeof *builder->slots);
    if (builder->slots == NULL)
        return WEIR_NO_MEMORY;
    if (weir_sets_init(&builder->sets) != 0) {
        weir_builder_free(builder);
        return WEIR_NO_MEMORY;
    }
    return 0;
}

int weir_builder_init(weir_builder *builder, const uint8_t key[WEIR_KEY_BYTES], uint32_t expected)
{
    memset(builder, 0, sizeof *builder);
    weir_key_load(&builder->key, key);
    return init(builder, expected);
}

int weir_builder_init_secret(weir_builder *builder, const uint8_t key[WEIR_SIP_KEY_BYTES], uint32_t expected)
{
    memset(builder, 0, sizeof *builder);
    weir_sip_key_load(&builder->index, key);
    builder->is_secret = 1;
    return init(builder, expected);
}

void weir_builder_hash_suffixes(const weir_builder *builder, const uint8_t *bytes, const weir_label *labels,
                                unsigned count, unsigned limit, weir_hash *out)
{
    if (builder->is_secret)
        weir_secret_hash_suffixes(&builder->index, bytes, labels, count, limit, out);
    else
        weir_hash_suffixes(&builder->key, bytes, labels, count, limit, out);
}

weir_hash weir_builder_hash_name(const weir_builder *builder, const uint8_t *bytes, const weir_label *labels,
                                 unsigned count)
{
    return builder->is_secret ? weir_secret_hash_name(&builder->index, bytes, labels, count)
                              : weir_hash_name(&builder->key, bytes, labels, count);
}

weir_hash weir_builder_hash_address(const weir_builder *builder, const uint8_t *address, unsigned size,
                                    unsigned prefix)
{
    return builder->is_secret ? weir_secret_hash_address(&builder->index, address, size, prefix)
                              : weir_hash_address(&builder->key, address, size, prefix);
}

void weir_builder_free(weir_builder *builder)
{
    free(builder->slots);
    builder->slots = NULL;
    weir_sets_free(&builder->sets);
}

static inline int holds(const weir_slot *slot, weir_hash hash)
{
    return slot->h1_low == (uint32_t)hash.h1 && slot->h1_high == (uint32_t)(hash.h1 >> 32) &&
           slot->h2_low == (uint32_t)hash.h2 && slot->h2_high == (uint32_t)(hash.h2 >> 32);
}

/* The slot of the hash, or the free one where it belongs; one slot at least is always free. */
static inline weir_slot *place(const weir_builder *builder, weir_hash hash)
{
    uint32_t at = weir_builder_home(builder, hash);
    while ((builder->slots[at].flags & WEIR_SLOT_USED) && !holds(&builder->slots[at], hash))
        at = at + 1 == builder->size ? 0 : at + 1;
    return &builder->slots[at];
}

weir_slot *weir_builder_find(const weir_builder *builder, weir_hash hash)
{
    weir_slot *slot = place(builder, hash);
    return slot->flags & WEIR_SLOT_USED ? slot : NULL;
}

/* Twice the slots, of many half as many again; entries that lost all tokens are left behind. */
static int grow(weir_builder *builder)
{
    weir_slot *old = builder->slots;
    uint32_t old_size = builder->size;
    if (old_size > MAX_SLOTS / 2)
        return WEIR_NO_MEMORY;
    uint32_t size = old_size < LARGE ? old_size * 2 : old_size + old_size / 2;
    weir_slot *grown = calloc(size, sizeof *grown);
    if (grown == NULL)
        return WEIR_NO_MEMORY;
    builder->slots = grown;
    builder->size = size;
    builder->used = 0;
    for (uint32_t i = 0; i < old_size; i++) {
        if (old[i].set == 0 && !(old[i].flags & WEIR_SLOT_MARKED))
            continue;
        *place(builder, weir_slot_hash(&old[i])) = old[i];
        builder->used++;
    }
    free(old);
    return 0;
}

weir_slot *weir_builder_slot(weir_builder *builder, weir_hash hash)
{
    weir_slot *slot = place(builder, hash);
    if (slot->flags & WEIR_SLOT_USED)
        return slot;
    if (is_full(builder)) {
        if (grow(builder) != 0)
            return NULL;
        slot = place(builder, hash);
    }
    *slot = (weir_slot){
        .h1_low = (uint32_t)hash.h1,
        .h1_high = (uint32_t)(hash.h1 >> 32),
        .h2_low = (uint32_t)hash.h2,
        .h2_high = (uint32_t)(hash.h2 >> 32),
        .flags = WEIR_SLOT_USED,
    };
    builder->used++;
    return slot;
}

int weir_builder_add(weir_builder *builder, weir_hash hash, uint32_t token)
{
    uint32_t with;
    weir_slot *slot = weir_builder_slot(builder, hash);
    if (slot == NULL || weir_sets_with(&builder->sets, slot->set, token, &with) != 0)
        return WEIR_NO_MEMORY;
    if (with == slot->set)
        return WEIR_SEEN;
    slot->set = with;
    return WEIR_ADDED;
}

static int add_set(weir_builder *into, const weir_builder *from, const weir_slot *slot, const uint32_t *tokens)
{
    uint32_t count;
    const uint32_t *set = weir_sets_tokens(&from->sets, slot->set, &count);
    for (uint32_t i = 0; i < count; i++)
        if (weir_builder_add(into, weir_slot_hash(slot), tokens[set[i]]) == WEIR_NO_MEMORY)
            return WEIR_NO_MEMORY;
    return 0;
}

int weir_builder_merge(weir_builder *into, const weir_builder *from, const uint32_t *tokens)
{
    /* Both tables are in the order of h1, so this walks through both of them from the start to the end. */
    for (uint32_t i = 0; i < from->size; i++)
        if (from->slots[i].set != 0 && add_set(into, from, &from->slots[i], tokens) != 0)
            return WEIR_NO_MEMORY;
    if (from->min_labels < into->min_labels)
        into->min_labels = from->min_labels;
    if (from->max_labels > into->max_labels)
        into->max_labels = from->max_labels;
    into->v4_lengths |= from->v4_lengths;
    for (unsigned i = 0; i < 3; i++)
        into->v6_lengths[i] |= from->v6_lengths[i];
    return 0;
}

void weir_builder_note_labels(weir_builder *builder, unsigned labels)
{
    if (labels < builder->min_labels)
        builder->min_labels = (uint8_t)labels;
    if (labels > builder->max_labels)
        builder->max_labels = (uint8_t)labels;
}

void weir_builder_note_prefix(weir_builder *builder, unsigned size, unsigned prefix)
{
    uint64_t *lengths = size == 4 ? &builder->v4_lengths : builder->v6_lengths;
    lengths[prefix / 64] |= UINT64_C(1) << prefix % 64;
}
