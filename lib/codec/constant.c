/* Constant: one value stands for all. One stream with that value. */
#include "codec/kind.h"

static bool encode(struct tc_desk *desk, const struct tc_column *column, enum tc_effort effort,
                   struct tc_scribe *out)
{
    size_t width = column->width;

    (void)effort;
    /* All values equal their neighbour exactly when the column equals itself moved by one. */
    if (memcmp(column->values, column->values + width, tc_column_bytes(column) - width) != 0)
        return false;
    tc_stream_write(desk->press, out, column->values, width, TC_EFFORT_NONE);
    return true;
}

static void decode(struct tc_desk *desk, struct tc_cursor *in, struct tc_column *column)
{
    tc_stream_read(desk->press, in, column->values, column->width);
    for (uint32_t i = 1; i < column->count; i++)
        memcpy(column->values + (size_t)i * column->width, column->values, column->width);
}

const struct tc_kind tc_kind_constant = {
    .id = 2,
    .name = "constant",
    .help = "one value for all",
    .encode = encode,
    .decode = decode,
};
