/* What DPDK would find out too late, or not say at all. */
#include "tickcapd/deviceplan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/pcapfile.h"
#include "net/frame.h"
#include "tickcapd/host.h"
#include "tickcapd/netdevice.h"
#include "tickcapd/pcibinding.h"
#include "tickcapd/profilechoice.h"

enum {
    AF_PACKET_HEAD_BYTES = 66,        /* in front of a frame in its slot of the socket's ring */
    AF_PACKET_SLOT_BYTES_MAX = 32768, /* a power of two that a receive buffer can hold */
};

/* The value of KEY=VALUE in a device's arguments; false when it has no such key. */
static bool device_value(const char *device, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);

    for (const char *at = strchr(device, ','); at != NULL; at = strchr(at + 1, ','))
        if (strncmp(at + 1, key, length) == 0 && at[1 + length] == '=') {
            const char *start = at + 2 + length;

            snprintf(value, size, "%.*s", (int)strcspn(start, ","), start);
            return true;
        }
    return false;
}

/* net_pcap0,rx_pcap=feed.pcap is of driver net_pcap. */
static void virtual_driver(const char *device, char driver[TC_NAME_BYTES])
{
    size_t length = strcspn(device, ",");

    while (length > 0 && isdigit((unsigned char)device[length - 1]))
        length--;
    snprintf(driver, TC_NAME_BYTES, "%.*s", (int)length, device);
}

/* The device with the profile's arguments behind it, but for those it names itself. */
static void complete_argument(struct tc_plan_port *port)
{
    char devargs[TC_DEVARGS_BYTES], value[TC_DEVARGS_BYTES];
    char *rest = devargs;

    snprintf(port->argument, sizeof port->argument, "%s", port->config->device);
    snprintf(devargs, sizeof devargs, "%s", port->profile.devargs);
    while (rest != NULL && *rest != '\0') {
        const char *argument = strsep(&rest, ",");
        char key[TC_DEVARGS_BYTES];
        size_t length = strlen(port->argument);

        snprintf(key, sizeof key, "%.*s", (int)strcspn(argument, "="), argument);
        if (!device_value(port->config->device, key, value, sizeof value))
            snprintf(port->argument + length, sizeof port->argument - length, ",%s", argument);
    }
}

static enum tc_status refuse_device(const struct tc_plan_port *port, struct tc_error *error,
                                    const char *sentence)
{
    return tc_fail(error, TC_USAGE, "port %s: device '%s': %s", port->config->name,
                   port->config->device, sentence);
}

/* The kernel hands joined frames to its sockets; what was on the wire is lost with that. */
static enum tc_status refuse_merging(const struct tc_plan_port *port, struct tc_error *error)
{
    if (port->profile.lro || !tc_host_interface_merges(port->interface))
        return TC_OK;
    return tc_fail(error, TC_USAGE,
                   "port %s: %s merges frames into longer ones, which were never on the wire; run: "
                   "ethtool -K %s gro off lro off",
                   port->config->name, port->interface, port->interface);
}

/* A file source: it must be there, and hold Ethernet frames. */
static enum tc_status check_pcap(struct tc_plan_port *port, struct tc_error *error)
{
    struct tc_pcap_file file;
    struct tc_error detail = {0};

    if (device_value(port->config->device, "rx_pcap", port->source_file,
                     sizeof port->source_file)) {
        if (tc_pcap_look(port->source_file, &file, &detail) != TC_OK)
            return tc_fail(error, detail.status == TC_MISSING ? TC_USAGE : detail.status,
                           "port %s: %s", port->config->name, detail.text);
        port->snaplen = file.snaplen;
        return TC_OK;
    }
    /* an interface is live: it never ends, it cannot wait, and its losses are not all counted */
    port->profile.exhausted_after = 0;
    port->profile.waits = 0;
    port->profile.loss_counters = TC_LOSSES_PARTIAL;
    if (port->profile.source == TC_CLOCK_FILE)
        port->profile.source = TC_CLOCK_KERNEL;
    port->sends = device_value(port->config->device, "tx_iface", port->interface,
                               sizeof port->interface);
    if (device_value(port->config->device, "iface", port->interface, sizeof port->interface))
        port->sends = true;
    else if (!device_value(port->config->device, "rx_iface", port->interface,
                           sizeof port->interface))
        return refuse_device(port, error, "expected rx_pcap=FILE, rx_iface=NAME or iface=NAME");
    if (!tc_host_has_interface(port->interface))
        return refuse_device(port, error, "there is no such interface, see ip link");
    return refuse_merging(port, error);
}

static uint32_t power_of_two(uint32_t least)
{
    uint32_t value = 1;

    while (value < least)
        value *= 2;
    return value;
}

/*
 * The kernel cuts frames that do not fit a slot, without a word; they must not come to be. The
 * driver puts a slot into one receive buffer, which must be as long.
 */
static enum tc_status check_af_packet(struct tc_plan_port *port, struct tc_error *error)
{
    char slot[32] = "2048";
    uint32_t mtu, longest, slot_bytes;

    device_value(port->argument, "framesz", slot, sizeof slot);
    slot_bytes = (uint32_t)strtoul(slot, NULL, 10);
    longest = slot_bytes > AF_PACKET_HEAD_BYTES ? slot_bytes - AF_PACKET_HEAD_BYTES : 0;
    if (slot_bytes > AF_PACKET_SLOT_BYTES_MAX)
        return refuse_device(port, error, "framesz is too large, expected at most 32768");
    if (slot_bytes > port->profile.frame_bytes)
        port->profile.frame_bytes = slot_bytes;
    if (tc_host_interface_mtu(port->interface, &mtu) &&
        mtu + TC_ETHER_BYTES + TC_VLAN_BYTES > longest) {
        uint32_t enough = mtu + TC_ETHER_BYTES + TC_VLAN_BYTES + AF_PACKET_HEAD_BYTES;

        return tc_fail(error, TC_USAGE,
                       "port %s: %s has MTU %u, but a slot of framesz=%s holds frames of %u bytes: "
                       "longer ones would be cut; set framesz=%u and a blocksz of whole slots, or: "
                       "ip link set dev %s mtu 1500",
                       port->config->name, port->interface, mtu, slot, longest,
                       power_of_two(enough), port->interface);
    }
    return refuse_merging(port, error);
}

/* An interface whose frames go to DPDK alone must not be the way to this host. */
static enum tc_status check_af_xdp(struct tc_plan_port *port, struct tc_error *error)
{
    if (!tc_host_is_default_route(port->interface))
        return TC_OK;
    return tc_fail(error, TC_USAGE,
                   "port %s: %s carries the default route, and AF_XDP takes its frames away from "
                   "the kernel: capture from another interface, or by net_af_packet",
                   port->config->name, port->interface);
}

/* The kernel's interface that a virtual device stands on. */
static enum tc_status find_interface(struct tc_plan_port *port, struct tc_error *error)
{
    if (!device_value(port->config->device, "iface", port->interface, sizeof port->interface))
        return refuse_device(port, error, "expected iface=NAME");
    if (!tc_host_has_interface(port->interface))
        return refuse_device(port, error, "there is no such interface, see ip link");
    return TC_OK;
}

/* What only one driver needs. */
static enum tc_status check_driver(struct tc_plan_port *port, struct tc_error *error)
{
    static const struct {
        const char *driver;
        bool on_interface;
        enum tc_status (*check)(struct tc_plan_port *port, struct tc_error *error);
    } rows[] = {
        {"net_pcap", false, check_pcap},
        {"net_af_packet", true, check_af_packet},
        {"net_af_xdp", true, check_af_xdp},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum tc_status status = TC_OK;

        if (strcmp(port->driver, rows[i].driver) != 0)
            continue;
        if (rows[i].on_interface)
            status = find_interface(port, error);
        return status == TC_OK ? rows[i].check(port, error) : status;
    }
    return TC_OK;
}

/* What is known of a device before DPDK has started: its numbers, or its driver. */
static enum tc_status identify(struct tc_plan_port *port, struct tc_device_id *id,
                               struct tc_error *error)
{
    const char *device = port->config->device;

    *id = (struct tc_device_id){.driver = port->driver, .is_pci = tc_is_pci_address(device)};
    if (id->is_pci) {
        port->kind = TC_DEVICE_PCI;
        if (!tc_host_has_pci(device) || !tc_host_pci_numbers(device, &id->vendor, &id->device))
            return refuse_device(port, error, "there is no such PCI device, see scripts/nic list");
        if (!tc_host_pci_is_network(device))
            return refuse_device(port, error, "it is no network device, see scripts/nic list");
        port->node = tc_host_node_of_pci(device);
        (void)tc_host_pci_interface(device, 0, port->interface);
        return TC_OK;
    }
    port->kind = TC_DEVICE_VIRTUAL;
    virtual_driver(device, port->driver);
    if (strncmp(port->driver, "net_", 4) != 0)
        return refuse_device(port, error,
                             "expected a PCI address such as 0000:5e:00.0, or a virtual device "
                             "such as net_af_packet0,iface=eth2");
    port->node = tc_host_node_of_cpu(tc_config_number(&port->config->rx_lcores, 0));
    return TC_OK;
}

enum tc_status tc_device_plan(struct tc_plan_port *port, const struct tc_config_port *config,
                              struct tc_arena *arena, struct tc_error *error)
{
    struct tc_error detail = {0};
    struct tc_device_id id;
    enum tc_status status;

    *port = (struct tc_plan_port){.config = config, .snaplen = TC_SNAPLEN_DEFAULT};
    status = identify(port, &id, error);
    if (status != TC_OK)
        return status;
    if (tc_profile_choose(&port->profile, config->profile, &id, arena, &detail) != TC_OK)
        return tc_fail(error, TC_USAGE, "port %s: %s", config->name, detail.text);
    if (config->rx_lcores.count > port->profile.queues_max)
        return tc_fail(error, TC_USAGE,
                       "port %s: rx_lcores: %zu queues, profile %s has at most %lu: name as many "
                       "RX lcores",
                       config->name, config->rx_lcores.count, port->profile.name,
                       port->profile.queues_max);
    if (id.is_pci && tc_pci_binding_check(config->device, &port->profile, &detail) != TC_OK)
        return tc_fail(error, TC_USAGE, "port %s: %s", config->name, detail.text);
    complete_argument(port);
    port->sends = strcmp(port->driver, "net_pcap") != 0;
    return check_driver(port, error);
}
