/*
 * What was received and is not recorded: collected while frames are dropped or filtered, told in
 * band where recording goes on.
 *
 * The entries stand in the order in which frames arrived, one for each run of consecutive numbers
 * of a line and session, so the missing part of a capture can be named exactly, and whoever counts
 * again what a capture holds comes to the same figures. The list is bounded; what has more runs
 * than that keeps its totals and says that the list is not all of it.
 */
#ifndef TC_TRACK_DROP_H
#define TC_TRACK_DROP_H

#include "base/bytes.h"
#include "base/packet.h"
#include "track/ledger.h"

enum {
    TC_DROP_RUNS_MAX = 256,
    TC_DROP_RUN_BYTES = 88,
    TC_DROP_HEAD_BYTES = 88,
    TC_DROP_BYTES_MAX = TC_DROP_HEAD_BYTES + TC_DROP_RUNS_MAX * TC_DROP_RUN_BYTES,
    TC_DROP_FILTERED = 15, /* beside enum tc_drop_cause: left out on purpose */
};

/* Consecutive packets of one line and one fate, or broken frames of it. */
struct tc_drop_run {
    struct tc_run run;
    uint32_t malformed;
    uint32_t ends; /* of the session */
    uint16_t line;
    uint8_t fate; /* enum tc_drop_cause or TC_DROP_FILTERED */
};

struct tc_drop {
    uint64_t frames;    /* dropped */
    uint64_t messages;  /* in them */
    uint64_t unmatched; /* of them */
    uint64_t malformed; /* of them */
    uint64_t filtered_frames;
    uint64_t filtered_messages;
    uint64_t wire_bytes; /* of all */
    uint64_t first_ns;   /* receive times of the first and the last of all frames */
    uint64_t last_ns;
    uint32_t cause; /* enum tc_drop_cause, of those that are dropped */
    uint32_t run_count;
    bool exact; /* every packet is in a run */
    struct tc_drop_run runs[TC_DROP_RUNS_MAX];
};

void tc_drop_clear(struct tc_drop *drop);

static inline bool tc_drop_empty(const struct tc_drop *drop)
{
    return drop->frames + drop->filtered_frames == 0;
}

static inline bool tc_drop_full(const struct tc_drop *drop)
{
    return drop->run_count == TC_DROP_RUNS_MAX;
}

/* Counts a frame of that fate. */
void tc_drop_frame(struct tc_drop *drop, uint8_t fate, uint64_t rx_ns, uint32_t wire_bytes);

enum tc_drop_packet_flag {
    TC_DROP_STALE = 1, /* it is a stale heartbeat */
    TC_DROP_APART = 2, /* trackers put it elsewhere than the line's packet before: no run goes on */
};

/* Says that the frame was a well-formed packet of `line`. */
void tc_drop_packet(struct tc_drop *drop, uint8_t fate, uint16_t line,
                    const struct tc_packet *packet, uint8_t flags);

/* Says that the frame, which was dropped, was of no line, or a broken one of `line`. */
void tc_drop_unmatched(struct tc_drop *drop);
void tc_drop_malformed(struct tc_drop *drop, uint16_t line);

/* Bytes that tc_drop_write takes. */
static inline size_t tc_drop_bytes(const struct tc_drop *drop)
{
    return TC_DROP_HEAD_BYTES + drop->run_count * (size_t)TC_DROP_RUN_BYTES;
}

/*
 * Whether its totals are those of its runs, as far as these are all of it: each packet and each
 * broken frame that was lost is in a run, and of the lost frames the others were of no channel.
 */
bool tc_drop_closes(const struct tc_drop *drop);

void tc_drop_write(struct tc_scribe *out, const struct tc_drop *drop);

/* Fails the cursor when the bytes are no such event. */
void tc_drop_read(struct tc_cursor *in, struct tc_drop *drop);

#endif
