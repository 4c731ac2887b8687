/* Queries in flight: which question each identifier stands for, when it was due, and what became of it. */
#ifndef WEIR_BENCH_FLIGHT_H
#define WEIR_BENCH_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"
#include "link.h"
#include "questions.h"

#define FLIGHT_RCODES 16

/* What happened to the queries that were due in one slice of time. */
struct bucket {
    uint32_t sent, answered, lost;
    int64_t worst; /* ns */
};

struct flight {
    const struct questions *questions;
    struct slot *slots; /* of port p: from p * FLIGHT_RING */
    uint16_t *newest, *oldest; /* identifiers per port; equal when none is in flight */
    unsigned ports;
    int64_t timeout;
    uint64_t outstanding;
    uint64_t sent, answered, lost, wrong, stray;
    uint64_t rcodes[FLIGHT_RCODES];
    struct histogram latency;
    struct bucket *buckets; /* NULL: nobody asked for them */
    unsigned bucket_count;
    int64_t start, bucket_width;
};

/* Ends the program when memory is short. */
void flight_open(struct flight *flight, const struct questions *questions, unsigned ports, int64_t timeout);

/* Count slices of time from `start` on, for the open loop. */
void flight_slice(struct flight *flight, int64_t start, int64_t width, unsigned count);

/* Whether `count` more queries fit on a port; queries whose time is over are counted as lost to make room. */
bool flight_room(struct flight *flight, unsigned port, unsigned count, int64_t now);

/* The identifier for a query that is due at that time. */
uint16_t flight_add(struct flight *flight, unsigned port, uint32_t question, int64_t due);

/* An answer came. */
void flight_land(struct flight *flight, const struct incoming *answer, int64_t now);

/* Count as lost what waited longer than the timeout, or everything when `all`. */
void flight_expire(struct flight *flight, int64_t now, bool all);

#endif
