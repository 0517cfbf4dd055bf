/*
 * Column kinds and streams: any bytes are decoded or refused, any values come back.
 *
 * Input: what to do, a kind or a meaning, the width of a value, two bytes of count; then the bytes
 * of a column, or values.
 */
#include "codec/policy.h"
#include "fuzz.h"

enum { COUNT_MAX = 20000, BYTES_MAX = 1 << 20 };

static struct tc_desk *desk_of(uint32_t count)
{
    static struct tc_desk desk;

    if (desk.press == NULL) {
        size_t bytes = tc_press_footprint(BYTES_MAX);
        void *memory = aligned_alloc(64, tc_align_up(bytes, 64));

        FUZZ_MUST(memory != NULL, "no memory for a press");
        desk.press = tc_press_init(memory, BYTES_MAX);
    }
    /* anew and exactly as long as it must be */
    free(desk.scratch);
    desk.scratch_bytes = tc_desk_scratch_bytes(count);
    desk.scratch = aligned_alloc(8, desk.scratch_bytes > 0 ? desk.scratch_bytes : 8);
    FUZZ_MUST(desk.scratch != NULL, "no memory for a desk");
    return &desk;
}

static struct tc_column column_of(uint32_t count, uint8_t width)
{
    struct tc_column column = {malloc((size_t)count * width), count, width};

    FUZZ_MUST(column.values != NULL, "no memory for a column");
    memset(column.values, 0x5a, (size_t)count * width);
    return column;
}

/* Stores a column and reads it back; `kind` NULL: as its meaning suggests. */
static void store(const struct tc_column *column, const struct tc_kind *kind,
                  enum tc_meaning meaning, enum tc_effort effort)
{
    struct tc_desk *desk = desk_of(column->count);
    size_t bound = tc_column_bound(column->count, column->width);
    struct tc_scribe out = tc_scribe_of(malloc(bound), bound);
    struct tc_column back = column_of(column->count, column->width);
    struct tc_cursor in;

    FUZZ_MUST(out.bytes != NULL, "no memory for a stored column");
    if (kind == NULL)
        kind = tc_kind_of(tc_column_encode(desk, column, meaning, &out));
    else if (!kind->encode(desk, column, effort, &out))
        kind = NULL;
    FUZZ_MUST(!out.failed && out.length <= bound, "a column is longer than its bound");
    if (kind == NULL) {
        FUZZ_MUST(out.length == 0, "a kind that does not fit has written");
    } else {
        uint8_t *stored = fuzz_exact(out.bytes, out.length);

        in = tc_cursor_of(stored, out.length);
        kind->decode(desk_of(column->count), &in, &back);
        FUZZ_MUST(!in.failed && tc_cursor_left(&in) == 0, "a column cannot be read back");
        FUZZ_MUST(memcmp(back.values, column->values, tc_column_bytes(column)) == 0,
                  "a column has come back with other values");
        free(stored);
    }
    free(out.bytes);
    free(back.values);
}

/* As in the head of a block: a kind, and bytes that may be a column of it. */
static void load(const struct tc_kind *kind, uint32_t count, uint8_t width, const uint8_t *bytes,
                 size_t length)
{
    struct tc_column column = column_of(count, width);
    struct tc_cursor in = tc_cursor_of(bytes, length);

    kind->decode(desk_of(count), &in, &column);
    FUZZ_MUST(in.at <= in.end, "a column was read beyond its end");
    if (!in.failed)
        for (size_t i = 0; i < tc_kind_count; i++)
            store(&column, tc_kinds[i], TC_MEAN_OPAQUE, TC_EFFORT_ENTROPY);
    free(column.values);
}

static void load_streams(uint32_t count, const uint8_t *bytes, size_t length)
{
    struct tc_cursor in = tc_cursor_of(bytes, length);
    struct tc_desk *desk = desk_of(count);
    uint8_t *room = malloc(count);

    FUZZ_MUST(room != NULL, "no memory for a stream");
    while (tc_cursor_left(&in) > 0 && !in.failed) {
        struct tc_cursor before = in;
        size_t some = tc_stream_read_some(desk->press, &in, room, count);

        FUZZ_MUST(some <= count && (!in.failed || some == 0), "a stream is longer than its room");
        tc_stream_read(desk->press, &before, room, count);
        FUZZ_MUST(in.failed || before.failed == (some != count),
                  "a stream is of a length for one reader and not for the other");
    }
    free(room);
}

static void load_varints(const uint8_t *bytes, size_t length)
{
    struct tc_cursor in = tc_cursor_of(bytes, length);

    for (;;) {
        uint8_t written[16];
        struct tc_scribe out = tc_scribe_of(written, sizeof written);
        uint64_t value = tc_varint_read(&in);
        struct tc_cursor again;

        if (in.failed)
            return;
        tc_varint_write(&out, value);
        again = tc_cursor_of(written, out.length);
        FUZZ_MUST(!out.failed && tc_varint_read(&again) == value && tc_cursor_left(&again) == 0,
                  "a varint has come back as another");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct tc_cursor in = tc_cursor_of(bytes, length);
    uint8_t what = tc_cursor_u8(&in);
    uint8_t which = tc_cursor_u8(&in);
    uint8_t width = tc_cursor_u8(&in);
    uint32_t count = 1 + tc_cursor_u16(&in) % COUNT_MAX;
    size_t left = tc_cursor_left(&in);
    uint8_t *exact;

    width = width == 0 ? 1 : width;
    if (in.failed || (size_t)count * width > BYTES_MAX)
        return -1;
    exact = fuzz_exact(in.at, left);
    switch (what % 5) {
    case 0: load(tc_kinds[which % tc_kind_count], count, width, exact, left); break;
    case 1: load_streams(count, exact, left); break;
    case 2: load_varints(exact, left); break;
    default:
        if (left >= width) {
            const struct tc_column column = {exact, (uint32_t)(left / width), width};
            const struct tc_kind *kind = what % 5 == 3 ? NULL : tc_kinds[which % tc_kind_count];

            store(&column, kind, which % TC_MEANING_COUNT, (count + which) % TC_EFFORTS);
        }
    }
    free(exact);
    return 0;
}
