#include "table.h"

#include "bytes.h"
#include "layout.h"
#include "match.h"
#include "overlay.h"
#include "place.h"

static int is_zero(const uint8_t *bytes, size_t length)
{
    uint8_t any = 0;
    for (size_t i = 0; i < length; i++)
        any |= bytes[i];
    return any == 0;
}

static const char *check_identity(const uint8_t *header, size_t size)
{
    if (size < WEIR_HEADER_BYTES)
        return "it is shorter than a snapshot's header";
    if (memcmp(header + WEIR_AT_MAGIC, WEIR_MAGIC, 8) != 0)
        return "it is not a Weir snapshot";
    if (weir_load32(header + WEIR_AT_VERSION) != WEIR_VERSION)
        return "it was made by another version of Weir";
    if (weir_load32(header + WEIR_AT_HEADER_BYTES) != WEIR_HEADER_BYTES ||
        weir_load32(header + WEIR_AT_CLASS_BYTES) != WEIR_CLASS_BYTES)
        return "its header or class records have another size than this version's";
    if (weir_load64(header + WEIR_AT_FILE_BYTES) != size)
        return "its size is not the one in its header: it is cut short or was added to";
    return NULL;
}

static const char *check_counts(const weir_table *table, const uint8_t *header)
{
    if (table->class_count == 0 || table->class_count > 0x10000)
        return "its number of classes is impossible";
    if (table->line_count == 0)
        return "it has no lines";
    if (table->meta_bytes >> 40 != 0)
        return "its meta section is impossibly long";
    if (weir_load64(header + WEIR_AT_SECRET_BYTES) >> 41 != 0)
        return "its secret lists' table is impossibly long";
    if (table->spill_probes > WEIR_MAX_SPILL_PROBES || table->spill_probes > table->spill_count)
        return "its spill table is smaller than its header says";
    if (table->min_labels == 0 || (table->min_labels != 255 && table->min_labels > table->max_labels) ||
        table->max_labels > WEIR_MAX_LABELS)
        return "its label counts are impossible";
    if (table->v4_lengths >> 33 != 0 || table->v6_lengths[2] >> 1 != 0)
        return "it lists impossible prefix lengths";
    return NULL;
}

static void read_header(weir_table *table, const uint8_t *header)
{
    weir_key_load(&table->key, header + WEIR_AT_KEY);
    table->entries = weir_load64(header + WEIR_AT_ENTRIES);
    table->created = weir_load64(header + WEIR_AT_CREATED);
    table->meta_bytes = weir_load64(header + WEIR_AT_META_BYTES);
    table->checksum = weir_load64(header + WEIR_AT_CHECKSUM);
    table->overlay = NULL;
    table->class_count = weir_load32(header + WEIR_AT_CLASSES);
    table->line_count = weir_load32(header + WEIR_AT_LINES);
    table->spill_count = weir_load32(header + WEIR_AT_SPILL_LINES);
    table->min_labels = header[WEIR_AT_MIN_LABELS];
    table->max_labels = header[WEIR_AT_MAX_LABELS];
    table->spill_probes = header[WEIR_AT_SPILL_PROBES];
    table->v4_lengths = weir_load64(header + WEIR_AT_V4_LENGTHS);
    for (unsigned i = 0; i < 3; i++)
        table->v6_lengths[i] = weir_load64(header + WEIR_AT_V6_LENGTHS + 8 * i);
}

static const char *place_sections(weir_table *table, const uint8_t *bytes, size_t size)
{
    weir_layout layout = weir_layout_of(table->class_count, table->meta_bytes, table->line_count,
                                        table->spill_count, weir_load64(bytes + WEIR_AT_SECRET_BYTES));
    if (layout.file_bytes != size)
        return "its counts do not fit its size";
    for (unsigned i = 0; i < WEIR_SECTIONS; i++)
        if (weir_load64(bytes + weir_at_offset(i)) != layout.offset[i])
            return "its sections are not where its counts put them";
    table->classes = bytes + layout.offset[WEIR_CLASSES];
    table->meta = bytes + layout.offset[WEIR_META];
    table->lines = bytes + layout.offset[WEIR_LINES];
    table->cold = bytes + layout.offset[WEIR_COLD];
    table->spill_lines = bytes + layout.offset[WEIR_SPILL_LINES];
    table->spill_cold = bytes + layout.offset[WEIR_SPILL_COLD];
    return weir_secret_read(&table->secret, bytes + layout.offset[WEIR_SECRET], layout.bytes[WEIR_SECRET],
                            table->classes, table->class_count);
}

/* Entries in a run of lines; UINT64_MAX if a lane names a class that does not exist. */
static uint64_t count_lanes(const weir_table *table, const uint8_t *lines, uint32_t count)
{
    uint64_t entries = 0;
    for (uint32_t line = 0; line < count; line++) {
        for (unsigned lane = 0; lane < WEIR_LANES; lane++) {
            uint32_t word = weir_load32(lines + (size_t)line * WEIR_LINE_BYTES + 4 * lane);
            if (word == 0)
                continue;
            if ((word & 0xffff) == 0 || (word & 0xffff) >= table->class_count)
                return UINT64_MAX;
            entries++;
        }
    }
    return entries;
}

static const char *check_content(const weir_table *table, const uint8_t *bytes, size_t size)
{
    uint64_t sum = weir_checksum(0, bytes, WEIR_AT_CHECKSUM);
    sum = weir_checksum(sum, bytes + WEIR_HEADER_BYTES, size - WEIR_HEADER_BYTES);
    if (sum != weir_load64(bytes + WEIR_AT_CHECKSUM))
        return "its checksum does not match: it is damaged";
    uint64_t in_lines = count_lanes(table, table->lines, table->line_count);
    uint64_t in_spill = count_lanes(table, table->spill_lines, table->spill_count);
    if (in_lines == UINT64_MAX || in_spill == UINT64_MAX)
        return "an entry names a class that does not exist";
    if (in_lines + in_spill != table->entries)
        return "its number of entries is not the one in its header";
    return weir_secret_verify(&table->secret);
}

const char *weir_table_open(weir_table *table, const uint8_t *bytes, size_t size, int verify)
{
    const char *wrong;
    if ((wrong = check_identity(bytes, size)) != NULL)
        return wrong;
    read_header(table, bytes);
    if ((wrong = check_counts(table, bytes)) != NULL)
        return wrong;
    if (!is_zero(bytes + WEIR_AT_RESERVED, WEIR_AT_CHECKSUM - WEIR_AT_RESERVED))
        return "its header uses fields that this version does not know";
    if ((wrong = place_sections(table, bytes, size)) != NULL)
        return wrong;
    return verify ? check_content(table, bytes, size) : NULL;
}

const char *weir_table_index_open(weir_table *table, const uint8_t *key)
{
    if (table->secret.head == NULL)
        return NULL;
    if (key == NULL)
        return "it has secret lists, and there is no index key to look into them";
    return weir_secret_open(&table->secret, key);
}

static inline uint64_t load_h2(const uint8_t *cold)
{
    return weir_load32(cold) | (uint64_t)weir_load16(cold + 4) << 32;
}

/* The class of a hash in one line, 0 if it is not there. */
static inline uint32_t find_in_line(const weir_table *table, const uint8_t *line, const uint8_t *cold,
                                    weir_hash hash)
{
    uint32_t lanes = weir_match(line, weir_fingerprint_of(hash));
    for (; lanes != 0; lanes &= lanes - 1) {
        unsigned lane = (unsigned)__builtin_ctz(lanes);
        uint32_t class_id = weir_load16(line + 4 * lane);
        /* An empty lane looks like fingerprint 0; a class beyond the table comes only from a damaged file. */
        if (class_id != 0 && class_id < table->class_count &&
            load_h2(cold + WEIR_COLD_LANE * lane) == hash.h2)
            return class_id;
    }
    return 0;
}

static uint32_t find_in_spill(const weir_table *table, weir_hash hash)
{
    if (table->spill_count == 0)
        return 0;
    uint32_t at = weir_spill_line_of(hash, table->spill_count);
    for (unsigned i = 0; i < table->spill_probes; i++) {
        const uint8_t *line = table->spill_lines + (size_t)at * WEIR_LINE_BYTES;
        uint32_t class_id = find_in_line(table, line, table->spill_cold + (size_t)at * WEIR_COLD_BYTES, hash);
        if (class_id != 0)
            return class_id;
        if (weir_load32(line + 4 * (WEIR_LANES - 1)) == 0)
            return 0; /* a free lane: nothing was pushed on from here */
        at = at + 1 == table->spill_count ? 0 : at + 1;
    }
    return 0;
}

static inline uint32_t find_in_base(const weir_table *table, weir_hash hash)
{
    uint32_t at = weir_line_of(hash, table->line_count);
    const uint8_t *line = table->lines + (size_t)at * WEIR_LINE_BYTES;
    uint32_t class_id = find_in_line(table, line, table->cold + (size_t)at * WEIR_COLD_BYTES, hash);
    if (class_id == 0 && (weir_load32(line + WEIR_META_LANE) & weir_overflow_mark(hash)) != 0)
        class_id = find_in_spill(table, hash);
    return class_id;
}

uint32_t weir_table_base_find(const weir_table *table, weir_hash hash)
{
    return find_in_base(table, hash);
}

/* `changed`: the overlay has entries. */
static inline uint32_t find(const weir_table *table, weir_hash hash, int changed)
{
    uint32_t class_id;
    if (changed && weir_overlay_may_hold(table->overlay, hash) && weir_overlay_find(table, hash, &class_id))
        return class_id;
    return find_in_base(table, hash);
}

const uint8_t *weir_table_class(const weir_table *table, uint16_t class_id)
{
    static const uint8_t empty[WEIR_CLASS_BYTES];
    if (class_id < table->class_count)
        return table->classes + (size_t)class_id * WEIR_CLASS_BYTES;
    uint32_t record = class_id - table->class_count;
    if (table->overlay == NULL || record >= weir_overlay_class_room(table->class_count))
        return empty;
    return table->overlay + WEIR_OVERLAY_RECORDS + (size_t)record * WEIR_OVERLAY_CLASS_BYTES;
}

static inline int is_stop(const weir_table *table, uint32_t class_id)
{
    return weir_table_class(table, (uint16_t)class_id)[WEIR_CLASS_FLAGS] & WEIR_FLAG_STOP;
}

/* Widen a probe to the names of the overlay. */
static void widen(const weir_table *table, weir_probe *probe)
{
    unsigned labels = (unsigned)weir_overlay_word(table->overlay + WEIR_OV_LABELS);
    unsigned fewest = labels >> 8 & 0xff, most = labels & 0xff;
    if (labels == 0 || most > WEIR_MAX_LABELS || fewest == 0)
        return;
    if (fewest < probe->shortest)
        probe->shortest = fewest;
    if (most > table->max_labels)
        probe->longest = probe->labels < most ? probe->labels : most;
}

/* Hash the suffixes that may be listed, and send for their lines. */
static void start_in_base(const weir_table *table, const uint8_t *padded, const weir_label *labels,
                          weir_probe *probe)
{
    weir_hash_suffixes(&table->key, padded, labels, probe->labels, probe->longest, probe->hash);
    for (unsigned n = probe->shortest; n <= probe->longest; n++) {
        uint32_t at = weir_line_of(probe->hash[n - 1], table->line_count);
        __builtin_prefetch(table->lines + (size_t)at * WEIR_LINE_BYTES);
    }
}

void weir_probe_start(const weir_table *table, const uint8_t *wire, size_t length, weir_probe *probe)
{
    uint8_t padded[WEIR_MAX_WIRE + WEIR_PAD];
    weir_label labels[WEIR_MAX_LABELS];
    int count = weir_split_wire(wire, length, labels);
    probe->labels = count < 0 ? 0 : (unsigned)count;
    probe->shortest = table->min_labels;
    probe->longest = probe->labels < table->max_labels ? probe->labels : table->max_labels;
    if (weir_overlay_used(table) != 0)
        widen(table, probe);
    probe->maybe[0] = probe->maybe[1] = UINT64_MAX;
    if (table->secret.is_open)
        weir_secret_skip(&probe->secret);
    if (probe->labels == 0 || (probe->shortest > probe->longest && !table->secret.is_open))
        return;
    memcpy(padded, wire, length);
    memset(padded + length, 0, WEIR_PAD);
    if (probe->shortest <= probe->longest)
        start_in_base(table, padded, labels, probe);
    if (table->secret.is_open)
        weir_secret_start(&table->secret, padded, length, labels, probe->labels, &probe->secret);
}

/* Whether the compiled lists may hold a hash, by its line alone; sends for the words that can tell. */
static int fetch_in_base(const weir_table *table, weir_hash hash)
{
    uint32_t at = weir_line_of(hash, table->line_count);
    const uint8_t *line = table->lines + (size_t)at * WEIR_LINE_BYTES;
    uint32_t lanes = weir_match(line, weir_fingerprint_of(hash));
    if (lanes != 0)
        __builtin_prefetch(table->cold + (size_t)at * WEIR_COLD_BYTES +
                           WEIR_COLD_LANE * (unsigned)__builtin_ctz(lanes));
    if ((weir_load32(line + WEIR_META_LANE) & weir_overflow_mark(hash)) == 0)
        return lanes != 0;
    __builtin_prefetch(table->spill_lines +
                       (size_t)weir_spill_line_of(hash, table->spill_count) * WEIR_LINE_BYTES);
    return 1;
}

void weir_probe_fetch(const weir_table *table, weir_probe *probe)
{
    int changed = weir_overlay_used(table) != 0;
    for (unsigned n = probe->shortest; n <= probe->longest; n++) {
        weir_hash hash = probe->hash[n - 1];
        int may_hold = fetch_in_base(table, hash) || (changed && weir_overlay_may_hold(table->overlay, hash));
        probe->maybe[(n - 1) / 64] &= ~((uint64_t)!may_hold << (n - 1) % 64);
    }
    if (table->secret.is_open)
        weir_secret_fetch(&table->secret, &probe->secret);
}

static unsigned finish_in_base(const weir_table *table, const weir_probe *probe, weir_hit *hits)
{
    int changed = weir_overlay_used(table) != 0;
    unsigned found = 0;
    for (unsigned n = probe->longest; n >= probe->shortest; n--) {
        if ((probe->maybe[(n - 1) / 64] >> (n - 1) % 64 & 1) == 0)
            continue;
        uint32_t class_id = find(table, probe->hash[n - 1], changed);
        if (class_id == 0)
            continue;
        hits[found].labels = (uint16_t)n;
        hits[found++].class_id = (uint16_t)class_id;
        if (is_stop(table, class_id))
            break;
    }
    return found;
}

/* Two runs of hits, each longest first, as one. Hardly any name has both. */
static void merge_hits(weir_hit *hits, unsigned first, unsigned count)
{
    for (unsigned i = first; i < count; i++) {
        weir_hit hit = hits[i];
        unsigned to = i;
        for (; to > 0 && hits[to - 1].labels < hit.labels; to--)
            hits[to] = hits[to - 1];
        hits[to] = hit;
    }
}

unsigned weir_probe_finish(const weir_table *table, const weir_probe *probe, weir_hit hits[WEIR_MAX_HITS])
{
    unsigned found = finish_in_base(table, probe, hits);
    if (!table->secret.is_open)
        return found;
    unsigned secret = weir_secret_finish(&table->secret, &probe->secret, hits + found);
    if (found != 0 && secret != 0)
        merge_hits(hits, found, found + secret);
    return found + secret;
}

unsigned weir_table_lookup(const weir_table *table, const uint8_t *wire, size_t length,
                           weir_hit hits[WEIR_MAX_HITS], unsigned *labels)
{
    weir_probe probe;
    weir_probe_start(table, wire, length, &probe);
    *labels = probe.labels;
    return weir_probe_finish(table, &probe, hits);
}

/* The prefix lengths of 64 * `word` and more that are listed for addresses of this size. */
static uint64_t prefix_lengths(const weir_table *table, size_t size, unsigned word, int changed)
{
    uint64_t lengths = size == 4 ? table->v4_lengths : table->v6_lengths[word];
    if (changed)
        lengths |= weir_overlay_word(table->overlay +
                                     (size == 4 ? WEIR_OV_V4_LENGTHS : WEIR_OV_V6_LENGTHS + 8 * word));
    return lengths;
}

static unsigned address_in_base(const weir_table *table, const uint8_t *address, size_t size, weir_hit *hits)
{
    int changed = weir_overlay_used(table) != 0;
    unsigned found = 0;
    for (unsigned prefix = 8 * (unsigned)size + 1; prefix-- > 0;) {
        if ((prefix_lengths(table, size, prefix / 64, changed) >> prefix % 64 & 1) == 0)
            continue;
        weir_hash hash = weir_hash_address(&table->key, address, (unsigned)size, prefix);
        uint32_t class_id = find(table, hash, changed);
        if (class_id == 0)
            continue;
        hits[found].labels = (uint16_t)prefix;
        hits[found++].class_id = (uint16_t)class_id;
        if (is_stop(table, class_id))
            break;
    }
    return found;
}

unsigned weir_table_lookup_address(const weir_table *table, const uint8_t *address, size_t size,
                                   weir_hit hits[WEIR_MAX_PREFIXES])
{
    if (size != 4 && size != 16)
        return 0;
    unsigned found = address_in_base(table, address, size, hits), secret = 0;
    if (table->secret.is_open)
        secret = weir_secret_address(&table->secret, address, (unsigned)size, hits + found);
    if (found != 0 && secret != 0)
        merge_hits(hits, found, found + secret);
    return found + secret;
}
