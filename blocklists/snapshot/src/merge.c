#include "merge.h"

#include <string.h>

/* Of the first line, with its LF; a last line without one ends with the text. */
static size_t line_length(weir_sorted_lines lines)
{
    const uint8_t *end = memchr(lines.data, '\n', lines.length);
    return end == NULL ? lines.length : (size_t)(end - lines.data) + 1;
}

static weir_sorted_lines next(weir_sorted_lines lines, size_t length)
{
    return (weir_sorted_lines){lines.data + length, lines.length - length};
}

static int compare(const uint8_t *one, size_t one_length, const uint8_t *other, size_t other_length)
{
    int order = memcmp(one, other, one_length < other_length ? one_length : other_length);
    return order != 0 ? order : (one_length > other_length) - (one_length < other_length);
}

/* Whether this line is the first of `gone` or `come`; the lines before it are passed over. */
static int is_among(weir_sorted_lines *lines, const uint8_t *line, size_t length)
{
    int order = -1;
    while (lines->length > 0) {
        size_t first = line_length(*lines);
        order = compare(lines->data, first, line, length);
        if (order >= 0)
            break;
        *lines = next(*lines, first);
    }
    return order == 0;
}

static size_t put(uint8_t *out, size_t at, const uint8_t *line, size_t length)
{
    if (out != NULL)
        memcpy(out + at, line, length);
    return at + length;
}

size_t weir_merge_lines(weir_sorted_lines text, weir_sorted_lines gone, weir_sorted_lines come, uint8_t *out)
{
    size_t at = 0;
    while (text.length > 0 && (gone.length > 0 || come.length > 0)) {
        size_t length = line_length(text), first = come.length > 0 ? line_length(come) : 0;
        int order = first == 0 ? 1 : compare(come.data, first, text.data, length);
        if (order <= 0) {
            at = put(out, at, come.data, first);
            come = next(come, first);
        } else if (!is_among(&gone, text.data, length)) {
            at = put(out, at, text.data, length);
        }
        if (order >= 0)
            text = next(text, length);
    }
    at = put(out, at, text.data, text.length);
    return put(out, at, come.data, come.length);
}

void weir_count_changes(weir_sorted_lines before, weir_sorted_lines after, size_t *gone, size_t *come)
{
    *gone = *come = 0;
    while (before.length > 0 || after.length > 0) {
        size_t old = before.length > 0 ? line_length(before) : 0, new = after.length > 0 ? line_length(after) : 0;
        int order = old == 0 ? 1 : new == 0 ? -1 : compare(before.data, old, after.data, new);
        *gone += order < 0;
        *come += order > 0;
        if (order <= 0)
            before = next(before, old);
        if (order >= 0)
            after = next(after, new);
    }
}
