/* Lanes: chains of chunks against plain arrays, with every width and awkward counts. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "block/lane.h"
#include "framesmith.h"

enum { LANES = 7, POOL_BYTES = 1 << 20 };

/* A pool for `lanes` lanes with `bytes` bytes together, filled with what must not be seen. */
static struct tc_lane_pool *new_pool(size_t bytes, size_t lanes)
{
    struct tc_lane_pool *pool = malloc(sizeof *pool);
    int32_t chunks = tc_lane_pool_chunks(bytes, lanes);
    size_t footprint = tc_lane_pool_footprint(chunks);
    void *memory = aligned_alloc(64, footprint);

    memset(memory, 0xa5, footprint);
    tc_lane_pool_init(pool, memory, chunks);
    return pool;
}

static void free_pool(struct tc_lane_pool *pool)
{
    free(pool->chunks);
    free(pool);
}

static void check(const struct tc_lane_pool *pool, const struct tc_lane *lane,
                  const uint8_t *expected, uint32_t count)
{
    size_t bytes = (size_t)count * lane->width;
    uint8_t *gathered = malloc(bytes + 1);

    gathered[bytes] = 0x77;
    tc_lane_gather(pool, lane, gathered);
    cr_assert_eq(lane->count, count);
    cr_assert_eq(memcmp(gathered, expected, bytes), 0, "width %u, %u values", lane->width, count);
    cr_assert_eq(gathered[bytes], 0x77);
    free(gathered);
}

Test(lane, any_width_and_count_comes_back)
{
    static const uint32_t counts[] = {0, 1, 2, 15, 16, 17, 255, 256, 4095, 4096, 4097, 20000};
    struct smith_random random = {1};
    uint8_t *values = malloc(20000 * 255);

    smith_fill(&random, values, 20000 * 255);
    for (uint32_t width = 1; width <= 255; width++)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            uint32_t count = counts[i] <= 4097 || width < 10 ? counts[i] : 300;
            struct tc_lane_pool *pool = new_pool((size_t)count * width, 1);
            struct tc_lane lane;

            tc_lane_reset(&lane, (uint8_t)width);
            tc_lane_append(pool, &lane, values, count);
            check(pool, &lane, values, count);
            free_pool(pool);
        }
    free(values);
}

Test(lane, one_by_one_and_in_pieces_are_the_same)
{
    struct smith_random random = {2};
    uint8_t values[3000 * 6];
    struct tc_lane_pool *pool = new_pool(2 * sizeof values, 2);
    struct tc_lane single, pieces;
    uint32_t at = 0;

    smith_fill(&random, values, sizeof values);
    tc_lane_reset(&single, 6);
    tc_lane_reset(&pieces, 6);
    while (at < 3000) {
        uint32_t count = smith_below(&random, 900);
        uint8_t *room;

        count = count < 3000 - at ? count : 3000 - at;
        for (uint32_t i = 0; i < count; i++)
            tc_lane_append(pool, &single, values + (size_t)(at + i) * 6, 1);
        /* what is taken counts as written, so it is written at once */
        while (count > 0) {
            uint32_t taken = tc_lane_take(pool, &pieces, count, &room);

            cr_assert(taken > 0 && taken <= count);
            memcpy(room, values + (size_t)at * 6, (size_t)taken * 6);
            at += taken;
            count -= taken;
        }
    }
    check(pool, &single, values, 3000);
    check(pool, &pieces, values, 3000);
    free_pool(pool);
}

Test(lane, many_lanes_of_one_pool_do_not_mix)
{
    static const uint8_t widths[LANES] = {1, 2, 3, 4, 8, 100, 255};
    struct smith_random random = {3};
    struct tc_lane_pool *pool = new_pool(POOL_BYTES, LANES);
    struct tc_lane lanes[LANES];
    uint8_t *expected[LANES];
    size_t left = POOL_BYTES;

    /* the pool is used again after a reset, as it is for each block */
    for (int round = 0; round < 3; round++) {
        tc_lane_pool_reset(pool);
        left = POOL_BYTES;
        for (int i = 0; i < LANES; i++) {
            tc_lane_reset(&lanes[i], widths[i]);
            expected[i] = malloc(POOL_BYTES);
        }
        for (;;) {
            uint32_t i = smith_below(&random, LANES);
            uint32_t count = smith_below(&random, 50);
            size_t bytes = (size_t)count * widths[i];
            uint8_t *at = expected[i] + (size_t)lanes[i].count * widths[i];

            if (bytes > left)
                break;
            left -= bytes;
            smith_fill(&random, at, bytes);
            tc_lane_append(pool, &lanes[i], at, count);
        }
        for (int i = 0; i < LANES; i++) {
            check(pool, &lanes[i], expected[i], lanes[i].count);
            free(expected[i]);
        }
    }
    free_pool(pool);
}

/* However the bytes are spread, the number of chunks that is promised is enough. */
Test(lane, the_pool_is_large_enough_to_its_last_byte)
{
    struct smith_random random = {4};

    for (int round = 0; round < 200; round++) {
        uint32_t lane_count = 1 + smith_below(&random, 40);
        size_t left = smith_below(&random, 300000);
        struct tc_lane_pool *pool = new_pool(left, lane_count);
        struct tc_lane lanes[40];
        uint8_t value[255] = {0};

        for (uint32_t i = 0; i < lane_count; i++)
            tc_lane_reset(&lanes[i], (uint8_t)(1 + smith_below(&random, 255)));
        for (int tries = 0; tries < 3000; tries++) {
            struct tc_lane *lane = &lanes[smith_below(&random, lane_count)];

            if (lane->width > left)
                continue;
            left -= lane->width;
            tc_lane_append(pool, lane, value, 1);
        }
        cr_assert_leq(pool->used, pool->count);
        free_pool(pool);
    }
}
