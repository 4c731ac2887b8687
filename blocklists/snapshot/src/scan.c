#include "scan.h"

#include <string.h>

/* Lower-case form of the characters of a clean name; 0 for all others. */
#define SAME(c) [c] = c
static const uint8_t fold_table[256] = {
    SAME('-'), SAME('_'), SAME('0'), SAME('1'), SAME('2'), SAME('3'), SAME('4'), SAME('5'), SAME('6'),
    SAME('7'), SAME('8'), SAME('9'), SAME('a'), SAME('b'), SAME('c'), SAME('d'), SAME('e'), SAME('f'),
    SAME('g'), SAME('h'), SAME('i'), SAME('j'), SAME('k'), SAME('l'), SAME('m'), SAME('n'), SAME('o'),
    SAME('p'), SAME('q'), SAME('r'), SAME('s'), SAME('t'), SAME('u'), SAME('v'), SAME('w'), SAME('x'),
    SAME('y'), SAME('z'),
    ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h',
    ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p',
    ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x',
    ['Y'] = 'y', ['Z'] = 'z',
};

static inline int is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static inline int is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Read labels and dots up to the first other character; NULL if they are no clean name. A last dot is left
 * out. */
static const uint8_t *take_name(const uint8_t *p, const uint8_t *end, weir_name *name)
{
    unsigned start = 0, length = 0;
    name->count = 0;
    for (; p < end && length <= WEIR_MAX_TEXT; p++) {
        uint8_t c = fold_table[*p];
        if (c == 0 && *p != '.')
            break;
        if (c == 0) {
            if (length == start || length - start > WEIR_MAX_LABEL)
                return NULL;
            name->labels[name->count].start = (uint8_t)start;
            name->labels[name->count++].length = (uint8_t)(length - start);
            start = length + 1;
        }
        name->text[length++] = c != 0 ? c : '.';
    }
    if (length > start) { /* no last dot */
        if (length > WEIR_MAX_TEXT || length - start > WEIR_MAX_LABEL)
            return NULL;
        name->labels[name->count].start = (uint8_t)start;
        name->labels[name->count++].length = (uint8_t)(length - start);
    } else if (length > 0) {
        length--;
    }
    name->length = length;
    memset(name->text + length, 0, WEIR_PAD);
    if (name->count < 2 || is_digit(name->text[name->labels[name->count - 1].start]))
        return NULL;
    return p;
}

/* Skip `text` at p; NULL if it is not there. */
static const uint8_t *skip_text(const uint8_t *p, const uint8_t *end, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(end - p) >= length && memcmp(p, text, length) == 0 ? p + length : NULL;
}

/* Skip the rest of 127.x.x.x: three times a dot and a number up to 255. */
static const uint8_t *skip_loopback(const uint8_t *p, const uint8_t *end)
{
    p = skip_text(p, end, "127");
    for (unsigned part = 0; p != NULL && part < 3; part++) {
        unsigned value = 0, digits = 0;
        if (p == end || *p++ != '.')
            return NULL;
        for (; p < end && is_digit(*p) && digits < 3; p++, digits++)
            value = value * 10 + (unsigned)(*p - '0');
        /* A leading zero means octal to some and nothing to others. */
        if (digits == 0 || value > 255 || (digits > 1 && p[-(int)digits] == '0'))
            return NULL;
    }
    return p;
}

static const uint8_t *skip_target(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *after = skip_text(p, end, "0.0.0.0");
    if (after == NULL)
        after = skip_loopback(p, end);
    if (after == NULL)
        after = skip_text(p, end, "::1");
    if (after == NULL)
        after = skip_text(p, end, "::");
    if (after == NULL || after == end || !is_blank(*after))
        return NULL;
    while (after < end && is_blank(*after))
        after++;
    return after;
}

static const uint8_t *skip_dnsmasq_key(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *after = skip_text(p, end, "server=/");
    if (after == NULL)
        after = skip_text(p, end, "address=/");
    return after != NULL ? after : skip_text(p, end, "local=/");
}

/* A name with exactly `tail` and the end of the line behind it. */
static int name_then(const uint8_t *p, const uint8_t *end, const char *tail, weir_name *name)
{
    if (p == NULL || (p = take_name(p, end, name)) == NULL)
        return WEIR_LINE_ODD;
    if (*tail != '\0' && p[-1] == '.') /* what a last dot means inside a rule is the parser's to say */
        return WEIR_LINE_ODD;
    return (p = skip_text(p, end, tail)) != NULL && p == end ? WEIR_LINE_NAME : WEIR_LINE_ODD;
}

static int is_comment(const uint8_t *p, const uint8_t *end, int syntax)
{
    if (syntax != WEIR_ADBLOCK)
        return *p == '#';
    if (*p == '!') /* "!#" opens a directive of the AdBlock preprocessor */
        return p + 1 == end || p[1] != '#';
    return *p == '#' && (p + 1 == end || is_blank(p[1])); /* "##" and its kin are cosmetic rules */
}

int weir_read_line(const uint8_t *p, const uint8_t *end, int syntax, weir_name *name)
{
    while (p < end && is_blank(*p))
        p++;
    while (p < end && is_blank(end[-1]))
        end--;
    if (p == end)
        return WEIR_LINE_BLANK;
    if (is_comment(p, end, syntax))
        return WEIR_LINE_COMMENT;
    switch (syntax) {
    case WEIR_DOMAINS:
        return name_then(p, end, "", name);
    case WEIR_HOSTS:
        return name_then(skip_target(p, end), end, "", name);
    case WEIR_ADBLOCK:
        return name_then(skip_text(p, end, "||"), end, "^", name);
    default:
        return name_then(skip_dnsmasq_key(p, end), end, "/", name);
    }
}

void weir_lines_init(weir_lines *lines, const uint8_t *data, size_t length, int syntax)
{
    memset(lines, 0, sizeof *lines);
    lines->data = data;
    lines->length = length;
    lines->syntax = syntax;
    if (length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        lines->position = 3;
}

int weir_lines_next(weir_lines *lines, weir_name *name)
{
    if (lines->position >= lines->length)
        return -1;
    const uint8_t *start = lines->data + lines->position, *limit = lines->data + lines->length;
    const uint8_t *end = memchr(start, '\n', (size_t)(limit - start));
    lines->number++;
    lines->start = lines->position;
    lines->end = (size_t)((end != NULL ? end : limit) - lines->data);
    lines->position = lines->end + (end != NULL);
    return weir_read_line(start, lines->data + lines->end, lines->syntax, name);
}

void weir_scan_init(weir_scan *scan, weir_builder *builder, const uint8_t *data, size_t length, int syntax,
                    uint32_t token, int refuse_marked)
{
    memset(scan, 0, sizeof *scan);
    scan->builder = builder;
    scan->token = token;
    scan->refuse_marked = refuse_marked;
    weir_lines_init(&scan->lines, data, length, syntax);
}

static int is_idn(const weir_name *name)
{
    for (unsigned n = 0; n < name->count; n++)
        if (name->labels[n].length >= 4 && memcmp(name->text + name->labels[n].start, "xn--", 4) == 0)
            return 1;
    return 0;
}

/* Read ahead until a batch of names is full; an odd line closes the batch. 0 at the end of the data. */
static int fill(weir_scan *scan)
{
    weir_name name;
    scan->pending_next = scan->pending_count = 0;
    while (scan->pending_count < WEIR_BATCH) {
        int kind = weir_lines_next(&scan->lines, &name);
        weir_pending *next = &scan->pending[scan->pending_count];
        if (kind < 0)
            break;
        if (kind == WEIR_LINE_BLANK || kind == WEIR_LINE_COMMENT) {
            *(kind == WEIR_LINE_BLANK ? &scan->blank : &scan->comment) += 1;
            continue;
        }
        next->number = scan->lines.number;
        next->start = scan->lines.start;
        next->end = scan->lines.end;
        next->labels = 0;
        scan->pending_count++;
        if (kind == WEIR_LINE_ODD)
            break;
        next->labels = name.count;
        next->is_idn = is_idn(&name);
        next->hash = weir_builder_hash_name(scan->builder, name.text, name.labels, name.count);
        weir_builder_prefetch(scan->builder, next->hash);
    }
    return scan->pending_count > 0;
}

static int is_refused(const weir_scan *scan, weir_hash hash)
{
    const weir_slot *slot = scan->refuse_marked ? weir_builder_find(scan->builder, hash) : NULL;
    return slot != NULL && (slot->flags & WEIR_SLOT_MARKED) != 0;
}

static int settle(weir_scan *scan, const weir_pending *next)
{
    if (next->labels == 0 || is_refused(scan, next->hash)) {
        scan->odd = *next;
        return WEIR_SCAN_ODD;
    }
    int outcome = weir_builder_add(scan->builder, next->hash, scan->token);
    if (outcome == WEIR_NO_MEMORY)
        return WEIR_NO_MEMORY;
    weir_builder_note_labels(scan->builder, next->labels);
    *(outcome == WEIR_ADDED ? &scan->accepted : &scan->duplicate) += 1;
    scan->idn += outcome == WEIR_ADDED && next->is_idn;
    return 0;
}

int weir_scan_next(weir_scan *scan)
{
    do {
        while (scan->pending_next < scan->pending_count) {
            int outcome = settle(scan, &scan->pending[scan->pending_next++]);
            if (outcome != 0)
                return outcome;
        }
    } while (fill(scan));
    return WEIR_SCAN_END;
}

int weir_below_next(weir_lines *lines, const weir_builder *wanted, weir_name *name)
{
    weir_hash hashes[WEIR_MAX_LABELS];
    int kind;
    while ((kind = weir_lines_next(lines, name)) >= 0) {
        if (kind != WEIR_LINE_NAME)
            continue;
        unsigned limit = name->count < wanted->max_labels ? name->count : wanted->max_labels;
        weir_builder_hash_suffixes(wanted, name->text, name->labels, name->count, limit, hashes);
        for (unsigned n = wanted->min_labels; n <= limit; n++)
            if (weir_builder_find(wanted, hashes[n - 1]) != NULL)
                return 1;
    }
    return 0;
}

static int is_wanted(const weir_builder *wanted, const weir_name *name)
{
    if (name->count < wanted->min_labels || name->count > wanted->max_labels)
        return 0;
    weir_hash hash = weir_builder_hash_name(wanted, name->text, name->labels, name->count);
    return weir_builder_find(wanted, hash) != NULL;
}

int weir_naming_next(weir_lines *lines, const weir_builder *wanted, weir_passed *passed)
{
    weir_name name;
    int kind;
    while ((kind = weir_lines_next(lines, &name)) >= 0) {
        passed->names += kind == WEIR_LINE_NAME;
        passed->blank += kind == WEIR_LINE_BLANK;
        passed->comment += kind == WEIR_LINE_COMMENT;
        passed->odd += kind == WEIR_LINE_ODD;
        if (kind == WEIR_LINE_ODD || (kind == WEIR_LINE_NAME && is_wanted(wanted, &name)))
            return 1;
    }
    return 0;
}
