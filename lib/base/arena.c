/* A list of chunks, the newest of which is being used up. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { CHUNK_BYTES = 64 * 1024 };

struct tc_arena_chunk {
    struct tc_arena_chunk *next;
    size_t used;
    size_t capacity;
    alignas(max_align_t) uint8_t bytes[];
};

void *tc_arena_take(struct tc_arena *arena, size_t bytes)
{
    struct tc_arena_chunk *chunk = arena->chunks;
    size_t aligned = tc_align_up(bytes, alignof(max_align_t));

    if (chunk == NULL || aligned > chunk->capacity - chunk->used) {
        size_t capacity = aligned > CHUNK_BYTES ? aligned : CHUNK_BYTES;

        chunk = calloc(1, sizeof *chunk + capacity);
        if (chunk == NULL)
            return NULL;
        chunk->capacity = capacity;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    chunk->used += aligned;
    return chunk->bytes + chunk->used - aligned;
}

char *tc_arena_text(struct tc_arena *arena, const void *bytes, size_t length)
{
    char *text = tc_arena_take(arena, length + 1);

    if (text != NULL && length > 0)
        memcpy(text, bytes, length);
    return text;
}

void tc_arena_free(struct tc_arena *arena)
{
    while (arena->chunks != NULL) {
        struct tc_arena_chunk *next = arena->chunks->next;

        free(arena->chunks);
        arena->chunks = next;
    }
}
