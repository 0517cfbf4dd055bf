/* adjtimex(2); it is only asked, nothing is set. */
#include "tickcapd/hostclock.h"

#include "clock/clock.h"

enum { TAI_MOST_S = 1000 }; /* a number that nobody meant is not believed */

struct tc_host_clock tc_host_clock_of(const struct timex *about)
{
    struct tc_host_clock clock = {TC_ERROR_UNKNOWN, TC_TAI_AHEAD_S};

    /* chronyd and ntpd say what they know; phc2sys sets 0 again and again, which is no estimate */
    if ((about->status & STA_UNSYNC) == 0 && about->maxerror > 0)
        clock.error_ns = (uint64_t)about->maxerror * 1000;
    if (about->tai > 0 && about->tai < TAI_MOST_S)
        clock.tai_s = (uint16_t)about->tai;
    return clock;
}

struct tc_host_clock tc_host_clock_look(void)
{
    struct timex about = {.modes = 0};

    if (adjtimex(&about) == -1)
        about = (struct timex){.status = STA_UNSYNC};
    return tc_host_clock_of(&about);
}
