/* Lines as a set of hashes in open addressing. What lives here: spans of bytes. What never does: formats. */
#include "absent.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define STEP 16u

static uint64_t mixed(uint64_t sum, uint64_t first, uint64_t second, const weir_key *key)
{
    uint64_t high, low = weir_multiply(first ^ sum ^ key->word[1], second ^ key->word[2], &high);
    return low ^ high ^ (sum << 7 | sum >> 57);
}

/* Never 0, which means a free slot. */
static uint64_t hash_of(const weir_key *key, const uint8_t *line, size_t length)
{
    uint64_t sum = key->word[0] ^ length;
    size_t left = length;
    for (; left >= STEP; line += STEP, left -= STEP)
        sum = mixed(sum, weir_load64(line), weir_load64(line + 8), key);
    if (left > 0) {
        uint8_t last[STEP] = {0};
        memcpy(last, line, left);
        sum = mixed(sum, weir_load64(last), weir_load64(last + 8), key);
    }
    sum = mixed(sum, key->word[3], length, key);
    return sum == 0 ? 1 : sum;
}

static size_t line_end(const uint8_t *text, size_t length, size_t start)
{
    const uint8_t *found = memchr(text + start, '\n', length - start);
    return found == NULL ? length : (size_t)(found - text);
}

static int holds(const weir_line_set *set, uint64_t hash)
{
    for (uint64_t at = hash & set->mask; set->slots[at] != 0; at = (at + 1) & set->mask)
        if (set->slots[at] == hash)
            return 1;
    return 0;
}

static void add(weir_line_set *set, uint64_t hash)
{
    uint64_t at = hash & set->mask;
    while (set->slots[at] != 0 && set->slots[at] != hash)
        at = (at + 1) & set->mask;
    set->slots[at] = hash;
}

static uint64_t lines_of(const uint8_t *text, size_t length)
{
    uint64_t count = 0;
    for (size_t start = 0; start < length; start = line_end(text, length, start) + 1)
        count++;
    return count;
}

/* Hash the next lines and fetch their slots, which are anywhere in memory; how many, 0 at the end of the text. */
static unsigned next_batch(const weir_line_set *set, const uint8_t *text, size_t length, size_t *position,
                           weir_line *batch)
{
    unsigned count = 0;
    for (; count < WEIR_LINE_BATCH && *position < length; count++) {
        weir_line *line = &batch[count];
        line->start = *position;
        line->end = line_end(text, length, line->start);
        line->hash = hash_of(&set->key, text + line->start, line->end - line->start);
        *position = line->end + 1;
        __builtin_prefetch(&set->slots[line->hash & set->mask]);
    }
    return count;
}

int weir_line_set_init(weir_line_set *set, const uint8_t *key, const uint8_t *text, size_t length)
{
    uint64_t wanted = lines_of(text, length), slots = 16;
    weir_line batch[WEIR_LINE_BATCH];
    size_t position = 0;
    unsigned count;
    while (slots / 2 < wanted) /* at most half full: chains stay short, and there is always a free slot */
        slots *= 2;
    weir_key_load(&set->key, key);
    set->mask = slots - 1;
    set->slots = slots > SIZE_MAX / sizeof *set->slots ? NULL : calloc((size_t)slots, sizeof *set->slots);
    if (set->slots == NULL)
        return -1;
    while ((count = next_batch(set, text, length, &position, batch)) > 0)
        for (unsigned i = 0; i < count; i++)
            add(set, batch[i].hash);
    return 0;
}

void weir_line_set_free(weir_line_set *set)
{
    free(set->slots);
    set->slots = NULL;
}

int weir_absent_next(const weir_line_set *set, weir_absent *search, weir_line *found)
{
    for (;;) {
        while (search->next < search->count) {
            *found = search->batch[search->next++];
            if (!holds(set, found->hash))
                return 1;
        }
        search->next = 0;
        search->count = next_batch(set, search->text, search->length, &search->position, search->batch);
        if (search->count == 0)
            return 0;
    }
}
