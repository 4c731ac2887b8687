/* Walking the parts of a kept answer. The bytes come from shared memory: every length is bounded before
 * use. */
#include "judge.h"

#include <string.h>

/* One part: a target's name or an address. */
typedef struct {
    const uint8_t *bytes;
    size_t length;
    uint8_t kind;
    uint16_t index;
} part;

typedef struct {
    const weir_answer *answer;
    size_t target_at, address_at;
    uint16_t next;
} walk;

/* The next part in order, targets first. Returns 0 at the end, or where the bytes are no part. */
static int next_part(walk *w, part *found)
{
    const weir_answer *answer = w->answer;
    found->index = w->next++;
    if (found->index < answer->target_count) {
        found->kind = WEIR_JUDGE_TARGET;
        found->bytes = answer->targets + w->target_at;
        found->length = weir_name_length(answer->targets, w->target_at, answer->targets_length);
        w->target_at += found->length;
        return found->length != 0;
    }
    unsigned parts = (unsigned)answer->target_count + answer->address_count;
    if (found->index >= parts || w->address_at >= answer->addresses_length)
        return 0;
    found->kind = WEIR_JUDGE_ADDRESS;
    found->length = answer->addresses[w->address_at];
    found->bytes = answer->addresses + w->address_at + 1;
    w->address_at += 1 + found->length;
    return w->address_at <= answer->addresses_length;
}

static int bits_of(const weir_state *state, const part *of, uint64_t bits[WEIR_MASK_WORDS])
{
    weir_probe probe;
    if (of->kind == WEIR_JUDGE_ADDRESS)
        return weir_bits_of_address(state, of->bytes, of->length, bits);
    weir_probe_start(&state->lists, of->bytes, of->length, &probe);
    return weir_bits_of_name(state, &probe, bits);
}

void weir_judge_parts(const weir_state *state, const weir_answer *answer, uint32_t serial,
                      weir_judgement *judgement)
{
    walk w = {.answer = answer};
    part each;
    uint64_t bits[WEIR_MASK_WORDS];
    *judgement = (weir_judgement){.serial = serial, .part = WEIR_PART_NONE};
    while (next_part(&w, &each)) {
        if (!bits_of(state, &each, bits))
            continue;
        if (judgement->part != WEIR_PART_NONE) {
            judgement->part = WEIR_PART_SEVERAL;
            return;
        }
        judgement->part = each.index;
        memcpy(judgement->bits, bits, sizeof bits);
    }
}

/* Whether a policy's own rules may speak about targets that no list speaks about. */
static int has_own_rules(const weir_case *asked)
{
    return (asked->policy->flags & WEIR_POLICY_RULES) && !asked->vouched;
}

/* Set the bits of a part from the judgement. Returns whether the part needs a verdict at all. */
static int set_bits(weir_case *asked, const part *of, const weir_judgement *judgement)
{
    int is_listed;
    if (judgement->part == WEIR_PART_SEVERAL) {
        is_listed = bits_of(asked->state, of, asked->bits);
    } else if ((is_listed = judgement->part == of->index)) {
        memcpy(asked->bits, judgement->bits, sizeof asked->bits);
    } else {
        memset(asked->bits, 0, sizeof asked->bits);
    }
    return is_listed || (of->kind == WEIR_JUDGE_TARGET && has_own_rules(asked));
}

int weir_judge_answer(weir_case *asked, const weir_answer *answer, const weir_judgement *judgement,
                      weir_verdict *verdict)
{
    uint8_t padded[WEIR_MAX_WIRE + WEIR_PAD];
    walk w = {.answer = answer};
    part each;
    if (judgement->part == WEIR_PART_NONE && !has_own_rules(asked))
        return WEIR_JUDGE_QUERY;
    while (next_part(&w, &each)) {
        if (!set_bits(asked, &each, judgement))
            continue;
        asked->part = each.kind;
        if (each.kind == WEIR_JUDGE_TARGET) {
            memcpy(padded, each.bytes, each.length);
            asked->name = padded;
            asked->name_length = (uint16_t)each.length;
        }
        weir_decide(asked, verdict);
        if (verdict->action == WEIR_BLOCK)
            return each.kind;
    }
    return WEIR_JUDGE_QUERY;
}
