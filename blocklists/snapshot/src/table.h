/* Look-ups in a compiled table. The bytes may come from anywhere: they are checked here before use, and no
 * content of the file can make a look-up read outside of them.
 *
 * The bytes must stay mapped and must not shrink while the table is in use: publish a new file by rename,
 * never by writing into the old one. */
#ifndef WEIR_TABLE_H
#define WEIR_TABLE_H

#include "hash.h"
#include "secret.h"

typedef struct {
    const uint8_t *classes, *meta, *lines, *cold, *spill_lines, *spill_cold;
    const uint8_t *overlay; /* changes since it was compiled (overlay.h); NULL: none */
    weir_key key;
    uint64_t entries, created, meta_bytes, checksum;
    uint64_t v4_lengths, v6_lengths[3];
    uint32_t class_count, line_count, spill_count;
    uint8_t min_labels, max_labels, spill_probes;
    weir_secret secret; /* shut until weir_table_index_open */
} weir_table;

/* A look-up under way: its lines are on their way from memory. */
typedef struct {
    unsigned labels;   /* of the name; 0 if it is not well formed or is the root */
    unsigned shortest; /* suffixes of shortest .. longest labels are looked at; none if shortest > longest */
    unsigned longest;
    uint64_t maybe[2]; /* bit n - 1: the suffix of n labels may be listed; all are set until they are looked at */
    weir_hash hash[WEIR_MAX_LABELS];
    weir_secret_probe secret; /* only if that table is open */
} weir_probe; /* what short names need stands together */

/* Hits of one name: every suffix at most once in each of the two tables. */
#define WEIR_MAX_HITS (2 * WEIR_MAX_LABELS)

/* Read the header of `bytes`. NULL if the table is sound, else what is wrong with it (a constant text).
 * `verify` also checks the checksum, every class id and the number of entries: time in proportion to the
 * size. */
const char *weir_table_open(weir_table *table, const uint8_t *bytes, size_t size, int verify);

/* Let look-ups find the entries of secret lists, whose digests were made with the index key `key`; NULL: there is no
 * key. NULL if no entry of a secret list stays out of sight, else why one would (a constant text): the table must not
 * serve then. */
const char *weir_table_index_open(weir_table *table, const uint8_t *key);

/* Let all look-ups heed an overlay (overlay.h), which its writer may change at any time. `bytes` are
 * aligned to 8. NULL if it is sound and this table's, else what is wrong with it (a constant text); the
 * table then stays without. */
const char *weir_table_overlay_open(weir_table *table, const uint8_t *bytes, size_t size);

/* A number, never 0, that differs when the table or a change in its overlay does: the same in every
 * process, and read (acquire) before a look-up it vouches for every change that it counts. Two tables have
 * the same number with a chance of 2^-32. */
uint32_t weir_table_serial(const weir_table *table);

/* Hash a lower-case wire name and fetch its lines. Start several, then finish them: one memory latency for
 * all. */
void weir_probe_start(const weir_table *table, const uint8_t *wire, size_t length, weir_probe *probe);

/* Between start and finish, when the lines have come: send for what verifies a hit. Worth it for several together. */
void weir_probe_fetch(const weir_table *table, weir_probe *probe);

/* The listed suffixes, longest first; a stop class ends those of its own kind, secret or not. Returns their number. */
unsigned weir_probe_finish(const weir_table *table, const weir_probe *probe, weir_hit hits[WEIR_MAX_HITS]);

/* Both in one. `labels` gets the number of labels of the name. */
unsigned weir_table_lookup(const weir_table *table, const uint8_t *wire, size_t length,
                           weir_hit hits[WEIR_MAX_HITS], unsigned *labels);

/* The class record of a hit (WEIR_CLASS_BYTES octets: exact mask, below mask, flags; layout.h). An id that
 * no look-up gave gets an empty record. */
const uint8_t *weir_table_class(const weir_table *table, uint16_t class_id);

#define WEIR_MAX_PREFIXES 258 /* of 0 to 128 bits, in both tables */

/* The listed prefixes of an address of 4 or 16 bytes (none for another size), in the same order. */
unsigned weir_table_lookup_address(const weir_table *table, const uint8_t *address, size_t size,
                                   weir_hit hits[WEIR_MAX_PREFIXES]);

#endif
