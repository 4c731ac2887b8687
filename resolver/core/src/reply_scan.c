/* The scan of a reply: head, sections, what is kept, the message anew. What it means is in reply_parts.c. */
#include "reply_scan.h"

#include <string.h>

#include "reply_parts.h"

enum { YXDOMAIN = 6 };
enum { SOA_MINIMUM_LENGTH = 20 };

/* One reply in work. */
typedef struct {
    weir_scan_cursor cursor;
    weir_scan_asked asked;
    const weir_ttl_limits *limits;
    uint16_t flags, count[3];
    weir_scan_section answers, authorities, additional;
    weir_scan_record *soa;
    uint8_t may_be_kept;
    uint32_t ttl; /* the lowest written; UINT32_MAX before the first */
    uint16_t written;
    weir_reply *reply;
    weir_reply_room *room;
} scan;

/* Header and question. */
static int read_head(scan *s)
{
    weir_scan_name name;
    weir_scan_take16(&s->cursor);
    s->flags = weir_scan_take16(&s->cursor);
    uint16_t questions = weir_scan_take16(&s->cursor);
    for (int i = 0; i < 3; i++)
        s->count[i] = weir_scan_take16(&s->cursor);
    if (s->cursor.error)
        return 0;
    if (!(s->flags & WEIR_FLAG_QR) || s->flags & WEIR_FLAGS_OPCODE)
        return weir_scan_fail(&s->cursor, "not the response to a standard query");
    if (questions != 1)
        return weir_scan_fail(&s->cursor, "not exactly one question");
    if (!weir_scan_read_name(&s->cursor, &name))
        return 0;
    uint16_t type = weir_scan_take16(&s->cursor), class_ = weir_scan_take16(&s->cursor);
    if (s->cursor.error)
        return 0;
    if (name.length != s->asked.name.length || memcmp(name.lower, s->asked.name.lower, name.length) ||
        type != s->asked.type || class_ != s->asked.class_)
        return weir_scan_fail(&s->cursor, "another question");
    return 1;
}

static int read_sections(scan *s)
{
    weir_scan_section *sections[3] = {&s->answers, &s->authorities, &s->additional};
    weir_scan_record *free_record = s->room->record;
    unsigned left = WEIR_MAX_RECORDS;
    for (int i = 0; i < 3; i++) {
        sections[i]->record = free_record;
        sections[i]->count = s->count[i];
        if (s->count[i] > left) /* more than a message can hold: reading as many as fit ends in the error */
            sections[i]->count = left;
        if (!weir_scan_read_section(&s->cursor, sections[i]))
            return 0;
        free_record += sections[i]->count;
        left -= sections[i]->count;
    }
    return 1;
}

static int has_type(weir_scan_section section, uint16_t type)
{
    for (unsigned i = 0; i < section.count; i++)
        if (section.record[i].type == type)
            return 1;
    return 0;
}

/* A server that does not recurse points elsewhere instead of answering (RFC 2308 section 2.2). */
static int is_referral(const scan *s)
{
    return (s->flags & 0xF) == WEIR_NOERROR && !(s->flags & WEIR_FLAG_RA) && !s->answers.count &&
           has_type(s->authorities, WEIR_QTYPE_NS) && !has_type(s->authorities, WEIR_QTYPE_SOA);
}

/* Whether the chain ends in what was asked for; otherwise the answer is NXDOMAIN or NODATA. */
static int is_positive(const scan *s, unsigned kept)
{
    unsigned rcode = s->flags & 0xF;
    if (rcode == WEIR_NXDOMAIN)
        return 0;
    if (rcode == YXDOMAIN) /* the DNAME record is the answer (RFC 6672 section 2.2) */
        return kept > 0;
    for (unsigned i = 0; i < s->answers.count; i++)
        if (s->answers.record[i].kept &&
            (s->answers.record[i].type == s->asked.type || s->asked.type == WEIR_QTYPE_ANY))
            return 1;
    return 0;
}

static uint32_t lower_of(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void limit_ttls(weir_scan_section section, const weir_ttl_limits *limits)
{
    for (unsigned i = 0; i < section.count; i++) {
        uint32_t ttl = section.record[i].ttl;
        section.record[i].ttl = lower_of(ttl < limits->minimum ? limits->minimum : ttl, limits->maximum);
    }
}

/* The lower of the SOA's TTL and its MINIMUM field, the last 32 bits (RFC 2308 section 5), for all of the
 * proof. */
static int limit_negative(scan *s)
{
    uint32_t negative = 0;
    if (s->soa) {
        if (s->soa->end - s->soa->start < SOA_MINIMUM_LENGTH)
            return weir_scan_fail(&s->cursor, "an SOA record is too short");
        s->cursor.position = s->soa->end - 4;
        negative = lower_of(s->soa->ttl, weir_scan_take32(&s->cursor));
        negative = lower_of(negative, lower_of(s->limits->negative, s->limits->maximum));
    }
    for (unsigned i = 0; i < s->authorities.count; i++)
        s->authorities.record[i].ttl = lower_of(s->authorities.record[i].ttl, negative);
    return 1;
}

/* Choose what is kept and bring its TTLs within the limits. Without an SOA a negative answer must not be
 * kept. */
static int choose(scan *s)
{
    weir_scan_chain *chain = &s->room->chain;
    if (!weir_scan_follow(&s->cursor, &s->asked, s->answers, chain))
        return 0;
    unsigned kept = weir_scan_keep(&s->cursor, &s->asked, chain, s->answers);
    if (s->answers.count && !kept)
        return weir_scan_fail(&s->cursor, "no record of the answer belongs to the question");
    int positive = is_positive(s, kept);
    limit_ttls(s->answers, s->limits);
    s->soa = positive ? NULL : weir_scan_find_soa(&s->cursor, &s->asked, chain, s->authorities);
    weir_scan_keep_proof(&s->cursor, &s->asked, s->authorities, s->soa != NULL);
    s->may_be_kept = positive || s->soa;
    if (s->cursor.error)
        return 0;
    if (!positive)
        return limit_negative(s);
    limit_ttls(s->authorities, s->limits);
    return 1;
}

static void write_record(scan *s, const weir_scan_record *record)
{
    weir_scan_writer *writer = &s->room->writer;
    weir_scan_name owner;
    s->cursor.position = record->owner;
    if (!weir_scan_read_name(&s->cursor, &owner))
        return;
    weir_scan_put_name(writer, &s->cursor, &owner, 1);
    weir_scan_put16(writer, &s->cursor, record->type);
    weir_scan_put16(writer, &s->cursor, record->class_);
    s->room->ttl_offsets[s->written++] = (uint16_t)writer->position;
    weir_scan_put32(writer, &s->cursor, record->ttl);
    size_t length_at = writer->position;
    weir_scan_put16(writer, &s->cursor, 0);
    weir_scan_put_rdata(writer, &s->cursor, record);
    if (s->cursor.error)
        return;
    weir_scan_patch16(writer, length_at, (uint16_t)(writer->position - length_at - 2));
    s->ttl = lower_of(s->ttl, record->ttl);
}

static uint16_t write_kept(scan *s, weir_scan_section section)
{
    uint16_t before = s->written;
    for (unsigned i = 0; i < section.count && !s->cursor.error; i++)
        if (section.record[i].kept)
            write_record(s, &section.record[i]);
    return (uint16_t)(s->written - before);
}

/* The message anew: the question in lower case, what was kept, id 0. */
static void write_message(scan *s)
{
    weir_scan_writer *writer = &s->room->writer;
    weir_scan_writer_start(writer, s->room->wire);
    weir_scan_put_name(writer, &s->cursor, &s->asked.name, 1);
    weir_scan_put16(writer, &s->cursor, s->asked.type);
    weir_scan_put16(writer, &s->cursor, s->asked.class_);
    uint16_t answers = write_kept(s, s->answers), authorities = 0;
    if (s->soa && !s->cursor.error) {
        write_record(s, s->soa);
        authorities = 1;
    }
    authorities = (uint16_t)(authorities + write_kept(s, s->authorities));
    const uint16_t head[6] = {0, s->flags, 1, answers, authorities, 0};
    for (size_t i = 0; i < 6; i++)
        weir_scan_patch16(writer, 2 * i, head[i]);
}

/* Hand out the answer. */
static void give(scan *s)
{
    weir_answer *answer = &s->reply->answer;
    answer->wire = s->room->wire;
    answer->wire_length = (uint32_t)s->room->writer.position;
    answer->ttl_offsets = s->room->ttl_offsets;
    answer->ttl_count = s->written;
    answer->ttl = s->may_be_kept && s->written ? s->ttl : 0;
    s->reply->answers = 1;
}

static void run(scan *s)
{
    if (!read_head(s))
        return;
    s->reply->flags = s->flags;
    s->reply->rcode = s->flags & 0xF;
    s->reply->truncated = (s->flags & WEIR_FLAG_TC) != 0;
    if (s->reply->truncated || !read_sections(s) ||
        !weir_scan_read_errors(&s->cursor, s->additional, s->reply, s->room))
        return;
    unsigned rcode = s->reply->rcode;
    if ((rcode != WEIR_NOERROR && rcode != WEIR_NXDOMAIN && rcode != YXDOMAIN) || is_referral(s) ||
        !choose(s))
        return;
    write_message(s);
    if (!s->cursor.error && weir_scan_gather(&s->cursor, s->answers, s->reply, s->room))
        give(s);
}

const char *weir_scan_reply(const uint8_t *message, size_t length, const weir_question *question,
                            const weir_ttl_limits *limits, weir_reply *reply, weir_reply_room *room)
{
    scan s = {.cursor = {message, length, 0, WEIR_SCAN_BUDGET, NULL},
              .limits = limits,
              .ttl = UINT32_MAX,
              .reply = reply,
              .room = room};
    memset(reply, 0, sizeof *reply);
    if (length > WEIR_MAX_MESSAGE || !weir_scan_name_of(question->name, question->name_length, &s.asked.name))
        return weir_scan_not_mine;
    s.asked.type = question->qtype;
    s.asked.class_ = question->qclass;
    s.asked.dnssec_ok = question->dnssec_ok;
    run(&s);
    return s.cursor.error;
}
