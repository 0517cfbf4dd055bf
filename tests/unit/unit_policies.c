/* Policies: every meaning has kinds to choose from, and any column comes back. */
#include <criterion/criterion.h>

#include "columnbed.h"
#include "support.h"

TestSuite(policies, .init = columns_set_up, .fini = columns_tear_down);

Test(policies, every_meaning_has_a_row)
{
    for (int meaning = 0; meaning < TC_MEANING_COUNT; meaning++) {
        const struct tc_policy *policy = &tc_policies[meaning];
        bool ended = false;

        cr_assert_not_null(policy->choices[0], "meaning %d", meaning);
        cr_assert_lt(policy->effort, TC_EFFORTS);
        cr_assert_neq(policy->effort, TC_EFFORT_NONE, "meaning %d", meaning);
        for (size_t i = 0; i < TC_POLICY_CHOICES; i++) {
            cr_assert_not(ended && policy->choices[i] != NULL, "meaning %d", meaning);
            ended |= policy->choices[i] == NULL;
            if (policy->choices[i] != NULL)
                cr_assert_eq(tc_kind_of(policy->choices[i]->id), policy->choices[i]);
        }
    }
}

static uint8_t policy_round_trip(const struct tc_column *column, enum tc_meaning meaning)
{
    struct tc_desk desk = column_desk(column->count);
    size_t bound = tc_column_bound(column->count, column->width);
    uint8_t *bytes = test_exact(bound);
    struct tc_scribe out = tc_scribe_of(bytes, bound);
    uint8_t id = tc_column_encode(&desk, column, meaning, &out);
    uint8_t *values;
    size_t left;

    free(desk.scratch);
    cr_assert_not(out.failed);
    cr_assert_not_null(tc_kind_of(id));
    values = column_decode(tc_kind_of(id), bytes, out.length, column, 0xee, &left);
    cr_assert_not_null(values, "meaning %d, %u values of %u", meaning, column->count,
                       column->width);
    cr_assert_eq(left, 0);
    cr_assert_eq(memcmp(values, column->values, tc_column_bytes(column)), 0);
    test_exact_free(values);
    test_exact_free(bytes);
    return id;
}

Test(policies, every_meaning_round_trips)
{
    static const uint8_t widths[] = {1, 2, 3, 4, 6, 8, 10, TC_VALUE_BYTES_MAX};
    static const uint32_t counts[] = {1, 2, 64, 999};
    struct test_random random = {7};

    for (int meaning = 0; meaning < TC_MEANING_COUNT; meaning++)
        for (size_t i = 0; i < sizeof widths * 4 * PATTERNS; i++) {
            enum pattern pattern = (enum pattern)(i % PATTERNS);
            struct tc_column column = column_make(&random, pattern, counts[i / PATTERNS % 4],
                                                  widths[i / PATTERNS / 4]);
            uint8_t id = policy_round_trip(&column, (enum tc_meaning)meaning);

            if (pattern == CONSTANT || column.count == 1)
                cr_assert_eq(id, tc_kind_constant.id);
            test_exact_free(column.values);
        }
}
