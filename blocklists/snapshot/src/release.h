/* Memory that was freed, given back to the system: where the C library can do that. */
#ifndef WEIR_RELEASE_H
#define WEIR_RELEASE_H

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>

#define WEIR_LARGE_BLOCK (256 * 1024)

/* From now on large blocks are mappings of their own, which go back when they are freed. Left alone, the
 * library raises its limit with every large block that is freed, and keeps tens of megabytes at the end of
 * a thread's arena. */
static inline void weir_keep_little_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, WEIR_LARGE_BLOCK);
    mallopt(M_TRIM_THRESHOLD, WEIR_LARGE_BLOCK);
}

static inline void weir_release_memory(void)
{
    malloc_trim(0);
}
#else
static inline void weir_keep_little_memory(void)
{
}

static inline void weir_release_memory(void)
{
}
#endif

#endif
