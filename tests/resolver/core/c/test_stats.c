/* Words, names and buckets of a counter page. */
#include <string.h>

#include "check.h"
#include "stats.h"

static unsigned word_of(const char *name)
{
    for (unsigned word = 0; weir_stats_name(word) != NULL; word++)
        if (strcmp(weir_stats_name(word), name) == 0)
            return word;
    fprintf(stderr, "no word is called %s\n", name);
    exit(1);
}

static void names_are_those_of_their_words(void)
{
    static const uint64_t bounds[] = {5,    10,   20,    50,    100,   200,    500,    1000,
                                      2000, 5000, 10000, 20000, 50000, 100000, 500000, 2000000};
    static const char *const paths[] = {"core", "handed-over"};
    weir_stats stats = {0};
    char name[64];
    CHECK(strcmp(weir_stats_name(WEIR_COUNT_QUERIES_UDP), "queries_udp") == 0);
    CHECK(strcmp(weir_stats_name(WEIR_COUNT_LATE_REPLIES), "late_replies") == 0);
    CHECK(weir_stats_name(WEIR_STATS_WORDS) == NULL);
    for (unsigned path = 0; path < WEIR_PATHS; path++) {
        for (unsigned i = 0; i < WEIR_LATENCY_BUCKETS - 1; i++) {
            weir_stats_latency(&stats, path, bounds[i], 1);
            snprintf(name, sizeof name, "latency_%s_le_%llu", paths[path], (unsigned long long)bounds[i]);
            CHECK(atomic_load(&stats.counter[0] + word_of(name)) == 1);
        }
        weir_stats_latency(&stats, path, UINT32_MAX, 2);
        snprintf(name, sizeof name, "latency_%s_le_inf", paths[path]);
        CHECK(atomic_load(&stats.counter[0] + word_of(name)) == 2);
        snprintf(name, sizeof name, "latency_%s_sum_us", paths[path]);
        CHECK(atomic_load(&stats.counter[0] + word_of(name)) == 2688885 + 2 * (uint64_t)UINT32_MAX);
    }
}

static void buckets_hold_what_they_say(void)
{
    static const struct {
        uint64_t us;
        unsigned bucket;
    } cases[] = {{0, 0}, {5, 0}, {6, 1}, {10, 1}, {1000, 7}, {1001, 8}, {2000000, 15}, {2000001, 16}, {UINT64_MAX, 16}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK(weir_latency_bucket(cases[i].us) == cases[i].bucket);
}

static void no_name_is_there_twice(void)
{
    for (unsigned word = 0; word < WEIR_STATS_WORDS; word++)
        CHECK(word_of(weir_stats_name(word)) == word);
}

int main(void)
{
    names_are_those_of_their_words();
    buckets_hold_what_they_say();
    no_name_is_there_twice();
    printf("%u words\n", (unsigned)WEIR_STATS_WORDS);
    return 0;
}
