/* Changing a sorted text line by line. What lives here: the merge. What never does: what a line says. */
#ifndef WEIR_MERGE_H
#define WEIR_MERGE_H

#include <stddef.h>
#include <stdint.h>

/* Lines sorted by bytes, each once, each with its LF. */
typedef struct {
    const uint8_t *data;
    size_t length;
} weir_sorted_lines;

/* Write the lines of `text` without those of `gone`, and those of `come`, sorted, each once; how many bytes that are.
 * `out` NULL: only count them. A line that is in `gone` and in `come` is written. */
size_t weir_merge_lines(weir_sorted_lines text, weir_sorted_lines gone, weir_sorted_lines come, uint8_t *out);

/* How many lines of `before` are not in `after`, and the other way round. */
void weir_count_changes(weir_sorted_lines before, weir_sorted_lines after, size_t *gone, size_t *come);

#endif
