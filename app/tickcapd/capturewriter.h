/*
 * A writer of a running capture: its recording task, with the memory and the sink that it works
 * with.
 */
#ifndef TC_TICKCAPD_CAPTUREWRITER_H
#define TC_TICKCAPD_CAPTUREWRITER_H

#include "tickcapd/capturestream.h"
#include "tickcapd/record.h"

/* What a task has beside itself. */
struct tc_writer_seat {
    void *memory;
    size_t memory_bytes;
    bool disk_sink; /* its sink is a disk sink, else a file sink */
};

/* Opens writer `number` of a stream, which runs on `lcore`. Close it also after a failure. */
TC_MUST_USE enum tc_status
tc_capture_writer_open(struct tc_record_task **task, struct tc_writer_seat *seat,
                       const struct tc_capture *capture, const struct tc_config *config,
                       const struct tc_capture_stream *stream, uint32_t number, uint32_t lcore,
                       struct tc_error *error);
void tc_capture_writer_close(struct tc_record_task *task, struct tc_writer_seat *seat);

#endif
