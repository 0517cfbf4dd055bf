/*
 * Whether a receive time can be true.
 *
 * Stamps come from devices that may be unset, wrap, or be set while frames arrive. One that cannot
 * be true must not get into a file as if it were: zero, far from the clock of this host, or before
 * the frame before. The frame is recorded all the same, with the time at which its burst was
 * handled, and marked.
 *
 * A device whose clock was set back goes on from there. Where nobody compares that clock, frames
 * that are only before the one before, and in order among themselves for a while, are believed
 * again: the clock was set. Where somebody does, the gate is told.
 *
 * Times of files are those of another day, and are what the capture is of: only what is no time at
 * all is refused there.
 */
#ifndef TC_CLOCK_TIMEGATE_H
#define TC_CLOCK_TIMEGATE_H

#include <stdbool.h>
#include <stdint.h>

/* Why a time is refused; the ids stand in recorded files. */
enum tc_time_verdict {
    TC_TIME_GOOD = 0,
    TC_TIME_ZERO = 1,
    TC_TIME_PAST = 2,
    TC_TIME_FUTURE = 3,
    TC_TIME_BACKWARD = 4,
    TC_TIME_STEPPED, /* good, and the device's clock was set: see step_ns */
    TC_TIME_VERDICTS
};

enum { TC_BACKWARD_FRAMES = 64 }; /* in order among themselves: the clock was set back */

#define TC_FUTURE_NS   UINT64_C(1000000000) /* that a stamp may be ahead, of a clock nobody knows */
#define TC_PAST_NS     UINT64_C(10000000000) /* ... or behind: frames wait in a queue */
#define TC_TREMBLE_NS  UINT64_C(1000) /* before the frame before: shown as at the same time */
#define TC_FILE_MIN_NS UINT64_C(946684800000000000)  /* 2000 */
#define TC_FILE_MAX_NS UINT64_C(4102444800000000000) /* 2100 */

struct tc_time_gate {
    bool of_file;
    bool is_watched;   /* whoever compares the clock tells when it was set: tc_time_gate_reset */
    uint64_t ahead_ns; /* that a stamp may be ahead of this host's clock */
    uint64_t last_ns;  /* of the frame before, as shown */
    uint64_t back_ns;  /* of the frame before that was refused for being before it */
    uint32_t back_frames;
    int64_t step_ns; /* by which the device's clock was set last */
};

/* The device's clock, or this host's, was set on purpose: what comes may be before what came. */
static inline void tc_time_gate_reset(struct tc_time_gate *gate)
{
    gate->last_ns = 0;
    gate->back_frames = 0;
}

enum tc_time_verdict tc_time_gate_doubt(struct tc_time_gate *gate, uint64_t *rx_ns,
                                        uint64_t now_ns);

/*
 * Judges a receive time, which may be moved up to that of the frame before where it is hardly less.
 * `now_ns`: this host's clock when the frame was handled.
 */
static inline enum tc_time_verdict tc_time_gate_judge(struct tc_time_gate *gate, uint64_t *rx_ns,
                                                      uint64_t now_ns)
{
    if (*rx_ns < gate->last_ns || *rx_ns - (now_ns - TC_PAST_NS) > TC_PAST_NS + gate->ahead_ns ||
        gate->of_file)
        return tc_time_gate_doubt(gate, rx_ns, now_ns);
    gate->last_ns = *rx_ns;
    gate->back_frames = 0;
    return TC_TIME_GOOD;
}

#endif
