/* Sorted sets of numbers: against a plain bitmap, and at their bound. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/rangeset.h"

enum { NUMBERS = 512, SLOTS = 256 };

static bool same(const struct tc_ranges *ranges, const bool *present)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < NUMBERS; i++) {
        count += present[i];
        if (tc_ranges_has(ranges, i) != present[i])
            return false;
    }
    return count == ranges->numbers;
}

static void check_shape(const struct tc_ranges *ranges)
{
    for (uint32_t i = 0; i < ranges->count; i++) {
        struct tc_range range = tc_ranges_at(ranges, i);

        cr_assert_lt(range.first, range.end);
        if (i > 0)
            cr_assert_lt(tc_ranges_at(ranges, i - 1).end, range.first + 1);
    }
}

Test(ranges, agree_with_a_bitmap)
{
    static struct tc_range memory[SLOTS];
    static bool present[NUMBERS];
    struct tc_ranges ranges;

    srand(1);
    tc_ranges_init(&ranges, memory, SLOTS);
    for (int round = 0; round < 20000; round++) {
        uint64_t first = (uint64_t)rand() % NUMBERS;
        uint64_t end = first + 1 + (uint64_t)rand() % 9;
        uint64_t expected = 0;

        if (end > NUMBERS)
            end = NUMBERS;
        for (uint64_t i = first; i < end; i++)
            expected += present[i];
        cr_assert_eq(tc_ranges_overlap(&ranges, first, end), expected);
        if (rand() % 2 != 0) {
            tc_ranges_add(&ranges, first, end);
            memset(present + first, 1, end - first);
        } else {
            cr_assert_eq(tc_ranges_cut(&ranges, first, end), expected);
            memset(present + first, 0, end - first);
        }
        cr_assert(same(&ranges, present));
        check_shape(&ranges);
    }
}

Test(ranges, append_joins_neighbours)
{
    struct tc_range memory[4];
    struct tc_ranges ranges;

    tc_ranges_init(&ranges, memory, 4);
    tc_ranges_append(&ranges, 5, 8);
    tc_ranges_append(&ranges, 8, 9);
    tc_ranges_append(&ranges, 20, 21);
    cr_assert_eq(ranges.count, 2);
    cr_assert_eq(tc_ranges_at(&ranges, 0).end, 9);
    cr_assert_eq(ranges.numbers, 5);
}

Test(ranges, the_lowest_goes_when_there_is_no_room)
{
    struct tc_range memory[4];
    struct tc_ranges ranges;

    tc_ranges_init(&ranges, memory, 4);
    for (uint64_t i = 0; i < 6; i++)
        tc_ranges_append(&ranges, 10 * i, 10 * i + 3);
    cr_assert_eq(ranges.count, 4);
    cr_assert_eq(ranges.pushed_out, 6);
    cr_assert_eq(tc_ranges_at(&ranges, 0).first, 20);
    cr_assert_eq(ranges.numbers, 12);
    /* a cut in the middle of a range needs a slot too */
    cr_assert_eq(tc_ranges_cut(&ranges, 41, 42), 1);
    cr_assert_eq(ranges.pushed_out, 9);
    cr_assert(tc_ranges_has(&ranges, 40) && tc_ranges_has(&ranges, 42));
    cr_assert_not(tc_ranges_has(&ranges, 20));
}

Test(ranges, growing_sets_keep_everything)
{
    struct tc_rangeset odd = {0}, all = {0}, gaps = {0};

    for (uint64_t i = 0; i < 1000; i++)
        cr_assert_eq(tc_rangeset_add(&odd, 2 * i + 1, 2 * i + 2), TC_OK);
    cr_assert_eq(odd.ranges.count, 1000);
    cr_assert_eq(tc_rangeset_add(&all, 0, 2000), TC_OK);
    cr_assert_eq(tc_rangeset_common(&odd, &all), 1000);
    cr_assert_eq(tc_rangeset_add_gaps(&gaps, &odd, 0, 2000), TC_OK);
    cr_assert_eq(gaps.ranges.numbers, 1000);
    cr_assert_eq(tc_rangeset_common(&gaps, &odd), 0);
    cr_assert_eq(tc_rangeset_join(&gaps, &odd), TC_OK);
    cr_assert_eq(gaps.ranges.count, 1);
    tc_rangeset_free(&odd);
    tc_rangeset_free(&all);
    tc_rangeset_free(&gaps);
}
