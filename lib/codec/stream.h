/*
 * Streams: byte strings as a column keeps them, as they are, as one repeated byte, or as a zstd
 * frame, whichever is shortest.
 *
 * zstd is used in two ways. Bytes that come from numbers have no repeating strings worth finding,
 * only uneven frequencies: `entropy` makes zstd look for no matches and spend its time on Huffman
 * coding alone. Text and sparse bytes repeat: `match` is zstd's fastest real level. Both are plain
 * zstd frames to a reader.
 */
#ifndef TC_CODEC_STREAM_H
#define TC_CODEC_STREAM_H

#include "base/bytes.h"
#include "base/status.h"
#include "base/varint.h"

/* How a stream is stored; permanent (docs/FORMAT.md, "Streams"). */
#define TC_STAGE_TABLE(X)                                           \
    X(0, TC_STAGE_RAW, "raw", "the bytes themselves")               \
    X(1, TC_STAGE_REPEAT, "repeat", "one byte that stands for all") \
    X(2, TC_STAGE_ZSTD, "zstd", "one zstd frame (RFC 8878)")

enum tc_stage {
#define TC_STAGE_CODE(id, code, name, what) code = id,
    TC_STAGE_TABLE(TC_STAGE_CODE)
#undef TC_STAGE_CODE
        TC_STAGE_COUNT
};

/* What it is worth to make a stream short. */
enum tc_effort { TC_EFFORT_NONE, TC_EFFORT_ENTROPY, TC_EFFORT_MATCH, TC_EFFORTS };

enum { TC_STREAM_HEAD_BYTES_MAX = 5 };

/* Compresses and decompresses; one a thread. */
struct tc_press;

/*
 * Bytes of memory, aligned to 64, for a press that writes streams of at most `stream_bytes`; with
 * 0 it only reads.
 */
size_t tc_press_footprint(size_t stream_bytes);

/* A press in `memory`, which stays the caller's. */
struct tc_press *tc_press_init(void *memory, size_t stream_bytes);

/* Compression can be turned off as a whole: every stream is then raw or repeat. */
void tc_press_set(struct tc_press *press, bool compress);

/* Most bytes that a stream of `bytes` bytes can take. */
static inline size_t tc_stream_bound(size_t bytes)
{
    return TC_STREAM_HEAD_BYTES_MAX + bytes;
}

/* Appends a stream; `out` has room for its bound. */
void tc_stream_write(struct tc_press *press, struct tc_scribe *out, const uint8_t *bytes,
                     size_t length, enum tc_effort effort);

/*
 * Reads a stream of exactly `length` bytes into `bytes`; anything else fails the cursor.
 */
void tc_stream_read(struct tc_press *press, struct tc_cursor *in, uint8_t *bytes, size_t length);

/*
 * Reads a stream of at most `capacity` bytes; answers how many there were.
 */
size_t tc_stream_read_some(struct tc_press *press, struct tc_cursor *in, uint8_t *bytes,
                           size_t capacity);

#endif
