/* Answers in wire form, shared by all workers in one bounded mapping.
 *
 * The memory is an array of pages; a key's hash (keyed, so nobody can aim at one page) names its page, and
 * everything else happens inside it: entries stand in the order of their arrival, S3-FIFO decides who
 * goes. A page is written under a try-lock that holds the writer's slot: whoever finds it taken does
 * without (keeping an answer is never owed), and a successor of a writer that died resets the pages locked
 * in its name. Readers copy and check a sequence number; they never wait and never believe a torn copy.
 * Every length read is bounded before use. */
#ifndef WEIR_CACHE_H
#define WEIR_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define WEIR_CACHE_PAGE 16384u
#define WEIR_CACHE_MAX_WIRE 12288u /* octets of the longest answer that is kept */
#define WEIR_CACHE_MAX_KEY 510u    /* a name, or a name and the name that answers for it (safe search) */
#define WEIR_CACHE_MAX_TTLS 512u
#define WEIR_CACHE_MAX_PARTS 256u  /* targets and addresses */

typedef struct {
    uint8_t *bytes;
    size_t size;
    uint32_t pages;
    uint16_t slot; /* of the worker that writes through this handle */
    uint64_t key[4];
    uint64_t dead_ms; /* past its TTL by this much an answer is of no use; 0 after open, the owner sets it */
} weir_cache;

enum { WEIR_KEY_DO = 1, WEIR_KEY_CD = 2 };

/* `name` is the lower-case wire name asked for, followed by the target's where an alias made here leads to
 * it. */
typedef struct {
    const uint8_t *name;
    uint16_t name_length;
    uint16_t qtype, qclass;
    uint8_t flags;
} weir_cache_key;

/* How an entry was last judged: the bits of the one part (target or address) that any list speaks about. */
enum { WEIR_PART_NONE = 0xFFFF, WEIR_PART_SEVERAL = 0xFFFE };
typedef struct {
    uint32_t serial; /* of the lists by which it was judged; 0 = not yet */
    uint16_t part;   /* index among targets, then addresses; or one of the two above */
    uint64_t bits[4];
} weir_judgement;

/* One answer. On `get` all pointers lead into the caller's weir_cache_copy; on `put` anywhere. */
typedef struct {
    const uint8_t *wire; /* whole message: id 0, the question in lower case, no additional records */
    uint32_t wire_length;
    const uint16_t *ttl_offsets; /* ascending; all + 4 <= wire_length */
    uint16_t ttl_count;
    const uint8_t *targets; /* wire names, one after another */
    uint16_t targets_length, target_count;
    const uint8_t *addresses; /* each 1 byte of length (4 or 16) and the address */
    uint16_t addresses_length, address_count;
    const uint8_t *ede; /* each: code (2 bytes), length of text (2 bytes), text; network order */
    uint16_t ede_length;
    uint64_t stored_ms; /* monotonic clock of the machine */
    uint32_t ttl;       /* seconds for which it is fresh */
    weir_judgement judgement;
} weir_answer;

typedef struct {
    uint8_t bytes[WEIR_CACHE_PAGE];
    uint16_t ttl_offsets[WEIR_CACHE_MAX_TTLS];
} weir_cache_copy;

enum {
    WEIR_CACHE_MISS = 0,
    WEIR_CACHE_FRESH = 1,
    WEIR_CACHE_STALE = 2,    /* past its TTL, within the stale window given */
    WEIR_CACHE_PREFETCH = 3  /* fresh, popular and near its end: said once per life of an entry */
};

/* Why an answer was not kept. */
enum {
    WEIR_CACHE_BUSY = -1,     /* somebody else is writing in its page */
    WEIR_CACHE_UNWANTED = -2, /* TTL 0 without an older one, or so long that it has to be asked for twice */
    WEIR_CACHE_TOO_LONG = -3
};

/* Make `bytes` (a multiple of WEIR_CACHE_PAGE, at least two pages, zeroed) an empty cache. `boot` tells
 * one boot of the machine from another: answers do not outlive it, because the monotonic clock does not.
 * 0, or -1 if the size is none of these. */
int weir_cache_format(uint8_t *bytes, size_t size, const uint8_t key[32], const uint8_t boot[16]);

/* Use a formatted mapping, aligned to 8. NULL if it is sound and of this boot, else what is wrong (a
 * constant text). */
const char *weir_cache_open(weir_cache *cache, uint8_t *bytes, size_t size, const uint8_t boot[16],
                            uint16_t slot);

/* Reset the pages that an earlier process of this slot left locked. Returns how many. Called once, at
 * start. */
unsigned weir_cache_recover(weir_cache *cache);

/* The same for all slots from `first` on, which the caller knows to be nobody's. */
unsigned weir_cache_recover_from(weir_cache *cache, uint16_t first);

uint64_t weir_cache_hash(const weir_cache *cache, const weir_cache_key *key);

/* Bring what a look-up needs on its way, in two stages: where the answer stands, and when that is here,
 * the answer. */
void weir_cache_prefetch(const weir_cache *cache, uint64_t hash);
void weir_cache_prefetch_answer(const weir_cache *cache, uint64_t hash);

/* Copy the answer out and count a hit. `stale_ms` = 0: only fresh ones. Anything but WEIR_CACHE_MISS fills
 * `answer`, whose TTL offsets, targets, addresses and EDE are then well formed as described above,
 * whatever the mapping held. */
int weir_cache_get(weir_cache *cache, const weir_cache_key *key, uint64_t hash, uint64_t now_ms,
                   uint64_t stale_ms, weir_answer *answer, weir_cache_copy *copy);

/* The same without a hit, and so never WEIR_CACHE_PREFETCH. */
int weir_cache_peek(const weir_cache *cache, const weir_cache_key *key, uint64_t hash, uint64_t now_ms,
                    uint64_t stale_ms, weir_answer *answer, weir_cache_copy *copy);

/* Keep an answer, in place of an older one for the same key. Returns the number of others that had to go,
 * or why it was not kept (negative). */
int weir_cache_put(weir_cache *cache, const weir_cache_key *key, uint64_t hash, const weir_answer *answer,
                   uint64_t now_ms);

/* Note how the answer `judged` was judged, if it still stands under its key: another one may have come
 * meanwhile, even in the same millisecond, and must not pass for judged. Best effort. Of more than eight bits
 * none are kept: the part is then WEIR_PART_SEVERAL. */
void weir_cache_judge(weir_cache *cache, const weir_cache_key *key, uint64_t hash, const weir_answer *judged,
                      const weir_judgement *judgement);

/* Entries, and bytes of their bodies, by a walk over the pages' heads. */
void weir_cache_usage(const weir_cache *cache, uint64_t *entries, uint64_t *bytes);

#endif
