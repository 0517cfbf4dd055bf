/* Configuration and machine, put side by side. */
#include "tickcapd/captureplan.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "block/batch.h"
#include "common/pcapfile.h"
#include "file/paths.h"
#include "tickcapd/host.h"
#include "tickcapd/pcibinding.h"
#include "tickcapd/profilechoice.h"

enum {
    BUFFER_OVERHEAD_BYTES = 384,      /* of a receive buffer: headroom, its descriptor, its slot */
    DPDK_OVERHEAD_BYTES = 24 << 20,   /* rings and queues of a port, and what DPDK itself takes */
    AF_PACKET_HEAD_BYTES = 66,        /* in front of a frame in its slot of the socket's ring */
    AF_PACKET_SLOT_BYTES_MAX = 32768, /* a power of two that a receive buffer can hold */
    LINE_OVERHEAD_BYTES = 24,         /* preamble, FCS and gap of a frame on the line */
};

#define MIB 1048576.0

/* ---- devices ---- */

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
static enum tc_status refuse_merging(const struct tc_plan_port *port, const char *interface,
                                     struct tc_error *error)
{
    if (port->profile.lro || !tc_host_interface_merges(interface))
        return TC_OK;
    return tc_fail(error, TC_USAGE,
                   "port %s: %s merges frames into longer ones, which were never on the wire; run: "
                   "ethtool -K %s gro off lro off",
                   port->config->name, interface, interface);
}

/* A file source: it must be there, and hold Ethernet frames. */
static enum tc_status check_pcap(struct tc_plan_port *port, struct tc_error *error)
{
    char interface[TC_DEVICE_BYTES];
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
    if (!device_value(port->config->device, "rx_iface", interface, sizeof interface) &&
        !device_value(port->config->device, "iface", interface, sizeof interface))
        return refuse_device(port, error, "expected rx_pcap=FILE, rx_iface=NAME or iface=NAME");
    if (!tc_host_has_interface(interface))
        return refuse_device(port, error, "there is no such interface, see ip link");
    return refuse_merging(port, interface, error);
}

/*
 * The kernel cuts frames that do not fit a slot, without a word; they must not come to be. The
 * driver puts a slot into one receive buffer, which must be as long.
 */
static enum tc_status check_af_packet(struct tc_plan_port *port, struct tc_error *error)
{
    char interface[TC_DEVICE_BYTES], slot[32] = "2048";
    uint32_t mtu, longest, slot_bytes;

    if (!device_value(port->config->device, "iface", interface, sizeof interface))
        return refuse_device(port, error, "expected iface=NAME");
    if (!tc_host_has_interface(interface))
        return refuse_device(port, error, "there is no such interface, see ip link");
    device_value(port->argument, "framesz", slot, sizeof slot);
    slot_bytes = (uint32_t)strtoul(slot, NULL, 10);
    longest = slot_bytes > AF_PACKET_HEAD_BYTES ? slot_bytes - AF_PACKET_HEAD_BYTES : 0;
    if (slot_bytes > AF_PACKET_SLOT_BYTES_MAX)
        return refuse_device(port, error, "framesz is too large, expected at most 32768");
    if (slot_bytes > port->profile.frame_bytes)
        port->profile.frame_bytes = slot_bytes;
    if (tc_host_interface_mtu(interface, &mtu) && mtu + TC_ETHER_BYTES + TC_VLAN_BYTES > longest)
        return tc_fail(error, TC_USAGE,
                       "port %s: %s has MTU %u, but a slot of framesz=%s holds frames of %u bytes: "
                       "longer ones would be cut; set a larger framesz",
                       port->config->name, interface, mtu, slot, longest);
    return refuse_merging(port, interface, error);
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

static enum tc_status plan_port(struct tc_plan_port *port, const struct tc_config_port *config,
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
                       "port %s: rx_lcores: %zu queues, profile %s has at most %lu", config->name,
                       config->rx_lcores.count, port->profile.name, port->profile.queues_max);
    if (id.is_pci && tc_pci_binding_check(config->device, &port->profile, &detail) != TC_OK)
        return tc_fail(error, TC_USAGE, "port %s: %s", config->name, detail.text);
    complete_argument(port);
    if (strcmp(port->driver, "net_pcap") == 0)
        return check_pcap(port, error);
    if (strcmp(port->driver, "net_af_packet") == 0)
        return check_af_packet(port, error);
    return TC_OK;
}

/* ---- lcores ---- */

static enum tc_status take_lcores(struct tc_capture_plan *plan, const struct tc_config_port *port,
                                  const char *key, const struct tc_yaml_list *lcores,
                                  struct tc_error *error)
{
    char cpus[256];

    tc_cpu_list_text(cpus, sizeof cpus, plan->cpus, TC_CPUS_MAX);
    for (size_t i = 0; i < lcores->count; i++) {
        uint32_t lcore = tc_config_number(lcores, i);

        if (lcore >= TC_CPUS_MAX || !plan->cpus[lcore])
            return tc_fail(error, TC_USAGE, "port %s: %s: there is no CPU %u, this machine has %s",
                           port->name, key, lcore, cpus);
        plan->lcores[lcore] = true;
    }
    return TC_OK;
}

static enum tc_status check_main_cpus(const struct tc_capture_plan *plan, struct tc_error *error)
{
    const struct tc_yaml_list *cpus = &plan->config->main_cpus;

    for (size_t i = 0; i < cpus->count; i++)
        if (tc_config_number(cpus, i) >= TC_CPUS_MAX || !plan->cpus[tc_config_number(cpus, i)])
            return tc_fail(error, TC_USAGE, "main_cpus: there is no CPU %u",
                           tc_config_number(cpus, i));
    return TC_OK;
}

static void plan_streams(struct tc_capture_plan *plan, uint16_t port)
{
    const struct tc_config_port *config = plan->ports[port].config;

    for (size_t queue = 0; queue < config->rx_lcores.count; queue++) {
        struct tc_plan_stream *stream = &plan->streams[plan->stream_count];

        *stream = (struct tc_plan_stream){
            .number = (uint32_t)plan->stream_count,
            .port = port,
            .queue = (uint16_t)queue,
            .rx_lcore = tc_config_number(&config->rx_lcores, queue),
        };
        plan->stream_count++;
        plan->huge_bytes[plan->ports[port].node % TC_NODES_MAX] += tc_plan_stream_bytes(plan,
                                                                                        stream);
    }
}

/* Whether all lines of a channel can only arrive in one and the same stream. */
static bool is_of_one_stream(const struct tc_capture_plan *plan, const struct tc_channel *channel)
{
    const struct tc_line *lines = &plan->config->catalog.lines[channel->first_line];

    if (plan->stream_count == 1)
        return true;
    for (uint16_t i = 0; i < channel->line_count; i++)
        if (lines[i].nic_port == TC_PORT_ANY || lines[i].nic_port != lines[0].nic_port)
            return false;
    return plan->ports[lines[0].nic_port].config->rx_lcores.count == 1;
}

/* Lines are compared where they arrive, if they arrive together. */
static void plan_arbitration(struct tc_capture_plan *plan, struct tc_catalog *catalog)
{
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        catalog->channels[i].arbitration = is_of_one_stream(plan, &catalog->channels[i])
                                               ? TC_ARBITRATE_HERE
                                               : TC_ARBITRATE_ELSEWHERE;
}

uint32_t tc_plan_buffers(const struct tc_profile *profile)
{
    /* every descriptor filled, two bursts under way, and what a core's cache keeps */
    return (uint32_t)(profile->rings * profile->descriptors + 2 * profile->burst + 512);
}

uint64_t tc_plan_stream_bytes(const struct tc_capture_plan *plan,
                              const struct tc_plan_stream *stream)
{
    const struct tc_profile *profile = &plan->ports[stream->port].profile;

    return plan->config->buffer_bytes + DPDK_OVERHEAD_BYTES +
           tc_plan_buffers(profile) * (profile->frame_bytes + BUFFER_OVERHEAD_BYTES);
}

enum tc_status tc_plan_make(struct tc_capture_plan *plan, struct tc_config *config, bool use_huge,
                            struct tc_error *error)
{
    enum tc_status status = TC_OK;

    *plan = (struct tc_capture_plan){.config = config, .use_huge = use_huge};
    tc_host_cpus(plan->cpus, TC_CPUS_MAX);
    plan->ports = tc_arena_take(&config->arena, (config->ports.count + 1) * sizeof plan->ports[0]);
    plan->streams = tc_arena_take(&config->arena, TC_STREAMS_MAX * sizeof plan->streams[0]);
    if (plan->ports == NULL || plan->streams == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for a plan");
    for (size_t i = 0; status == TC_OK && i < config->ports.count; i++) {
        const struct tc_config_port *port = tc_config_port(config, i);

        status = take_lcores(plan, port, "rx_lcores", &port->rx_lcores, error);
        if (status == TC_OK)
            status = take_lcores(plan, port, "writer_lcores", &port->writer_lcores, error);
        if (status == TC_OK)
            status = plan_port(&plan->ports[i], port, &config->arena, error);
        if (status != TC_OK)
            return status;
        plan->port_count++;
        plan_streams(plan, (uint16_t)i);
    }
    plan_arbitration(plan, &config->catalog);
    return check_main_cpus(plan, error);
}

/* ---- the host ---- */

/* Others may hold pages too: the command adds what is missing to what there is. */
static enum tc_status check_memory(const struct tc_capture_plan *plan, struct tc_error *error)
{
    uint64_t page = tc_host_huge_page_bytes();

    for (int node = 0; plan->use_huge && node < TC_NODES_MAX; node++) {
        uint64_t needed = plan->huge_bytes[node];
        uint64_t have = tc_host_free_huge(node);
        char folder[96];

        if (needed <= have)
            continue;
        tc_host_huge_folder(folder, sizeof folder, node);
        return tc_fail(
            error, TC_USAGE,
            "%s hugepages are free on NUMA node %d: %.0f MiB are needed, %.0f are there; "
            "as root run: echo %lu > %s/hugepages-%lukB/nr_hugepages, or give -- --no-huge to do "
            "without",
            have == 0 ? "no" : "too few", node, (double)needed / MIB, (double)have / MIB,
            tc_host_huge_pages(node) + (needed - have + page - 1) / page, folder, page / 1024);
    }
    return TC_OK;
}

/* The directory above one that is not there yet. */
static void parent_of(const char *path, char parent[TC_PATH_BYTES])
{
    char copy[TC_PATH_BYTES];

    snprintf(copy, sizeof copy, "%s", path);
    snprintf(parent, TC_PATH_BYTES, "%s", dirname(copy));
}

/* It is there and can be written, or it can be made. */
static enum tc_status check_directory(const char *path, struct tc_error *error)
{
    char parent[TC_PATH_BYTES];
    struct stat about;

    parent_of(path, parent);
    if (stat(path, &about) == 0) {
        if (!S_ISDIR(about.st_mode))
            return tc_fail(error, TC_USAGE, "output directory %s is not a directory", path);
        if (access(path, W_OK | X_OK) != 0)
            return tc_fail(error, TC_USAGE, "output directory %s cannot be written: %s", path,
                           strerror(errno));
        return TC_OK;
    }
    if (errno != ENOENT || access(parent, W_OK | X_OK) != 0)
        return tc_fail(error, TC_USAGE, "output directory %s cannot be made: %s", path,
                       strerror(errno));
    return TC_OK;
}

static enum tc_status check_directories(const struct tc_capture_plan *plan, struct tc_error *error)
{
    const struct tc_yaml_list *directories = &plan->config->directories;
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < directories->count; i++)
        status = check_directory(tc_config_directory(plan->config, i), error);
    return status;
}

enum tc_status tc_plan_check_host(const struct tc_capture_plan *plan, struct tc_error *error)
{
    enum tc_status status = check_directories(plan, error);

    return status == TC_OK ? check_memory(plan, error) : status;
}

/* ---- printing ---- */

/* Milliseconds that a buffer holds of frames of that length at 10 Gbit/s. */
static double held_ms(const struct tc_config *config, uint32_t frame_bytes, uint32_t messages)
{
    double record = tc_frame_record_bytes(frame_bytes, messages);
    double frame_ms = (frame_bytes + LINE_OVERHEAD_BYTES) * 8 / 10e9 * 1e3;

    return (double)config->buffer_bytes / record * frame_ms;
}

static void print_stream(FILE *out, const struct tc_capture_plan *plan,
                         const struct tc_plan_stream *stream)
{
    const struct tc_plan_port *port = &plan->ports[stream->port];
    const struct tc_yaml_list *writers = &port->config->writer_lcores;

    fprintf(out, "  stream %u: port %s queue %u, RX lcore %u, writer lcore%s", stream->number,
            port->config->name, stream->queue, stream->rx_lcore, writers->count > 1 ? "s" : "");
    for (size_t i = 0; i < writers->count; i++)
        fprintf(out, "%s %u", i > 0 ? "," : "", tc_config_number(writers, i));
    fprintf(out, ", NUMA node %d\n", port->node);
    for (size_t i = 0; i < writers->count; i++)
        if (tc_config_number(writers, i) == stream->rx_lcore)
            fprintf(out, "    note: lcore %u receives and writes; frames wait while it packs\n",
                    stream->rx_lcore);
}

/* Traps of the driver, for whoever sets the capture up. */
static void print_quirks(FILE *out, const struct tc_profile *profile)
{
    const struct tc_quirk *quirks = profile->quirks.items;

    for (size_t i = 0; i < profile->quirks.count; i++)
        fprintf(out, "    note: %s (%s)\n", quirks[i].claim, quirks[i].source);
}

static void print_port(FILE *out, const struct tc_plan_port *port)
{
    static const char *const losses[] = {"all counted", "partly counted", "not counted"};

    fprintf(out,
            "  port %s: %s\n    profile %s: %lu descriptors, bursts of %lu; losses of the "
            "driver are %s; when no batch is free: %s\n",
            port->config->name, port->argument, port->profile.name, port->profile.descriptors,
            port->profile.burst, losses[port->profile.loss_counters],
            port->profile.waits ? "wait" : "drop");
    fprintf(out, "    receive time: %s%s%s\n", tc_clock_source_names[port->profile.source],
            port->profile.source == TC_CLOCK_TSC ? "" : ", in ",
            port->profile.source == TC_CLOCK_TSC ? " at the burst"
                                                 : tc_clock_unit_names[port->profile.unit]);
    print_quirks(out, &port->profile);
}

void tc_plan_print(FILE *out, const struct tc_capture_plan *plan)
{
    const struct tc_config *config = plan->config;

    fprintf(out, "capture %s: %zu ports, %zu streams, %u channels, %u lines\n", config->name,
            plan->port_count, plan->stream_count, config->catalog.channel_count,
            config->catalog.line_count);
    for (size_t i = 0; i < plan->port_count; i++)
        print_port(out, &plan->ports[i]);
    for (size_t i = 0; i < plan->stream_count; i++)
        print_stream(out, plan, &plan->streams[i]);
    fprintf(out,
            "  buffer: %.0f MiB a stream, %.0f ms of 1,400-byte frames at 10 Gbit/s, %.0f ms "
            "of 93-byte frames\n",
            (double)config->buffer_bytes / MIB, held_ms(config, 1400, 42), held_ms(config, 93, 1));
    for (int node = 0; node < TC_NODES_MAX; node++)
        if (plan->huge_bytes[node] > 0)
            fprintf(out, "  memory: %.0f MiB on NUMA node %d%s\n",
                    (double)plan->huge_bytes[node] / MIB, node,
                    plan->use_huge ? " in hugepages" : ", without hugepages");
    for (size_t i = 0; i < config->directories.count; i++) {
        const char *path = tc_config_directory(config, i);
        char parent[TC_PATH_BYTES];
        struct statvfs disk;

        fprintf(out, "  output: %s", path);
        parent_of(path, parent);
        if (statvfs(path, &disk) == 0 || statvfs(parent, &disk) == 0)
            fprintf(out, ", %.1f GB free", (double)disk.f_bavail * (double)disk.f_frsize / 1e9);
        fprintf(out, "; segments of at most %.0f MiB or %lu s\n",
                (double)config->rotate_bytes / MIB, config->rotate_seconds);
    }
}
