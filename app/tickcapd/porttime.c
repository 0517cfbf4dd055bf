/* Nothing here sets a clock: that of a NIC belongs to whoever synchronises the host. */
#ifndef ALLOW_EXPERIMENTAL_API /* rte_eth_read_clock is one since 19.08 */
#define ALLOW_EXPERIMENTAL_API
#endif

#include "tickcapd/porttime.h"

#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

static bool stamps(void *context, uint16_t port, uint64_t rx_offload_capa)
{
    (void)context;
    (void)port;
    return (rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP) != 0;
}

static int read_clock(void *context, uint16_t port, uint64_t *ticks)
{
    (void)context;
    return rte_eth_read_clock(port, ticks);
}

static int read_time(void *context, uint16_t port, uint64_t *time_ns)
{
    struct timespec time;
    int result = rte_eth_timesync_read_time(port, &time);

    (void)context;
    if (result == 0)
        *time_ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
    return result;
}

static uint64_t utc_ns(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t tsc(void *context)
{
    (void)context;
    return rte_rdtsc_precise();
}

static void pause_for(void *context, uint64_t ns)
{
    (void)context;
    nanosleep(&(const struct timespec){.tv_nsec = (long)ns}, NULL);
}

const struct tc_port_time_ops tc_port_time_dpdk = {
    .stamps = stamps,
    .read_clock = read_clock,
    .read_time = read_time,
    .utc_ns = utc_ns,
    .tsc = tsc,
    .pause = pause_for,
};
