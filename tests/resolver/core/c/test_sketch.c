/* Which clients are over a threshold, whom a full set gives up, what a key changes, and two threads at once. */
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "hash.h"
#include "sketch.h"

static const uint8_t key[WEIR_SKETCH_KEY_BYTES] = {1, 2, 3};
static const uint8_t other_key[WEIR_SKETCH_KEY_BYTES] = {3, 2, 1};
static weir_sketch sketch;

static weir_client ipv4(uint32_t address)
{
    weir_client client = {.family = 4};
    for (unsigned i = 0; i < 4; i++)
        client.address[i] = (uint8_t)(address >> (24 - 8 * i));
    return client;
}

static weir_client ipv6(uint8_t seventh, uint8_t eighth)
{
    return (weir_client){.address = {0x20, 1, 0xd, 0xb8, 0, 0, seventh, eighth, 0, 0, 0, 0, 0, 0, 0, 1}, .family = 6};
}

/* One label of digits. */
static void note(unsigned kind, weir_client client, unsigned number)
{
    uint8_t name[16 + WEIR_PAD] = {0};
    int length = snprintf((char *)name + 1, 15, "n%u", number);
    name[0] = (uint8_t)length;
    weir_sketch_note(&sketch, kind, &client, name, (size_t)length + 2);
}

static void walk(weir_client client, unsigned names)
{
    for (unsigned i = 0; i < names; i++)
        note(WEIR_SKETCH_SECRET, client, i);
}

static void distinct_names_count_and_repeats_do_not(void)
{
    weir_sketch_renew(&sketch, key);
    walk(ipv4(1), 30);
    for (unsigned i = 0; i < 1000; i++)
        note(WEIR_SKETCH_SECRET, ipv4(2), 7);
    CHECK(weir_sketch_over(&sketch, 1) == 2);
    CHECK(weir_sketch_over(&sketch, 2) == 1);
    CHECK(weir_sketch_over(&sketch, 19) == 1);
    CHECK(weir_sketch_over(&sketch, 31) == 0);
}

static void alike_hits_count_nowhere(void)
{
    weir_sketch_renew(&sketch, key);
    for (unsigned i = 0; i < 5000; i++)
        note(WEIR_SKETCH_ALIKE, ipv4(i), i);
    CHECK(weir_sketch_over(&sketch, 1) == 0);
    CHECK(weir_sketch_displaced(&sketch) == 0);
}

/* One household in IPv6, one address in IPv4. */
static void clients_are_prefixes(void)
{
    weir_client realm = ipv4(1);
    realm.realm = 1;
    weir_sketch_renew(&sketch, key);
    note(WEIR_SKETCH_SECRET, ipv6(1, 1), 1);
    note(WEIR_SKETCH_SECRET, ipv6(1, 255), 2);
    CHECK(weir_sketch_over(&sketch, 1) == 1);
    note(WEIR_SKETCH_SECRET, ipv6(2, 1), 1);
    note(WEIR_SKETCH_SECRET, ipv4(1), 1);
    note(WEIR_SKETCH_SECRET, ipv4(2), 1);
    note(WEIR_SKETCH_SECRET, realm, 1);
    CHECK(weir_sketch_over(&sketch, 1) == 5);
}

static void who_walks_stays_however_many_come(void)
{
    weir_sketch_renew(&sketch, key);
    walk(ipv4(1), 30);
    for (uint32_t i = 0; i < 100000; i++)
        note(WEIR_SKETCH_SECRET, ipv4(1000 + i), i);
    CHECK(weir_sketch_over(&sketch, 19) == 1);
    CHECK(weir_sketch_over(&sketch, 0) == WEIR_SKETCH_SETS * WEIR_SKETCH_WAYS);
    CHECK(weir_sketch_displaced(&sketch) == 100001 - WEIR_SKETCH_SETS * WEIR_SKETCH_WAYS);
}

static int same_slots(const weir_sketch *left, const weir_sketch *right)
{
    return memcmp(left->slots, right->slots, sizeof left->slots) == 0;
}

static void another_key_forgets_and_is_another(void)
{
    static weir_sketch empty, before;
    weir_sketch_renew(&sketch, key);
    walk(ipv4(1), 30);
    memcpy(&before, &sketch, sizeof before);
    weir_sketch_renew(&sketch, other_key);
    CHECK(same_slots(&sketch, &empty));
    walk(ipv4(1), 30);
    CHECK(!same_slots(&sketch, &before));
    weir_sketch_renew(&sketch, key);
    walk(ipv4(1), 30);
    CHECK(same_slots(&sketch, &before));
}

static void *walk_again(void *client)
{
    for (unsigned turn = 0; turn < 200; turn++)
        walk(*(weir_client *)client, 100);
    return NULL;
}

static void threads_share_it(void)
{
    pthread_t threads[2];
    weir_client clients[2] = {ipv4(1), ipv4(2)};
    weir_sketch_renew(&sketch, key);
    for (unsigned i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, walk_again, &clients[i]) == 0);
    for (unsigned i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(weir_sketch_over(&sketch, 70) == 2);
}

int main(void)
{
    distinct_names_count_and_repeats_do_not();
    alike_hits_count_nowhere();
    clients_are_prefixes();
    who_walks_stays_however_many_come();
    another_key_forgets_and_is_another();
    threads_share_it();
    printf("%zu octets\n", sizeof sketch);
    return 0;
}
