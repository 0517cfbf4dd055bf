/*
 * What the kernel says of this host's clock: how far it may be from UTC, and how far TAI is ahead.
 * Whoever synchronises the clock keeps that up to date, or does not know it.
 */
#ifndef TC_TICKCAPD_HOSTCLOCK_H
#define TC_TICKCAPD_HOSTCLOCK_H

#include <stdint.h>
#include <sys/timex.h>

enum { TC_TAI_AHEAD_S = 37 }; /* since 2017 */

struct tc_host_clock {
    uint64_t error_ns; /* bound; TC_ERROR_UNKNOWN where nothing synchronises it, or tells */
    uint16_t tai_s;    /* seconds that TAI is ahead of UTC */
};

struct tc_host_clock tc_host_clock_look(void);

/* By what adjtimex(2) has answered. */
struct tc_host_clock tc_host_clock_of(const struct timex *about);

#endif
