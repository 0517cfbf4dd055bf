/* Configuration and machine, put side by side. */
#include "tickcapd/captureplan.h"

#include <sys/statvfs.h>

#include "block/batch.h"
#include "tickcapd/deviceplan.h"
#include "tickcapd/host.h"
#include "tickcapd/hostcheck.h"
#include "tickcapd/netdevice.h"

enum {
    BUFFER_OVERHEAD_BYTES = 384,    /* of a receive buffer: headroom, its descriptor, its slot */
    DPDK_OVERHEAD_BYTES = 24 << 20, /* rings and queues of a port, and what DPDK itself takes */
    MBITS_ASSUMED = 10000,          /* of a port whose speed nobody knows yet */
    LINE_OVERHEAD_BYTES = 24,       /* preamble, FCS and gap of a frame on the line */
};

#define MIB 1048576.0

/* ---- ports ---- */

/* A port that joins must have somebody to ask, and a way to do so. */
static enum tc_status plan_joins(struct tc_plan_port *port, const struct tc_config *config,
                                 uint8_t number, struct tc_arena *arena, struct tc_error *error)
{
    if (port->config->join && port->source_file[0] != '\0')
        return tc_fail(error, TC_USAGE,
                       "port %s: join: a file has no groups to join: leave join out",
                       port->config->name);
    if (port->config->join && !port->sends)
        return tc_fail(error, TC_USAGE,
                       "port %s: join: a device with rx_iface only receives, and cannot ask for "
                       "groups: give iface=%s instead",
                       port->config->name, port->interface);
    return tc_join_plan_make(&port->joins, config, number, port->interface, arena, error);
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
            return tc_fail(error, TC_USAGE,
                           "port %s: %s: there is no CPU %u: this machine has %s, take one of them",
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
            return tc_fail(error, TC_USAGE,
                           "main_cpus: there is no CPU %u: take others, or leave main_cpus out",
                           tc_config_number(cpus, i));
    return TC_OK;
}

size_t tc_plan_main_cpus(const struct tc_capture_plan *plan, bool *cpus)
{
    const struct tc_yaml_list *given = &plan->config->main_cpus;
    size_t count = 0;

    for (uint32_t i = 0; i < TC_CPUS_MAX; i++)
        cpus[i] = given->count == 0 && plan->cpus[i] &&
                  (plan->config->realtime == 0 || !plan->lcores[i]);
    for (size_t i = 0; i < given->count; i++)
        cpus[tc_config_number(given, i)] = true;
    for (uint32_t i = 0; i < TC_CPUS_MAX; i++)
        count += cpus[i];
    return count;
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
            status = tc_device_plan(&plan->ports[i], port, &config->arena, error);
        if (status == TC_OK)
            status = plan_joins(&plan->ports[i], config, (uint8_t)i, &config->arena, error);
        if (status != TC_OK)
            return status;
        plan->ports[i].memory_node = use_huge ? plan->ports[i].node : -1;
        plan->port_count++;
        plan_streams(plan, (uint16_t)i);
    }
    plan_arbitration(plan, &config->catalog);
    return check_main_cpus(plan, error);
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
}

static void print_advice(void *out, const char *sentence)
{
    fprintf(out, "    note: %s\n", sentence);
}

/* Traps of the driver, for whoever sets the capture up. */
static void print_quirks(FILE *out, const struct tc_profile *profile)
{
    const struct tc_quirk *quirks = profile->quirks.items;

    for (size_t i = 0; i < profile->quirks.count; i++)
        fprintf(out, "    note: %s (%s)\n", quirks[i].claim, quirks[i].source);
}

/* As ethport.c opens the filters: each way is for where the one before does not work. */
static const char *filters_text(const struct tc_plan_port *port)
{
    if (port->kind == TC_DEVICE_VIRTUAL && !port->profile.promiscuous)
        return "what the device has";
    if (port->profile.promiscuous)
        return "all frames (promiscuous)";
    if (port->profile.allmulticast)
        return "all multicast groups";
    return port->joins.network_count > 0 ? "the groups that are joined, by their addresses"
                                         : "no groups, since it is neither promiscuous nor joins: "
                                           "set join: true, or promiscuous: true in the profile";
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
    fprintf(out, "    lets in: %s\n", filters_text(port));
    tc_join_plan_print(out, &port->joins);
    print_quirks(out, &port->profile);
}

/* What the disks must take when every port runs at its line rate and nothing compresses. */
static double line_rate_bytes(const struct tc_capture_plan *plan)
{
    double bytes = 0;

    for (size_t i = 0; i < plan->port_count; i++) {
        uint32_t mbits = tc_host_interface_mbits(plan->ports[i].interface);

        if (plan->ports[i].source_file[0] == '\0')
            bytes += (mbits != 0 ? mbits : MBITS_ASSUMED) * 1e6 / 8;
    }
    return bytes;
}

static void print_output(FILE *out, const struct tc_capture_plan *plan, const char *path)
{
    double rate = line_rate_bytes(plan) / (double)plan->config->directories.count;
    char parent[TC_PATH_BYTES];
    struct statvfs disk;

    fprintf(out, "  output: %s", path);
    tc_parent_of(path, parent);
    if (statvfs(path, &disk) == 0 || statvfs(parent, &disk) == 0) {
        double have = (double)disk.f_bavail * (double)disk.f_frsize;

        fprintf(out, ", %.1f GB free", have / 1e9);
        if (rate > 0)
            fprintf(out, ", which is %.0f s of line rate", have / rate);
    }
    fprintf(out, "; segments of at most %.0f MiB or %lu s\n",
            (double)plan->config->rotate_bytes / MIB, plan->config->rotate_seconds);
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
    tc_host_advise(plan, print_advice, out);
    fprintf(out,
            "  buffer: %.0f MiB a stream, %.0f ms of 1,400-byte frames at 10 Gbit/s, %.0f ms "
            "of 93-byte frames\n",
            (double)config->buffer_bytes / MIB, held_ms(config, 1400, 42), held_ms(config, 93, 1));
    for (int node = 0; node < TC_NODES_MAX; node++)
        if (plan->huge_bytes[node] > 0)
            fprintf(out, "  memory: %.0f MiB on NUMA node %d%s\n",
                    (double)plan->huge_bytes[node] / MIB, node,
                    plan->use_huge ? " in hugepages" : ", without hugepages");
    for (size_t i = 0; i < config->directories.count; i++)
        print_output(out, plan, tc_config_directory(config, i));
    if (line_rate_bytes(plan) > 0)
        fprintf(out,
                "  disk rate: at most %.0f MB/s, at line rate and if nothing compresses; less by "
                "the ratio that tickcap info tells\n",
                line_rate_bytes(plan) / 1e6);
}
