/* Sets of tokens, interned: equal sets share one number, number 0 is the empty set.
 *
 * Names of one list all have the same set, so adding a token is one look-up in a small memo of (set,
 * token) moves. */
#ifndef WEIR_SETS_H
#define WEIR_SETS_H

#include <stddef.h>
#include <stdint.h>

#define WEIR_MAX_SETS (UINT32_C(1) << 30) /* what the number in a builder's slot can tell apart */

typedef struct {
    uint32_t start, length;
} weir_span;

typedef struct {
    uint32_t *tokens; /* all sets, one after another, each ascending */
    size_t tokens_used, tokens_room;
    weir_span *spans;
    uint32_t count, room;
    uint32_t *index; /* content -> number + 1, open addressing, a power of two */
    uint32_t index_size;
    struct weir_move *moves; /* (set, token) -> set, open addressing, a power of two */
    uint32_t move_count, move_size;
} weir_sets;

/* All return 0, or -1 when memory is short (nothing is changed then). */
int weir_sets_init(weir_sets *sets);
void weir_sets_free(weir_sets *sets);

/* The set of `count` tokens, ascending and distinct. */
int weir_sets_intern(weir_sets *sets, const uint32_t *tokens, size_t count, uint32_t *set);

/* `set` with `token`; the same number if it has it already. */
int weir_sets_with(weir_sets *sets, uint32_t set, uint32_t token, uint32_t *with);

static inline const uint32_t *weir_sets_tokens(const weir_sets *sets, uint32_t set, uint32_t *count)
{
    *count = sets->spans[set].length;
    return sets->tokens + sets->spans[set].start;
}

#endif
