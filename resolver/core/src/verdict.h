/* The decision on one name or address: resolver.policy.verdict over masks. The steps are in verdict.c, in
 * order. */
#ifndef WEIR_VERDICT_H
#define WEIR_VERDICT_H

#include "hear.h"
#include "pipeline.h"

/* Which part of a conversation is judged (resolver.policy.verdict.Part). */
enum { WEIR_JUDGE_QUERY, WEIR_JUDGE_TARGET, WEIR_JUDGE_ADDRESS };

/* All that a decision may look at. Only names have labels and rules; `name` has WEIR_PAD readable bytes
 * behind it. */
typedef struct {
    const weir_state *state;
    const weir_policy *policy;
    uint64_t unix_ms;
    const uint8_t *name; /* lower-case wire name; not read for an address */
    uint16_t name_length;
    uint8_t part;
    uint8_t vouched; /* the query name was allowed by name: its category does not block what it leads to */
    uint8_t over_tcp;
    uint64_t bits[WEIR_MASK_WORDS]; /* what the lists say */
    weir_heard *heard; /* of the whole query: what its parts say is added */
} weir_case;

enum { WEIR_ALLOW, WEIR_BLOCK, WEIR_REWRITE };

#define WEIR_NO_BIT 255u
#define WEIR_NO_VOICE 0xFFFFu

typedef struct {
    uint8_t action;
    uint8_t vouches;     /* allowed by name: protected, grant or rule */
    uint8_t kind;        /* of a block: its counter, WEIR_COUNT_BLOCKED_... */
    uint8_t bit;         /* of the list or category that spoke, or WEIR_NO_BIT */
    uint8_t list_action; /* what the list that spoke asked for: a WEIR_ACTION_... */
    uint16_t voice;      /* the bit of the zone that blocked, else of the list or category; or WEIR_NO_VOICE */
    const uint8_t *target; /* WEIR_REWRITE: the wire name to answer with */
    uint16_t target_length;
} weir_verdict;

void weir_decide(const weir_case *asked, weir_verdict *verdict);

/* What the lists say of a name whose look-up has been started, and of an address of 4 or 16 bytes (an IPv4
 * address inside IPv6 counts as itself). Returns whether any bit is set. */
int weir_bits_of_name(const weir_state *state, const weir_probe *probe, uint64_t bits[WEIR_MASK_WORDS]);
int weir_bits_of_address(const weir_state *state, const uint8_t *address, size_t size,
                         uint64_t bits[WEIR_MASK_WORDS]);

static inline int weir_any(const uint64_t mask[WEIR_MASK_WORDS])
{
    return (mask[0] | mask[1] | mask[2] | mask[3]) != 0;
}

#endif
