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

#define TC_NEAR_NS UINT64_C(39600000000000) /* eleven hours */

void tc_midnights_init(struct tc_midnights *midnights, const struct tc_zone *zone);

/* `since_midnight_ns` as time since 1970, for a message received at `rx_ns`. */
uint64_t tc_exch_of_midnight(struct tc_midnights *midnights, uint64_t since_midnight_ns,
                             uint64_t rx_ns);

/* The same, without a call where the day is that of the last one asked about. */
static inline uint64_t tc_exch_near_midnight(struct tc_midnights *midnights,
                                             uint64_t since_midnight_ns, uint64_t rx_ns)
{
    uint64_t time = (uint64_t)midnights->midnight_ns[1] + since_midnight_ns;
    uint64_t apart = time > rx_ns ? time - rx_ns : rx_ns - time;

    /* no day is shorter than 22 hours, so that another midnight is farther off */
    if (apart < TC_NEAR_NS && rx_ns >= midnights->from_ns && rx_ns < midnights->to_ns)
        return time;
    return tc_exch_of_midnight(midnights, since_midnight_ns, rx_ns);
}

#endif
