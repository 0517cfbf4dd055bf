/*
 * All clocks of a capture, watched by the main lcore: the processor's counter, and that by which
 * each port stamps. Every round compares them with this host's clock and bends the lines that
 * convert them; what a receiver needs of them is put together for each port.
 */
#ifndef TC_TICKCAPD_CLOCKWATCH_H
#define TC_TICKCAPD_CLOCKWATCH_H

#include "tickcapd/hostclock.h"
#include "tickcapd/portclock.h"
#include "tickcapd/published.h"

/* What other threads may see of a clock; signed numbers are two's complement. */
struct tc_clock_published {
    tc_published slope;       /* of the line, in 2^-48 nanoseconds a tick */
    tc_published drift_ppb;   /* of the line since the start */
    tc_published offset_ns;   /* what the clock showed less this host's: 37 s and more of TAI */
    tc_published residual_ns; /* this host's clock less the converted one */
    tc_published error_ns;    /* TC_ERROR_UNKNOWN */
    tc_published compared_ns; /* when that was; 0: never */
    tc_published corrections;
    tc_published in_sync;
    tc_published steps;
};

/* The clock of a port, and how often one was set by which its receivers convert. */
struct tc_watched_port {
    struct tc_port_clock clock;
    uint64_t first_slope;
    uint32_t steps;
    uint32_t stepped; /* enum tc_stepped_clock: which was set last */
    int64_t step_ns;  /* by how much */
    struct tc_clock_published published;
};

struct tc_clock_watch {
    const struct tc_port_time_ops *ops; /* of the processor's counter: the first port's */
    struct tc_discipline tsc;
    uint64_t first_slope;
    struct tc_host_clock host;
    struct tc_watched_port *ports; /* as in the plan */
    size_t port_count;
    struct tc_clock_published published; /* of the processor's counter */
    tc_published host_error_ns;
};

/*
 * First lines of all clocks; the ports are started. Warns of a port that has no stamps although its
 * profile asks for them, refuses one whose clock cannot be what the profile says.
 */
TC_MUST_USE enum tc_status tc_clock_watch_open(struct tc_clock_watch *watch,
                                               const struct tc_eth_port *ports, size_t port_count,
                                               tc_eth_warn *warn, struct tc_error *error);
void tc_clock_watch_close(struct tc_clock_watch *watch);

/* Compares and corrects all of them; every TC_CLOCK_ROUND_NS. */
void tc_clock_watch_round(struct tc_clock_watch *watch);

/* Asks the kernel how far this host's clock may be off; now and then. */
void tc_clock_watch_host(struct tc_clock_watch *watch);

/* What a receiver of that port converts by. */
struct tc_times tc_clock_watch_times(const struct tc_clock_watch *watch, size_t port);

#endif
