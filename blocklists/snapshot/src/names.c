/* Sorting by the first eight bytes of a name, then by the rest where those are the same. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN 8u       /* bytes of a name that stand in `begin` */
#define AHEAD 16u      /* names whose text is fetched in advance: it lies anywhere in memory */
#define FIRST_ROOM 64u /* names */

static uint64_t begin_of(const uint8_t *name, size_t length)
{
    uint64_t begin = 0;
    for (size_t i = 0; i < BEGIN; i++)
        begin = begin << 8 | (i < length ? name[i] : 0);
    return begin;
}

static int has_room(weir_names *names)
{
    if (names->count < names->room)
        return 1;
    size_t wanted = names->room < FIRST_ROOM ? FIRST_ROOM : names->room + names->room / 2;
    if (wanted > SIZE_MAX / sizeof *names->names)
        return 0;
    weir_sorted_name *grown = realloc(names->names, wanted * sizeof *grown);
    if (grown == NULL)
        return 0;
    names->names = grown;
    names->room = wanted;
    return 1;
}

/* Every name with its zero byte is at most as long as its line with the LF, or as the last line and one byte. */
int weir_names_init(weir_names *names, const uint8_t *data, size_t length, int syntax)
{
    memset(names, 0, sizeof *names);
    names->text = length < SIZE_MAX ? malloc(length + 1) : NULL;
    weir_lines_init(&names->lines, data, length, syntax);
    return names->text == NULL ? WEIR_NO_MEMORY : 0;
}

int weir_names_next(weir_names *names)
{
    weir_name name;
    int kind;
    while ((kind = weir_lines_next(&names->lines, &name)) >= 0) {
        if (kind == WEIR_LINE_ODD)
            return WEIR_SCAN_ODD;
        if (kind != WEIR_LINE_NAME)
            continue;
        if (!has_room(names))
            return WEIR_NO_MEMORY;
        memcpy(names->text + names->end, name.text, name.length);
        names->text[names->end + name.length] = 0;
        names->names[names->count].begin = begin_of(name.text, name.length);
        names->names[names->count++].at = names->end;
        names->end += name.length + 1;
    }
    return WEIR_SCAN_END;
}

/* Sort by one byte of `begin`, keeping the order of equals; 0 if all have the same and nothing was moved. */
static int sort_by_byte(const weir_sorted_name *from, weir_sorted_name *to, size_t count, unsigned shift)
{
    size_t places[256] = {0}, place = 0;
    for (size_t i = 0; i < count; i++)
        places[from[i].begin >> shift & 0xFF]++;
    if (places[from[0].begin >> shift & 0xFF] == count)
        return 0;
    for (unsigned value = 0; value < 256; value++) {
        size_t here = places[value];
        places[value] = place;
        place += here;
    }
    for (size_t i = 0; i < count; i++)
        to[places[from[i].begin >> shift & 0xFF]++] = from[i];
    return 1;
}

static int sort_by_begin(weir_names *names)
{
    weir_sorted_name *other = malloc(names->count * sizeof *other);
    if (other == NULL)
        return WEIR_NO_MEMORY;
    for (unsigned shift = 0; shift < 64; shift += 8)
        if (sort_by_byte(names->names, other, names->count, shift)) {
            weir_sorted_name *sorted = other;
            other = names->names;
            names->names = sorted;
        }
    free(other);
    return 0;
}

/* The rest of a name behind `begin`; a name that ends within is wholly in there. */
static const char *rest_of(const weir_names *names, const weir_sorted_name *name)
{
    return (name->begin & 0xFF) == 0 ? "" : (const char *)names->text + name->at + BEGIN;
}

static int compare_rests(const weir_names *names, const weir_sorted_name *one, const weir_sorted_name *other)
{
    return strcmp(rest_of(names, one), rest_of(names, other));
}

/* Heap sort of names that begin alike: no worst case that a list could be written for. */
static void sink(const weir_names *names, weir_sorted_name *run, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && compare_rests(names, &run[child], &run[child + 1]) < 0)
            child++;
        if (compare_rests(names, &run[at], &run[child]) >= 0)
            return;
        weir_sorted_name moved = run[at];
        run[at] = run[child];
        run[child] = moved;
    }
}

static void sort_run(const weir_names *names, weir_sorted_name *run, size_t count)
{
    for (size_t at = count / 2; at-- > 0;)
        sink(names, run, at, count);
    for (size_t last = count; last-- > 1;) {
        weir_sorted_name largest = run[0];
        run[0] = run[last];
        run[last] = largest;
        sink(names, run, 0, last);
    }
}

static void sort_runs(const weir_names *names)
{
    size_t start = 0;
    for (size_t i = 1; i <= names->count; i++) {
        if (i < names->count && names->names[i].begin == names->names[start].begin)
            continue;
        if (i - start > 1 && (names->names[start].begin & 0xFF) != 0)
            sort_run(names, names->names + start, i - start);
        start = i;
    }
}

static void fetch_ahead(const weir_names *names, size_t i)
{
    if (i + AHEAD < names->count)
        __builtin_prefetch(names->text + names->names[i + AHEAD].at);
}

/* Leave every name once, and add up their lengths. */
static void unite(weir_names *names)
{
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        const weir_sorted_name *name = &names->names[i], *last = &names->names[kept - (kept > 0)];
        fetch_ahead(names, i);
        if (kept > 0 && name->begin == last->begin && compare_rests(names, name, last) == 0)
            continue;
        names->length += strlen((const char *)names->text + name->at);
        names->names[kept++] = *name;
    }
    names->count = kept;
}

int weir_names_sort(weir_names *names)
{
    if (names->count > 0 && sort_by_begin(names) != 0)
        return WEIR_NO_MEMORY;
    sort_runs(names);
    unite(names);
    return 0;
}

void weir_names_free(weir_names *names)
{
    free(names->text);
    free(names->names);
    memset(names, 0, sizeof *names);
}

size_t weir_names_size(const weir_names *names, size_t word_length)
{
    return names->length + names->count * (word_length + 1);
}

void weir_names_write(const weir_names *names, const uint8_t *word, size_t word_length, uint8_t *out)
{
    for (size_t i = 0; i < names->count; i++) {
        const uint8_t *name = names->text + names->names[i].at;
        fetch_ahead(names, i);
        memcpy(out, word, word_length);
        out += word_length;
        while (*name != 0)
            *out++ = *name++;
        *out++ = '\n';
    }
}
