/* Reading a client's query: header, one question, the additional records with at most one OPT. */
#include "wire.h"

#include <string.h>

#include "bytes.h"
#include "cookie.h"
#include "network.h"

#define RECORD_TAIL 10u /* type, class, TTL and length behind an owner name */
#define OPTION_HEAD 4u
#define MIN_COOKIE WEIR_COOKIE_CLIENT
#define MIN_FULL_COOKIE 16u /* RFC 7873 section 4 */
#define MAX_FULL_COOKIE 40u

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

size_t weir_name_length(const uint8_t *bytes, size_t start, size_t length)
{
    size_t position = start;
    for (;;) {
        if (position >= length)
            return 0;
        unsigned label = bytes[position];
        if (label == 0)
            return position + 1 - start;
        position += label + 1;
        if (label > WEIR_MAX_LABEL || position - start >= WEIR_MAX_WIRE)
            return 0;
    }
}

/* Eight ASCII letters at once. Length octets are below 64, so they are never taken for letters. */
static inline uint64_t lower8(uint64_t word)
{
    uint64_t low7 = word & EACH_BYTE(0x7F);
    uint64_t from_a = low7 + EACH_BYTE(0x80 - 'A'), past_z = low7 + EACH_BYTE(0x7F - 'Z');
    uint64_t upper = (from_a ^ past_z) & ~word & EACH_BYTE(0x80);
    return word | upper >> 2;
}

static void copy_lower(uint8_t *to, const uint8_t *from, size_t length)
{
    memcpy(to, from, length);
    for (size_t i = 0; i < length; i += 8)
        weir_store64(to + i, lower8(weir_load64(to + i)));
}

/* RFC 7873 section 5.2.2: another length is a format error. */
static int is_cookie_length(size_t length)
{
    return length == MIN_COOKIE || (length >= MIN_FULL_COOKIE && length <= MAX_FULL_COOKIE);
}

/* Options must fill the OPT record exactly (RFC 6891 section 6.1.2). Returns whether they do. */
static int read_options(weir_query *query, size_t position, size_t end)
{
    while (position < end) {
        if (end - position < OPTION_HEAD)
            return 0;
        unsigned code = weir_net16(query->packet + position);
        size_t length = weir_net16(query->packet + position + 2);
        position += OPTION_HEAD;
        if (length > end - position)
            return 0;
        if (code == WEIR_COOKIE_OPTION && query->cookie_at == 0) {
            if (!is_cookie_length(length))
                return 0;
            query->cookie_at = (uint16_t)position;
            query->cookie_length = (uint16_t)length;
        }
        position += length;
    }
    return 1;
}

/* The OPT record among the additional ones; anything after the last record is an error. */
static int read_additional(weir_query *query, size_t position, size_t length, unsigned count)
{
    const uint8_t *packet = query->packet;
    while (count-- > 0) {
        size_t owner = weir_name_length(packet, position, length);
        if (owner == 0 || length - position - owner < RECORD_TAIL)
            return 0;
        const uint8_t *record = packet + position + owner;
        size_t data = weir_net16(record + 8);
        position += owner + RECORD_TAIL;
        if (data > length - position)
            return 0;
        if (weir_net16(record) == WEIR_QTYPE_OPT) {
            if (query->has_edns || owner != 1) /* RFC 6891 section 6.1.1 */
                return 0;
            query->has_edns = 1;
            query->payload = weir_net16(record + 2);
            query->version = record[5];
            query->dnssec_ok = record[6] >> 7;
            if (!read_options(query, position, position + data))
                return 0;
        }
        position += data;
    }
    return position == length;
}

int weir_parse_query(const uint8_t *packet, size_t length, weir_query *query)
{
    if (length < WEIR_MESSAGE_HEAD || length > UINT16_MAX)
        return WEIR_QUERY_SILENT;
    query->packet = packet;
    query->id = weir_net16(packet);
    query->flags = weir_net16(packet + 2);
    query->has_edns = query->version = query->dnssec_ok = 0;
    query->cookie_at = query->cookie_length = query->payload = 0;
    if (query->flags & WEIR_FLAG_QR)
        return WEIR_QUERY_SILENT;
    if (query->flags & WEIR_FLAGS_OPCODE)
        return WEIR_QUERY_UNKNOWN;
    /* One question, no answer or authority records. */
    if (weir_net32(packet + 4) != 0x10000 || weir_net16(packet + 8) != 0)
        return WEIR_QUERY_MALFORMED;
    unsigned additional = weir_net16(packet + 10);
    size_t name = weir_name_length(packet, WEIR_MESSAGE_HEAD, length);
    if (additional > WEIR_MAX_ADDITIONAL || name == 0)
        return WEIR_QUERY_MALFORMED;
    if (length - WEIR_MESSAGE_HEAD - name < WEIR_QUESTION_TAIL)
        return WEIR_QUERY_MALFORMED;
    query->name_length = (uint16_t)name;
    query->qtype = weir_net16(packet + WEIR_MESSAGE_HEAD + name);
    query->qclass = weir_net16(packet + WEIR_MESSAGE_HEAD + name + 2);
    if (!read_additional(query, WEIR_MESSAGE_HEAD + name + WEIR_QUESTION_TAIL, length, additional))
        return WEIR_QUERY_MALFORMED;
    copy_lower(query->name, packet + WEIR_MESSAGE_HEAD, name);
    return WEIR_QUERY_READ;
}
