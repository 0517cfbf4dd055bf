/*
 * Which profile a device gets: the one that is named, else the one that knows it best, else
 * "default". A PCI device is known by its numbers, since DPDK names its driver only once it runs.
 */
#ifndef TC_TICKCAPD_PROFILECHOICE_H
#define TC_TICKCAPD_PROFILECHOICE_H

#include "tickcapd/profile.h"

struct tc_device_id {
    const char *driver; /* of a virtual device; else empty */
    bool is_pci;
    uint16_t vendor;
    uint16_t device;
};

/* Profile `name`, or with an empty name the one for the device. A profile of another device is
 * refused. Texts and lists are from `arena`. */
TC_MUST_USE enum tc_status tc_profile_choose(struct tc_profile *profile, const char *name,
                                             const struct tc_device_id *id, struct tc_arena *arena,
                                             struct tc_error *error);

#endif
