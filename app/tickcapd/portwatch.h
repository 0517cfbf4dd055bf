/*
 * Watching a port from outside: its driver's counters of losses and its link, looked at once in a
 * while and passed on where they have changed. Counters never run backwards here, whatever a driver
 * or a reset of the device makes of them.
 */
#ifndef TC_TICKCAPD_PORTWATCH_H
#define TC_TICKCAPD_PORTWATCH_H

#include "tickcapd/ethport.h"
#include "tickcapd/notice.h"
#include "tickcapd/published.h"

struct tc_port_watch {
    const struct tc_eth_port *port;
    uint16_t number;            /* of the port in the capture */
    struct tc_port_losses last; /* as the driver said */
    struct tc_nic nic;          /* since the start, ever growing */
    bool link_known;
    bool link_up;
    struct {
        tc_published nic[TC_NIC_ROWS];
        tc_published link_up;
        tc_published link_mbps; /* 0: not known */
    } published;                /* for other threads */
};

/* Where notices go; false when there is no room now. */
typedef bool tc_notice_sent(void *context, const struct tc_notice *notice);

void tc_port_watch_init(struct tc_port_watch *watch, const struct tc_eth_port *port,
                        uint16_t number);

/* Looks at the port at `now_ns`, UTC. The counters are always passed on, so their time is known. */
void tc_port_watch_look(struct tc_port_watch *watch, uint64_t now_ns, tc_notice_sent *sent,
                        void *context);

/* Adds what a driver's counters rose by; one that fell has been reset and counts from zero. */
void tc_port_watch_add(struct tc_port_watch *watch, const struct tc_port_losses *losses);

#endif
