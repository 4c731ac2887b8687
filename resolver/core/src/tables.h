/* Clients and policies: one mapped file, one writer (control), any number of readers, no lock.
 *
 * Who has which policy is one 64-bit word per identity, stored with release and loaded with acquire; the key
 * beside it is written before the word and never changes while the word is set. Policies and rule sets are
 * only ever added: a changed policy is a new record and one store into the client's word. So a reader sees
 * the old or the new policy, never a mixture, and a writer that is killed at any instruction leaves nothing
 * half visible. What no longer fits is built anew in another file, which readers take over with their next
 * state.
 *
 * The bytes may come from anywhere: they are checked at open, and no content can make a reader leave them. */
#ifndef WEIR_TABLES_H
#define WEIR_TABLES_H

#include "hash.h"

#define WEIR_NO_POLICY UINT32_MAX
#define WEIR_MASK_WORDS 4 /* 256 categories */

typedef struct weir_tables {
    const uint8_t *bytes; /* of the mapping */
    size_t size;
    weir_key key;
    /* the implementation's own: offsets and counts that were checked at open */
    uint64_t place[24];
} weir_tables;

/* Numbers that a file gives about itself. Those after `room` change while it is edited. */
typedef struct {
    uint8_t plan[32], boot[16];
    uint64_t created;      /* Unix seconds */
    uint32_t room_clients; /* slots that a writer fills */
    uint32_t room_policies;
    uint32_t clients;      /* slots taken; those of removed clients count */
    uint32_t policies;
    uint64_t edits;        /* batches of changes in place */
} weir_tables_facts;

/* Who asks. IPv4 takes the first four bytes, IPv4-mapped IPv6 counts as IPv4. `realm` is 0 where there are
 * none. */
typedef struct {
    uint8_t address[16];
    uint8_t family; /* 4 or 6 */
    uint32_t realm;
} weir_client;

/* An address prefix in a realm; bits beyond `length` do not matter. */
typedef struct {
    weir_client client;
    uint8_t length; /* 0 to 32 or 128 */
} weir_prefix;

enum {
    WEIR_POLICY_ALLOW_ONLY = 1, /* what no rule and no category of `only` allows is blocked */
    WEIR_POLICY_PAUSED = 2,
    WEIR_POLICY_RULES = 4,      /* has rules or grants */
    WEIR_POLICY_REWRITES = 8    /* has names that are answered with another's (safe search) */
};

typedef struct {
    uint64_t block[WEIR_MASK_WORDS], security[WEIR_MASK_WORDS], only[WEIR_MASK_WORDS];
    uint32_t flags;
    uint32_t rules, rewrites; /* numbers of sets; for the functions below */
} weir_policy;

enum { WEIR_RULE_NONE, WEIR_RULE_GRANT, WEIR_RULE_ALLOW, WEIR_RULE_DENY };

/* NULL if the file is sound, else what is wrong with it (a constant text). `verify` checks every record too:
 * time in proportion to what is in use. `bytes` must be aligned to 8. */
const char *weir_tables_open(weir_tables *tables, const uint8_t *bytes, size_t size, int verify);

void weir_tables_describe(const weir_tables *tables, weir_tables_facts *facts);

/* The policy number of the longest prefix that holds the client; else the default policy if a served prefix
 * does; else WEIR_NO_POLICY. `prefetch` brings the exact address's line on its way. */
void weir_tables_prefetch(const weir_tables *tables, const weir_client *client);
uint32_t weir_tables_policy_of(const weir_tables *tables, const weir_client *client);

/* The policy of exactly this prefix, and that of whoever is served and no client; WEIR_NO_POLICY if there is
 * none. */
uint32_t weir_tables_policy_at(const weir_tables *tables, const weir_prefix *prefix);
uint32_t weir_tables_default(const weir_tables *tables);

/* The rest of the way, each a step behind the one before it: a policy of any number, the head of its rules,
 * and those that a name of so many labels is compared with. Nothing happens where there is nothing to fetch. */
void weir_tables_prefetch_policy(const weir_tables *tables, uint32_t number);
void weir_tables_prefetch_set(const weir_tables *tables, const weir_policy *policy);
void weir_tables_prefetch_rules(const weir_tables *tables, const weir_policy *policy, unsigned labels);

/* Copy a policy out. 0 if there is none of this number. */
int weir_tables_policy(const weir_tables *tables, uint32_t number, weir_policy *policy);

/* What the policy's own grants and rules say of a name: a live grant first, else the most specific rule,
 * allow before deny at the same name (resolver.policy.verdict). `hash[n - 1]` is the hash under `tables->key`
 * of the suffix of n labels, `labels` the number of labels, `unix_ms` the time. `matched` gets the labels of
 * the name that spoke. `rules` = 0 leaves rules aside, `grants` = 0 grants. */
unsigned weir_tables_rule(const weir_tables *tables, const weir_policy *policy, const weir_hash *hash,
                          unsigned labels, int grants, int rules, uint64_t unix_ms, unsigned *matched);

/* The wire name that this exact name is answered with; NULL if none. It stays where it is while the file is
 * mapped. */
const uint8_t *weir_tables_rewrite(const weir_tables *tables, const weir_policy *policy, weir_hash exact,
                                   size_t *length);

/* The names behind a policy's rules or rewrites, as tables_layout.h says; NULL if it has none. The records of
 * a file that was not verified may hold anything: whoever reads on must stay within `length`. */
const uint8_t *weir_tables_rule_names(const weir_tables *tables, const weir_policy *policy, size_t *length);
const uint8_t *weir_tables_rewrite_names(const weir_tables *tables, const weir_policy *policy, size_t *length);

#endif
