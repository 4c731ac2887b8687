/* One page of the answer cache: its layout, and what happens to it in a writer's private copy.
 *
 * Nothing here is atomic or shared. cache.c copies a page out, calls these, and publishes the outcome; a reader takes
 * single words through cache.c. The words are in the machine's own byte order: a mapping never leaves its machine,
 * nor its boot. */
#ifndef WEIR_CACHE_PAGE_H
#define WEIR_CACHE_PAGE_H

#include <stdatomic.h>

#include "cache.h"

#define WEIR_PAGE_ENTRIES 144u /* answers take 105 octets and more, so bytes run out first */
#define WEIR_PAGE_GHOSTS 64u
#define WEIR_PAGE_BODIES (WEIR_CACHE_PAGE - 8u - (uint32_t)sizeof(weir_page_index))
#define WEIR_PAGE_SMALL (WEIR_PAGE_BODIES / 10u) /* the small queue's share of the bodies, as in the paper */

/* `place` of an entry: where its body stands among the bodies, its length, and whether it is in the small queue. */
#define WEIR_PLACE_OFFSET(place) ((place)&0xFFFFu)
#define WEIR_PLACE_LENGTH(place) (((place) >> 16) & 0x7FFFu)
#define WEIR_PLACE_IN_SMALL 0x80000000u

/* `hits` of an entry: rounds that eviction grants it, hits in the life of its answer (both up to 3), and whether a
 * prefetch was asked for. Readers write it, so nothing else may stand there. */
#define WEIR_HITS_ROUNDS 0x03u
#define WEIR_HITS_LIFE 0x0Cu
#define WEIR_HITS_LIFE_ONE 0x04u
#define WEIR_HITS_PREFETCHED 0x10u

/* Entries in the order of their arrival in their queue. All zero is an empty page. */
typedef struct {
    uint16_t count;
    uint16_t end;        /* octets taken among the bodies, holes included */
    uint16_t used;       /* octets of the living entries */
    uint16_t ghost_next; /* where the next ghost goes */
    uint16_t tag[WEIR_PAGE_ENTRIES]; /* never 0 */
    uint8_t hits[WEIR_PAGE_ENTRIES];
    uint32_t place[WEIR_PAGE_ENTRIES];
    uint16_t ghost[WEIR_PAGE_GHOSTS]; /* tags of what left the small queue unasked; 0 = none */
} weir_page_index;

typedef struct {
    weir_page_index index;
    uint8_t bodies[WEIR_PAGE_BODIES];
} weir_page_content;

typedef struct {
    _Atomic uint32_t sequence; /* odd while a writer is at work */
    _Atomic uint32_t lock;     /* the writer's slot + 1; 0 = free */
    weir_page_content content;
} weir_page;

_Static_assert(sizeof(weir_page) == WEIR_CACHE_PAGE, "a page is as long as the contract says");

/* Octets that the body of an answer takes; 0 if no page could hold it. */
uint32_t weir_entry_size(const weir_cache_key *key, const weir_answer *answer);

/* Write a body of weir_entry_size octets. */
void weir_entry_write(uint8_t *body, const weir_cache_key *key, const weir_answer *answer);

/* Whether the body is the key's. Reads nothing beyond `length`, whatever the bytes hold. */
int weir_entry_is(const uint8_t *body, uint32_t length, const weir_cache_key *key);

/* Take a body apart; the pointers of `answer` lead into it and into `ttl_offsets`. 0 if it is not sound. */
int weir_entry_read(const uint8_t *body, uint32_t length, uint16_t ttl_offsets[WEIR_CACHE_MAX_TTLS],
                    weir_answer *answer);

/* When the answer was stored, and when it ceases to be fresh. 0 if the body is too short to say. */
uint64_t weir_entry_stored(const uint8_t *body, uint32_t length);
uint64_t weir_entry_expires(const uint8_t *body, uint32_t length);

/* Overwrite the judgement of a body that weir_entry_is has found sound. */
void weir_entry_judge(uint8_t *body, const weir_judgement *judgement);

/* Empty a page whose index contradicts itself. After this every place lies within the bodies. */
void weir_page_mend(weir_page_content *page);

/* The number of the key's entry, or -1. */
int weir_page_find(const weir_page_content *page, uint16_t tag, const weir_cache_key *key);

/* Put an answer of `size` octets in, after others have gone as far as needed. What is past `dead_ms` after its TTL
 * goes first. `changed` gets where the changed bodies begin. Returns how many went, or WEIR_CACHE_UNWANTED. */
int weir_page_put(weir_page_content *page, uint16_t tag, const weir_cache_key *key, const weir_answer *answer,
                  uint32_t size, uint64_t now_ms, uint64_t dead_ms, uint32_t *changed);

#endif
