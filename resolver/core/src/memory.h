/* A batch source over memory, for tests, fuzzing and timing: packets come from a function and answers go to
 * one. */
#ifndef WEIR_MEMORY_H
#define WEIR_MEMORY_H

#include "source.h"

typedef struct {
    void *context;
    /* Write the next packet's octets (at most WEIR_MAX_QUERY), who sent it, and a number to know its answer
     * by. Returns its length, or -1 when there is none at present. */
    int (*next)(void *context, uint8_t *bytes, weir_client *client, uint64_t *number);
    /* The answer to the packet of this number; valid during the call. */
    void (*sent)(void *context, uint64_t number, const uint8_t *bytes, uint32_t length);
    int descriptor; /* readable when `next` has something; -1: it is asked again and again */
} weir_memory_ends;

/* NULL without memory. `ends` is copied; its context stays the caller's. */
weir_source *weir_memory_open(const weir_memory_ends *ends);

#endif
