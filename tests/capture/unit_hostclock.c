/* What is made of the kernel's answer about this host's clock. */
#include <criterion/criterion.h>

#include "clock/clock.h"
#include "tickcapd/hostclock.h"

Test(hostclock, only_what_somebody_knows_is_claimed)
{
    static const struct {
        int status;
        long maxerror_us;
        uint64_t error_ns;
    } rows[] = {
        {STA_PLL, 1, 1000},
        {STA_PLL | STA_NANO, 16000000, UINT64_C(16000000000)},
        {0, 250, 250000},
        {STA_PLL, 0, TC_ERROR_UNKNOWN}, /* nobody is exactly right */
        {STA_PLL, -1, TC_ERROR_UNKNOWN},
        {STA_UNSYNC, 250, TC_ERROR_UNKNOWN},
        {STA_UNSYNC | STA_PLL, 16000000, TC_ERROR_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct timex about = {.status = rows[i].status, .maxerror = rows[i].maxerror_us};

        cr_assert_eq(tc_host_clock_of(&about).error_ns, rows[i].error_ns, "row %zu", i);
    }
}

Test(hostclock, tai_is_as_the_kernel_says_where_it_was_told)
{
    static const struct {
        int tai;
        uint16_t tai_s;
    } rows[] = {{37, 37},
                {38, 38},
                {1, 1},
                {0, TC_TAI_AHEAD_S},
                {-1, TC_TAI_AHEAD_S},
                {100000, TC_TAI_AHEAD_S},
                {65536 + 5, TC_TAI_AHEAD_S}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct timex about = {.tai = rows[i].tai};

        cr_assert_eq(tc_host_clock_of(&about).tai_s, rows[i].tai_s, "row %zu", i);
    }
}

/* The kernel of this machine is asked, and whether it is synchronised is taken from its answer. */
Test(hostclock, this_host)
{
    const struct tc_host_clock seen = tc_host_clock_look();
    struct timex about = {.modes = 0};

    cr_assert_neq(adjtimex(&about), -1);
    cr_assert_eq(seen.tai_s, tc_host_clock_of(&about).tai_s);
    cr_assert_eq(seen.error_ns == TC_ERROR_UNKNOWN,
                 tc_host_clock_of(&about).error_ns == TC_ERROR_UNKNOWN);
}
