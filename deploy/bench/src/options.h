/* What the load program is told on its command line. */
#ifndef WEIR_BENCH_OPTIONS_H
#define WEIR_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "link.h"

struct options {
    struct link_options link;
    const char *questions;
    const char *slices; /* file for the slices of time, or NULL */
    double seconds;
    double rate; /* 0: closed loop */
    unsigned window;
    int64_t timeout;     /* ns */
    int64_t slice_width; /* ns */
    uint32_t source_base, source_count;
    uint64_t seed;
    bool edns, once;
};

/* Parse; ends the program with the manual and status 2 when something is wrong. */
void options_read(struct options *options, int count, char **words);

#endif
