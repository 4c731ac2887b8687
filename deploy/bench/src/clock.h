/* The clocks of the benchmark's programs, in nanoseconds: time that passes, and CPU time of this process. */
#ifndef WEIR_BENCH_CLOCK_H
#define WEIR_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static inline int64_t clock_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* Nanoseconds since boot; never goes back. */
static inline int64_t clock_now(void) { return clock_of(CLOCK_MONOTONIC); }

/* Nanoseconds of CPU that this process has used, kernel included. */
static inline int64_t clock_cpu(void) { return clock_of(CLOCK_PROCESS_CPUTIME_ID); }

#endif
