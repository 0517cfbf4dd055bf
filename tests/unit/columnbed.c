/* Columns, and what must come of them. */
#include "columnbed.h"

#include <criterion/criterion.h>

#include "support.h"

struct tc_press *column_press;

void columns_press_set_up(size_t stream_bytes)
{
    size_t bytes = tc_align_up(tc_press_footprint(stream_bytes), 64);

    column_press = tc_press_init(aligned_alloc(64, bytes), stream_bytes);
}

void columns_set_up(void)
{
    columns_press_set_up((size_t)COLUMN_VALUES_MAX * TC_VALUE_BYTES_MAX);
}

void columns_tear_down(void)
{
    free(column_press);
}

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

struct tc_column column_make(struct test_random *random, enum pattern pattern, uint32_t count,
                             uint8_t width)
{
    struct tc_column column = {test_exact((size_t)count * width), count, width};

    for (uint32_t i = 0; i < count; i++)
        fill_value(random, pattern, i, width, column.values + (size_t)i * width);
    return column;
}

struct tc_desk column_desk(uint32_t count)
{
    size_t bytes = tc_desk_scratch_bytes(count);

    return (struct tc_desk){column_press, malloc(bytes), bytes};
}

uint8_t *column_decode(const struct tc_kind *kind, const uint8_t *bytes, size_t length,
                       const struct tc_column *like, uint8_t before, size_t *left)
{
    struct tc_desk desk = column_desk(like->count);
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

size_t column_encode(const struct tc_kind *kind, const struct tc_column *column,
                     enum tc_effort effort, uint8_t *bytes)
{
    struct tc_desk desk = column_desk(column->count);
    struct tc_scribe out = tc_scribe_of(bytes, tc_column_bound(column->count, column->width));
    bool taken = kind->encode(&desk, column, effort, &out);

    free(desk.scratch);
    cr_assert_not(out.failed, "%s", kind->name);
    cr_assert_eq(taken, out.length > 0, "%s wrote %zu bytes", kind->name, out.length);
    return out.length;
}

bool column_round_trip(const struct tc_kind *kind, const struct tc_column *column,
                       enum pattern pattern, enum tc_effort effort)
{
    uint8_t *bytes = test_exact(tc_column_bound(column->count, column->width));
    size_t length = column_encode(kind, column, effort, bytes);
    int must = must_take(kind, column, pattern);
    uint8_t *values;
    size_t left;

    if (must >= 0)
        cr_assert_eq(length > 0, must, "%s: pattern %d, %u values of %u", kind->name, pattern,
                     column->count, column->width);
    if (length > 0) {
        values = column_decode(kind, bytes, length, column, 0xee, &left);
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
