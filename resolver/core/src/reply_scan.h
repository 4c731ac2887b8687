/* An upstream's reply, read once and written anew: what resolver.exchange.scan does, byte for byte.
 *
 * Only what belongs to the question is kept (RFC 2181, RFC 5452); TTLs are brought within the limits; the places of
 * the TTLs, the alias targets and the addresses come out beside the message. */
#ifndef WEIR_REPLY_SCAN_H
#define WEIR_REPLY_SCAN_H

#include "cache.h"

typedef struct {
    uint32_t minimum, maximum, negative; /* seconds */
} weir_ttl_limits;

typedef struct {
    const uint8_t *name; /* lower-case wire name */
    uint16_t name_length, qtype, qclass;
} weir_question;

/* `answers` = 0: truncated, or it says something about the server and not about the name. */
typedef struct {
    uint16_t rcode; /* with the upper bits of an OPT record */
    uint8_t truncated, edns, answers;
    uint16_t flags; /* of the header */
    weir_answer answer;
} weir_reply;

typedef struct {
    uint8_t wire[65536], targets[65536], addresses[65536], ede[65536];
    uint16_t ttl_offsets[16384];
} weir_reply_room;

/* NULL if the reply is well formed, else what is wrong (a constant text that carries nothing of the message). */
const char *weir_scan_reply(const uint8_t *message, size_t length, const weir_question *question,
                            const weir_ttl_limits *limits, weir_reply *reply, weir_reply_room *room);

#endif
