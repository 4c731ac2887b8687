/* Latencies in buckets whose width is 1/64 of their value: every percentile within 1.6 %, in 32 kB. */
#ifndef WEIR_BENCH_HISTOGRAM_H
#define WEIR_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB 64
#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_BUCKETS (HISTOGRAM_SUB * 60)

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t sum;
    uint64_t largest;
};

static inline unsigned histogram_bucket(uint64_t value) {
    if (value < HISTOGRAM_SUB) {
        return (unsigned)value;
    }
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
    return (shift + 1) * HISTOGRAM_SUB + (unsigned)((value >> shift) & (HISTOGRAM_SUB - 1));
}

/* The middle of a bucket. */
static inline uint64_t histogram_value(unsigned bucket) {
    if (bucket < HISTOGRAM_SUB) {
        return bucket;
    }
    unsigned shift = bucket / HISTOGRAM_SUB - 1;
    uint64_t low = (uint64_t)(HISTOGRAM_SUB + bucket % HISTOGRAM_SUB) << shift;
    return low + ((UINT64_C(1) << shift) >> 1);
}

static inline void histogram_add(struct histogram *histogram, int64_t value) {
    uint64_t positive = value > 0 ? (uint64_t)value : 0;
    histogram->counts[histogram_bucket(positive)]++;
    histogram->total++;
    histogram->sum += positive;
    if (positive > histogram->largest) {
        histogram->largest = positive;
    }
}

/* The value below which this share (0 to 1) of all values lies; 0 when there are none. */
static inline uint64_t histogram_percentile(const struct histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->total);
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen > wanted) {
            return histogram_value(bucket);
        }
    }
    return histogram->largest;
}

#endif
