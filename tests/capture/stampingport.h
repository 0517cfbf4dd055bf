/*
 * A port that stamps, as a NIC would, on a ring: a callback of DPDK's puts a time into each frame
 * that was polled, and operations behind the port's table read the clock that this is a time of.
 *
 * The frame itself says when that was in truth, by this host's clock: into the first message of a
 * MoldUDP64 packet of ITCH goes the time since midnight UTC. So latency is the error of a stamp.
 */
#ifndef TC_TESTS_STAMPINGPORT_H
#define TC_TESTS_STAMPINGPORT_H

#include "tickcapd/porttime.h"

/* What is put behind the port's table. `kind` is one of the table in the source; NULL: unknown. */
const struct tc_port_time_ops *stamping_port_ops(const char *kind);

/* From now on what is polled of that port is stamped. False when DPDK refuses. */
bool stamping_port_begin(uint16_t port);

#endif
