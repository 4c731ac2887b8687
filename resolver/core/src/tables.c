/* Look-ups in the clients and policies that tables_check.c has opened. Nothing here writes or waits. */
#include "tables.h"

#include "bytes.h"
#include "tables_layout.h"

#define PREFETCH_ENTRIES 512u /* octets of a set's entries: those of a family have place in them */

static inline const uint8_t *section(const weir_tables *tables, unsigned which)
{
    return tables->bytes + tables->place[WEIR_PLACE_OFFSET + which];
}

static inline uint64_t header_word(const weir_tables *tables, unsigned word)
{
    return weir_word_value(weir_word_load(tables->bytes + WEIR_TABLES_AT_WORDS + 8 * word));
}

/* ---- who ---- */

static inline const uint8_t *line_of(const weir_tables *tables, uint32_t line)
{
    return section(tables, WEIR_TABLE_CLIENTS) + (size_t)line * WEIR_LINE_SLOTS * WEIR_SLOT_BYTES;
}

/* The value of the word for a hash; 0 if it never had one. A slot's hash is fixed before its word is first
 * set, so it is looked at only after the word (acquire), and the word seen belongs to it. */
static uint64_t find(const weir_tables *tables, weir_hash hash)
{
    uint32_t lines = (uint32_t)tables->place[WEIR_PLACE_LINES];
    uint32_t line = weir_client_line(hash, lines);
    unsigned tries = lines < WEIR_CLIENT_LINES_TRIED ? lines : WEIR_CLIENT_LINES_TRIED;
    for (; tries > 0; tries--) {
        const uint8_t *slot = line_of(tables, line);
        for (unsigned i = 0; i < WEIR_LINE_SLOTS; i++, slot += WEIR_SLOT_BYTES) {
            uint64_t word = weir_word_load(slot + 8);
            if (word == 0)
                return 0;
            if (weir_client_is(word, hash) && weir_load64(slot) == hash.h1)
                return weir_word_value(word);
        }
        line = line + 1 == lines ? 0 : line + 1;
    }
    return 0;
}

/* The policy field of the longest prefix of a domain that holds the identity; WEIR_POLICY_NONE if none
 * does. */
static uint32_t find_longest(const weir_tables *tables, const weir_identity *who, unsigned domain)
{
    uint64_t bit;
    unsigned last = weir_length_word(who->family, domain, 8 * who->size, &bit);
    unsigned first = weir_length_word(who->family, domain, 0, &bit);
    for (unsigned word = last + 1; word-- > first;) {
        for (uint64_t lengths = header_word(tables, word); lengths != 0;) {
            unsigned highest = 63u - (unsigned)__builtin_clzll(lengths);
            lengths ^= UINT64_C(1) << highest;
            unsigned prefix = (word - first) * WEIR_WORD_LENGTHS + highest;
            if (prefix > 8 * who->size)
                continue;
            weir_hash hash =
                weir_client_hash(&tables->key, who->address, who->size, prefix, who->realm, domain);
            uint64_t value = find(tables, hash);
            if (value != 0 && (value & WEIR_POLICY_NONE) != WEIR_POLICY_NONE)
                return (uint32_t)(value & WEIR_POLICY_NONE);
        }
    }
    return WEIR_POLICY_NONE;
}

void weir_tables_prefetch(const weir_tables *tables, const weir_client *client)
{
    weir_identity who = weir_identity_of(client, WEIR_WHOLE_ADDRESS);
    uint64_t bit;
    if (who.size == 0)
        return;
    unsigned word = weir_length_word(who.family, WEIR_DOMAIN_CLIENT, 8 * who.size, &bit);
    if ((header_word(tables, word) & bit) == 0)
        return;
    weir_hash hash =
        weir_client_hash(&tables->key, who.address, who.size, 8 * who.size, who.realm, WEIR_DOMAIN_CLIENT);
    __builtin_prefetch(line_of(tables, weir_client_line(hash, (uint32_t)tables->place[WEIR_PLACE_LINES])));
}

uint32_t weir_tables_default(const weir_tables *tables)
{
    uint32_t policy = (uint32_t)(header_word(tables, WEIR_WORD_DEFAULT) & WEIR_POLICY_NONE);
    return policy == WEIR_POLICY_NONE ? WEIR_NO_POLICY : policy;
}

uint32_t weir_tables_policy_of(const weir_tables *tables, const weir_client *client)
{
    weir_identity who = weir_identity_of(client, WEIR_WHOLE_ADDRESS);
    if (who.size == 0)
        return WEIR_NO_POLICY;
    uint32_t policy = find_longest(tables, &who, WEIR_DOMAIN_CLIENT);
    if (policy != WEIR_POLICY_NONE)
        return policy;
    if (find_longest(tables, &who, WEIR_DOMAIN_SERVED) == WEIR_POLICY_NONE)
        return WEIR_NO_POLICY;
    return weir_tables_default(tables);
}

uint32_t weir_tables_policy_at(const weir_tables *tables, const weir_prefix *prefix)
{
    weir_identity who = weir_identity_of(&prefix->client, prefix->length);
    if (who.size == 0 || who.length > 8 * who.size)
        return WEIR_NO_POLICY;
    uint64_t value = find(tables, weir_client_hash(&tables->key, who.address, who.size, who.length, who.realm,
                                                   WEIR_DOMAIN_CLIENT));
    uint32_t policy = (uint32_t)(value & WEIR_POLICY_NONE);
    return value == 0 || policy == WEIR_POLICY_NONE ? WEIR_NO_POLICY : policy;
}

/* ---- what they may ---- */

static void load_mask(uint64_t mask[WEIR_MASK_WORDS], const uint8_t *from)
{
    for (unsigned i = 0; i < WEIR_MASK_WORDS; i++)
        mask[i] = weir_load64(from + 8 * i);
}

static inline const uint8_t *record_of(const weir_tables *tables, uint32_t number)
{
    return section(tables, WEIR_TABLE_POLICIES) + (size_t)number * WEIR_POLICY_BYTES;
}

void weir_tables_prefetch_policy(const weir_tables *tables, uint32_t number)
{
    if (number >= tables->place[WEIR_PLACE_POLICIES])
        return;
    for (unsigned at = 0; at < WEIR_POLICY_BYTES; at += WEIR_TABLES_ALIGN)
        __builtin_prefetch(record_of(tables, number) + at);
}

int weir_tables_policy(const weir_tables *tables, uint32_t number, weir_policy *policy)
{
    if (number >= tables->place[WEIR_PLACE_POLICIES] || number >= header_word(tables, WEIR_WORD_POLICIES))
        return 0;
    const uint8_t *record = record_of(tables, number);
    load_mask(policy->block, record + WEIR_POLICY_AT_BLOCK);
    load_mask(policy->security, record + WEIR_POLICY_AT_SECURITY);
    load_mask(policy->only, record + WEIR_POLICY_AT_ONLY);
    policy->flags = weir_load32(record + WEIR_POLICY_AT_FLAGS);
    policy->rules = weir_load32(record + WEIR_POLICY_AT_RULES);
    policy->rewrites = weir_load32(record + WEIR_POLICY_AT_REWRITES);
    return 1;
}

/* A set whose every part was found to lie within the file. */
typedef struct {
    const uint8_t *entries, *grants, *names;
    uint32_t slots, grant_count, name_bytes;
    unsigned min_labels, max_labels;
} set_view;

static int view_set(const weir_tables *tables, uint32_t unit, unsigned kind, set_view *set)
{
    uint64_t room = tables->place[WEIR_PLACE_SET_UNITS] * WEIR_UNIT, start = (uint64_t)unit * WEIR_UNIT;
    if (start + WEIR_SET_HEADER > room)
        return 0;
    const uint8_t *header = section(tables, WEIR_TABLE_SETS) + start;
    set->slots = weir_load32(header + WEIR_SET_AT_SLOTS);
    set->grant_count = weir_load32(header + WEIR_SET_AT_GRANTS);
    set->name_bytes = weir_load32(header + WEIR_SET_AT_NAME_BYTES);
    set->min_labels = header[WEIR_SET_AT_MIN_LABELS];
    set->max_labels = header[WEIR_SET_AT_MAX_LABELS];
    uint64_t names = (uint64_t)weir_load32(header + WEIR_SET_AT_NAMES) * WEIR_UNIT;
    if (header[WEIR_SET_AT_KIND] != kind || set->grant_count > WEIR_MAX_GRANTS ||
        start + WEIR_SET_HEADER + weir_set_body(set->slots, set->grant_count) > room ||
        names + set->name_bytes > tables->place[WEIR_PLACE_NAME_BYTES])
        return 0;
    set->entries = header + WEIR_SET_HEADER;
    set->grants = set->entries + (size_t)set->slots * WEIR_ENTRY_BYTES;
    set->names = section(tables, WEIR_TABLE_NAMES) + names;
    return 1;
}

void weir_tables_prefetch_set(const weir_tables *tables, const weir_policy *policy)
{
    if ((policy->flags & WEIR_POLICY_RULES) && policy->rules < tables->place[WEIR_PLACE_SET_UNITS])
        __builtin_prefetch(section(tables, WEIR_TABLE_SETS) + (uint64_t)policy->rules * WEIR_UNIT);
}

void weir_tables_prefetch_rules(const weir_tables *tables, const weir_policy *policy, unsigned labels)
{
    set_view set;
    if ((policy->flags & WEIR_POLICY_RULES) == 0 || !view_set(tables, policy->rules, WEIR_SET_RULES, &set) ||
        set.min_labels == 0 || labels < set.min_labels)
        return;
    size_t bytes = (size_t)set.slots * WEIR_ENTRY_BYTES;
    for (size_t at = 0; at < bytes && at < PREFETCH_ENTRIES; at += WEIR_TABLES_ALIGN)
        __builtin_prefetch(set.entries + at);
}

static inline uint64_t load_h2(const uint8_t *from)
{
    return weir_load32(from) | (uint64_t)weir_load16(from + 4) << 32;
}

static unsigned find_grant(const set_view *set, const weir_hash *hash, unsigned labels, uint64_t unix_ms)
{
    for (uint32_t i = 0; i < set->grant_count; i++) {
        const uint8_t *grant = set->grants + (size_t)i * WEIR_GRANT_BYTES;
        unsigned n = grant[WEIR_GRANT_LABELS];
        if (n != 0 && n <= labels && unix_ms < weir_load64(grant + WEIR_GRANT_UNTIL) &&
            weir_load64(grant) == hash[n - 1].h1 && load_h2(grant + WEIR_ENTRY_H2) == hash[n - 1].h2)
            return n;
    }
    return 0;
}

/* The rules at a name, bits of WEIR_ALLOW_EXACT and others; 0 if there is none. */
static unsigned find_rules(const set_view *set, weir_hash hash)
{
    uint32_t at = weir_entry_of(hash, set->slots);
    uint32_t tries = set->slots < WEIR_ENTRIES_TRIED ? set->slots : WEIR_ENTRIES_TRIED;
    for (; tries > 0; tries--) {
        const uint8_t *entry = set->entries + (size_t)at * WEIR_ENTRY_BYTES;
        if (entry[WEIR_ENTRY_RULES] == 0)
            return 0;
        if (weir_load64(entry) == hash.h1 && load_h2(entry + WEIR_ENTRY_H2) == hash.h2)
            return entry[WEIR_ENTRY_RULES];
        at = at + 1 == set->slots ? 0 : at + 1;
    }
    return 0;
}

unsigned weir_tables_rule(const weir_tables *tables, const weir_policy *policy, const weir_hash *hash,
                          unsigned labels, int grants, int rules, uint64_t unix_ms, unsigned *matched)
{
    set_view set;
    if ((policy->flags & WEIR_POLICY_RULES) == 0 || !view_set(tables, policy->rules, WEIR_SET_RULES, &set))
        return WEIR_RULE_NONE;
    if (grants && (*matched = find_grant(&set, hash, labels, unix_ms)) != 0)
        return WEIR_RULE_GRANT;
    if (!rules || set.min_labels == 0)
        return WEIR_RULE_NONE;
    for (unsigned n = labels < set.max_labels ? labels : set.max_labels; n >= set.min_labels; n--) {
        unsigned found = find_rules(&set, hash[n - 1]);
        if (n != labels)
            found &= WEIR_ALLOW_BELOW | WEIR_DENY_BELOW;
        if (found == 0)
            continue;
        *matched = n;
        return (found & (WEIR_ALLOW_EXACT | WEIR_ALLOW_BELOW)) != 0 ? WEIR_RULE_ALLOW : WEIR_RULE_DENY;
    }
    return WEIR_RULE_NONE;
}

/* The target at this place among a set's names, if it is a wire name within them. */
static const uint8_t *target_at(const set_view *set, uint32_t place, size_t *length)
{
    weir_label labels[WEIR_MAX_LABELS];
    if (place >= set->name_bytes || set->names[place] > set->name_bytes - place - 1)
        return NULL;
    *length = set->names[place];
    return weir_split_wire(set->names + place + 1, *length, labels) < 0 ? NULL : set->names + place + 1;
}

const uint8_t *weir_tables_rewrite(const weir_tables *tables, const weir_policy *policy, weir_hash exact,
                                   size_t *length)
{
    set_view set;
    if ((policy->flags & WEIR_POLICY_REWRITES) == 0 ||
        !view_set(tables, policy->rewrites, WEIR_SET_REWRITES, &set))
        return NULL;
    uint32_t at = weir_entry_of(exact, set.slots);
    uint32_t tries = set.slots < WEIR_ENTRIES_TRIED ? set.slots : WEIR_ENTRIES_TRIED;
    for (; tries > 0; tries--) {
        const uint8_t *entry = set.entries + (size_t)at * WEIR_ENTRY_BYTES;
        uint32_t place = weir_load32(entry + WEIR_ENTRY_TARGET);
        if (place == 0)
            return NULL;
        if (weir_load64(entry) == exact.h1 && weir_load32(entry + WEIR_ENTRY_H2) == (uint32_t)exact.h2)
            return target_at(&set, place, length);
        at = at + 1 == set.slots ? 0 : at + 1;
    }
    return NULL;
}

static const uint8_t *names_of(const weir_tables *tables, uint32_t unit, unsigned kind, size_t *length)
{
    set_view set;
    if (!view_set(tables, unit, kind, &set))
        return NULL;
    *length = set.name_bytes;
    return set.names;
}

const uint8_t *weir_tables_rule_names(const weir_tables *tables, const weir_policy *policy, size_t *length)
{
    if ((policy->flags & WEIR_POLICY_RULES) == 0)
        return NULL;
    return names_of(tables, policy->rules, WEIR_SET_RULES, length);
}

const uint8_t *weir_tables_rewrite_names(const weir_tables *tables, const weir_policy *policy, size_t *length)
{
    if ((policy->flags & WEIR_POLICY_REWRITES) == 0)
        return NULL;
    return names_of(tables, policy->rewrites, WEIR_SET_REWRITES, length);
}
