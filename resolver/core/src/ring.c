/* The ring's records: a head of 8 octets with the length, the octets, padding to 8. A record never wraps:
 * what is left at the end is skipped by a head of its own. */
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define HEAD 8u
#define SKIP UINT32_MAX
#define MIN_SIZE 1024u
#define MAX_SIZE (1u << 30)

int weir_ring_open(weir_ring *ring, uint32_t size)
{
    memset(ring, 0, sizeof *ring);
    if (size < MIN_SIZE || size > MAX_SIZE || (size & (size - 1)))
        return -1;
    ring->bytes = aligned_alloc(WEIR_CACHE_LINE, size);
    if (!ring->bytes)
        return -1;
    ring->size = size;
    return 0;
}

void weir_ring_close(weir_ring *ring)
{
    free(ring->bytes);
    ring->bytes = NULL;
}

static void put_head(weir_ring *ring, uint32_t at, uint32_t length)
{
    memcpy(ring->bytes + at, &length, sizeof length);
}

static int has_room(weir_ring *ring, uint32_t wanted)
{
    if (ring->size - (ring->writing - ring->known_taken) >= wanted)
        return 1;
    /* acquire: what the consumer read of the octets happened before we write over them */
    ring->known_taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
    return ring->size - (ring->writing - ring->known_taken) >= wanted;
}

void *weir_ring_reserve(weir_ring *ring, uint32_t length)
{
    if (length > ring->size / 2 - HEAD)
        return NULL;
    uint32_t need = (HEAD + length + 7) & ~7u, at = ring->writing & (ring->size - 1);
    uint32_t rest = ring->size - at, skipped = rest < need ? rest : 0;
    if (!has_room(ring, skipped + need))
        return NULL;
    if (skipped) {
        put_head(ring, at, SKIP);
        at = 0;
    }
    put_head(ring, at, length);
    ring->writing += skipped + need;
    ring->records_written++;
    return ring->bytes + at + HEAD;
}

void weir_ring_publish(weir_ring *ring)
{
    /* release: the records are written before the consumer can see the position behind them */
    atomic_store_explicit(&ring->written, ring->writing, memory_order_release);
}

uint32_t weir_ring_waiting(const weir_ring *ring)
{
    /* relaxed: only a number; the octets are guarded by `taken` */
    return ring->records_written - atomic_load_explicit(&ring->records_taken, memory_order_relaxed);
}

const void *weir_ring_next(weir_ring *ring, uint32_t *length)
{
    if (ring->reading == ring->known_written) {
        /* acquire: pairs with publish; the records before this position are whole */
        ring->known_written = atomic_load_explicit(&ring->written, memory_order_acquire);
        if (ring->reading == ring->known_written)
            return NULL;
    }
    uint32_t at = ring->reading & (ring->size - 1);
    memcpy(length, ring->bytes + at, sizeof *length);
    if (*length == SKIP) {
        ring->reading += ring->size - at;
        at = 0;
        memcpy(length, ring->bytes, sizeof *length);
    }
    ring->reading += (HEAD + *length + 7) & ~7u;
    ring->records_read++;
    return ring->bytes + at + HEAD;
}

void weir_ring_release(weir_ring *ring)
{
    /* relaxed: see weir_ring_waiting */
    atomic_store_explicit(&ring->records_taken, ring->records_read, memory_order_relaxed);
    /* release: our reads of the octets are over before the producer may write there */
    atomic_store_explicit(&ring->taken, ring->reading, memory_order_release);
}

int weir_ring_is_empty(const weir_ring *ring)
{
    /* relaxed: the bell's fence orders this look against the producer's publish */
    return ring->reading == atomic_load_explicit(&ring->written, memory_order_relaxed);
}

int weir_bell_open(weir_bell *bell)
{
    atomic_init(&bell->armed, 0);
    bell->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return bell->descriptor < 0 ? -1 : 0;
}

void weir_bell_close(weir_bell *bell)
{
    if (bell->descriptor >= 0)
        close(bell->descriptor);
    bell->descriptor = -1;
}

void weir_bell_arm(weir_bell *bell)
{
    atomic_store_explicit(&bell->armed, 1, memory_order_relaxed);
    /* Pairs with the fence in ring: either the sleeper's last look sees what was published, or the other side
     * sees `armed`. Acquire and release would allow both to miss. */
    atomic_thread_fence(memory_order_seq_cst);
}

void weir_bell_disarm(weir_bell *bell)
{
    /* relaxed: a bell that is rung all the same is only an early wake-up */
    atomic_store_explicit(&bell->armed, 0, memory_order_relaxed);
}

void weir_bell_clear(weir_bell *bell)
{
    uint64_t rung;
    while (read(bell->descriptor, &rung, sizeof rung) < 0 && errno == EINTR)
        continue;
}

void weir_bell_ring(weir_bell *bell)
{
    const uint64_t once = 1;
    atomic_thread_fence(memory_order_seq_cst); /* see weir_bell_arm */
    if (!atomic_load_explicit(&bell->armed, memory_order_relaxed))
        return;
    if (!atomic_exchange_explicit(&bell->armed, 0, memory_order_relaxed))
        return; /* another has rung it */
    while (write(bell->descriptor, &once, sizeof once) < 0 && errno == EINTR)
        continue;
}
