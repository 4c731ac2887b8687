/* Measurements that an interpreter would disturb; used by the benchmark only. */
#ifndef WEIR_TIMING_H
#define WEIR_TIMING_H

#include "table.h"

#define WEIR_MAX_TIMED_BATCH 64u

/* Mean nanoseconds of one look-up, `batch` (1 .. WEIR_MAX_TIMED_BATCH) started together. Each batch begins
 * when the one before it has ended, as it does behind packets. `wires` holds the names one after another,
 * `ends` where each ends. */
double weir_time_lookups(const weir_table *table, const uint8_t *wires, const size_t *ends, size_t count,
                         unsigned rounds, unsigned batch);

/* Mean nanoseconds to read a random 64-byte line of `bytes` of memory: each address taken from the line
 * before (`dependent`), and addresses known beforehand (`independent`). Returns 0, or -1 when memory is
 * short. */
int weir_time_memory(size_t bytes, size_t reads, double *dependent, double *independent);

#endif
