/* Where batches come from and go to. Sockets (udp.h) and memory for tests and fuzzing (memory.h); AF_XDP
 * takes its place here: a source hands out the memory of packets and answers, so that both may lie in a
 * device's own frames. */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include "pipeline.h"

typedef struct weir_source weir_source;

/* Where an answer goes: opaque to the pipeline, kept with a query that is handed over. */
typedef struct {
    uint8_t bytes[96];
} weir_origin;

/* One thread uses a source. */
struct weir_source {
    /* Up to `room` (at most WEIR_BATCH) packets without waiting, with `bytes`, `length`, `client`, and `out`
     * with its `room` filled in; both memories stay valid until the next call. Returns the number. */
    unsigned (*receive)(weir_source *source, weir_packet *packets, weir_origin *origins, unsigned room);
    /* Send the answers of packets whose outcome says that they have one, in order; best effort, never waits.
     * `out` may point anywhere. Returns how many could not be sent. */
    unsigned (*send)(weir_source *source, const weir_packet *packets, const weir_origin *origins, unsigned count);
    /* A descriptor that is readable when there is something to receive; -1 if there is none. */
    int (*descriptor)(const weir_source *source);
    /* Free the source. What it was made from (sockets) stays the caller's. */
    void (*close)(weir_source *source);
    /* Failed receives; the caller reads and clears it. */
    unsigned receive_errors;
};

static inline int weir_has_answer(const weir_packet *packet)
{
    return packet->outcome == WEIR_ANSWERED || packet->outcome == WEIR_ANSWERED_PREFETCH;
}

#endif
