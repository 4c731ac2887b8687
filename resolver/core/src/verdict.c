/* The decision. Every step of precedence is here in order (DESIGN.md section 5); the first that speaks
 * wins. */
#include "verdict.h"

#include "bytes.h"
#include "layout.h"

#define BITS_PER_WORD 64u

/* The lowest bit that two masks have in common (they do): lists speak in the order of the configuration. */
static unsigned lowest_common(const uint64_t a[WEIR_MASK_WORDS], const uint64_t b[WEIR_MASK_WORDS])
{
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
        if ((a[i] & b[i]) != 0)
            return BITS_PER_WORD * i + (unsigned)__builtin_ctzll(a[i] & b[i]);
    return WEIR_NO_BIT;
}

static inline int meets(const uint64_t a[WEIR_MASK_WORDS], const uint64_t b[WEIR_MASK_WORDS])
{
    return ((a[0] & b[0]) | (a[1] & b[1]) | (a[2] & b[2]) | (a[3] & b[3])) != 0;
}

static inline int has_bit(const uint64_t mask[WEIR_MASK_WORDS], unsigned bit)
{
    return mask[bit / BITS_PER_WORD] >> bit % BITS_PER_WORD & 1;
}

/* The RPZ action that a list feeding `bit` asked for at this name, if one did. */
static uint8_t list_action(const weir_masks *masks, const uint64_t bits[WEIR_MASK_WORDS], unsigned bit)
{
    for (unsigned word = 0; word < WEIR_MASK_WORDS; word++) {
        for (uint64_t left = bits[word] & masks->actions[word]; left != 0; left &= left - 1) {
            unsigned index = BITS_PER_WORD * word + (unsigned)__builtin_ctzll(left);
            if (has_bit(masks->feeds[index], bit))
                return masks->action[index];
        }
    }
    return WEIR_ACTION_BLOCK;
}

static void block(weir_verdict *verdict, unsigned kind)
{
    verdict->action = WEIR_BLOCK;
    verdict->kind = (uint8_t)kind;
    verdict->bit = WEIR_NO_BIT;
    verdict->list_action = WEIR_ACTION_BLOCK;
}

static void block_listed(const weir_masks *masks, const weir_case *asked,
                         const uint64_t mask[WEIR_MASK_WORDS], unsigned kind, weir_verdict *verdict)
{
    unsigned bit = lowest_common(asked->bits, mask);
    block(verdict, kind);
    verdict->bit = (uint8_t)bit;
    verdict->list_action = list_action(masks, asked->bits, bit);
}

static void allow(weir_verdict *verdict, int vouches)
{
    verdict->action = WEIR_ALLOW;
    verdict->vouches = (uint8_t)vouches;
}

/* Steps 3 and 4. Returns whether one of them spoke. */
static int decide_by_rules(const weir_case *asked, weir_verdict *verdict)
{
    weir_label labels[WEIR_MAX_LABELS];
    weir_hash hash[WEIR_MAX_LABELS];
    unsigned matched;
    const weir_tables *tables = &asked->state->tables;
    int count = weir_split_wire(asked->name, asked->name_length, labels);
    if (count <= 0)
        return 0;
    weir_hash_suffixes(&tables->key, asked->name, labels, (unsigned)count, (unsigned)count, hash);
    unsigned rule = weir_tables_rule(tables, asked->policy, hash, (unsigned)count, 1, !asked->vouched,
                                     asked->unix_ms, &matched);
    if (rule == WEIR_RULE_NONE)
        return 0;
    if (rule == WEIR_RULE_DENY)
        block(verdict, WEIR_COUNT_BLOCKED_OWN_RULE);
    else
        allow(verdict, 1);
    return 1;
}

/* Step 8. Returns whether it spoke. */
static int decide_by_rewrites(const weir_case *asked, weir_verdict *verdict)
{
    weir_label labels[WEIR_MAX_LABELS];
    size_t length = 0;
    const weir_tables *tables = &asked->state->tables;
    int count = weir_split_wire(asked->name, asked->name_length, labels);
    if (count <= 0)
        return 0;
    weir_hash exact = weir_hash_name(&tables->key, asked->name, labels, (unsigned)count);
    verdict->target = weir_tables_rewrite(tables, asked->policy, exact, &length);
    if (verdict->target == NULL || length == 0 || length > WEIR_MAX_WIRE)
        return 0;
    verdict->target_length = (uint16_t)length;
    verdict->action = WEIR_REWRITE;
    return 1;
}

/* Steps 5 to 7 for what is neither protected nor ruled upon. Returns whether one of them spoke. */
static int decide_by_lists(const weir_case *asked, weir_verdict *verdict)
{
    const weir_policy *policy = asked->policy;
    const weir_masks *masks = &asked->state->masks;
    int is_query = asked->part == WEIR_JUDGE_QUERY;
    if ((policy->flags & WEIR_POLICY_PAUSED) && is_query)
        block(verdict, WEIR_COUNT_BLOCKED_PAUSED);
    else if (meets(asked->bits, policy->security) && !(asked->vouched && asked->part == WEIR_JUDGE_TARGET))
        block_listed(masks, asked, policy->security, WEIR_COUNT_BLOCKED_SECURITY, verdict);
    else if (asked->vouched)
        return 0;
    else if (meets(asked->bits, policy->block))
        block_listed(masks, asked, policy->block, WEIR_COUNT_BLOCKED_CATEGORY, verdict);
    else if ((policy->flags & WEIR_POLICY_ALLOW_ONLY) && is_query && !meets(asked->bits, policy->only))
        block(verdict, WEIR_COUNT_BLOCKED_ALLOW_ONLY);
    else
        return 0;
    return 1;
}

static void decide_once(const weir_case *asked, weir_verdict *verdict)
{
    const weir_masks *masks = &asked->state->masks;
    uint32_t flags = asked->policy->flags;
    if (meets(asked->bits, masks->illegal)) {
        /* A legal order is named before a voluntary list: the person is owed the authority (RFC 7725). */
        uint64_t ordered[WEIR_MASK_WORDS];
        for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
            ordered[i] = masks->illegal[i] & masks->illegal_orders[i];
        if (meets(asked->bits, ordered))
            block_listed(masks, asked, ordered, WEIR_COUNT_BLOCKED_ILLEGAL_ORDER, verdict);
        else
            block_listed(masks, asked, masks->illegal, WEIR_COUNT_BLOCKED_ILLEGAL_VOLUNTARY, verdict);
        return;
    }
    if (meets(asked->bits, masks->protected_)) {
        allow(verdict, 1);
        return;
    }
    if ((flags & WEIR_POLICY_RULES) && asked->part != WEIR_JUDGE_ADDRESS && decide_by_rules(asked, verdict))
        return;
    if (decide_by_lists(asked, verdict))
        return;
    int may_rewrite = (flags & WEIR_POLICY_REWRITES) && asked->part == WEIR_JUDGE_QUERY;
    if (may_rewrite && decide_by_rewrites(asked, verdict))
        return;
    allow(verdict, 0);
}

/* Without the lists that only ask for TCP, for a client that has come by TCP. */
static void put_tcp_only_aside(const weir_masks *masks, uint64_t bits[WEIR_MASK_WORDS])
{
    uint64_t aside[WEIR_MASK_WORDS] = {0};
    for (unsigned bit = 0; bit < WEIR_MASK_WORDS * BITS_PER_WORD; bit++) {
        if (!has_bit(bits, bit) || !has_bit(masks->actions, bit))
            continue;
        if (masks->action[bit] != WEIR_ACTION_TCP_ONLY)
            continue;
        aside[bit / BITS_PER_WORD] |= UINT64_C(1) << bit % BITS_PER_WORD;
        for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
            aside[i] |= masks->feeds[bit][i];
    }
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
        bits[i] &= ~aside[i];
}

void weir_decide(const weir_case *asked, weir_verdict *verdict)
{
    *verdict = (weir_verdict){.bit = WEIR_NO_BIT};
    decide_once(asked, verdict);
    if (!asked->over_tcp)
        return;
    /* Each round takes a bit away, so this ends. */
    weir_case left = *asked;
    while (verdict->action == WEIR_BLOCK && verdict->list_action == WEIR_ACTION_TCP_ONLY) {
        uint8_t aside = (uint8_t)(verdict->tcp_only + 1);
        put_tcp_only_aside(&asked->state->masks, left.bits);
        *verdict = (weir_verdict){.bit = WEIR_NO_BIT, .tcp_only = aside};
        decide_once(&left, verdict);
    }
}

static inline void add_mask(uint64_t bits[WEIR_MASK_WORDS], const uint8_t *mask)
{
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
        bits[i] |= weir_load64(mask + 8 * i);
}

int weir_bits_of_name(const weir_state *state, const weir_probe *probe, uint64_t bits[WEIR_MASK_WORDS])
{
    weir_hit hits[WEIR_MAX_HITS];
    unsigned found = weir_probe_finish(&state->lists, probe, hits);
    bits[0] = bits[1] = bits[2] = bits[3] = 0;
    for (unsigned i = 0; i < found; i++) {
        const uint8_t *exact = weir_table_class(&state->lists, hits[i].class_id);
        add_mask(bits, hits[i].labels == probe->labels ? exact : exact + 8 * WEIR_MASK_WORDS);
    }
    return found != 0 && weir_any(bits);
}

/* IPv4-mapped addresses (RFC 4291 section 2.5.5.2) and the well-known NAT64 prefix (RFC 6052 section 2.1). */
static int carries_ipv4(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF}, nat64[12] = {0, 0x64, 0xFF, 0x9B};
    return memcmp(address, mapped, sizeof mapped) == 0 || memcmp(address, nat64, sizeof nat64) == 0;
}

int weir_bits_of_address(const weir_state *state, const uint8_t *address, size_t size,
                         uint64_t bits[WEIR_MASK_WORDS])
{
    weir_hit hits[WEIR_MAX_PREFIXES];
    unsigned found = weir_table_lookup_address(&state->lists, address, size, hits);
    if (found == 0 && size == 16 && carries_ipv4(address))
        found = weir_table_lookup_address(&state->lists, address + 12, 4, hits);
    bits[0] = bits[1] = bits[2] = bits[3] = 0;
    for (unsigned i = 0; i < found; i++)
        add_mask(bits, weir_table_class(&state->lists, hits[i].class_id));
    return found != 0 && weir_any(bits);
}
