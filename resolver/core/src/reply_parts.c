/* Inside records: one table of fields, EDNS, and the names and addresses that a verdict must look at. */
#include "reply_parts.h"

#include <string.h>

enum { NAME = 253, STRING = 254, REST = 255, MAX_FIELDS = 5, FIELD_TYPES = 40 };
enum { EDE_OPTION = 15, SVCB_IPV4_HINT = 4, SVCB_IPV6_HINT = 6, IPV4 = 4, IPV6 = 16 };

/* Type: its rdata's fields in order; a number is that many octets. Where no row is, rdata is opaque. Names
 * stand where rdata may arrive compressed (RFC 1035, and the types that RFC 3597 section 4 asks receivers
 * to accept). */
static const uint8_t fields_of[FIELD_TYPES][MAX_FIELDS] = {
    [2] = {NAME},                               /* NS */
    [3] = {NAME},                               /* MD */
    [4] = {NAME},                               /* MF */
    [WEIR_QTYPE_CNAME] = {NAME},
    [WEIR_QTYPE_SOA] = {NAME, NAME, 20},
    [7] = {NAME},                               /* MB */
    [8] = {NAME},                               /* MG */
    [9] = {NAME},                               /* MR */
    [12] = {NAME},                              /* PTR */
    [14] = {NAME, NAME},                        /* MINFO */
    [15] = {2, NAME},                           /* MX */
    [17] = {NAME, NAME},                        /* RP */
    [18] = {2, NAME},                           /* AFSDB */
    [21] = {2, NAME},                           /* RT */
    [24] = {18, NAME, REST},                    /* SIG */
    [26] = {2, NAME, NAME},                     /* PX */
    [30] = {NAME, REST},                        /* NXT */
    [33] = {6, NAME},                           /* SRV */
    [35] = {4, STRING, STRING, STRING, NAME},   /* NAPTR */
    [WEIR_QTYPE_DNAME] = {NAME},
};

static const uint8_t opaque[MAX_FIELDS] = {REST};

/* The types of RFC 1035: only their rdata may be sent compressed (RFC 3597 section 4). */
static int is_compressible(uint16_t type)
{
    return (type >= 2 && type <= 9) || type == 12 || type == 14 || type == 15;
}

static void put_octets(weir_scan_writer *writer, weir_scan_cursor *cursor, size_t length)
{
    const uint8_t *octets = weir_scan_take(cursor, length);
    if (octets)
        weir_scan_put(writer, cursor, octets, length);
}

static void put_field(weir_scan_writer *writer, weir_scan_cursor *cursor,
                      const weir_scan_record *record, uint8_t field)
{
    weir_scan_name name;
    if (field == NAME) {
        if (weir_scan_read_name(cursor, &name))
            weir_scan_put_name(writer, cursor, &name, is_compressible(record->type));
    } else if (field == REST) {
        put_octets(writer, cursor, record->end > cursor->position ? record->end - cursor->position : 0);
    } else if (field == STRING) {
        const uint8_t *length = weir_scan_take(cursor, 1);
        if (length) {
            weir_scan_put(writer, cursor, length, 1);
            put_octets(writer, cursor, *length);
        }
    } else {
        put_octets(writer, cursor, field);
    }
}

void weir_scan_put_rdata(weir_scan_writer *writer, weir_scan_cursor *cursor, const weir_scan_record *record)
{
    const uint8_t *fields = record->type < FIELD_TYPES ? fields_of[record->type] : opaque;
    if (!fields[0])
        fields = opaque;
    cursor->position = record->start;
    for (int i = 0; i < MAX_FIELDS && fields[i] && !cursor->error; i++)
        put_field(writer, cursor, record, fields[i]);
    if (cursor->position != record->end)
        weir_scan_fail(cursor, "rdata and its length do not agree");
}

/* Keep one Extended DNS Error: code, length of the text, text. */
static void add_error(weir_answer *answer, weir_reply_room *room, const uint8_t *value, unsigned length)
{
    unsigned text = length - 2 <= WEIR_MAX_EDE_TEXT ? length - 2 : 0;
    uint8_t *to = room->ede + answer->ede_length;
    memcpy(to, value, 2);
    to[2] = (uint8_t)(text >> 8);
    to[3] = (uint8_t)text;
    memcpy(to + 4, value + 2, text);
    answer->ede = room->ede;
    answer->ede_length = (uint16_t)(answer->ede_length + 4 + text);
}

static int read_options(weir_scan_cursor *cursor, const weir_scan_record *opt, weir_answer *answer,
                        weir_reply_room *room)
{
    unsigned errors = 0;
    cursor->position = opt->start;
    while (cursor->position < opt->end) {
        uint16_t code = weir_scan_take16(cursor), length = weir_scan_take16(cursor);
        const uint8_t *value = weir_scan_take(cursor, length);
        if (!value)
            return 0;
        if (code == EDE_OPTION && length >= 2 && errors < WEIR_MAX_EDE) {
            add_error(answer, room, value, length);
            errors++;
        }
    }
    if (cursor->position != opt->end)
        return weir_scan_fail(cursor, "the options of the OPT record and its length do not agree");
    return 1;
}

int weir_scan_read_errors(weir_scan_cursor *cursor, weir_scan_section additional, weir_reply *reply,
                          weir_reply_room *room)
{
    const weir_scan_record *opt = NULL;
    for (unsigned i = 0; i < additional.count; i++) {
        if (additional.record[i].type != WEIR_QTYPE_OPT)
            continue;
        if (opt)
            return weir_scan_fail(cursor, "more than one OPT record");
        opt = &additional.record[i];
    }
    if (!opt)
        return 1;
    weir_scan_name owner;
    cursor->position = opt->owner;
    if (!weir_scan_read_name(cursor, &owner) || owner.length != 1)
        return weir_scan_fail(cursor, "the OPT record's owner is not the root");
    reply->edns = 1;
    reply->rcode = (uint16_t)(reply->rcode | (opt->ttl >> 24) << 4);
    return read_options(cursor, opt, &reply->answer, room);
}

static int add_target(weir_scan_cursor *cursor, const weir_scan_name *name, weir_answer *answer,
                      weir_reply_room *room)
{
    const uint8_t *known = room->targets, *end = room->targets + answer->targets_length;
    if (!weir_scan_spend(cursor, answer->target_count))
        return 0;
    while (known < end) {
        const uint8_t *next = known;
        while (*next)
            next += *next + 1;
        next++;
        if (next - known == name->length && !memcmp(known, name->lower, name->length))
            return 1;
        known = next;
    }
    if (answer->targets_length + name->length > UINT16_MAX)
        return weir_scan_fail(cursor, weir_scan_not_mine);
    memcpy(room->targets + answer->targets_length, name->lower, name->length);
    answer->targets = room->targets;
    answer->targets_length = (uint16_t)(answer->targets_length + name->length);
    answer->target_count++;
    return 1;
}

static int add_address(weir_scan_cursor *cursor, const uint8_t *address, unsigned size, weir_answer *answer,
                       weir_reply_room *room)
{
    const uint8_t *known = room->addresses, *end = room->addresses + answer->addresses_length;
    if (!weir_scan_spend(cursor, answer->address_count))
        return 0;
    for (; known < end; known += *known + 1)
        if (*known == size && !memcmp(known + 1, address, size))
            return 1;
    if (answer->addresses_length + size + 1 > UINT16_MAX)
        return weir_scan_fail(cursor, weir_scan_not_mine);
    room->addresses[answer->addresses_length] = (uint8_t)size;
    memcpy(room->addresses + answer->addresses_length + 1, address, size);
    answer->addresses = room->addresses;
    answer->addresses_length = (uint16_t)(answer->addresses_length + size + 1);
    answer->address_count++;
    return 1;
}

/* The addresses of an ipv4hint or ipv6hint parameter (RFC 9460 section 7.3). */
static int add_hints(weir_scan_cursor *cursor, uint16_t key, const uint8_t *value, unsigned length,
                     weir_answer *answer, weir_reply_room *room)
{
    unsigned size = key == SVCB_IPV4_HINT ? IPV4 : key == SVCB_IPV6_HINT ? IPV6 : 0;
    if (!size)
        return 1;
    if (!length || length % size)
        return weir_scan_fail(cursor, "an address hint has the wrong length");
    for (unsigned at = 0; at < length; at += size)
        if (!add_address(cursor, value + at, size, answer, room))
            return 0;
    return 1;
}

/* Target and address hints (RFC 9460 section 2.2): keys must ascend, lengths must fit. */
static int gather_service(weir_scan_cursor *cursor, const weir_scan_record *record, weir_answer *answer,
                          weir_reply_room *room)
{
    weir_scan_name target;
    int previous = -1;
    weir_scan_take16(cursor);
    if (!weir_scan_read_name(cursor, &target))
        return 0;
    while (cursor->position < record->end) {
        uint16_t key = weir_scan_take16(cursor), length = weir_scan_take16(cursor);
        const uint8_t *value = weir_scan_take(cursor, length);
        if (!value)
            return 0;
        if (key <= previous)
            return weir_scan_fail(cursor, "the keys of a service binding do not ascend");
        previous = key;
        if (!add_hints(cursor, key, value, length, answer, room))
            return 0;
    }
    if (cursor->position != record->end)
        return weir_scan_fail(cursor, "a service binding and its length do not agree");
    return target.length == 1 || add_target(cursor, &target, answer, room);
}

static int gather_record(weir_scan_cursor *cursor, const weir_scan_record *record, weir_answer *answer,
                         weir_reply_room *room)
{
    weir_scan_name name;
    unsigned size = record->type == WEIR_QTYPE_A ? IPV4 : record->type == WEIR_QTYPE_AAAA ? IPV6 : 0;
    cursor->position = record->start;
    if (record->type == WEIR_QTYPE_CNAME || record->type == WEIR_QTYPE_DNAME)
        return weir_scan_read_name(cursor, &name) && add_target(cursor, &name, answer, room);
    if (record->class_ != WEIR_QCLASS_IN)
        return 1;
    if (size && record->end - record->start != size)
        return weir_scan_fail(cursor, "an address has the wrong length");
    if (size)
        return add_address(cursor, cursor->data + record->start, size, answer, room);
    if (record->type == WEIR_QTYPE_SVCB || record->type == WEIR_QTYPE_HTTPS)
        return gather_service(cursor, record, answer, room);
    return 1;
}

int weir_scan_gather(weir_scan_cursor *cursor, weir_scan_section answers, weir_reply *reply,
                     weir_reply_room *room)
{
    for (unsigned i = 0; i < answers.count; i++)
        if (answers.record[i].kept && !gather_record(cursor, &answers.record[i], &reply->answer, room))
            return 0;
    return 1;
}
