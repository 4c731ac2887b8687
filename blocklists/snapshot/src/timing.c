#define _POSIX_C_SOURCE 200809L
#include "timing.h"

#include <stdlib.h>
#include <time.h>

#include "bytes.h"

#define LINE 64u

static double now(void)
{
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec * 1e9 + (double)moment.tv_nsec;
}

/* Wait until all loads before this point are done: out-of-order cores would overlap two look-ups. */
static inline void wait_for_loads(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_lfence();
#elif defined(__aarch64__)
    __asm__ volatile("dsb ld\n\tisb" ::: "memory");
#else
    __sync_synchronize();
#endif
}

/* Look up names first .. first + count - 1 together; returns the number of hits. */
static unsigned look_up_batch(const weir_table *table, const uint8_t *wires, const size_t *ends, size_t first,
                              size_t count)
{
    static _Thread_local weir_probe probes[WEIR_MAX_TIMED_BATCH];
    weir_hit hits[WEIR_MAX_HITS];
    unsigned found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t from = first + i == 0 ? 0 : ends[first + i - 1];
        weir_probe_start(table, wires + from, ends[first + i] - from, &probes[i]);
    }
    for (size_t i = 0; i < count && count > 1; i++)
        weir_probe_fetch(table, &probes[i]);
    for (size_t i = 0; i < count; i++)
        found += weir_probe_finish(table, &probes[i], hits);
    return found;
}

double weir_time_lookups(const weir_table *table, const uint8_t *wires, const size_t *ends, size_t count,
                         unsigned rounds, unsigned batch)
{
    volatile unsigned found = 0;
    double start = now();
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t first = 0; first < count; first += batch) {
            found += look_up_batch(table, wires, ends, first, count - first < batch ? count - first : batch);
            wait_for_loads();
        }
    }
    double mean = (now() - start) / ((double)count * rounds);
    (void)found;
    return mean;
}

static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = *state ^ UINT64_C(0x243f6a8885a308d3);
    uint64_t high, low = weir_multiply(mixed, UINT64_C(0xbb67ae8584caa73b), &high);
    return low ^ high;
}

/* One ring through all lines in random order (Sattolo's shuffle); the line number stands at a line's
 * start. */
static void link_lines(uint8_t *memory, uint32_t lines)
{
    uint64_t state = 1;
    for (uint32_t i = 0; i < lines; i++)
        weir_store32(memory + (size_t)i * LINE, i);
    for (uint32_t i = lines - 1; i > 0; i--) {
        uint8_t *here = memory + (size_t)i * LINE;
        uint8_t *there = memory + (size_t)weir_scale((uint32_t)next_random(&state), i) * LINE;
        uint32_t kept = weir_load32(here);
        weir_store32(here, weir_load32(there));
        weir_store32(there, kept);
    }
}

int weir_time_memory(size_t bytes, size_t reads, double *dependent, double *independent)
{
    uint32_t lines = (uint32_t)(bytes / LINE);
    uint8_t *memory = lines < 2 ? NULL : aligned_alloc(LINE, (size_t)lines * LINE);
    uint64_t state = 2;
    volatile uint32_t sink = 0;
    uint32_t at = 0, sum = 0;
    if (memory == NULL)
        return -1;
    link_lines(memory, lines);
    double start = now();
    for (size_t i = 0; i < reads; i++)
        at = weir_load32(memory + (size_t)at * LINE);
    *dependent = (now() - start) / (double)reads;
    start = now();
    for (size_t i = 0; i < reads; i++)
        sum += weir_load32(memory + (size_t)weir_scale((uint32_t)next_random(&state), lines) * LINE);
    *independent = (now() - start) / (double)reads;
    sink = at + sum;
    (void)sink;
    free(memory);
    return 0;
}
