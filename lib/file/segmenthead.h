/* The head of a segment: what it belongs to, and everything that is needed to read it. */
#ifndef TC_FILE_SEGMENTHEAD_H
#define TC_FILE_SEGMENTHEAD_H

#include "file/capture.h"
#include "file/streamstate.h"

struct tc_segment_head {
    uint8_t segment_id[TC_ID_BYTES];
    uint32_t head_bytes;
    uint32_t stream;
    uint32_t writer;
    uint32_t writers;
    uint32_t number; /* from 1, by stream and writer */
    uint64_t start_ns;
    uint64_t previous_digest; /* of the segment before; 0 for the first */
    uint64_t head_checksum;   /* filled by both functions below */
};

/* Most bytes of a head. */
size_t tc_segment_head_bytes_max(const struct tc_capture *capture);

/*
 * Writes the head to `bytes`, which has room for tc_segment_head_bytes_max; fills head_bytes,
 * a multiple of TC_BLOCK_ALIGN.
 */
void tc_segment_head_write(uint8_t *bytes, struct tc_segment_head *head,
                           const struct tc_capture *capture, const struct tc_stream_state *state);

/*
 * Reads the fixed part of a head, of which at least TC_HEAD_BYTES bytes are there, so that its
 * length is known. TC_FOREIGN where it is no segment at all.
 */
TC_MUST_USE enum tc_status tc_segment_head_peek(const uint8_t *bytes, size_t length,
                                                struct tc_segment_head *head,
                                                struct tc_error *error);

/*
 * Reads the boxes of a head that was peeked at; `bytes` are all its head_bytes. What they describe
 * is taken from `arena`.
 */
TC_MUST_USE enum tc_status tc_segment_head_read(const uint8_t *bytes,
                                                const struct tc_segment_head *head,
                                                struct tc_arena *arena, struct tc_capture *capture,
                                                struct tc_stream_state *state,
                                                struct tc_error *error);

#endif
