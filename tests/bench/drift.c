/*
 * How far software time is from the system clock while the main lcore corrects it, as it does in a
 * capture: the processor's counter is converted now and then in between, and compared.
 *
 * usage: drift SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tickcapd/clockwatch.h"

enum { LOOKS_A_ROUND = 4 };

#define SECOND_NS 1000000000

static void pause_ns(long ns)
{
    nanosleep(&(const struct timespec){.tv_nsec = ns}, NULL);
}

/* What a receiver would show now, less the system clock; a quick sample is a good one. */
static int64_t apart_ns(const struct tc_clock_watch *watch)
{
    struct tc_times times = tc_clock_watch_times(watch, 0);
    struct tc_clock_sample now;

    if (!tc_clock_sample(&tc_port_time_dpdk, tc_counter_tsc, 0, &now))
        return 0;
    return (int64_t)(tc_clock_ns(&times.tsc, now.ticks) - now.utc_ns);
}

int main(int count, char **words)
{
    struct tc_plan_port plan = {.profile = {.source = TC_CLOCK_TSC}, .time = &tc_port_time_dpdk};
    struct tc_eth_port port = {.plan = &plan};
    struct tc_clock_watch watch;
    struct tc_error error = {0};
    int seconds = count == 2 ? atoi(words[1]) : 60;
    int64_t first_ns, worst_ns = 0, last_ns = 0;

    if (tc_clock_watch_open(&watch, &port, 1, NULL, &error) != TC_OK) {
        fprintf(stderr, "drift: %s\n", error.text);
        return 1;
    }
    first_ns = apart_ns(&watch);
    for (int round = 0; round < seconds * 10; round++) {
        for (int look = 0; look < LOOKS_A_ROUND; look++) {
            pause_ns((long)TC_CLOCK_ROUND_NS / LOOKS_A_ROUND);
            last_ns = apart_ns(&watch);
            if (llabs(last_ns) > worst_ns)
                worst_ns = llabs(last_ns);
        }
        tc_clock_watch_round(&watch);
    }
    printf("clock: software time drifted %.4f ppm from CLOCK_REALTIME in %d s; it was %ld ns apart "
           "at most, %lu ns are claimed\n",
           (double)llabs(last_ns - first_ns) / ((double)seconds * SECOND_NS) * 1e6, seconds,
           (long)worst_ns, watch.tsc.clock.error_ns);
    tc_clock_watch_close(&watch);
    return 0;
}
