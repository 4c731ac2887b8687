/* One page of the answer cache: its layout, and what happens to it in a writer's private copy.
 *
 * A writer copies the page, changes the copy, and writes it back; who may do so when, and what readers may
 * believe, is cache.c's. A reader needs the first line, the line of slots where the key's tag belongs, and
 * the body. The words are in the machine's own byte order: a mapping never leaves its machine, nor its
 * boot. */
#ifndef WEIR_CACHE_PAGE_H
#define WEIR_CACHE_PAGE_H

#include <stdatomic.h>

#include "cache.h"

#define WEIR_PAGE_ENTRIES 144u /* answers take 105 octets and more, so bytes run out first */
#define WEIR_PAGE_GHOSTS 56u
#define WEIR_PAGE_LINES 22u      /* of slots; with all entries there three quarters are taken */
#define WEIR_PAGE_LINE_SLOTS 8u  /* of 8 octets each: a line of the processor's cache */
#define WEIR_PAGE_SLOTS (WEIR_PAGE_LINES * WEIR_PAGE_LINE_SLOTS)
#define WEIR_PAGE_HEAD 128u
#define WEIR_PAGE_BODIES (WEIR_CACHE_PAGE - WEIR_PAGE_HEAD - 8u * WEIR_PAGE_SLOTS)
#define WEIR_PAGE_SMALL (WEIR_PAGE_BODIES / 10u) /* the small queue's share of the bodies, as in the paper */

/* `place` of an entry: where its body stands among the bodies, its length, and whether it is in the small
 * queue. */
#define WEIR_PLACE_OFFSET(place) ((place)&0xFFFFu)
#define WEIR_PLACE_LENGTH(place) (((place) >> 16) & 0x7FFFu)
#define WEIR_PLACE_IN_SMALL 0x80000000u

/* `hits` of an entry: rounds that eviction grants it, hits in the life of its answer (both up to 3), and
 * whether a prefetch was asked for. Readers write it, so nothing else may stand there. */
#define WEIR_HITS_ROUNDS 0x03u
#define WEIR_HITS_LIFE 0x0Cu
#define WEIR_HITS_LIFE_ONE 0x04u
#define WEIR_HITS_PREFETCHED 0x10u

/* How readers find an entry: in the line of its tag, or in a following one if that is full. */
typedef struct {
    uint32_t place;
    uint16_t tag; /* 0 = empty */
    uint8_t hits;
    uint8_t number; /* among the entries in the order of their arrival; for writers */
} weir_page_slot;

/* In the mapping. All zero is an empty page. */
typedef struct {
    _Atomic uint32_t sequence; /* odd while a writer is at work */
    _Atomic uint32_t lock;     /* the writer's slot + 1; 0 = free */
    uint16_t count;            /* of entries */
    uint16_t end;              /* octets taken among the bodies, holes included */
    uint16_t used;             /* octets of the living entries */
    uint16_t ghost_next;       /* where the next ghost goes */
    uint16_t ghost[WEIR_PAGE_GHOSTS]; /* tags of what left the small queue unasked; 0 = none */
    weir_page_slot slot[WEIR_PAGE_SLOTS];
    uint8_t bodies[WEIR_PAGE_BODIES];
} weir_page;

_Static_assert(sizeof(weir_page) == WEIR_CACHE_PAGE, "a page is as long as the contract says");
_Static_assert(offsetof(weir_page, slot) == WEIR_PAGE_HEAD, "slots begin with a line");

/* A writer's copy: the entries in the order of their arrival in their queue. */
typedef struct {
    uint16_t count, end, used, ghost_next;
    uint16_t ghost[WEIR_PAGE_GHOSTS];
    uint16_t tag[WEIR_PAGE_ENTRIES];
    uint8_t hits[WEIR_PAGE_ENTRIES];
    uint32_t place[WEIR_PAGE_ENTRIES];
    uint8_t bodies[WEIR_PAGE_BODIES];
} weir_page_copy;

/* The first slot of a tag's line. The tag alone decides, so that a page can be written from its entries. */
static inline unsigned weir_page_home(uint16_t tag)
{
    return (tag * WEIR_PAGE_LINES >> 16) * WEIR_PAGE_LINE_SLOTS;
}

/* Octets that the body of an answer takes; 0 if no page could hold it. */
uint32_t weir_entry_size(const weir_cache_key *key, const weir_answer *answer);

/* Write a body of weir_entry_size octets. */
void weir_entry_write(uint8_t *body, const weir_cache_key *key, const weir_answer *answer);

/* Whether the body is the key's. Reads nothing beyond `length`, whatever the bytes hold. */
int weir_entry_is(const uint8_t *body, uint32_t length, const weir_cache_key *key);

/* Take a body apart; the pointers of `answer` lead into it and into `ttl_offsets`. 0 if it is not sound. */
int weir_entry_read(const uint8_t *body, uint32_t length, uint16_t ttl_offsets[WEIR_CACHE_MAX_TTLS],
                    weir_answer *answer);

/* When the answer ceases to be fresh, in milliseconds. 0 if the body is too short to say. */
uint64_t weir_entry_expires(const uint8_t *body, uint32_t length);

/* Overwrite the judgement of a body that weir_entry_is has found sound. */
void weir_entry_judge(uint8_t *body, const weir_judgement *judgement);

/* Copy a page, which must be locked. One that contradicts itself is copied as empty: every place of the
 * copy lies within its bodies, every tag is one. */
void weir_page_load(weir_page_copy *copy, const weir_page *page);

/* Write the copy back, the bodies from `changed` on. The caller has made the page's sequence odd. */
void weir_page_store(weir_page *page, const weir_page_copy *copy, uint32_t changed);

/* Put an answer of `size` octets in, after others have gone as far as needed. What is past `dead_ms` after
 * its TTL goes first. `changed` gets where the changed bodies begin. Returns how many went, or
 * WEIR_CACHE_UNWANTED. */
int weir_page_put(weir_page_copy *page, uint16_t tag, const weir_cache_key *key, const weir_answer *answer,
                  uint32_t size, uint64_t now_ms, uint64_t dead_ms, uint32_t *changed);

#endif
