/* An upstream's reply, read once and written anew: what resolver.exchange.scan does, byte for byte.
 *
 * Only what belongs to the question is kept (RFC 2181, RFC 5452); TTLs are brought within the limits; the
 * places of the TTLs, the alias targets and the addresses come out beside the message. Everything is
 * written anew instead of cut out, because compression pointers may lead into what is left out. The work
 * is bounded, whatever the bytes. */
#ifndef WEIR_REPLY_SCAN_H
#define WEIR_REPLY_SCAN_H

#include "cache.h"
#include "reply_records.h"
#include "reply_write.h"

#define WEIR_MAX_EDE 4u        /* errors of one reply that are kept */
#define WEIR_MAX_EDE_TEXT 256u /* of a longer text only the code is kept */

typedef struct {
    uint32_t minimum, maximum, negative; /* seconds */
} weir_ttl_limits;

typedef struct {
    const uint8_t *name; /* lower-case wire name */
    uint16_t name_length, qtype, qclass;
    uint8_t dnssec_ok; /* keep the proofs */
} weir_question;

/* `answers` = 0: truncated, or it says something about the server and not about the name; `answer` then
 * holds nothing but the errors (`ede`). */
typedef struct {
    uint16_t rcode; /* with the upper bits of an OPT record */
    uint8_t truncated, edns, answers;
    uint16_t flags; /* of the header */
    weir_answer answer;
} weir_reply;

/* Where a reply is taken apart and put together: large, so the caller keeps one. */
typedef struct {
    uint8_t wire[65536], targets[65536], addresses[65536];
    uint8_t ede[WEIR_MAX_EDE * (4 + WEIR_MAX_EDE_TEXT)];
    uint16_t ttl_offsets[WEIR_MAX_RECORDS];
    weir_scan_record record[WEIR_MAX_RECORDS];
    weir_scan_writer writer;
    weir_scan_chain chain;
} weir_reply_room;

/* NULL if the reply is well formed, else what is wrong (a constant text that carries nothing of the message);
 * weir_scan_not_mine leaves it to the Python scanner.
 * `answer.stored_ms` and `answer.judgement` are left to the caller. All pointers lead into `room`. */
const char *weir_scan_reply(const uint8_t *message, size_t length, const weir_question *question,
                            const weir_ttl_limits *limits, weir_reply *reply, weir_reply_room *room);

#endif
