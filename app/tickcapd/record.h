/*
 * The recording task: from a stream's batches to segments on disk.
 */
#ifndef TC_TICKCAPD_RECORD_H
#define TC_TICKCAPD_RECORD_H

#include <stdalign.h>

#include "file/recorder.h"
#include "tickcapd/capturestream.h"
#include "tickcapd/published.h"
#include "tickcapd/tasks.h"

/* What other threads may see of a writer. */
struct tc_writer_published {
    alignas(64) tc_published bytes_stored;
    tc_published blocks;
    tc_published segments;
    tc_published frames;       /* in blocks that were written */
    tc_published open_balance; /* the first segment at whose end the ledger did not close */
    tc_published batches;
    tc_published failed_frames; /* that were lost because it failed */
    tc_published failed_messages;
    atomic_bool failed; /* set last: `error` is then complete */
};

struct tc_record_task {
    struct tc_task task;
    struct tc_recorder recorder;
    struct tc_sink *sink;
    struct rte_ring *from_receiver;
    struct rte_ring *to_receiver;
    uint64_t sync_ticks; /* between syncs, in TSC ticks */
    uint64_t synced_at;
    uint64_t batches;
    uint64_t open_frames, open_messages; /* in batches whose block is not written yet */
    uint64_t failed_frames, failed_messages;
    bool ended; /* the stream's last batch has come */
    struct tc_error error;
    struct tc_writer_published published;
};

extern const struct tc_task_ops tc_record_ops;

#endif
