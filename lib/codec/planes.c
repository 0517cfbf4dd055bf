/*
 * Planes: all lowest bytes, then all second bytes, and so on; one stream a plane.
 *
 * Numbers of a kind have uneven high bytes and even low ones. Apart, each plane has its own
 * frequencies and gets its own Huffman code; together they would spoil each other's.
 *
 * Delta planes is the same over zigzag differences, with the first value in front; planes that
 * would be all zero are not stored.
 */
#include "codec/kind.h"
#include "codec/zigzag.h"

/* Byte `plane` of each value of `width` bytes. */
static inline __attribute__((always_inline)) void cut(const uint8_t *values, uint32_t count,
                                                      uint8_t width, unsigned plane, uint8_t *out)
{
    for (uint32_t i = 0; i < count; i++)
        out[i] = values[(size_t)i * width + plane];
}

static void cut_plane(const uint8_t *values, uint32_t count, uint8_t width, unsigned plane,
                      uint8_t *out)
{
    switch (width) {
    case 2: cut(values, count, 2, plane, out); break;
    case 4: cut(values, count, 4, plane, out); break;
    default: cut(values, count, 8, plane, out); break;
    }
}

static inline __attribute__((always_inline)) void
lay(const uint8_t *in, uint32_t count, uint8_t width, unsigned plane, uint8_t *values)
{
    for (uint32_t i = 0; i < count; i++)
        values[(size_t)i * width + plane] = in[i];
}

static void lay_plane(const uint8_t *in, uint32_t count, uint8_t width, unsigned plane,
                      uint8_t *values)
{
    switch (width) {
    case 2: lay(in, count, 2, plane, values); break;
    case 4: lay(in, count, 4, plane, values); break;
    default: lay(in, count, 8, plane, values); break;
    }
}

/* A Huffman code has at least one bit a byte; runs of zeros are worth finding as matches. */
static enum tc_effort plane_effort(const uint8_t *bytes, uint32_t count, enum tc_effort effort)
{
    uint32_t zeros = 0;

    if (effort != TC_EFFORT_ENTROPY)
        return effort;
    for (uint32_t i = 0; i < count; i++)
        zeros += bytes[i] == 0;
    return zeros > count - count / 8 ? TC_EFFORT_MATCH : TC_EFFORT_ENTROPY;
}

static void write_planes(struct tc_desk *desk, const uint8_t *values, uint32_t count, uint8_t width,
                         unsigned planes, uint8_t *plane_bytes, enum tc_effort effort,
                         struct tc_scribe *out)
{
    for (unsigned plane = 0; plane < planes; plane++) {
        cut_plane(values, count, width, plane, plane_bytes);
        tc_stream_write(desk->press, out, plane_bytes, count,
                        plane_effort(plane_bytes, count, effort));
    }
}

static bool encode_planes(struct tc_desk *desk, const struct tc_column *column,
                          enum tc_effort effort, struct tc_scribe *out)
{
    if (column->width < 2 || !tc_column_is_number(desk, column))
        return false;
    write_planes(desk, column->values, column->count, column->width, column->width, desk->scratch,
                 effort, out);
    return true;
}

static void decode_planes(struct tc_desk *desk, struct tc_cursor *in, struct tc_column *column)
{
    if (column->width < 2 || !tc_column_is_number(desk, column)) {
        in->failed = true;
        return;
    }
    for (unsigned plane = 0; plane < column->width && !in->failed; plane++) {
        tc_stream_read(desk->press, in, desk->scratch, column->count);
        lay_plane(desk->scratch, column->count, column->width, plane, column->values);
    }
}

const struct tc_kind tc_kind_planes = {
    .id = 5,
    .name = "planes",
    .help = "the bytes of the values by place, lowest first",
    .encode = encode_planes,
    .decode = decode_planes,
};

static unsigned bytes_of(uint64_t number)
{
    return number == 0 ? 0 : (unsigned)(71 - __builtin_clzll(number)) / 8;
}

static bool encode_deltaplanes(struct tc_desk *desk, const struct tc_column *column,
                               enum tc_effort effort, struct tc_scribe *out)
{
    uint64_t *coded = (uint64_t *)desk->scratch;
    uint8_t *plane_bytes = desk->scratch + column->count * sizeof *coded;
    uint64_t any;

    if (!tc_column_is_number(desk, column))
        return false;
    any = tc_zigzag_code(column->values, column->count, column->width, coded);
    tc_stream_write(desk->press, out, column->values, column->width, TC_EFFORT_NONE);
    tc_varint_write(out, bytes_of(any));
    write_planes(desk, desk->scratch, column->count - 1, 8, bytes_of(any), plane_bytes, effort,
                 out);
    return true;
}

static void decode_deltaplanes(struct tc_desk *desk, struct tc_cursor *in, struct tc_column *column)
{
    uint64_t *coded = (uint64_t *)desk->scratch;
    uint8_t *plane_bytes = desk->scratch + column->count * sizeof *coded;
    uint64_t planes;

    if (!tc_column_is_number(desk, column)) {
        in->failed = true;
        return;
    }
    tc_stream_read(desk->press, in, column->values, column->width);
    planes = tc_varint_read(in);
    in->failed |= planes > 8;
    memset(coded, 0, column->count * sizeof *coded);
    for (unsigned plane = 0; plane < planes && !in->failed; plane++) {
        tc_stream_read(desk->press, in, plane_bytes, column->count - 1);
        lay_plane(plane_bytes, column->count - 1, 8, plane, desk->scratch);
    }
    if (!in->failed)
        tc_zigzag_decode(coded, column->count, column->width, column->values);
}

const struct tc_kind tc_kind_deltaplanes = {
    .id = 6,
    .name = "deltaplanes",
    .help = "the first value, then zigzag differences by place of their bytes",
    .encode = encode_deltaplanes,
    .decode = decode_deltaplanes,
};
