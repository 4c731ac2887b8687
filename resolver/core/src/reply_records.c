/* Reading records; the chain of aliases; what lies on it. */
#include "reply_records.h"

#include <string.h>

static int read_record(weir_scan_cursor *cursor, weir_scan_record *record)
{
    weir_scan_name owner;
    record->owner = (uint32_t)cursor->position;
    record->kept = 0;
    if (!weir_scan_read_name(cursor, &owner))
        return 0;
    record->hash = owner.hash[0];
    record->type = weir_scan_take16(cursor);
    record->class_ = weir_scan_take16(cursor);
    record->ttl = weir_scan_take32(cursor);
    uint16_t length = weir_scan_take16(cursor);
    record->start = (uint32_t)cursor->position;
    if (!weir_scan_take(cursor, length))
        return 0;
    record->end = (uint32_t)cursor->position;
    if (record->type != WEIR_QTYPE_OPT && record->ttl >> 31) /* RFC 2181 section 8 */
        record->ttl = 0;
    return 1;
}

int weir_scan_read_section(weir_scan_cursor *cursor, weir_scan_section *section)
{
    for (unsigned i = 0; i < section->count; i++)
        if (!read_record(cursor, &section->record[i]))
            return 0;
    return 1;
}

/* The name at `place`, which has been read before or stands in rdata. */
static int name_at(weir_scan_cursor *cursor, size_t place, weir_scan_name *name)
{
    cursor->position = place;
    return weir_scan_read_name(cursor, name);
}

static int on_chain(const weir_scan_chain *chain, const weir_scan_name *name)
{
    for (unsigned i = 0; i < chain->count; i++)
        if (chain->name[i].hash == name->hash[0] && chain->name[i].length == name->length &&
            !memcmp(chain->name[i].bytes, name->lower, name->length))
            return 1;
    return 0;
}

static void add_to_chain(weir_scan_chain *chain, const weir_scan_name *name)
{
    chain->name[chain->count].hash = name->hash[0];
    chain->name[chain->count].length = name->length;
    memcpy(chain->name[chain->count].bytes, name->lower, name->length);
    chain->count++;
}

static int is_class(const weir_scan_asked *asked, const weir_scan_record *record)
{
    return asked->class_ == record->class_ || asked->class_ == WEIR_QCLASS_ANY;
}

/* Read into `next` where the first CNAME at the chain's end leads; 0 if there is none, or an error. */
static int next_alias(weir_scan_cursor *cursor, const weir_scan_asked *asked, const weir_scan_chain *chain,
                      weir_scan_section answers, weir_scan_name *next)
{
    uint32_t hash = chain->name[chain->count - 1].hash;
    unsigned length = chain->name[chain->count - 1].length;
    if (!weir_scan_spend(cursor, answers.count))
        return 0;
    for (unsigned i = 0; i < answers.count; i++) {
        const weir_scan_record *record = &answers.record[i];
        if (record->type != WEIR_QTYPE_CNAME || record->hash != hash || !is_class(asked, record) ||
            !name_at(cursor, record->owner, next))
            continue;
        if (next->length == length && !memcmp(next->lower, chain->name[chain->count - 1].bytes, length))
            return name_at(cursor, record->start, next);
    }
    return 0;
}

int weir_scan_follow(weir_scan_cursor *cursor, const weir_scan_asked *asked, weir_scan_section answers,
                     weir_scan_chain *chain)
{
    weir_scan_name next;
    int aliases = 0;
    chain->count = chain->dnames = 0;
    add_to_chain(chain, &asked->name);
    for (unsigned i = 0; i < answers.count; i++) {
        aliases |= answers.record[i].type == WEIR_QTYPE_CNAME;
        chain->dnames |= answers.record[i].type == WEIR_QTYPE_DNAME;
    }
    if (!aliases || asked->type == WEIR_QTYPE_CNAME || asked->type == WEIR_QTYPE_ANY)
        return 1;
    while (next_alias(cursor, asked, chain, answers, &next) && !on_chain(chain, &next)) {
        if (chain->count > WEIR_MAX_ALIASES)
            return weir_scan_fail(cursor, "more than 32 aliases");
        add_to_chain(chain, &next);
    }
    return !cursor->error;
}

/* Whether `name` is a parent of a name on the chain. */
static int above_chain(const weir_scan_chain *chain, const weir_scan_name *name)
{
    for (unsigned i = 0; i < chain->count; i++) {
        unsigned length = chain->name[i].length, at = 0;
        while (length - at > name->length)
            at += chain->name[i].bytes[at] + 1u;
        if (at && length - at == name->length && !memcmp(chain->name[i].bytes + at, name->lower,
                                                         name->length))
            return 1;
    }
    return 0;
}

/* Whether the answer has a DNAME record at this name. */
static int has_dname(weir_scan_cursor *cursor, const weir_scan_asked *asked, const weir_scan_name *name,
                     weir_scan_section answers)
{
    weir_scan_name owner;
    if (!weir_scan_spend(cursor, answers.count))
        return 0;
    for (unsigned i = 0; i < answers.count; i++) {
        const weir_scan_record *record = &answers.record[i];
        if (record->type == WEIR_QTYPE_DNAME && record->hash == name->hash[0] && is_class(asked, record) &&
            name_at(cursor, record->owner, &owner) && owner.length == name->length &&
            !memcmp(owner.lower, name->lower, name->length))
            return 1;
    }
    return 0;
}

static int belongs(weir_scan_cursor *cursor, const weir_scan_asked *asked, const weir_scan_chain *chain,
                   weir_scan_section answers, const weir_scan_record *record)
{
    weir_scan_name owner;
    int redirects = record->type == WEIR_QTYPE_DNAME || record->type == WEIR_QTYPE_RRSIG;
    int wanted = redirects || record->type == WEIR_QTYPE_CNAME || record->type == asked->type ||
                 asked->type == WEIR_QTYPE_ANY;
    if (!is_class(asked, record) || record->type == WEIR_QTYPE_OPT || !wanted)
        return 0;
    if (!weir_scan_spend(cursor, chain->count) || !name_at(cursor, record->owner, &owner))
        return 0;
    if (on_chain(chain, &owner))
        return 1;
    return redirects && chain->dnames && above_chain(chain, &owner) && has_dname(cursor, asked, &owner,
                                                                                 answers);
}

unsigned weir_scan_keep(weir_scan_cursor *cursor, const weir_scan_asked *asked, const weir_scan_chain *chain,
                        weir_scan_section answers)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < answers.count; i++)
        kept += answers.record[i].kept = (uint8_t)belongs(cursor, asked, chain, answers, &answers.record[i]);
    return kept;
}

/* Whether the chain's end is the name or below it. */
static int holds_end(const weir_scan_chain *chain, const weir_scan_name *apex)
{
    const uint8_t *end = chain->name[chain->count - 1].bytes;
    unsigned length = chain->name[chain->count - 1].length, at = 0;
    while (length - at > apex->length)
        at += end[at] + 1u;
    return length - at == apex->length && !memcmp(end + at, apex->lower, apex->length);
}

weir_scan_record *weir_scan_find_soa(weir_scan_cursor *cursor, const weir_scan_asked *asked,
                                     const weir_scan_chain *chain, weir_scan_section authorities)
{
    weir_scan_name owner;
    for (unsigned i = 0; i < authorities.count; i++) {
        weir_scan_record *record = &authorities.record[i];
        if (record->type == WEIR_QTYPE_SOA && is_class(asked, record) &&
            name_at(cursor, record->owner, &owner) && holds_end(chain, &owner))
            return record;
    }
    return NULL;
}

/* Whether an RRSIG record signs one of the types of a proof (RFC 4034 section 3.1). */
static int covers_proof(weir_scan_cursor *cursor, const weir_scan_record *signature, int soa)
{
    cursor->position = signature->start;
    uint16_t covered = weir_scan_take16(cursor);
    return covered == WEIR_QTYPE_NSEC || covered == WEIR_QTYPE_NSEC3 || (soa && covered == WEIR_QTYPE_SOA);
}

unsigned weir_scan_keep_proof(weir_scan_cursor *cursor, const weir_scan_asked *asked,
                              weir_scan_section authorities, int soa)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < authorities.count && asked->dnssec_ok; i++) {
        weir_scan_record *record = &authorities.record[i];
        if (record->class_ != asked->class_)
            continue;
        record->kept = record->type == WEIR_QTYPE_NSEC || record->type == WEIR_QTYPE_NSEC3 ||
                       (record->type == WEIR_QTYPE_RRSIG && covers_proof(cursor, record, soa));
        kept += record->kept;
    }
    return kept;
}
