/* Writing answers. Records are small templates; a kept message is copied and patched. */
#include "answer.h"

#include <string.h>

#include "network.h"

#define POINTER_TO_QUESTION 0xC00Cu
#define RECORD_HEAD 12u /* pointer, type, class, TTL, length */
#define OPT_HEAD 11u
/* Code and length of the text in weir_answer.ede; option code and length on the wire. */
#define EDE_HEAD 4u
#define OPTION_EDE 15u  /* RFC 8914 section 2 */
#define KEPT_TTL_LIMIT 0x80000000u /* RFC 2181 section 8: from here on it means 0 */
#define ANY_TTL 3600u

/* Of an SOA that names no real server (RFC 2606): its rdata; MINIMUM is written behind it. */
static const uint8_t soa[] =
    "\x04weir\x07invalid\0\x0ahostmaster\x04weir\x07invalid\0"
    "\0\0\0\x01\0\0\x0e\x10\0\0\x02\x58\0\x01\x51\x80";
#define SOA_BYTES (sizeof soa - 1) /* without C's own zero */

static const uint8_t hinfo[9] = {7, 'R', 'F', 'C', '8', '4', '8', '2', 0};

static uint16_t flags_of(const weir_query *query, unsigned rcode)
{
    unsigned asked = query->flags & (WEIR_FLAG_RD | WEIR_FLAG_CD);
    return (uint16_t)(WEIR_FLAG_QR | WEIR_FLAG_RA | asked | (rcode & WEIR_FLAGS_RCODE));
}

static uint32_t size_limit(const weir_query *query, int over_tcp, uint16_t udp_payload)
{
    if (over_tcp)
        return WEIR_MAX_MESSAGE;
    if (!query->has_edns)
        return WEIR_MIN_UDP;
    uint32_t payload = query->payload < WEIR_MIN_UDP ? WEIR_MIN_UDP : query->payload;
    return payload < udp_payload ? payload : udp_payload;
}

static inline uint32_t question_end(const weir_query *query)
{
    return WEIR_MESSAGE_HEAD + query->name_length + WEIR_QUESTION_TAIL;
}

void weir_answer_begin(weir_answer_writer *writer, const weir_query *query, uint8_t *out, uint32_t room,
                       int over_tcp, uint16_t udp_payload)
{
    uint32_t limit = size_limit(query, over_tcp, udp_payload);
    memset(writer, 0, sizeof *writer);
    writer->query = query;
    writer->out = out;
    writer->room = room < limit ? room : limit;
    writer->udp_payload = udp_payload;
    writer->length = question_end(query);
    memcpy(out, query->packet, writer->length); /* id and question; the rest of the header follows */
    weir_put_net16(out + 2, flags_of(query, 0));
    weir_put_net32(out + 4, 0x10000);
    weir_put_net32(out + 8, 0);
}

void weir_answer_rcode(weir_answer_writer *writer, uint16_t rcode)
{
    writer->rcode = rcode;
    weir_put_net16(writer->out + 2, flags_of(writer->query, rcode));
}

void weir_answer_ede(weir_answer_writer *writer, uint16_t code)
{
    if (writer->ede_count < WEIR_MAX_EDE)
        writer->ede[writer->ede_count++] = code;
}

/* Room for `size` octets behind what is written; NULL (and TC) if there is none. */
static uint8_t *take(weir_answer_writer *writer, uint32_t size)
{
    if (size > writer->room || writer->length > writer->room - size) {
        writer->truncated = 1;
        return NULL;
    }
    uint8_t *at = writer->out + writer->length;
    writer->length += size;
    return at;
}

/* Type, class IN, TTL and length. Returns the place of the data. */
static uint8_t *put_fields(uint8_t *at, unsigned type, uint32_t ttl, size_t size)
{
    weir_put_net16(at, (uint16_t)type);
    weir_put_net16(at + 2, WEIR_QCLASS_IN);
    weir_put_net32(at + 4, ttl);
    weir_put_net16(at + 8, (uint16_t)size);
    return at + 10;
}

/* A record whose owner is the question's name. Returns where its data belongs, or NULL. */
static uint8_t *put_record(weir_answer_writer *writer, unsigned type, uint32_t ttl, size_t size)
{
    uint8_t *at = take(writer, RECORD_HEAD + (uint32_t)size);
    if (at == NULL)
        return NULL;
    weir_put_net16(at, POINTER_TO_QUESTION);
    return put_fields(at + 2, type, ttl, size);
}

void weir_answer_address(weir_answer_writer *writer, const uint8_t *address, unsigned size, uint32_t ttl)
{
    uint8_t *data = put_record(writer, writer->query->qtype, ttl, size);
    if (data == NULL)
        return;
    memcpy(data, address, size);
    writer->out[7] = 1;
}

void weir_answer_negative(weir_answer_writer *writer, uint16_t rcode, uint32_t ttl)
{
    weir_answer_rcode(writer, rcode);
    uint8_t *data = put_record(writer, WEIR_QTYPE_SOA, ttl, SOA_BYTES + 4);
    if (data == NULL)
        return;
    memcpy(data, soa, SOA_BYTES);
    weir_put_net32(data + SOA_BYTES, ttl);
    writer->out[9] = 1;
}

void weir_answer_minimal_any(weir_answer_writer *writer)
{
    uint8_t *data = put_record(writer, WEIR_QTYPE_HINFO, ANY_TTL, sizeof hinfo);
    if (data == NULL)
        return;
    memcpy(data, hinfo, sizeof hinfo);
    writer->out[7] = 1;
}

void weir_answer_alias(weir_answer_writer *writer, const uint8_t *target, size_t length, uint32_t ttl)
{
    const weir_query *query = writer->query;
    uint8_t *at = take(writer, query->name_length + RECORD_HEAD - 2 + (uint32_t)length);
    if (at == NULL)
        return;
    memcpy(at, query->name, query->name_length);
    memcpy(put_fields(at + query->name_length, WEIR_QTYPE_CNAME, ttl, length), target, length);
    writer->out[7] = 1;
}

/* A kept message's TTL after `age` seconds; RFC 2181 section 8. */
static uint32_t left_of(uint32_t ttl, uint32_t age)
{
    return ttl < KEPT_TTL_LIMIT && ttl > age ? ttl - age : 0;
}

/* `ttl`: instead of what is left of each. */
static void write_kept(weir_answer_writer *writer, const weir_answer *kept, uint32_t age, const uint32_t *ttl)
{
    uint32_t begun = writer->length;
    if (kept->wire_length < begun)
        return; /* only a damaged cache holds such a thing: the question alone is an empty answer */
    weir_answer_rcode(writer, weir_net16(kept->wire + 2) & WEIR_FLAGS_RCODE);
    writer->kept_ede = kept->ede;
    writer->kept_ede_length = kept->ede_length;
    uint8_t *at = take(writer, kept->wire_length - begun);
    if (at == NULL)
        return;
    memcpy(at, kept->wire + begun, kept->wire_length - begun);
    memcpy(writer->out + 4, kept->wire + 4, WEIR_MESSAGE_HEAD - 4);
    for (unsigned i = 0; i < kept->ttl_count; i++) {
        uint32_t offset = kept->ttl_offsets[i];
        if (offset < begun || offset > kept->wire_length - 4)
            continue;
        weir_put_net32(writer->out + offset, ttl != NULL ? *ttl : left_of(weir_net32(kept->wire + offset), age));
    }
}

void weir_answer_kept(weir_answer_writer *writer, const weir_answer *kept, uint32_t age)
{
    write_kept(writer, kept, age, NULL);
}

void weir_answer_stale(weir_answer_writer *writer, const weir_answer *kept)
{
    static const uint32_t ttl = WEIR_STALE_TTL;
    write_kept(writer, kept, 0, &ttl);
    weir_answer_ede(writer, writer->rcode == WEIR_NXDOMAIN ? WEIR_EDE_STALE_NXDOMAIN : WEIR_EDE_STALE);
}

/* Octets that the kept errors take as options: each loses nothing and gains its option code. */
static uint32_t kept_ede_bytes(const weir_answer_writer *writer)
{
    uint32_t position = 0, bytes = 0;
    while (position + EDE_HEAD <= writer->kept_ede_length) {
        uint32_t text = weir_net16(writer->kept_ede + position + 2);
        if (text > writer->kept_ede_length - position - EDE_HEAD)
            break;
        position += EDE_HEAD + text;
        bytes += EDE_HEAD + 2 + text;
    }
    return bytes;
}

/* One option (RFC 8914 section 2); `text` octets follow the code. */
static uint8_t *put_ede(uint8_t *at, uint16_t code, const uint8_t *text, uint32_t length)
{
    weir_put_net16(at, OPTION_EDE);
    weir_put_net16(at + 2, (uint16_t)(2 + length));
    weir_put_net16(at + 4, code);
    if (length > 0)
        memcpy(at + 6, text, length);
    return at + 6 + length;
}

static uint8_t *put_kept_ede(const weir_answer_writer *writer, uint8_t *at, uint32_t bytes)
{
    const uint8_t *from = writer->kept_ede;
    for (uint8_t *end = at + bytes; at < end;) {
        uint32_t text = weir_net16(from + 2);
        at = put_ede(at, weir_net16(from), from + EDE_HEAD, text);
        from += EDE_HEAD + text;
    }
    return at;
}

static uint8_t *put_cookie(const weir_answer_writer *writer, uint8_t *at)
{
    weir_put_net16(at, WEIR_COOKIE_OPTION);
    weir_put_net16(at + 2, WEIR_COOKIE_BYTES);
    memcpy(at + 4, writer->cookie, WEIR_COOKIE_BYTES);
    return at + 4 + WEIR_COOKIE_BYTES;
}

/* The OPT record (RFC 6891 section 6.1.2): root, type, our size, upper bits of the code, version 0, DO,
 * options. */
static void put_opt(weir_answer_writer *writer, uint32_t kept_bytes)
{
    uint8_t *opt = writer->out + writer->length, *at = opt + OPT_HEAD;
    opt[0] = 0;
    weir_put_net16(opt + 1, WEIR_QTYPE_OPT);
    weir_put_net16(opt + 3, writer->udp_payload);
    opt[5] = (uint8_t)(writer->rcode >> 4);
    opt[6] = 0;
    weir_put_net16(opt + 7, writer->query->dnssec_ok && writer->rcode < 16 ? 0x8000 : 0);
    for (unsigned i = 0; i < writer->ede_count; i++)
        at = put_ede(at, writer->ede[i], NULL, 0);
    at = put_kept_ede(writer, at, kept_bytes);
    if (writer->cookie != NULL)
        at = put_cookie(writer, at);
    weir_put_net16(opt + 9, (uint16_t)(at - opt - OPT_HEAD));
    writer->length = (uint32_t)(at - writer->out);
    writer->out[11] = 1;
}

static void truncate_answer(weir_answer_writer *writer)
{
    writer->length = question_end(writer->query);
    writer->out[2] |= WEIR_FLAG_TC >> 8;
    weir_put_net32(writer->out + 4, 0x10000);
    weir_put_net32(writer->out + 8, 0);
}

uint32_t weir_answer_finish(weir_answer_writer *writer)
{
    uint32_t kept = kept_ede_bytes(writer), opt = 0, fixed = 0;
    if (writer->query->has_edns) {
        fixed = OPT_HEAD + (writer->cookie != NULL ? 4 + WEIR_COOKIE_BYTES : 0);
        opt = fixed + writer->ede_count * (EDE_HEAD + 2) + kept;
    }
    if (writer->truncated || writer->length + opt > writer->room) {
        truncate_answer(writer);
        if (writer->length + opt > writer->room) /* the errors are what can be spared (RFC 8914 section 3) */
            writer->ede_count = kept = 0;
    }
    if (opt > 0)
        put_opt(writer, kept);
    return writer->length;
}

uint32_t weir_answer_error(const uint8_t *packet, uint8_t *out, unsigned rcode)
{
    memset(out, 0, WEIR_MESSAGE_HEAD);
    out[0] = packet[0];
    out[1] = packet[1];
    unsigned kept = weir_net16(packet + 2) & (WEIR_FLAGS_OPCODE | WEIR_FLAG_RD);
    weir_put_net16(out + 2, (uint16_t)(WEIR_FLAG_QR | kept | rcode));
    return WEIR_MESSAGE_HEAD;
}
