/* Set-up of a port, by its profile. Nothing here is on the path of a frame. */
#include "tickcapd/ethport.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf_dyn.h>

#include "tickcapd/framepool.h"

enum {
    VLAN_TAGS_BYTES = 8,
    SEND_DESCRIPTORS = 256, /* reports are few */
};

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
    const struct tc_plan_port *plan = port->plan;
    char name[RTE_MEMPOOL_NAMESIZE];

    snprintf(name, sizeof name, "tc_port%u", port->id);
    port->pool = tc_frame_pool_make(name, queues * tc_plan_buffers(&plan->profile),
                                    (uint32_t)plan->profile.frame_bytes, plan->memory_node,
                                    plan->kind == TC_DEVICE_VIRTUAL);
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

TC_PRINTF(3, 4)
static void warn_about(const struct tc_plan_port *plan, tc_eth_warn *warn, const char *format, ...)
{
    char what[300], sentence[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(sentence, sizeof sentence, "port %s: %s", plan->config->name, what);
    warn(sentence);
}

/* The MTU to ask for: the profile's, or what the device has if that is less. */
static uint16_t choose_mtu(const struct tc_plan_port *plan, const struct rte_eth_dev_info *info,
                           tc_eth_warn *warn)
{
    const struct tc_profile *profile = &plan->profile;

    if (profile->mtu <= info->max_mtu)
        return (uint16_t)profile->mtu;
    warn_about(plan, warn,
               "the device takes an MTU of %u at most, profile %s asks for %lu; longer "
               "frames are lost",
               info->max_mtu, profile->name, profile->mtu);
    return info->max_mtu;
}

/* A frame of the MTU must fit one buffer, or several where the driver can. */
static enum tc_status check_frame_bytes(const struct tc_plan_port *plan, uint16_t mtu,
                                        uint64_t offloads, struct tc_error *error)
{
    const struct tc_profile *profile = &plan->profile;
    uint32_t longest = mtu + RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + VLAN_TAGS_BYTES;

    if (longest <= profile->frame_bytes || (offloads & RTE_ETH_RX_OFFLOAD_SCATTER) != 0)
        return TC_OK;
    return tc_fail(error, TC_USAGE,
                   "port %s: frames of MTU %u have up to %u bytes, the buffers of profile %s hold "
                   "%lu and the driver cannot fill several: set frame_bytes to %u or more",
                   plan->config->name, mtu, longest, profile->name, profile->frame_bytes, longest);
}

/*
 * What the port does to frames. Stripping VLAN tags and joining frames are not asked for, so that
 * frames arrive as they were on the wire.
 */
static enum tc_status choose_mode(const struct tc_plan_port *plan, uint16_t queues,
                                  const struct rte_eth_dev_info *info, struct rte_eth_conf *conf,
                                  tc_eth_warn *warn, struct tc_error *error)
{
    const struct tc_profile *profile = &plan->profile;

    *conf = (struct rte_eth_conf){0};
    if (profile->source != TC_CLOCK_TSC)
        conf->rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP;
    /* frames longer than a buffer come in several, where the driver must be told */
    conf->rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
    if (queues > 1 && profile->steering == TC_STEER_RSS) {
        conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads &
                                            (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
        if (conf->rx_adv_conf.rss_conf.rss_hf == 0)
            return tc_fail(error, TC_USAGE,
                           "port %s: the device cannot spread frames over %u queues: name one RX "
                           "lcore in rx_lcores",
                           plan->config->name, queues);
    }
    if (profile->mtu == 0)
        return TC_OK;
    conf->rxmode.mtu = choose_mtu(plan, info, warn);
    return check_frame_bytes(plan, (uint16_t)conf->rxmode.mtu, conf->rxmode.offloads, error);
}

/* Some drivers take only powers of two, or multiples, or fewer; few of them say so beforehand. */
static enum tc_status refuse_descriptors(const struct tc_eth_port *port, uint16_t descriptors,
                                         struct tc_error *error, int result)
{
    const struct tc_profile *profile = &port->plan->profile;
    uint32_t fewer = 64;

    while (fewer * 2 < descriptors)
        fewer *= 2;
    return tc_fail(
        error, TC_USAGE,
        "port %s (%s): the driver refuses a queue of %u descriptors: %s: set descriptors "
        "of profile %s to a power of two, such as %u",
        port->plan->config->name, port->plan->config->device, descriptors, rte_strerror(-result),
        profile->name, fewer);
}

static enum tc_status set_up_queues(struct tc_eth_port *port, uint16_t queues, uint16_t send_queues,
                                    tc_eth_warn *warn, struct tc_error *error)
{
    const struct tc_profile *profile = &port->plan->profile;
    int node = port->plan->memory_node;
    uint16_t descriptors = (uint16_t)profile->descriptors;
    int result;

    port->send_descriptors = SEND_DESCRIPTORS;
    result = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &descriptors, &port->send_descriptors);
    if (descriptors != profile->descriptors)
        warn_about(port->plan, warn,
                   "the device has queues of %u descriptors, profile %s asks for %lu: set "
                   "descriptors to %u",
                   descriptors, profile->name, profile->descriptors, descriptors);
    for (uint16_t queue = 0; result == 0 && queue < queues; queue++)
        result = rte_eth_rx_queue_setup(port->id, queue, descriptors, (unsigned)node, NULL,
                                        port->pool);
    if (result == -EINVAL && !rte_is_power_of_2(descriptors))
        return refuse_descriptors(port, descriptors, error, result);
    for (uint16_t queue = 0; result == 0 && queue < send_queues; queue++)
        result = rte_eth_tx_queue_setup(port->id, queue, port->send_descriptors, (unsigned)node,
                                        NULL);
    return result == 0 ? TC_OK : refuse(port->plan, error, "a queue cannot be set up", result);
}

/* DPDK names the driver of a PCI device only now; its profile was chosen by its numbers. */
static void check_driver(const struct tc_plan_port *plan, const struct rte_eth_dev_info *info,
                         tc_eth_warn *warn)
{
    const char(*drivers)[TC_NAME_BYTES] = plan->profile.drivers.items;
    size_t count = plan->profile.drivers.count;

    for (size_t i = 0; i < count; i++)
        if (strcmp(drivers[i], info->driver_name) == 0)
            return;
    if (count > 0)
        warn_about(plan, warn, "DPDK uses driver %s, profile %s is for %s: its limits may not hold",
                   info->driver_name, plan->profile.name, drivers[0]);
}

static enum tc_status configure(struct tc_eth_port *port, uint16_t queues, tc_eth_warn *warn,
                                struct tc_error *error)
{
    struct rte_eth_dev_info info;
    struct rte_eth_conf conf;
    bool joins = port->plan->joins.network_count > 0;
    uint16_t send_queues = port->plan->profile.queue_pairs ? queues : joins;
    int result = rte_eth_dev_info_get(port->id, &info);
    enum tc_status status;

    if (result != 0)
        return refuse(port->plan, error, "it says nothing of itself", result);
    check_driver(port->plan, &info, warn);
    if (queues > info.max_rx_queues)
        return tc_fail(error, TC_USAGE,
                       "port %s: rx_lcores: %u queues, the device has %u: name as many RX lcores",
                       port->plan->config->name, queues, info.max_rx_queues);
    if (joins && info.max_tx_queues == 0)
        return tc_fail(error, TC_USAGE,
                       "port %s: join: the device cannot send, and so cannot ask for groups: leave "
                       "join out",
                       port->plan->config->name);
    status = choose_mode(port->plan, queues, &info, &conf, warn, error);
    if (status != TC_OK)
        return status;
    result = rte_eth_dev_configure(port->id, queues, send_queues, &conf);
    if (result != 0)
        return refuse(port->plan, error, "it cannot be configured", result);
    return set_up_queues(port, queues, send_queues, warn, error);
}

static int compare_addresses(const void *one, const void *other)
{
    return memcmp(one, other, sizeof(struct rte_ether_addr));
}

/* Sorted ones, each once; answers how many are left. */
static uint32_t unique_addresses(struct rte_ether_addr *addresses, uint32_t count)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || compare_addresses(&addresses[i], &addresses[left - 1]) != 0)
            addresses[left++] = addresses[i];
    return left;
}

/* The addresses of the groups that the port joins, and of queries to all of them. */
static int let_groups_in(const struct tc_eth_port *port)
{
    const struct tc_join_plan *joins = &port->plan->joins;
    struct rte_ether_addr *addresses;
    uint32_t count = 1;
    int result;

    for (size_t i = 0; i < joins->network_count; i++)
        count += joins->networks[i].group_count;
    addresses = calloc(count, sizeof addresses[0]);
    if (addresses == NULL)
        return -ENOMEM;
    tc_multicast_mac(TC_GROUP_ALL_SYSTEMS, addresses[0].addr_bytes);
    count = 1;
    for (size_t i = 0; i < joins->network_count; i++)
        for (size_t j = 0; j < joins->networks[i].want_count; j++) {
            const struct tc_membership_want *wants = joins->networks[i].wants;

            if (j == 0 || wants[j - 1].group != wants[j].group)
                tc_multicast_mac(wants[j].group, addresses[count++].addr_bytes);
        }
    /* 32 groups share an address, and two VLANs may have the same group: once is enough */
    qsort(addresses, count, sizeof addresses[0], compare_addresses);
    count = unique_addresses(addresses, count);
    result = rte_eth_dev_set_mc_addr_list(port->id, addresses, count);
    free(addresses);
    return result;
}

/*
 * Which frames the port lets in: all of them, or all groups, or those that are joined, as the
 * profile says and the driver can. A refusal is told where nothing else does instead: the port
 * still receives, but perhaps not all.
 */
static void open_filters(struct tc_eth_port *port, tc_eth_warn *warn)
{
    const struct tc_profile *profile = &port->plan->profile;
    bool joins = port->plan->joins.network_count > 0;
    int promiscuous = profile->promiscuous ? rte_eth_promiscuous_enable(port->id) : 0;
    int multicast = profile->allmulticast ? rte_eth_allmulticast_enable(port->id) : 0;
    int addresses = 0;

    port->promiscuous = profile->promiscuous && promiscuous == 0;
    port->multicast = profile->allmulticast && multicast == 0;
    if (joins && !port->promiscuous && !port->multicast)
        addresses = let_groups_in(port);
    if (promiscuous != 0 && !joins)
        warn_about(port->plan, warn,
                   "promiscuous mode cannot be switched on: %s; a mirrored feed may not be seen: "
                   "allow it where the device is set up, or set join: true at the port",
                   rte_strerror(-promiscuous));
    else if (multicast != 0 && !port->promiscuous && !joins)
        warn_about(port->plan, warn,
                   "receiving all multicast groups cannot be switched on: %s; it may not see all "
                   "frames: set promiscuous: true in profile %s, or join: true at the port",
                   rte_strerror(-multicast), profile->name);
    if (addresses != 0 && port->plan->kind == TC_DEVICE_PCI)
        warn_about(
            port->plan, warn,
            "the device cannot be told the addresses of the groups: %s; it may not see them: "
            "set promiscuous or allmulticast to true in profile %s",
            rte_strerror(-addresses), profile->name);
}

/* Frames must keep their tags; some drivers start with stripping on, whatever was configured. */
static void keep_tags(const struct tc_eth_port *port, tc_eth_warn *warn)
{
    int offloads = rte_eth_dev_get_vlan_offload(port->id);
    bool strips = port->plan->profile.vlan_strip;

    if (!strips && offloads > 0 && (offloads & RTE_ETH_VLAN_STRIP_OFFLOAD) != 0)
        strips = rte_eth_dev_set_vlan_offload(port->id, offloads & ~RTE_ETH_VLAN_STRIP_OFFLOAD) !=
                 0;
    if (strips)
        warn_about(port->plan, warn,
                   "the driver may take VLAN tags off frames and cannot be told not to: such tags "
                   "are not recorded, and a line with `vlan` does not match");
    if (port->plan->profile.lro)
        warn_about(port->plan, warn,
                   "the driver may join TCP frames and cannot be told not to: those are not "
                   "recorded as they were on the wire");
}

static void open_losses(struct tc_eth_port *port, tc_eth_warn *warn)
{
    const struct tc_profile *profile = &port->plan->profile;
    char unknown[200];

    tc_loss_reader_open(&port->losses, port->id, profile, unknown, sizeof unknown);
    if (unknown[0] != '\0')
        warn_about(port->plan, warn,
                   "the driver has no counter %s, which missed_xstats of profile %s names: what it "
                   "counts is not seen",
                   unknown, profile->name);
}

/* A driver that finds no buffer to take a frame's place keeps the frame, and receives nothing. */
static enum tc_status check_buffers(const struct tc_eth_port *port, struct tc_error *error)
{
    const struct tc_profile *profile = &port->plan->profile;
    unsigned left = rte_mempool_avail_count(port->pool);

    if (left >= 2 * profile->burst)
        return TC_OK;
    return tc_fail(error, TC_USAGE,
                   "port %s: the driver took all but %u of %u receive buffers at its start and "
                   "would receive nothing: profile %s has %lu descriptors in %lu rings, the driver "
                   "fills more; set rings to %lu or more",
                   port->plan->config->name, left, port->pool->size, profile->name,
                   profile->descriptors, profile->rings, profile->rings + 1);
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
    status = configure(port, queues, warn, error);
    if (status != TC_OK)
        return status;
    result = rte_eth_dev_start(port->id);
    if (result != 0)
        return refuse(plan, error, "it cannot be started", result);
    port->started = true;
    status = check_buffers(port, error);
    if (status != TC_OK)
        return status;
    open_filters(port, warn);
    keep_tags(port, warn);
    open_losses(port, warn);
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

bool tc_eth_port_link_up(const struct tc_eth_port *port)
{
    struct rte_eth_link link;

    return rte_eth_link_get_nowait(port->id, &link) != 0 || link.link_status == RTE_ETH_LINK_UP;
}

struct tc_port_losses tc_eth_port_losses(const struct tc_eth_port *port)
{
    return port->started ? tc_loss_reader_read(&port->losses) : (struct tc_port_losses){0};
}
