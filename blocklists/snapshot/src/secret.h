/* The table of secret lists inside a compiled file: digests under a key that does not stand in the file.
 *
 * It is built like the table of the other lists: a line holds 15 lanes of fingerprint and class, the rest of what
 * verifies a hit lies apart, and is read by a hit only. A name is found by the digest of its suffix in wire form
 * (sip.h), an address by that of a form that no name has. Whoever lacks the key finds nothing; so `weir_table_open`
 * leaves this table shut, and `weir_table_index_open` opens it.
 *
 * The bytes may come from anywhere: no content makes a look-up leave them. */
#ifndef WEIR_SECRET_H
#define WEIR_SECRET_H

#include "sip.h"

/* One listed suffix: its labels (or the prefix length of an address) and its class. */
typedef struct {
    uint16_t labels;
    uint16_t class_id;
} weir_hit;

typedef struct {
    const uint8_t *head, *lines, *digests; /* NULL: no list is secret */
    const uint8_t *classes;                /* the file's class records */
    weir_sip_key key;
    uint64_t entries;
    uint64_t v4_lengths, v6_lengths[3];
    uint32_t class_count, line_count;
    uint8_t min_labels, max_labels, probes;
    uint8_t is_open; /* the key is here */
} weir_secret;

/* The part of a look-up that concerns secret lists; as in weir_probe. */
typedef struct {
    unsigned shortest, longest;
    uint64_t maybe[2];
    weir_sip_half digest[WEIR_MAX_LABELS];
} weir_secret_probe;

/* Read the head of a section of `size` octets (0: there is none). `classes` are the file's records. NULL if it is sound,
 * else what is wrong with it (a constant text). */
const char *weir_secret_read(weir_secret *secret, const uint8_t *bytes, uint64_t size, const uint8_t *classes,
                             uint32_t class_count);

/* Look at every lane: NULL, or what is wrong. */
const char *weir_secret_verify(const weir_secret *secret);

/* Let look-ups use this key. NULL, or why it does not fit. */
const char *weir_secret_open(weir_secret *secret, const uint8_t key[WEIR_SIP_KEY_BYTES]);

/* The digest by which a table tells its own key from others. */
weir_hash weir_secret_check(const weir_sip_key *key);

/* Digests of the suffixes of 1 .. limit labels of a lower-case name, dotted or in wire form: `out` as for
 * weir_hash_suffixes. Nothing behind the name is read. */
void weir_secret_hash_suffixes(const weir_sip_key *key, const uint8_t *bytes, const weir_label *labels, unsigned count,
                               unsigned limit, weir_hash *out);
weir_hash weir_secret_hash_name(const weir_sip_key *key, const uint8_t *bytes, const weir_label *labels,
                                unsigned count);
weir_hash weir_secret_hash_address(const weir_sip_key *key, const uint8_t *address, unsigned size, unsigned prefix);

/* Nothing to look for, as in a name that is not well formed. */
static inline void weir_secret_skip(weir_secret_probe *probe)
{
    probe->shortest = 1;
    probe->longest = 0;
}

/* The stages of weir_probe_start, _fetch and _finish for an open table. `wire` has WEIR_PAD readable octets behind
 * it. */
void weir_secret_start(const weir_secret *secret, const uint8_t *wire, size_t length, const weir_label *labels,
                       unsigned count, weir_secret_probe *probe);
void weir_secret_fetch(const weir_secret *secret, weir_secret_probe *probe);
unsigned weir_secret_finish(const weir_secret *secret, const weir_secret_probe *probe, weir_hit *hits);

/* The listed prefixes of an address of 4 or 16 octets, longest first, to a stop. */
unsigned weir_secret_address(const weir_secret *secret, const uint8_t *address, unsigned size, weir_hit *hits);

#endif
