#include "sets.h"

#include <stdlib.h>
#include <string.h>

struct weir_move {
    uint32_t set, token, with, used;
};

#define FIRST_SIZE 64u

static uint32_t mix(uint32_t hash, uint32_t word)
{
    uint64_t product = (uint64_t)(hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(product >> 32) ^ (uint32_t)product;
}

static uint32_t hash_tokens(const uint32_t *tokens, size_t count)
{
    uint32_t hash = 0x85ebca6bu ^ (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        hash = mix(hash, tokens[i] + 1);
    return hash;
}

void weir_sets_free(weir_sets *sets)
{
    free(sets->tokens);
    free(sets->spans);
    free(sets->index);
    free(sets->moves);
    memset(sets, 0, sizeof *sets);
}

int weir_sets_init(weir_sets *sets)
{
    memset(sets, 0, sizeof *sets);
    sets->tokens = malloc(FIRST_SIZE * sizeof *sets->tokens);
    sets->spans = calloc(FIRST_SIZE, sizeof *sets->spans);
    sets->index = calloc(FIRST_SIZE, sizeof *sets->index);
    sets->moves = calloc(FIRST_SIZE, sizeof *sets->moves);
    sets->tokens_room = sets->room = sets->index_size = sets->move_size = FIRST_SIZE;
    if (sets->tokens == NULL || sets->spans == NULL || sets->index == NULL || sets->moves == NULL) {
        weir_sets_free(sets);
        return -1;
    }
    sets->count = 1; /* the empty set: its span is all zeros */
    sets->index[hash_tokens(NULL, 0) & (FIRST_SIZE - 1)] = 1;
    return 0;
}

/* The place in the index of these tokens: where they are, or where they belong. */
static uint32_t *index_place(const weir_sets *sets, const uint32_t *tokens, size_t count)
{
    uint32_t at = hash_tokens(tokens, count);
    for (;; at++) {
        uint32_t *place = &sets->index[at & (sets->index_size - 1)];
        if (*place == 0)
            return place;
        weir_span span = sets->spans[*place - 1];
        if (span.length == count &&
            (count == 0 || memcmp(sets->tokens + span.start, tokens, count * sizeof *tokens) == 0))
            return place;
    }
}

static int grow_index(weir_sets *sets)
{
    uint32_t *grown = calloc((size_t)sets->index_size * 2, sizeof *grown);
    if (grown == NULL)
        return -1;
    free(sets->index);
    sets->index = grown;
    sets->index_size *= 2;
    for (uint32_t set = 0; set < sets->count; set++) {
        weir_span span = sets->spans[set];
        *index_place(sets, sets->tokens + span.start, span.length) = set + 1;
    }
    return 0;
}

static int reserve(weir_sets *sets, size_t count)
{
    if (sets->count == WEIR_MAX_SETS)
        return -1;
    if (sets->count == sets->room) {
        weir_span *spans = realloc(sets->spans, (size_t)sets->room * 2 * sizeof *spans);
        if (spans == NULL)
            return -1;
        sets->spans = spans;
        sets->room *= 2;
    }
    if (sets->tokens_room - sets->tokens_used < count) {
        size_t room = (sets->tokens_room + count) * 2;
        uint32_t *tokens = room > UINT32_MAX ? NULL : realloc(sets->tokens, room * sizeof *tokens);
        if (tokens == NULL)
            return -1;
        sets->tokens = tokens;
        sets->tokens_room = room;
    }
    return sets->count * 2 >= sets->index_size ? grow_index(sets) : 0;
}

int weir_sets_intern(weir_sets *sets, const uint32_t *tokens, size_t count, uint32_t *set)
{
    uint32_t *place = index_place(sets, tokens, count);
    if (*place != 0) {
        *set = *place - 1;
        return 0;
    }
    if (reserve(sets, count) != 0)
        return -1;
    weir_span span = {(uint32_t)sets->tokens_used, (uint32_t)count};
    if (count > 0)
        memcpy(sets->tokens + sets->tokens_used, tokens, count * sizeof *tokens);
    sets->tokens_used += count;
    *set = sets->count;
    sets->spans[sets->count++] = span;
    *index_place(sets, sets->tokens + span.start, count) = *set + 1;
    return 0;
}

static struct weir_move *move_place(const weir_sets *sets, uint32_t set, uint32_t token)
{
    uint32_t at = mix(mix(0x27d4eb2fu, set), token);
    for (;; at++) {
        struct weir_move *place = &sets->moves[at & (sets->move_size - 1)];
        if (!place->used || (place->set == set && place->token == token))
            return place;
    }
}

static int grow_moves(weir_sets *sets)
{
    struct weir_move *old = sets->moves;
    uint32_t old_size = sets->move_size;
    struct weir_move *grown = calloc((size_t)old_size * 2, sizeof *grown);
    if (grown == NULL)
        return -1;
    sets->moves = grown;
    sets->move_size = old_size * 2;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i].used)
            *move_place(sets, old[i].set, old[i].token) = old[i];
    free(old);
    return 0;
}

/* The union as a new interned set; `set` is known not to be in the memo. */
static int compute_with(weir_sets *sets, uint32_t set, uint32_t token, uint32_t *with)
{
    uint32_t count, kept = 0;
    const uint32_t *tokens = weir_sets_tokens(sets, set, &count);
    uint32_t *joined = malloc(((size_t)count + 1) * sizeof *joined);
    if (joined == NULL)
        return -1;
    while (kept < count && tokens[kept] < token)
        kept++;
    int present = kept < count && tokens[kept] == token;
    if (kept > 0)
        memcpy(joined, tokens, kept * sizeof *joined);
    joined[kept] = token;
    if (!present && kept < count)
        memcpy(joined + kept + 1, tokens + kept, (count - kept) * sizeof *joined);
    int result = 0;
    if (present)
        *with = set;
    else
        result = weir_sets_intern(sets, joined, (size_t)count + 1, with);
    free(joined);
    return result;
}

int weir_sets_with(weir_sets *sets, uint32_t set, uint32_t token, uint32_t *with)
{
    struct weir_move *place = move_place(sets, set, token);
    if (place->used) {
        *with = place->with;
        return 0;
    }
    if (compute_with(sets, set, token, with) != 0)
        return -1;
    if (sets->move_count * 2 >= sets->move_size && grow_moves(sets) != 0)
        return -1;
    place = move_place(sets, set, token);
    *place = (struct weir_move){set, token, *with, 1};
    sets->move_count++;
    return 0;
}
