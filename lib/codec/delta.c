/*
 * Delta: the first value, then the zigzag differences of neighbours as base-128 numbers.
 *
 * Two streams: the first value, and the rest. Good where differences vary in size by orders of
 * magnitude, so that bytes at fixed places would mostly be zero.
 */
#include "codec/kind.h"
#include "codec/zigzag.h"

static bool encode(struct tc_desk *desk, const struct tc_column *column, enum tc_effort effort,
                   struct tc_scribe *out)
{
    uint64_t *coded = (uint64_t *)desk->scratch;
    size_t room = column->count * sizeof *coded;
    uint8_t *bytes = desk->scratch + room;
    size_t most = tc_column_bytes(column);
    size_t length = 0;

    if (!tc_column_is_number(desk, column))
        return false;
    tc_zigzag_code(column->values, column->count, column->width, coded);
    for (uint32_t i = 0; i + 1 < column->count; i++) {
        uint64_t value = coded[i];

        if (length + 10 > most)
            return false; /* longer than the values themselves */
        for (; value >= 0x80; value >>= 7)
            bytes[length++] = (uint8_t)(value | 0x80);
        bytes[length++] = (uint8_t)value;
    }
    tc_stream_write(desk->press, out, column->values, column->width, TC_EFFORT_NONE);
    tc_varint_write(out, length);
    tc_stream_write(desk->press, out, bytes, length, effort);
    return true;
}

static void decode(struct tc_desk *desk, struct tc_cursor *in, struct tc_column *column)
{
    uint64_t *coded = (uint64_t *)desk->scratch;
    size_t room = column->count * sizeof *coded;
    uint8_t *bytes = desk->scratch + room;
    struct tc_cursor values;
    uint64_t length;

    if (!tc_column_is_number(desk, column)) {
        in->failed = true;
        return;
    }
    tc_stream_read(desk->press, in, column->values, column->width);
    length = tc_varint_read(in);
    if (length > tc_column_bytes(column))
        in->failed = true;
    if (in->failed)
        return;
    tc_stream_read(desk->press, in, bytes, length);
    values = tc_cursor_of(bytes, length);
    for (uint32_t i = 0; i + 1 < column->count; i++)
        coded[i] = tc_varint_read(&values);
    in->failed |= values.failed || tc_cursor_left(&values) != 0;
    if (!in->failed)
        tc_zigzag_decode(coded, column->count, column->width, column->values);
}

const struct tc_kind tc_kind_delta = {
    .id = 3,
    .name = "delta",
    .help = "the first value, then zigzag differences in base 128",
    .encode = encode,
    .decode = decode,
};
