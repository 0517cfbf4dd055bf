/* Choosing the shortest form of a stream, and reading it back. */
#define ZSTD_STATIC_LINKING_ONLY /* static contexts and the literals-only setting */
#include "codec/stream.h"

#include <assert.h>
#include <zstd.h>

enum {
    SHORTEST_WORTH_TRYING = 64,
    /* level 1's tables serve every stream; a larger window finds nothing in single columns */
    MATCH_LEVEL = 1,
};

struct tc_press {
    ZSTD_CCtx *encoders[TC_EFFORTS]; /* none for TC_EFFORT_NONE */
    ZSTD_DCtx *decoder;
    bool compress;
};

static size_t encoder_bytes(size_t stream_bytes)
{
    ZSTD_compressionParameters match = ZSTD_getCParams(MATCH_LEVEL, stream_bytes, 0);

    if (stream_bytes == 0)
        return 0;
    return tc_align_up(ZSTD_estimateCCtxSize_usingCParams(match), 64) + 4096;
}

size_t tc_press_footprint(size_t stream_bytes)
{
    return tc_align_up(sizeof(struct tc_press), 64) + 2 * encoder_bytes(stream_bytes) +
           tc_align_up(ZSTD_estimateDCtxSize(), 64);
}

struct tc_press *tc_press_init(void *memory, size_t stream_bytes)
{
    uint8_t *at = memory;
    struct tc_press *press = memory;
    size_t bytes = encoder_bytes(stream_bytes);

    at += tc_align_up(sizeof *press, 64);
    *press = (struct tc_press){.compress = true};
    press->decoder = ZSTD_initStaticDCtx(at, ZSTD_estimateDCtxSize());
    assert(press->decoder != NULL);
    if (bytes == 0)
        return press;
    at += tc_align_up(ZSTD_estimateDCtxSize(), 64);
    press->encoders[TC_EFFORT_ENTROPY] = ZSTD_initStaticCCtx(at, bytes);
    press->encoders[TC_EFFORT_MATCH] = ZSTD_initStaticCCtx(at + bytes, bytes);
    assert(press->encoders[TC_EFFORT_ENTROPY] != NULL);

    /* The lowest level strides so far that it finds no match; literals are still coded. */
    ZSTD_CCtx_setParameter(press->encoders[TC_EFFORT_ENTROPY], ZSTD_c_compressionLevel,
                           ZSTD_minCLevel());
    ZSTD_CCtx_setParameter(press->encoders[TC_EFFORT_ENTROPY], ZSTD_c_literalCompressionMode,
                           ZSTD_ps_enable);
    ZSTD_CCtx_setParameter(press->encoders[TC_EFFORT_MATCH], ZSTD_c_compressionLevel, MATCH_LEVEL);
    return press;
}

void tc_press_set(struct tc_press *press, bool compress)
{
    press->compress = compress;
}

static bool all_equal(const uint8_t *bytes, size_t length)
{
    return length > 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

static void write_head(struct tc_scribe *out, size_t stored, enum tc_stage stage)
{
    tc_varint_write(out, (uint64_t)stored << 2 | stage);
}

void tc_stream_write(struct tc_press *press, struct tc_scribe *out, const uint8_t *bytes,
                     size_t length, enum tc_effort effort)
{
    size_t stored = length;

    if (all_equal(bytes, length)) {
        write_head(out, 1, TC_STAGE_REPEAT);
        tc_scribe_bytes(out, bytes, 1);
        return;
    }
    if (effort != TC_EFFORT_NONE && press->compress && length >= SHORTEST_WORTH_TRYING) {
        /* Leave the longest head free, and move the frame down once its length is known. */
        uint8_t *frame = out->bytes + out->length + TC_STREAM_HEAD_BYTES_MAX;
        size_t most = length - length / 64;

        assert(out->capacity - out->length >= tc_stream_bound(length));
        stored = ZSTD_compress2(press->encoders[effort], frame, most, bytes, length);
        if (!ZSTD_isError(stored)) {
            write_head(out, stored, TC_STAGE_ZSTD);
            memmove(out->bytes + out->length, frame, stored);
            out->length += stored;
            return;
        }
    }
    write_head(out, length, TC_STAGE_RAW);
    tc_scribe_bytes(out, bytes, length);
}

size_t tc_stream_read_some(struct tc_press *press, struct tc_cursor *in, uint8_t *bytes,
                           size_t capacity)
{
    uint64_t head = tc_varint_read(in);
    uint64_t stored = head >> 2;
    const uint8_t *at = tc_cursor_take(in, stored);
    size_t length = 0;

    if (at == NULL)
        return 0;
    switch ((enum tc_stage)(head & 3)) {
    case TC_STAGE_RAW:
        if (stored <= capacity)
            memcpy(bytes, at, stored);
        length = stored;
        break;
    case TC_STAGE_REPEAT: in->failed = true; break; /* its length comes from outside */
    case TC_STAGE_ZSTD:
        length = ZSTD_decompressDCtx(press->decoder, bytes, capacity, at, stored);
        in->failed |= ZSTD_isError(length);
        break;
    case TC_STAGE_COUNT: in->failed = true; break;
    }
    in->failed |= length > capacity;
    return in->failed ? 0 : length;
}

void tc_stream_read(struct tc_press *press, struct tc_cursor *in, uint8_t *bytes, size_t length)
{
    struct tc_cursor ahead = *in;
    uint64_t head = tc_varint_read(&ahead);

    if (head == ((uint64_t)1 << 2 | TC_STAGE_REPEAT)) {
        const uint8_t *byte = tc_cursor_take(&ahead, 1);

        if (byte != NULL)
            memset(bytes, *byte, length);
        *in = ahead;
        in->failed |= length == 0;
        return;
    }
    in->failed |= tc_stream_read_some(press, in, bytes, length) != length;
}
