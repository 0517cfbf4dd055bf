/*
 * A NIC that stamps, and a host whose clock and processor's counter can be read, in simulated time:
 * readings take their time, some are interrupted, and every run is the same. A reading's moment is
 * near its end, not in its middle, as whoever reads must assume: so wrong may be what is claimed.
 * The truth is known, as nobody can know it of a real one.
 */
#ifndef TC_TESTS_EMULATEDNIC_H
#define TC_TESTS_EMULATEDNIC_H

#include "support.h"
#include "tickcapd/porttime.h"

struct emulated_nic {
    struct tc_port_time_ops ops; /* the table to put behind a port */
    struct test_random random;
    uint64_t now_ns;    /* the truth, UTC; whatever is read makes it pass */
    int64_t host_ns;    /* this host's clock less the truth */
    double hertz;       /* of the counter, 0: the NIC has times */
    double ppm;         /* by which counter or clock is too fast */
    double swing_ppm;   /* and what its rate swings by in an hour */
    uint64_t unit_ns;   /* of times: 1 or 1000 */
    int64_t ahead_ns;   /* of times: TAI, or an error */
    int64_t stepped_ns; /* by which it was set */
    int bits;           /* of the counter */
    uint64_t read_ns;   /* that a reading of it takes at least, of which the NIC acts on its end */
    bool cannot_stamp, cannot_read;
};

/* Begins at some moment of 2026; members that are 0 may be set before the first reading. */
void emulated_nic_init(struct emulated_nic *nic, uint64_t seed);

/* What the NIC stamps a frame with that arrives at `true_ns`. */
uint64_t emulated_nic_stamp(const struct emulated_nic *nic, uint64_t true_ns);

/* This host's counter at the present moment. */
uint64_t emulated_nic_tsc(const struct emulated_nic *nic);

#endif
