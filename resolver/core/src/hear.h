/* Which RPZ zones have a say about one part of a query, before the steps of verdict.c look at it
 * (resolver.policy.zones, which has the rules). */
#ifndef WEIR_HEAR_H
#define WEIR_HEAR_H

#include "pipeline.h"

/* What zones have said so far about a query. Nothing in it but `any` is valid as long as that is 0, so that
 * a query that no zone speaks about does not pay for clearing it. */
typedef struct {
    uint8_t any;
    uint64_t silenced[WEIR_MASK_WORDS]; /* zones that have no say any more */
    uint64_t passed[WEIR_MASK_WORDS];   /* zones that have spoken and let pass, or only counted */
} weir_heard;

/* Let the zones among `bits` speak: what is left of the bits is for the steps. */
void weir_hear(const weir_masks *masks, const weir_policy *policy, int over_tcp, weir_heard *heard,
               uint64_t bits[WEIR_MASK_WORDS]);

#endif
