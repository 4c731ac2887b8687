/* Changes to a compiled table without a rebuild: a small mutable file beside the immutable one.
 *
 * A slot says that a name (by both hashes under the table's own key, so that a look-up hashes once) has
 * another class than the table gives it; class 0 is "not listed any more". Classes that the table lacks
 * stand here too, their ids go on behind the table's. There is one writer; readers take no lock.
 *
 * Order makes it sound: the writer fills in the class record, then the key, the filter bit and the label
 * range, raises the count of slots, and publishes with one release store of the slot's word; the key never
 * changes while the word is set, and the word never becomes 0 again. A writer that is killed at any
 * instruction leaves nothing half visible. The serial is raised last: who reads it first (acquire) and
 * looks up then, sees at least the changes that it counts. If the writer died before raising it, the next
 * one does at open.
 *
 *   header (4096) | filter (2^18 bits) | classes (136 each) | slots (32 each)
 *
 * Little-endian. The bytes may come from anywhere: no content makes a reader leave them or walk without
 * end. They must be aligned to 8, as every mapping is, and must not shrink while they are in use. */
#ifndef WEIR_OVERLAY_H
#define WEIR_OVERLAY_H

#include <stdatomic.h>

#include "bytes.h"
#include "layout.h"
#include "table.h"

#define WEIR_OVERLAY_MAGIC "WEIRDELT"
#define WEIR_OVERLAY_VERSION 2u
#define WEIR_OVERLAY_HEADER 4096u
#define WEIR_OVERLAY_SLOTS 131072u    /* twice the capacity: runs of taken slots stay short */
#define WEIR_OVERLAY_CAPACITY 65536u  /* names and prefixes; then it is time to compile */
#define WEIR_OVERLAY_SLOT 32u         /* h1, h2, word, extent: never across two cache lines */
#define WEIR_OVERLAY_PROBES 64u       /* no entry stands further from its home */
#define WEIR_OVERLAY_FILTER_BITS 18u  /* a name never changed costs one bit test */
#define WEIR_OVERLAY_CLASSES 4096u    /* at most; fewer where the table's ids leave less room */
#define WEIR_OVERLAY_CLASS_BYTES 136u /* a class record of layout.h, then the lists behind it: exact, below */
#define WEIR_OVERLAY_LISTS 256u       /* numbers of lists that a record can name, 32 bytes of bits each way */
#define WEIR_FLAG_LISTS 2u            /* in a record's flags: its lists are kept */

/* Offsets in a slot. The extent says what the header must know before a look-up can get here: the labels of a name, or
 * the length of a prefix and, in its flag, the family. */
enum { WEIR_SLOT_H1 = 0, WEIR_SLOT_H2 = 8, WEIR_SLOT_WORD = 16, WEIR_SLOT_EXTENT = 24 };
#define WEIR_EXTENT_IPV4 0x100u
#define WEIR_EXTENT_IPV6 0x200u

/* A slot's word: class id (16 bits), a check of the slot and of the class record (47 bits), and a bit that is always
 * set. The check is compared when the file is opened: a damaged slot would unblock a name that was added. */
#define WEIR_SLOT_SET (UINT64_C(1) << 63)
#define WEIR_SLOT_CHECK_SHIFT 16
#define WEIR_SLOT_CHECK UINT64_C(0x7FFFFFFFFFFF)

/* Offsets of the header's fields. The second half changes while readers look. */
enum {
    WEIR_OV_MAGIC = 0,
    WEIR_OV_VERSION = 8,        /* u32 */
    WEIR_OV_CLASS_ROOM = 12,    /* u32: class records that fit */
    WEIR_OV_FILE_BYTES = 16,    /* u64 */
    WEIR_OV_BASE = 24,          /* u64: checksum of the table that this belongs to */
    WEIR_OV_BASE_CLASSES = 32,  /* u32: its classes; the first id here */
    WEIR_OV_RESERVED = 36,      /* zero */
    WEIR_OV_USED = 64,          /* u64, all below: slots that are set */
    WEIR_OV_SERIAL = 72,        /* changes, from 1 */
    WEIR_OV_CLASS_COUNT = 80,   /* class records that are in use */
    WEIR_OV_LABELS = 88,        /* of the names here: fewest << 8 | most; 0 if there is none */
    WEIR_OV_V4_LENGTHS = 96,    /* as in the table's header */
    WEIR_OV_V6_LENGTHS = 104,
    WEIR_OV_END = 128           /* zero from here to the end of the header */
};

#define WEIR_OVERLAY_FILTER WEIR_OVERLAY_HEADER
#define WEIR_OVERLAY_FILTER_BYTES ((1u << WEIR_OVERLAY_FILTER_BITS) / 8)
#define WEIR_OVERLAY_RECORDS (WEIR_OVERLAY_FILTER + WEIR_OVERLAY_FILTER_BYTES)

/* Class records that fit behind `base_classes` ids of 16 bits. */
static inline uint32_t weir_overlay_class_room(uint32_t base_classes)
{
    uint32_t left = base_classes < 0x10000 ? 0x10000 - base_classes : 0;
    return left < WEIR_OVERLAY_CLASSES ? left : WEIR_OVERLAY_CLASSES;
}

/* Bytes before the slots; a multiple of WEIR_SECTION_ALIGN. */
static inline size_t weir_overlay_slots_at(uint32_t class_room)
{
    size_t records = (size_t)class_room * WEIR_OVERLAY_CLASS_BYTES;
    size_t sections = (records + WEIR_SECTION_ALIGN - 1) / WEIR_SECTION_ALIGN;
    return WEIR_OVERLAY_RECORDS + sections * WEIR_SECTION_ALIGN;
}

static inline size_t weir_overlay_bytes(uint32_t class_room)
{
    return weir_overlay_slots_at(class_room) + (size_t)WEIR_OVERLAY_SLOTS * WEIR_OVERLAY_SLOT;
}

/* A mutable word. Acquire pairs with the writer's release: what was written before it is seen with it. */
static inline uint64_t weir_overlay_word(const uint8_t *at)
{
    return WEIR_LE64(atomic_load_explicit((const _Atomic uint64_t *)(const void *)at, memory_order_acquire));
}

/* Home of a hash among the slots: bits that the table's line does not use in the same way. */
static inline uint32_t weir_overlay_home(weir_hash hash)
{
    return (uint32_t)(hash.h1 * UINT64_C(0x9e3779b97f4a7c15) >> 32) % WEIR_OVERLAY_SLOTS;
}

static inline uint32_t weir_overlay_filter_bit(weir_hash hash)
{
    return (uint32_t)(hash.h1 >> 20) % (1u << WEIR_OVERLAY_FILTER_BITS);
}

/* The word of a slot whose key and extent are these, in the overlay at `bytes` of `table`. */
uint64_t weir_overlay_seal(const weir_table *table, const uint8_t *bytes, weir_hash hash, uint64_t extent,
                           uint32_t class_id);

/* Changed names and prefixes; 0 = look at nothing else. */
static inline uint64_t weir_overlay_used(const weir_table *table)
{
    return table->overlay == NULL ? 0 : weir_overlay_word(table->overlay + WEIR_OV_USED);
}

static inline int weir_overlay_may_hold(const uint8_t *overlay, weir_hash hash)
{
    uint32_t bit = weir_overlay_filter_bit(hash);
    /* Whoever must see a change has read the serial before; the bit was set before that was raised. */
    const uint8_t *at = overlay + WEIR_OVERLAY_FILTER + bit / 64 * 8;
    uint64_t word =
        WEIR_LE64(atomic_load_explicit((const _Atomic uint64_t *)(const void *)at, memory_order_relaxed));
    return (int)(word >> bit % 64 & 1);
}

/* The slot of a hash, or the free slot where it would go; NULL if it has neither. */
const uint8_t *weir_overlay_slot(const weir_table *table, weir_hash hash);

/* 1 and the class if the overlay speaks about the hash, else 0. Ids are checked against the records in
 * use. */
int weir_overlay_find(const weir_table *table, weir_hash hash, uint32_t *class_id);

/* What the table itself says, the overlay left aside; 0 = not listed. */
uint32_t weir_table_base_find(const weir_table *table, weir_hash hash);

#endif
