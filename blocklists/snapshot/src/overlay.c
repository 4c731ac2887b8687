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

uint64_t weir_overlay_seal(const weir_table *table, const uint8_t *bytes, weir_hash hash, uint64_t extent,
                           uint32_t class_id)
{
    uint8_t key[24];
    weir_store64(key, hash.h1);
    weir_store64(key + 8, hash.h2);
    weir_store64(key + 16, extent);
    uint64_t check = weir_checksum(class_id, key, sizeof key);
    if (class_id >= table->class_count) {
        size_t record = (size_t)(class_id - table->class_count) * WEIR_OVERLAY_CLASS_BYTES;
        check = weir_checksum(check, bytes + WEIR_OVERLAY_RECORDS + record, WEIR_OVERLAY_CLASS_BYTES);
    }
    return WEIR_SLOT_SET | (check & WEIR_SLOT_CHECK) << WEIR_SLOT_CHECK_SHIFT | class_id;
}

/* Whether a look-up for a slot of this extent gets as far as the slots. */
static int is_reachable(const uint8_t *bytes, uint64_t extent)
{
    uint64_t labels = weir_overlay_word(bytes + WEIR_OV_LABELS), bit = UINT64_C(1) << extent % 64;
    if (extent & WEIR_EXTENT_IPV4)
        return (weir_overlay_word(bytes + WEIR_OV_V4_LENGTHS) & bit) != 0;
    if (extent & WEIR_EXTENT_IPV6)
        return (weir_overlay_word(bytes + WEIR_OV_V6_LENGTHS + 8 * (extent % 256 / 64)) & bit) != 0;
    return extent >= labels >> 8 && extent <= (labels & 0xff);
}

static int is_slot_sound(const weir_table *table, const uint8_t *bytes, const uint8_t *slot, uint64_t word)
{
    weir_hash hash = {weir_overlay_word(slot + WEIR_SLOT_H1), weir_overlay_word(slot + WEIR_SLOT_H2)};
    uint64_t extent = weir_overlay_word(slot + WEIR_SLOT_EXTENT);
    uint32_t id = (uint32_t)(word & 0xffff);
    return id < table->class_count + weir_overlay_word(bytes + WEIR_OV_CLASS_COUNT) &&
           word == weir_overlay_seal(table, bytes, hash, extent, id) && weir_overlay_may_hold(bytes, hash) &&
           is_reachable(bytes, extent);
}

/* Every slot, unless nothing was ever begun: the many empty ones would only be brought into memory. A slot's word is
 * read first (acquire), so a file that is being written is checked too. */
static const char *check_slots(const weir_table *table, const uint8_t *bytes)
{
    const uint8_t *slot = bytes + weir_overlay_slots_at(weir_overlay_class_room(table->class_count));
    uint64_t begun = 0, set = 0;
    for (unsigned at = WEIR_OV_USED; at < WEIR_OV_END; at += 8)
        begun |= at == WEIR_OV_SERIAL ? 0 : weir_overlay_word(bytes + at);
    for (unsigned i = 0; begun != 0 && i < WEIR_OVERLAY_SLOTS; i++, slot += WEIR_OVERLAY_SLOT) {
        uint64_t word = weir_overlay_word(slot + WEIR_SLOT_WORD);
        if (word != 0 && !is_slot_sound(table, bytes, slot, word))
            return "a change in it is damaged";
        set += word != 0;
    }
    return set <= weir_overlay_word(bytes + WEIR_OV_USED) ? NULL : "it has more changes than it counts";
}

const char *weir_table_overlay_open(weir_table *table, const uint8_t *bytes, size_t size)
{
    const char *wrong = check_size(table, bytes, size);
    if (wrong == NULL)
        wrong = check_base(table, bytes);
    if (wrong == NULL)
        wrong = check_words(table, bytes);
    if (wrong == NULL)
        wrong = check_slots(table, bytes);
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

static inline int holds(const uint8_t *slot, weir_hash hash)
{
    return weir_overlay_word(slot + WEIR_SLOT_H1) == hash.h1 &&
           weir_overlay_word(slot + WEIR_SLOT_H2) == hash.h2;
}

const uint8_t *weir_overlay_slot(const weir_table *table, weir_hash hash)
{
    uint32_t room = weir_overlay_class_room(table->class_count);
    const uint8_t *slots = table->overlay + weir_overlay_slots_at(room);
    uint32_t at = weir_overlay_home(hash);
    for (unsigned i = 0; i < WEIR_OVERLAY_PROBES; i++) {
        const uint8_t *slot = slots + (size_t)at * WEIR_OVERLAY_SLOT;
        if (weir_overlay_word(slot + WEIR_SLOT_WORD) == 0)
            return slot;
        /* The word was read first: its key does not change any more. */
        if (holds(slot, hash))
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
    if (word == 0 || !holds(slot, hash))
        return 0;
    uint64_t records = weir_overlay_word(table->overlay + WEIR_OV_CLASS_COUNT);
    uint32_t room = weir_overlay_class_room(table->class_count);
    if (id >= table->class_count + (records < room ? records : room))
        return 0; /* only a damaged file names a class that is not there: the table speaks */
    *class_id = id;
    return 1;
}
