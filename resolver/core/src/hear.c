/* Zones among the bits of one part, in their order. A bit's index is below 256 because masks have no more. */
#include "hear.h"

#include <string.h>

#define BITS_PER_WORD 64u

/* Clear the lowest bit of a mask that has one, and return its index. */
static unsigned take_lowest(uint64_t mask[WEIR_MASK_WORDS])
{
    unsigned word = 0;
    while (mask[word] == 0)
        word++;
    unsigned bit = BITS_PER_WORD * word + (unsigned)__builtin_ctzll(mask[word]);
    mask[word] &= mask[word] - 1;
    return bit;
}

static void set(uint64_t mask[WEIR_MASK_WORDS], unsigned bit)
{
    mask[bit / BITS_PER_WORD] |= UINT64_C(1) << bit % BITS_PER_WORD;
}

static int is_empty(const uint64_t mask[WEIR_MASK_WORDS])
{
    return (mask[0] | mask[1] | mask[2] | mask[3]) == 0;
}

static void begin(weir_heard *heard)
{
    if (heard->any)
        return;
    memset(heard, 0, sizeof *heard);
    heard->any = 1;
}

void weir_hear(const weir_masks *masks, const weir_policy *policy, int over_tcp, weir_heard *heard,
               uint64_t bits[WEIR_MASK_WORDS])
{
    uint64_t left[WEIR_MASK_WORDS];
    begin(heard);
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++) {
        uint64_t zones = bits[i] & masks->actions[i] & ~heard->silenced[i];
        uint64_t in_force = policy->block[i] | policy->security[i] | masks->illegal[i];
        bits[i] = (bits[i] & ~masks->actions[i]) | (zones & policy->only[i] & ~in_force);
        left[i] = zones & in_force;
    }
    while (!is_empty(left)) {
        unsigned bit = take_lowest(left);
        uint8_t action = masks->action[bit];
        if (action == WEIR_ACTION_COUNT) {
            set(heard->passed, bit);
            continue;
        }
        int passes = action == WEIR_ACTION_ALLOW || (action == WEIR_ACTION_TCP_ONLY && over_tcp);
        set(passes ? heard->passed : bits, bit);
        for (unsigned i = 0; i < WEIR_MASK_WORDS; i++) {
            left[i] &= ~masks->peers[bit][i];
            heard->silenced[i] |= passes ? masks->peers[bit][i] : 0;
        }
    }
}
