/* The order and the names of the words of a page, and the histogram's buckets. */
#include "stats.h"

#include <stddef.h>

#define WORD_OF_BOUND(bound) bound,
static const uint32_t bounds[] = {WEIR_LATENCY_BOUNDS(WORD_OF_BOUND)};

#define NAME_OF_COUNTER(id, name) name,
#define NAME_OF_CORE_BOUND(bound) "latency_core_le_" #bound,
#define NAME_OF_HANDED_OVER_BOUND(bound) "latency_handed-over_le_" #bound,
static const char *const names[] = {
    WEIR_COUNTERS(NAME_OF_COUNTER)
    WEIR_LATENCY_BOUNDS(NAME_OF_CORE_BOUND) "latency_core_le_inf",
    WEIR_LATENCY_BOUNDS(NAME_OF_HANDED_OVER_BOUND) "latency_handed-over_le_inf",
    "latency_core_sum_us",
    "latency_handed-over_sum_us",
};

_Static_assert(sizeof bounds / sizeof bounds[0] == WEIR_LATENCY_BUCKETS - 1, "the last bucket is open");
_Static_assert(sizeof names / sizeof names[0] == WEIR_STATS_WORDS, "every word has a name");
_Static_assert(sizeof(weir_stats) == WEIR_STATS_WORDS * sizeof(uint64_t), "a page is words and nothing else");

unsigned weir_latency_bucket(uint64_t us)
{
    unsigned bucket = 0;
    while (bucket < WEIR_LATENCY_BUCKETS - 1 && us > bounds[bucket])
        bucket++;
    return bucket;
}

void weir_stats_latency(weir_stats *stats, unsigned path, uint64_t us, uint64_t count)
{
    weir_add(&stats->latency[path][weir_latency_bucket(us)], count);
    weir_add(&stats->latency_sum_us[path], us * count);
}

const char *weir_stats_name(unsigned word)
{
    return word < WEIR_STATS_WORDS ? names[word] : NULL;
}
