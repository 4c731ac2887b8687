/* The records of both rings, and the accounts of who has how much of them. */
#include "handover.h"

#include <stdlib.h>
#include <string.h>

#define QUERY_RING (512u * 1024)   /* octets: 4,096 queries of 100 octets */
#define ANSWER_RING (1024u * 1024) /* octets: 4,000 answers of 250, or 250 of the longest */
#define MAX_BACKLOG 32768u
#define PREFETCH_PART 4u /* hints go over while less than a quarter of the backlog is taken */

typedef struct {
    uint64_t token, received_us;
    weir_client client;
    uint16_t length;
} query_head;

int weir_handover_open(weir_handover *handover, const weir_engine_settings *settings)
{
    memset(handover, 0, sizeof *handover);
    handover->loop.descriptor = handover->thread.descriptor = -1;
    if (!settings->backlog || settings->backlog > MAX_BACKLOG)
        return -1;
    uint32_t size = 1;
    while (size < settings->backlog)
        size *= 2;
    handover->mask = size - 1;
    handover->waiting = calloc(size, sizeof *handover->waiting);
    handover->backlog.capacity = settings->backlog;
    handover->backlog.key = settings->key;
    handover->max_age_us = (uint64_t)settings->max_age_ms * 1000;
    if (!handover->waiting || weir_ring_open(&handover->queries, QUERY_RING) ||
        weir_ring_open(&handover->answers, ANSWER_RING) || weir_bell_open(&handover->loop) ||
        weir_bell_open(&handover->thread) || weir_places_open(&handover->places, settings->places, settings->key)) {
        weir_handover_close(handover);
        return -1;
    }
    weir_bell_arm(&handover->loop); /* the loop waits from the start */
    return 0;
}

void weir_handover_close(weir_handover *handover)
{
    weir_places_close(&handover->places);
    weir_bell_close(&handover->thread);
    weir_bell_close(&handover->loop);
    weir_ring_close(&handover->answers);
    weir_ring_close(&handover->queries);
    free(handover->waiting);
    handover->waiting = NULL;
}

/* Uncount what the loop has taken meanwhile. */
static void settle(weir_handover *handover)
{
    uint32_t left = weir_ring_waiting(&handover->queries);
    while (handover->newest - handover->oldest > left)
        weir_share_give(&handover->backlog, handover->waiting[handover->oldest++ & handover->mask]);
}

static int write_query(weir_handover *handover, const weir_packet *packet, uint64_t token, uint64_t now_us)
{
    query_head head = {token, now_us, packet->client, packet->length};
    uint8_t *record = weir_ring_reserve(&handover->queries, (uint32_t)sizeof head + packet->length);
    if (!record)
        return 0;
    memcpy(record, &head, sizeof head);
    memcpy(record + sizeof head, packet->bytes, packet->length);
    return 1;
}

static void count_waiting(weir_handover *handover, uint16_t bucket)
{
    weir_share_take(&handover->backlog, bucket);
    handover->waiting[handover->newest++ & handover->mask] = bucket;
}

int weir_hand_over(weir_handover *handover, const weir_packet *packet, const weir_origin *origin, uint64_t now_us)
{
    uint16_t bucket = weir_share_bucket(handover->backlog.key, &packet->client);
    settle(handover);
    if (!weir_share_is_fair(&handover->backlog, bucket))
        return 0;
    uint64_t token = weir_place_take(&handover->places, origin, bucket, now_us);
    if (!token)
        return 0;
    if (!write_query(handover, packet, token, now_us)) {
        weir_place_give(&handover->places, weir_place_find(&handover->places, token));
        return 0;
    }
    count_waiting(handover, bucket);
    return 1;
}

/* A query for nobody: the packet's, with the name in it that is to be asked for. */
static int write_hint(weir_handover *handover, const weir_packet *packet, uint64_t now_us)
{
    uint8_t bytes[WEIR_MAX_QUERY];
    weir_packet hint = *packet;
    if (packet->again != NULL) {
        uint32_t rest = WEIR_MESSAGE_HEAD + packet->asked_length, renamed = WEIR_MESSAGE_HEAD + packet->again_length;
        if (rest > packet->length || renamed + packet->length - rest > sizeof bytes)
            return 0;
        memcpy(bytes, packet->bytes, WEIR_MESSAGE_HEAD);
        memcpy(bytes + WEIR_MESSAGE_HEAD, packet->again, packet->again_length);
        memcpy(bytes + renamed, packet->bytes + rest, packet->length - rest);
        hint.bytes = bytes;
        hint.length = (uint16_t)(renamed + packet->length - rest);
    }
    return write_query(handover, &hint, 0, now_us);
}

void weir_hint_prefetch(weir_handover *handover, const weir_packet *packet, uint64_t now_us)
{
    uint16_t bucket = weir_share_bucket(handover->backlog.key, &packet->client);
    settle(handover);
    if (handover->backlog.total < handover->backlog.capacity / PREFETCH_PART && write_hint(handover, packet, now_us))
        count_waiting(handover, bucket);
}

static void note_in_hand(weir_handover *handover)
{
    /* relaxed: the loop only shows it, or waits for it to be 0 */
    atomic_store_explicit(&handover->in_hand, handover->places.in_use, memory_order_relaxed);
}

void weir_handover_publish(weir_handover *handover)
{
    note_in_hand(handover);
    weir_ring_publish(&handover->queries);
    weir_bell_ring(&handover->loop);
}

int weir_take_back(weir_handover *handover, weir_packet *packet, weir_origin *origin, weir_returned *returned)
{
    uint32_t length;
    uint64_t token;
    const uint8_t *record = weir_ring_next(&handover->answers, &length);
    if (!record)
        return 0;
    memcpy(&token, record, sizeof token);
    weir_place *place = weir_place_find(&handover->places, token);
    returned->is_late = place == NULL;
    memset(packet, 0, sizeof *packet);
    packet->outcome = WEIR_SILENT;
    if (!place)
        return 1;
    returned->received_us = place->received_us;
    *origin = place->origin;
    packet->out = (uint8_t *)(uintptr_t)(record + sizeof token); /* only read by whoever sends it */
    packet->out_length = length - (uint32_t)sizeof token;
    packet->bytes = packet->out; /* an answer repeats its question */
    packet->length = (uint16_t)packet->out_length;
    if (packet->out_length)
        packet->outcome = WEIR_ANSWERED;
    weir_place_give(&handover->places, place);
    return 1;
}

void weir_taken_back(weir_handover *handover)
{
    weir_ring_release(&handover->answers);
    note_in_hand(handover);
}

/* The event loop's side (engine.h). */

static weir_handover *of(weir_engine *engine)
{
    return weir_engine_handover(engine);
}

int weir_engine_next(weir_engine *engine, weir_handed_over *query)
{
    uint32_t length;
    query_head head;
    const uint8_t *record = weir_ring_next(&of(engine)->queries, &length);
    if (!record)
        return 0;
    memcpy(&head, record, sizeof head);
    *query = (weir_handed_over){head.token, head.received_us, head.client, head.length, record + sizeof head};
    return 1;
}

int weir_engine_taken(weir_engine *engine)
{
    weir_handover *handover = of(engine);
    weir_ring_release(&handover->queries);
    if (!weir_ring_is_empty(&handover->queries))
        return 0;
    weir_bell_arm(&handover->loop);
    if (weir_ring_is_empty(&handover->queries))
        return 1;
    weir_bell_disarm(&handover->loop);
    return 0;
}

int weir_engine_descriptor(const weir_engine *engine)
{
    return of((weir_engine *)(uintptr_t)engine)->loop.descriptor;
}

void weir_engine_heard(weir_engine *engine)
{
    weir_bell_clear(&of(engine)->loop);
}

int weir_engine_reply(weir_engine *engine, uint64_t token, const uint8_t *bytes, uint32_t length)
{
    uint8_t *record = weir_ring_reserve(&of(engine)->answers, (uint32_t)sizeof token + (bytes ? length : 0));
    if (!record) {
        weir_engine_flush(engine);
        return 0;
    }
    memcpy(record, &token, sizeof token);
    if (bytes)
        memcpy(record + sizeof token, bytes, length);
    return 1;
}

void weir_engine_flush(weir_engine *engine)
{
    weir_ring_publish(&of(engine)->answers);
    weir_bell_ring(&of(engine)->thread);
}
