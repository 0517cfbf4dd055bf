/*
 * Lanes: columns that grow while a block is being collected.
 *
 * How many messages of which type a block will hold is not known before it is full. A lane is
 * therefore a chain of small chunks from one pool: the pool is as large as a block's bytes, however
 * they are spread over the lanes, and a lane that stays empty costs nothing.
 */
#ifndef TC_BLOCK_LANE_H
#define TC_BLOCK_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TC_CHUNK_BYTES = 4096,
    TC_CHUNK_NONE = -1,
};

struct tc_lane_pool {
    uint8_t *chunks;
    int32_t *next; /* of each chunk in its chain */
    int32_t count;
    int32_t used;
};

struct tc_lane {
    uint8_t *at;    /* where the next value goes */
    uint32_t room;  /* values that still fit at `at` */
    uint32_t count; /* values in all chunks */
    int32_t first;
    int32_t last;
    uint8_t width;
};

/* Chunks for `lanes` lanes that hold `bytes` bytes together. */
static inline int32_t tc_lane_pool_chunks(size_t bytes, size_t lanes)
{
    /* values of odd widths leave up to 254 bytes of each chunk unused */
    return (int32_t)(bytes / (TC_CHUNK_BYTES - 255) + lanes + 1);
}

size_t tc_lane_pool_footprint(int32_t chunks);
void tc_lane_pool_init(struct tc_lane_pool *pool, void *memory, int32_t chunks);

/* Takes all chunks back; every lane must be reset too. */
static inline void tc_lane_pool_reset(struct tc_lane_pool *pool)
{
    pool->used = 0;
}

static inline void tc_lane_reset(struct tc_lane *lane, uint8_t width)
{
    *lane = (struct tc_lane){.first = TC_CHUNK_NONE, .last = TC_CHUNK_NONE, .width = width};
}

/* Starts a new chunk; the pool is never empty, as its size follows from the limits of a block. */
void tc_lane_extend(struct tc_lane_pool *pool, struct tc_lane *lane);

/* Room for up to `wanted` values in one piece: *at, and how many. The values count as written. */
static inline uint32_t tc_lane_take(struct tc_lane_pool *pool, struct tc_lane *lane,
                                    uint32_t wanted, uint8_t **at)
{
    uint32_t taken;

    if (lane->room == 0)
        tc_lane_extend(pool, lane);
    taken = wanted < lane->room ? wanted : lane->room;
    *at = lane->at;
    lane->at += (size_t)taken * lane->width;
    lane->room -= taken;
    lane->count += taken;
    return taken;
}

/* Appends `count` values. */
void tc_lane_append(struct tc_lane_pool *pool, struct tc_lane *lane, const void *values,
                    uint32_t count);

/* All values in one piece; `values` has room for them. */
void tc_lane_gather(const struct tc_lane_pool *pool, const struct tc_lane *lane, uint8_t *values);

#endif
