/*
 * Columns of every kind on the shelf: there and back for all widths, and bytes that are cut short
 * or wrong. All loops follow the shelf's list, so a new kind is tested without a word more.
 */
#include <criterion/criterion.h>

#include "codec/policy.h"
#include "support.h"

enum { COUNT_MAX = 70000, CUT_BYTES_MAX = 4096 };

static struct tc_press *press;

static void set_up_press(size_t stream_bytes)
{
    size_t bytes = tc_align_up(tc_press_footprint(stream_bytes), 64);

    press = tc_press_init(aligned_alloc(64, bytes), stream_bytes);
}

static void set_up(void)
{
    set_up_press((size_t)COUNT_MAX * TC_VALUE_BYTES_MAX);
}

static void tear_down(void)
{
    free(press);
}

TestSuite(codec, .init = set_up, .fini = tear_down);

/* ---- columns to test with ---- */

enum pattern { RANDOM, CONSTANT, RAMP, SPARSE, EXTREME, FEW, PATTERNS };

static void fill_value(struct test_random *random, enum pattern pattern, uint32_t index,
                       uint8_t width, uint8_t *value)
{
    static const uint8_t extremes[][2] = {{0, 0}, {0xff, 0xff}, {0xff, 0x7f}, {0, 0x80}};
    uint64_t number;

    switch (pattern) {
    case RANDOM: test_fill(random, value, width); break;
    case CONSTANT: memset(value, 0xc5, width); break;
    case RAMP:
        number = UINT64_C(0xfffffff0) + index * UINT64_C(7);
        for (uint8_t i = 0; i < width; i++)
            value[i] = i < 8 ? (uint8_t)(number >> (8 * i)) : 0x20;
        break;
    case SPARSE:
        memset(value, 0, width);
        if (test_below(random, 20) == 0)
            value[test_below(random, width)] = (uint8_t)test_random(random);
        break;
    case EXTREME:
        memset(value, extremes[index % 4][0], width);
        value[width - 1] = extremes[index % 4][1];
        break;
    case FEW:
    case PATTERNS:
        memset(value, 'A', width);
        value[width / 2] = (uint8_t)('A' + test_below(random, 5));
        break;
    }
}

static struct tc_column make(struct test_random *random, enum pattern pattern, uint32_t count,
                             uint8_t width)
{
    struct tc_column column = {test_exact((size_t)count * width), count, width};

    for (uint32_t i = 0; i < count; i++)
        fill_value(random, pattern, i, width, column.values + (size_t)i * width);
    return column;
}

static struct tc_desk desk_for(uint32_t count)
{
    size_t bytes = tc_desk_scratch_bytes(count);

    return (struct tc_desk){press, malloc(bytes), bytes};
}

/* Decodes into memory of exactly the column's size; answers it, or NULL when that failed. */
static uint8_t *decode(const struct tc_kind *kind, const uint8_t *bytes, size_t length,
                       const struct tc_column *like, uint8_t before, size_t *left)
{
    struct tc_desk desk = desk_for(like->count);
    uint8_t *exact = test_exact_copy(bytes, length);
    struct tc_cursor in = tc_cursor_of(exact, length);
    struct tc_column column = {test_exact(tc_column_bytes(like)), like->count, like->width};

    memset(column.values, before, tc_column_bytes(like));
    memset(desk.scratch, before, desk.scratch_bytes);
    kind->decode(&desk, &in, &column);
    *left = tc_cursor_left(&in);
    if (in.failed)
        test_exact_free(column.values);
    free(desk.scratch);
    test_exact_free(exact);
    return in.failed ? NULL : column.values;
}

/* What a kind says about values that it must, or must not, be for; -1: it may choose. */
static int must_take(const struct tc_kind *kind, const struct tc_column *column,
                     enum pattern pattern)
{
    bool number = tc_width_is_number(column->width);
    bool constant = pattern == CONSTANT || column->count == 1;

    if (kind == &tc_kind_plain)
        return 1;
    if (kind == &tc_kind_constant)
        return constant ? 1 : pattern == RAMP || pattern == EXTREME ? 0 : -1;
    if (kind == &tc_kind_planes)
        return number && column->width > 1;
    if (kind == &tc_kind_deltaplanes)
        return number;
    if (kind == &tc_kind_delta)
        return !number ? 0 : pattern == RAMP && column->width == 8 && column->count > 2 ? 1 : -1;
    if (kind == &tc_kind_dictionary && column->width > 1)
        return pattern == RANDOM && column->width >= 4 && column->count > 256 ? 0
               : pattern == FEW || pattern == EXTREME || constant             ? 1
                                                                              : -1;
    return kind == &tc_kind_dictionary ? 0 : -1;
}

/* Encodes in memory of exactly the bound. Answers the length; 0 when the kind does not take it. */
static size_t encode(const struct tc_kind *kind, const struct tc_column *column,
                     enum tc_effort effort, uint8_t *bytes)
{
    struct tc_desk desk = desk_for(column->count);
    struct tc_scribe out = tc_scribe_of(bytes, tc_column_bound(column->count, column->width));
    bool taken = kind->encode(&desk, column, effort, &out);

    free(desk.scratch);
    cr_assert_not(out.failed, "%s", kind->name);
    cr_assert_eq(taken, out.length > 0, "%s wrote %zu bytes", kind->name, out.length);
    return out.length;
}

static bool round_trip(const struct tc_kind *kind, const struct tc_column *column,
                       enum pattern pattern, enum tc_effort effort)
{
    uint8_t *bytes = test_exact(tc_column_bound(column->count, column->width));
    size_t length = encode(kind, column, effort, bytes);
    int must = must_take(kind, column, pattern);
    uint8_t *values;
    size_t left;

    if (must >= 0)
        cr_assert_eq(length > 0, must, "%s: pattern %d, %u values of %u", kind->name, pattern,
                     column->count, column->width);
    if (length > 0) {
        values = decode(kind, bytes, length, column, 0xee, &left);
        cr_assert_not_null(values, "%s: pattern %d, %u values of %u", kind->name, pattern,
                           column->count, column->width);
        cr_assert_eq(left, 0);
        cr_assert_eq(memcmp(values, column->values, tc_column_bytes(column)), 0,
                     "%s: pattern %d, %u values of %u", kind->name, pattern, column->count,
                     column->width);
        test_exact_free(values);
    }
    test_exact_free(bytes);
    return length > 0;
}

/* ---- there and back ---- */

static void round_trips(const struct tc_kind *kind, const uint32_t *counts, size_t count_count,
                        uint8_t width)
{
    struct test_random random = {(uint64_t)kind->id << 8 | width};

    for (size_t i = 0; i < count_count; i++)
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            struct tc_column column = make(&random, (enum pattern)pattern, counts[i], width);
            enum tc_effort effort = (enum tc_effort)((width + i + (size_t)pattern) % TC_EFFORTS);

            round_trip(kind, &column, (enum pattern)pattern, effort);
            test_exact_free(column.values);
        }
}

Test(codec, every_kind_at_every_width)
{
    static const uint32_t counts[] = {1, 2, 3, 63, 64, 65};

    for (size_t i = 0; i < tc_kind_count; i++)
        for (unsigned width = 1; width <= TC_VALUE_BYTES_MAX; width++)
            round_trips(tc_kinds[i], counts, sizeof counts / sizeof counts[0], (uint8_t)width);
}

Test(codec, a_thousand_values_at_every_width)
{
    static const uint32_t counts[] = {1000};

    for (size_t i = 0; i < tc_kind_count; i++)
        for (unsigned width = 1; width <= TC_VALUE_BYTES_MAX; width++)
            round_trips(tc_kinds[i], counts, 1, (uint8_t)width);
}

Test(codec, more_values_than_a_block_has)
{
    static const uint32_t counts[] = {COUNT_MAX};
    static const uint8_t widths[] = {1, 2, 3, 4, 6, 8, 10};

    for (size_t i = 0; i < tc_kind_count; i++)
        for (size_t j = 0; j < sizeof widths; j++)
            round_trips(tc_kinds[i], counts, 1, widths[j]);
}

Test(codec, the_widest_column_of_all)
{
    struct test_random random = {1};
    struct tc_column column = make(&random, FEW, COUNT_MAX, TC_VALUE_BYTES_MAX);

    for (size_t i = 0; i < tc_kind_count; i++)
        round_trip(tc_kinds[i], &column, FEW, TC_EFFORT_MATCH);
    test_exact_free(column.values);
}

/* Each kind is good for something, at each effort. */
Test(codec, every_kind_and_effort_takes_columns)
{
    for (size_t i = 0; i < tc_kind_count; i++)
        for (int effort = 0; effort < TC_EFFORTS; effort++) {
            struct test_random random = {2};
            unsigned taken = 0;

            for (int pattern = 0; pattern < PATTERNS; pattern++) {
                struct tc_column column = make(&random, (enum pattern)pattern, 500, 8);

                taken += round_trip(tc_kinds[i], &column, (enum pattern)pattern,
                                    (enum tc_effort)effort);
                test_exact_free(column.values);
            }
            cr_assert_gt(taken, 0, "%s takes nothing", tc_kinds[i]->name);
        }
}

Test(codec, dictionaries_hold_256_values_and_no_more)
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
            cr_assert_eq(encode(&tc_kind_dictionary, &column, TC_EFFORT_MATCH, bytes) > 0,
                         distinct <= 256, "%u values of %u", distinct, widths[i]);
            round_trip(&tc_kind_dictionary, &column, PATTERNS, TC_EFFORT_MATCH);
            test_exact_free(bytes);
            test_exact_free(column.values);
        }
}

Test(codec, differences_go_the_shorter_way_around)
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
        length = encode(kinds[i % 2], &column, TC_EFFORT_NONE, bytes);
        if (width > 1)
            cr_assert(length > 0 && length < 3 * column.count, "%s: %zu bytes at width %u",
                      kinds[i % 2]->name, length, width);
        round_trip(kinds[i % 2], &column, PATTERNS, TC_EFFORT_NONE);
        test_exact_free(bytes);
        test_exact_free(column.values);
    }
}

Test(codec, a_desk_too_small_is_noticed)
{
    struct test_random random = {3};

    for (size_t i = 0; i < tc_kind_count; i++) {
        struct tc_column column = make(&random, FEW, 100, 8);
        uint8_t *bytes = test_exact(tc_column_bound(column.count, column.width));
        size_t length = encode(tc_kinds[i], &column, TC_EFFORT_MATCH, bytes);
        size_t most = tc_desk_scratch_bytes(column.count);

        for (size_t room = 0; length > 0 && room < most; room += 79) {
            struct tc_desk desk = {press, malloc(room), room};
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

Test(codec, ids_are_unique_and_found)
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

/* ---- bytes that are wrong ---- */

static const uint8_t wrong_widths[] = {1, 2, 3, 4, 8, 13};

static size_t encode_small(struct test_random *random, const struct tc_kind *kind,
                           enum pattern pattern, uint32_t count, uint8_t width,
                           struct tc_column *column, uint8_t *bytes)
{
    size_t length;

    *column = make(random, pattern, count, width);
    cr_assert_leq(tc_column_bound(count, width), CUT_BYTES_MAX);
    length = encode(kind, column, (enum tc_effort)(1 + count % 2), bytes);
    test_exact_free(column->values);
    column->values = NULL;
    return length;
}

Test(codec, cut_at_every_byte_it_fails)
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
                cr_assert_null(decode(tc_kinds[i], bytes, cut, &column, 0, &left),
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
    uint8_t *values = decode(kind, bytes, length, column, 0x00, &left);
    uint8_t *again = decode(kind, bytes, length, column, 0xff, &left_again);

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

Test(codec, wrong_bytes_fail_or_give_every_value)
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

Test(codec, noise_fails_or_gives_every_value)
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

/* ---- policies ---- */

Test(codec, every_meaning_has_a_row)
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
    struct tc_desk desk = desk_for(column->count);
    size_t bound = tc_column_bound(column->count, column->width);
    uint8_t *bytes = test_exact(bound);
    struct tc_scribe out = tc_scribe_of(bytes, bound);
    uint8_t id = tc_column_encode(&desk, column, meaning, &out);
    uint8_t *values;
    size_t left;

    free(desk.scratch);
    cr_assert_not(out.failed);
    cr_assert_not_null(tc_kind_of(id));
    values = decode(tc_kind_of(id), bytes, out.length, column, 0xee, &left);
    cr_assert_not_null(values, "meaning %d, %u values of %u", meaning, column->count,
                       column->width);
    cr_assert_eq(left, 0);
    cr_assert_eq(memcmp(values, column->values, tc_column_bytes(column)), 0);
    test_exact_free(values);
    test_exact_free(bytes);
    return id;
}

Test(codec, every_meaning_round_trips)
{
    static const uint8_t widths[] = {1, 2, 3, 4, 6, 8, 10, TC_VALUE_BYTES_MAX};
    static const uint32_t counts[] = {1, 2, 64, 999};
    struct test_random random = {7};

    for (int meaning = 0; meaning < TC_MEANING_COUNT; meaning++)
        for (size_t i = 0; i < sizeof widths * 4 * PATTERNS; i++) {
            enum pattern pattern = (enum pattern)(i % PATTERNS);
            struct tc_column column = make(&random, pattern, counts[i / PATTERNS % 4],
                                           widths[i / PATTERNS / 4]);
            uint8_t id = policy_round_trip(&column, (enum tc_meaning)meaning);

            if (pattern == CONSTANT || column.count == 1)
                cr_assert_eq(id, tc_kind_constant.id);
            test_exact_free(column.values);
        }
}

/* ---- streams ---- */

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
    tc_stream_write(press, &out, bytes, length, effort);
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

    tc_stream_read(press, &in, bytes, length);
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

Test(codec, streams_take_the_shortest_stage)
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

Test(codec, no_stream_is_longer_than_its_bytes_and_a_head)
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

Test(codec, an_empty_stream)
{
    size_t stored;

    cr_assert_eq(write_stream(stream, 0, TC_EFFORT_MATCH, &stored), TC_STAGE_RAW);
    cr_assert_eq(stored, 1);
    cr_assert(read_stream(stored, 0, NULL));
    cr_assert_not(read_stream(stored, 1, NULL));
    cr_assert_not(read_stream(0, 0, NULL));
}

Test(codec, compression_can_be_turned_off)
{
    static uint8_t bytes[5000];
    size_t stored;

    fill_compressible(bytes, sizeof bytes);
    tc_press_set(press, false);
    cr_assert_eq(write_stream(bytes, sizeof bytes, TC_EFFORT_MATCH, &stored), TC_STAGE_RAW);
    cr_assert(read_stream(stored, sizeof bytes, bytes));
    tc_press_set(press, true);
    cr_assert_eq(write_stream(bytes, sizeof bytes, TC_EFFORT_MATCH, &stored), TC_STAGE_ZSTD);
    tc_press_set(press, false); /* reading goes on */
    cr_assert(read_stream(stored, sizeof bytes, bytes));
    memset(bytes, 0, sizeof bytes);
    cr_assert_eq(write_stream(bytes, sizeof bytes, TC_EFFORT_MATCH, &stored), TC_STAGE_REPEAT);
}

Test(codec, a_press_that_only_reads)
{
    static uint8_t bytes[5000];
    struct tc_press *writer = press;
    size_t stored;

    fill_compressible(bytes, sizeof bytes);
    cr_assert_eq(write_stream(bytes, sizeof bytes, TC_EFFORT_ENTROPY, &stored), TC_STAGE_ZSTD);
    set_up_press(0);
    cr_assert(read_stream(stored, sizeof bytes, bytes));
    free(press);
    press = writer;
}

Test(codec, a_stream_of_another_length_is_refused)
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

Test(codec, heads_that_make_no_sense)
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

Test(codec, reading_some_answers_how_many)
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
            length = tc_stream_read_some(press, &in, some, capacity);
            cr_assert_eq(in.failed, capacity < sizeof bytes);
            cr_assert_eq(length, in.failed ? 0 : sizeof bytes);
            if (!in.failed)
                cr_assert_eq(memcmp(some, bytes, sizeof bytes), 0);
            test_exact_free(some);
        }
    stored = put_head(1, TC_STAGE_REPEAT, "x", 1);
    {
        struct tc_cursor in = tc_cursor_of(stream, stored);

        cr_assert_eq(tc_stream_read_some(press, &in, bytes, sizeof bytes), 0);
        cr_assert(in.failed, "nobody says how often the byte is to be repeated");
    }
}

/* ---- varints ---- */

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

Test(codec, varints_of_every_length)
{
    expect_varint(0);
    for (unsigned bit = 0; bit < 64; bit++) {
        expect_varint(UINT64_C(1) << bit);
        expect_varint((UINT64_C(1) << bit) - 1);
        expect_varint(UINT64_MAX >> bit);
    }
}

Test(codec, varints_have_at_most_ten_bytes)
{
    uint8_t bytes[16];
    struct tc_cursor in = tc_cursor_of(bytes, sizeof bytes);

    memset(bytes, 0x80, sizeof bytes);
    bytes[10] = 0;
    tc_varint_read(&in);
    cr_assert(in.failed);
}

Test(codec, varints_beyond_64_bits_are_refused)
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
