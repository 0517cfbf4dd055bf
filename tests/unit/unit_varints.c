/*
 * Numbers in base 128: every length, and those that are too long or too large; and numbers of any
 * width as they stand in frames.
 */
#include <criterion/criterion.h>

#include "codec/stream.h"
#include "support.h"

static size_t put_varint(uint64_t value, uint8_t bytes[16])
{
    struct tc_scribe out = tc_scribe_of(bytes, 16);

    tc_varint_write(&out, value);
    cr_assert_not(out.failed);
    return out.length;
}

static void expect_varint(uint64_t value)
{
    uint8_t bytes[16];
    size_t length = put_varint(value, bytes);
    size_t expected = 1;

    for (uint64_t rest = value >> 7; rest != 0; rest >>= 7)
        expected++;
    cr_assert_eq(length, expected);
    for (size_t cut = 0; cut <= length; cut++) {
        uint8_t *exact = test_exact_copy(bytes, cut);
        struct tc_cursor in = tc_cursor_of(exact, cut);
        uint64_t found = tc_varint_read(&in);

        cr_assert_eq(in.failed, cut < length, "%lu cut at %zu", value, cut);
        cr_assert_eq(tc_cursor_left(&in), 0);
        if (!in.failed)
            cr_assert_eq(found, value);
        test_exact_free(exact);
    }
}

Test(varints, varints_of_every_length)
{
    expect_varint(0);
    for (unsigned bit = 0; bit < 64; bit++) {
        expect_varint(UINT64_C(1) << bit);
        expect_varint((UINT64_C(1) << bit) - 1);
        expect_varint(UINT64_MAX >> bit);
    }
}

Test(varints, varints_have_at_most_ten_bytes)
{
    uint8_t bytes[16];
    struct tc_cursor in = tc_cursor_of(bytes, sizeof bytes);

    memset(bytes, 0x80, sizeof bytes);
    bytes[10] = 0;
    tc_varint_read(&in);
    cr_assert(in.failed);
}

Test(varints, varints_beyond_64_bits_are_refused)
{
    for (unsigned last = 0; last < 128; last++) {
        uint8_t bytes[10];
        struct tc_cursor in = tc_cursor_of(bytes, sizeof bytes);

        memset(bytes, 0xff, sizeof bytes);
        bytes[9] = (uint8_t)last;
        tc_varint_read(&in);
        cr_assert_eq(in.failed, last > 1, "bits beyond the 64th are lost: 0x%02x", last);
    }
}

/* Against shifting byte by byte; no byte beside the number is touched. */
Test(varints, numbers_of_every_width_in_both_orders)
{
    struct test_random random = {3};

    for (unsigned width = 0; width <= 8; width++)
        for (int round = 0; round < 100; round++) {
            uint8_t bytes[8];
            uint8_t *exact;
            uint64_t big = 0, little = 0;

            for (unsigned i = 0; i < width; i++)
                bytes[i] = (uint8_t)test_random(&random);
            for (unsigned i = 0; i < width; i++) {
                big = big << 8 | bytes[i];
                little = little << 8 | bytes[width - 1 - i];
            }
            exact = test_exact_copy(bytes, width);
            cr_assert_eq(tc_load_uint(exact, width, true), big, "%u", width);
            cr_assert_eq(tc_load_uint(exact, width, false), little, "%u", width);
            test_exact_free(exact);
        }
}
