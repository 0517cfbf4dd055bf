/* A sample is as good as the time it took: of several, the quickest is kept. */
#include "tickcapd/tscclock.h"

#include <time.h>

#include <rte_cycles.h>

enum { TRIES = 16, FIRST_PAUSE_NS = 100 * 1000 * 1000 };

static uint64_t system_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct tc_clock_sample tc_tsc_sample(void)
{
    struct tc_clock_sample best = {.error_ns = UINT64_MAX};

    for (int i = 0; i < TRIES; i++) {
        uint64_t before = system_ns();
        uint64_t ticks = rte_rdtsc_precise();
        uint64_t after = system_ns();

        if (after < before || (after - before) / 2 >= best.error_ns)
            continue;
        best = (struct tc_clock_sample){ticks, before + (after - before) / 2, (after - before) / 2};
    }
    return best;
}

void tc_tsc_start(struct tc_discipline *discipline)
{
    const struct timespec pause = {.tv_nsec = FIRST_PAUSE_NS};
    struct tc_clock_sample first = tc_tsc_sample();
    struct tc_clock_sample second;

    nanosleep(&pause, NULL);
    second = tc_tsc_sample();
    tc_discipline_init(discipline, TC_CLOCK_TSC, &first, &second);
}
