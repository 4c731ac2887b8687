/* What goes and what stays in a page: S3-FIFO (Yang et al., SOSP 2023), within one page and its private
 * copy.
 *
 * A new answer enters the small queue; only one that is asked for again moves to the main queue, so a scan
 * of names asked once cannot flush what everybody asks for. What left the small queue unasked leaves its
 * tag among the ghosts; if it returns from there it enters the main queue at once. Both queues share the
 * entries, each in its own order. */
#include <string.h>

#include "cache_page.h"

#define MAX_ROUNDS 64 /* that one put may grant in the main queue, so that it takes bounded time */

/* Whether the entries that were copied out of the slots make a page. */
static int is_sound(const weir_page_copy *page)
{
    uint32_t used = 0;

    for (unsigned i = 0; i < page->count; i++) {
        uint32_t length = WEIR_PLACE_LENGTH(page->place[i]);
        if (page->tag[i] == 0 || WEIR_PLACE_OFFSET(page->place[i]) + length > page->end)
            return 0;
        used += length;
    }
    return used == page->used && used <= page->end && page->ghost_next < WEIR_PAGE_GHOSTS;
}

void weir_page_load(weir_page_copy *copy, const weir_page *page)
{
    unsigned found = 0;

    memset(copy, 0, offsetof(weir_page_copy, bodies));
    copy->count = page->count;
    copy->end = page->end;
    copy->used = page->used;
    copy->ghost_next = page->ghost_next;
    memcpy(copy->ghost, page->ghost, sizeof copy->ghost);
    if (copy->count > WEIR_PAGE_ENTRIES || copy->end > WEIR_PAGE_BODIES)
        copy->count = copy->end = 0;
    for (unsigned i = 0; i < WEIR_PAGE_SLOTS; i++) {
        weir_page_slot slot = page->slot[i];
        if (slot.tag == 0 || slot.number >= copy->count)
            continue;
        copy->tag[slot.number] = slot.tag;
        copy->hits[slot.number] = slot.hits;
        copy->place[slot.number] = slot.place;
        found++;
    }
    memcpy(copy->bodies, page->bodies, copy->end);
    if (found != copy->count || !is_sound(copy))
        memset(copy, 0, offsetof(weir_page_copy, bodies));
}

void weir_page_store(weir_page *page, const weir_page_copy *copy, uint32_t changed)
{
    weir_page_slot slots[WEIR_PAGE_SLOTS] = {{0}};

    for (unsigned i = 0; i < copy->count; i++) {
        unsigned at = weir_page_home(copy->tag[i]);
        while (slots[at].tag)
            at = (at + 1) % WEIR_PAGE_SLOTS;
        slots[at] = (weir_page_slot){copy->place[i], copy->tag[i], copy->hits[i], (uint8_t)i};
    }
    page->count = copy->count;
    page->end = copy->end;
    page->used = copy->used;
    page->ghost_next = copy->ghost_next;
    memcpy(page->ghost, copy->ghost, sizeof page->ghost);
    memcpy(page->slot, slots, sizeof slots);
    memcpy(page->bodies + changed, copy->bodies + changed, copy->end - changed);
}

static const uint8_t *body_of(const weir_page_copy *page, unsigned number, uint32_t *length)
{
    *length = WEIR_PLACE_LENGTH(page->place[number]);
    return page->bodies + WEIR_PLACE_OFFSET(page->place[number]);
}

static int find(const weir_page_copy *page, uint16_t tag, const weir_cache_key *key)
{
    for (unsigned i = 0; i < page->count; i++) {
        uint32_t length;
        const uint8_t *body = body_of(page, i, &length);
        if (page->tag[i] == tag && weir_entry_is(body, length, key))
            return (int)i;
    }
    return -1;
}

/* Take an entry out; its body becomes a hole. */
static void take_out(weir_page_copy *page, unsigned number)
{
    unsigned behind = page->count - number - 1u;

    page->used = (uint16_t)(page->used - WEIR_PLACE_LENGTH(page->place[number]));
    memmove(&page->tag[number], &page->tag[number + 1], behind * sizeof page->tag[0]);
    memmove(&page->hits[number], &page->hits[number + 1], behind * sizeof page->hits[0]);
    memmove(&page->place[number], &page->place[number + 1], behind * sizeof page->place[0]);
    page->count--;
}

static void add(weir_page_copy *page, uint16_t tag, uint8_t hits, uint32_t place)
{
    page->tag[page->count] = tag;
    page->hits[page->count] = hits;
    page->place[page->count] = place;
    page->used = (uint16_t)(page->used + WEIR_PLACE_LENGTH(place));
    page->count++;
}

/* To the end of the main queue. */
static void move_to_main(weir_page_copy *page, unsigned number, uint8_t hits)
{
    uint16_t tag = page->tag[number];
    uint32_t place = page->place[number] & ~WEIR_PLACE_IN_SMALL;

    take_out(page, number);
    add(page, tag, hits, place);
}

static void remember_ghost(weir_page_copy *page, uint16_t tag)
{
    page->ghost[page->ghost_next] = tag;
    page->ghost_next = (uint16_t)((page->ghost_next + 1u) % WEIR_PAGE_GHOSTS);
}

/* Whether it left the small queue lately; it is no ghost from then on. */
static int recall_ghost(weir_page_copy *page, uint16_t tag)
{
    for (unsigned i = 0; i < WEIR_PAGE_GHOSTS; i++)
        if (page->ghost[i] == tag) {
            page->ghost[i] = 0;
            return 1;
        }
    return 0;
}

static int drop_dead(weir_page_copy *page, uint64_t now_ms, uint64_t dead_ms)
{
    int dropped = 0;

    for (unsigned i = page->count; i-- > 0;) {
        uint32_t length;
        const uint8_t *body = body_of(page, i, &length);
        uint64_t expires = weir_entry_expires(body, length);
        if (now_ms >= expires && now_ms - expires >= dead_ms) {
            take_out(page, i);
            dropped++;
        }
    }
    return dropped;
}

/* The first of one queue, and the octets of all of it. Returns count if the queue is empty. */
static unsigned first_of(const weir_page_copy *page, uint32_t in_small, uint32_t *octets)
{
    unsigned first = page->count;

    *octets = 0;
    for (unsigned i = page->count; i-- > 0;)
        if ((page->place[i] & WEIR_PLACE_IN_SMALL) == in_small) {
            *octets += WEIR_PLACE_LENGTH(page->place[i]);
            first = i;
        }
    return first;
}

/* One step of S3-FIFO: an entry goes (1) or moves on (0). `incoming` octets are about to enter the small
 * queue. */
static int step(weir_page_copy *page, uint32_t incoming, int *rounds)
{
    uint32_t small_octets, main_octets;
    unsigned small = first_of(page, WEIR_PLACE_IN_SMALL, &small_octets);
    unsigned main = first_of(page, 0, &main_octets);
    int is_small_full = small_octets + incoming > WEIR_PAGE_SMALL || main == page->count;
    int from_small = small < page->count && is_small_full;
    unsigned number = from_small ? small : main;
    uint8_t hits = page->hits[number];

    if ((hits & WEIR_HITS_ROUNDS) && from_small) {
        move_to_main(page, number, (uint8_t)(hits & ~WEIR_HITS_ROUNDS));
        return 0;
    }
    if ((hits & WEIR_HITS_ROUNDS) && (*rounds)++ < MAX_ROUNDS) {
        move_to_main(page, number, (uint8_t)(hits - 1u));
        return 0;
    }
    if (from_small)
        remember_ghost(page, page->tag[number]);
    take_out(page, number);
    return 1;
}

static int has_room(const weir_page_copy *page, uint32_t size)
{
    return page->count < WEIR_PAGE_ENTRIES && page->used + size <= WEIR_PAGE_BODIES;
}

/* Close the holes between the bodies. */
static void compact(weir_page_copy *page)
{
    uint8_t bodies[WEIR_PAGE_BODIES];
    uint32_t end = 0;

    for (unsigned i = 0; i < page->count; i++) {
        uint32_t length;
        const uint8_t *body = body_of(page, i, &length);
        memcpy(bodies + end, body, length);
        page->place[i] = (page->place[i] & 0xFFFF0000u) | end;
        end += length;
    }
    memcpy(page->bodies, bodies, end);
    page->end = (uint16_t)end;
}

static int make_room(weir_page_copy *page, uint32_t size, uint32_t incoming, uint64_t now_ms,
                     uint64_t dead_ms)
{
    int gone = 0, rounds = 0;

    if (!has_room(page, size))
        gone = drop_dead(page, now_ms, dead_ms);
    while (!has_room(page, size))
        gone += step(page, incoming, &rounds);
    return gone;
}

static void append_entry(weir_page_copy *page, uint16_t tag, uint8_t hits, uint32_t in_small,
                         const weir_cache_key *key, const weir_answer *answer, uint32_t size)
{
    uint32_t end = page->end;

    weir_entry_write(page->bodies + end, key, answer);
    add(page, tag, hits, in_small | size << 16 | end);
    page->end = (uint16_t)(end + size);
}

int weir_page_put(weir_page_copy *page, uint16_t tag, const weir_cache_key *key, const weir_answer *answer,
                  uint32_t size, uint64_t now_ms, uint64_t dead_ms, uint32_t *changed)
{
    int number = find(page, tag, key), gone;
    uint32_t in_small = WEIR_PLACE_IN_SMALL;
    uint8_t hits = 0;

    *changed = page->end;
    if (number >= 0) {
        in_small = page->place[number] & WEIR_PLACE_IN_SMALL;
        hits = page->hits[number] & WEIR_HITS_ROUNDS;
        take_out(page, (unsigned)number);
    } else if (answer->ttl == 0) {
        return WEIR_CACHE_UNWANTED;
    } else if (recall_ghost(page, tag)) {
        in_small = 0;
    } else if (size > WEIR_PAGE_SMALL && !has_room(page, size)) {
        /* Longer than the small queue: a scan of such answers would flush the main queue. It may come when
         * it returns. */
        remember_ghost(page, tag);
        return WEIR_CACHE_UNWANTED;
    }
    gone = make_room(page, size, in_small ? size : 0, now_ms, dead_ms);
    if (page->end + size > WEIR_PAGE_BODIES) {
        compact(page);
        *changed = 0;
    }
    append_entry(page, tag, hits, in_small, key, answer, size);
    return gone;
}
