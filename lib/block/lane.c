/* Chains of chunks. */
#include "block/lane.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

size_t tc_lane_pool_footprint(int32_t chunks)
{
    return (size_t)chunks * TC_CHUNK_BYTES + tc_align_up((size_t)chunks * sizeof(int32_t), 64);
}

void tc_lane_pool_init(struct tc_lane_pool *pool, void *memory, int32_t chunks)
{
    uint8_t *bytes = memory;

    *pool = (struct tc_lane_pool){
        .chunks = bytes,
        .next = (int32_t *)(bytes + (size_t)chunks * TC_CHUNK_BYTES),
        .count = chunks,
    };
}

void tc_lane_extend(struct tc_lane_pool *pool, struct tc_lane *lane)
{
    int32_t chunk = pool->used++;

    assert(chunk < pool->count);
    pool->next[chunk] = TC_CHUNK_NONE;
    if (lane->last == TC_CHUNK_NONE)
        lane->first = chunk;
    else
        pool->next[lane->last] = chunk;
    lane->last = chunk;
    lane->at = pool->chunks + (size_t)chunk * TC_CHUNK_BYTES;
    lane->room = TC_CHUNK_BYTES / lane->width;
}

void tc_lane_append(struct tc_lane_pool *pool, struct tc_lane *lane, const void *values,
                    uint32_t count)
{
    const uint8_t *from = values;

    while (count > 0) {
        uint8_t *at;
        uint32_t taken = tc_lane_take(pool, lane, count, &at);

        memcpy(at, from, (size_t)taken * lane->width);
        from += (size_t)taken * lane->width;
        count -= taken;
    }
}

void tc_lane_gather(const struct tc_lane_pool *pool, const struct tc_lane *lane, uint8_t *values)
{
    uint32_t in_chunk = TC_CHUNK_BYTES / (lane->width > 0 ? lane->width : 1);
    uint32_t left = lane->count;

    for (int32_t chunk = lane->first; left > 0; chunk = pool->next[chunk]) {
        uint32_t count = left < in_chunk ? left : in_chunk;

        memcpy(values, pool->chunks + (size_t)chunk * TC_CHUNK_BYTES, (size_t)count * lane->width);
        values += (size_t)count * lane->width;
        left -= count;
    }
}
