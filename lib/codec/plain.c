/* Plain: the values one after the other, one stream. Fits everything. */
#include "codec/kind.h"

static bool encode(struct tc_desk *desk, const struct tc_column *column, enum tc_effort effort,
                   struct tc_scribe *out)
{
    tc_stream_write(desk->press, out, column->values, tc_column_bytes(column), effort);
    return true;
}

static void decode(struct tc_desk *desk, struct tc_cursor *in, struct tc_column *column)
{
    tc_stream_read(desk->press, in, column->values, tc_column_bytes(column));
}

const struct tc_kind tc_kind_plain = {
    .id = 1,
    .name = "plain",
    .help = "the values, one after the other",
    .encode = encode,
    .decode = decode,
};
