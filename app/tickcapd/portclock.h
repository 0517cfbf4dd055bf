/*
 * The clock of a port: how its stamps become UTC, kept right by the main lcore.
 *
 * Stamps of nanoseconds or microseconds since 1970 are taken as they are, less what their epoch is
 * ahead; the clock that makes them is compared with this host's all the same, and how far apart
 * they are is part of what a capture claims. Ticks of a free-running counter are converted by a
 * line that is corrected ten times a second. Where neither can be had, the port has software time:
 * the processor's counter when a burst is polled.
 */
#ifndef TC_TICKCAPD_PORTCLOCK_H
#define TC_TICKCAPD_PORTCLOCK_H

#include "tickcapd/clocksample.h"
#include "tickcapd/ethport.h"

#define TC_CLOCK_ROUND_NS   UINT64_C(100000000) /* between corrections */
#define TC_CLOCK_HORIZON_NS UINT64_C(500000000) /* in which one makes up for what is missing */

/* What is done for a port. */
enum tc_port_clock_way {
    TC_WAY_SOFTWARE,   /* no stamps, or none that can be used */
    TC_WAY_AS_STAMPED, /* stamps are times, and nothing can be compared with them */
    TC_WAY_COMPARED,   /* stamps are times of a clock that can be read */
    TC_WAY_CONVERTED,  /* stamps are ticks of a counter that can be read */
};

struct tc_port_clock {
    const struct tc_port_time_ops *ops;
    uint16_t port_id;
    uint8_t way; /* enum tc_port_clock_way */
    tc_counter *counter;
    struct tc_discipline discipline; /* of ticks */
    struct tc_clock clock;           /* in force; of TC_WAY_SOFTWARE that of the TSC */
    struct tc_claim claim;           /* of how far times as stamped and this host's were apart */
    uint32_t steps;
    int64_t step_ns;
    uint32_t second_off; /* comparisons in a row that were a second off: a leap second */
};

/*
 * Looks at a started port's clock, and refuses one whose unit or epoch cannot be what the profile
 * says. A port that has no stamps although the profile asks for them is warned of.
 */
TC_MUST_USE enum tc_status tc_port_clock_open(struct tc_port_clock *clock,
                                              const struct tc_port_time_ops *ops,
                                              const struct tc_eth_port *port, uint16_t tai_s,
                                              tc_eth_warn *warn, struct tc_error *error);

/* Whether unit or epoch of the stamps are only known once one is seen. */
bool tc_port_clock_is_open(const struct tc_port_clock *clock, const struct tc_profile *profile);

/* Who stamps by that profile, for sentences. */
const char *tc_stamps_giver(const struct tc_profile *profile);

/* Compares and corrects. True when a clock was set, and by step_ns. */
bool tc_port_clock_round(struct tc_port_clock *clock);

#endif
