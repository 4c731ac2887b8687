/* Reading a message's numbers and names within its bounds. */
#include "reply_name.h"

#include <string.h>

const char weir_scan_not_mine[] = "left to the Python scanner";

#define POINTER 0xC0
#define HASH_START 2166136261u /* FNV-1a: cheap and unkeyed; a flood of collisions ends the budget, no more */
#define HASH_PRIME 16777619u

int weir_scan_fail(weir_scan_cursor *cursor, const char *error)
{
    if (!cursor->error)
        cursor->error = error;
    return 0;
}

int weir_scan_spend(weir_scan_cursor *cursor, uint32_t steps)
{
    if (cursor->budget < steps)
        return weir_scan_fail(cursor, weir_scan_not_mine);
    cursor->budget -= steps;
    return 1;
}

const uint8_t *weir_scan_take(weir_scan_cursor *cursor, size_t length)
{
    const uint8_t *taken = cursor->data + cursor->position;
    if (cursor->error || length > cursor->length - cursor->position) {
        weir_scan_fail(cursor, "the message ends inside a field");
        return NULL;
    }
    cursor->position += length;
    return taken;
}

uint16_t weir_scan_take16(weir_scan_cursor *cursor)
{
    const uint8_t *at = weir_scan_take(cursor, 2);
    return at ? weir_net16(at) : 0;
}

uint32_t weir_scan_take32(weir_scan_cursor *cursor)
{
    const uint8_t *at = weir_scan_take(cursor, 4);
    return at ? weir_net32(at) : 0;
}

static void hash_suffixes(weir_scan_name *name)
{
    uint32_t hash = HASH_START;
    name->hash[name->labels] = hash;
    for (unsigned label = name->labels; label-- > 0;) {
        for (unsigned at = name->start[label]; at < name->start[label + 1]; at++)
            hash = (hash ^ name->lower[at]) * HASH_PRIME;
        name->hash[label] = hash;
    }
}

/* Append a label with its length octet. 0 if the name would grow too long. */
static int add_label(weir_scan_name *name, const uint8_t *label, unsigned length)
{
    if (name->length + length + 1u > WEIR_MAX_WIRE)
        return 0;
    name->start[name->labels] = name->length;
    memcpy(name->bytes + name->length, label, length + 1);
    for (unsigned i = 0; i <= length; i++)
        name->lower[name->length + i] = weir_scan_lower(label[i]);
    name->length = (uint8_t)(name->length + length + 1);
    name->labels += length > 0;
    return 1;
}

/* Where the pointer at `position` leads; 0 and an error if not before `segment`. */
static size_t follow(weir_scan_cursor *cursor, size_t position, size_t segment)
{
    if (position + 1 >= cursor->length)
        return (size_t)weir_scan_fail(cursor, "the message ends inside a name");
    size_t target = (size_t)(weir_net16(cursor->data + position) & 0x3FFF);
    if (target < WEIR_MESSAGE_HEAD || target >= segment)
        return (size_t)weir_scan_fail(cursor, "a compression pointer does not lead backwards");
    return weir_scan_spend(cursor, 1) ? target : 0;
}

/* Append the label at `position`; its length, or -1 and an error. */
static int read_label(weir_scan_cursor *cursor, size_t position, weir_scan_name *name)
{
    unsigned length = cursor->data[position];
    if (length & POINTER)
        return weir_scan_fail(cursor, "a label has a type that does not exist") - 1;
    if (position + length >= cursor->length)
        return weir_scan_fail(cursor, "the message ends inside a label") - 1;
    if (!add_label(name, cursor->data + position, length))
        return weir_scan_fail(cursor, "a name is longer than 255 octets") - 1;
    return (int)length;
}

int weir_scan_read_name(weir_scan_cursor *cursor, weir_scan_name *name)
{
    size_t position = cursor->position, segment = position, after = 0;
    int length = 1;
    name->length = name->labels = 0;
    if (cursor->error)
        return 0;
    while (length) {
        if (position >= cursor->length)
            return weir_scan_fail(cursor, "the message ends inside a name");
        if (cursor->data[position] >= POINTER) {
            after = after ? after : position + 2;
            position = segment = follow(cursor, position, segment);
            if (!position)
                return 0;
            continue;
        }
        if ((length = read_label(cursor, position, name)) < 0)
            return 0;
        position += (size_t)length + 1;
    }
    cursor->position = after ? after : position;
    hash_suffixes(name);
    return 1;
}

int weir_scan_name_of(const uint8_t *wire, size_t length, weir_scan_name *name)
{
    /* Position 0 cannot be the target of a pointer, so nothing but plain labels passes. */
    weir_scan_cursor cursor = {wire, length, 0, 0, NULL};
    return weir_scan_read_name(&cursor, name) && cursor.position == length;
}
