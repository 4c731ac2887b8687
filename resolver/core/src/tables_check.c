/* Opening a tables' file: what must hold before a look-up may trust the places that the header names. */
#include "tables.h"

#include "bytes.h"
#include "tables_layout.h"

static const char damaged[] = "its checksums do not match: it is damaged";

static int is_zero(const uint8_t *bytes, size_t length)
{
    uint8_t any = 0;
    for (size_t i = 0; i < length; i++)
        any |= bytes[i];
    return any == 0;
}

static uint64_t header_word(const uint8_t *bytes, unsigned word)
{
    return weir_word_value(weir_word_load(bytes + WEIR_TABLES_AT_WORDS + 8 * word));
}

static const char *check_identity(const uint8_t *bytes, size_t size)
{
    if (size < WEIR_TABLES_HEADER)
        return "it is shorter than the header of clients and policies";
    if ((uintptr_t)bytes % sizeof(uint64_t) != 0)
        return "it is not mapped at an aligned address";
    if (memcmp(bytes, WEIR_TABLES_MAGIC, 8) != 0)
        return "it is not a Weir file of clients and policies";
    if (weir_load32(bytes + WEIR_TABLES_AT_VERSION) != WEIR_TABLES_VERSION ||
        weir_load32(bytes + WEIR_TABLES_AT_HEADER_BYTES) != WEIR_TABLES_HEADER)
        return "it was made by another version of Weir";
    if (weir_load64(bytes + WEIR_TABLES_AT_FILE_BYTES) != size)
        return "its size is not the one in its header: it is cut short or was added to";
    if (weir_checksum(0, bytes, WEIR_TABLES_AT_CHECKSUM) != weir_load64(bytes + WEIR_TABLES_AT_CHECKSUM))
        return "its header is damaged";
    if (!is_zero(bytes + WEIR_TABLES_AT_RESERVED, WEIR_TABLES_AT_CHECKSUM - WEIR_TABLES_AT_RESERVED))
        return "its header uses fields that this version does not know";
    return NULL;
}

static const char *place_sections(weir_tables *tables, const uint8_t *bytes, size_t size)
{
    uint32_t lines = weir_load32(bytes + WEIR_TABLES_AT_LINES);
    uint32_t policies = weir_load32(bytes + WEIR_TABLES_AT_POLICIES);
    uint32_t sets = weir_load32(bytes + WEIR_TABLES_AT_SETS);
    uint32_t names = weir_load32(bytes + WEIR_TABLES_AT_NAMES);
    weir_tables_layout layout = weir_tables_layout_of(lines, policies, sets, names);
    if (lines == 0 || policies > WEIR_MAX_POLICIES)
        return "its sizes are impossible";
    if (layout.file_bytes != size)
        return "its sizes do not fit its length";
    for (unsigned i = 0; i < WEIR_TABLE_SECTIONS; i++) {
        if (weir_load64(bytes + WEIR_TABLES_AT_OFFSETS + 8 * i) != layout.offset[i])
            return "its sections are not where its sizes put them";
        tables->place[WEIR_PLACE_OFFSET + i] = layout.offset[i];
    }
    tables->place[WEIR_PLACE_LINES] = lines;
    tables->place[WEIR_PLACE_POLICIES] = policies;
    tables->place[WEIR_PLACE_SET_UNITS] = sets;
    tables->place[WEIR_PLACE_NAME_BYTES] = layout.bytes[WEIR_TABLE_NAMES];
    return NULL;
}

/* The words that change. Sound at any moment, whoever writes: each is stored whole. */
static const char *check_words(const weir_tables *tables, const uint8_t *bytes)
{
    for (unsigned i = 0; i < WEIR_WORDS; i++)
        if (!weir_word_sound(weir_word_load(bytes + WEIR_TABLES_AT_WORDS + 8 * i), i))
            return "a word of its header is damaged";
    if (header_word(bytes, WEIR_WORD_POLICIES) > tables->place[WEIR_PLACE_POLICIES] ||
        header_word(bytes, WEIR_WORD_SETS) > tables->place[WEIR_PLACE_SET_UNITS] ||
        header_word(bytes, WEIR_WORD_NAMES) * WEIR_UNIT > tables->place[WEIR_PLACE_NAME_BYTES])
        return "it holds more than it has room for";
    return NULL;
}

/* ---- every record ---- */

/* Acquire: the count is read before the records that it takes in, so a file that is being edited is checked
 * too. */
static const char *check_clients(const weir_tables *tables, uint64_t policies)
{
    const uint8_t *slot = tables->bytes + tables->place[WEIR_PLACE_OFFSET + WEIR_TABLE_CLIENTS];
    for (uint64_t i = 0; i < tables->place[WEIR_PLACE_LINES] * WEIR_LINE_SLOTS; i++, slot += WEIR_SLOT_BYTES) {
        uint64_t word = weir_word_load(slot + 8);
        uint32_t policy = (uint32_t)(word & WEIR_POLICY_NONE);
        if (word == 0)
            continue;
        if (!weir_word_sound(word, weir_load64(slot)) || (word & WEIR_CLIENT_SET) == 0)
            return damaged;
        if (policy >= policies && policy != WEIR_POLICY_NONE && policy != WEIR_POLICY_SERVED)
            return "a client has a policy that does not exist";
    }
    return NULL;
}

/* Whether a policy's place is that of a set of this kind. That the set is sound is checked with all sets. */
static int is_set(const weir_tables *tables, uint32_t unit, unsigned kind)
{
    if ((uint64_t)unit + WEIR_SET_HEADER / WEIR_UNIT > header_word(tables->bytes, WEIR_WORD_SETS))
        return 0;
    const uint8_t *set =
        tables->bytes + tables->place[WEIR_PLACE_OFFSET + WEIR_TABLE_SETS] + (size_t)unit * WEIR_UNIT;
    return set[WEIR_SET_AT_KIND] == kind && weir_load32(set + WEIR_SET_AT_SELF) == unit;
}

static const char *check_policies(const weir_tables *tables, uint64_t policies)
{
    const uint8_t *record = tables->bytes + tables->place[WEIR_PLACE_OFFSET + WEIR_TABLE_POLICIES];
    for (uint32_t number = 0; number < policies; number++, record += WEIR_POLICY_BYTES) {
        uint32_t flags = weir_load32(record + WEIR_POLICY_AT_FLAGS);
        if (weir_policy_checksum(record, number) != weir_load64(record + WEIR_POLICY_AT_CHECKSUM))
            return damaged;
        if (flags >= 2 * WEIR_POLICY_REWRITES || weir_load32(record + WEIR_POLICY_AT_ZERO) != 0)
            return "a policy uses what this version does not know";
        if ((flags & WEIR_POLICY_RULES &&
             !is_set(tables, weir_load32(record + WEIR_POLICY_AT_RULES), WEIR_SET_RULES)) ||
            (flags & WEIR_POLICY_REWRITES &&
             !is_set(tables, weir_load32(record + WEIR_POLICY_AT_REWRITES), WEIR_SET_REWRITES)))
            return "a policy has rules that do not exist";
    }
    return NULL;
}

/* The units of the set at `unit`, 0 if it is not sound. `names` goes from set to set: their names follow one
 * another, so that the whole check reads every byte once. */
static uint64_t check_set(const weir_tables *tables, uint64_t unit, uint64_t units, uint64_t *names)
{
    const uint8_t *set = tables->bytes + tables->place[WEIR_PLACE_OFFSET + WEIR_TABLE_SETS] + unit * WEIR_UNIT;
    if (unit + WEIR_SET_HEADER / WEIR_UNIT > units || weir_load32(set + WEIR_SET_AT_SELF) != unit)
        return 0;
    uint32_t grants = weir_load32(set + WEIR_SET_AT_GRANTS), name_bytes = weir_load32(set + WEIR_SET_AT_NAME_BYTES);
    uint64_t body = weir_set_body(weir_load32(set + WEIR_SET_AT_SLOTS), grants);
    uint64_t length = weir_units(WEIR_SET_HEADER + body), at = weir_load32(set + WEIR_SET_AT_NAMES);
    if (unit + length > units || grants > WEIR_MAX_GRANTS || at < *names ||
        at + weir_units(name_bytes) > header_word(tables->bytes, WEIR_WORD_NAMES))
        return 0;
    const uint8_t *text = tables->bytes + tables->place[WEIR_PLACE_OFFSET + WEIR_TABLE_NAMES] + at * WEIR_UNIT;
    *names = at + weir_units(name_bytes);
    if (weir_set_checksum(set, body, text, name_bytes) != weir_load64(set + WEIR_SET_AT_CHECKSUM))
        return 0;
    return length;
}

static const char *check_content(const weir_tables *tables)
{
    const char *wrong;
    uint64_t policies = header_word(tables->bytes, WEIR_WORD_POLICIES);
    uint64_t units = header_word(tables->bytes, WEIR_WORD_SETS), names = 0, length;
    uint64_t standard = header_word(tables->bytes, WEIR_WORD_DEFAULT);
    if (standard >= policies && standard != WEIR_POLICY_NONE)
        return "its default policy does not exist";
    for (uint64_t unit = 0; unit < units; unit += length)
        if ((length = check_set(tables, unit, units, &names)) == 0)
            return damaged;
    if ((wrong = check_policies(tables, policies)) != NULL)
        return wrong;
    return check_clients(tables, header_word(tables->bytes, WEIR_WORD_POLICIES));
}

const char *weir_tables_open(weir_tables *tables, const uint8_t *bytes, size_t size, int verify)
{
    const char *wrong;
    memset(tables, 0, sizeof *tables);
    if ((wrong = check_identity(bytes, size)) != NULL || (wrong = place_sections(tables, bytes, size)) != NULL ||
        (wrong = check_words(tables, bytes)) != NULL)
        return wrong;
    tables->bytes = bytes;
    tables->size = size;
    weir_key_load(&tables->key, bytes + WEIR_TABLES_AT_KEY);
    return verify ? check_content(tables) : NULL;
}

void weir_tables_describe(const weir_tables *tables, weir_tables_facts *facts)
{
    const uint8_t *bytes = tables->bytes;
    memcpy(facts->plan, bytes + WEIR_TABLES_AT_PLAN, sizeof facts->plan);
    memcpy(facts->boot, bytes + WEIR_TABLES_AT_BOOT, sizeof facts->boot);
    facts->created = weir_load64(bytes + WEIR_TABLES_AT_CREATED);
    facts->room_clients = (uint32_t)weir_client_room(tables->place[WEIR_PLACE_LINES]);
    facts->room_policies = (uint32_t)tables->place[WEIR_PLACE_POLICIES];
    facts->clients = (uint32_t)header_word(bytes, WEIR_WORD_CLIENTS);
    facts->policies = (uint32_t)header_word(bytes, WEIR_WORD_POLICIES);
    facts->edits = header_word(bytes, WEIR_WORD_EDITS);
}
