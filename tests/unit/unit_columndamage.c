/*
 * Columns that are cut short or wrong: every kind refuses them, or writes every value. All loops
 * follow the shelf's list.
 */
#include <criterion/criterion.h>

#include "columnbed.h"
#include "support.h"

enum { CUT_BYTES_MAX = 4096 };

TestSuite(columndamage, .init = columns_set_up, .fini = columns_tear_down);

static const uint8_t wrong_widths[] = {1, 2, 3, 4, 8, 13};

static size_t encode_small(struct test_random *random, const struct tc_kind *kind,
                           enum pattern pattern, uint32_t count, uint8_t width,
                           struct tc_column *column, uint8_t *bytes)
{
    size_t length;

    *column = column_make(random, pattern, count, width);
    cr_assert_leq(tc_column_bound(count, width), CUT_BYTES_MAX);
    length = column_encode(kind, column, (enum tc_effort)(1 + count % 2), bytes);
    test_exact_free(column->values);
    column->values = NULL;
    return length;
}

Test(columndamage, cut_at_every_byte_it_fails)
{
    static const uint32_t counts[] = {1, 2, 70, 201};
    struct test_random random = {4};
    unsigned columns = 0;

    for (size_t i = 0; i < tc_kind_count; i++)
        for (size_t j = 0; j < 4 * sizeof wrong_widths * PATTERNS; j++) {
            uint8_t bytes[CUT_BYTES_MAX];
            struct tc_column column;
            size_t left;
            size_t length = encode_small(&random, tc_kinds[i], (enum pattern)(j % PATTERNS),
                                         counts[j / PATTERNS % 4], wrong_widths[j / PATTERNS / 4],
                                         &column, bytes);

            columns += length > 0;
            for (size_t cut = 0; cut < length; cut++)
                cr_assert_null(column_decode(tc_kinds[i], bytes, cut, &column, 0, &left),
                               "%s: %u values of %u cut at %zu of %zu", tc_kinds[i]->name,
                               column.count, column.width, cut, length);
        }
    cr_assert_gt(columns, 400);
}

/* Decodes the same bytes over two different backgrounds: every value must have been written. */
static bool decodes_whole(const struct tc_kind *kind, const uint8_t *bytes, size_t length,
                          const struct tc_column *column)
{
    size_t left, left_again;
    uint8_t *values = column_decode(kind, bytes, length, column, 0x00, &left);
    uint8_t *again = column_decode(kind, bytes, length, column, 0xff, &left_again);

    cr_assert_eq(values == NULL, again == NULL, "%s", kind->name);
    if (values == NULL)
        return false;
    cr_assert_eq(left, left_again);
    cr_assert_eq(memcmp(values, again, tc_column_bytes(column)), 0, "%s left values out",
                 kind->name);
    test_exact_free(values);
    test_exact_free(again);
    return true;
}

Test(columndamage, wrong_bytes_fail_or_give_every_value)
{
    struct test_random random = {5};

    for (size_t i = 0; i < tc_kind_count; i++) {
        unsigned refused = 0;

        for (int round = 0; round < 20000; round++) {
            uint8_t bytes[CUT_BYTES_MAX];
            struct tc_column column;
            uint32_t count = 1 + (uint32_t)test_below(&random, 240);
            size_t length = encode_small(&random, tc_kinds[i],
                                         (enum pattern)test_below(&random, PATTERNS), count,
                                         wrong_widths[test_below(&random, 6)], &column, bytes);

            if (length == 0)
                continue;
            for (uint64_t j = 1 + test_below(&random, 3); j > 0; j--) {
                /* most of what can go wrong stands in front */
                size_t near = length < 16 || test_below(&random, 2) == 0 ? length : 16;

                bytes[test_below(&random, near)] = (uint8_t)test_random(&random);
            }
            if (test_below(&random, 4) == 0) /* read as a column of another size */
                column.count = 1 + (uint32_t)test_below(&random, 240);
            refused += !decodes_whole(tc_kinds[i], bytes, length, &column);
        }
        cr_assert_gt(refused, 500, "%s refused %u", tc_kinds[i]->name, refused);
    }
}

Test(columndamage, noise_fails_or_gives_every_value)
{
    struct test_random random = {6};

    for (size_t i = 0; i < tc_kind_count; i++)
        for (int round = 0; round < 20000; round++) {
            uint8_t bytes[64];
            size_t length = test_below(&random, sizeof bytes);
            struct tc_column column = {NULL, 1 + (uint32_t)test_below(&random, 40),
                                       (uint8_t)(1 + test_below(&random, TC_VALUE_BYTES_MAX))};

            if (round % 2 == 0)
                column.width = wrong_widths[test_below(&random, 6)];
            test_fill(&random, bytes, length);
            for (size_t j = 0; j < length && round % 3 != 0; j++)
                bytes[j] &= 0x1f; /* short streams and small numbers */
            decodes_whole(tc_kinds[i], bytes, length, &column);
        }
}
