/* Writing answers: templates and kept messages, patched. The same bytes as resolver.answer.reply.
 *
 * An answer is begun, gets its records, and leaves through weir_answer_finish: the one place that adds OPT
 * and keeps the size rules. Nothing is ever written beyond `room`. */
#ifndef WEIR_ANSWER_H
#define WEIR_ANSWER_H

#include "cache.h"
#include "cookie.h"
#include "wire.h"

#define WEIR_BLOCKED_TTL 30u   /* resolver.policy.reasons.BLOCKED_TTL: the same for every reason */
#define WEIR_SPECIAL_TTL 3600u /* names that never change (RFC 6761) */
#define WEIR_STALE_TTL 30u     /* RFC 8767 section 4; resolver.exchange.model.STALE_TTL */
#define WEIR_MIN_UDP 512u      /* RFC 1035 section 4.2.1 */
#define WEIR_MAX_MESSAGE 65535u
#define WEIR_MAX_EDE 2u
#define WEIR_COOKIE_BYTES (WEIR_COOKIE_CLIENT + WEIR_COOKIE_SERVER)

/* Extended DNS errors that the core gives (RFC 8914 section 4). */
enum {
    WEIR_EDE_STALE = 3, WEIR_EDE_FORGED = 4, WEIR_EDE_NOT_READY = 14, WEIR_EDE_BLOCKED = 15, WEIR_EDE_CENSORED = 16,
    WEIR_EDE_FILTERED = 17, WEIR_EDE_PROHIBITED = 18, WEIR_EDE_STALE_NXDOMAIN = 19
};

typedef struct {
    const weir_query *query;
    uint8_t *out;
    uint32_t room;    /* octets that this answer may take: the lowest limit of transport, client, operator */
    uint32_t length;  /* written so far, without OPT */
    uint16_t rcode;   /* all 12 bits */
    uint16_t udp_payload; /* what our OPT record says */
    uint8_t truncated;    /* TC is asked for, or what was to be written did not fit */
    uint8_t ede_count;
    uint16_t ede[WEIR_MAX_EDE];   /* our own, without text */
    const uint8_t *kept_ede;      /* those of a kept answer: weir_answer.ede */
    uint16_t kept_ede_length;
    const uint8_t *cookie;        /* client's and server's together, or NULL */
} weir_answer_writer;

/* Begin the answer to `query` in `out`: header and the question as it was asked. `room` is the buffer's size,
 * at least WEIR_MIN_UDP. */
void weir_answer_begin(weir_answer_writer *writer, const weir_query *query, uint8_t *out, uint32_t room,
                       int over_tcp, uint16_t udp_payload);

void weir_answer_rcode(weir_answer_writer *writer, uint16_t rcode);
void weir_answer_ede(weir_answer_writer *writer, uint16_t code);

/* One address record of the asked type (`size` 4 or 16). */
void weir_answer_address(weir_answer_writer *writer, const uint8_t *address, unsigned size, uint32_t ttl);

/* NODATA or NXDOMAIN that may be kept for `ttl` seconds: the SOA says so (RFC 2308 section 5). */
void weir_answer_negative(weir_answer_writer *writer, uint16_t rcode, uint32_t ttl);

/* The whole answer to ANY (RFC 8482 section 4.2). */
void weir_answer_minimal_any(weir_answer_writer *writer);

/* A CNAME from the name asked for, in lower case, to `target`. */
void weir_answer_alias(weir_answer_writer *writer, const uint8_t *target, size_t length, uint32_t ttl);

/* A kept message made this client's: id, flags, letter case, TTLs less `age` seconds. */
void weir_answer_kept(weir_answer_writer *writer, const weir_answer *kept, uint32_t age);

/* The same of a message that is past its TTL: it says so, and lives for WEIR_STALE_TTL. */
void weir_answer_stale(weir_answer_writer *writer, const weir_answer *kept);

/* Add OPT, keep to the size. Returns the length of the message. */
uint32_t weir_answer_finish(weir_answer_writer *writer);

/* A bare header with the sender's id, opcode and RD: what is owed for a packet that cannot be read. */
uint32_t weir_answer_error(const uint8_t *packet, uint8_t *out, unsigned rcode);

#endif
