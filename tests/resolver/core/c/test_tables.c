/* Clients, policies, rules and rewrites: what is written is what is found; what is damaged is refused. */
#include "tables_kit.h"

static uint32_t of(const weir_writer *writer, weir_prefix prefix)
{
    return weir_tables_policy_of(&writer->tables, &prefix.client);
}

static void give(weir_writer *writer, weir_prefix prefix, uint32_t policy)
{
    CHECK(weir_writer_client(writer, &prefix, policy) == WEIR_WRITE_DONE);
}

static void the_longest_prefix_wins(void)
{
    weir_writer writer;
    size_t size;
    uint8_t *bytes = make_file(&writer, &size, 16, 4);
    uint32_t a = add_policy(&writer, 1, 0, 0, 0), b = add_policy(&writer, 2, 0, 0, 0);
    CHECK(of(&writer, prefix4(10, 1, 2, 3, 32, 0)) == WEIR_NO_POLICY);
    give(&writer, prefix4(10, 0, 0, 0, 8, 0), a);
    give(&writer, prefix4(10, 1, 2, 3, 32, 0), b);
    give(&writer, prefix6(1, 0, 16), b);
    give(&writer, prefix6(1, 9, 128), a);
    give(&writer, prefix4(10, 1, 2, 3, 32, 7), a);
    CHECK(of(&writer, prefix4(10, 1, 2, 3, 32, 0)) == b);
    CHECK(of(&writer, prefix4(10, 1, 2, 4, 32, 0)) == a);
    CHECK(of(&writer, prefix4(11, 1, 2, 4, 32, 0)) == WEIR_NO_POLICY);
    CHECK(of(&writer, prefix4(10, 1, 2, 3, 32, 7)) == a);
    CHECK(of(&writer, prefix4(10, 1, 2, 4, 32, 7)) == WEIR_NO_POLICY);
    CHECK(of(&writer, prefix6(1, 8, 128)) == b);
    CHECK(of(&writer, prefix6(1, 9, 128)) == a);
    CHECK(of(&writer, prefix6(2, 9, 128)) == WEIR_NO_POLICY);
    give(&writer, prefix4(10, 1, 2, 3, 32, 0), WEIR_NO_POLICY);
    CHECK(of(&writer, prefix4(10, 1, 2, 3, 32, 0)) == a);
    weir_prefix exact = prefix4(10, 1, 2, 3, 32, 0), network = prefix4(10, 9, 9, 9, 8, 0);
    CHECK(weir_tables_policy_at(&writer.tables, &exact) == WEIR_NO_POLICY);
    CHECK(weir_tables_policy_at(&writer.tables, &network) == a);
    free(bytes);
}

static void ipv4_in_ipv6_is_ipv4(void)
{
    weir_writer writer;
    size_t size;
    uint8_t *bytes = make_file(&writer, &size, 16, 4);
    uint32_t a = add_policy(&writer, 1, 0, 0, 0);
    weir_prefix mapped = {{.address = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .family = 6}, 128};
    give(&writer, prefix4(192, 0, 2, 1, 32, 0), a);
    CHECK(of(&writer, mapped) == a);
    CHECK(weir_tables_policy_at(&writer.tables, &mapped) == a);
    give(&writer, mapped, WEIR_NO_POLICY);
    CHECK(of(&writer, prefix4(192, 0, 2, 1, 32, 0)) == WEIR_NO_POLICY);
    weir_prefix every = {{.family = 6}, 0};
    give(&writer, every, a);
    CHECK(of(&writer, prefix4(192, 0, 2, 1, 32, 0)) == WEIR_NO_POLICY);
    weir_client nobody = {.family = 5};
    CHECK(weir_tables_policy_of(&writer.tables, &nobody) == WEIR_NO_POLICY);
    free(bytes);
}

static void strangers_get_the_default_where_they_are_served(void)
{
    weir_writer writer;
    size_t size;
    uint8_t *bytes = make_file(&writer, &size, 16, 4);
    uint32_t a = add_policy(&writer, 1, 0, 0, 0), b = add_policy(&writer, 2, 0, 0, 0);
    weir_prefix served = prefix4(10, 0, 0, 0, 16, 0);
    CHECK(weir_writer_served(&writer, &served) == WEIR_WRITE_DONE);
    give(&writer, prefix4(10, 0, 0, 0, 8, 0), b);
    CHECK(of(&writer, prefix4(10, 0, 0, 1, 32, 0)) == b); /* a client before any served prefix, however long */
    give(&writer, prefix4(10, 0, 0, 0, 8, 0), WEIR_NO_POLICY);
    CHECK(of(&writer, prefix4(10, 0, 0, 1, 32, 0)) == WEIR_NO_POLICY);
    CHECK(weir_writer_default(&writer, a) == WEIR_WRITE_DONE);
    CHECK(of(&writer, prefix4(10, 0, 0, 1, 32, 0)) == a);
    CHECK(of(&writer, prefix4(10, 1, 0, 1, 32, 0)) == WEIR_NO_POLICY);
    CHECK(weir_writer_default(&writer, 2) == WEIR_WRITE_REFUSED);
    CHECK(weir_tables_default(&writer.tables) == a);
    free(bytes);
}

static unsigned says(const weir_writer *writer, uint32_t number, const void *wire, size_t length, uint64_t now,
                     unsigned *matched)
{
    weir_hash hash[WEIR_MAX_LABELS];
    weir_policy policy;
    unsigned labels = hash_wire(&writer->tables, wire, length, hash);
    CHECK(weir_tables_policy(&writer->tables, number, &policy));
    *matched = 0;
    return weir_tables_rule(&writer->tables, &policy, hash, labels, 1, 1, now, matched);
}

static void rules_speak_most_specific_first(void)
{
    weir_writer writer;
    size_t size;
    uint32_t set;
    unsigned matched;
    uint8_t *bytes = make_file(&writer, &size, 16, 4);
    CHECK(weir_writer_rules(&writer, WIRE("\1\x09\7example\0" /* allow, all below */
                                          "\2\x0b\1a\7example\0" /* deny exactly */
                                          "\3\x0d\1b\1a\7example\0" /* deny, all below */
                                          "\0\x0d\1b\1a\7example\0" /* allow exactly */
                                          "\4\x10\0\0\0\0\0\0\0\x0b\1b\7example\0"), /* until 16 ms */
                            &set) == WEIR_WRITE_DONE);
    uint32_t number = add_policy(&writer, 0, WEIR_POLICY_RULES, set, 0);
    CHECK(says(&writer, number, WIRE("\1x\7example\0"), 0, &matched) == WEIR_RULE_ALLOW && matched == 1);
    CHECK(says(&writer, number, WIRE("\1a\7example\0"), 0, &matched) == WEIR_RULE_DENY && matched == 2);
    CHECK(says(&writer, number, WIRE("\1c\1a\7example\0"), 0, &matched) == WEIR_RULE_ALLOW && matched == 1);
    CHECK(says(&writer, number, WIRE("\1b\1a\7example\0"), 0, &matched) == WEIR_RULE_ALLOW && matched == 3);
    CHECK(says(&writer, number, WIRE("\1x\1b\1a\7example\0"), 0, &matched) == WEIR_RULE_DENY && matched == 3);
    CHECK(says(&writer, number, WIRE("\1x\1b\7example\0"), 15, &matched) == WEIR_RULE_GRANT && matched == 2);
    CHECK(says(&writer, number, WIRE("\1x\1b\7example\0"), 16, &matched) == WEIR_RULE_ALLOW && matched == 1);
    CHECK(says(&writer, number, WIRE("\7another\0"), 0, &matched) == WEIR_RULE_NONE);
    CHECK(says(&writer, number, WIRE("\0"), 0, &matched) == WEIR_RULE_NONE);
    free(bytes);
}

static void rewrites_are_exact(void)
{
    weir_writer writer;
    weir_policy policy;
    weir_hash hash[WEIR_MAX_LABELS];
    size_t size, length;
    uint32_t set;
    uint8_t *bytes = make_file(&writer, &size, 16, 4);
    CHECK(weir_writer_rewrites(&writer, WIRE("\x0c\3www\6search\0\x0d\4safe\6search\0"), &set) == WEIR_WRITE_DONE);
    uint32_t number = add_policy(&writer, 0, WEIR_POLICY_REWRITES, 0, set);
    CHECK(weir_tables_policy(&writer.tables, number, &policy));
    unsigned labels = hash_wire(&writer.tables, WIRE("\3www\6search\0"), hash);
    const uint8_t *target = weir_tables_rewrite(&writer.tables, &policy, hash[labels - 1], &length);
    CHECK(target != NULL && length == 13 && memcmp(target, "\4safe\6search", 13) == 0);
    labels = hash_wire(&writer.tables, WIRE("\1a\3www\6search\0"), hash);
    CHECK(weir_tables_rewrite(&writer.tables, &policy, hash[labels - 1], &length) == NULL);
    free(bytes);
}

static void malformed_names_are_refused(void)
{
    static const struct {
        const char *text;
        size_t length;
    } texts[] = {{"\5\1\0", 3},      {"\1", 1},     {"\1\3\1a", 4}, {"\1\2\1a", 4},
                 {"\4\0\0\0\0", 5},  {"\1\0", 2},   {"\1\3\2a\0", 5}};
    weir_writer writer;
    weir_tables_room room = {0};
    size_t size;
    uint32_t set;
    uint8_t *bytes = make_file(&writer, &size, 16, 4);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const uint8_t *text = (const uint8_t *)texts[i].text;
        CHECK(weir_writer_rules(&writer, text, texts[i].length, &set) == WEIR_WRITE_REFUSED);
        CHECK(weir_rules_cost(text, texts[i].length, &room) == WEIR_WRITE_REFUSED);
    }
    CHECK(weir_writer_rewrites(&writer, WIRE("\3\1a\0"), &set) == WEIR_WRITE_REFUSED);
    CHECK(room.set_bytes == 0 && weir_rules_cost(WIRE("\1\3\1a\0"), &room) == WEIR_WRITE_DONE);
    CHECK(room.set_bytes > 0 && room.name_bytes > 0);
    free(bytes);
}

static void what_does_not_fit_is_said_and_changes_nothing(void)
{
    weir_writer writer;
    weir_policy policy = {0};
    size_t size;
    uint32_t number;
    unsigned kept = 0;
    uint8_t *bytes = make_file(&writer, &size, 16, 2);
    uint32_t a = add_policy(&writer, 1, 0, 0, 0);
    add_policy(&writer, 1, 0, 0, 0);
    CHECK(weir_writer_policy(&writer, &policy, &number) == WEIR_WRITE_FULL);
    for (unsigned i = 0; i < 256; i++) {
        weir_prefix prefix = prefix4(10, 0, 0, (uint8_t)i, 32, 0);
        int outcome = weir_writer_client(&writer, &prefix, a);
        CHECK(outcome == (kept == i ? WEIR_WRITE_DONE : WEIR_WRITE_FULL) || outcome == WEIR_WRITE_FULL);
        kept += outcome == WEIR_WRITE_DONE;
    }
    CHECK(kept >= 16 && kept < 32);
    for (unsigned i = 0; i < 256; i++)
        CHECK(of(&writer, prefix4(10, 0, 0, (uint8_t)i, 32, 0)) == (i < kept ? a : WEIR_NO_POLICY));
    policy.flags = WEIR_POLICY_RULES;
    policy.rules = 3;
    CHECK(weir_writer_policy(&writer, &policy, &number) == WEIR_WRITE_REFUSED);
    free(bytes);
}

/* Rows as TablesWriter.replace gets them. */
static void row(uint8_t *to, uint8_t last, uint32_t policy)
{
    memset(to, 0, WEIR_CLIENT_ROW);
    to[0] = 10;
    to[3] = last;
    to[16] = 4;
    to[17] = 32;
    weir_store32(to + 24, policy);
}

static void a_replacement_stores_what_differs(void)
{
    weir_writer writer;
    weir_tables_changes changes;
    size_t size;
    uint8_t rows[3 * WEIR_CLIENT_ROW], *bytes = make_file(&writer, &size, 16, 4);
    uint32_t a = add_policy(&writer, 1, 0, 0, 0), b = add_policy(&writer, 2, 0, 0, 0);
    weir_prefix served = prefix4(10, 0, 0, 0, 8, 0);
    CHECK(weir_writer_served(&writer, &served) == WEIR_WRITE_DONE);
    row(rows, 1, a), row(rows + WEIR_CLIENT_ROW, 2, a), row(rows + 2 * WEIR_CLIENT_ROW, 2, b);
    CHECK(weir_writer_replace(&writer, rows, 3, &changes) == WEIR_WRITE_DONE);
    CHECK(changes.changed == 2 && changes.removed == 0);
    CHECK(of(&writer, prefix4(10, 0, 0, 2, 32, 0)) == b); /* the last row counts */
    CHECK(weir_writer_replace(&writer, rows, 3, &changes) == WEIR_WRITE_DONE);
    CHECK(changes.changed == 0 && changes.removed == 0);
    row(rows, 3, b);
    CHECK(weir_writer_replace(&writer, rows, 3, &changes) == WEIR_WRITE_DONE);
    CHECK(changes.changed == 1 && changes.removed == 1);
    CHECK(of(&writer, prefix4(10, 0, 0, 1, 32, 0)) == WEIR_NO_POLICY);
    CHECK(weir_writer_default(&writer, a) == WEIR_WRITE_DONE);
    CHECK(of(&writer, prefix4(10, 0, 0, 1, 32, 0)) == a); /* still served */
    row(rows + WEIR_CLIENT_ROW, 4, 77); /* no such policy */
    row(rows, 5, a);
    CHECK(weir_writer_replace(&writer, rows, 2, &changes) == WEIR_WRITE_REFUSED);
    CHECK(changes.changed == 0 && of(&writer, prefix4(10, 0, 0, 3, 32, 0)) == b);
    uint8_t many[64 * WEIR_CLIENT_ROW];
    for (unsigned i = 0; i < 64; i++)
        row(many + i * WEIR_CLIENT_ROW, (uint8_t)(100 + i), a);
    CHECK(weir_writer_replace(&writer, many, 64, &changes) == WEIR_WRITE_FULL);
    CHECK(changes.changed == 0 && of(&writer, prefix4(10, 0, 0, 163, 32, 0)) == a /* the default */);
    weir_prefix unstored = prefix4(10, 0, 0, 163, 32, 0);
    CHECK(weir_tables_policy_at(&writer.tables, &unstored) == WEIR_NO_POLICY);
    free(bytes);
}

/* A file with something of everything. */
static uint8_t *rich_file(weir_writer *writer, size_t *size)
{
    uint32_t rules, rewrites;
    uint8_t *bytes = make_file(writer, size, 16, 4);
    CHECK(weir_writer_rules(writer, WIRE("\1\x09\7example\0\4\1\0\0\0\0\0\0\0\x09\7example\0"), &rules) == 0);
    CHECK(weir_writer_rewrites(writer, WIRE("\3\1a\0\3\1b\0"), &rewrites) == 0);
    give(writer, prefix4(10, 0, 0, 1, 32, 0),
         add_policy(writer, 1, WEIR_POLICY_RULES | WEIR_POLICY_REWRITES, rules, rewrites));
    return bytes;
}

/* Whether a bit of the file is in use: what lies beyond the counts is nobody's. */
static int is_used(const weir_writer *writer, const uint8_t *clean, size_t at)
{
    const uint64_t *offset = writer->tables.place + WEIR_PLACE_OFFSET;
    if (at < offset[WEIR_TABLE_CLIENTS])
        return at < WEIR_TABLES_AT_WORDS + 8 * WEIR_WORDS;
    if (at < offset[WEIR_TABLE_POLICIES])
        return weir_load64(clean + (at & ~(size_t)15) + 8) != 0;
    if (at < offset[WEIR_TABLE_SETS])
        return at < offset[WEIR_TABLE_POLICIES] + WEIR_POLICY_AT_CHECKSUM + 8;
    const uint8_t *words = clean + WEIR_TABLES_AT_WORDS, *set = clean + offset[WEIR_TABLE_SETS];
    if (at < offset[WEIR_TABLE_NAMES])
        return at < offset[WEIR_TABLE_SETS] + weir_word_value(weir_load64(words + 8 * WEIR_WORD_SETS)) * WEIR_UNIT;
    return at < offset[WEIR_TABLE_NAMES] + weir_load32(set + WEIR_SET_AT_NAME_BYTES);
}

static void every_flipped_bit_is_noticed(void)
{
    weir_writer writer;
    weir_tables tables;
    size_t size, noticed = 0;
    uint8_t *bytes = rich_file(&writer, &size), *copy = malloc(size);
    CHECK(copy != NULL && weir_tables_open(&tables, bytes, size, 1) == NULL);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        memcpy(copy, bytes, size);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (weir_tables_open(&tables, copy, size, 1) != NULL)
            noticed++;
        else
            CHECK(!is_used(&writer, bytes, bit / 8));
    }
    CHECK(noticed > 8 * WEIR_TABLES_HEADER);
    for (size_t cut = 0; cut < size; cut += 8)
        CHECK(weir_tables_open(&tables, bytes, cut, 0) != NULL);
    free(copy);
    free(bytes);
}

/* What a writer leaves that is killed after a key, before its word; and after a word, before the count. */
static void half_written_slots_are_nobodys(void)
{
    weir_writer writer;
    size_t size;
    uint8_t *bytes = make_file(&writer, &size, 16, 4);
    uint32_t a = add_policy(&writer, 1, 0, 0, 0);
    uint8_t *slots = bytes + writer.tables.place[WEIR_PLACE_OFFSET + WEIR_TABLE_CLIENTS];
    uint64_t count = writer.tables.place[WEIR_PLACE_LINES] * WEIR_LINE_SLOTS;
    for (uint64_t i = 0; i < count; i++)
        weir_store64(slots + i * WEIR_SLOT_BYTES, i * 0x123456789);
    CHECK(of(&writer, prefix4(10, 0, 0, 1, 32, 0)) == WEIR_NO_POLICY);
    give(&writer, prefix4(10, 0, 0, 1, 32, 0), a);
    weir_word_store(bytes + WEIR_TABLES_AT_WORDS + 8 * WEIR_WORD_CLIENTS, weir_word_seal(0, WEIR_WORD_CLIENTS));
    weir_tables_facts facts;
    CHECK(weir_writer_open(&writer, bytes, size) == NULL);
    weir_tables_describe(&writer.tables, &facts);
    CHECK(facts.clients == 1 && facts.policies == 1 && facts.created == 1700000000 && facts.plan[0] == 4);
    give(&writer, prefix4(10, 0, 0, 2, 32, 0), a);
    CHECK(of(&writer, prefix4(10, 0, 0, 1, 32, 0)) == a && of(&writer, prefix4(10, 0, 0, 2, 32, 0)) == a);
    free(bytes);
}

int main(void)
{
    the_longest_prefix_wins();
    ipv4_in_ipv6_is_ipv4();
    strangers_get_the_default_where_they_are_served();
    rules_speak_most_specific_first();
    rewrites_are_exact();
    malformed_names_are_refused();
    what_does_not_fit_is_said_and_changes_nothing();
    a_replacement_stores_what_differs();
    every_flipped_bit_is_noticed();
    half_written_slots_are_nobodys();
    return 0;
}
