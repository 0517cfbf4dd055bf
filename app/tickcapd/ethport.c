/* Set-up of a port, by its profile. Nothing here is on the path of a frame. */
#include "tickcapd/ethport.h"

#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf_dyn.h>

enum { POOL_CACHE = 256 };

static enum tc_status refuse(const struct tc_plan_port *plan, struct tc_error *error,
                             const char *what, int result)
{
    return tc_fail(error, TC_USAGE, "port %s (%s): %s: %s", plan->config->name,
                   plan->config->device, what, rte_strerror(result < 0 ? -result : result));
}

/* A virtual device's name is what stands before its arguments. */
static enum tc_status find_port(struct tc_eth_port *port, struct tc_error *error)
{
    char name[RTE_ETH_NAME_MAX_LEN];
    int result;

    snprintf(name, sizeof name, "%.*s", (int)strcspn(port->plan->argument, ","),
             port->plan->argument);
    result = rte_eth_dev_get_port_by_name(name, &port->id);
    return result == 0 ? TC_OK : refuse(port->plan, error, "DPDK has no such device", result);
}

static enum tc_status make_pool(struct tc_eth_port *port, uint16_t queues, struct tc_error *error)
{
    const struct tc_profile *profile = &port->plan->profile;
    char name[RTE_MEMPOOL_NAMESIZE];

    snprintf(name, sizeof name, "tc_port%u", port->id);
    port->pool = rte_pktmbuf_pool_create(name, queues * tc_plan_buffers(profile), POOL_CACHE, 0,
                                         (uint16_t)(profile->frame_bytes + RTE_PKTMBUF_HEADROOM),
                                         SOCKET_ID_ANY);
    return port->pool != NULL ? TC_OK
                              : refuse(port->plan, error, "no memory for buffers", rte_errno);
}

/* The field in which drivers put receive times has no place of its own; it is asked for. */
static void find_stamp(struct tc_eth_port *port)
{
    if (port->plan->profile.source == TC_CLOCK_TSC)
        return;
    port->has_stamps = rte_mbuf_dyn_rx_timestamp_register(&port->stamp_offset, &port->stamp_flag) ==
                       0;
}

static enum tc_status configure(struct tc_eth_port *port, uint16_t queues, struct tc_error *error)
{
    const struct tc_profile *profile = &port->plan->profile;
    struct rte_eth_dev_info info;
    struct rte_eth_conf conf = {0};
    uint16_t descriptors = (uint16_t)profile->descriptors;
    uint16_t no_descriptors = 0;
    int result = rte_eth_dev_info_get(port->id, &info);

    if (result != 0)
        return refuse(port->plan, error, "it says nothing of itself", result);
    if (queues > info.max_rx_queues)
        return tc_fail(error, TC_USAGE, "port %s: rx_lcores: %u queues, the device has %u",
                       port->plan->config->name, queues, info.max_rx_queues);
    if (profile->source != TC_CLOCK_TSC)
        conf.rxmode.offloads |= info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP;
    /* frames longer than a buffer come in several, where the driver must be told */
    conf.rxmode.offloads |= info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
    if (queues > 1) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads;
        if (info.flow_type_rss_offloads == 0)
            conf.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE;
    }
    result = rte_eth_dev_configure(port->id, queues, 0, &conf);
    if (result == 0)
        result = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &descriptors, &no_descriptors);
    if (result != 0)
        return refuse(port->plan, error, "it cannot be configured", result);
    for (uint16_t queue = 0; queue < queues; queue++) {
        result = rte_eth_rx_queue_setup(port->id, queue, descriptors, SOCKET_ID_ANY, NULL,
                                        port->pool);
        if (result != 0)
            return refuse(port->plan, error, "a queue cannot be set up", result);
    }
    return TC_OK;
}

static void warn_about(const struct tc_eth_port *port, tc_eth_warn *warn, const char *what,
                       int result)
{
    char sentence[200];

    snprintf(sentence, sizeof sentence, "port %s: %s: %s; it may not see all frames",
             port->plan->config->name, what, rte_strerror(-result));
    warn(sentence);
}

enum tc_status tc_eth_port_start(struct tc_eth_port *port, const struct tc_plan_port *plan,
                                 tc_eth_warn *warn, struct tc_error *error)
{
    uint16_t queues = (uint16_t)plan->config->rx_lcores.count;
    enum tc_status status;
    int result;

    *port = (struct tc_eth_port){.plan = plan};
    status = find_port(port, error);
    if (status == TC_OK)
        status = make_pool(port, queues, error);
    if (status != TC_OK)
        return status;
    find_stamp(port);
    status = configure(port, queues, error);
    if (status != TC_OK)
        return status;
    result = rte_eth_dev_start(port->id);
    if (result != 0)
        return refuse(plan, error, "it cannot be started", result);
    port->started = true;
    if (plan->profile.promiscuous && (result = rte_eth_promiscuous_enable(port->id)) != 0)
        warn_about(port, warn, "promiscuous mode cannot be switched on", result);
    return TC_OK;
}

void tc_eth_port_stop(struct tc_eth_port *port)
{
    if (!port->started)
        return;
    (void)!rte_eth_dev_stop(port->id);
    (void)!rte_eth_dev_close(port->id);
    port->started = false;
}

struct tc_eth_losses tc_eth_port_losses(const struct tc_eth_port *port)
{
    struct rte_eth_stats stats;

    if (!port->started || rte_eth_stats_get(port->id, &stats) != 0)
        return (struct tc_eth_losses){0};
    return (struct tc_eth_losses){stats.imissed, stats.ierrors, stats.rx_nombuf};
}
