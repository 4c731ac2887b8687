/* Stand-in. */
#include "stats.h"

void weir_stats_latency(weir_stats *stats, unsigned path, uint64_t us, uint64_t count)
{
    weir_add(&stats->latency_sum_us[path], us * count);
}
