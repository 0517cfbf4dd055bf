/*
 * Ports: finding the one that a device became, configuring its queues, asking it what it lost.
 */
#ifndef TC_TICKCAPD_ETHPORT_H
#define TC_TICKCAPD_ETHPORT_H

#include <rte_mempool.h>

#include "tickcapd/captureplan.h"
#include "tickcapd/portlosses.h"

struct tc_eth_port {
    const struct tc_plan_port *plan;
    struct rte_mempool *pool;
    uint16_t id;
    uint16_t send_descriptors; /* of each queue to send; 0: there is none */
    bool started;
    bool promiscuous;    /* it lets all frames in */
    bool multicast;      /* or all groups */
    bool has_stamps;     /* the driver may stamp frames */
    uint64_t stamp_flag; /* in an mbuf's flags */
    int stamp_offset;    /* of its dynamic field */
    struct tc_loss_reader losses;
};

/* Configures and starts a port; a warning about what it cannot do goes to `warn`. */
typedef void tc_eth_warn(const char *sentence);

TC_MUST_USE enum tc_status tc_eth_port_start(struct tc_eth_port *port,
                                             const struct tc_plan_port *plan, tc_eth_warn *warn,
                                             struct tc_error *error);
void tc_eth_port_stop(struct tc_eth_port *port);

/* Whether there is a link; true where the driver cannot say. */
bool tc_eth_port_link_up(const struct tc_eth_port *port);

/* What the driver says it lost since the start. */
struct tc_port_losses tc_eth_port_losses(const struct tc_eth_port *port);

#endif
