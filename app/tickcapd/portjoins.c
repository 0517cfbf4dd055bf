/* Frames of the memberships go into mbufs, queries to the membership of the VLAN they came in. */
#include "tickcapd/portjoins.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#define MS_NS UINT64_C(1000000)

/* Timers go by the monotonic clock, which no step of the system clock moves. */
static uint64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * MS_NS + (uint64_t)now.tv_nsec;
}

/* ---- set-up ---- */

static enum tc_status make_pool(struct tc_port_joins *joins, struct tc_error *error)
{
    char name[RTE_MEMPOOL_NAMESIZE];

    snprintf(name, sizeof name, "tc_joins%u", joins->port->id);
    /* a driver may keep frames until every descriptor has been used */
    joins->pool = rte_pktmbuf_pool_create(name, joins->port->send_descriptors + 64u, 0, 0,
                                          TC_IGMP_FRAME_BYTES + RTE_PKTMBUF_HEADROOM,
                                          joins->port->plan->memory_node);
    return joins->pool != NULL
               ? TC_OK
               : tc_fail(error, TC_MEMORY, "port %s: join: no memory for buffers: %s",
                         joins->port->plan->config->name, rte_strerror(rte_errno));
}

static struct tc_membership_options options_of(const struct tc_eth_port *port, uint16_t vlan)
{
    struct tc_membership_options options = {
        .sender = {.vlan = vlan,
                   .address = port->plan->joins.address,
                   .packet_bytes = TC_IGMP_PACKET_BYTES},
        .version_most = port->plan->joins.version_most,
        .lateness_ns = TC_JOIN_LATENESS_MS * MS_NS,
        .seed = rte_rdtsc(),
    };
    struct rte_ether_addr mac = {0};
    uint16_t mtu;

    (void)!rte_eth_macaddr_get(port->id, &mac);
    memcpy(options.sender.mac, mac.addr_bytes, TC_MAC_BYTES);
    if (rte_eth_dev_get_mtu(port->id, &mtu) == 0 && mtu >= TC_IGMP_PACKET_BYTES_MIN &&
        mtu < TC_IGMP_PACKET_BYTES)
        options.sender.packet_bytes = mtu;
    return options;
}

static enum tc_status open_network(struct tc_joined_network *network,
                                   const struct tc_join_network *plan,
                                   const struct tc_eth_port *port, struct tc_error *error)
{
    struct tc_membership_options options = options_of(port, plan->vlan);

    *network = (struct tc_joined_network){.plan = plan};
    network->memory = aligned_alloc(64, tc_membership_footprint(plan->want_count));
    network->report_figures = calloc(plan->want_count, sizeof network->report_figures[0]);
    if (network->memory == NULL || network->report_figures == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    tc_membership_init(&network->membership, network->memory, plan->wants, plan->want_count,
                       &options);
    tc_publish(&network->version, network->membership.figures.version);
    return TC_OK;
}

enum tc_status tc_port_joins_open(struct tc_port_joins *joins, const struct tc_eth_port *port,
                                  struct tc_error *error)
{
    const struct tc_join_plan *plan = &port->plan->joins;
    enum tc_status status = TC_OK;

    *joins = (struct tc_port_joins){.port = port};
    if (plan->network_count == 0)
        return TC_OK;
    joins->networks = calloc(plan->network_count, sizeof joins->networks[0]);
    if (joins->networks == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    joins->network_count = plan->network_count;
    for (size_t i = 0; status == TC_OK && i < plan->network_count; i++)
        status = open_network(&joins->networks[i], &plan->networks[i], port, error);
    return status == TC_OK ? make_pool(joins, error) : status;
}

void tc_port_joins_close(struct tc_port_joins *joins)
{
    rte_pktmbuf_free(joins->unsent);
    for (size_t i = 0; i < joins->network_count; i++) {
        free(joins->networks[i].memory);
        free(joins->networks[i].report_figures);
    }
    free(joins->networks);
    rte_mempool_free(joins->pool);
    *joins = (struct tc_port_joins){0};
}

/* ---- while it captures ---- */

void tc_port_joins_link(struct tc_port_joins *joins, bool up)
{
    for (size_t i = 0; i < joins->network_count && up && !joins->link_up; i++)
        tc_membership_announce(&joins->networks[i].membership, monotonic_ns());
    joins->link_up = up;
}

/* The network of a tag; one that carries a priority and no VLAN is as good as none. */
static struct tc_joined_network *find_network(struct tc_port_joins *joins, uint16_t vlan)
{
    for (size_t i = 0; i < joins->network_count; i++)
        if (joins->networks[i].plan->vlan == vlan)
            return &joins->networks[i];
    return vlan == 0 ? find_network(joins, TC_VLAN_NONE) : NULL;
}

void tc_port_joins_hear(struct tc_port_joins *joins, const struct tc_stray *stray, uint64_t now_ns)
{
    struct tc_joined_network *network;
    struct tc_igmp_query query;

    if (!tc_igmp_query_read(stray->bytes, stray->length, &query))
        return;
    network = find_network(joins, query.vlan);
    if (network == NULL)
        return;
    tc_membership_hear(&network->membership, &query, monotonic_ns());
    tc_publish(&network->last_query_ns, now_ns);
}

/* False when the port takes no more now; the frame is kept. */
static bool send_kept(struct tc_port_joins *joins)
{
    if (joins->unsent != NULL && rte_eth_tx_burst(joins->port->id, 0, &joins->unsent, 1) == 1)
        joins->unsent = NULL;
    return joins->unsent == NULL;
}

static void send_what_is_due(struct tc_port_joins *joins, struct tc_joined_network *network,
                             uint64_t now_ns)
{
    while (send_kept(joins)) {
        struct rte_mbuf *mbuf = rte_pktmbuf_alloc(joins->pool);
        size_t length;

        if (mbuf == NULL)
            return; /* the driver has them all; later */
        length = tc_membership_next(&network->membership, now_ns,
                                    rte_pktmbuf_mtod(mbuf, uint8_t *));
        if (length == 0) {
            rte_pktmbuf_free(mbuf);
            return;
        }
        mbuf->data_len = (uint16_t)length;
        mbuf->pkt_len = (uint32_t)length;
        joins->unsent = mbuf;
    }
}

static void publish(struct tc_joined_network *network)
{
    const struct tc_membership *membership = &network->membership;

    tc_publish(&network->version, membership->figures.version);
    tc_publish(&network->queries, membership->figures.queries);
    if (tc_published_get(&network->reports) == membership->figures.reports)
        return;
    tc_publish(&network->reports, membership->figures.reports);
    for (uint32_t i = 0; i < membership->group_count; i++)
        tc_publish(&network->report_figures[i], membership->groups[i].reports);
}

void tc_port_joins_step(struct tc_port_joins *joins)
{
    uint64_t now_ns = monotonic_ns();

    for (size_t i = 0; i < joins->network_count; i++) {
        send_what_is_due(joins, &joins->networks[i], now_ns);
        publish(&joins->networks[i]);
    }
}

void tc_port_joins_leave(struct tc_port_joins *joins)
{
    for (size_t i = 0; i < joins->network_count; i++)
        tc_membership_leave(&joins->networks[i].membership, monotonic_ns());
}

bool tc_port_joins_left(const struct tc_port_joins *joins)
{
    for (size_t i = 0; i < joins->network_count; i++)
        if (!tc_membership_has_left(&joins->networks[i].membership))
            return false;
    return joins->unsent == NULL;
}
