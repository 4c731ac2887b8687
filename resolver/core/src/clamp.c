/* Finding the word of a client and a group, and counting in it. What is read and changed is one set: 64 octets. */
#include "clamp.h"

#include "bytes.h"
#include "hash.h"

#define COUNT_BITS 4u
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

void weir_clamp_begin(weir_clamp *clamp, const uint8_t key[WEIR_CLAMP_KEY_BYTES], unsigned most)
{
    weir_sip_key_load(&clamp->key, key);
    clamp->most = most;
}

/* The digest with a count of 0; never 0 altogether, which is a free word. */
static uint64_t digest_of(const weir_clamp *clamp, const weir_client *client, unsigned group)
{
    uint8_t form[2 + 16 + 4 + WEIR_PAD] = {client->family, (uint8_t)group};
    unsigned size = client->family == 4 ? 4 : 16;
    weir_mask_address(form + 2, client->address, size,
                      client->family == 4 ? WEIR_CLAMP_IPV4_PREFIX : WEIR_CLAMP_IPV6_PREFIX);
    weir_store32(form + 2 + size, client->realm);
    uint64_t digest = weir_sip(&clamp->key, form, 2 + size + 4).h1 & ~COUNT_MASK;
    return digest != 0 ? digest : COUNT_MASK + 1;
}

/* The word of this digest, taken if it is new; NULL if there is no room. */
static _Atomic uint64_t *word_of(_Atomic uint64_t *set, uint64_t digest)
{
    for (unsigned way = 0; way < WEIR_CLAMP_WAYS; way++) {
        uint64_t found = atomic_load_explicit(&set[way], memory_order_relaxed);
        if (found == 0 && atomic_compare_exchange_strong_explicit(&set[way], &found, digest, memory_order_relaxed,
                                                                  memory_order_relaxed))
            return &set[way];
        if ((found & ~COUNT_MASK) == digest) /* also if another thread has just taken it */
            return &set[way];
    }
    return NULL;
}

int weir_clamp_admit(weir_clamp *clamp, const weir_client *client, unsigned group)
{
    uint64_t digest = digest_of(clamp, client, group);
    /* The bits above the count: those that tell the words of a set apart are the others too, 60 in all. */
    _Atomic uint64_t *word = word_of(clamp->word[digest >> COUNT_BITS & (WEIR_CLAMP_SETS - 1)], digest);
    if (word == NULL) {
        atomic_fetch_add_explicit(&clamp->full, 1, memory_order_relaxed);
        return 0;
    }
    uint64_t found = atomic_load_explicit(word, memory_order_relaxed);
    while ((found & COUNT_MASK) < clamp->most)
        if (atomic_compare_exchange_weak_explicit(word, &found, found + 1, memory_order_relaxed, memory_order_relaxed))
            return 1;
    return 0;
}
