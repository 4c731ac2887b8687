/* The book of queries in flight: a ring of slots per source port, addressed by the query's identifier. */
#include "flight.h"

#include <stdlib.h>
#include <string.h>

#define FLIGHT_RING 4096u
#define HEADER_BYTES 12
#define ANSWER_BIT 0x80

struct slot {
    int64_t due;
    uint32_t question;
    uint16_t id;
    bool waiting;
};

void flight_open(struct flight *flight, const struct questions *questions, unsigned ports, int64_t timeout) {
    memset(flight, 0, sizeof *flight);
    flight->questions = questions;
    flight->ports = ports;
    flight->timeout = timeout;
    flight->slots = calloc((size_t)ports * FLIGHT_RING, sizeof *flight->slots);
    flight->newest = calloc(ports, sizeof *flight->newest);
    flight->oldest = calloc(ports, sizeof *flight->oldest);
    if (flight->slots == NULL || flight->newest == NULL || flight->oldest == NULL) {
        link_fail("memory for queries in flight");
    }
}

void flight_slice(struct flight *flight, int64_t start, int64_t width, unsigned count) {
    flight->buckets = calloc(count, sizeof *flight->buckets);
    if (flight->buckets == NULL) {
        link_fail("memory for slices of time");
    }
    flight->start = start;
    flight->bucket_width = width;
    flight->bucket_count = count;
}

static struct bucket *bucket_of(struct flight *flight, int64_t due) {
    if (flight->buckets == NULL || due < flight->start) {
        return NULL;
    }
    int64_t number = (due - flight->start) / flight->bucket_width;
    return number < flight->bucket_count ? &flight->buckets[number] : NULL;
}

static struct slot *slot_of(struct flight *flight, unsigned port, uint16_t id) {
    return &flight->slots[(size_t)port * FLIGHT_RING + id % FLIGHT_RING];
}

static void lose(struct flight *flight, struct slot *slot) {
    slot->waiting = false;
    flight->outstanding--;
    flight->lost++;
    struct bucket *bucket = bucket_of(flight, slot->due);
    if (bucket != NULL) {
        bucket->lost++;
    }
}

/* Move a port's oldest identifier past everything that is answered or over. */
static void expire_port(struct flight *flight, unsigned port, int64_t before) {
    while (flight->oldest[port] != flight->newest[port]) {
        struct slot *slot = slot_of(flight, port, flight->oldest[port]);
        if (slot->waiting && slot->due > before) {
            return;
        }
        if (slot->waiting) {
            lose(flight, slot);
        }
        flight->oldest[port]++;
    }
}

void flight_expire(struct flight *flight, int64_t now, bool all) {
    for (unsigned port = 0; port < flight->ports; port++) {
        expire_port(flight, port, all ? INT64_MAX : now - flight->timeout);
    }
}

bool flight_room(struct flight *flight, unsigned port, unsigned count, int64_t now) {
    uint16_t used = (uint16_t)(flight->newest[port] - flight->oldest[port]);
    if (used + count > FLIGHT_RING) {
        expire_port(flight, port, now - flight->timeout);
        used = (uint16_t)(flight->newest[port] - flight->oldest[port]);
    }
    return used + count <= FLIGHT_RING;
}

uint16_t flight_add(struct flight *flight, unsigned port, uint32_t question, int64_t due) {
    uint16_t id = flight->newest[port]++;
    *slot_of(flight, port, id) = (struct slot){due, question, id, true};
    flight->outstanding++;
    flight->sent++;
    struct bucket *bucket = bucket_of(flight, due);
    if (bucket != NULL) {
        bucket->sent++;
    }
    return id;
}

static void judge(struct flight *flight, const struct slot *slot, const struct incoming *answer) {
    flight->rcodes[answer->data[3] & (FLIGHT_RCODES - 1)]++;
    if (!questions_fits(&flight->questions->list[slot->question], answer->data, answer->length)) {
        flight->wrong++;
    }
}

void flight_land(struct flight *flight, const struct incoming *answer, int64_t now) {
    if (answer->length < HEADER_BYTES || (answer->data[2] & ANSWER_BIT) == 0) {
        flight->stray++;
        return;
    }
    uint16_t id = (uint16_t)(answer->data[0] << 8 | answer->data[1]);
    struct slot *slot = slot_of(flight, answer->port, id);
    if (!slot->waiting || slot->id != id) {
        flight->stray++;
        return;
    }
    slot->waiting = false;
    flight->outstanding--;
    flight->answered++;
    histogram_add(&flight->latency, now - slot->due);
    judge(flight, slot, answer);
    struct bucket *bucket = bucket_of(flight, slot->due);
    if (bucket != NULL) {
        bucket->answered++;
        bucket->worst = now - slot->due > bucket->worst ? now - slot->due : bucket->worst;
    }
}
