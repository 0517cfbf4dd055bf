/*
 * How far two clocks that are compared again and again may be apart: as far as they were found to
 * be lately, and a fourth more, as the next time is not known yet.
 */
#ifndef TC_CLOCK_CLAIM_H
#define TC_CLOCK_CLAIM_H

#include <stdint.h>

enum { TC_CLAIM_SAMPLES = 16 };

struct tc_claim {
    uint64_t apart_ns[TC_CLAIM_SAMPLES]; /* a ring */
    uint32_t count;                      /* ever; 0 begins anew */
};

/* Takes how far they were apart this time; answers what is to be claimed until the next. */
uint64_t tc_claim_take(struct tc_claim *claim, uint64_t apart_ns);

#endif
