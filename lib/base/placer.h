/*
 * Hands out parts of memory that a caller brings.
 *
 * The same walk measures and places: with no memory it only adds up, with memory it answers where
 * each part is. So a footprint can never differ from what is used.
 */
#ifndef TC_BASE_PLACER_H
#define TC_BASE_PLACER_H

#include "base/bytes.h"

enum { TC_CACHE_LINE_BYTES = 64 };

struct tc_placer {
    uint8_t *memory; /* aligned to a cache line; NULL: measure */
    size_t used;
};

/* Room for `bytes` bytes on a cache line of its own; NULL when measuring. */
static inline void *tc_place(struct tc_placer *placer, size_t bytes)
{
    void *part = placer->memory != NULL ? placer->memory + placer->used : NULL;

    placer->used += tc_align_up(bytes, TC_CACHE_LINE_BYTES);
    return part;
}

#endif
