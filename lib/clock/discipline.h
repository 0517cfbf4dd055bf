/*
 * A counter held to UTC: from samples of (counter, system clock) to the line that converts it.
 *
 * The rate is measured over as long a time as there is, and corrected again and again; the line is
 * bent so that it meets the system clock at the next correction, never broken, so converted times
 * only ever move on. Where the two are further apart than can be bent, the system clock was set:
 * then the line starts anew.
 */
#ifndef TC_CLOCK_DISCIPLINE_H
#define TC_CLOCK_DISCIPLINE_H

#include "clock/claim.h"
#include "clock/clock.h"

/* The counter, and what the system clock showed at that moment, give or take `error_ns`. */
struct tc_clock_sample {
    uint64_t ticks;
    uint64_t utc_ns;
    uint64_t error_ns;
};

enum {
    TC_DISCIPLINE_SAMPLES = 64,
    TC_SETTLED_SAMPLES = 8,        /* after which a rate is believed */
    TC_STEP_NS = 10 * 1000 * 1000, /* apart by more: the system clock was set */
};

#define TC_STALE_NS UINT64_C(1000000000) /* after which even a poor sample is better than none */

struct tc_discipline {
    struct tc_clock clock;
    struct tc_clock_sample samples[TC_DISCIPLINE_SAMPLES]; /* a ring; the rate is over all of it */
    struct tc_claim claim; /* of how far line and system clock were apart */
    uint32_t count;
    uint32_t steps;  /* of the system clock, or of the counter */
    int64_t step_ns; /* by which it was set last */
};

/* Two samples some time apart give the first line. `second` is the later one. */
void tc_discipline_init(struct tc_discipline *discipline, enum tc_clock_source source,
                        uint8_t spare_bits, const struct tc_clock_sample *first,
                        const struct tc_clock_sample *second);

/*
 * Takes a sample; afterwards discipline->clock is the line to use until the next one. What the line
 * lacks is made up for within `horizon_ns`. A sample that took much longer than others is passed
 * over, unless nothing better has come for a second.
 */
void tc_discipline_take(struct tc_discipline *discipline, const struct tc_clock_sample *sample,
                        uint64_t horizon_ns);

#endif
