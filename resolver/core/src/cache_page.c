/* What goes and what stays in a page: S3-FIFO (Yang et al., SOSP 2023), within one page and its private copy.
 *
 * A new answer enters the small queue; only one that is asked for again moves to the main queue, so a scan of names
 * asked once cannot flush what everybody asks for. What left the small queue unasked leaves its tag among the ghosts;
 * if it returns from there it enters the main queue at once. Both queues share the index, each in its own order. */
#include <string.h>

#include "cache_page.h"

#define MAX_ROUNDS 64 /* entries of the main queue that one put may give another round, so that it takes bounded time */

void weir_page_mend(weir_page_content *page)
{
    weir_page_index *index = &page->index;
    uint32_t used = 0;
    int sound = index->count <= WEIR_PAGE_ENTRIES && index->end <= WEIR_PAGE_BODIES &&
                index->ghost_next < WEIR_PAGE_GHOSTS;

    for (unsigned i = 0; sound && i < index->count; i++) {
        uint32_t length = WEIR_PLACE_LENGTH(index->place[i]);
        sound = WEIR_PLACE_OFFSET(index->place[i]) + length <= index->end;
        used += length;
    }
    if (!sound || used != index->used || used > index->end)
        memset(index, 0, sizeof *index);
}

static const uint8_t *body_of(const weir_page_content *page, unsigned number, uint32_t *length)
{
    *length = WEIR_PLACE_LENGTH(page->index.place[number]);
    return page->bodies + WEIR_PLACE_OFFSET(page->index.place[number]);
}

int weir_page_find(const weir_page_content *page, uint16_t tag, const weir_cache_key *key)
{
    for (unsigned i = 0; i < page->index.count; i++) {
        uint32_t length;
        const uint8_t *body = body_of(page, i, &length);
        if (page->index.tag[i] == tag && weir_entry_is(body, length, key))
            return (int)i;
    }
    return -1;
}

/* Take an entry out of the index; its body becomes a hole. */
static void take_out(weir_page_index *index, unsigned number)
{
    unsigned behind = index->count - number - 1u;

    index->used = (uint16_t)(index->used - WEIR_PLACE_LENGTH(index->place[number]));
    memmove(&index->tag[number], &index->tag[number + 1], behind * sizeof index->tag[0]);
    memmove(&index->hits[number], &index->hits[number + 1], behind * sizeof index->hits[0]);
    memmove(&index->place[number], &index->place[number + 1], behind * sizeof index->place[0]);
    index->count--;
}

static void add(weir_page_index *index, uint16_t tag, uint8_t hits, uint32_t place)
{
    index->tag[index->count] = tag;
    index->hits[index->count] = hits;
    index->place[index->count] = place;
    index->used = (uint16_t)(index->used + WEIR_PLACE_LENGTH(place));
    index->count++;
}

/* To the end of the main queue. */
static void move_to_main(weir_page_index *index, unsigned number, uint8_t hits)
{
    uint16_t tag = index->tag[number];
    uint32_t place = index->place[number] & ~WEIR_PLACE_IN_SMALL;

    take_out(index, number);
    add(index, tag, hits, place);
}

static void remember_ghost(weir_page_index *index, uint16_t tag)
{
    index->ghost[index->ghost_next] = tag;
    index->ghost_next = (uint16_t)((index->ghost_next + 1u) % WEIR_PAGE_GHOSTS);
}

/* Whether it left the small queue lately; it is no ghost from then on. */
static int recall_ghost(weir_page_index *index, uint16_t tag)
{
    for (unsigned i = 0; i < WEIR_PAGE_GHOSTS; i++)
        if (index->ghost[i] == tag) {
            index->ghost[i] = 0;
            return 1;
        }
    return 0;
}

static int drop_dead(weir_page_content *page, uint64_t now_ms, uint64_t dead_ms)
{
    int dropped = 0;

    for (unsigned i = page->index.count; i-- > 0;) {
        uint32_t length;
        const uint8_t *body = body_of(page, i, &length);
        uint64_t expires = weir_entry_expires(body, length);
        if (now_ms >= expires && now_ms - expires >= dead_ms) {
            take_out(&page->index, i);
            dropped++;
        }
    }
    return dropped;
}

/* The first of one queue, and the octets of all of it. Returns count if the queue is empty. */
static unsigned first_of(const weir_page_index *index, uint32_t in_small, uint32_t *octets)
{
    unsigned first = index->count;

    *octets = 0;
    for (unsigned i = index->count; i-- > 0;)
        if ((index->place[i] & WEIR_PLACE_IN_SMALL) == in_small) {
            *octets += WEIR_PLACE_LENGTH(index->place[i]);
            first = i;
        }
    return first;
}

/* One step of S3-FIFO: an entry goes (1) or moves on (0). `incoming` octets are about to enter the small queue. */
static int step(weir_page_index *index, uint32_t incoming, int *rounds)
{
    uint32_t small_octets, main_octets;
    unsigned small = first_of(index, WEIR_PLACE_IN_SMALL, &small_octets), main = first_of(index, 0, &main_octets);
    int from_small = small < index->count && (small_octets + incoming > WEIR_PAGE_SMALL || main == index->count);
    unsigned number = from_small ? small : main;
    uint8_t hits = index->hits[number];

    if ((hits & WEIR_HITS_ROUNDS) && from_small) {
        move_to_main(index, number, (uint8_t)(hits & ~WEIR_HITS_ROUNDS));
        return 0;
    }
    if ((hits & WEIR_HITS_ROUNDS) && (*rounds)++ < MAX_ROUNDS) {
        move_to_main(index, number, (uint8_t)(hits - 1u));
        return 0;
    }
    if (from_small)
        remember_ghost(index, index->tag[number]);
    take_out(index, number);
    return 1;
}

static int has_room(const weir_page_index *index, uint32_t size)
{
    return index->count < WEIR_PAGE_ENTRIES && index->used + size <= WEIR_PAGE_BODIES;
}

/* Close the holes between the bodies. */
static void compact(weir_page_content *page)
{
    uint8_t bodies[WEIR_PAGE_BODIES];
    uint32_t end = 0;

    for (unsigned i = 0; i < page->index.count; i++) {
        uint32_t length;
        const uint8_t *body = body_of(page, i, &length);
        memcpy(bodies + end, body, length);
        page->index.place[i] = (page->index.place[i] & 0xFFFF0000u) | end;
        end += length;
    }
    memcpy(page->bodies, bodies, end);
    page->index.end = (uint16_t)end;
}

static int make_room(weir_page_content *page, uint32_t size, uint32_t incoming, uint64_t now_ms, uint64_t dead_ms)
{
    int gone = 0, rounds = 0;

    if (!has_room(&page->index, size))
        gone = drop_dead(page, now_ms, dead_ms);
    while (!has_room(&page->index, size))
        gone += step(&page->index, incoming, &rounds);
    return gone;
}

static void append_entry(weir_page_content *page, uint16_t tag, uint8_t hits, uint32_t in_small,
                         const weir_cache_key *key, const weir_answer *answer, uint32_t size)
{
    uint32_t end = page->index.end;

    weir_entry_write(page->bodies + end, key, answer);
    add(&page->index, tag, hits, in_small | size << 16 | end);
    page->index.end = (uint16_t)(end + size);
}

int weir_page_put(weir_page_content *page, uint16_t tag, const weir_cache_key *key, const weir_answer *answer,
                  uint32_t size, uint64_t now_ms, uint64_t dead_ms, uint32_t *changed)
{
    weir_page_index *index = &page->index;
    int number = weir_page_find(page, tag, key), gone;
    uint32_t in_small = WEIR_PLACE_IN_SMALL;
    uint8_t hits = 0;

    *changed = index->end;
    if (number >= 0) {
        in_small = index->place[number] & WEIR_PLACE_IN_SMALL;
        hits = index->hits[number] & WEIR_HITS_ROUNDS;
        take_out(index, (unsigned)number);
    } else if (answer->ttl == 0) {
        return WEIR_CACHE_UNWANTED;
    } else if (recall_ghost(index, tag)) {
        in_small = 0;
    } else if (size > WEIR_PAGE_SMALL && !has_room(index, size)) {
        /* Longer than the small queue: a scan of such answers would flush the main queue. It may come when it returns. */
        remember_ghost(index, tag);
        return WEIR_CACHE_UNWANTED;
    }
    gone = make_room(page, size, in_small ? size : 0, now_ms, dead_ms);
    if (index->end + size > WEIR_PAGE_BODIES) {
        compact(page);
        *changed = 0;
    }
    append_entry(page, tag, hits, in_small, key, answer, size);
    return gone;
}
