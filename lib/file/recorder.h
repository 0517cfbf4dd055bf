/*
 * The recorder: batches in, segments out. Split, pack and writer of one stream, put together.
 *
 * The writer lcore of the appliance and the offline import hand it their batches.
 */
#ifndef TC_FILE_RECORDER_H
#define TC_FILE_RECORDER_H

#include "file/writer.h"

struct tc_recorder_options {
    struct tc_writer_options writer;
    struct tc_block_limits limits;
    bool compress;             /* false: codec level none */
    uint64_t latency_bound_ns; /* see block/latency.h; 0: none */
};

struct tc_recorder {
    struct tc_split split;
    struct tc_latencies latencies; /* of the open segment */
    struct tc_pack pack;
    struct tc_writer writer;
    uint64_t now_ns; /* latest processing time in the batches */
    bool finished;   /* the run has ended in this stream */
};

size_t tc_recorder_footprint(const struct tc_capture *capture,
                             const struct tc_recorder_options *options);

/* `memory`, zeroed, as `capture` and `sink`, stays the caller's and outlives the recorder. */
void tc_recorder_init(struct tc_recorder *recorder, void *memory, const struct tc_capture *capture,
                      const struct tc_recorder_options *options, struct tc_sink *sink,
                      tc_new_id *new_id);

/*
 * Takes a batch, which may be reused afterwards. A batch that ends the run closes the last segment.
 * After a failure further batches are refused with the same status.
 */
TC_MUST_USE enum tc_status tc_recorder_batch(struct tc_recorder *recorder,
                                             const struct tc_batch *batch, struct tc_error *error);

#endif
