/* The file: what stands where. Everything is little-endian; sections start at multiples of 64 bytes, in
 * this order, without gaps other than zero padding:
 *
 *   header (256) | classes | meta | lines | cold | spill lines | spill cold
 *
 * The offsets in the header are redundant: a reader computes them from the counts and refuses any
 * difference. */
#ifndef WEIR_LAYOUT_H
#define WEIR_LAYOUT_H

#include <stdint.h>

#define WEIR_MAGIC "WEIRSNAP"
#define WEIR_VERSION 2u

#define WEIR_HEADER_BYTES 256u
#define WEIR_SECTION_ALIGN 64u

#define WEIR_LANES 15u       /* data lanes of a line: fingerprint << 16 | class id; 0 = empty */
#define WEIR_LINE_BYTES 64u  /* 15 lanes and one word of overflow marks: a cache line */
#define WEIR_META_LANE 60u   /* offset of that word: bit (h1 >> 16 & 31) says "look in the spill table too" */
#define WEIR_COLD_BYTES 90u  /* 15 x 48 bits of h2 */
#define WEIR_COLD_LANE 6u
#define WEIR_MAX_SPILL_PROBES 16u

#define WEIR_CLASS_BYTES 72u /* exact mask, below mask, flags */
#define WEIR_CLASS_FLAGS 64u
#define WEIR_FLAG_STOP 1u    /* the look-up ends here: shorter suffixes are already counted in */

/* Offsets of the header's fields. */
enum {
    WEIR_AT_MAGIC = 0,          /* 8 bytes */
    WEIR_AT_VERSION = 8,        /* u32 */
    WEIR_AT_HEADER_BYTES = 12,  /* u32 */
    WEIR_AT_FILE_BYTES = 16,    /* u64 */
    WEIR_AT_CREATED = 24,       /* u64, Unix seconds */
    WEIR_AT_KEY = 32,           /* 32 bytes */
    WEIR_AT_ENTRIES = 64,       /* u64 */
    WEIR_AT_CLASSES = 72,       /* u32, id 0 included */
    WEIR_AT_CLASS_BYTES = 76,   /* u32 */
    WEIR_AT_META_BYTES = 80,    /* u64 */
    WEIR_AT_LINES = 88,         /* u32 */
    WEIR_AT_SPILL_LINES = 92,   /* u32 */
    WEIR_AT_OFFSETS = 96,       /* u64 x 6: classes, meta, lines, cold, spill lines, spill cold */
    WEIR_AT_MIN_LABELS = 144,   /* u8: of the names listed; 255 if none */
    WEIR_AT_MAX_LABELS = 145,   /* u8 */
    WEIR_AT_SPILL_PROBES = 146, /* u8: lines to look at in the spill table, at most */
    WEIR_AT_V4_LENGTHS = 152,   /* u64: bit n = some /n prefix is listed */
    WEIR_AT_V6_LENGTHS = 160,   /* u64 x 3: the same for IPv6 */
    WEIR_AT_RESERVED = 184,     /* zero */
    WEIR_AT_CHECKSUM = 248      /* u64: of all other bytes of the file */
};

enum { WEIR_SECTIONS = 6 };
enum { WEIR_CLASSES, WEIR_META, WEIR_LINES, WEIR_COLD, WEIR_SPILL_LINES, WEIR_SPILL_COLD };

typedef struct {
    uint64_t offset[WEIR_SECTIONS];
    uint64_t bytes[WEIR_SECTIONS]; /* without padding */
    uint64_t file_bytes;
} weir_layout;

/* Place the sections. The counts are 32 bits wide and `meta_bytes` below 2^40, so nothing overflows. */
static inline weir_layout weir_layout_of(uint32_t classes, uint64_t meta_bytes, uint32_t lines,
                                         uint32_t spill_lines)
{
    weir_layout layout;
    uint64_t position = WEIR_HEADER_BYTES;
    layout.bytes[WEIR_CLASSES] = (uint64_t)classes * WEIR_CLASS_BYTES;
    layout.bytes[WEIR_META] = meta_bytes;
    layout.bytes[WEIR_LINES] = (uint64_t)lines * WEIR_LINE_BYTES;
    layout.bytes[WEIR_COLD] = (uint64_t)lines * WEIR_COLD_BYTES;
    layout.bytes[WEIR_SPILL_LINES] = (uint64_t)spill_lines * WEIR_LINE_BYTES;
    layout.bytes[WEIR_SPILL_COLD] = (uint64_t)spill_lines * WEIR_COLD_BYTES;
    for (unsigned i = 0; i < WEIR_SECTIONS; i++) {
        layout.offset[i] = position;
        position += (layout.bytes[i] + WEIR_SECTION_ALIGN - 1) / WEIR_SECTION_ALIGN * WEIR_SECTION_ALIGN;
    }
    layout.file_bytes = position;
    return layout;
}

#endif
