/* The processor's counter as a clock: samples of it, bracketed by readings of the system clock. */
#ifndef TC_TICKCAPD_TSCCLOCK_H
#define TC_TICKCAPD_TSCCLOCK_H

#include "clock/discipline.h"

/* The best of several samples. */
struct tc_clock_sample tc_tsc_sample(void);

/* A first line, from two samples 100 ms apart. */
void tc_tsc_start(struct tc_discipline *discipline);

#endif
