#include "writer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes.h"
#include "layout.h"
#include "place.h"
#include "secret_writer.h"

/* 12.5 entries a line on the average: 4 % of all overflow, and lanes stay free for later additions. */
#define ENTRIES_PER_TWO_LINES 25u
/* The spill table is kept sparse, so that one line nearly always ends the search. */
#define ENTRIES_PER_SPILL_LINE 5u

/* One table of lines with its cold words, while it is filled. */
typedef struct {
    uint8_t *lines, *cold, *fill; /* fill[n] = lanes taken in line n */
    uint32_t count;
} grid;

/* An entry that found its line full. */
typedef struct {
    uint32_t slot, class_id;
} spilled;

typedef struct {
    grid main, spill;
    spilled *overflow;
    uint32_t overflow_count, overflow_room;
    uint32_t probes;
    uint64_t entries;
    uint8_t *secret;
    uint64_t secret_bytes;
} work;

static int grid_init(grid *g, uint64_t count)
{
    if (count > UINT32_MAX / 2 || count > SIZE_MAX / WEIR_COLD_BYTES)
        return EOVERFLOW;
    g->count = (uint32_t)count;
    if (count == 0)
        return 0;
    g->lines = calloc(count, WEIR_LINE_BYTES);
    g->cold = calloc(count, WEIR_COLD_BYTES);
    g->fill = calloc(count, 1);
    return g->lines != NULL && g->cold != NULL && g->fill != NULL ? 0 : ENOMEM;
}

static void grid_free(grid *g)
{
    free(g->lines);
    free(g->cold);
    free(g->fill);
    *g = (grid){0};
}

/* Put an entry into a line. 0 if the line is full. */
static int put(grid *g, uint32_t at, weir_hash hash, uint32_t class_id)
{
    unsigned lane = g->fill[at];
    if (lane == WEIR_LANES)
        return 0;
    uint8_t *cold = g->cold + (size_t)at * WEIR_COLD_BYTES + WEIR_COLD_LANE * lane;
    weir_store32(g->lines + (size_t)at * WEIR_LINE_BYTES + 4 * lane,
                 (uint32_t)weir_fingerprint_of(hash) << 16 | class_id);
    weir_store32(cold, (uint32_t)hash.h2);
    weir_store16(cold + 4, (uint16_t)(hash.h2 >> 32));
    g->fill[at]++;
    return 1;
}

static int keep_overflow(work *w, uint32_t slot, uint32_t class_id)
{
    if (w->overflow_count == w->overflow_room) {
        uint32_t room = w->overflow_room == 0 ? 1024 : w->overflow_room * 2;
        spilled *grown = realloc(w->overflow, (size_t)room * sizeof *grown);
        if (grown == NULL)
            return ENOMEM;
        w->overflow = grown;
        w->overflow_room = room;
    }
    w->overflow[w->overflow_count++] = (spilled){slot, class_id};
    return 0;
}

static inline uint32_t class_of(const weir_content *content, const weir_slot *slot)
{
    return slot->set == 0 ? 0 : content->class_of_set[slot->set];
}

static uint64_t count_entries(const weir_builder *builder, const weir_content *content)
{
    uint64_t entries = 0;
    for (uint32_t i = 0; i < builder->size; i++)
        entries += class_of(content, &builder->slots[i]) != 0;
    return entries;
}

static int fill_main(work *w, const weir_builder *builder, const weir_content *content)
{
    w->entries = count_entries(builder, content);
    uint64_t lines = (w->entries * 2 + ENTRIES_PER_TWO_LINES - 1) / ENTRIES_PER_TWO_LINES;
    int result = grid_init(&w->main, lines == 0 ? 1 : lines);
    for (uint32_t i = 0; result == 0 && i < builder->size; i++) {
        uint32_t class_id = class_of(content, &builder->slots[i]);
        if (class_id == 0)
            continue;
        weir_hash hash = weir_slot_hash(&builder->slots[i]);
        uint32_t at = weir_line_of(hash, w->main.count);
        if (put(&w->main, at, hash, class_id))
            continue;
        uint8_t *marks = w->main.lines + (size_t)at * WEIR_LINE_BYTES + WEIR_META_LANE;
        weir_store32(marks, weir_load32(marks) | weir_overflow_mark(hash));
        result = keep_overflow(w, i, class_id);
    }
    return result;
}

/* Place all that overflowed; EAGAIN if some entry would need too many steps. */
static int try_spill(work *w, const weir_builder *builder)
{
    w->probes = 0;
    for (uint32_t i = 0; i < w->overflow_count; i++) {
        weir_hash hash = weir_slot_hash(&builder->slots[w->overflow[i].slot]);
        uint32_t at = weir_spill_line_of(hash, w->spill.count), step = 1;
        while (!put(&w->spill, at, hash, w->overflow[i].class_id)) {
            at = at + 1 == w->spill.count ? 0 : at + 1;
            if (++step > WEIR_MAX_SPILL_PROBES || step > w->spill.count)
                return EAGAIN;
        }
        if (step > w->probes)
            w->probes = step;
    }
    return 0;
}

static int fill_spill(work *w, const weir_builder *builder)
{
    uint64_t lines = (w->overflow_count + ENTRIES_PER_SPILL_LINE - 1) / ENTRIES_PER_SPILL_LINE;
    for (;;) {
        int result = grid_init(&w->spill, lines);
        if (result == 0)
            result = try_spill(w, builder);
        if (result != EAGAIN)
            return result;
        grid_free(&w->spill);
        lines *= 2;
    }
}

static void write_header(uint8_t *header, const weir_builder *builder, const weir_content *content,
                         const work *w, const weir_layout *layout)
{
    memcpy(header + WEIR_AT_MAGIC, WEIR_MAGIC, 8);
    weir_store32(header + WEIR_AT_VERSION, WEIR_VERSION);
    weir_store32(header + WEIR_AT_HEADER_BYTES, WEIR_HEADER_BYTES);
    weir_store64(header + WEIR_AT_FILE_BYTES, layout->file_bytes);
    weir_store64(header + WEIR_AT_CREATED, content->created);
    for (unsigned i = 0; i < 4; i++)
        weir_store64(header + WEIR_AT_KEY + 8 * i, builder->key.word[i]);
    weir_store64(header + WEIR_AT_ENTRIES, w->entries);
    weir_store32(header + WEIR_AT_CLASSES, content->class_count);
    weir_store32(header + WEIR_AT_CLASS_BYTES, WEIR_CLASS_BYTES);
    weir_store64(header + WEIR_AT_META_BYTES, content->meta_bytes);
    weir_store32(header + WEIR_AT_LINES, w->main.count);
    weir_store32(header + WEIR_AT_SPILL_LINES, w->spill.count);
    weir_store64(header + WEIR_AT_SECRET_BYTES, w->secret_bytes);
    for (unsigned i = 0; i < WEIR_SECTIONS; i++)
        weir_store64(header + weir_at_offset(i), layout->offset[i]);
    header[WEIR_AT_MIN_LABELS] = builder->min_labels;
    header[WEIR_AT_MAX_LABELS] = builder->max_labels;
    header[WEIR_AT_SPILL_PROBES] = (uint8_t)w->probes;
    weir_store64(header + WEIR_AT_V4_LENGTHS, builder->v4_lengths);
    for (unsigned i = 0; i < 3; i++)
        weir_store64(header + WEIR_AT_V6_LENGTHS + 8 * i, builder->v6_lengths[i]);
}

/* What one call of the kernel is given: one that does not preempt itself gives nobody else the processor before
 * the call ends. */
#define PIECE ((uint64_t)256 * 1024)

static int write_all(int file, const uint8_t *bytes, uint64_t length)
{
    while (length > 0) {
        ssize_t written = write(file, bytes, (size_t)(length < PIECE ? length : PIECE));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        bytes += written;
        length -= (uint64_t)written;
    }
    return 0;
}

/* Write one section with its padding, and add it to the checksum. */
static int write_section(int file, const uint8_t *bytes, uint64_t length, uint64_t *sum)
{
    static const uint8_t zeros[WEIR_SECTION_ALIGN];
    uint8_t last[WEIR_SECTION_ALIGN];
    uint64_t whole = length / WEIR_SECTION_ALIGN * WEIR_SECTION_ALIGN;
    size_t rest = (size_t)(length - whole);
    if (whole > 0)
        *sum = weir_checksum(*sum, bytes, (size_t)whole);
    int result = write_all(file, bytes, whole);
    if (rest == 0 || result != 0)
        return result;
    memcpy(last, zeros, sizeof last);
    memcpy(last, bytes + whole, rest);
    *sum = weir_checksum(*sum, last, sizeof last);
    return write_all(file, last, sizeof last);
}

static int write_file(const weir_builder *builder, const weir_content *content, const work *w, int file,
                      uint64_t *size)
{
    uint8_t header[WEIR_HEADER_BYTES] = {0};
    weir_layout layout = weir_layout_of(content->class_count, content->meta_bytes, w->main.count,
                                        w->spill.count, w->secret_bytes);
    const uint8_t *sections[WEIR_SECTIONS] = {content->classes, content->meta,  w->main.lines,
                                              w->main.cold,     w->spill.lines, w->spill.cold,
                                              w->secret};
    write_header(header, builder, content, w, &layout);
    uint64_t sum = weir_checksum(0, header, WEIR_AT_CHECKSUM);
    if (lseek(file, WEIR_HEADER_BYTES, SEEK_SET) < 0)
        return errno;
    for (unsigned i = 0; i < WEIR_SECTIONS; i++) {
        int result = write_section(file, sections[i], layout.bytes[i], &sum);
        if (result != 0)
            return result;
    }
    /* The header goes last: a file whose writing was cut short has no magic. */
    weir_store64(header + WEIR_AT_CHECKSUM, sum);
    if (lseek(file, 0, SEEK_SET) < 0)
        return errno;
    int result = write_all(file, header, sizeof header);
    *size = layout.file_bytes;
    return result == 0 && fsync(file) != 0 ? errno : result;
}

int weir_write(const weir_builder *builder, const weir_content *content, int file, uint64_t *size)
{
    work w = {0};
    int result = content->meta_bytes >> 40 != 0 ? EFBIG : fill_main(&w, builder, content);
    if (result == 0)
        result = fill_spill(&w, builder);
    if (result == 0 && content->secret != NULL)
        result = weir_secret_write(content->secret, content->secret_class_of_set, &w.secret, &w.secret_bytes);
    if (result == 0)
        result = write_file(builder, content, &w, file, size);
    grid_free(&w.main);
    grid_free(&w.spill);
    free(w.overflow);
    free(w.secret);
    return result;
}
