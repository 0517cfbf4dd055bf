/*
 * Many small allocations that are freed together: tables read from a file or a configuration.
 */
#ifndef TC_BASE_ARENA_H
#define TC_BASE_ARENA_H

#include <stddef.h>

struct tc_arena_chunk;

struct tc_arena {
    struct tc_arena_chunk *chunks; /* NULL: empty */
};

/* Zeroed memory, aligned for anything; NULL when memory is short. */
void *tc_arena_take(struct tc_arena *arena, size_t bytes);

/* A copy of `length` bytes with a zero behind it. */
char *tc_arena_text(struct tc_arena *arena, const void *bytes, size_t length);

void tc_arena_free(struct tc_arena *arena);

#endif
