/*
 * Columns of every kind on the shelf, there and back for all widths. All loops follow the shelf's
 * list, so a new kind is tested without a word more.
 */
#include <criterion/criterion.h>

#include "columnbed.h"
#include "support.h"

TestSuite(kinds, .init = columns_set_up, .fini = columns_tear_down);

static void round_trips(const struct tc_kind *kind, const uint32_t *counts, size_t count_count,
                        uint8_t width)
{
    struct test_random random = {(uint64_t)kind->id << 8 | width};

    for (size_t i = 0; i < count_count; i++)
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            struct tc_column column = column_make(&random, (enum pattern)pattern, counts[i], width);
            enum tc_effort effort = (enum tc_effort)((width + i + (size_t)pattern) % TC_EFFORTS);

            column_round_trip(kind, &column, (enum pattern)pattern, effort);
            test_exact_free(column.values);
        }
}

Test(kinds, every_kind_at_every_width)
{
    static const uint32_t counts[] = {1, 2, 3, 63, 64, 65};

    for (size_t i = 0; i < tc_kind_count; i++)
        for (unsigned width = 1; width <= TC_VALUE_BYTES_MAX; width++)
            round_trips(tc_kinds[i], counts, sizeof counts / sizeof counts[0], (uint8_t)width);
}

Test(kinds, a_thousand_values_at_every_width)
{
    static const uint32_t counts[] = {1000};

    for (size_t i = 0; i < tc_kind_count; i++)
        for (unsigned width = 1; width <= TC_VALUE_BYTES_MAX; width++)
            round_trips(tc_kinds[i], counts, 1, (uint8_t)width);
}

Test(kinds, more_values_than_a_block_has)
{
    static const uint32_t counts[] = {COLUMN_VALUES_MAX};
    static const uint8_t widths[] = {1, 2, 3, 4, 6, 8, 10};

    for (size_t i = 0; i < tc_kind_count; i++)
        for (size_t j = 0; j < sizeof widths; j++)
            round_trips(tc_kinds[i], counts, 1, widths[j]);
}

Test(kinds, the_widest_column_of_all)
{
    struct test_random random = {1};
    struct tc_column column = column_make(&random, FEW, COLUMN_VALUES_MAX, TC_VALUE_BYTES_MAX);

    for (size_t i = 0; i < tc_kind_count; i++)
        column_round_trip(tc_kinds[i], &column, FEW, TC_EFFORT_MATCH);
    test_exact_free(column.values);
}

/* Each kind is good for something, at each effort. */
Test(kinds, every_kind_and_effort_takes_columns)
{
    for (size_t i = 0; i < tc_kind_count; i++)
        for (int effort = 0; effort < TC_EFFORTS; effort++) {
            struct test_random random = {2};
            unsigned taken = 0;

            for (int pattern = 0; pattern < PATTERNS; pattern++) {
                struct tc_column column = column_make(&random, (enum pattern)pattern, 500, 8);

                taken += column_round_trip(tc_kinds[i], &column, (enum pattern)pattern,
                                           (enum tc_effort)effort);
                test_exact_free(column.values);
            }
            cr_assert_gt(taken, 0, "%s takes nothing", tc_kinds[i]->name);
        }
}

Test(kinds, dictionaries_hold_256_values_and_no_more)
{
    static const uint8_t widths[] = {2, 3, 4, 8, 17};

    for (size_t i = 0; i < sizeof widths; i++)
        for (uint32_t distinct = 255; distinct <= 257; distinct++) {
            struct tc_column column = {test_exact((size_t)1000 * widths[i]), 1000, widths[i]};
            uint8_t *bytes = test_exact(tc_column_bound(column.count, column.width));

            memset(column.values, 0, tc_column_bytes(&column));
            for (uint32_t j = 0; j < column.count; j++)
                tc_store_le16(column.values + (size_t)j * widths[i],
                              (uint16_t)(j * 3 % distinct * 257));
            cr_assert_eq(column_encode(&tc_kind_dictionary, &column, TC_EFFORT_MATCH, bytes) > 0,
                         distinct <= 256, "%u values of %u", distinct, widths[i]);
            column_round_trip(&tc_kind_dictionary, &column, PATTERNS, TC_EFFORT_MATCH);
            test_exact_free(bytes);
            test_exact_free(column.values);
        }
}

Test(kinds, differences_go_the_shorter_way_around)
{
    static const uint8_t widths[] = {1, 2, 4, 8};
    static const struct tc_kind *const kinds[] = {&tc_kind_delta, &tc_kind_deltaplanes};

    for (size_t i = 0; i < 8; i++) {
        uint8_t width = widths[i / 2];
        struct tc_column column = {test_exact((size_t)400 * width), 400, width};
        uint8_t *bytes = test_exact(tc_column_bound(column.count, width));
        size_t length;

        for (uint32_t j = 0; j < column.count; j++) /* a count that wraps again and again */
            tc_store_uint(column.values + (size_t)j * width, j % 4 < 2 ? j : 0 - (uint64_t)j / 64,
                          width, false);
        length = column_encode(kinds[i % 2], &column, TC_EFFORT_NONE, bytes);
        if (width > 1)
            cr_assert(length > 0 && length < 3 * column.count, "%s: %zu bytes at width %u",
                      kinds[i % 2]->name, length, width);
        column_round_trip(kinds[i % 2], &column, PATTERNS, TC_EFFORT_NONE);
        test_exact_free(bytes);
        test_exact_free(column.values);
    }
}

Test(kinds, a_desk_too_small_is_noticed)
{
    struct test_random random = {3};

    for (size_t i = 0; i < tc_kind_count; i++) {
        struct tc_column column = column_make(&random, FEW, 100, 8);
        uint8_t *bytes = test_exact(tc_column_bound(column.count, column.width));
        size_t length = column_encode(tc_kinds[i], &column, TC_EFFORT_MATCH, bytes);
        size_t most = tc_desk_scratch_bytes(column.count);

        for (size_t room = 0; length > 0 && room < most; room += 79) {
            struct tc_desk desk = {column_press, malloc(room), room};
            struct tc_cursor in = tc_cursor_of(bytes, length);

            tc_kinds[i]->decode(&desk, &in, &column); /* fails, or needs no scratch */
            if (!in.failed)
                cr_assert_eq(tc_cursor_left(&in), 0);
            cr_assert(in.failed || tc_kinds[i] == &tc_kind_plain, "%s", tc_kinds[i]->name);
            free(desk.scratch);
        }
        test_exact_free(bytes);
        test_exact_free(column.values);
    }
}

Test(kinds, ids_are_unique_and_found)
{
    for (size_t i = 0; i < tc_kind_count; i++) {
        cr_assert_eq(tc_kind_of(tc_kinds[i]->id), tc_kinds[i]);
        cr_assert_not_null(tc_kinds[i]->help);
        if (i > 0)
            cr_assert_gt(tc_kinds[i]->id, tc_kinds[i - 1]->id);
    }
    cr_assert_null(tc_kind_of(0));
    cr_assert_null(tc_kind_of(255));
}
