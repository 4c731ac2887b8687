/* The one writer of an overlay; see overlay.h for what readers rely on. Who calls this holds the file's lock. */
#ifndef WEIR_OVERLAY_WRITER_H
#define WEIR_OVERLAY_WRITER_H

#include "overlay.h"

/* Make `bytes` (weir_overlay_bytes of them, zeroed, seen by no reader yet) an overlay of `table` without changes. */
void weir_overlay_format(const weir_table *table, uint8_t *bytes);

/* Below, `table` is open with its overlay at `bytes`, which are mapped writable. */

/* The id of this record: that of an equal one, else a new one. 0 if there is no room. */
uint32_t weir_overlay_class(const weir_table *table, uint8_t *bytes,
                            const uint8_t record[WEIR_OVERLAY_CLASS_BYTES]);

/* Let the hash of a name of `labels` labels have this class from now on. 0 if there is no room. */
int weir_overlay_put_name(const weir_table *table, uint8_t *bytes, weir_hash hash, unsigned labels,
                          uint32_t class_id);

/* The same for a prefix of an address of `size` bytes. */
int weir_overlay_put_prefix(const weir_table *table, uint8_t *bytes, weir_hash hash, unsigned size, unsigned prefix,
                            uint32_t class_id);

/* Say that something changed, so that answers judged before are judged anew. */
void weir_overlay_raise(uint8_t *bytes);

#endif
