/* Finding a client's slot and setting a name's bit. What is read and changed is one set of one table: 320 octets. */
#include "sketch.h"

#include "bytes.h"
#include "hash.h"
#include "sip.h"

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

void weir_sketch_renew(weir_sketch *sketch, const uint8_t key[WEIR_SKETCH_KEY_BYTES])
{
    store(&sketch->key[0], weir_load64(key));
    store(&sketch->key[1], weir_load64(key + 8));
    for (unsigned kind = 0; kind < WEIR_SKETCH_KINDS; kind++) {
        store(&sketch->displaced[kind], 0);
        for (unsigned i = 0; i < WEIR_SKETCH_SETS * WEIR_SKETCH_WAYS; i++) {
            weir_sketch_slot *slot = &sketch->slots[kind][i / WEIR_SKETCH_WAYS][i % WEIR_SKETCH_WAYS];
            store(&slot->client, 0);
            for (unsigned word = 0; word < WEIR_SKETCH_WORDS; word++)
                store(&slot->names[word], 0);
        }
    }
}

/* Never 0, which is a free slot. Names begin with the length of a label, 1 to 63, or are the root: no prefix is one. */
static uint64_t digest_of_client(const weir_sip_key *key, const weir_client *client)
{
    uint8_t form[1 + 16 + 4 + WEIR_PAD] = {(uint8_t)(0xF0u | client->family)};
    unsigned size = client->family == 4 ? 4 : 16;
    weir_mask_address(form + 1, client->address, size,
                      client->family == 4 ? WEIR_SKETCH_IPV4_PREFIX : WEIR_SKETCH_IPV6_PREFIX);
    weir_store32(form + 1 + size, client->realm);
    return weir_sip(key, form, 1 + size + 4).h1 | 1;
}

static unsigned names_of(const weir_sketch_slot *slot)
{
    unsigned names = 0;
    for (unsigned word = 0; word < WEIR_SKETCH_WORDS; word++)
        names += (unsigned)__builtin_popcountll(load(&slot->names[word]));
    return names;
}

/* Free slots have no names, so they go first. */
static weir_sketch_slot *least(weir_sketch_slot *set)
{
    weir_sketch_slot *found = set;
    unsigned fewest = names_of(set);
    for (unsigned way = 1; way < WEIR_SKETCH_WAYS; way++) {
        unsigned names = names_of(&set[way]);
        if (names < fewest) {
            fewest = names;
            found = &set[way];
        }
    }
    return found;
}

static weir_sketch_slot *take(weir_sketch_slot *set, uint64_t client, _Atomic uint64_t *displaced)
{
    weir_sketch_slot *slot = least(set);
    if (load(&slot->client) != 0)
        atomic_fetch_add_explicit(displaced, 1, memory_order_relaxed);
    for (unsigned word = 0; word < WEIR_SKETCH_WORDS; word++)
        store(&slot->names[word], 0);
    store(&slot->client, client);
    return slot;
}

static weir_sketch_slot *slot_of(weir_sketch *sketch, unsigned kind, uint64_t client)
{
    weir_sketch_slot *set = sketch->slots[kind][(client >> 1) & (WEIR_SKETCH_SETS - 1)];
    for (unsigned way = 0; way < WEIR_SKETCH_WAYS; way++)
        if (load(&set[way].client) == client)
            return &set[way];
    return take(set, client, &sketch->displaced[kind]);
}

void weir_sketch_note(weir_sketch *sketch, unsigned kind, const weir_client *client, const uint8_t *name, size_t length)
{
    weir_sip_key key = {load(&sketch->key[0]), load(&sketch->key[1])};
    unsigned bit = weir_sip(&key, name, length).h1 % WEIR_SKETCH_BITS;
    weir_sketch_slot *slot = slot_of(sketch, kind, digest_of_client(&key, client));
    atomic_fetch_or_explicit(&slot->names[bit / 64], UINT64_C(1) << bit % 64, memory_order_relaxed);
}

unsigned weir_sketch_over(const weir_sketch *sketch, unsigned bits)
{
    unsigned clients = 0;
    for (unsigned set = 0; set < WEIR_SKETCH_SETS; set++)
        for (unsigned way = 0; way < WEIR_SKETCH_WAYS; way++) {
            const weir_sketch_slot *slot = &sketch->slots[WEIR_SKETCH_SECRET][set][way];
            clients += load(&slot->client) != 0 && names_of(slot) >= bits;
        }
    return clients;
}

uint64_t weir_sketch_displaced(const weir_sketch *sketch)
{
    return load(&sketch->displaced[WEIR_SKETCH_SECRET]);
}
