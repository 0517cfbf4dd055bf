/*
 * What the kernel says of this host's clock: how far it may be from UTC, and how far TAI is ahead.
 * chronyd, ntpd and phc2sys keep that up to date.
 */
#ifndef TC_TICKCAPD_HOSTCLOCK_H
#define TC_TICKCAPD_HOSTCLOCK_H

#include <stdint.h>

enum { TC_TAI_AHEAD_S = 37 }; /* since 2017 */

struct tc_host_clock {
    uint64_t error_ns; /* bound; TC_ERROR_UNKNOWN where nothing synchronises it */
    uint16_t tai_s;    /* seconds that TAI is ahead of UTC */
};

struct tc_host_clock tc_host_clock_look(void);

#endif
