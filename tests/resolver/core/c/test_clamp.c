/* A client's share, what a full set does, and two threads at one word. */
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "clamp.h"
#include "hash.h"

static const uint8_t key[WEIR_CLAMP_KEY_BYTES] = {1, 2, 3};
static weir_clamp clamp;

static weir_client ipv4(uint32_t address)
{
    weir_client client = {.family = 4};
    for (unsigned i = 0; i < 4; i++)
        client.address[i] = (uint8_t)(address >> (24 - 8 * i));
    return client;
}

static void begin(unsigned most)
{
    memset(&clamp, 0, sizeof clamp);
    weir_clamp_begin(&clamp, key, most);
}

static unsigned ask(weir_client client, unsigned bit, unsigned times)
{
    unsigned admitted = 0;
    for (unsigned i = 0; i < times; i++)
        admitted += (unsigned)weir_clamp_admit(&clamp, &client, bit);
    return admitted;
}

static void each_client_and_bit_has_a_share(void)
{
    for (unsigned most = 1; most <= WEIR_CLAMP_MOST; most++) {
        begin(most);
        CHECK(ask(ipv4(1), 0, 40) == most);
        CHECK(ask(ipv4(1), 255, 40) == most);
        CHECK(ask(ipv4(2), 0, most - 1) == most - 1);
        CHECK(ask(ipv4(2), 0, 40) == 1);
        CHECK(ask(ipv4(1), 0, 40) == 0);
    }
}

static void a_full_table_counts_nobody_else(void)
{
    begin(2);
    unsigned admitted = 0, clients = 2 * WEIR_CLAMP_SETS * WEIR_CLAMP_WAYS;
    for (unsigned i = 0; i < clients; i++)
        admitted += ask(ipv4(i), 3, 1);
    CHECK(admitted <= WEIR_CLAMP_SETS * WEIR_CLAMP_WAYS);
    CHECK(atomic_load(&clamp.full) == clients - admitted);
    unsigned again = 0;
    for (unsigned i = 0; i < clients; i++)
        again += ask(ipv4(i), 3, 2);
    CHECK(again == admitted);
}

static void *walk(void *count)
{
    for (unsigned i = 0; i < 20000; i++)
        *(unsigned *)count += ask(ipv4(i % 100), 1, 1);
    return NULL;
}

static void two_threads_share_a_word(void)
{
    begin(WEIR_CLAMP_MOST);
    unsigned counts[2] = {0, 0};
    pthread_t other;
    CHECK(pthread_create(&other, NULL, walk, &counts[0]) == 0);
    walk(&counts[1]);
    CHECK(pthread_join(other, NULL) == 0);
    CHECK(counts[0] + counts[1] == 100 * WEIR_CLAMP_MOST);
}

int main(void)
{
    each_client_and_bit_has_a_share();
    a_full_table_counts_nobody_else();
    two_threads_share_a_word();
    printf("%zu octets\n", sizeof clamp);
    return 0;
}
