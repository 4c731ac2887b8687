/* A sampled view of queries for the operator: 1 in N answered queries goes into a bounded ring in a shared file.
 *
 * What may be in a record (DESIGN.md section 8; off unless the operator switches it on):
 *  - NEVER the client: no address, port, realm, subscriber, device or policy number, and no message id.
 *  - The name only when no list at all speaks about it or about what it leads to, and the policy allowed it by the
 *    default step: `weir_packet.nameable`. Then at most its last three labels, in lower case; the reader cuts further,
 *    to the public suffix and one label.
 *  - Hits of illegal and of security lists are one joint kind and without a list's bit, so that nothing of a secret
 *    list can be told from a sample.
 * The time is in whole seconds and the latency a bucket, so that a record cannot be matched with a packet trace.
 *
 * One thread writes. A record's sequence is 0 while it is being written; a reader takes a record that reads the same
 * twice. Numbers are little-endian. The file: a head of WEIR_TAP_HEAD octets (magic, size of a record, number of
 * records, N, zeros), then the records; record i holds the sequences i + 1, i + 1 + records, ... */
#ifndef WEIR_TAP_H
#define WEIR_TAP_H

#include "pipeline.h"

#define WEIR_TAP_MAGIC "WEIRTAP1"
#define WEIR_TAP_HEAD 64u
#define WEIR_TAP_RECORD 128u
#define WEIR_TAP_RECORDS 1024u
#define WEIR_TAP_SIZE (WEIR_TAP_HEAD + WEIR_TAP_RECORD * WEIR_TAP_RECORDS)
#define WEIR_TAP_LABELS 3u
#define WEIR_TAP_NAME 106u /* octets of a name, without the root label; what does not fit loses labels on its left */

/* Where things stand in a record. */
enum {
    WEIR_TAP_AT_SEQUENCE = 0,   /* 8 octets */
    WEIR_TAP_AT_SECOND = 8,     /* 4: Unix time */
    WEIR_TAP_AT_QTYPE = 12,     /* 2 */
    WEIR_TAP_AT_TRANSPORT = 14, /* 0 UDP, 1 TCP */
    WEIR_TAP_AT_RCODE = 15,     /* the header's four bits; 255: no answer was sent */
    WEIR_TAP_AT_VERDICT = 16,   /* a WEIR_TAP_ of the verdicts below */
    WEIR_TAP_AT_BIT = 17,       /* the category bit that spoke, or 255 */
    WEIR_TAP_AT_LATENCY = 18,   /* bucket of stats.h */
    WEIR_TAP_AT_PATH = 19,      /* WEIR_PATH_ */
    WEIR_TAP_AT_LENGTH = 20,    /* of the name; 0: none */
    WEIR_TAP_AT_NAME = 22
};

/* DECIDED_ELSEWHERE: Python answered, and what it decided is not known here. */
enum {
    WEIR_TAP_ALLOWED,
    WEIR_TAP_ILLEGAL_OR_SECURITY,
    WEIR_TAP_CATEGORY,
    WEIR_TAP_OWN_RULE,
    WEIR_TAP_PAUSED,
    WEIR_TAP_ALLOW_ONLY,
    WEIR_TAP_DECIDED_ELSEWHERE
};

/* How many queries pass before a tap that is off looks whether it has been switched on. */
#define WEIR_TAP_PAUSE 1024u

typedef struct {
    uint8_t *head;
    _Atomic uint64_t *words;  /* of the records; the mapping is aligned to pages, the head to words */
    _Atomic uint32_t one_in;  /* 0: off; the only field that another thread writes */
    uint32_t countdown;
    uint64_t written;
    uint64_t random;
} weir_tap;

/* One query that has become of something. */
typedef struct {
    const weir_packet *packet;
    uint64_t unix_ms, us;
    unsigned path;
} weir_tap_event;

/* Use `bytes` (WEIR_TAP_SIZE octets, zeroed, aligned to 8) as the ring of a tap that is off; `seed` is
 * random, so that nobody can tell which queries are taken. */
void weir_tap_init(weir_tap *tap, uint8_t *bytes, uint64_t seed);

/* Take 1 in `one_in` queries from now on, 0: none. For any one thread. */
void weir_tap_use(weir_tap *tap, uint32_t one_in);

/* The next query is due: record it if the tap is on. */
void weir_tap_due(weir_tap *tap, const weir_tap_event *event);

/* Called for every query that has its answer (handed-over ones when it comes). One decrement if it is not
 * taken. */
static inline void weir_tap_note(weir_tap *tap, const weir_packet *packet, uint64_t unix_ms, unsigned path, uint64_t us)
{
    if (--tap->countdown == 0) {
        weir_tap_event event = {packet, unix_ms, us, path};
        weir_tap_due(tap, &event);
    }
}

#endif
