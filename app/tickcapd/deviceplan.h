/*
 * A port's device before DPDK knows it: what it is, its profile, and whether it can be captured
 * from as it stands.
 */
#ifndef TC_TICKCAPD_DEVICEPLAN_H
#define TC_TICKCAPD_DEVICEPLAN_H

#include "tickcapd/captureplan.h"

/* Fills in a port but for its joins. TC_USAGE with one sentence for what cannot work. */
TC_MUST_USE enum tc_status tc_device_plan(struct tc_plan_port *port,
                                          const struct tc_config_port *config,
                                          struct tc_arena *arena, struct tc_error *error);

#endif
