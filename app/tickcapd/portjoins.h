/*
 * What a port has joined, while it captures: the port's side of lib/net/membership.h. All of it
 * runs on the main lcore, which is the only one that sends.
 */
#ifndef TC_TICKCAPD_PORTJOINS_H
#define TC_TICKCAPD_PORTJOINS_H

#include "tickcapd/ethport.h"
#include "tickcapd/published.h"
#include "tickcapd/stray.h"

/* How late the main lcore may come, at most, when something is due; it has more to do. */
enum { TC_JOIN_LATENESS_MS = 100 };

/* A network with its querier. Telemetry reads what is published. */
struct tc_joined_network {
    const struct tc_join_network *plan;
    struct tc_membership membership;
    void *memory;
    tc_published version; /* enum tc_igmp_version in use */
    tc_published reports; /* frames sent */
    tc_published queries;
    tc_published last_query_ns;   /* UTC; 0: none yet */
    tc_published *report_figures; /* of each group of the membership: frames that named it */
};

struct tc_port_joins {
    const struct tc_eth_port *port;
    struct tc_joined_network *networks;
    size_t network_count; /* 0: the port joins nothing */
    struct rte_mempool *pool;
    struct rte_mbuf *unsent; /* the port had no room for it yet */
    bool link_up;
};

/* For a started port; nothing is sent yet. */
TC_MUST_USE enum tc_status tc_port_joins_open(struct tc_port_joins *joins,
                                              const struct tc_eth_port *port,
                                              struct tc_error *error);
void tc_port_joins_close(struct tc_port_joins *joins);

/* Joins as soon as the link is there, and again whenever it comes back. */
void tc_port_joins_link(struct tc_port_joins *joins, bool up);

/* Takes a query that came to the port at `now_ns`, UTC. */
void tc_port_joins_hear(struct tc_port_joins *joins, const struct tc_stray *stray, uint64_t now_ns);

/* Sends what is due. */
void tc_port_joins_step(struct tc_port_joins *joins);

/* Leaves all groups; step until that is said. */
void tc_port_joins_leave(struct tc_port_joins *joins);
bool tc_port_joins_left(const struct tc_port_joins *joins);

#endif
