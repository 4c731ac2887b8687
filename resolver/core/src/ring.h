/* Records of bytes from one thread to another, bounded and without a lock; and the bell that wakes the other
 * side.
 *
 * One producer, one consumer. Each side moves a position of its own along the ring and shows it to the other
 * when it says so: a batch of records is shown, or given back, at once. Nobody ever waits: a full ring takes
 * no record. */
#ifndef WEIR_RING_H
#define WEIR_RING_H

#include <stdatomic.h>
#include <stdint.h>

#define WEIR_CACHE_LINE 64

/* Positions count octets since the start and wrap; `size` is a power of two. */
typedef struct {
    uint8_t *bytes;
    uint32_t size;
    _Alignas(WEIR_CACHE_LINE) _Atomic uint32_t written; /* shown by the producer */
    uint32_t writing, known_taken, records_written;     /* the producer's own */
    _Alignas(WEIR_CACHE_LINE) _Atomic uint32_t taken;   /* shown by the consumer */
    _Atomic uint32_t records_taken;
    uint32_t reading, known_written, records_read; /* the consumer's own */
} weir_ring;

/* `size` octets, a power of two from 1 KiB to 1 GiB. -1 without memory or for another size. */
int weir_ring_open(weir_ring *ring, uint32_t size);
void weir_ring_close(weir_ring *ring);

/* Producer: room for a record of `length` octets, aligned to 8; NULL if the ring is too full or the record is
 * longer than half of it. The consumer sees it after `publish`. */
void *weir_ring_reserve(weir_ring *ring, uint32_t length);
void weir_ring_publish(weir_ring *ring);

/* Producer: published records that the consumer has not given back. */
uint32_t weir_ring_waiting(const weir_ring *ring);

/* Consumer: the next record, or NULL. It stays valid until `release`, which gives back all that were read. */
const void *weir_ring_next(weir_ring *ring, uint32_t *length);
void weir_ring_release(weir_ring *ring);
int weir_ring_is_empty(const weir_ring *ring);

/* Wakes a side that said that it may sleep, and costs no system call while it is awake. */
typedef struct {
    int descriptor; /* an eventfd: readable when it was rung */
    _Atomic uint32_t armed;
} weir_bell;

int weir_bell_open(weir_bell *bell); /* -1 with errno */
void weir_bell_close(weir_bell *bell);

/* The sleeper: say that one may sleep, then look once more for work, and only then wait for the
 * descriptor. */
void weir_bell_arm(weir_bell *bell);
/* The sleeper: awake, whatever the reason. */
void weir_bell_disarm(weir_bell *bell);
/* The sleeper, when the descriptor is readable: take the ring back. */
void weir_bell_clear(weir_bell *bell);
/* The other side, after it has published something. */
void weir_bell_ring(weir_bell *bell);

#endif
