/* Writing clients and policies: a new file at once, a file in force in place. One writer at a time: whoever
 * maps the file for writing holds a lock on it.
 *
 * Order of every change: key or record, then the count or word that makes it visible, stored with release. So
 * a writer that is killed between any two instructions leaves the old state or the new one. What it had begun
 * lies beyond every count and is written over by its successor. */
#ifndef WEIR_TABLES_WRITER_H
#define WEIR_TABLES_WRITER_H

#include "tables.h"

typedef struct {
    uint8_t *bytes;
    weir_tables tables; /* the same bytes, as a reader sees them */
} weir_writer;

/* What a file is to have room for. Bytes of sets and names: weir_rules_cost and weir_rewrites_cost added
 * up. */
typedef struct {
    uint32_t clients, policies;
    uint64_t set_bytes, name_bytes;
} weir_tables_room;

/* What a file says of itself. */
typedef struct {
    uint8_t key[WEIR_KEY_BYTES], plan[32], boot[16];
    uint64_t created; /* Unix seconds */
} weir_tables_origin;

enum {
    WEIR_WRITE_DONE,
    WEIR_WRITE_FULL,    /* no room: the change needs a new file; nothing was changed */
    WEIR_WRITE_REFUSED, /* malformed, or it names a policy or set that is not there; nothing was changed */
    WEIR_WRITE_NO_MEMORY
};

/* Bytes of a file with this room; 0 if none can be that large. */
uint64_t weir_tables_size(const weir_tables_room *room);

/* Make `bytes` (zeroed, weir_tables_size long, aligned to 8) an empty file that serves nobody. */
int weir_tables_format(uint8_t *bytes, size_t size, const weir_tables_room *room, const weir_tables_origin *origin);

/* Go on writing a file, whatever its last writer was doing when it ended. All records are checked first.
 * NULL, or what is wrong with it (a constant text). */
const char *weir_writer_open(weir_writer *writer, uint8_t *bytes, size_t size);

/* ---- records: they count from here on, and nobody has them yet ---- */

/* `text` is a run of names as tables_layout.h describes it. `set` gets the number for weir_policy.rules. */
int weir_writer_rules(weir_writer *writer, const uint8_t *text, size_t length, uint32_t *set);
int weir_writer_rewrites(weir_writer *writer, const uint8_t *text, size_t length, uint32_t *set);
int weir_writer_policy(weir_writer *writer, const weir_policy *policy, uint32_t *number);

/* What such a set adds to weir_tables_room. WEIR_WRITE_REFUSED if the text is malformed. */
int weir_rules_cost(const uint8_t *text, size_t length, weir_tables_room *room);
int weir_rewrites_cost(const uint8_t *text, size_t length, weir_tables_room *room);

/* ---- words: seen by the next look-up of every reader ---- */

/* Who has which policy. `number` = WEIR_NO_POLICY: nobody has this prefix any more. */
int weir_writer_client(weir_writer *writer, const weir_prefix *prefix, uint32_t number);

/* Clients of this prefix are served: with the default policy, unless they have one. */
int weir_writer_served(weir_writer *writer, const weir_prefix *prefix);

/* The policy of whoever is served and no client; WEIR_NO_POLICY: nobody else is served. */
int weir_writer_default(weir_writer *writer, uint32_t number);

/* A client in a packed row: address (16), family (1), prefix length (1), zero (2), realm (4), policy (4). */
#define WEIR_CLIENT_ROW 28u
void weir_client_row_load(const uint8_t *row, weir_prefix *prefix, uint32_t *policy);

typedef struct {
    uint64_t changed, removed;
} weir_tables_changes;

/* Make these rows all the clients that there are: only what differs is stored, what is not among them goes
 * last. The last of two rows of one prefix counts. */
int weir_writer_replace(weir_writer *writer, const uint8_t *rows, size_t count, weir_tables_changes *changes);

/* Where the file's pages of records begin, a multiple of the page size: whoever wants the file to be sound
 * after a power failure syncs what stands there before what stands before it. */
size_t weir_writer_records(const weir_writer *writer);

/* A batch of changes ends here. */
void weir_writer_count_edit(weir_writer *writer);

#endif
