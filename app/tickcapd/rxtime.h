/*
 * The times of a receiver: of the burst, from the processor's counter, and of each frame, from its
 * stamp where it has one that can be true.
 *
 * The counter is read once a burst. A stamp costs a multiplication, an addition and the comparisons
 * of the gate; all else happens where a stamp is refused or a clock was set.
 */
#ifndef TC_TICKCAPD_RXTIME_H
#define TC_TICKCAPD_RXTIME_H

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "block/intake.h"
#include "clock/timegate.h"

struct tc_rx_time {
    struct tc_time_exchange *exchange; /* corrections, from the main lcore */
    const struct tc_times *times;      /* as taken up for this burst */
    const struct tc_clock *stamps;     /* by which stamps are converted */
    uint64_t proc_ns;                  /* of this burst */
    uint64_t flag;                     /* of mbufs that have a stamp; 0: the port gives none */
    int offset;                        /* of its dynamic field */
    bool undecided;  /* of which unit and epoch stamps are is seen from the first of them */
    int unit, epoch; /* as the profile has them */
    struct tc_time_gate gate;
    struct tc_clock as_stamped; /* where stamps are times, and nothing corrects them */
    uint32_t steps;             /* of a clock, that have been told */
    uint16_t tai_s;
    uint16_t port; /* number in the capture */
    /* frames whose stamp was refused and that are not told of yet */
    uint64_t refused;
    uint64_t refused_stamp; /* of the first of them */
    uint32_t why;           /* enum tc_time_verdict */
    uint64_t told_ns;       /* when some were told of last */
    uint64_t unstamped;     /* frames without a stamp */
};

/* What a receiver knows when it starts; see the members of tc_rx_time. */
struct tc_rx_time_options {
    struct tc_time_exchange *exchange;
    uint64_t flag;
    int offset;
    enum tc_clock_source source;
    bool as_stamped; /* stamps are times of `as_stamped`, which is not corrected */
    bool undecided;  /* or that is to be found out */
    int unit, epoch; /* what the profile says of that; or TC_PROFILE_ANY_UNIT, _ANY_EPOCH */
    struct tc_clock clock;
    uint16_t tai_s;
    uint16_t port;
};

void tc_rx_time_init(struct tc_rx_time *time, const struct tc_rx_time_options *options);

/* A burst was polled, or none came: takes up corrections, tells of clocks that were set. */
void tc_rx_time_burst(struct tc_rx_time *time, uint64_t tsc, struct tc_intake *intake);

/* The clock that blocks are to know. */
struct tc_clock tc_rx_time_clock(const struct tc_rx_time *time);

/* Tells of stamps that were refused, once a second while there are such; or now, at the end. */
void tc_rx_time_tell(struct tc_rx_time *time, struct tc_intake *intake, bool now);

/* Finds out what a stamp is a time of, and judges it. */
uint64_t tc_rx_time_find_out(struct tc_rx_time *time, uint64_t stamp, struct tc_intake *intake,
                             uint16_t *flags);

/* What becomes of a time that was not simply good. */
uint64_t tc_rx_time_doubt(struct tc_rx_time *time, uint64_t stamp, uint64_t rx_ns,
                          enum tc_time_verdict verdict, struct tc_intake *intake, uint16_t *flags);

/* The receive time of a frame, and what is to be said of it. */
static inline uint64_t tc_rx_time_frame(struct tc_rx_time *time, const struct rte_mbuf *mbuf,
                                        struct tc_intake *intake, uint16_t *flags)
{
    enum tc_time_verdict verdict;
    uint64_t stamp, rx_ns;

    if ((mbuf->ol_flags & time->flag) == 0) {
        time->unstamped++;
        *flags = TC_FRAME_SOFTWARE_TIME;
        return time->proc_ns;
    }
    stamp = *RTE_MBUF_DYNFIELD(mbuf, time->offset, const rte_mbuf_timestamp_t *);
    if (__builtin_expect(time->undecided, 0))
        return tc_rx_time_find_out(time, stamp, intake, flags);
    rx_ns = tc_clock_ns(time->stamps, stamp);
    verdict = tc_time_gate_judge(&time->gate, &rx_ns, time->proc_ns);
    if (__builtin_expect(verdict != TC_TIME_GOOD, 0))
        return tc_rx_time_doubt(time, stamp, rx_ns, verdict, intake, flags);
    return rx_ns;
}

#endif
