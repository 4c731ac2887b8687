/* The names of a list's clean lines, sorted: the greater part of its canonical text. What lives here: gathering, sorting
 * and writing them. What never does: lines that are not beyond doubt, hashing. */
#ifndef WEIR_NAMES_H
#define WEIR_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "scan.h"

/* A name: its first eight bytes as a number (big-endian, zeros behind a short one), and where it stands. */
typedef struct {
    uint64_t begin;
    size_t at;
} weir_sorted_name;

/* Names in lower case, each with a zero byte behind it: a clean name has none inside. */
typedef struct {
    weir_lines lines; /* after WEIR_SCAN_ODD the odd line is the one read last */
    uint8_t *text;
    weir_sorted_name *names;
    size_t count, room;
    size_t end;    /* of what is used of `text` */
    size_t length; /* once they are sorted: of all names together, without the zero bytes */
} weir_names;

/* 0, or WEIR_NO_MEMORY: then there is nothing to free. */
int weir_names_init(weir_names *names, const uint8_t *data, size_t length, int syntax);
void weir_names_free(weir_names *names);

/* Take the names of clean lines up to the next odd line (WEIR_SCAN_ODD) or to the end (WEIR_SCAN_END); WEIR_NO_MEMORY. */
int weir_names_next(weir_names *names);

/* At the end: sort by bytes, and leave each name once. 0, or WEIR_NO_MEMORY. */
int weir_names_sort(weir_names *names);

/* How many bytes weir_names_write writes with a word of this length. */
size_t weir_names_size(const weir_names *names, size_t word_length);

/* One line a name: the word, the name, LF. */
void weir_names_write(const weir_names *names, const uint8_t *word, size_t word_length, uint8_t *out);

#endif
