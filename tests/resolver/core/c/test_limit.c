/* Rates, bursts, slips and prefixes of the response-rate limit. */
#include <string.h>

#include "check.h"
#include "limit.h"

static const uint8_t key[16] = {1, 2, 3};
static weir_limiter limiter;

static weir_client ipv4(unsigned c, unsigned d)
{
    return (weir_client){.address = {192, 0, (uint8_t)c, (uint8_t)d}, .family = 4};
}

static weir_client ipv6(uint8_t seventh, uint8_t eighth)
{
    return (weir_client){.address = {0x20, 1, 0xd, 0xb8, 0, 0, seventh, eighth, 0, 0, 0, 0, 0, 0, 0, 1}, .family = 6};
}

static weir_limit_settings rate(uint32_t served, uint32_t strangers, uint8_t slip)
{
    return (weir_limit_settings){served, strangers, 24, 56, slip};
}

/* How many of `packets`, spread evenly over `ms` from `start`, pass. */
static unsigned passed(const weir_limit_settings *settings, weir_client client, unsigned packets, unsigned ms,
                       uint64_t start)
{
    unsigned count = 0;
    for (unsigned i = 0; i < packets; i++)
        count += weir_limit_check(&limiter, settings, &client, 1, start + (uint64_t)i * ms / packets) == WEIR_LIMIT_PASS;
    return count;
}

static void off_means_off(void)
{
    weir_limit_settings off = rate(0, 0, 2);
    weir_limit_init(&limiter, key);
    CHECK(passed(&off, ipv4(2, 1), 100000, 1, 5000) == 100000);
}

static void a_flood_gets_the_rate(void)
{
    static const uint64_t starts[] = {0, 5000, UINT32_MAX - 500, (uint64_t)UINT32_MAX * 3 + 7};
    weir_limit_settings settings = rate(0, 100, 2);
    for (unsigned i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        weir_limit_init(&limiter, key);
        unsigned count = passed(&settings, ipv4(2, 1), 50000, 10000, starts[i]); /* the burst and nine seconds more */
        CHECK(count >= 1095 && count <= 1101);
        printf("%u\n", count);
    }
}

static void slow_clients_are_not_limited(void)
{
    weir_limit_settings settings = rate(0, 10, 2);
    weir_limit_init(&limiter, key);
    CHECK(passed(&settings, ipv4(2, 1), 90, 10000, 77) == 90);
}

static void every_nth_slips(void)
{
    for (unsigned slip = 0; slip < 256; slip += 51) {
        weir_limit_settings settings = rate(0, 1, (uint8_t)slip);
        weir_client client = ipv4(2, 1);
        unsigned outcomes[3] = {0};
        weir_limit_init(&limiter, key);
        for (unsigned i = 0; i < 1 + 255 * 4; i++)
            outcomes[weir_limit_check(&limiter, &settings, &client, 1, 9000)]++;
        CHECK(outcomes[WEIR_LIMIT_PASS] == 1);
        CHECK(outcomes[WEIR_LIMIT_SLIP] == (slip == 0 ? 0 : 255 * 4 / slip));
    }
}

static void prefixes_are_told_apart(void)
{
    weir_limit_settings settings = rate(5, 5, 0);
    weir_limit_init(&limiter, key);
    CHECK(passed(&settings, ipv4(2, 1), 100, 1, 50) == 5);
    CHECK(passed(&settings, ipv4(2, 200), 100, 1, 51) == 0);
    CHECK(passed(&settings, ipv4(3, 1), 100, 1, 51) == 5);
    CHECK(passed(&settings, ipv6(1, 1), 100, 1, 51) == 5);
    CHECK(passed(&settings, ipv6(1, 9), 100, 1, 51) == 0);
    CHECK(passed(&settings, ipv6(2, 1), 100, 1, 51) == 5);
}

static void strangers_take_nothing_from_those_who_are_served(void)
{
    weir_limit_settings settings = rate(5, 5, 0);
    weir_client client = ipv4(2, 1);
    weir_limit_init(&limiter, key);
    CHECK(passed(&settings, client, 100, 1, 50) == 5);
    for (unsigned i = 0; i < 5; i++)
        CHECK(weir_limit_check(&limiter, &settings, &client, 0, 51) == WEIR_LIMIT_PASS);
    CHECK(weir_limit_check(&limiter, &settings, &client, 0, 51) == WEIR_LIMIT_DROP);
}

static void the_largest_rate_does_not_overflow(void)
{
    weir_limit_settings settings = rate(0, UINT32_MAX, 2);
    weir_limit_init(&limiter, key);
    CHECK(passed(&settings, ipv4(2, 1), 100, 1, 50) == 100);
    CHECK(passed(&settings, ipv4(2, 1), 100, 1, (uint64_t)UINT32_MAX * 5) == 100);
}

static void forged_sources_find_their_own_buckets(void)
{
    weir_limit_settings settings = rate(0, 1, 0);
    unsigned count = 0;
    weir_limit_init(&limiter, key);
    for (unsigned i = 0; i < 65536; i++) {
        weir_client client = {.address = {(uint8_t)(i >> 8), (uint8_t)i, 7, 1}, .family = 4};
        count += weir_limit_check(&limiter, &settings, &client, 1, 5) == WEIR_LIMIT_PASS;
    }
    CHECK(count > 65536 * 0.62 && count < 65536 * 0.65); /* 1 - 1/e of the buckets: the hash spreads evenly */
    printf("%u\n", count);
}

int main(void)
{
    off_means_off();
    a_flood_gets_the_rate();
    slow_clients_are_not_limited();
    every_nth_slips();
    prefixes_are_told_apart();
    strangers_take_nothing_from_those_who_are_served();
    the_largest_rate_does_not_overflow();
    forged_sources_find_their_own_buckets();
    return 0;
}
