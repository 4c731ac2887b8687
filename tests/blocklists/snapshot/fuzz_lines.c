/* No matter what bytes come in: every read stays inside them, a list's names come out sorted and once, and merging three
 * texts writes as many bytes as it counted. Built with libFuzzer, AddressSanitizer and UBSan by test_builds.py and by
 * `make fuzz`.
 * Needs: builder.c sets.c scan.c names.c merge.c
 *
 * The first byte chooses the syntax of the list, and where the bytes are cut into three texts to merge. Inputs are copied
 * to memory of exactly their size. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"
#include "names.h"

static void check(int holds)
{
    if (!holds)
        abort();
}

static uint8_t *copy_of(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    check(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static void check_sorted(const uint8_t *text, size_t size)
{
    const uint8_t *before = NULL, *end = text + size;
    for (const uint8_t *line = text; line < end; before = line, line = memchr(line, '\n', (size_t)(end - line)) + 1)
        if (before != NULL)
            check(memcmp(before, line, (size_t)(line - before) < (size_t)(end - line) ? (size_t)(line - before)
                                                                                  : (size_t)(end - line)) < 0);
}

static void sort_names(const uint8_t *list, size_t size, int syntax)
{
    static const uint8_t word[] = "host ";
    weir_names names;
    int outcome;
    check(weir_names_init(&names, list, size, syntax) == 0);
    while ((outcome = weir_names_next(&names)) == WEIR_SCAN_ODD)
        check(names.lines.start <= names.lines.end && names.lines.end <= size);
    check(outcome == WEIR_SCAN_END && weir_names_sort(&names) == 0);
    size_t length = weir_names_size(&names, sizeof word - 1);
    uint8_t *out = copy_of(NULL, 0);
    out = realloc(out, length + 1);
    check(out != NULL);
    weir_names_write(&names, word, sizeof word - 1, out);
    check_sorted(out, length);
    free(out);
    weir_names_free(&names);
}

static void merge(const uint8_t *bytes, size_t size, size_t cut)
{
    size_t first = cut < size ? cut : size, second = first + (size - first) / 2;
    uint8_t *text = copy_of(bytes, first), *gone = copy_of(bytes + first, second - first);
    uint8_t *come = copy_of(bytes + second, size - second);
    weir_sorted_lines parts[] = {{text, first}, {gone, second - first}, {come, size - second}};
    size_t length = weir_merge_lines(parts[0], parts[1], parts[2], NULL);
    check(length <= size);
    uint8_t *out = copy_of(bytes, length);
    check(weir_merge_lines(parts[0], parts[1], parts[2], out) == length);
    size_t lost, found;
    weir_count_changes(parts[0], parts[2], &lost, &found);
    check(lost <= first && found <= size - second);
    free(out);
    free(come);
    free(gone);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *list = copy_of(bytes + 1, size - 1);
    sort_names(list, size - 1, bytes[0] % WEIR_SYNTAXES);
    merge(list, size - 1, bytes[0]);
    free(list);
    return 0;
}
