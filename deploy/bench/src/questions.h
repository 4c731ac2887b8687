/* The question file as ready-made packets.
 *
 * One question a line: NAME TYPE [EXPECTED]. A name whose first label is `*` gets a fresh label each time it
 * is sent. EXPECTED is the IPv4 address that the first answer record must carry, or `-` for an answer without
 * records; without it any answer will do. Empty lines and lines that begin with `#` are passed over.
 */
#ifndef WEIR_BENCH_QUESTIONS_H
#define WEIR_BENCH_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUESTION_BYTES 320
#define FRESH_LABEL_BYTES 16

enum expected { EXPECT_ANY, EXPECT_NOTHING, EXPECT_ADDRESS };

struct question {
    size_t offset;
    uint16_t length;
    bool fresh;
    uint8_t expected;
    uint8_t address[4];
};

struct questions {
    uint8_t *bytes;
    struct question *list;
    size_t count;
};

/* Read the file; with_edns adds an OPT record (1232 bytes). A bad file ends the program with a sentence. */
void questions_read(struct questions *questions, const char *path, bool with_edns);

/* Write one packet into at least QUESTION_BYTES: `id` is its identifier, `number` makes its fresh label. */
uint16_t questions_packet(const struct questions *questions, const struct question *question, uint16_t id,
                          uint64_t number, uint8_t *out);

/* Whether an answer (at least 12 bytes) is what its question expects. */
bool questions_fits(const struct question *question, const uint8_t *answer, size_t length);

#endif
