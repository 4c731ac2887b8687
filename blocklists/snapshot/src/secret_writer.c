#include "secret_writer.h"

#include <errno.h>
#include <stdlib.h>

#include "bytes.h"
#include "layout.h"
#include "place.h"
#include "secret.h"

/* Sparser than the table of the other lists: there are no marks that say what went on to another line. */
#define ENTRIES_PER_LINE 8u

static inline uint32_t class_of(const weir_slot *slot, const uint16_t *class_of_set)
{
    return slot->set == 0 ? 0 : class_of_set[slot->set];
}

/* Put an entry into the first line with a free lane. Returns the lines that were looked at, 0 if those allowed are
 * full. */
static unsigned put(uint8_t *section, uint32_t lines, weir_hash digest, uint32_t class_id)
{
    uint8_t *line_at = section + WEIR_SECRET_HEAD, *digests = line_at + (size_t)lines * WEIR_LINE_BYTES;
    uint32_t at = weir_line_of(digest, lines);
    for (unsigned step = 1; step <= WEIR_MAX_SECRET_PROBES && step <= lines; step++) {
        uint8_t *line = line_at + (size_t)at * WEIR_LINE_BYTES;
        unsigned lane = 0;
        while (lane < WEIR_LANES && weir_load32(line + 4 * lane) != 0)
            lane++;
        if (lane < WEIR_LANES) {
            uint8_t *to = digests + (size_t)at * WEIR_DIGESTS_BYTES + WEIR_DIGEST_BYTES * lane;
            weir_store32(line + 4 * lane, (uint32_t)weir_fingerprint_of(digest) << 16 | class_id);
            weir_store64(to, digest.h1);
            weir_store64(to + 8, digest.h2);
            return step;
        }
        at = at + 1 == lines ? 0 : at + 1;
    }
    return 0;
}

/* Fill so many lines. Returns the most lines that an entry needs, 0 if they are too few. */
static unsigned fill(uint8_t *section, uint32_t lines, const weir_builder *builder, const uint16_t *class_of_set)
{
    unsigned probes = 1;
    for (uint32_t i = 0; i < builder->size; i++) {
        uint32_t class_id = class_of(&builder->slots[i], class_of_set);
        if (class_id == 0)
            continue;
        unsigned steps = put(section, lines, weir_slot_hash(&builder->slots[i]), class_id);
        if (steps == 0)
            return 0;
        if (steps > probes)
            probes = steps;
    }
    return probes;
}

static void write_head(uint8_t *head, const weir_builder *builder, uint64_t entries, uint32_t lines, unsigned probes)
{
    weir_hash check = weir_secret_check(&builder->index);
    weir_store64(head + WEIR_SECRET_CHECK, check.h1);
    weir_store64(head + WEIR_SECRET_CHECK + 8, check.h2);
    weir_store64(head + WEIR_SECRET_ENTRIES, entries);
    weir_store32(head + WEIR_SECRET_LINES, lines);
    head[WEIR_SECRET_PROBES] = (uint8_t)probes;
    head[WEIR_SECRET_MIN_LABELS] = builder->min_labels;
    head[WEIR_SECRET_MAX_LABELS] = builder->max_labels;
    weir_store64(head + WEIR_SECRET_V4_LENGTHS, builder->v4_lengths);
    for (unsigned i = 0; i < 3; i++)
        weir_store64(head + WEIR_SECRET_V6_LENGTHS + 8 * i, builder->v6_lengths[i]);
}

int weir_secret_write(const weir_builder *builder, const uint16_t *class_of_set, uint8_t **section,
                      uint64_t *bytes)
{
    uint64_t entries = 0;
    *section = NULL;
    *bytes = 0;
    for (uint32_t i = 0; i < builder->size; i++)
        entries += class_of(&builder->slots[i], class_of_set) != 0;
    if (entries == 0)
        return 0;
    uint64_t lines = (entries + ENTRIES_PER_LINE - 1) / ENTRIES_PER_LINE;
    for (;; lines *= 2) {
        if (lines > UINT32_MAX / 2 || weir_secret_bytes((uint32_t)lines) > SIZE_MAX)
            return EOVERFLOW;
        uint8_t *made = calloc(1, (size_t)weir_secret_bytes((uint32_t)lines));
        if (made == NULL)
            return ENOMEM;
        unsigned probes = fill(made, (uint32_t)lines, builder, class_of_set);
        if (probes != 0) {
            write_head(made, builder, entries, (uint32_t)lines, probes);
            *section = made;
            *bytes = weir_secret_bytes((uint32_t)lines);
            return 0;
        }
        free(made);
    }
}
