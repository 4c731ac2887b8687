/* The file: what stands where. Everything is little-endian; sections start at multiples of 64 bytes, in
 * this order, without gaps other than zero padding:
 *
 *   header (256) | classes | meta | lines | cold | spill lines | spill cold | secret
 *
 * The last section, which is empty where no list is secret, is a table of its own (secret.h):
 *
 *   head (64) | lines (64 each) | digests (240 each)
 *
 * The offsets in the header are redundant: a reader computes them from the counts and refuses any
 * difference. */
#ifndef WEIR_LAYOUT_H
#define WEIR_LAYOUT_H

#include <stdint.h>

#define WEIR_MAGIC "WEIRSNAP"
#define WEIR_VERSION 3u

#define WEIR_HEADER_BYTES 256u
#define WEIR_SECTION_ALIGN 64u

#define WEIR_LANES 15u       /* data lanes of a line: fingerprint << 16 | class id; 0 = empty */
#define WEIR_LINE_BYTES 64u  /* 15 lanes and one word of overflow marks: a cache line */
#define WEIR_META_LANE 60u   /* offset of that word: bit (h1 >> 16 & 31) says "look in the spill table too" */
#define WEIR_COLD_BYTES 90u  /* 15 x 48 bits of h2 */
#define WEIR_COLD_LANE 6u
#define WEIR_MAX_SPILL_PROBES 16u

#define WEIR_SECRET_HEAD 64u
#define WEIR_DIGEST_BYTES 16u
#define WEIR_DIGESTS_BYTES 240u /* of the 15 lanes of a line */
#define WEIR_MAX_SECRET_PROBES 16u

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
    WEIR_AT_SECRET_BYTES = 184, /* u64 */
    WEIR_AT_SECRET_OFFSET = 192, /* u64 */
    WEIR_AT_RESERVED = 200,     /* zero */
    WEIR_AT_CHECKSUM = 248      /* u64: of all other bytes of the file */
};

/* Offsets of the fields of the secret section's head. The check is a digest under the index key that is no entry's:
 * whoever has another key finds out. */
enum {
    WEIR_SECRET_CHECK = 0,       /* 16 bytes */
    WEIR_SECRET_ENTRIES = 16,    /* u64 */
    WEIR_SECRET_LINES = 24,      /* u32 */
    WEIR_SECRET_PROBES = 28,     /* u8: lines to look at, at most */
    WEIR_SECRET_MIN_LABELS = 29, /* u8: of the names; 255 if there are none */
    WEIR_SECRET_MAX_LABELS = 30, /* u8 */
    WEIR_SECRET_RESERVED = 31,   /* zero */
    WEIR_SECRET_V4_LENGTHS = 32, /* as in the header */
    WEIR_SECRET_V6_LENGTHS = 40
};

enum { WEIR_SECTIONS = 7 };
enum {
    WEIR_CLASSES, WEIR_META, WEIR_LINES, WEIR_COLD, WEIR_SPILL_LINES, WEIR_SPILL_COLD, WEIR_SECRET
};

/* Where the header says that a section begins. */
static inline unsigned weir_at_offset(unsigned section)
{
    return section == WEIR_SECRET ? WEIR_AT_SECRET_OFFSET : WEIR_AT_OFFSETS + 8 * section;
}

/* Bytes of a secret section of so many lines. */
static inline uint64_t weir_secret_bytes(uint32_t lines)
{
    return WEIR_SECRET_HEAD + (uint64_t)lines * (WEIR_LINE_BYTES + WEIR_DIGESTS_BYTES);
}

typedef struct {
    uint64_t offset[WEIR_SECTIONS];
    uint64_t bytes[WEIR_SECTIONS]; /* without padding */
    uint64_t file_bytes;
} weir_layout;

/* Place the sections. The counts are 32 bits wide, `meta_bytes` and `secret_bytes` below 2^40 and 2^41, so nothing
 * overflows. */
static inline weir_layout weir_layout_of(uint32_t classes, uint64_t meta_bytes, uint32_t lines,
                                         uint32_t spill_lines, uint64_t secret_bytes)
{
    weir_layout layout;
    uint64_t position = WEIR_HEADER_BYTES;
    layout.bytes[WEIR_CLASSES] = (uint64_t)classes * WEIR_CLASS_BYTES;
    layout.bytes[WEIR_META] = meta_bytes;
    layout.bytes[WEIR_LINES] = (uint64_t)lines * WEIR_LINE_BYTES;
    layout.bytes[WEIR_COLD] = (uint64_t)lines * WEIR_COLD_BYTES;
    layout.bytes[WEIR_SPILL_LINES] = (uint64_t)spill_lines * WEIR_LINE_BYTES;
    layout.bytes[WEIR_SPILL_COLD] = (uint64_t)spill_lines * WEIR_COLD_BYTES;
    layout.bytes[WEIR_SECRET] = secret_bytes;
    for (unsigned i = 0; i < WEIR_SECTIONS; i++) {
        layout.offset[i] = position;
        position += (layout.bytes[i] + WEIR_SECTION_ALIGN - 1) / WEIR_SECTION_ALIGN * WEIR_SECTION_ALIGN;
    }
    layout.file_bytes = position;
    return layout;
}

#endif
