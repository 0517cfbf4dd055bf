/*
 * What a port's driver says it lost. As good as the profile's loss_counters: a driver that does not
 * count says nothing here, and that is told where it matters.
 */
#ifndef TC_TICKCAPD_PORTLOSSES_H
#define TC_TICKCAPD_PORTLOSSES_H

#include "tickcapd/profile.h"

enum { TC_MISSED_COUNTERS_MAX = 64 };

struct tc_port_losses {
    uint64_t missed; /* no descriptor was free, or no room before that */
    uint64_t errors; /* frames of the wire that were broken or too long */
    uint64_t no_buffer;
};

/* The counters of a port, from the moment it was started. */
struct tc_loss_reader {
    uint16_t port_id;
    uint32_t count;
    uint64_t ids[TC_MISSED_COUNTERS_MAX]; /* of the profile's missed_xstats */
    struct tc_port_losses at_start;
};

/*
 * Looks up the counters of a started port. Names of the profile that the driver does not have go
 * into `unknown` with commas between, which is empty when there are none.
 */
void tc_loss_reader_open(struct tc_loss_reader *reader, uint16_t port_id,
                         const struct tc_profile *profile, char *unknown, size_t size);

/* Since the port was started. */
struct tc_port_losses tc_loss_reader_read(const struct tc_loss_reader *reader);

#endif
