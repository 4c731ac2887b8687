/* Reading a client's query with one bounded cursor: the rules of resolver.answer.message, byte for byte.
 *
 * No compression pointer is followed: a query has no use for one, and RFC 9267 lists what went wrong where
 * parsers did. Nothing is read beyond `length`, whatever the bytes say. */
#ifndef WEIR_WIRE_H
#define WEIR_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"

#define WEIR_MESSAGE_HEAD 12u
#define WEIR_QUESTION_TAIL 4u /* type and class behind the name */
#define WEIR_MAX_ADDITIONAL 16u /* TSIG, SIG(0) and OPT make three; more have no purpose */

enum {
    WEIR_QTYPE_A = 1, WEIR_QTYPE_CNAME = 5, WEIR_QTYPE_SOA = 6, WEIR_QTYPE_HINFO = 13, WEIR_QTYPE_AAAA = 28,
    WEIR_QTYPE_OPT = 41, WEIR_QTYPE_TSIG = 250, WEIR_QTYPE_IXFR = 251, WEIR_QTYPE_AXFR = 252,
    WEIR_QTYPE_ANY = 255
};
enum { WEIR_QCLASS_IN = 1 };

/* Bits of the header's second word (RFC 1035 section 4.1.1, RFC 4035 section 3). */
enum {
    WEIR_FLAG_QR = 0x8000, WEIR_FLAG_TC = 0x0200, WEIR_FLAG_RD = 0x0100, WEIR_FLAG_RA = 0x0080,
    WEIR_FLAG_CD = 0x0010, WEIR_FLAGS_OPCODE = 0x7800, WEIR_FLAGS_RCODE = 0x000F
};

/* Response codes (RFC 1035, RFC 6891, RFC 7873). */
enum {
    WEIR_NOERROR = 0, WEIR_FORMERR = 1, WEIR_SERVFAIL = 2, WEIR_NXDOMAIN = 3,
    WEIR_NOTIMP = 4, WEIR_REFUSED = 5, WEIR_BADVERS = 16, WEIR_BADCOOKIE = 23
};

/* One well-formed standard query. */
typedef struct {
    const uint8_t *packet;
    uint16_t id, flags, qtype, qclass;
    uint16_t name_length; /* with the root label */
    uint16_t payload;     /* octets that the client takes over UDP, by its OPT record */
    uint8_t has_edns, version, dnssec_ok;
    uint16_t cookie_at, cookie_length; /* content of the COOKIE option in the packet; at 0: there is none */
    uint8_t name[WEIR_MAX_WIRE + 1 + WEIR_PAD]; /* in lower case; the sender's case stays in the packet */
} weir_query;

enum {
    WEIR_QUERY_READ,
    WEIR_QUERY_SILENT,    /* shorter than a header, or itself an answer: none is owed (and loops end here) */
    WEIR_QUERY_UNKNOWN,   /* another opcode: NOTIMP */
    WEIR_QUERY_MALFORMED  /* FORMERR (RFC 9619 for more than one question) */
};

int weir_parse_query(const uint8_t *packet, size_t length, weir_query *query);

/* Octets of the uncompressed name that begins at `start`, with its root label; 0 if it is none or leaves
 * `length`. */
size_t weir_name_length(const uint8_t *bytes, size_t start, size_t length);

#endif
