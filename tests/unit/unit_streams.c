/* Streams: the shortest stage, exact lengths, and heads that make no sense. */
#include <criterion/criterion.h>

#include "columnbed.h"
#include "support.h"

TestSuite(streams, .init = columns_set_up, .fini = columns_tear_down);

static uint8_t stream[200000];

/* Writes one stream in room of exactly its bound; answers its stage. */
static enum tc_stage write_stream(const uint8_t *bytes, size_t length, enum tc_effort effort,
                                  size_t *stored)
{
    size_t bound = tc_stream_bound(length);
    uint8_t *exact = test_exact(bound);
    struct tc_scribe out = tc_scribe_of(exact, bound);
    struct tc_cursor in;
    uint64_t head;

    cr_assert_leq(bound, sizeof stream);
    tc_stream_write(column_press, &out, bytes, length, effort);
    cr_assert_not(out.failed);
    memcpy(stream, exact, out.length);
    in = tc_cursor_of(exact, out.length);
    head = tc_varint_read(&in);
    cr_assert_eq(tc_cursor_left(&in), head >> 2);
    *stored = out.length;
    test_exact_free(exact);
    return (enum tc_stage)(head & 3);
}

static bool read_stream(size_t stored, size_t length, const uint8_t *expected)
{
    uint8_t *exact = test_exact_copy(stream, stored);
    uint8_t *bytes = test_exact(length);
    struct tc_cursor in = tc_cursor_of(exact, stored);
    bool good;

    tc_stream_read(column_press, &in, bytes, length);
    good = !in.failed;
    if (good && expected != NULL)
        cr_assert_eq(memcmp(bytes, expected, length), 0);
    if (good)
        cr_assert_eq(tc_cursor_left(&in), 0);
    test_exact_free(bytes);
    test_exact_free(exact);
    return good;
}

/* Text-like bytes, which zstd can shorten in both ways. */
static void fill_compressible(uint8_t *bytes, size_t length)
{
    struct test_random random = {8};

    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)("aaaaaaabbbcd"[test_below(&random, 12)]);
}

Test(streams, streams_take_the_shortest_stage)
{
    static uint8_t bytes[100000];
    struct test_random random = {9};
    size_t stored;

    for (size_t length = 1; length < 3000; length += 1 + length / 8) {
        for (int effort = 0; effort < TC_EFFORTS; effort++) {
            memset(bytes, 7, length);
            cr_assert_eq(write_stream(bytes, length, (enum tc_effort)effort, &stored),
                         TC_STAGE_REPEAT);
            cr_assert_eq(stored, 2);
            cr_assert(read_stream(stored, length, bytes));
            if (length == 1)
                continue;
            test_fill(&random, bytes, length);
            bytes[0] = (uint8_t)~bytes[1];
            cr_assert_eq(write_stream(bytes, length, (enum tc_effort)effort, &stored), TC_STAGE_RAW,
                         "%zu random bytes", length);
            cr_assert(read_stream(stored, length, bytes));
        }
    }
    for (int effort = 0; effort < TC_EFFORTS; effort++) {
        fill_compressible(bytes, sizeof bytes);
        cr_assert_eq(write_stream(bytes, sizeof bytes, (enum tc_effort)effort, &stored),
                     effort == TC_EFFORT_NONE ? TC_STAGE_RAW : TC_STAGE_ZSTD);
        cr_assert(read_stream(stored, sizeof bytes, bytes));
        if (effort != TC_EFFORT_NONE)
            cr_assert_lt(stored, sizeof bytes / 3, "effort %d: %zu bytes", effort, stored);
    }
}

Test(streams, no_stream_is_longer_than_its_bytes_and_a_head)
{
    static uint8_t bytes[2000];
    size_t stored;

    for (size_t length = 2; length < sizeof bytes; length++)
        for (int effort = 0; effort < TC_EFFORTS; effort++) {
            fill_compressible(bytes, length);
            bytes[0] = (uint8_t)~bytes[1];
            write_stream(bytes, length, (enum tc_effort)effort, &stored);
            cr_assert_leq(stored, length + 2);
            cr_assert(read_stream(stored, length, bytes));
        }
}

Test(streams, an_empty_stream)
{
    size_t stored;

    cr_assert_eq(write_stream(stream, 0, TC_EFFORT_MATCH, &stored), TC_STAGE_RAW);
    cr_assert_eq(stored, 1);
    cr_assert(read_stream(stored, 0, NULL));
    cr_assert_not(read_stream(stored, 1, NULL));
    cr_assert_not(read_stream(0, 0, NULL));
}

Test(streams, compression_can_be_turned_off)
{
    static uint8_t bytes[5000];
    size_t stored;

    fill_compressible(bytes, sizeof bytes);
    tc_press_set(column_press, false);
    cr_assert_eq(write_stream(bytes, sizeof bytes, TC_EFFORT_MATCH, &stored), TC_STAGE_RAW);
    cr_assert(read_stream(stored, sizeof bytes, bytes));
    tc_press_set(column_press, true);
    cr_assert_eq(write_stream(bytes, sizeof bytes, TC_EFFORT_MATCH, &stored), TC_STAGE_ZSTD);
    tc_press_set(column_press, false); /* reading goes on */
    cr_assert(read_stream(stored, sizeof bytes, bytes));
    memset(bytes, 0, sizeof bytes);
    cr_assert_eq(write_stream(bytes, sizeof bytes, TC_EFFORT_MATCH, &stored), TC_STAGE_REPEAT);
}

Test(streams, a_press_that_only_reads)
{
    static uint8_t bytes[5000];
    struct tc_press *writer = column_press;
    size_t stored;

    fill_compressible(bytes, sizeof bytes);
    cr_assert_eq(write_stream(bytes, sizeof bytes, TC_EFFORT_ENTROPY, &stored), TC_STAGE_ZSTD);
    columns_press_set_up(0);
    cr_assert(read_stream(stored, sizeof bytes, bytes));
    free(column_press);
    column_press = writer;
}

Test(streams, a_stream_of_another_length_is_refused)
{
    static uint8_t bytes[1000];
    size_t stored;

    for (int effort = 0; effort < TC_EFFORTS; effort++) {
        fill_compressible(bytes, sizeof bytes);
        write_stream(bytes, sizeof bytes, (enum tc_effort)effort, &stored);
        for (size_t length = 0; length < 2 * sizeof bytes; length++)
            cr_assert_eq(read_stream(stored, length, NULL), length == sizeof bytes, "%zu", length);
    }
}

static size_t put_head(uint64_t stored, unsigned stage, const char *bytes, size_t length)
{
    struct tc_scribe out = tc_scribe_of(stream, sizeof stream);

    tc_varint_write(&out, stored << 2 | stage);
    tc_scribe_bytes(&out, bytes, length);
    return out.length;
}

Test(streams, heads_that_make_no_sense)
{
    cr_assert(read_stream(put_head(1, TC_STAGE_REPEAT, "x", 1), 500, NULL));
    cr_assert_not(read_stream(put_head(1, TC_STAGE_REPEAT, "x", 1), 0, NULL));
    cr_assert_not(read_stream(put_head(0, TC_STAGE_REPEAT, "", 0), 1, NULL));
    cr_assert_not(read_stream(put_head(2, TC_STAGE_REPEAT, "xx", 2), 2, NULL));
    cr_assert_not(read_stream(put_head(2, TC_STAGE_COUNT, "xx", 2), 2, NULL));
    cr_assert_not(read_stream(put_head(2, TC_STAGE_ZSTD, "xx", 2), 2, NULL));
    cr_assert_not(read_stream(put_head(0, TC_STAGE_ZSTD, "", 0), 1, NULL));
    cr_assert_not(read_stream(put_head(3, TC_STAGE_RAW, "xx", 2), 3, NULL));
    cr_assert_not(read_stream(put_head(UINT64_MAX >> 2, TC_STAGE_RAW, "xx", 2), 2, NULL));
    cr_assert_not(read_stream(put_head(UINT64_MAX >> 2, TC_STAGE_ZSTD, "xx", 2), 2, NULL));
}

Test(streams, reading_some_answers_how_many)
{
    static uint8_t bytes[1000];
    size_t stored;

    for (int effort = 0; effort < TC_EFFORTS; effort++)
        for (size_t capacity = sizeof bytes - 1; capacity <= sizeof bytes + 1; capacity++) {
            uint8_t *some = test_exact(capacity);
            struct tc_cursor in;
            size_t length;

            fill_compressible(bytes, sizeof bytes);
            write_stream(bytes, sizeof bytes, (enum tc_effort)effort, &stored);
            in = tc_cursor_of(stream, stored);
            length = tc_stream_read_some(column_press, &in, some, capacity);
            cr_assert_eq(in.failed, capacity < sizeof bytes);
            cr_assert_eq(length, in.failed ? 0 : sizeof bytes);
            if (!in.failed)
                cr_assert_eq(memcmp(some, bytes, sizeof bytes), 0);
            test_exact_free(some);
        }
    stored = put_head(1, TC_STAGE_REPEAT, "x", 1);
    {
        struct tc_cursor in = tc_cursor_of(stream, stored);

        cr_assert_eq(tc_stream_read_some(column_press, &in, bytes, sizeof bytes), 0);
        cr_assert(in.failed, "nobody says how often the byte is to be repeated");
    }
}
