/*
 * What a loss swallowed: collected while frames are dropped, told when the next batch is free.
 *
 * The entries stand in the order in which frames arrived, one for each run of consecutive numbers
 * of a line and session, so the missing part of a capture can be named exactly. The list is
 * bounded; a loss with more runs than that keeps its totals and says that they are all it has.
 */
#ifndef TC_TRACK_DROP_H
#define TC_TRACK_DROP_H

#include "base/bytes.h"
#include "base/packet.h"
#include "track/ledger.h"

enum {
    TC_DROP_RUNS_MAX = 256,
    TC_DROP_RUN_BYTES = 56,
    TC_DROP_HEAD_BYTES = 64,
    TC_DROP_BYTES_MAX = TC_DROP_HEAD_BYTES + TC_DROP_RUNS_MAX * TC_DROP_RUN_BYTES,
};

/* Consecutive packets of one line and session. */
struct tc_drop_run {
    struct tc_session_id session;
    uint64_t first; /* numbers first <= n < end were received, but are not recorded */
    uint64_t end;
    uint32_t packets; /* all kinds */
    uint32_t heartbeats;
    uint32_t malformed;
    uint32_t ends; /* of the session */
    uint16_t line;
};

struct tc_drop {
    uint64_t frames;
    uint64_t messages;
    uint64_t unmatched;
    uint64_t first_ns; /* receive times of the first and the last frame */
    uint64_t last_ns;
    uint64_t wire_bytes;
    uint32_t cause; /* enum tc_drop_cause */
    uint32_t run_count;
    bool exact; /* every packet is in a run */
    struct tc_drop_run runs[TC_DROP_RUNS_MAX];
};

void tc_drop_clear(struct tc_drop *drop);

/* Counts a frame, without saying what was in it. */
void tc_drop_frame(struct tc_drop *drop, uint64_t rx_ns, uint32_t wire_bytes);

/* Says that the frame was a well-formed packet of `line`. */
void tc_drop_packet(struct tc_drop *drop, uint16_t line, const struct tc_packet *packet);

/* Says that the frame was a broken one of `line`. */
void tc_drop_malformed(struct tc_drop *drop, uint16_t line);

void tc_drop_write(struct tc_scribe *out, const struct tc_drop *drop);

/* Fails the cursor when the bytes are no such event. */
void tc_drop_read(struct tc_cursor *in, struct tc_drop *drop);

#endif
