/* Rings, bells, places and shares: in one thread by the rules, in two threads by force. */
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "places.h"
#include "ring.h"

#define SIZE 4096u
#define RECORDS 60000u

static uint32_t length_of(uint32_t number)
{
    return (number * 2654435761u >> 7) % 300;
}

static void write_record(void *to, uint32_t number)
{
    memset(to, (int)(number & 0xff), length_of(number));
}

static void check_record(const uint8_t *record, uint32_t length, uint32_t number)
{
    CHECK(length == length_of(number));
    for (uint32_t i = 0; i < length; i++)
        CHECK(record[i] == (uint8_t)number);
}

static void sizes_that_are_none(void)
{
    weir_ring ring;
    CHECK(weir_ring_open(&ring, 0) < 0);
    CHECK(weir_ring_open(&ring, 512) < 0);
    CHECK(weir_ring_open(&ring, 3000) < 0);
    CHECK(weir_ring_open(&ring, 1u << 31) < 0);
}

static void full_and_empty(void)
{
    weir_ring ring;
    uint32_t length, taken = 0;
    CHECK(weir_ring_open(&ring, SIZE) == 0);
    CHECK(weir_ring_next(&ring, &length) == NULL);
    CHECK(weir_ring_reserve(&ring, SIZE / 2) == NULL);
    for (unsigned round = 0; round < 1000; round++) {
        uint32_t written = 0;
        void *room;
        while ((room = weir_ring_reserve(&ring, length_of(taken + written))) != NULL)
            write_record(room, taken + written++);
        CHECK(written > 0);
        CHECK(weir_ring_waiting(&ring) == written);
        CHECK(weir_ring_next(&ring, &length) == NULL); /* not shown yet */
        weir_ring_publish(&ring);
        for (uint32_t i = 0; i < written; i++) {
            const void *record = weir_ring_next(&ring, &length);
            check_record(record, length, taken + i);
        }
        CHECK(weir_ring_next(&ring, &length) == NULL);
        CHECK(weir_ring_is_empty(&ring));
        CHECK(weir_ring_waiting(&ring) == written); /* read, but not given back */
        weir_ring_release(&ring);
        CHECK(weir_ring_waiting(&ring) == 0);
        taken += written;
    }
    weir_ring_close(&ring);
}

/* Two threads over a small ring; each sleeps by its bell only. A lost wake-up hangs, and the test's time
 * limit sees it. */
typedef struct {
    weir_ring ring;
    weir_bell filled, emptied;
} line;

static void sleep_on(weir_bell *bell, int has_work)
{
    struct pollfd wanted = {bell->descriptor, POLLIN, 0};
    if (!has_work && poll(&wanted, 1, -1) > 0)
        weir_bell_clear(bell);
    weir_bell_disarm(bell);
}

static void *produce(void *argument)
{
    line *between = argument;
    for (uint32_t number = 0; number < RECORDS;) {
        void *room = weir_ring_reserve(&between->ring, length_of(number));
        if (room) {
            write_record(room, number++);
            if (number % 7)
                continue;
        }
        weir_ring_publish(&between->ring);
        weir_bell_ring(&between->filled);
        if (!room) {
            weir_bell_arm(&between->emptied);
            sleep_on(&between->emptied, weir_ring_waiting(&between->ring) == 0);
        }
    }
    weir_ring_publish(&between->ring);
    weir_bell_ring(&between->filled);
    return NULL;
}

static void two_threads(void)
{
    line between;
    pthread_t producer;
    uint32_t length;
    CHECK(weir_ring_open(&between.ring, SIZE) == 0);
    CHECK(weir_bell_open(&between.filled) == 0 && weir_bell_open(&between.emptied) == 0);
    CHECK(pthread_create(&producer, NULL, produce, &between) == 0);
    for (uint32_t number = 0; number < RECORDS;) {
        const void *record = weir_ring_next(&between.ring, &length);
        if (record) {
            check_record(record, length, number++);
            continue;
        }
        weir_ring_release(&between.ring);
        weir_bell_ring(&between.emptied);
        weir_bell_arm(&between.filled);
        sleep_on(&between.filled, !weir_ring_is_empty(&between.ring));
    }
    weir_ring_release(&between.ring);
    weir_bell_ring(&between.emptied);
    CHECK(pthread_join(producer, NULL) == 0);
    weir_bell_close(&between.filled);
    weir_bell_close(&between.emptied);
    weir_ring_close(&between.ring);
}

static void places_come_back_with_another_token(void)
{
    weir_places places;
    weir_origin origin = {{7}};
    uint64_t token[3];
    CHECK(weir_places_open(&places, 0, 1) < 0);
    CHECK(weir_places_open(&places, 65536, 1) < 0);
    CHECK(weir_places_open(&places, 3, 1) == 0);
    for (unsigned i = 0; i < 3; i++) {
        token[i] = weir_place_take(&places, &origin, (uint16_t)i, 100 + i);
        CHECK(token[i]);
    }
    CHECK(!weir_place_take(&places, &origin, 9, 0));
    CHECK(weir_place_find(&places, token[1])->origin.bytes[0] == 7);
    weir_place_give(&places, weir_place_find(&places, token[1]));
    CHECK(!weir_place_find(&places, token[1]));
    uint64_t again = weir_place_take(&places, &origin, 9, 103);
    CHECK(again && again != token[1]);
    CHECK(!weir_place_find(&places, token[1]) && weir_place_find(&places, again));
    for (uint64_t forged = 0; forged < 10; forged++)
        CHECK(!weir_place_find(&places, forged) && !weir_place_find(&places, ~forged));
    CHECK(weir_places_expire(&places, 3, 103, 1) == 1); /* the one of 100; that of 102 has waited just as long as it may */
    CHECK(!weir_place_find(&places, token[0]) && weir_place_find(&places, token[2]));
    CHECK(weir_places_expire(&places, 100, 1000, 1) == 2 && places.in_use == 0);
    weir_places_close(&places);
}

static weir_client client(uint8_t family, uint8_t number)
{
    weir_client made = {{10, 0, number, 1}, family, 0};
    return made;
}

static void one_neighbourhood_gets_its_share(void)
{
    weir_places places;
    weir_origin origin = {{0}};
    weir_client flood = client(4, 1), other = client(4, 2), neighbour = client(4, 1), six = client(6, 1);
    neighbour.address[3] = 77;
    uint16_t bucket = weir_share_bucket(5, &flood);
    CHECK(bucket == weir_share_bucket(5, &neighbour));
    CHECK(bucket != weir_share_bucket(5, &other) && bucket != weir_share_bucket(5, &six));
    CHECK(weir_places_open(&places, 64, 5) == 0);
    unsigned taken = 0;
    while (weir_place_take(&places, &origin, bucket, 0))
        taken++;
    CHECK(taken == 32);
    taken = 0;
    while (weir_place_take(&places, &origin, weir_share_bucket(5, &other), 0))
        taken++;
    CHECK(taken == 64 / WEIR_SHARE_PARTS);
    CHECK(weir_place_take(&places, &origin, weir_share_bucket(5, &six), 0));
    weir_places_close(&places);
}

int main(void)
{
    sizes_that_are_none();
    full_and_empty();
    two_threads();
    places_come_back_with_another_token();
    one_neighbourhood_gets_its_share();
    puts("rings and places: all holds");
    return 0;
}
