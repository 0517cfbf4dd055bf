/* Building, launching, ending and taking down. */
#include "tickcapd/capturerun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_lcore.h>
#include <rte_launch.h>

#include "common/report.h"
#include "file/paths.h"
#include "tickcapd/dirlock.h"
#include "tickcapd/disksink.h"
#include "tickcapd/host.h"
#include "tickcapd/numamemory.h"

#define MS_NS UINT64_C(1000000)

/* Makes the directories that are not there yet, and takes all of them for this process. */
static enum tc_status lock_directories(struct tc_capture_run *run, struct tc_error *error)
{
    const struct tc_config *config = run->plan->config;

    run->locks = calloc(config->directories.count, sizeof run->locks[0]);
    if (run->locks == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    for (size_t i = 0; i < config->directories.count; i++) {
        const char *path = tc_config_directory(config, i);
        enum tc_status status;

        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return tc_fail(error, TC_USAGE, "output directory %s cannot be made: %s", path,
                           strerror(errno));
        status = tc_directory_lock(path, &run->locks[run->lock_count], error);
        if (status != TC_OK)
            return status;
        run->lock_count++;
    }
    return TC_OK;
}

static enum tc_status describe(struct tc_capture_run *run, struct tc_error *error)
{
    const struct tc_capture_plan *plan = run->plan;
    struct tc_capture *capture = &run->capture;

    capture->ports = calloc(plan->port_count, sizeof capture->ports[0]);
    capture->streams = calloc(plan->stream_count + 1, sizeof capture->streams[0]);
    if (capture->ports == NULL || capture->streams == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    snprintf(capture->tool, sizeof capture->tool, "tickcapd %s", TC_VERSION_TEXT);
    memcpy(capture->host, plan->config->host, sizeof capture->host);
    memcpy(capture->name, plan->config->name, sizeof capture->name);
    tc_random_id(capture->run_id);
    capture->catalog = plan->config->catalog;
    capture->port_count = (uint16_t)plan->port_count;
    capture->stream_count = (uint16_t)plan->stream_count;
    for (size_t i = 0; i < plan->port_count; i++) {
        struct tc_port *port = &capture->ports[i];
        const struct tc_plan_port *planned = &plan->ports[i];

        memcpy(port->name, planned->config->name, sizeof port->name);
        memcpy(port->device, planned->config->device, sizeof port->device);
        snprintf(port->driver, sizeof port->driver, "%s",
                 planned->driver[0] != '\0' ? planned->driver : planned->profile.name);
        port->snaplen = planned->snaplen;
        port->losses = (uint8_t)planned->profile.loss_counters;
    }
    for (size_t i = 0; i < plan->stream_count; i++)
        capture->streams[i] = (struct tc_stream){plan->streams[i].number, plan->streams[i].port,
                                                 plan->streams[i].queue};
    if (tc_chorus_needed(&capture->catalog))
        capture->streams[capture->stream_count++] = (struct tc_stream){(uint32_t)plan->stream_count,
                                                                       TC_PORT_NONE, 0};
    return TC_OK;
}

/* ---- streams ---- */

/* How the times of a stream's frames come about; the exchange is filled first. */
static void open_times(struct tc_capture_run *run, struct tc_run_stream *stream, uint16_t number)
{
    const struct tc_eth_port *port = &run->ports[number];
    const struct tc_profile *profile = &port->plan->profile;
    const struct tc_port_clock *clock = &run->clocks.ports[number].clock;
    const struct tc_times times = tc_clock_watch_times(&run->clocks, number);
    const struct tc_rx_time_options options = {
        .exchange = &stream->times,
        .flag = clock->way == TC_WAY_SOFTWARE ? 0 : port->stamp_flag,
        .offset = port->stamp_offset,
        .source = (enum tc_clock_source)profile->source,
        .as_stamped = clock->way == TC_WAY_AS_STAMPED,
        .undecided = tc_port_clock_is_open(clock, profile),
        .unit = profile->unit,
        .epoch = profile->epoch,
        .clock = clock->clock,
        .tai_s = run->clocks.host.tai_s,
        .port = number,
    };

    tc_time_exchange_init(&stream->times, &times);
    tc_rx_time_init(&stream->receiver->time, &options);
    stream->receiver->intake.clock = tc_rx_time_clock(&stream->receiver->time);
}

/* On a cache line of its own. */
static void *take_zeroed(size_t bytes)
{
    void *memory = aligned_alloc(64, tc_align_up(bytes, 64));

    return memory != NULL ? memset(memory, 0, bytes) : NULL;
}

static tc_published *new_published(size_t count)
{
    return calloc(count + 1, sizeof(tc_published));
}

static enum tc_status open_receiver(struct tc_capture_run *run, struct tc_run_stream *stream,
                                    const struct tc_plan_stream *planned, struct tc_error *error)
{
    const struct tc_eth_port *port = &run->ports[planned->port];
    const struct tc_profile *profile = &port->plan->profile;
    const struct tc_catalog *catalog = &run->capture.catalog;
    const struct tc_intake_options options = {
        .stream = planned->number,
        .nic_port = (uint8_t)planned->port,
        .filter_unmatched = run->plan->config->unmatched == TC_UNMATCHED_FILTER,
        .symbols = run->plan->config->filter,
        .reporter = run->chorus != NULL
                        ? tc_chorus_stream_reporter(&run->chorus->stream, planned->number)
                        : (struct tc_line_reporter){0},
        .strays = tc_stray_watcher_of(stream->strays),
        .limits = tc_capture_stream_limits(run->plan->config, stream->rings.writer_count),
    };
    struct tc_batch_supply supply = tc_capture_stream_supply(&stream->rings);
    struct tc_receiver *receiver = take_zeroed(sizeof *receiver);

    stream->receiver = receiver;
    stream->intake_bytes = tc_intake_footprint(catalog, &options);
    stream->intake_memory = tc_numa_take(stream->intake_bytes, port->plan->node);
    if (receiver == NULL || stream->intake_memory == NULL)
        return tc_fail(error, TC_MEMORY, "no memory: %zu bytes for the trackers of a stream",
                       stream->intake_bytes);
    *receiver = (struct tc_receiver){
        .task = {.ops = &tc_receiver_ops},
        .phase = &run->phase,
        .notices = stream->notices,
        .port_id = port->id,
        .queue = planned->queue,
        .burst = (uint16_t)profile->burst,
        .waits = profile->waits != 0,
        .exhausted_after = profile->exhausted_after,
    };
    receiver->linear = calloc(1, TC_FRAME_BYTES_MAX);
    receiver->published.figures = new_published(catalog->line_count * (size_t)TC_FIGURE_ROWS);
    receiver->published.merged = new_published(catalog->channel_count * (size_t)TC_MERGED_ROWS);
    receiver->published.leads = new_published(catalog->line_count);
    if (receiver->linear == NULL || receiver->published.figures == NULL ||
        receiver->published.merged == NULL || receiver->published.leads == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    tc_intake_init(&receiver->intake, stream->intake_memory, catalog, &options, &supply);
    open_times(run, stream, planned->port);
    return TC_OK;
}

static enum tc_status open_notices(struct tc_run_stream *stream,
                                   const struct tc_plan_stream *planned, struct tc_error *error)
{
    char name[RTE_RING_NAMESIZE];

    snprintf(name, sizeof name, "tc_s%u_notices", planned->number);
    stream->notices = rte_ring_create_elem(name, sizeof(struct tc_notice), TC_NOTICES,
                                           SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
    return stream->notices != NULL
               ? TC_OK
               : tc_fail(error, TC_MEMORY, "stream %u: no memory for a ring", planned->number);
}

static enum tc_status open_stream(struct tc_capture_run *run, struct tc_run_stream *stream,
                                  const struct tc_plan_stream *planned, struct tc_error *error)
{
    const struct tc_config *config = run->plan->config;
    const struct tc_plan_port *port = &run->plan->ports[planned->port];
    const struct tc_yaml_list *writers = &port->config->writer_lcores;
    enum tc_status status = tc_capture_stream_open(
        &stream->rings, planned, port->memory_node, (uint32_t)writers->count,
        (uint32_t)(config->buffer_bytes / config->batch_bytes), config->batch_bytes, error);

    if (status == TC_OK)
        status = open_notices(stream, planned, error);
    if (status == TC_OK)
        status = tc_stray_watch_new(&stream->strays, &run->capture.catalog, planned->number,
                                    planned->port, port->joins.network_count > 0, error);
    if (status == TC_OK)
        status = open_receiver(run, stream, planned, error);
    for (uint32_t i = 0; status == TC_OK && i < stream->rings.writer_count; i++)
        status = tc_capture_writer_open(&stream->writers[i], &stream->seats[i], &run->capture,
                                        config, &stream->rings, i, tc_config_number(writers, i),
                                        error);
    return status;
}

/* The writer of what concerns several streams runs beside the first port's first one. */
static uint32_t chorus_lcore(const struct tc_capture_run *run)
{
    return tc_config_number(&run->plan->ports[0].config->writer_lcores, 0);
}

static enum tc_status open_chorus(struct tc_capture_run *run, struct tc_error *error)
{
    enum tc_status status;

    if (!tc_chorus_needed(&run->capture.catalog))
        return TC_OK;
    run->chorus = calloc(1, sizeof *run->chorus);
    if (run->chorus == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    status = tc_chorus_stream_open(&run->chorus->stream, run->plan, &run->capture.catalog, error);
    if (status != TC_OK)
        return status;
    return tc_capture_writer_open(&run->chorus->writer, &run->chorus->seat, &run->capture,
                                  run->plan->config, &run->chorus->stream.rings, 0,
                                  chorus_lcore(run), error);
}

static enum tc_status open_ports(struct tc_capture_run *run, tc_eth_warn *warn,
                                 struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < run->plan->port_count; i++) {
        status = tc_eth_port_start(&run->ports[i], &run->plan->ports[i], warn, error);
        tc_port_watch_init(&run->watches[i], &run->ports[i], (uint16_t)i);
        if (status == TC_OK)
            status = tc_port_joins_open(&run->joins[i], &run->ports[i], error);
    }
    return status;
}

enum tc_status tc_capture_run_open(struct tc_capture_run *run, const struct tc_capture_plan *plan,
                                   tc_eth_warn *warn, struct tc_error *error)
{
    enum tc_status status;

    *run = (struct tc_capture_run){.plan = plan, .warn = warn};
    run->ports = calloc(plan->port_count, sizeof run->ports[0]);
    run->watches = calloc(plan->port_count, sizeof run->watches[0]);
    run->joins = calloc(plan->port_count, sizeof run->joins[0]);
    run->streams = calloc(plan->stream_count, sizeof run->streams[0]);
    run->told = calloc(plan->port_count, sizeof run->told[0]);
    run->lcores = calloc(TC_CPUS_MAX, sizeof run->lcores[0]);
    if (run->ports == NULL || run->watches == NULL || run->joins == NULL || run->streams == NULL ||
        run->told == NULL || run->lcores == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    status = tc_unheard_open(&run->unheard, plan, run->joins, error);
    if (status == TC_OK)
        status = lock_directories(run, error);
    if (status == TC_OK)
        status = describe(run, error);
    if (status != TC_OK)
        return status;
    status = open_ports(run, warn, error);
    if (status == TC_OK)
        status = tc_clock_watch_open(&run->clocks, run->ports, plan->port_count, warn, error);
    if (status == TC_OK)
        status = open_chorus(run, error);
    for (size_t i = 0; status == TC_OK && i < plan->stream_count; i++)
        status = open_stream(run, &run->streams[i], &plan->streams[i], error);
    return status;
}

/* ---- lcores ---- */

static enum tc_status give_task(struct tc_capture_run *run, uint32_t number, struct tc_task *task,
                                struct tc_error *error)
{
    struct tc_lcore *lcore = &run->lcores[number];

    if (lcore->task_count == TC_TASKS_MAX)
        return tc_fail(error, TC_USAGE, "lcore %u has more than %d tasks", number, TC_TASKS_MAX);
    lcore->idler.policy = run->plan->config->idle == TC_IDLE_ADAPTIVE ? TC_IDLE_POLICY_ADAPTIVE
                                                                      : TC_IDLE_POLICY_SPIN;
    lcore->realtime = (int)run->plan->config->realtime;
    lcore->tasks[lcore->task_count++] = task;
    return TC_OK;
}

enum tc_status tc_capture_run_launch(struct tc_capture_run *run, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < run->plan->stream_count; i++) {
        struct tc_run_stream *stream = &run->streams[i];
        const struct tc_plan_stream *planned = stream->rings.plan;
        const struct tc_config_port *port = run->plan->ports[planned->port].config;

        status = give_task(run, planned->rx_lcore, &stream->receiver->task, error);
        for (uint32_t j = 0; status == TC_OK && j < stream->rings.writer_count; j++)
            status = give_task(run, tc_config_number(&port->writer_lcores, j),
                               &stream->writers[j]->task, error);
    }
    if (status == TC_OK && run->chorus != NULL)
        status = give_task(run, chorus_lcore(run), &run->chorus->writer->task, error);
    tc_capture_run_correct(run); /* opening has taken its time */
    clock_gettime(CLOCK_MONOTONIC, &run->started);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &run->cpu_started);
    for (uint32_t i = 0; status == TC_OK && i < TC_CPUS_MAX; i++)
        if (run->lcores[i].task_count > 0 &&
            rte_eal_remote_launch(tc_lcore_run, &run->lcores[i], i) != 0)
            status = tc_fail(error, TC_USAGE, "lcore %u cannot be launched", i);
    run->launched = true;
    /* only now, so that the first frames find somebody who takes them */
    for (size_t i = 0; status == TC_OK && i < run->plan->port_count; i++)
        tc_port_joins_link(&run->joins[i], tc_eth_port_link_up(&run->ports[i]));
    return status;
}

static void close_stream(struct tc_run_stream *stream)
{
    for (uint32_t i = 0; i < stream->rings.writer_count; i++)
        tc_capture_writer_close(stream->writers[i], &stream->seats[i]);
    if (stream->receiver != NULL) {
        free(stream->receiver->linear);
        free(stream->receiver->published.figures);
        free(stream->receiver->published.merged);
        free(stream->receiver->published.leads);
    }
    free(stream->receiver);
    rte_ring_free(stream->notices);
    tc_stray_watch_free(stream->strays);
    tc_numa_free(stream->intake_memory, stream->intake_bytes);
    tc_capture_stream_close(&stream->rings);
}

static void close_chorus(struct tc_run_chorus *chorus)
{
    if (chorus == NULL)
        return;
    tc_capture_writer_close(chorus->writer, &chorus->seat);
    tc_chorus_stream_close(&chorus->stream);
    free(chorus);
}

void tc_capture_run_close(struct tc_capture_run *run)
{
    for (size_t i = 0; run->ports != NULL && i < run->plan->port_count; i++)
        tc_eth_port_stop(&run->ports[i]);
    for (size_t i = 0; run->joins != NULL && i < run->plan->port_count; i++)
        tc_port_joins_close(&run->joins[i]);
    tc_unheard_close(&run->unheard);
    tc_clock_watch_close(&run->clocks);
    for (size_t i = 0; run->streams != NULL && i < run->plan->stream_count; i++)
        close_stream(&run->streams[i]);
    close_chorus(run->chorus);
    for (size_t i = 0; i < run->lock_count; i++)
        close(run->locks[i]);
    free(run->capture.ports);
    free(run->capture.streams);
    free(run->ports);
    free(run->watches);
    free(run->joins);
    free(run->streams);
    free(run->told);
    free(run->lcores);
    free(run->locks);
}
