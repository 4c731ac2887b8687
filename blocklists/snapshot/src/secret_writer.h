/* From a builder of digests to the secret section of a file. */
#ifndef WEIR_SECRET_WRITER_H
#define WEIR_SECRET_WRITER_H

#include "builder.h"

/* Make the section of all entries whose class is not 0: `*section` is freed by the caller, and NULL (of 0 octets) if
 * there are none. Returns 0 or an errno. */
int weir_secret_write(const weir_builder *builder, const uint16_t *class_of_set, uint8_t **section,
                      uint64_t *bytes);

#endif
