/* Opening and reading an overlay; see overlay.h for the order that makes this safe without a lock. */
#include "overlay.h"

static const char *check_size(const weir_table *table, const uint8_t *bytes, size_t size)
{
    if ((uintptr_t)bytes % sizeof(uint64_t) != 0)
        return "it is not aligned in memory";
    if (size < WEIR_OVERLAY_HEADER || memcmp(bytes + WEIR_OV_MAGIC, WEIR_OVERLAY_MAGIC, 8) != 0)
        return "it is no file of changes to a snapshot";
    if (weir_load32(bytes + WEIR_OV_VERSION) != WEIR_OVERLAY_VERSION)
        return "it was made by another version of Weir";
    uint32_t room = weir_overlay_class_room(table->class_count);
    if (weir_load64(bytes + WEIR_OV_FILE_BYTES) != size || weir_overlay_bytes(room) != size)
        return "its size is not the one in its header: it is cut short or was added to";
    if (weir_load32(bytes + WEIR_OV_CLASS_ROOM) != room)
        return "its room for classes is not this version's";
    return NULL;
}

static const char *check_base(const weir_table *table, const uint8_t *bytes)
{
    if (weir_load64(bytes + WEIR_OV_BASE) != table->checksum ||
        weir_load32(bytes + WEIR_OV_BASE_CLASSES) != table->class_count)
        return "it belongs to another snapshot";
    uint8_t any = 0;
    for (unsigned i = WEIR_OV_RESERVED; i < WEIR_OV_USED; i++)
        any |= bytes[i];
    for (unsigned i = WEIR_OV_END; i < WEIR_OVERLAY_HEADER; i++)
        any |= bytes[i];
    return any == 0 ? NULL : "its header uses fields that this version does not know";
}

static const char *check_words(const weir_table *table, const uint8_t *bytes)
{
    uint64_t labels = weir_overlay_word(bytes + WEIR_OV_LABELS);
    if (weir_overlay_word(bytes + WEIR_OV_CLASS_COUNT) > weir_overlay_class_room(table->class_count))
        return "it has more classes than fit";
    if (weir_overlay_word(bytes + WEIR_OV_USED) > WEIR_OVERLAY_CAPACITY)
        return "it has more changes than fit";
    if (labels >> 16 != 0 || (labels & 0xff) > WEIR_MAX_LABELS || labels >> 8 > (labels & 0xff))
        return "its label counts are impossible";
    if (weir_overlay_word(bytes + WEIR_OV_V4_LENGTHS) >> 33 != 0 ||
        weir_overlay_word(bytes + WEIR_OV_V6_LENGTHS + 16) >> 1 != 0)
        return "it lists impossible prefix lengths";
    return NULL;
}

const char *weir_table_overlay_open(weir_table *table, const uint8_t *bytes, size_t size)
{
    const char *wrong = check_size(table, bytes, size);
    if (wrong == NULL)
        wrong = check_base(table, bytes);
    if (wrong == NULL)
        wrong = check_words(table, bytes);
    if (wrong == NULL)
        table->overlay = bytes;
    return wrong;
}

uint32_t weir_table_serial(const weir_table *table)
{
    uint64_t changes = table->overlay == NULL ? 0 : weir_overlay_word(table->overlay + WEIR_OV_SERIAL);
    uint32_t serial = (uint32_t)(table->checksum ^ table->checksum >> 32) + (uint32_t)changes;
    return serial == 0 ? 1 : serial;
}

const uint8_t *weir_overlay_slot(const weir_table *table, weir_hash hash)
{
    const uint8_t *slots = table->overlay + weir_overlay_slots_at(weir_overlay_class_room(table->class_count));
    uint32_t at = weir_overlay_home(hash);
    for (unsigned i = 0; i < WEIR_OVERLAY_PROBES; i++) {
        const uint8_t *slot = slots + (size_t)at * WEIR_OVERLAY_SLOT;
        if (weir_overlay_word(slot + WEIR_SLOT_WORD) == 0)
            return slot;
        /* The word was read first: its key does not change any more. */
        if (weir_overlay_word(slot + WEIR_SLOT_H1) == hash.h1 && weir_overlay_word(slot + WEIR_SLOT_H2) == hash.h2)
            return slot;
        at = (at + 1) % WEIR_OVERLAY_SLOTS;
    }
    return NULL;
}

int weir_overlay_find(const weir_table *table, weir_hash hash, uint32_t *class_id)
{
    const uint8_t *slot = weir_overlay_slot(table, hash);
    uint64_t word = slot == NULL ? 0 : weir_overlay_word(slot + WEIR_SLOT_WORD);
    uint32_t id = (uint32_t)(word & 0xffff);
    if (word == 0 || weir_overlay_word(slot + WEIR_SLOT_H1) != hash.h1 || weir_overlay_word(slot + WEIR_SLOT_H2) != hash.h2)
        return 0;
    uint64_t records = weir_overlay_word(table->overlay + WEIR_OV_CLASS_COUNT);
    uint32_t room = weir_overlay_class_room(table->class_count);
    if (id >= table->class_count + (records < room ? records : room))
        return 0; /* only a damaged file names a class that is not there: the table speaks */
    *class_id = id;
    return 1;
}
