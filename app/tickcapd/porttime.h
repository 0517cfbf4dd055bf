/*
 * Where the time of a port comes from: this host's clock, the processor's counter, and the clock of
 * the device. A table of operations, so that a test can put devices behind it that no machine has.
 */
#ifndef TC_TICKCAPD_PORTTIME_H
#define TC_TICKCAPD_PORTTIME_H

#include <stdbool.h>
#include <stdint.h>

struct tc_port_time_ops {
    void *context;

    /* Whether a port that offers these receive offloads can stamp every frame. */
    bool (*stamps)(void *context, uint16_t port, uint64_t rx_offload_capa);

    /* The counter that stamps are of, and the clock that they are of: 0, or negative errno. */
    int (*read_clock)(void *context, uint16_t port, uint64_t *ticks);
    int (*read_time)(void *context, uint16_t port, uint64_t *time_ns);

    uint64_t (*utc_ns)(void *context); /* this host's clock */
    uint64_t (*tsc)(void *context);
    void (*pause)(void *context, uint64_t ns); /* about that long */
};

/* DPDK's, and the operating system's. */
extern const struct tc_port_time_ops tc_port_time_dpdk;

#endif
