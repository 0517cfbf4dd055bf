/*
 * The stream of what concerns several streams: the main lcore hears reports of all receivers, has
 * the lines of each channel compared, and tells what follows in batches of its own, which a writer
 * lcore records as a stream of no port.
 */
#ifndef TC_TICKCAPD_CHORUSSTREAM_H
#define TC_TICKCAPD_CHORUSSTREAM_H

#include "block/intake.h"
#include "tickcapd/capturestream.h"
#include "tickcapd/published.h"
#include "tickcapd/reportmerge.h"

struct tc_chorus_stream {
    struct tc_capture_stream rings;
    struct tc_plan_stream planned;
    struct tc_chorus chorus;
    struct tc_intake intake;
    void *memory;
    size_t memory_bytes;
    struct tc_report_merge reports;
    uint64_t lost;        /* reports that found no room */
    uint64_t unheard;     /* these and those of closed sessions, as told last */
    tc_published *merged; /* TC_MERGED_ROWS for each channel, for other threads */
    tc_published *leads;  /* of each line */
};

/* Takes all memory. The stream stays at its address. */
TC_MUST_USE enum tc_status tc_chorus_stream_open(struct tc_chorus_stream *stream,
                                                 const struct tc_capture_plan *plan,
                                                 const struct tc_catalog *catalog,
                                                 struct tc_error *error);
void tc_chorus_stream_close(struct tc_chorus_stream *stream);

/* The reporter of a stream's intake. */
struct tc_line_reporter tc_chorus_stream_reporter(struct tc_chorus_stream *stream, size_t number);

/* Hears the reports whose turn has come; `lost`: how many found no room so far. */
void tc_chorus_stream_step(struct tc_chorus_stream *stream, uint64_t now_ns, uint64_t lost);

/* Ends it, once every receiver has; false: call again. */
bool tc_chorus_stream_finish(struct tc_chorus_stream *stream, uint64_t now_ns);

#endif
