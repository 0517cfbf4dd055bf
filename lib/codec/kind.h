/*
 * The shelf of column kinds: ways to store a column of equally wide values.
 *
 * A kind turns values into streams and back. Its binding (the two functions here) checks and
 * chooses; the loops inside are kernels that cannot fail. Kinds are listed once, in kinds.c; tests,
 * fuzzers and documentation follow that list. Ids are permanent: a kind whose layout changes gets
 * a new one, so no decoder has versions.
 */
#ifndef TC_CODEC_KIND_H
#define TC_CODEC_KIND_H

#include "codec/stream.h"

enum {
    TC_VALUE_BYTES_MAX = 255,
    TC_NUMBER_BYTES_MAX = 8,
};

/* A column in memory: `count` values of `width` bytes, numbers little endian. */
struct tc_column {
    uint8_t *values;
    uint32_t count;
    uint8_t width;
};

/* Memory that kinds may use while they work. */
struct tc_desk {
    struct tc_press *press;
    uint8_t *scratch;
    size_t scratch_bytes;
};

/* Scratch for number columns of `count` values: their differences, and as much again. */
static inline size_t tc_desk_scratch_bytes(uint32_t count)
{
    return (size_t)count * 2 * sizeof(uint64_t);
}

static inline bool tc_desk_fits(const struct tc_desk *desk, const struct tc_column *column)
{
    return tc_desk_scratch_bytes(column->count) <= desk->scratch_bytes;
}

struct tc_kind {
    const char *name;
    const char *help;
    /*
     * Appends the column's streams, or answers false and writes nothing when these values are not
     * of its kind. `out` has room for tc_column_bound bytes.
     */
    bool (*encode)(struct tc_desk *desk, const struct tc_column *column, enum tc_effort effort,
                   struct tc_scribe *out);
    /* Fills the column's values; fails the cursor when the bytes are no such column. */
    void (*decode)(struct tc_desk *desk, struct tc_cursor *in, struct tc_column *column);
    uint8_t id;
};

extern const struct tc_kind tc_kind_plain;
extern const struct tc_kind tc_kind_constant;
extern const struct tc_kind tc_kind_delta;
extern const struct tc_kind tc_kind_dictionary;
extern const struct tc_kind tc_kind_planes;
extern const struct tc_kind tc_kind_deltaplanes;

extern const struct tc_kind *const tc_kinds[];
extern const size_t tc_kind_count;

/* The kind of that id, or NULL. */
const struct tc_kind *tc_kind_of(uint8_t id);

static inline size_t tc_column_bytes(const struct tc_column *column)
{
    return (size_t)column->count * column->width;
}

/* Most bytes that a column can take, whatever its kind. */
static inline size_t tc_column_bound(uint32_t count, uint8_t width)
{
    return (size_t)count * (width + 2u) + 10u * TC_STREAM_HEAD_BYTES_MAX + 64;
}

static inline bool tc_width_is_number(uint8_t width)
{
    return width == 1 || width == 2 || width == 4 || width == 8;
}

/* A column of numbers that a desk can take differences of. */
static inline bool tc_column_is_number(const struct tc_desk *desk, const struct tc_column *column)
{
    return tc_width_is_number(column->width) && tc_desk_fits(desk, column);
}

#endif
