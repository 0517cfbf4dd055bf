/* Which receive times are believed: each bound from both sides, and clocks that were set. */
#include <criterion/criterion.h>

#include "clock/timegate.h"
#include "support.h"

#define NOW_NS UINT64_C(1795185004000000000)

static struct tc_time_gate live(void)
{
    return (struct tc_time_gate){.ahead_ns = TC_FUTURE_NS};
}

static enum tc_time_verdict judge(struct tc_time_gate *gate, uint64_t rx_ns)
{
    return tc_time_gate_judge(gate, &rx_ns, NOW_NS);
}

Test(timegate, bounds_of_a_live_time)
{
    static const struct {
        uint64_t rx_ns;
        enum tc_time_verdict verdict;
    } rows[] = {
        {0, TC_TIME_ZERO},
        {1, TC_TIME_PAST},
        {NOW_NS - TC_PAST_NS - 1, TC_TIME_PAST},
        {NOW_NS - TC_PAST_NS, TC_TIME_GOOD},
        {NOW_NS, TC_TIME_GOOD},
        {NOW_NS + TC_FUTURE_NS, TC_TIME_GOOD},
        {NOW_NS + TC_FUTURE_NS + 1, TC_TIME_FUTURE},
        {UINT64_MAX, TC_TIME_FUTURE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tc_time_gate gate = live();

        cr_assert_eq(judge(&gate, rows[i].rx_ns), rows[i].verdict, "row %zu", i);
        cr_assert_eq(gate.last_ns, rows[i].verdict == TC_TIME_GOOD ? rows[i].rx_ns : 0);
    }
}

Test(timegate, how_far_ahead_is_said_by_whoever_compares)
{
    struct tc_time_gate gate = {.ahead_ns = 1000};

    cr_assert_eq(judge(&gate, NOW_NS + 1001), TC_TIME_FUTURE);
    cr_assert_eq(judge(&gate, NOW_NS + 1000), TC_TIME_GOOD);
}

Test(timegate, bounds_of_a_time_in_a_file)
{
    struct tc_time_gate gate = {.of_file = true};

    cr_assert_eq(judge(&gate, 0), TC_TIME_ZERO);
    cr_assert_eq(judge(&gate, TC_FILE_MIN_NS - 1), TC_TIME_PAST);
    cr_assert_eq(judge(&gate, TC_FILE_MAX_NS - 1), TC_TIME_GOOD);
    cr_assert_eq(judge(&gate, TC_FILE_MAX_NS), TC_TIME_FUTURE);
    /* a file may be of any day, and its frames in any order */
    cr_assert_eq(judge(&gate, TC_FILE_MIN_NS), TC_TIME_GOOD);
}

Test(timegate, a_tremble_is_moved_up)
{
    struct tc_time_gate gate = live();
    uint64_t rx_ns = NOW_NS - 50;

    cr_assert_eq(tc_time_gate_judge(&gate, &rx_ns, NOW_NS), TC_TIME_GOOD);
    rx_ns -= TC_TREMBLE_NS;
    cr_assert_eq(tc_time_gate_judge(&gate, &rx_ns, NOW_NS), TC_TIME_GOOD);
    cr_assert_eq(rx_ns, NOW_NS - 50, "shown as at the same time");
    rx_ns -= TC_TREMBLE_NS + 1;
    cr_assert_eq(tc_time_gate_judge(&gate, &rx_ns, NOW_NS), TC_TIME_BACKWARD);
}

/* Frames before the one before are believed when enough of them were in order. */
Test(timegate, a_clock_that_was_set_back_is_believed_after_a_while)
{
    struct tc_time_gate gate = live();
    const uint64_t back_ns = NOW_NS - 1000000000;

    cr_assert_eq(judge(&gate, NOW_NS), TC_TIME_GOOD);
    for (uint32_t i = 1; i < TC_BACKWARD_FRAMES; i++)
        cr_assert_eq(judge(&gate, back_ns + i), TC_TIME_BACKWARD, "frame %u", i);
    cr_assert_eq(judge(&gate, back_ns + TC_BACKWARD_FRAMES), TC_TIME_STEPPED);
    cr_assert_eq(gate.step_ns, TC_BACKWARD_FRAMES - INT64_C(1000000000));
    cr_assert_eq(judge(&gate, back_ns + TC_BACKWARD_FRAMES + 1), TC_TIME_GOOD);
}

Test(timegate, stray_times_in_between_begin_the_count_anew)
{
    struct tc_time_gate gate = live();

    cr_assert_eq(judge(&gate, NOW_NS), TC_TIME_GOOD);
    for (uint32_t round = 0; round < 10; round++) {
        for (uint32_t i = 1; i < TC_BACKWARD_FRAMES; i++)
            cr_assert_eq(judge(&gate, NOW_NS - 2000000 + i), TC_TIME_BACKWARD);
        cr_assert_eq(judge(&gate, NOW_NS + round), TC_TIME_GOOD);
    }
    /* and those that fall further and further are never in order */
    for (uint32_t i = 0; i < 10 * TC_BACKWARD_FRAMES; i++)
        cr_assert_eq(judge(&gate, NOW_NS - 2000000 - i), TC_TIME_BACKWARD);
}

Test(timegate, who_is_told_of_steps_does_not_guess)
{
    struct tc_time_gate gate = live();

    gate.is_watched = true;
    cr_assert_eq(judge(&gate, NOW_NS), TC_TIME_GOOD);
    for (uint32_t i = 0; i < 10 * TC_BACKWARD_FRAMES; i++)
        cr_assert_eq(judge(&gate, NOW_NS - 1000000000 + i), TC_TIME_BACKWARD);
    tc_time_gate_reset(&gate);
    cr_assert_eq(judge(&gate, NOW_NS - 1000000000), TC_TIME_GOOD);
}

/* What is let through is near now and in order, whatever comes. */
Test(timegate, any_numbers)
{
    struct test_random random = {7};
    struct tc_time_gate gate = {.ahead_ns = 5000, .is_watched = true};
    uint64_t now_ns = NOW_NS, last_ns = 0, good = 0;

    for (int i = 0; i < 1000000; i++) {
        uint64_t rx_ns = test_below(&random, 4) == 0
                             ? test_random(&random)
                             : now_ns + (uint64_t)test_between(&random, -20000000000, 10000);

        now_ns += test_below(&random, 100000000);
        if (tc_time_gate_judge(&gate, &rx_ns, now_ns) != TC_TIME_GOOD)
            continue;
        good++;
        cr_assert(rx_ns >= last_ns && rx_ns <= now_ns + 5000 && rx_ns + TC_PAST_NS >= now_ns);
        last_ns = rx_ns;
    }
    cr_assert_gt(good, 10000);
}
