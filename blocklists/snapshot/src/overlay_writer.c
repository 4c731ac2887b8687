/* Writing an overlay. Every step is one store; before the last of them nothing has changed for a reader. */
#include "overlay_writer.h"

/* The only writer reads back its own stores: no order is needed for that. */
static uint64_t own_word(const uint8_t *at)
{
    return WEIR_LE64(atomic_load_explicit((const _Atomic uint64_t *)(const void *)at, memory_order_relaxed));
}

/* Release: all that was written before is seen by whoever acquires this word. */
static void publish(uint8_t *at, uint64_t word)
{
    atomic_store_explicit((_Atomic uint64_t *)(void *)at, WEIR_LE64(word), memory_order_release);
}

void weir_overlay_format(const weir_table *table, uint8_t *bytes)
{
    uint32_t room = weir_overlay_class_room(table->class_count);
    memcpy(bytes + WEIR_OV_MAGIC, WEIR_OVERLAY_MAGIC, 8);
    weir_store32(bytes + WEIR_OV_VERSION, WEIR_OVERLAY_VERSION);
    weir_store32(bytes + WEIR_OV_CLASS_ROOM, room);
    weir_store64(bytes + WEIR_OV_FILE_BYTES, weir_overlay_bytes(room));
    weir_store64(bytes + WEIR_OV_BASE, table->checksum);
    weir_store32(bytes + WEIR_OV_BASE_CLASSES, table->class_count);
    weir_store64(bytes + WEIR_OV_SERIAL, 1);
}

uint32_t weir_overlay_class(const weir_table *table, uint8_t *bytes,
                            const uint8_t record[WEIR_OVERLAY_CLASS_BYTES])
{
    uint32_t count = (uint32_t)own_word(bytes + WEIR_OV_CLASS_COUNT);
    uint8_t *records = bytes + WEIR_OVERLAY_RECORDS;
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(records + (size_t)i * WEIR_OVERLAY_CLASS_BYTES, record, WEIR_OVERLAY_CLASS_BYTES) == 0)
            return table->class_count + i;
    if (count >= weir_overlay_class_room(table->class_count))
        return 0;
    /* Nobody reads a record before its id stands in a slot. */
    memcpy(records + (size_t)count * WEIR_OVERLAY_CLASS_BYTES, record, WEIR_OVERLAY_CLASS_BYTES);
    publish(bytes + WEIR_OV_CLASS_COUNT, count + 1);
    return table->class_count + count;
}

static void set_filter_bit(uint8_t *bytes, weir_hash hash)
{
    uint32_t bit = weir_overlay_filter_bit(hash);
    uint8_t *word = bytes + WEIR_OVERLAY_FILTER + bit / 64 * 8;
    publish(word, own_word(word) | UINT64_C(1) << bit % 64);
}

/* The slot that will hold the hash; NULL if there is no room. */
static uint8_t *room_for(const weir_table *table, uint8_t *bytes, weir_hash hash)
{
    const uint8_t *slot = weir_overlay_slot(table, hash);
    if (slot == NULL)
        return NULL;
    if (own_word(slot + WEIR_SLOT_WORD) == 0 && own_word(bytes + WEIR_OV_USED) >= WEIR_OVERLAY_CAPACITY)
        return NULL;
    return bytes + (slot - table->overlay);
}

static void fill(const weir_table *table, uint8_t *bytes, uint8_t *slot, weir_hash hash, uint64_t extent,
                 uint32_t class_id)
{
    int is_new = own_word(slot + WEIR_SLOT_WORD) == 0;
    if (is_new) {
        publish(slot + WEIR_SLOT_H1, hash.h1);
        publish(slot + WEIR_SLOT_H2, hash.h2);
        publish(slot + WEIR_SLOT_EXTENT, extent);
    }
    /* Again for a known name: a writer that was killed may have left the bit out. */
    set_filter_bit(bytes, hash);
    /* Before the word: nobody looks at slots while the count is 0. A writer killed in between costs one
     * count. */
    if (is_new)
        publish(bytes + WEIR_OV_USED, own_word(bytes + WEIR_OV_USED) + 1);
    publish(slot + WEIR_SLOT_WORD, weir_overlay_seal(table, bytes, hash, extent, class_id));
}

static void note_labels(uint8_t *bytes, unsigned labels)
{
    uint64_t range = own_word(bytes + WEIR_OV_LABELS);
    uint64_t fewest = range >> 8, most = range & 0xff;
    if (range == 0 || labels < fewest)
        fewest = labels;
    if (labels > most)
        most = labels;
    publish(bytes + WEIR_OV_LABELS, fewest << 8 | most);
}

int weir_overlay_put_name(const weir_table *table, uint8_t *bytes, weir_hash hash, unsigned labels,
                          uint32_t class_id)
{
    uint8_t *slot = room_for(table, bytes, hash);
    if (slot == NULL)
        return 0;
    note_labels(bytes, labels);
    fill(table, bytes, slot, hash, labels, class_id);
    return 1;
}

int weir_overlay_put_prefix(const weir_table *table, uint8_t *bytes, weir_hash hash, unsigned size,
                            unsigned prefix, uint32_t class_id)
{
    uint8_t *slot = room_for(table, bytes, hash);
    if (slot == NULL)
        return 0;
    uint8_t *lengths = bytes + (size == 4 ? WEIR_OV_V4_LENGTHS : WEIR_OV_V6_LENGTHS + 8 * (prefix / 64));
    publish(lengths, own_word(lengths) | UINT64_C(1) << prefix % 64);
    fill(table, bytes, slot, hash, prefix | (size == 4 ? WEIR_EXTENT_IPV4 : WEIR_EXTENT_IPV6), class_id);
    return 1;
}

void weir_overlay_raise(uint8_t *bytes)
{
    publish(bytes + WEIR_OV_SERIAL, own_word(bytes + WEIR_OV_SERIAL) + 1);
}
