/*
 * Exchange times made absolute: nanoseconds since 1970, UTC.
 *
 * A feed that counts from midnight does not say of which day. The receive time does: of the local
 * midnights around it, the one is taken that puts the exchange time closest to the receive time.
 * That holds across midnight, on days when clocks change, and for pcaps of long ago.
 */
#ifndef TC_CLOCK_EXCHTIME_H
#define TC_CLOCK_EXCHTIME_H

#include "clock/zone.h"

/* The midnights around the last receive time asked about; valid until it leaves the window. */
struct tc_midnights {
    const struct tc_zone *zone;
    uint64_t from_ns; /* window of receive times for which `midnight_ns` stand */
    uint64_t to_ns;
    int64_t midnight_ns[3]; /* of the day before, the day, and the day after */
};

void tc_midnights_init(struct tc_midnights *midnights, const struct tc_zone *zone);

/* `since_midnight_ns` as time since 1970, for a message received at `rx_ns`. */
uint64_t tc_exch_of_midnight(struct tc_midnights *midnights, uint64_t since_midnight_ns,
                             uint64_t rx_ns);

#endif
