/* Counters and latency histograms of one thread: 64-bit words in a page that others read at any time.
 *
 * One thread writes a page, so adding is a relaxed load and store. Names are those of resolver.counting: a page read
 * by name can be added to another worker's, and to the page that the same worker's Python keeps. */
#ifndef WEIR_STATS_H
#define WEIR_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#define WEIR_COUNTERS(X)                                                                                               \
    X(QUERIES_UDP, "queries_udp")                                                                                      \
    X(QUERIES_TCP, "queries_tcp")                                                                                      \
    X(MALFORMED, "malformed")                                                                                          \
    X(REFUSED, "refused")                                                                                              \
    X(REWRITTEN, "rewritten")                                                                                          \
    X(DROPPED, "dropped")                                                                                              \
    X(TCP_ONLY, "tcp_only")                                                                                            \
    X(SHED, "shed")                                                                                                    \
    X(SERVFAIL, "servfail")                                                                                            \
    X(UDP_ERRORS, "udp_errors")                                                                                        \
    X(CACHE_HITS, "cache_hits")                                                                                        \
    X(BLOCKED_BY_TARGET, "blocked_by_target")                                                                          \
    X(BLOCKED_BY_ADDRESS, "blocked_by_address")                                                                        \
    X(BLOCKED_ILLEGAL_VOLUNTARY, "blocked_illegal-voluntary")                                                          \
    X(BLOCKED_ILLEGAL_ORDER, "blocked_illegal-order")                                                                  \
    X(BLOCKED_SECURITY, "blocked_security")                                                                            \
    X(BLOCKED_CATEGORY, "blocked_category")                                                                            \
    X(BLOCKED_OWN_RULE, "blocked_own-rule")                                                                            \
    X(BLOCKED_PAUSED, "blocked_paused")                                                                                \
    X(BLOCKED_ALLOW_ONLY, "blocked_allow-only")                                                                        \
    X(HANDED_OVER, "handed_over")         /* to Python: a miss, or what only Python decides */                         \
    X(BATCHES, "batches")                 /* wake-ups that found packets; queries / batches is the batch size */       \
    X(RATE_SLIPPED, "rate_slipped")       /* over a prefix's limit: answered TC, or BADCOOKIE */                       \
    X(RATE_DROPPED, "rate_dropped")                                                                                    \
    X(COOKIES_VERIFIED, "cookies_verified")                                                                            \
    X(LATE_REPLIES, "late_replies")       /* from Python, to a query that is no longer waited for */

enum {
#define WEIR_COUNTER_ID(id, name) WEIR_COUNT_##id,
    WEIR_COUNTERS(WEIR_COUNTER_ID)
#undef WEIR_COUNTER_ID
    WEIR_COUNTER_TOTAL
};

/* Upper bounds in microseconds, the last is open. */
#define WEIR_LATENCY_BOUNDS {5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 500000, 2000000}
#define WEIR_LATENCY_BUCKETS 17
enum { WEIR_PATH_CORE, WEIR_PATH_HANDED_OVER, WEIR_PATHS };

typedef struct {
    _Atomic uint64_t counter[WEIR_COUNTER_TOTAL];
    _Atomic uint64_t latency[WEIR_PATHS][WEIR_LATENCY_BUCKETS];
    _Atomic uint64_t latency_sum_us[WEIR_PATHS];
} weir_stats;

static inline void weir_add(_Atomic uint64_t *word, uint64_t amount)
{
    atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) + amount, memory_order_relaxed);
}

static inline void weir_count(weir_stats *stats, unsigned counter)
{
    weir_add(&stats->counter[counter], 1);
}

/* `count` answers took `us` microseconds each. */
void weir_stats_latency(weir_stats *stats, unsigned path, uint64_t us, uint64_t count);

/* The names of all words of a page in their order; NULL past the last. Latency words are
 * latency_<core|handed-over>_le_<bound us|inf> and latency_<path>_sum_us. */
const char *weir_stats_name(unsigned word);

#endif
