/*
 * One stream of a running capture: its batches and the rings on which they travel between the
 * receiving task and the writers. One producer and one consumer on every ring.
 */
#ifndef TC_TICKCAPD_CAPTURESTREAM_H
#define TC_TICKCAPD_CAPTURESTREAM_H

#include <rte_ring.h>

#include "block/batcher.h"
#include "tickcapd/captureplan.h"

struct tc_capture_stream {
    const struct tc_plan_stream *plan;
    uint32_t writer_count;
    struct rte_ring *to_writer[TC_WRITERS_MAX];   /* full batches */
    struct rte_ring *from_writer[TC_WRITERS_MAX]; /* free ones */
    uint32_t next_free;                           /* from_writer to look into first; receiver's */
    void *memory;
};

/*
 * Takes hugepage memory on a NUMA node (-1: any), and puts all batches onto the free rings. The
 * stream stays at its address.
 */
TC_MUST_USE enum tc_status tc_capture_stream_open(struct tc_capture_stream *stream,
                                                  const struct tc_plan_stream *planned, int node,
                                                  uint32_t writers, uint32_t batches,
                                                  size_t batch_bytes, struct tc_error *error);
void tc_capture_stream_close(struct tc_capture_stream *stream);

/* Where the batches and blocks of a stream with that many writers end. */
struct tc_batch_limits tc_capture_stream_limits(const struct tc_config *config, uint32_t writers);

/* The intake's side of the rings; the context is the stream. */
struct tc_batch_supply tc_capture_stream_supply(struct tc_capture_stream *stream);

#endif
