/* One packet that has been read, under one state: its answer, silence, or Python's turn
 * (resolver.answer.pipeline). */
#ifndef WEIR_RESPOND_H
#define WEIR_RESPOND_H

#include "answer.h"
#include "verdict.h"

#define WEIR_TURN_COUNTS 8u

/* One packet's turn. Counters are noted here first: what is handed over is counted by Python. */
typedef struct {
    weir_core *core;
    const weir_state *state;
    weir_packet *packet;
    const weir_item *item;
    uint64_t now_ms, unix_ms;
    uint32_t serial; /* of the lists, read before any look-up of the batch */
    weir_answer_writer writer;
    uint8_t cookie[WEIR_COOKIE_BYTES];
    uint8_t cookie_state; /* a WEIR_COOKIE_... */
    uint8_t is_popular;   /* the kept answer should be asked for again */
    uint8_t counts;
    uint8_t counted[WEIR_TURN_COUNTS]; /* WEIR_COUNT_... */
    uint16_t voice; /* the bit of the list or zone that blocked, or WEIR_NO_VOICE */
    weir_heard heard;
} weir_turn;

/* Set the packet's outcome, and its answer if there is one; count. */
void weir_respond(weir_turn *turn);

/* The part of it that policies decide: names that are served, of types that are served. Returns the
 * outcome. */
int weir_respond_by_policy(weir_turn *turn);

static inline void weir_note(weir_turn *turn, unsigned counter)
{
    if (turn->counts < WEIR_TURN_COUNTS)
        turn->counted[turn->counts++] = (uint8_t)counter;
}

/* The cache's key of a question. */
static inline weir_cache_key weir_key_of(const weir_query *query)
{
    unsigned checking_disabled = query->flags & WEIR_FLAG_CD ? WEIR_KEY_CD : 0;
    return (weir_cache_key){
        .name = query->name,
        .name_length = query->name_length,
        .qtype = query->qtype,
        .qclass = query->qclass,
        .flags = (uint8_t)((query->dnssec_ok ? WEIR_KEY_DO : 0) | checking_disabled),
    };
}

/* Finish the answer that is being written. */
static inline int weir_answered(weir_turn *turn)
{
    turn->packet->out_length = weir_answer_finish(&turn->writer);
    return WEIR_ANSWERED;
}

#endif
