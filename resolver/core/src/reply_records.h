/* The records of a received message, and which of them belong to its question (resolver.exchange.records
 * and chain).
 *
 * A record that the question did not lead to is the vehicle of cache poisoning (RFC 5452 section 6).
 * Owners are compared without case. */
#ifndef WEIR_REPLY_RECORDS_H
#define WEIR_REPLY_RECORDS_H

#include "reply_name.h"

#define WEIR_MAX_RECORDS 5957u /* of 11 octets at least, in 65,535 */
#define WEIR_MAX_ALIASES 32u

/* The types beside those of wire.h that mean something in a reply. */
enum {
    WEIR_QTYPE_NS = 2, WEIR_QTYPE_DNAME = 39, WEIR_QTYPE_RRSIG = 46, WEIR_QTYPE_NSEC = 47, WEIR_QTYPE_NSEC3 = 50,
    WEIR_QTYPE_SVCB = 64, WEIR_QTYPE_HTTPS = 65
};
enum { WEIR_QCLASS_ANY = 255 };

/* `owner` is the place of the owner's name, `start` and `end` the place of its rdata, `hash` the owner's. */
typedef struct {
    uint32_t owner, start, end, hash, ttl;
    uint16_t type, class_;
    uint8_t kept; /* it belongs to the answer */
} weir_scan_record;

/* Records one after another in a room; a section of a message. */
typedef struct {
    weir_scan_record *record;
    unsigned count;
} weir_scan_section;

/* What was asked, in the form that records are compared with. */
typedef struct {
    weir_scan_name name;
    uint16_t type, class_;
    uint8_t dnssec_ok;
} weir_scan_asked;

/* The aliases from the question: every name on the way, the last one at the end. */
typedef struct {
    unsigned count;
    uint8_t dnames; /* there are DNAME records */
    struct {
        uint32_t hash;
        uint8_t length, bytes[WEIR_MAX_WIRE];
    } name[WEIR_MAX_ALIASES + 1];
} weir_scan_chain;

/* Read the next `section->count` records behind those in `section->record`. 0 and an error if they are not
 * whole. */
int weir_scan_read_section(weir_scan_cursor *cursor, weir_scan_section *section);

/* Walk the aliases among the records of the answer. 0 and an error if there are too many or one is
 * malformed. */
int weir_scan_follow(weir_scan_cursor *cursor, const weir_scan_asked *asked, weir_scan_section answers,
                     weir_scan_chain *chain);

/* Set `kept` of the answer's records that belong; returns their number. */
unsigned weir_scan_keep(weir_scan_cursor *cursor, const weir_scan_asked *asked, const weir_scan_chain *chain,
                        weir_scan_section answers);

/* The SOA of a zone that holds the chain's end (RFC 2308 section 5); NULL if there is none. */
weir_scan_record *weir_scan_find_soa(weir_scan_cursor *cursor, const weir_scan_asked *asked,
                                     const weir_scan_chain *chain, weir_scan_section authorities);

/* Set `kept` of the NSEC and NSEC3 records and the signatures of these and, with `soa`, of SOA records, if
 * DNSSEC was asked for; returns their number. */
unsigned weir_scan_keep_proof(weir_scan_cursor *cursor, const weir_scan_asked *asked,
                              weir_scan_section authorities, int soa);

#endif
