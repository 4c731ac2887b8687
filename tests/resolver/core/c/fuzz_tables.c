/* No matter what bytes come in as a file of clients and policies: every read stays inside them. Either the
 * file is refused, or each look-up gives an answer; and a file that was checked whole can be written on.
 *
 * The first byte chooses. 0: the rest is a file. Else it is changes to a sound one, three bytes each (place,
 * value); its checksums are then set right as far as the bits of the first byte say, so that the fuzzer gets
 * past them. */
#include "tables_kit.h"

enum { REPAIR_HEADER = 2, REPAIR_WORDS = 4, REPAIR_POLICIES = 8, REPAIR_SETS = 16, REPAIR_CLIENTS = 32 };

static void look_up_rules(const weir_tables *tables, const weir_policy *policy)
{
    weir_hash hash[WEIR_MAX_LABELS];
    unsigned matched = 0, labels = hash_wire(tables, WIRE("\1b\1a\7example\0"), hash);
    for (uint64_t now = 0; now < 100; now += 50) {
        unsigned kind = weir_tables_rule(tables, policy, hash, labels, 1, 1, now, &matched);
        CHECK(kind <= WEIR_RULE_DENY && matched <= labels && (kind == WEIR_RULE_NONE || matched > 0));
    }
    size_t length = 0;
    const uint8_t *target = weir_tables_rewrite(tables, policy, hash[0], &length);
    CHECK(target == NULL || (length >= 1 && length <= WEIR_MAX_WIRE && target[length - 1] == 0));
    uint8_t sum = 0;
    const uint8_t *names[] = {weir_tables_rule_names(tables, policy, &length), NULL};
    for (size_t i = 0; names[0] != NULL && i < length; i++)
        sum ^= names[0][i];
    names[1] = weir_tables_rewrite_names(tables, policy, &length);
    for (size_t i = 0; names[1] != NULL && i < length; i++)
        sum ^= names[1][i];
    volatile uint8_t read = sum;
    (void)read;
}

static void look_up_all(const weir_tables *tables)
{
    static const weir_client clients[] = {{{10, 0, 0, 1}, 4, 0}, {{10, 0, 9, 9}, 4, 0}, {{0x20, 1}, 6, 7}, {{0}, 9, 0}};
    weir_policy policy;
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        weir_tables_prefetch(tables, &clients[i]);
        weir_tables_prefetch_policy(tables, weir_tables_policy_of(tables, &clients[i]));
        if (weir_tables_policy(tables, weir_tables_policy_of(tables, &clients[i]), &policy))
            look_up_rules(tables, &policy);
    }
    for (uint32_t number = 0; number < 8; number++)
        if (weir_tables_policy(tables, number, &policy))
            look_up_rules(tables, &policy);
    weir_tables_facts facts;
    weir_tables_describe(tables, &facts);
}

static void write_on(uint8_t *bytes, size_t size)
{
    weir_writer writer;
    weir_tables tables;
    uint32_t set, number;
    if (weir_writer_open(&writer, bytes, size) != NULL)
        return;
    weir_policy policy = {.flags = WEIR_POLICY_RULES};
    if (weir_writer_rules(&writer, WIRE("\1\x09\7example\0"), &set) == WEIR_WRITE_DONE) {
        policy.rules = set;
        if (weir_writer_policy(&writer, &policy, &number) == WEIR_WRITE_DONE) {
            weir_prefix prefix = prefix4(10, 0, 0, 7, 32, 0);
            if (weir_writer_client(&writer, &prefix, number) == WEIR_WRITE_DONE)
                CHECK(weir_tables_policy_of(&writer.tables, &prefix.client) == number);
        }
    }
    weir_tables_changes changes;
    CHECK(weir_writer_replace(&writer, bytes, 0, &changes) == WEIR_WRITE_DONE);
    weir_writer_count_edit(&writer);
    CHECK(weir_tables_open(&tables, bytes, size, 1) == NULL);
}

static void open_file(uint8_t *bytes, size_t size)
{
    weir_tables tables;
    for (int verify = 0; verify <= 1; verify++)
        if (weir_tables_open(&tables, bytes, size, verify) == NULL)
            look_up_all(&tables);
    write_on(bytes, size);
}

static uint8_t *sound_file(size_t *size)
{
    weir_writer writer;
    uint32_t rules, rewrites;
    uint8_t *bytes = make_file(&writer, size, 8, 6);
    CHECK(weir_writer_rules(&writer, WIRE("\1\x09\7example\0\4\x32\0\0\0\0\0\0\0\x0b\1a\7example\0"), &rules) == 0);
    CHECK(weir_writer_rewrites(&writer, WIRE("\x09\7example\0\3\1b\0"), &rewrites) == 0);
    uint32_t number = add_policy(&writer, 1, WEIR_POLICY_RULES | WEIR_POLICY_REWRITES, rules, rewrites);
    weir_prefix some[] = {prefix4(10, 0, 0, 1, 32, 0), prefix4(10, 0, 0, 0, 8, 0), prefix6(1, 0, 16)};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        CHECK(weir_writer_client(&writer, &some[i], number) == WEIR_WRITE_DONE);
    CHECK(weir_writer_served(&writer, &some[1]) == WEIR_WRITE_DONE);
    return bytes;
}

static void repair_sets(uint8_t *bytes, const weir_tables_layout *layout)
{
    uint8_t *sets = bytes + layout->offset[WEIR_TABLE_SETS];
    for (uint64_t at = 0; at + WEIR_SET_HEADER <= layout->bytes[WEIR_TABLE_SETS];) {
        uint8_t *set = sets + at;
        uint64_t body = weir_set_body(weir_load32(set + WEIR_SET_AT_SLOTS), weir_load32(set + WEIR_SET_AT_GRANTS));
        uint64_t names = (uint64_t)weir_load32(set + WEIR_SET_AT_NAMES) * WEIR_UNIT;
        uint32_t length = weir_load32(set + WEIR_SET_AT_NAME_BYTES);
        if (at + WEIR_SET_HEADER + body > layout->bytes[WEIR_TABLE_SETS] ||
            names + length > layout->bytes[WEIR_TABLE_NAMES])
            return;
        const uint8_t *text = bytes + layout->offset[WEIR_TABLE_NAMES] + names;
        weir_store64(set + WEIR_SET_AT_CHECKSUM, weir_set_checksum(set, body, text, length));
        at += weir_units(WEIR_SET_HEADER + body) * WEIR_UNIT;
    }
}

static void repair(uint8_t *bytes, const weir_tables_layout *layout, unsigned what)
{
    uint8_t *policies = bytes + layout->offset[WEIR_TABLE_POLICIES];
    if (what & REPAIR_WORDS)
        for (unsigned i = 0; i < WEIR_WORDS; i++) {
            uint8_t *word = bytes + WEIR_TABLES_AT_WORDS + 8 * i;
            weir_store64(word, weir_word_seal(weir_word_value(weir_load64(word)), i));
        }
    if (what & REPAIR_POLICIES)
        for (uint32_t i = 0; i < layout->bytes[WEIR_TABLE_POLICIES] / WEIR_POLICY_BYTES; i++) {
            uint8_t *record = policies + (size_t)i * WEIR_POLICY_BYTES;
            weir_store64(record + WEIR_POLICY_AT_CHECKSUM, weir_policy_checksum(record, i));
        }
    if (what & REPAIR_SETS)
        repair_sets(bytes, layout);
    if (what & REPAIR_CLIENTS)
        for (uint64_t at = 0; at < layout->bytes[WEIR_TABLE_CLIENTS]; at += WEIR_SLOT_BYTES) {
            uint8_t *slot = bytes + layout->offset[WEIR_TABLE_CLIENTS] + at;
            uint64_t value = weir_word_value(weir_load64(slot + 8));
            weir_store64(slot + 8, value == 0 ? 0 : weir_word_seal(value, weir_load64(slot)));
        }
    if (what & REPAIR_HEADER)
        weir_store64(bytes + WEIR_TABLES_AT_CHECKSUM, weir_checksum(0, bytes, WEIR_TABLES_AT_CHECKSUM));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t length = size == 0 ? 0 : size - 1;
    uint8_t *bytes;
    if (size == 0)
        return 0;
    if (data[0] == 0) {
        bytes = malloc(length + 1);
        CHECK(bytes != NULL);
        memcpy(bytes, data + 1, length);
        open_file(bytes, length);
        free(bytes);
        return 0;
    }
    bytes = sound_file(&length);
    weir_tables_layout layout = weir_tables_layout_of(
        weir_load32(bytes + WEIR_TABLES_AT_LINES), weir_load32(bytes + WEIR_TABLES_AT_POLICIES),
        weir_load32(bytes + WEIR_TABLES_AT_SETS), weir_load32(bytes + WEIR_TABLES_AT_NAMES));
    for (size_t i = 1; i + 3 <= size; i += 3)
        bytes[weir_load16(data + i) % length] = data[i + 2];
    repair(bytes, &layout, data[0]);
    open_file(bytes, length);
    free(bytes);
    return 0;
}
