/*
 * The receiving task: from a port's queue to the intake.
 */
#ifndef TC_TICKCAPD_RECEIVE_H
#define TC_TICKCAPD_RECEIVE_H

#include <stdalign.h>

#include <rte_mbuf.h>

#include "block/intake.h"
#include "tickcapd/capturestream.h"
#include "tickcapd/notice.h"
#include "tickcapd/published.h"
#include "tickcapd/rxtime.h"
#include "tickcapd/tasks.h"

/* What other threads may see of a receiver. */
struct tc_receiver_published {
    alignas(64) tc_published ledger[TC_LEDGER_ROWS];
    tc_published polled; /* frames that the port gave */
    tc_published polled_bytes;
    tc_published bursts;
    tc_published empty_polls;
    tc_published exhausted; /* 1: a file source has ended */
    tc_published quiet;     /* 1: nothing is polled any more, and all of it is taken up */
    tc_published reports_lost;
    tc_published unstamped; /* frames without a stamp of the port */
    /* the clock that its blocks are told of */
    tc_published clock_kind;        /* tc_clock_kind_of */
    tc_published clock_error_ns;    /* TC_ERROR_UNKNOWN */
    tc_published clock_compared_ns; /* when that was last; 0: never */
    tc_published clock_in_sync;
    tc_published *figures; /* TC_FIGURE_ROWS for each line of the catalog */
    tc_published *merged;  /* TC_MERGED_ROWS for each channel */
    tc_published *leads;   /* of each line: packets that came first on it */
};

/* Source, unit and epoch of a clock in one number. */
static inline uint64_t tc_clock_kind_of(const struct tc_clock *clock)
{
    return clock->source | (uint64_t)clock->unit << 8 | (uint64_t)clock->epoch << 16;
}

/* How far a capture has come to its end; each phase is entered once. */
enum tc_phase {
    TC_PHASE_CAPTURE,
    TC_PHASE_QUIET, /* receivers poll no more; the ports' counters are looked at a last time */
    TC_PHASE_END,   /* everything is handed over */
};

struct tc_receiver {
    struct tc_task task;
    struct tc_intake intake;
    struct tc_rx_time time;
    const atomic_int *phase;  /* enum tc_phase, set by the main lcore */
    struct rte_ring *notices; /* struct tc_notice, from the main lcore */
    uint16_t port_id;
    uint16_t queue;
    uint16_t burst;
    bool waits; /* not polled while no batch is free */
    uint64_t exhausted_after;
    /* a burst that could not be taken up whole */
    uint16_t pending;
    uint16_t pending_first;
    struct rte_mbuf *mbufs[TC_BURST_MAX];
    uint64_t empty_in_row;
    uint64_t published_ns; /* when counters were published last */
    uint64_t polled, polled_bytes, bursts, empty_polls;
    bool exhausted;
    uint8_t *linear; /* room for a frame that arrived in several buffers */
    struct tc_receiver_published published;
};

extern const struct tc_task_ops tc_receiver_ops;

/* Publishes all counters; the receiver's own thread does so every millisecond and at its end. */
void tc_receiver_publish(struct tc_receiver *receiver);

#endif
