/* No matter what stands in a file of changes: it is refused, or look-ups end, stay inside it and give
 * classes that have a record. Built with libFuzzer, AddressSanitizer and UBSan by test_builds.py.
 *
 * A whole file is millions of bytes, most of them zero. So the input is a list of pokes into a sound file:
 * 4 bytes of place, 8 bytes of content; a poke past the end cuts the file there. The file is put right
 * again afterwards.
 *
 * Needs: overlay_writer.c builder.c sets.c scan.c writer.c secret_writer.c
 */
#include <stdlib.h>
#include <string.h>

#include "overlay.h"
#include "overlay_writer.h"

#define POKE 12u
#define MOST_POKES 64u

static const uint8_t name[] = "\4deep\3www\1a\7example";

static void check(int holds)
{
    if (!holds)
        abort();
}

/* A table without entries: one class, one empty line. */
static uint8_t *empty_table(weir_table *table)
{
    weir_layout layout = weir_layout_of(2, 0, 1, 0, 0);
    uint8_t *bytes = calloc(1, (size_t)layout.file_bytes);
    check(bytes != NULL);
    memcpy(bytes + WEIR_AT_MAGIC, WEIR_MAGIC, 8);
    weir_store32(bytes + WEIR_AT_VERSION, WEIR_VERSION);
    weir_store32(bytes + WEIR_AT_HEADER_BYTES, WEIR_HEADER_BYTES);
    weir_store64(bytes + WEIR_AT_FILE_BYTES, layout.file_bytes);
    weir_store32(bytes + WEIR_AT_CLASSES, 2);
    weir_store32(bytes + WEIR_AT_CLASS_BYTES, WEIR_CLASS_BYTES);
    weir_store32(bytes + WEIR_AT_LINES, 1);
    for (unsigned i = 0; i < WEIR_SECTIONS; i++)
        weir_store64(bytes + weir_at_offset(i), layout.offset[i]);
    bytes[WEIR_AT_MIN_LABELS] = 255;
    check(weir_table_open(table, bytes, (size_t)layout.file_bytes, 0) == NULL);
    return bytes;
}

/* Some changes, so that pokes meet slots that are in use. */
static void fill(weir_table *table, uint8_t *bytes)
{
    weir_hit hits[WEIR_MAX_HITS];
    weir_probe probe;
    uint8_t record[WEIR_OVERLAY_CLASS_BYTES] = {1};
    weir_overlay_format(table, bytes);
    check(weir_table_overlay_open(table, bytes, weir_overlay_bytes(weir_overlay_class_room(2))) == NULL);
    uint32_t class_id = weir_overlay_class(table, bytes, record);
    weir_hash any = {.h1 = 1, .h2 = 2};
    check(weir_overlay_put_name(table, bytes, any, 4, class_id));
    weir_probe_start(table, name, sizeof name, &probe);
    check(probe.longest == 4);
    for (unsigned n = 1; n <= 4; n++)
        check(weir_overlay_put_name(table, bytes, probe.hash[n - 1], n, n % 2 ? class_id : 1));
    static const uint8_t address[16];
    weir_hash prefix = weir_hash_address(&table->key, address, 4, 8);
    check(weir_overlay_put_prefix(table, bytes, prefix, 4, 8, class_id));
    weir_probe_start(table, name, sizeof name, &probe); /* now down to names of one label */
    check(weir_probe_finish(table, &probe, hits) == 4);
}

static void look_up(weir_table *table, const uint8_t *bytes, size_t size)
{
    weir_hit hits[WEIR_MAX_PREFIXES];
    static const uint8_t address[16];
    unsigned labels;
    table->overlay = NULL;
    /* What was refused as damaged may have become so after it was opened, by somebody who writes in the mapping. */
    if (weir_table_overlay_open(table, bytes, size) != NULL) {
        if (size != weir_overlay_bytes(weir_overlay_class_room(2)))
            return;
        table->overlay = bytes;
    }
    unsigned found = weir_table_lookup(table, name, sizeof name, hits, &labels);
    check(found <= labels && labels == 4);
    for (unsigned i = 0; i < found; i++) {
        const uint8_t *record = weir_table_class(table, hits[i].class_id);
        check(record >= table->classes && hits[i].class_id < 2 + WEIR_OVERLAY_CLASSES);
        volatile uint8_t last = record[WEIR_CLASS_BYTES - 1];
        (void)last;
    }
    check(weir_table_lookup_address(table, address, 4, hits) <= 33);
    check(weir_table_lookup_address(table, address, 16, hits) <= WEIR_MAX_PREFIXES);
    check(weir_table_serial(table) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static weir_table table;
    static uint8_t *base, *overlay;
    uint8_t saved[MOST_POKES][8];
    uint32_t at[MOST_POKES];
    size_t whole = weir_overlay_bytes(weir_overlay_class_room(2)), cut = whole;
    unsigned pokes = 0;
    if (base == NULL) {
        base = empty_table(&table);
        overlay = calloc(1, whole);
        check(overlay != NULL);
        fill(&table, overlay);
    }
    for (; size >= POKE && pokes < MOST_POKES; data += POKE, size -= POKE) {
        uint32_t place = weir_load32(data);
        if (place > whole - 8) {
            cut = place % whole;
            continue;
        }
        at[pokes] = place;
        memcpy(saved[pokes++], overlay + place, 8);
        memcpy(overlay + place, data + 4, 8);
    }
    look_up(&table, overlay, cut);
    while (pokes-- > 0)
        memcpy(overlay + at[pokes], saved[pokes], 8);
    return 0;
}
