/* Names out of line formats. Only lines that are beyond doubt are taken here; every other line is "odd"
 * and goes to the format's parser, in its place in the order of the file.
 *
 * A clean name has at least two labels of 1 to 63 letters, digits, '-' and '_', at most 253 characters,
 * and a last label that does not begin with a digit (so it is no address in any notation). Upper case is
 * folded. */
#ifndef WEIR_SCAN_H
#define WEIR_SCAN_H

#include "builder.h"

/* What a clean line looks like. */
enum {
    WEIR_DOMAINS, /* name */
    WEIR_HOSTS,   /* 0.0.0.0 name | 127.x.x.x name | :: name | ::1 name */
    WEIR_ADBLOCK, /* ||name^ */
    WEIR_DNSMASQ, /* server=/name/ | address=/name/ | local=/name/ */
    WEIR_SYNTAXES
};

/* A name of a clean line: lower case, its labels. */
typedef struct {
    uint8_t text[WEIR_MAX_TEXT + 1 + WEIR_PAD];
    unsigned length;
    weir_label labels[WEIR_MAX_LABELS];
    unsigned count;
} weir_name;

enum { WEIR_LINE_NAME, WEIR_LINE_BLANK, WEIR_LINE_COMMENT, WEIR_LINE_ODD };

/* Read one line, without its LF. Reads nothing beyond `end`. */
int weir_read_line(const uint8_t *line, const uint8_t *end, int syntax, weir_name *name);

/* A walk over the lines of a list. A line ends at LF; a byte-order mark at the very start is left out. */
typedef struct {
    const uint8_t *data;
    size_t length, position;
    int syntax;
    uint64_t number;             /* of the line read last, from 1 */
    size_t start, end;           /* that line, without its LF */
} weir_lines;

void weir_lines_init(weir_lines *lines, const uint8_t *data, size_t length, int syntax);

/* The next line's kind, or -1 at the end of the data. */
int weir_lines_next(weir_lines *lines, weir_name *name);

#define WEIR_BATCH 16 /* insertions whose slots are fetched together: hides the memory's latency */

typedef struct {
    weir_hash hash;
    uint64_t number;
    size_t start, end;
    unsigned labels; /* 0: an odd line that waits for its turn */
    int is_idn;
} weir_pending;

/* Adds every clean name of a list to a builder. */
typedef struct {
    weir_builder *builder;
    weir_lines lines;
    uint32_t token;
    int refuse_marked; /* report names that are marked in the builder as odd instead of adding them */
    uint64_t accepted, duplicate, blank, comment;
    uint64_t idn; /* of the accepted, those with a label that begins "xn--" (RFC 5890 section 2.3.1) */
    weir_pending pending[WEIR_BATCH];
    unsigned pending_count, pending_next;
    weir_pending odd; /* after WEIR_SCAN_ODD */
} weir_scan;

enum { WEIR_SCAN_END = 0, WEIR_SCAN_ODD = 1 };

void weir_scan_init(weir_scan *scan, weir_builder *builder, const uint8_t *data, size_t length, int syntax,
                    uint32_t token, int refuse_marked);

/* Go on to the next odd line (WEIR_SCAN_ODD) or to the end (WEIR_SCAN_END); WEIR_NO_MEMORY. */
int weir_scan_next(weir_scan *scan);

/* Go on to the next clean line whose name, or a parent of it, is in `wanted`. 1 and the name, or 0 at the
 * end. */
int weir_below_next(weir_lines *lines, const weir_builder *wanted, weir_name *name);

/* How many lines of each kind a walk has passed. */
typedef struct {
    uint64_t names, blank, comment, odd;
} weir_passed;

/* Go on to the next line that is odd, or clean with a name that is itself in `wanted`. 1, or 0 at the end. */
int weir_naming_next(weir_lines *lines, const weir_builder *wanted, weir_passed *passed);

#endif
