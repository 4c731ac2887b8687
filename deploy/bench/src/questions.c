/* Question files: text to packets, and whether an answer is the expected one. */
#include "questions.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADER_BYTES 12
#define NAME_LIMIT 255
#define LABEL_LIMIT 63
#define TYPE_A 1
#define FIXED_RECORD_BYTES 10

static const uint8_t OPT_RECORD[] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};

static const struct {
    const char *name;
    uint16_t number;
} TYPES[] = {{"A", 1},    {"NS", 2},    {"CNAME", 5}, {"SOA", 6},    {"PTR", 12}, {"MX", 15},
             {"TXT", 16}, {"AAAA", 28}, {"SRV", 33},  {"HTTPS", 65}, {"ANY", 255}};

static void bad_line(const char *path, size_t line, const char *why) {
    fprintf(stderr, "load: %s, line %zu: %s\n", path, line, why);
    exit(2);
}

/* The number of a type's name, or 0. */
static uint16_t type_number(const char *text) {
    for (size_t n = 0; n < sizeof TYPES / sizeof *TYPES; n++) {
        if (strcasecmp(text, TYPES[n].name) == 0) {
            return TYPES[n].number;
        }
    }
    long number = strncasecmp(text, "TYPE", 4) == 0 ? strtol(text + 4, NULL, 10) : 0;
    return number > 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
}

/* Append a name in wire form; its length, or 0 when it is none. `*` is a label that is filled in later. */
static size_t put_name(uint8_t *out, const char *name, bool *fresh) {
    size_t length = 0;
    *fresh = name[0] == '*' && name[1] == '.';
    if (*fresh) {
        out[length++] = FRESH_LABEL_BYTES;
        memset(out + length, 'x', FRESH_LABEL_BYTES);
        length += FRESH_LABEL_BYTES;
        name += 2;
    }
    while (*name != '\0' && strcmp(name, ".") != 0) {
        size_t label = strcspn(name, ".");
        if (label == 0 || label > LABEL_LIMIT || length + label + 2 > NAME_LIMIT) {
            return 0;
        }
        out[length++] = (uint8_t)label;
        memcpy(out + length, name, label);
        length += label;
        name += label + (name[label] == '.');
    }
    out[length++] = 0;
    return length;
}

/* One question as a packet; its length, or 0 with the reason. */
static uint16_t put_packet(uint8_t *out, const char *name, uint16_t type, bool with_edns, bool *fresh) {
    static const uint8_t header[HEADER_BYTES] = {0, 0, 1, 0, 0, 1};
    memcpy(out, header, HEADER_BYTES);
    size_t length = put_name(out + HEADER_BYTES, name, fresh);
    if (length == 0) {
        return 0;
    }
    length += HEADER_BYTES;
    out[length++] = (uint8_t)(type >> 8);
    out[length++] = (uint8_t)type;
    out[length++] = 0;
    out[length++] = 1;
    if (with_edns) {
        out[11] = 1;
        memcpy(out + length, OPT_RECORD, sizeof OPT_RECORD);
        length += sizeof OPT_RECORD;
    }
    return (uint16_t)length;
}

static void read_expected(struct question *question, const char *text, const char *path, size_t line) {
    if (text == NULL) {
        question->expected = EXPECT_ANY;
    } else if (strcmp(text, "-") == 0) {
        question->expected = EXPECT_NOTHING;
    } else if (inet_pton(AF_INET, text, question->address) == 1) {
        question->expected = EXPECT_ADDRESS;
    } else {
        bad_line(path, line, "the third word is neither an IPv4 address nor `-`");
    }
}

static void *grown(void *old, size_t *room, size_t needed, size_t size) {
    if (needed <= *room) {
        return old;
    }
    *room = needed * 2;
    void *larger = realloc(old, *room * size);
    if (larger == NULL) {
        fputs("load: no memory for the questions\n", stderr);
        exit(1);
    }
    return larger;
}

static void read_line(struct questions *all, char *text, bool with_edns, const char *path, size_t line) {
    static size_t bytes_room, list_room, used;
    char *rest = NULL;
    char *name = strtok_r(text, " \t\r\n", &rest);
    if (name == NULL || *name == '#') {
        return;
    }
    char *type = strtok_r(NULL, " \t\r\n", &rest);
    uint16_t number = type_number(type == NULL ? "A" : type);
    if (number == 0) {
        bad_line(path, line, "the second word is no record type");
    }
    all->bytes = grown(all->bytes, &bytes_room, used + QUESTION_BYTES, 1);
    all->list = grown(all->list, &list_room, all->count + 1, sizeof *all->list);
    struct question *question = &all->list[all->count++];
    question->offset = used;
    question->length = put_packet(all->bytes + used, name, number, with_edns, &question->fresh);
    if (question->length == 0) {
        bad_line(path, line, "the first word is no domain name");
    }
    used += question->length;
    read_expected(question, type == NULL ? NULL : strtok_r(NULL, " \t\r\n", &rest), path, line);
}

void questions_read(struct questions *questions, const char *path, bool with_edns) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    memset(questions, 0, sizeof *questions);
    char text[1024];
    for (size_t line = 1; fgets(text, sizeof text, file) != NULL; line++) {
        read_line(questions, text, with_edns, path, line);
    }
    fclose(file);
    if (questions->count == 0) {
        fprintf(stderr, "load: %s has no question\n", path);
        exit(2);
    }
}

/* Sixteen letters that no other number gives: a bijection of 64 bits, so that neighbours share nothing. */
static void fresh_label(uint8_t *out, uint64_t number) {
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    number ^= number >> 31;
    for (int n = 0; n < FRESH_LABEL_BYTES; n++) {
        out[n] = (uint8_t)('a' + (number & 15));
        number >>= 4;
    }
}

uint16_t questions_packet(const struct questions *questions, const struct question *question, uint16_t id,
                          uint64_t number, uint8_t *out) {
    memcpy(out, questions->bytes + question->offset, question->length);
    out[0] = (uint8_t)(id >> 8);
    out[1] = (uint8_t)id;
    if (question->fresh) {
        fresh_label(out + HEADER_BYTES + 1, number);
    }
    return question->length;
}

/* Where the name that begins here ends, or 0 when it runs out of the packet. */
static size_t after_name(const uint8_t *packet, size_t length, size_t at) {
    while (at < length && packet[at] != 0) {
        if (packet[at] >= 0xc0) {
            return at + 2;
        }
        at += (size_t)packet[at] + 1;
    }
    return at < length ? at + 1 : 0;
}

bool questions_fits(const struct question *question, const uint8_t *answer, size_t length) {
    unsigned records = (unsigned)answer[6] << 8 | answer[7];
    if (question->expected == EXPECT_ANY) {
        return true;
    }
    if (question->expected == EXPECT_NOTHING) {
        return records == 0;
    }
    size_t at = after_name(answer, length, HEADER_BYTES);
    if (records == 0 || at == 0 || (at = after_name(answer, length, at + 4)) == 0) {
        return false;
    }
    return at + FIXED_RECORD_BYTES + 4 <= length && answer[at] == 0 && answer[at + 1] == TYPE_A
           && memcmp(answer + at + FIXED_RECORD_BYTES, question->address, 4) == 0;
}
