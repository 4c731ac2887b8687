/* No matter what bytes come in, as a snapshot file or as a list: every read stays inside them. Either the
 * file is refused, or look-ups give classes that exist. Built with libFuzzer, AddressSanitizer and UBSan
 * by test_builds.py and by `make fuzz`.
 * Needs: builder.c sets.c scan.c
 *
 * The first byte chooses. Odd: the rest is a file, also once with its checksum set right, so that the
 * fuzzer gets past it. Even: the rest is a list. Inputs are copied to memory of exactly their size. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "layout.h"
#include "scan.h"
#include "table.h"

static void check(int holds)
{
    if (!holds)
        abort();
}

static void look_up_all(const weir_table *table, const uint8_t *bytes, size_t size)
{
    weir_hit hits[WEIR_MAX_PREFIXES];
    for (size_t from = 0; from < size && from < 512; from += 7) {
        unsigned labels, found;
        found = weir_table_lookup(table, bytes + from, size - from < 40 ? size - from : 40, hits, &labels);
        check(found <= 2 * labels && labels <= WEIR_MAX_LABELS);
        for (unsigned i = 0; i < found; i++)
            check(hits[i].class_id != 0 && hits[i].class_id < table->class_count);
    }
    static const uint8_t name[] = "\3www\1a\7example";
    unsigned labels;
    weir_table_lookup(table, name, sizeof name, hits, &labels);
    check(labels == 3);
    static const uint8_t address[16];
    check(weir_table_lookup_address(table, address, 4, hits) <= 2 * 33);
    check(weir_table_lookup_address(table, address, 16, hits) <= WEIR_MAX_PREFIXES);
}

static void open_file(const uint8_t *bytes, size_t size)
{
    static const uint8_t key[WEIR_SIP_KEY_BYTES] = {2};
    weir_table table;
    for (int verify = 0; verify <= 1; verify++) {
        if (weir_table_open(&table, bytes, size, verify) != NULL)
            continue;
        look_up_all(&table, bytes, size);
        if (table.secret.head == NULL)
            continue;
        check(weir_table_index_open(&table, NULL) != NULL);
        weir_table_index_open(&table, key);
        table.secret.is_open = 1; /* no fuzzer finds the key's check */
        look_up_all(&table, bytes, size);
    }
}

/* The same digests at other lengths and places: nothing behind a name is read, and nothing in it is left out. */
static void hash_secret(const uint8_t *bytes, size_t size)
{
    weir_sip_key key = {1, 2};
    weir_label labels[WEIR_MAX_LABELS];
    weir_hash each[WEIR_MAX_LABELS];
    int count = weir_split_text(bytes, size, labels);
    if (count <= 0)
        return;
    weir_secret_hash_suffixes(&key, bytes, labels, (unsigned)count, (unsigned)count, each);
    weir_hash whole = weir_secret_hash_name(&key, bytes, labels, (unsigned)count);
    check(whole.h1 == each[count - 1].h1 && whole.h2 == each[count - 1].h2);
}

static void read_list(const uint8_t *bytes, size_t size)
{
    static const uint8_t key[WEIR_KEY_BYTES] = {1};
    for (int syntax = 0; syntax < WEIR_SYNTAXES; syntax++) {
        weir_builder builder;
        weir_scan scan;
        uint64_t odd = 0;
        int outcome;
        check(weir_builder_init(&builder, key, 0) == 0);
        weir_scan_init(&scan, &builder, bytes, size, syntax, 1, 0);
        while ((outcome = weir_scan_next(&scan)) == WEIR_SCAN_ODD) {
            check(scan.odd.start <= scan.odd.end && scan.odd.end <= size);
            odd++;
        }
        check(outcome == WEIR_SCAN_END);
        check(scan.lines.number == scan.accepted + scan.duplicate + scan.blank + scan.comment + odd);
        weir_lines lines;
        weir_name name;
        uint64_t below = 0;
        weir_lines_init(&lines, bytes, size, syntax);
        while (weir_below_next(&lines, &builder, &name))
            below++;
        check(below == scan.accepted + scan.duplicate);
        weir_builder_free(&builder);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t length = size - 1;
    uint8_t *bytes = malloc(length + 1);
    check(bytes != NULL);
    /* At the end of the block, so that one byte too many is noticed. */
    uint8_t *exact = bytes + 1;
    memcpy(exact, data + 1, length);
    if (data[0] % 2 == 0) {
        hash_secret(exact, length);
        read_list(exact, length);
    } else {
        open_file(exact, length);
        if (length >= WEIR_HEADER_BYTES) {
            uint64_t sum = weir_checksum(0, exact, WEIR_AT_CHECKSUM);
            sum = weir_checksum(sum, exact + WEIR_HEADER_BYTES, length - WEIR_HEADER_BYTES);
            weir_store64(exact + WEIR_AT_CHECKSUM, sum);
            open_file(exact, length);
        }
    }
    free(bytes);
    return 0;
}
