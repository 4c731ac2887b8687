/* From a builder to a file. */
#ifndef WEIR_WRITER_H
#define WEIR_WRITER_H

#include "builder.h"

/* What goes into the file beside the builder's entries. */
typedef struct {
    const uint16_t *class_of_set; /* class id of each of the builder's sets; 0 = leave its entries out */
    const uint8_t *classes;       /* class_count records, id 0 included */
    uint32_t class_count;
    const uint8_t *meta;
    uint64_t meta_bytes;
    uint64_t created; /* Unix seconds */
    const weir_builder *secret;          /* of digests, for the secret section; NULL: none */
    const uint16_t *secret_class_of_set; /* as class_of_set, for its sets */
} weir_content;

/* Write the table to `file` (empty, open for writing) and sync it. Returns 0 and the file's size, or an
 * errno. */
int weir_write(const weir_builder *builder, const weir_content *content, int file, uint64_t *size);

#endif
