/* Histograms: values within a hundredth of their bucket's middle, quantiles as of a sorted list. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/histogram.h"
#include "support.h"

static struct tc_histogram histogram;

static uint64_t off(int64_t value, int64_t found)
{
    return (uint64_t)(found > value ? found - value : value - found);
}

Test(histogram, the_middle_of_a_bucket_is_within_one_percent)
{
    struct test_random random = {1};

    for (unsigned bits = 1; bits <= TC_HISTOGRAM_OCTAVES; bits++)
        for (int i = 0; i < 2000; i++) {
            uint64_t value = test_random(&random) >> (64 - bits);
            uint32_t bucket = tc_histogram_bucket(value);

            cr_assert_lt(bucket, TC_HISTOGRAM_BUCKETS);
            cr_assert_leq(tc_histogram_floor(bucket), value);
            cr_assert(bucket + 1 == TC_HISTOGRAM_BUCKETS || tc_histogram_floor(bucket + 1) > value);
            cr_assert_leq(100 * off((int64_t)value, tc_histogram_middle(bucket, false)), value,
                          "%lu is in the bucket of %ld", value, tc_histogram_middle(bucket, false));
            cr_assert_eq(tc_histogram_middle(bucket, true), -tc_histogram_middle(bucket, false));
        }
}

Test(histogram, small_values_are_exact)
{
    for (uint64_t value = 0; value < 128; value++)
        cr_assert_eq(tc_histogram_middle(tc_histogram_bucket(value), false), (int64_t)value);
}

Test(histogram, what_is_beyond_is_in_the_last_bucket)
{
    tc_histogram_clear(&histogram);
    tc_histogram_add(&histogram, INT64_MAX);
    tc_histogram_add(&histogram, INT64_MIN);
    tc_histogram_add(&histogram, INT64_C(1) << TC_HISTOGRAM_OCTAVES);
    cr_assert_eq(histogram.counts[0][TC_HISTOGRAM_BUCKETS - 1], 2);
    cr_assert_eq(histogram.counts[1][TC_HISTOGRAM_BUCKETS - 1], 1);
    cr_assert_eq(histogram.highest, INT64_MAX);
    cr_assert_eq(histogram.lowest, INT64_MIN);
    cr_assert_eq(tc_histogram_quantile(&histogram, 1), INT64_MAX);
    cr_assert_eq(tc_histogram_quantile(&histogram, 0), INT64_MIN);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

Test(histogram, quantiles_are_those_of_the_sorted_values)
{
    enum { VALUES = 5000 };
    static const double shares[] = {0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1};
    static int64_t values[VALUES];

    for (uint64_t seed = 0; seed < 30; seed++) {
        struct test_random random = {seed};
        int64_t shift = (int64_t)(seed % 3) * 1000000 - 500000;

        tc_histogram_clear(&histogram);
        for (size_t i = 0; i < VALUES; i++) {
            values[i] = shift + (int64_t)(test_random(&random) >> (30 + test_below(&random, 30)));
            tc_histogram_add(&histogram, values[i]);
        }
        qsort(values, VALUES, sizeof values[0], compare);
        cr_assert_eq(histogram.lowest, values[0]);
        cr_assert_eq(histogram.highest, values[VALUES - 1]);
        for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
            size_t rank = (size_t)(shares[i] * VALUES + 0.999999);
            int64_t expected = values[(rank > 0 ? rank : 1) - 1];
            int64_t found = tc_histogram_quantile(&histogram, shares[i]);
            uint64_t size = (uint64_t)(expected < 0 ? -expected : expected);

            cr_assert_leq(100 * off(expected, found), size, "seed %lu, %g: %ld, expected %ld", seed,
                          shares[i], found, expected);
        }
    }
}

Test(histogram, nothing_has_no_quantile)
{
    tc_histogram_clear(&histogram);
    cr_assert_eq(tc_histogram_quantile(&histogram, 0.5), 0);
}

static void fill(uint64_t seed, uint32_t count)
{
    struct test_random random = {seed};

    for (uint32_t i = 0; i < count; i++)
        tc_histogram_add(&histogram, (int64_t)test_random(&random) >> test_below(&random, 60));
}

Test(histogram, all_at_once_is_as_one_by_one)
{
    enum { VALUES = 300 };
    static struct tc_histogram together;
    int64_t values[VALUES];
    struct test_random random = {7};

    tc_histogram_clear(&histogram);
    tc_histogram_clear(&together);
    for (size_t from = 0, count; from < 20 * VALUES; from += count) {
        count = test_below(&random, VALUES);
        for (size_t i = 0; i < count; i++) {
            values[i] = (int64_t)test_random(&random) >> test_below(&random, 60);
            tc_histogram_add(&histogram, values[i]);
        }
        tc_histogram_add_all(&together, values, count);
        cr_assert_arr_eq(&together, &histogram, sizeof histogram);
        count += count == 0;
    }
}

Test(histogram, joined_it_is_as_if_added_together)
{
    static struct tc_histogram one, other, sum;

    tc_histogram_clear(&histogram);
    tc_histogram_clear(&sum);
    fill(1, 1000);
    one = histogram;
    tc_histogram_clear(&histogram);
    fill(2, 500);
    other = histogram;
    tc_histogram_join(&sum, &one);
    tc_histogram_join(&sum, &other);
    tc_histogram_clear(&histogram);
    fill(1, 1000);
    fill(2, 500);
    cr_assert_eq(memcmp(&sum, &histogram, sizeof sum), 0);
    tc_histogram_peek(&histogram, &sum);
    cr_assert_eq(memcmp(&sum, &histogram, sizeof sum), 0);
}

Test(histogram, there_and_back_and_cut_at_every_byte)
{
    static uint8_t bytes[TC_HISTOGRAM_BYTES_MAX];
    static struct tc_histogram found;

    for (uint32_t count = 0; count <= 40; count += 20) {
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);

        tc_histogram_clear(&histogram);
        fill(3, count);
        tc_histogram_write(&out, &histogram);
        cr_assert_not(out.failed);
        for (size_t cut = 0; cut <= out.length; cut++) {
            uint8_t *exact = test_exact_copy(bytes, cut);
            struct tc_cursor in = tc_cursor_of(exact, cut);

            tc_histogram_clear(&found);
            tc_histogram_read(&in, &found);
            cr_assert_eq(in.failed, cut < out.length);
            test_exact_free(exact);
        }
        cr_assert_eq(memcmp(&found, &histogram, sizeof found), 0);
    }
}

Test(histogram, one_that_contradicts_itself_is_refused)
{
    static uint8_t bytes[TC_HISTOGRAM_BYTES_MAX];
    static struct tc_histogram found;
    static const struct {
        size_t offset;
        uint64_t value;
        unsigned width;
    } rows[] = {
        {0, 99, 1},        /* more entries than there are */
        {0, 1, 1},         /* the last one is not that of the highest */
        {1, INT64_MAX, 8}, /* lowest above highest */
        {9, (uint64_t)INT64_MIN, 8},
        {17, 1, 1}, /* the first one is not that of the lowest */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
        struct tc_cursor in;

        tc_histogram_clear(&histogram);
        fill(4, 10);
        tc_histogram_write(&out, &histogram);
        tc_store_uint(bytes + rows[i].offset, rows[i].value, rows[i].width, false);
        in = tc_cursor_of(bytes, out.length);
        tc_histogram_clear(&found);
        tc_histogram_read(&in, &found);
        cr_assert(in.failed, "row %zu", i);
    }
}
