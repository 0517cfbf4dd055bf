/*
 * Driver profiles: what has to be known of a driver, read from drivers-config. Its README says what
 * each key means.
 */
#ifndef TC_TICKCAPD_PROFILE_H
#define TC_TICKCAPD_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "block/catalog.h"
#include "clock/clock.h"
#include "common/yamltable.h"
#include "file/capture.h"

enum {
    TC_BURST_MAX = 256,
    TC_DEVARGS_BYTES = 256,
    TC_XSTAT_BYTES = 64, /* as DPDK's names of counters */
    TC_QUIRK_BYTES = 400,
};

/* Which kernel driver a device is to have while DPDK uses it. */
enum tc_binding {
    TC_BIND_VFIO,
    TC_BIND_KERNEL, /* its own: DPDK's driver works beside it */
    TC_BIND_NONE,   /* no device of the kernel's */
};

/* How frames come to the queues of a port. */
enum tc_steering {
    TC_STEER_RSS,
    TC_STEER_DEVICE, /* as its arguments say: a file, a ring or a socket a queue */
    TC_STEER_SINGLE, /* there is one queue */
};

/* Devices by vendor and device number; `any_device`: all of the vendor. */
struct tc_pci_pattern {
    uint16_t vendor;
    uint16_t device;
    bool any_device;
};

/* A trap of the driver, and where that is written. */
struct tc_quirk {
    struct tc_yaml_mark mark;
    char claim[TC_QUIRK_BYTES];
    char source[TC_QUIRK_BYTES];
};

/* How the clock that stamps frames is read. */
enum tc_stamp_clock {
    TC_STAMP_CLOCK_NONE,    /* it is not */
    TC_STAMP_CLOCK_COUNTER, /* rte_eth_read_clock */
    TC_STAMP_CLOCK_PHC,     /* rte_eth_timesync_read_time */
};

enum {
    TC_PROFILE_ANY_UNIT = TC_CLOCK_UNITS,   /* found out by looking at stamps */
    TC_PROFILE_ANY_EPOCH = TC_CLOCK_EPOCHS, /* found out by looking at the clock, or at stamps */
};

struct tc_profile {
    char name[TC_NAME_BYTES];
    struct tc_yaml_list drivers; /* char[TC_NAME_BYTES] */
    struct tc_yaml_list pci;     /* struct tc_pci_pattern */
    uint64_t descriptors;
    uint64_t rings; /* of that many descriptors, which the driver fills for one queue */
    uint64_t burst;
    uint64_t frame_bytes;
    uint64_t mtu;             /* 0: left as it is */
    uint64_t exhausted_after; /* empty polls; 0: never */
    uint64_t queues_max;
    char devargs[TC_DEVARGS_BYTES];
    int bind;                          /* enum tc_binding */
    int steering;                      /* enum tc_steering */
    int source;                        /* enum tc_clock_source */
    int unit;                          /* enum tc_clock_unit, or TC_PROFILE_ANY_UNIT */
    int epoch;                         /* enum tc_clock_epoch, or TC_PROFILE_ANY_EPOCH */
    int stamp_clock;                   /* enum tc_stamp_clock */
    uint64_t stamp_bits;               /* of the counter that stamps are of */
    int waits;                         /* 1: when_full is wait */
    int loss_counters;                 /* enum tc_loss_counters */
    struct tc_yaml_list missed_xstats; /* char[TC_XSTAT_BYTES]; shell patterns */
    bool queue_pairs;                  /* the driver wants a queue to send for each to receive */
    bool promiscuous;
    bool allmulticast;
    bool vlan_strip;            /* true: the driver cannot be told to leave tags on */
    bool lro;                   /* true: it cannot be told not to join frames */
    struct tc_yaml_list quirks; /* struct tc_quirk */
};

/* Reads the profile in a file; its name is left empty. Texts and lists are from `arena`. */
TC_MUST_USE enum tc_status tc_profile_read(struct tc_profile *profile, const char *path,
                                           struct tc_arena *arena, struct tc_error *error);

/* Reads the profile of that name in a folder. */
TC_MUST_USE enum tc_status tc_profile_find(struct tc_profile *profile, const char *folder,
                                           const char *name, struct tc_arena *arena,
                                           struct tc_error *error);

#endif
