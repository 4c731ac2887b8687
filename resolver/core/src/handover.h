/* Between the serving thread and the event loop: two rings, two bells, and the places of those who wait.
 *
 * A query goes over with its octets and a token; the token comes back with the answer. The backlog (queries
 * that the loop has not taken) is bounded apart from the places: it is what makes everybody wait when the
 * loop is too slow. */
#ifndef WEIR_HANDOVER_H
#define WEIR_HANDOVER_H

#include "engine.h"

typedef struct {
    weir_ring queries, answers;
    weir_bell loop, thread; /* the event loop's, the serving thread's */
    weir_places places;
    weir_shares backlog;
    uint16_t *waiting;      /* buckets of the backlog's queries in their order, a ring of `mask` + 1 */
    uint32_t mask, oldest, newest;
    uint64_t max_age_us;
    _Atomic uint32_t in_hand;
} weir_handover;

int weir_handover_open(weir_handover *handover, const weir_engine_settings *settings); /* -1: nothing is held */
void weir_handover_close(weir_handover *handover);

/* That of an engine. */
weir_handover *weir_engine_handover(weir_engine *engine);

/* The serving thread's side. */

/* Hand a query over; 0 if there is no room, or this client's neighbours have their share of it. */
int weir_hand_over(weir_handover *handover, const weir_packet *packet, const weir_origin *origin, uint64_t now_us);
/* Pass on that the packet's question (or that of the name in `again`) should be asked again; dropped when the
 * loop has much to do. */
void weir_hint_prefetch(weir_handover *handover, const weir_packet *packet, uint64_t now_us);
/* Show the loop what was handed over. */
void weir_handover_publish(weir_handover *handover);

/* An answer that came back, as a packet to send, with where it goes. */
typedef struct {
    uint64_t received_us;
    int is_late;
} weir_returned;

/* The next answer; 0 when there is none. A late one, and silence, have the outcome WEIR_SILENT. */
int weir_take_back(weir_handover *handover, weir_packet *packet, weir_origin *origin, weir_returned *returned);
/* Give the ring's room back, after the packets were sent. */
void weir_taken_back(weir_handover *handover);

#endif
