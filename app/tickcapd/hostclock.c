/* adjtimex(2); it is only asked, nothing is set. */
#include "tickcapd/hostclock.h"

#include <sys/timex.h>

#include "clock/clock.h"

struct tc_host_clock tc_host_clock_look(void)
{
    struct timex about = {.modes = 0};
    struct tc_host_clock clock = {TC_ERROR_UNKNOWN, TC_TAI_AHEAD_S};

    if (adjtimex(&about) == -1)
        return clock;
    /* linuxptp leaves maxerror at 0 and lets it grow; chronyd and ntpd say what they know */
    if ((about.status & STA_UNSYNC) == 0)
        clock.error_ns = (uint64_t)about.maxerror * 1000;
    if (about.tai > 0)
        clock.tai_s = (uint16_t)about.tai;
    return clock;
}
