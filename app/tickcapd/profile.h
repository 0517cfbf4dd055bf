/*
 * Driver profiles: what has to be known of a driver, read from drivers-config.
 */
#ifndef TC_TICKCAPD_PROFILE_H
#define TC_TICKCAPD_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "block/catalog.h"
#include "clock/clock.h"
#include "common/yamltable.h"

enum { TC_BURST_MAX = 256, TC_DEVARGS_BYTES = 256 };

enum tc_loss_counters {
    TC_LOSS_EXACT,
    TC_LOSS_PARTIAL,
    TC_LOSS_ABSENT,
};

struct tc_profile {
    char name[TC_NAME_BYTES];
    struct tc_yaml_list drivers; /* char[TC_NAME_BYTES] */
    uint64_t descriptors;
    uint64_t burst;
    uint64_t frame_bytes;
    uint64_t exhausted_after; /* empty polls; 0: never */
    char devargs[TC_DEVARGS_BYTES];
    int source; /* enum tc_clock_source */
    int unit;   /* enum tc_clock_unit */
    int waits;  /* 1: when_full is wait */
    int loss_counters;
    bool promiscuous;
};

/* Reads the profile in a file; its name is left to the caller. */
TC_MUST_USE enum tc_status tc_profile_read(struct tc_profile *profile, const char *path,
                                           struct tc_arena *arena, struct tc_error *error);

/*
 * Loads profile `name`, or with an empty name the one for `driver`, or else "default". Texts and
 * lists are from `arena`.
 */
TC_MUST_USE enum tc_status tc_profile_load(struct tc_profile *profile, const char *name,
                                           const char *driver, struct tc_arena *arena,
                                           struct tc_error *error);

#endif
