/*
 * Retrace: the trackers of a recorded stream, run again over its frames and over the events that
 * tell of what was left out.
 *
 * They come to what the capture counted while it ran, packet by packet, so a reader learns of every
 * gap where it opened, and whoever verifies can compare. A stream that is not read from its begin
 * goes on where its first segment says; what was missing then is taken from the messages' flags.
 */
#ifndef TC_FILE_RETRACE_H
#define TC_FILE_RETRACE_H

#include "file/reader.h"
#include "track/arbiter.h"
#include "track/drop.h"

/* One packet, or one run of packets that are not recorded, as the trackers took it. */
struct tc_retraced {
    const struct tc_item *item; /* the frame, or the event that tells of the run */
    uint16_t line;
    uint8_t fate;      /* of a run: enum tc_drop_cause or TC_DROP_FILTERED */
    bool recorded;     /* it is a frame's packet */
    bool flags_differ; /* the frame's messages are flagged otherwise */
    struct tc_run run;
    struct tc_verdict verdict;
    struct tc_ruling ruling; /* where the lines are compared in this stream */
    uint64_t late;           /* of the old messages */
    uint64_t time_ns;        /* receive time; of a run, of the last frame of its event */
    uint64_t before_ns;      /* receive time of the line's packet before; 0: none */
    bool before_exact;       /* that packet, if any, is recorded */
    bool ruling_exact;       /* all packets of the channel so far are recorded, and were read */
};

struct tc_retrace_line {
    struct tc_sequence sequence;
    struct tc_arbiter *arbiter;
    uint32_t index;
    uint64_t heard_ns;
    bool left_out; /* the latest packet is not recorded */
    void *memory;
};

struct tc_retrace {
    const struct tc_source *source;
    struct tc_retrace_line *lines;
    struct tc_arbiter **arbiters; /* by channel; NULL where lines are not compared here */
    void **arbiter_memory;
    bool *left_out;          /* by channel: some packets are not recorded */
    struct tc_ledger ledger; /* since the begin of the run, as the trackers give it */
    bool from_begin;         /* the stream is read from its begin */
    bool exact;              /* every packet that was left out has been told of */
};

/* Told of every packet and run; not TC_OK ends the retracing with that status. */
typedef enum tc_status tc_retraced_told(void *context, const struct tc_retraced *retraced,
                                        struct tc_error *error);

/* Begins a stream. `from_begin`: its first item is the first of the run. */
TC_MUST_USE enum tc_status tc_retrace_init(struct tc_retrace *retrace,
                                           const struct tc_source *source, bool from_begin,
                                           struct tc_error *error);
void tc_retrace_free(struct tc_retrace *retrace);

/* Takes an item of that source, in the reader's order. */
TC_MUST_USE enum tc_status tc_retrace_take(struct tc_retrace *retrace, const struct tc_item *item,
                                           tc_retraced_told *told, void *context,
                                           struct tc_error *error);

#endif
