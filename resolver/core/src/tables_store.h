/* The words of the header, as a writer reads and stores them. */
#ifndef WEIR_TABLES_STORE_H
#define WEIR_TABLES_STORE_H

#include "tables_layout.h"

static inline uint64_t weir_header_value(const uint8_t *bytes, unsigned word)
{
    return weir_word_value(weir_word_load(bytes + WEIR_TABLES_AT_WORDS + 8 * word));
}

static inline void weir_header_store(uint8_t *bytes, unsigned word, uint64_t value)
{
    weir_word_store(bytes + WEIR_TABLES_AT_WORDS + 8 * word, weir_word_seal(value, word));
}

#endif
