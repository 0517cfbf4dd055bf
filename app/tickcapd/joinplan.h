/*
 * What a port joins: the groups of its lines, by VLAN, since each VLAN is a network of its own with
 * a querier of its own.
 */
#ifndef TC_TICKCAPD_JOINPLAN_H
#define TC_TICKCAPD_JOINPLAN_H

#include <stdio.h>

#include "common/config.h"
#include "net/membership.h"

/* The groups of one network. */
struct tc_join_network {
    uint16_t vlan; /* TC_VLAN_NONE: frames without a tag */
    uint32_t group_count;
    const struct tc_membership_want *wants; /* as tc_membership_init() wants them */
    size_t want_count;
};

struct tc_join_plan {
    struct tc_join_network *networks;
    size_t network_count; /* 0: the port joins nothing */
    uint32_t address;     /* of the reports; 0: none */
    const char *of;       /* whose address it is: "address", or a kernel interface */
    enum tc_igmp_version version_most;
};

/*
 * Plans the joins of port `number`; those of lines without a port are every port's. `interface` is
 * the kernel's name of the device or empty. Memory is from `arena`.
 */
TC_MUST_USE enum tc_status tc_join_plan_make(struct tc_join_plan *plan,
                                             const struct tc_config *config, uint8_t number,
                                             const char *interface, struct tc_arena *arena,
                                             struct tc_error *error);

void tc_join_plan_print(FILE *out, const struct tc_join_plan *plan);

#endif
