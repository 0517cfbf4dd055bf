/* Samples of a counter, bracketed by readings of this host's clock. */
#ifndef TC_TICKCAPD_CLOCKSAMPLE_H
#define TC_TICKCAPD_CLOCKSAMPLE_H

#include "clock/discipline.h"
#include "tickcapd/porttime.h"

/* What is read between two readings of the host's clock; false where it cannot be read now. */
typedef bool tc_counter(const struct tc_port_time_ops *ops, uint16_t port, uint64_t *ticks);

/* Of several samples the quickest. False where there is none. */
bool tc_clock_sample(const struct tc_port_time_ops *ops, tc_counter *counter, uint16_t port,
                     struct tc_clock_sample *best);

/* The processor's counter; `port` is not looked at. */
bool tc_counter_tsc(const struct tc_port_time_ops *ops, uint16_t port, uint64_t *ticks);

/* The counter, or the clock, by which a port stamps. */
bool tc_counter_port_clock(const struct tc_port_time_ops *ops, uint16_t port, uint64_t *ticks);
bool tc_counter_port_time(const struct tc_port_time_ops *ops, uint16_t port, uint64_t *ticks);

#endif
