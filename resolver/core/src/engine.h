/* The thread that serves: receive a batch, run the pipeline, send, and never wait for anybody.
 *
 * What the pipeline hands over goes through a bounded ring to the event loop (Python), and its answer comes
 * back through another; a bell wakes a side only when it may be asleep. A new state is one pointer, taken
 * between two batches. When there is nothing to do the thread waits in one poll; under load it makes no call
 * but receive and send.
 *
 * Two threads use an engine: its own, and one that controls it (all functions here). No lock is held by
 * either. */
#ifndef WEIR_ENGINE_H
#define WEIR_ENGINE_H

#include "places.h"
#include "ring.h"
#include "source.h"
#include "tap.h"

typedef struct weir_engine weir_engine;

typedef struct {
    weir_source *source; /* becomes the engine's */
    weir_core *core;     /* used by the engine's thread alone; with counters */
    weir_tap *tap;       /* the same; NULL: none */
    uint32_t places;     /* queries that may wait for their answers, 1 to 65,535 */
    uint32_t backlog;    /* of those, queries that the loop has not yet taken: what bounds the time they wait */
    uint32_t max_age_ms; /* an answer that comes later than this is refused */
    int cpu;             /* to stay on; -1: any */
    uint64_t key;        /* random: of the hash of prefixes */
} weir_engine_settings;

/* A query that was handed over, as the loop takes it. */
typedef struct {
    uint64_t token;       /* for weir_engine_reply; 0: nobody waits, it is to be asked upstream again (prefetch) */
    uint64_t received_us; /* monotonic clock */
    weir_client client;
    uint16_t length;
    const uint8_t *bytes; /* valid until the next weir_engine_next or weir_engine_taken */
} weir_handed_over;

/* NULL without memory, descriptors, or for settings out of bounds; the source then stays the caller's. */
weir_engine *weir_engine_open(const weir_engine_settings *settings);

/* Begin to serve under `state`, with answers from `cache` (NULL: none). 0, or an errno. */
int weir_engine_start(weir_engine *engine, const weir_state *state, weir_cache *cache);

/* Serve under this state and from this cache from the next batch on; never waits. Both must live until
 * `weir_engine_passed` is at least the number of a later use. Returns this use's number (the start is 1), 0
 * without memory. */
uint64_t weir_engine_use(weir_engine *engine, const weir_state *state, weir_cache *cache);
/* The number of the use that the thread serves under: nothing of earlier ones is looked at any more. */
uint64_t weir_engine_passed(const weir_engine *engine);

/* The loop's side. `next` gives one query after another; `taken` gives their room back and returns 1 if the
 * bell will ring for the next one, 0 if there are more already. */
int weir_engine_next(weir_engine *engine, weir_handed_over *query);
int weir_engine_taken(weir_engine *engine);
/* Readable when there is something to take; `weir_engine_heard` clears it. */
int weir_engine_descriptor(const weir_engine *engine);
void weir_engine_heard(weir_engine *engine);

/* The answer to a token; NULL for silence. The thread sees it after the next `flush`: waking it costs more
 * than what it does for one answer. 0 if the ring of answers is full (what it holds was flushed: try
 * again). */
int weir_engine_reply(weir_engine *engine, uint64_t token, const uint8_t *bytes, uint32_t length);
/* Show the thread the answers given so far, and wake it if it sleeps. */
void weir_engine_flush(weir_engine *engine);

/* Answer what has arrived, then read no more; handed-over queries are still answered. The bell rings when the
 * last is. */
void weir_engine_finish(weir_engine *engine);
/* Whether nothing is read any more and nothing waits. */
int weir_engine_is_idle(const weir_engine *engine);
/* Queries that wait for their answers. */
uint32_t weir_engine_in_hand(const weir_engine *engine);

/* Send the answers that were given, flushed or not, end the thread and wait for its end (at most a batch).
 * Safe to call twice. */
void weir_engine_stop(weir_engine *engine);
/* Stop, and free all but the core. */
void weir_engine_close(weir_engine *engine);

#endif
