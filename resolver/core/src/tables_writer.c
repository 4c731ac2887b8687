/* A new file of clients and policies, its policies and its clients. Sets of rules are made in
 * tables_sets.c. */
#include "tables_writer.h"

#include <stdlib.h>

#include "tables_layout.h"
#include "tables_store.h"

#define WEIR_LARGEST_PAGE 65536u /* of the machines that Weir runs on (arm64 can have such) */

/* ---- files ---- */

/* Lines for so many clients: the inverse of weir_client_room. */
static uint32_t lines_for(uint32_t clients)
{
    return clients / WEIR_LINE_CLIENTS + 1;
}

static int layout_for(const weir_tables_room *room, weir_tables_layout *layout)
{
    uint64_t sets = weir_units(room->set_bytes), names = weir_units(room->name_bytes);
    if (room->policies > WEIR_MAX_POLICIES || sets > UINT32_MAX || names > UINT32_MAX)
        return 0;
    *layout = weir_tables_layout_of(lines_for(room->clients), room->policies, (uint32_t)sets,
                                    (uint32_t)names);
    return 1;
}

uint64_t weir_tables_size(const weir_tables_room *room)
{
    weir_tables_layout layout;
    return layout_for(room, &layout) && layout.file_bytes <= SIZE_MAX ? layout.file_bytes : 0;
}

static void write_sizes(uint8_t *bytes, const weir_tables_room *room, const weir_tables_layout *layout)
{
    weir_store64(bytes + WEIR_TABLES_AT_FILE_BYTES, layout->file_bytes);
    weir_store32(bytes + WEIR_TABLES_AT_LINES, lines_for(room->clients));
    weir_store32(bytes + WEIR_TABLES_AT_POLICIES, room->policies);
    weir_store32(bytes + WEIR_TABLES_AT_SETS, (uint32_t)weir_units(room->set_bytes));
    weir_store32(bytes + WEIR_TABLES_AT_NAMES, (uint32_t)weir_units(room->name_bytes));
    for (unsigned i = 0; i < WEIR_TABLE_SECTIONS; i++)
        weir_store64(bytes + WEIR_TABLES_AT_OFFSETS + 8 * i, layout->offset[i]);
}

int weir_tables_format(uint8_t *bytes, size_t size, const weir_tables_room *room, const weir_tables_origin *origin)
{
    weir_tables_layout layout;
    if (!layout_for(room, &layout) || layout.file_bytes != size)
        return WEIR_WRITE_REFUSED;
    memcpy(bytes + WEIR_TABLES_AT_MAGIC, WEIR_TABLES_MAGIC, 8);
    weir_store32(bytes + WEIR_TABLES_AT_VERSION, WEIR_TABLES_VERSION);
    weir_store32(bytes + WEIR_TABLES_AT_HEADER_BYTES, WEIR_TABLES_HEADER);
    weir_store64(bytes + WEIR_TABLES_AT_CREATED, origin->created);
    memcpy(bytes + WEIR_TABLES_AT_KEY, origin->key, sizeof origin->key);
    memcpy(bytes + WEIR_TABLES_AT_PLAN, origin->plan, sizeof origin->plan);
    memcpy(bytes + WEIR_TABLES_AT_BOOT, origin->boot, sizeof origin->boot);
    write_sizes(bytes, room, &layout);
    weir_store64(bytes + WEIR_TABLES_AT_CHECKSUM, weir_checksum(0, bytes, WEIR_TABLES_AT_CHECKSUM));
    for (unsigned i = 0; i < WEIR_WORDS; i++)
        weir_header_store(bytes, i, i == WEIR_WORD_DEFAULT ? WEIR_POLICY_NONE : 0);
    return WEIR_WRITE_DONE;
}

const char *weir_writer_open(weir_writer *writer, uint8_t *bytes, size_t size)
{
    const char *wrong = weir_tables_open(&writer->tables, bytes, size, 1);
    if (wrong != NULL)
        return wrong;
    writer->bytes = bytes;
    /* A writer that was killed between a client's word and the count of taken slots left the count one
     * behind. */
    const uint8_t *slot = bytes + writer->tables.place[WEIR_PLACE_OFFSET + WEIR_TABLE_CLIENTS];
    uint64_t taken = 0, slots = writer->tables.place[WEIR_PLACE_LINES] * WEIR_LINE_SLOTS;
    for (uint64_t i = 0; i < slots; i++, slot += WEIR_SLOT_BYTES)
        taken += weir_word_load(slot + 8) != 0;
    weir_header_store(bytes, WEIR_WORD_CLIENTS, taken);
    return NULL;
}

size_t weir_writer_records(const weir_writer *writer)
{
    return writer->tables.place[WEIR_PLACE_OFFSET + WEIR_TABLE_POLICIES] / WEIR_LARGEST_PAGE * WEIR_LARGEST_PAGE;
}

void weir_writer_count_edit(weir_writer *writer)
{
    weir_header_store(writer->bytes, WEIR_WORD_EDITS, weir_header_value(writer->bytes, WEIR_WORD_EDITS) + 1);
}

/* ---- policies ---- */

static int has_set(const weir_writer *writer, uint32_t unit, unsigned kind)
{
    uint64_t units = weir_header_value(writer->bytes, WEIR_WORD_SETS);
    if ((uint64_t)unit + WEIR_SET_HEADER / WEIR_UNIT > units)
        return 0;
    const uint8_t *set = writer->bytes + writer->tables.place[WEIR_PLACE_OFFSET + WEIR_TABLE_SETS];
    set += (size_t)unit * WEIR_UNIT;
    return set[WEIR_SET_AT_KIND] == kind && weir_load32(set + WEIR_SET_AT_SELF) == unit;
}

static void write_policy(uint8_t *record, const weir_policy *policy, uint32_t number)
{
    memset(record, 0, WEIR_POLICY_BYTES);
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++) {
        weir_store64(record + WEIR_POLICY_AT_BLOCK + 8 * i, policy->block[i]);
        weir_store64(record + WEIR_POLICY_AT_SECURITY + 8 * i, policy->security[i]);
        weir_store64(record + WEIR_POLICY_AT_ONLY + 8 * i, policy->only[i]);
    }
    weir_store32(record + WEIR_POLICY_AT_FLAGS, policy->flags);
    weir_store32(record + WEIR_POLICY_AT_RULES, policy->flags & WEIR_POLICY_RULES ? policy->rules : 0);
    weir_store32(record + WEIR_POLICY_AT_REWRITES, policy->flags & WEIR_POLICY_REWRITES ? policy->rewrites : 0);
    weir_store64(record + WEIR_POLICY_AT_CHECKSUM, weir_policy_checksum(record, number));
}

int weir_writer_policy(weir_writer *writer, const weir_policy *policy, uint32_t *number)
{
    uint64_t next = weir_header_value(writer->bytes, WEIR_WORD_POLICIES);
    if (policy->flags >= 2 * WEIR_POLICY_REWRITES ||
        (policy->flags & WEIR_POLICY_RULES && !has_set(writer, policy->rules, WEIR_SET_RULES)) ||
        (policy->flags & WEIR_POLICY_REWRITES && !has_set(writer, policy->rewrites, WEIR_SET_REWRITES)))
        return WEIR_WRITE_REFUSED;
    if (next >= writer->tables.place[WEIR_PLACE_POLICIES])
        return WEIR_WRITE_FULL;
    *number = (uint32_t)next;
    uint8_t *records = writer->bytes + writer->tables.place[WEIR_PLACE_OFFSET + WEIR_TABLE_POLICIES];
    write_policy(records + (size_t)next * WEIR_POLICY_BYTES, policy, *number);
    weir_header_store(writer->bytes, WEIR_WORD_POLICIES, next + 1);
    return WEIR_WRITE_DONE;
}

static int policy_field(const weir_writer *writer, uint32_t number, uint32_t *field)
{
    *field = number == WEIR_NO_POLICY ? WEIR_POLICY_NONE : number;
    return number == WEIR_NO_POLICY || number < weir_header_value(writer->bytes, WEIR_WORD_POLICIES);
}

int weir_writer_default(weir_writer *writer, uint32_t number)
{
    uint32_t field;
    if (!policy_field(writer, number, &field))
        return WEIR_WRITE_REFUSED;
    weir_header_store(writer->bytes, WEIR_WORD_DEFAULT, field);
    return WEIR_WRITE_DONE;
}

/* ---- clients ---- */

/* An identity as it is stored. */
typedef struct {
    weir_hash hash;
    unsigned family, domain, length;
} stored_key;

static int key_of(const weir_writer *writer, const weir_prefix *prefix, unsigned domain, stored_key *key)
{
    weir_identity who = weir_identity_of(&prefix->client, prefix->length);
    if (who.size == 0 || who.length > 8 * who.size)
        return 0;
    key->family = who.family;
    key->length = who.length;
    key->domain = domain;
    key->hash = weir_client_hash(&writer->tables.key, who.address, who.size, who.length, who.realm, domain);
    return 1;
}

/* The slot of a hash, or the free one where it belongs; NULL if there is neither. `index` gets its number. */
static uint8_t *slot_for(const weir_writer *writer, weir_hash hash, uint64_t *index)
{
    uint32_t lines = (uint32_t)writer->tables.place[WEIR_PLACE_LINES], line = weir_client_line(hash, lines);
    uint8_t *clients = writer->bytes + writer->tables.place[WEIR_PLACE_OFFSET + WEIR_TABLE_CLIENTS];
    unsigned tries = lines < WEIR_CLIENT_LINES_TRIED ? lines : WEIR_CLIENT_LINES_TRIED;
    for (; tries > 0; tries--) {
        for (unsigned i = 0; i < WEIR_LINE_SLOTS; i++) {
            *index = (uint64_t)line * WEIR_LINE_SLOTS + i;
            uint8_t *slot = clients + *index * WEIR_SLOT_BYTES;
            uint64_t word = weir_word_load(slot + 8);
            if (word == 0 || (weir_client_is(word, hash) && weir_load64(slot) == hash.h1))
                return slot;
        }
        line = line + 1 == lines ? 0 : line + 1;
    }
    return NULL;
}

/* Readers must look for the length before the first client of it can be found. */
static void note_length(weir_writer *writer, const stored_key *key)
{
    uint64_t bit;
    unsigned word = weir_length_word(key->family, key->domain, key->length, &bit);
    uint64_t lengths = weir_header_value(writer->bytes, word);
    if ((lengths & bit) == 0)
        weir_header_store(writer->bytes, word, lengths | bit);
}

/* Give the identity this policy field. `index` gets its slot, `changed` whether anything was stored. */
static int store_client(weir_writer *writer, const stored_key *key, uint32_t field, uint64_t *index, int *changed)
{
    uint8_t *slot = slot_for(writer, key->hash, index);
    uint64_t value = weir_client_value(key->hash, field), taken;
    if (slot == NULL)
        return WEIR_WRITE_FULL;
    uint64_t word = weir_word_load(slot + 8), wanted = weir_word_seal(value, key->hash.h1);
    *changed = word != wanted && (word != 0 || field != WEIR_POLICY_NONE);
    if (!*changed)
        return WEIR_WRITE_DONE;
    taken = weir_header_value(writer->bytes, WEIR_WORD_CLIENTS);
    if (word == 0 && taken >= weir_client_room(writer->tables.place[WEIR_PLACE_LINES]))
        return WEIR_WRITE_FULL;
    note_length(writer, key);
    if (word == 0)
        weir_store64(slot, key->hash.h1);
    weir_word_store(slot + 8, wanted);
    if (word == 0)
        weir_header_store(writer->bytes, WEIR_WORD_CLIENTS, taken + 1);
    return WEIR_WRITE_DONE;
}

int weir_writer_client(weir_writer *writer, const weir_prefix *prefix, uint32_t number)
{
    stored_key key;
    uint32_t field;
    uint64_t index;
    int changed;
    if (!key_of(writer, prefix, WEIR_DOMAIN_CLIENT, &key) || !policy_field(writer, number, &field))
        return WEIR_WRITE_REFUSED;
    return store_client(writer, &key, field, &index, &changed);
}

int weir_writer_served(weir_writer *writer, const weir_prefix *prefix)
{
    stored_key key;
    uint64_t index;
    int changed;
    if (!key_of(writer, prefix, WEIR_DOMAIN_SERVED, &key))
        return WEIR_WRITE_REFUSED;
    return store_client(writer, &key, WEIR_POLICY_SERVED, &index, &changed);
}

void weir_client_row_load(const uint8_t *row, weir_prefix *prefix, uint32_t *policy)
{
    memcpy(prefix->client.address, row, sizeof prefix->client.address);
    prefix->client.family = row[16];
    prefix->length = row[17];
    prefix->client.realm = weir_load32(row + 20);
    *policy = weir_load32(row + 24);
}

/* Take out every client whose slot was not seen. */
static uint64_t remove_unseen(weir_writer *writer, const uint8_t *seen)
{
    uint8_t *slot = writer->bytes + writer->tables.place[WEIR_PLACE_OFFSET + WEIR_TABLE_CLIENTS];
    uint64_t slots = writer->tables.place[WEIR_PLACE_LINES] * WEIR_LINE_SLOTS, removed = 0;
    for (uint64_t i = 0; i < slots; i++, slot += WEIR_SLOT_BYTES) {
        uint64_t value = weir_word_value(weir_word_load(slot + 8));
        uint32_t field = (uint32_t)(value & WEIR_POLICY_NONE);
        if (value == 0 || field == WEIR_POLICY_NONE || field == WEIR_POLICY_SERVED || seen[i / 8] >> i % 8 & 1)
            continue;
        weir_word_store(slot + 8, weir_word_seal(value | WEIR_POLICY_NONE, weir_load64(slot)));
        removed++;
    }
    return removed;
}

/* A row as it is stored. */
static int read_row(const weir_writer *writer, const uint8_t *row, stored_key *key, uint32_t *field)
{
    weir_prefix prefix;
    uint32_t policy;
    weir_client_row_load(row, &prefix, &policy);
    return key_of(writer, &prefix, WEIR_DOMAIN_CLIENT, key) && policy_field(writer, policy, field);
}

/* Whether all rows can be stored, looked at before the first is: a change is made whole or not at all. */
static int check_rows(const weir_writer *writer, const uint8_t *rows, size_t count)
{
    uint64_t wanted = weir_header_value(writer->bytes, WEIR_WORD_CLIENTS);
    for (size_t i = 0; i < count; i++) {
        stored_key key;
        uint32_t field;
        uint64_t index;
        if (!read_row(writer, rows + i * WEIR_CLIENT_ROW, &key, &field))
            return WEIR_WRITE_REFUSED;
        const uint8_t *slot = slot_for(writer, key.hash, &index);
        if (slot == NULL)
            return WEIR_WRITE_FULL;
        wanted += weir_word_load(slot + 8) == 0;
    }
    return wanted > weir_client_room(writer->tables.place[WEIR_PLACE_LINES]) ? WEIR_WRITE_FULL : WEIR_WRITE_DONE;
}

/* From the last row to the first: of two rows of one prefix only the last is ever stored. */
static int store_rows(weir_writer *writer, const uint8_t *rows, size_t count, uint8_t *seen, uint64_t *changes)
{
    for (size_t i = count; i-- > 0;) {
        stored_key key;
        uint32_t field;
        uint64_t index;
        int changed, outcome;
        if (!read_row(writer, rows + i * WEIR_CLIENT_ROW, &key, &field))
            return WEIR_WRITE_REFUSED;
        if (slot_for(writer, key.hash, &index) != NULL && seen[index / 8] >> index % 8 & 1)
            continue;
        if ((outcome = store_client(writer, &key, field, &index, &changed)) != WEIR_WRITE_DONE)
            return outcome;
        seen[index / 8] |= (uint8_t)(1u << index % 8);
        *changes += (uint64_t)changed;
    }
    return WEIR_WRITE_DONE;
}

int weir_writer_replace(weir_writer *writer, const uint8_t *rows, size_t count, weir_tables_changes *changes)
{
    uint8_t *seen = calloc(writer->tables.place[WEIR_PLACE_LINES] * WEIR_LINE_SLOTS / 8 + 1, 1);
    changes->changed = changes->removed = 0;
    if (seen == NULL)
        return WEIR_WRITE_NO_MEMORY;
    int outcome = check_rows(writer, rows, count);
    if (outcome == WEIR_WRITE_DONE)
        outcome = store_rows(writer, rows, count, seen, &changes->changed);
    if (outcome == WEIR_WRITE_DONE)
        changes->removed = remove_unseen(writer, seen);
    free(seen);
    return outcome;
}
