/* Sets of rules and rewrites: from a run of names to a small hash table with the names beside it. */
#include <stdlib.h>

#include "tables_layout.h"
#include "tables_store.h"
#include "tables_writer.h"

/* ---- the text ---- */

/* One name of a text. */
typedef struct {
    unsigned kind; /* WEIR_NAME_... */
    uint64_t until;
    const uint8_t *name;
    size_t length;
    uint32_t target; /* of a rewrite: its place in the text; 0 in rules */
} item;

typedef struct {
    const uint8_t *text;
    size_t length, position;
    unsigned kind; /* of the set */
} cursor;

/* The wire name with a byte of length before it, or NULL. */
static const uint8_t *next_name(cursor *at, size_t *length)
{
    weir_label labels[WEIR_MAX_LABELS];
    if (at->position >= at->length || at->text[at->position] > at->length - at->position - 1)
        return NULL;
    const uint8_t *name = at->text + at->position + 1;
    *length = at->text[at->position];
    at->position += 1 + *length;
    return weir_split_wire(name, *length, labels) < 0 ? NULL : name;
}

/* 1 and the next item, 0 at the end, -1 if the text is malformed. */
static int next_item(cursor *at, item *found)
{
    size_t target_length;
    if (at->position == at->length)
        return 0;
    memset(found, 0, sizeof *found);
    if (at->kind == WEIR_SET_RULES && (found->kind = at->text[at->position++]) > WEIR_NAME_GRANT)
        return -1;
    if (found->kind == WEIR_NAME_GRANT) {
        if (at->length - at->position < 8)
            return -1;
        found->until = weir_load64(at->text + at->position);
        at->position += 8;
    }
    if ((found->name = next_name(at, &found->length)) == NULL)
        return -1;
    if (at->kind == WEIR_SET_REWRITES) {
        found->target = (uint32_t)at->position;
        return next_name(at, &target_length) == NULL ? -1 : 1;
    }
    return 1;
}

typedef struct {
    uint32_t entries, grants;
} tally;

static int count_items(const uint8_t *text, size_t length, unsigned kind, tally *count)
{
    cursor at = {text, length, 0, kind};
    item found;
    int more;
    count->entries = count->grants = 0;
    if (length > UINT32_MAX / 2)
        return WEIR_WRITE_REFUSED;
    while ((more = next_item(&at, &found)) > 0)
        found.kind == WEIR_NAME_GRANT ? count->grants++ : count->entries++;
    if (more < 0 || count->entries > WEIR_MAX_SET_ENTRIES || count->grants > WEIR_MAX_GRANTS)
        return WEIR_WRITE_REFUSED;
    return WEIR_WRITE_DONE;
}

/* Two thirds full: most look-ups end at the first entry. */
static uint32_t slots_for(uint32_t entries)
{
    return entries + entries / 2 + (entries > 0);
}

static int cost(const uint8_t *text, size_t length, unsigned kind, weir_tables_room *room)
{
    tally count;
    if (count_items(text, length, kind, &count) != WEIR_WRITE_DONE)
        return WEIR_WRITE_REFUSED;
    room->set_bytes += WEIR_SET_HEADER + weir_set_body(slots_for(count.entries), count.grants);
    room->name_bytes += weir_units(length) * WEIR_UNIT;
    return WEIR_WRITE_DONE;
}

int weir_rules_cost(const uint8_t *text, size_t length, weir_tables_room *room)
{
    return cost(text, length, WEIR_SET_RULES, room);
}

int weir_rewrites_cost(const uint8_t *text, size_t length, weir_tables_room *room)
{
    return cost(text, length, WEIR_SET_REWRITES, room);
}

/* ---- the set ---- */

/* A set while it is filled; nothing of it counts yet. */
typedef struct {
    uint8_t *header, *entries, *grants;
    uint32_t slots, grants_filled;
} draft;

/* Labels of a name, 0 for the root, and the hash of all of it. */
static unsigned hash_name(const weir_key *key, const uint8_t *name, size_t length, weir_hash *hash)
{
    uint8_t padded[WEIR_MAX_WIRE + WEIR_PAD] = {0};
    weir_label labels[WEIR_MAX_LABELS];
    int count = weir_split_wire(name, length, labels);
    if (count <= 0)
        return 0;
    memcpy(padded, name, length);
    *hash = weir_hash_name(key, padded, labels, (unsigned)count);
    return (unsigned)count;
}

static void store_hash(uint8_t *at, weir_hash hash)
{
    weir_store64(at + WEIR_ENTRY_H1, hash.h1);
    weir_store32(at + WEIR_ENTRY_H2, (uint32_t)hash.h2);
    weir_store16(at + WEIR_ENTRY_H2 + 4, (uint16_t)(hash.h2 >> 32));
}

static int is_hash(const uint8_t *entry, weir_hash hash, unsigned kind)
{
    uint64_t h2 = weir_load32(entry + WEIR_ENTRY_H2);
    if (kind == WEIR_SET_RULES)
        h2 |= (uint64_t)weir_load16(entry + WEIR_ENTRY_H2 + 4) << 32;
    return weir_load64(entry) == hash.h1 && h2 == (kind == WEIR_SET_RULES ? hash.h2 : (uint32_t)hash.h2);
}

static int is_free(const uint8_t *entry, unsigned kind)
{
    return kind == WEIR_SET_RULES ? entry[WEIR_ENTRY_RULES] == 0 : weir_load32(entry + WEIR_ENTRY_TARGET) == 0;
}

/* The entry of a hash, or the free one where it belongs; NULL if the chain is too long. */
static uint8_t *entry_for(const draft *set, weir_hash hash, unsigned kind)
{
    uint32_t at = weir_entry_of(hash, set->slots);
    uint32_t tries = set->slots < WEIR_ENTRIES_TRIED ? set->slots : WEIR_ENTRIES_TRIED;
    for (; tries > 0; tries--) {
        uint8_t *entry = set->entries + (size_t)at * WEIR_ENTRY_BYTES;
        if (is_free(entry, kind) || is_hash(entry, hash, kind))
            return entry;
        at = at + 1 == set->slots ? 0 : at + 1;
    }
    return NULL;
}

static void note_labels(uint8_t *header, unsigned labels)
{
    if (header[WEIR_SET_AT_MIN_LABELS] == 0 || labels < header[WEIR_SET_AT_MIN_LABELS])
        header[WEIR_SET_AT_MIN_LABELS] = (uint8_t)labels;
    if (labels > header[WEIR_SET_AT_MAX_LABELS])
        header[WEIR_SET_AT_MAX_LABELS] = (uint8_t)labels;
}

/* 0 if the chain of its hash is too long for this number of slots. */
static int put_item(draft *set, const weir_key *key, const item *found, unsigned kind)
{
    weir_hash hash;
    unsigned labels = hash_name(key, found->name, found->length, &hash);
    if (found->kind == WEIR_NAME_GRANT) {
        uint8_t *grant = set->grants + (size_t)set->grants_filled++ * WEIR_GRANT_BYTES;
        if (labels > 0)
            store_hash(grant, hash);
        grant[WEIR_GRANT_LABELS] = (uint8_t)labels;
        weir_store64(grant + WEIR_GRANT_UNTIL, found->until);
        return 1;
    }
    if (labels == 0)
        return 1; /* the root: no name is below it as far as rules go (resolver.policy.verdict.suffixes) */
    uint8_t *entry = entry_for(set, hash, kind);
    if (entry == NULL)
        return 0;
    store_hash(entry, hash);
    if (kind == WEIR_SET_REWRITES) {
        weir_store32(entry + WEIR_ENTRY_TARGET, found->target);
        return 1;
    }
    static const uint8_t rules[] = {WEIR_ALLOW_EXACT, WEIR_ALLOW_BELOW, WEIR_DENY_EXACT, WEIR_DENY_BELOW};
    entry[WEIR_ENTRY_RULES] |= rules[found->kind];
    entry[WEIR_ENTRY_LABELS] = (uint8_t)labels;
    note_labels(set->header, labels);
    return 1;
}

static int fill(draft *set, const weir_key *key, cursor at)
{
    item found;
    while (next_item(&at, &found) > 0)
        if (!put_item(set, key, &found, at.kind))
            return 0;
    return 1;
}

/* The header, complete but for the checksum. */
static void write_header(uint8_t *header, const cursor *text, uint32_t slots, uint32_t grants, uint64_t unit,
                         uint64_t names)
{
    header[WEIR_SET_AT_KIND] = (uint8_t)text->kind;
    weir_store32(header + WEIR_SET_AT_SLOTS, slots);
    weir_store32(header + WEIR_SET_AT_GRANTS, grants);
    weir_store32(header + WEIR_SET_AT_NAMES, (uint32_t)names);
    weir_store32(header + WEIR_SET_AT_NAME_BYTES, (uint32_t)text->length);
    weir_store32(header + WEIR_SET_AT_SELF, (uint32_t)unit);
}

/* Fill the units beyond those that count; they begin to count at the end, names first. */
static int add_set(weir_writer *writer, const cursor *text, const tally *count, uint32_t slots, uint32_t *place)
{
    const uint64_t *at = writer->tables.place;
    uint64_t unit = weir_header_value(writer->bytes, WEIR_WORD_SETS);
    uint64_t name = weir_header_value(writer->bytes, WEIR_WORD_NAMES), body = weir_set_body(slots, count->grants);
    uint64_t units = weir_units(WEIR_SET_HEADER + body), name_units = weir_units(text->length);
    if (unit + units > at[WEIR_PLACE_SET_UNITS] || (name + name_units) * WEIR_UNIT > at[WEIR_PLACE_NAME_BYTES])
        return WEIR_WRITE_FULL;
    uint8_t *header = writer->bytes + at[WEIR_PLACE_OFFSET + WEIR_TABLE_SETS] + unit * WEIR_UNIT;
    uint8_t *names = writer->bytes + at[WEIR_PLACE_OFFSET + WEIR_TABLE_NAMES] + name * WEIR_UNIT;
    memset(header, 0, units * WEIR_UNIT);
    memcpy(names, text->text, text->length);
    write_header(header, text, slots, count->grants, unit, name);
    draft set = {header, header + WEIR_SET_HEADER, NULL, slots, 0};
    set.grants = set.entries + (size_t)slots * WEIR_ENTRY_BYTES;
    if (!fill(&set, &writer->tables.key, *text))
        return WEIR_WRITE_REFUSED;
    weir_store64(header + WEIR_SET_AT_CHECKSUM, weir_set_checksum(header, body, names, (uint32_t)text->length));
    weir_header_store(writer->bytes, WEIR_WORD_NAMES, name + name_units);
    weir_header_store(writer->bytes, WEIR_WORD_SETS, unit + units);
    *place = (uint32_t)unit;
    return WEIR_WRITE_DONE;
}

/* A chain that is too long (the hash is keyed: next to never) is shorter among more slots. */
static int write_set(weir_writer *writer, const uint8_t *text, size_t length, unsigned kind, uint32_t *place)
{
    cursor from = {text, length, 0, kind};
    tally count;
    int outcome = count_items(text, length, kind, &count);
    if (outcome != WEIR_WRITE_DONE)
        return outcome;
    for (uint32_t slots = slots_for(count.entries); slots <= 4 * WEIR_MAX_SET_ENTRIES; slots = 2 * slots + 1)
        if ((outcome = add_set(writer, &from, &count, slots, place)) != WEIR_WRITE_REFUSED)
            return outcome;
    return WEIR_WRITE_REFUSED;
}

int weir_writer_rules(weir_writer *writer, const uint8_t *text, size_t length, uint32_t *set)
{
    return write_set(writer, text, length, WEIR_SET_RULES, set);
}

int weir_writer_rewrites(weir_writer *writer, const uint8_t *text, size_t length, uint32_t *set)
{
    return write_set(writer, text, length, WEIR_SET_REWRITES, set);
}
