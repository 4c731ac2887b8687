/* Where batches come from and go to. Sockets now, memory for tests and fuzzing; AF_XDP takes its place here. */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include "pipeline.h"

typedef struct weir_source weir_source;

/* Where an answer goes: opaque to the pipeline, kept with a query that is handed over. */
typedef struct {
    uint8_t bytes[96];
} weir_origin;

struct weir_source {
    /* Up to WEIR_BATCH packets without waiting; their bytes stay valid until the next call. Returns the number. */
    unsigned (*receive)(weir_source *source, weir_packet *packets, weir_origin *origins, unsigned room);
    /* Send the answers of packets that have one, in order; best effort. Returns how many could not be sent. */
    unsigned (*send)(weir_source *source, const weir_packet *packets, const weir_origin *origins, unsigned count);
    /* A descriptor that is readable when there is something to receive; -1 if there is none. */
    int (*descriptor)(const weir_source *source);
    void (*close)(weir_source *source);
};

#endif
