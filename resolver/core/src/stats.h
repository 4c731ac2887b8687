/* Counters and latency histograms of one thread: 64-bit words in a page that others read at any time.
 *
 * One thread writes a page, so adding is a relaxed load and store. Names are those of resolver.counting: a
 * page read by name can be added to another worker's, and to the page that the same worker's Python keeps. */
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
    X(STALE_ANSWERS, "stale_answers")     /* given because nobody had time for fresh ones */                           \
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

/* Upper bounds in microseconds, included; one more bucket is open. A bucket counts what is in it alone:
 * whoever exports them adds them up. */
#define WEIR_LATENCY_BOUNDS(X)                                                                                         \
    X(5) X(10) X(20) X(50) X(100) X(200) X(500) X(1000) X(2000) X(5000) X(10000) X(20000) X(50000) X(100000) X(500000) \
    X(2000000)
#define WEIR_LATENCY_BUCKETS 17
enum { WEIR_PATH_CORE, WEIR_PATH_HANDED_OVER, WEIR_PATHS };

/* Nothing but words, so that its bytes are those of a counter page behind the names. */
typedef struct {
    _Atomic uint64_t counter[WEIR_COUNTER_TOTAL];
    _Atomic uint64_t latency[WEIR_PATHS][WEIR_LATENCY_BUCKETS];
    _Atomic uint64_t latency_sum_us[WEIR_PATHS];
} weir_stats;

#define WEIR_STATS_WORDS (sizeof(weir_stats) / sizeof(uint64_t))

/* Relaxed, and no read-modify-write: there is one writer, and a number says nothing about other memory. */
static inline void weir_add(_Atomic uint64_t *word, uint64_t amount)
{
    atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) + amount, memory_order_relaxed);
}

static inline void weir_count(weir_stats *stats, unsigned counter)
{
    weir_add(&stats->counter[counter], 1);
}

/* The bucket for `us` microseconds. */
unsigned weir_latency_bucket(uint64_t us);

/* `count` answers took `us` microseconds each. `path` is a WEIR_PATH_. */
void weir_stats_latency(weir_stats *stats, unsigned path, uint64_t us, uint64_t count);

/* The names of all words of a page in their order; NULL past the last. Latency words are
 * latency_<core|handed-over>_le_<bound us|inf> and latency_<path>_sum_us. */
const char *weir_stats_name(unsigned word);

#endif
