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
    capture->streams = calloc(plan->stream_count, sizeof capture->streams[0]);
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
    }
    for (size_t i = 0; i < plan->stream_count; i++)
        capture->streams[i] = (struct tc_stream){plan->streams[i].number, plan->streams[i].port,
                                                 plan->streams[i].queue};
    return TC_OK;
}

/* ---- streams ---- */

/* What blocks keep about the receive times of a port. */
static struct tc_clock clock_of(const struct tc_capture_run *run, const struct tc_eth_port *port)
{
    const struct tc_profile *profile = &port->plan->profile;

    if (!port->has_stamps)
        return run->discipline.clock;
    return (struct tc_clock){
        .source = (uint8_t)profile->source,
        .unit = (uint8_t)profile->unit,
        .epoch = TC_EPOCH_UTC,
        .error_ns_max = TC_ERROR_UNKNOWN,
    };
}

static struct tc_batch_limits batch_limits(const struct tc_config *config, uint32_t writers)
{
    return (struct tc_batch_limits){
        .writers = writers,
        .batch_messages = (uint32_t)config->batch_messages,
        .batch_age_ns = config->batch_age_ms * MS_NS,
        .block_messages = (uint32_t)config->block_messages,
        .block_bytes = (uint32_t)config->block_bytes,
        .block_age_ns = config->block_age_ms * MS_NS,
    };
}

/* On a cache line of its own. */
static void *take_zeroed(size_t bytes)
{
    void *memory = aligned_alloc(64, tc_align_up(bytes, 64));

    return memory != NULL ? memset(memory, 0, bytes) : NULL;
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
        .limits = batch_limits(run->plan->config, stream->rings.writer_count),
    };
    struct tc_batch_supply supply = tc_capture_stream_supply(&stream->rings);
    struct tc_receiver *receiver = take_zeroed(sizeof *receiver);

    stream->receiver = receiver;
    stream->intake_bytes = tc_intake_footprint(catalog, stream->rings.writer_count);
    stream->intake_memory = tc_numa_take(stream->intake_bytes, port->plan->node);
    if (receiver == NULL || stream->intake_memory == NULL)
        return tc_fail(error, TC_MEMORY, "no memory: %zu bytes for the trackers of a stream",
                       stream->intake_bytes);
    tc_clock_exchange_init(&stream->clock, &run->discipline.clock);
    *receiver = (struct tc_receiver){
        .task = {.ops = &tc_receiver_ops},
        .clock = &stream->clock,
        .stopping = &run->stopping,
        .port_id = port->id,
        .queue = planned->queue,
        .burst = (uint16_t)profile->burst,
        .waits = profile->waits != 0,
        .file_time = port->has_stamps,
        .stamp_flag = port->stamp_flag,
        .stamp_offset = port->stamp_offset,
        .stamp_ns = profile->unit == TC_UNIT_US ? 1000 : 1,
        .exhausted_after = profile->exhausted_after,
    };
    receiver->linear = calloc(1, TC_FRAME_BYTES_MAX);
    receiver->published.figures = calloc(catalog->line_count * (size_t)TC_FIGURE_ROWS + 1,
                                         sizeof receiver->published.figures[0]);
    if (receiver->linear == NULL || receiver->published.figures == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    tc_intake_init(&receiver->intake, stream->intake_memory, catalog, &options, &supply);
    receiver->intake.clock = clock_of(run, port);
    return TC_OK;
}

/* Direct I/O where the kernel has it; else plain writes, which is said. */
static struct tc_sink *open_sink(bool *disk_sink)
{
    struct tc_error why = {0};
    struct tc_sink *sink = tc_disk_sink_new(&why);

    *disk_sink = sink != NULL;
    if (sink != NULL)
        return sink;
    tc_report("%s; writing through the page cache instead", why.text);
    return tc_file_sink_new();
}

static enum tc_status open_writer(struct tc_capture_run *run, struct tc_run_stream *stream,
                                  uint32_t number, struct tc_error *error)
{
    const struct tc_config *config = run->plan->config;
    const struct tc_plan_stream *planned = stream->rings.plan;
    const struct tc_plan_port *port = &run->plan->ports[planned->port];
    const struct tc_recorder_options options = {
        .writer = {.directory = tc_config_directory(config, planned->number + number),
                   .stream = planned->number,
                   .writer = number,
                   .writers = stream->rings.writer_count,
                   .rotate_bytes = config->rotate_bytes,
                   .rotate_ns = config->rotate_seconds * 1000 * MS_NS},
        .limits = tc_block_limits_of(
            (uint32_t)config->block_messages, (uint32_t)config->block_bytes,
            (uint32_t)config->batch_messages, (uint32_t)config->batch_bytes),
        .compress = config->codec_level != TC_LEVEL_NONE,
    };
    uint32_t lcore = tc_config_number(&port->config->writer_lcores, number);
    struct tc_record_task *task = take_zeroed(sizeof *task);

    stream->writers[number] = task;
    stream->recorder_bytes = tc_recorder_footprint(&run->capture, &options);
    stream->recorder_memory[number] = tc_numa_take(stream->recorder_bytes,
                                                   tc_host_node_of_cpu(lcore));
    if (task == NULL || stream->recorder_memory[number] == NULL)
        return tc_fail(error, TC_MEMORY, "no memory: %zu bytes for a writer",
                       stream->recorder_bytes);
    *task = (struct tc_record_task){
        .task = {.ops = &tc_record_ops},
        .from_receiver = stream->rings.to_writer[number],
        .to_receiver = stream->rings.from_writer[number],
        .sync_ticks = config->durability_ms * rte_get_tsc_hz() / 1000,
        .sink = open_sink(&stream->disk_sink[number]),
    };
    if (task->sink == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for a sink");
    tc_recorder_init(&task->recorder, stream->recorder_memory[number], &run->capture, &options,
                     task->sink, tc_random_id);
    return TC_OK;
}

static enum tc_status open_stream(struct tc_capture_run *run, struct tc_run_stream *stream,
                                  const struct tc_plan_stream *planned, struct tc_error *error)
{
    enum tc_status status = tc_capture_stream_open(&stream->rings, run->plan, planned, error);

    if (status == TC_OK)
        status = open_receiver(run, stream, planned, error);
    for (uint32_t i = 0; status == TC_OK && i < stream->rings.writer_count; i++)
        status = open_writer(run, stream, i, error);
    return status;
}

enum tc_status tc_capture_run_open(struct tc_capture_run *run, const struct tc_capture_plan *plan,
                                   tc_eth_warn *warn, struct tc_error *error)
{
    enum tc_status status;

    *run = (struct tc_capture_run){.plan = plan};
    run->ports = calloc(plan->port_count, sizeof run->ports[0]);
    run->streams = calloc(plan->stream_count, sizeof run->streams[0]);
    run->lcores = calloc(TC_CPUS_MAX, sizeof run->lcores[0]);
    if (run->ports == NULL || run->streams == NULL || run->lcores == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    status = lock_directories(run, error);
    if (status == TC_OK)
        status = describe(run, error);
    if (status != TC_OK)
        return status;
    tc_tsc_start(&run->discipline);
    for (size_t i = 0; status == TC_OK && i < plan->port_count; i++)
        status = tc_eth_port_start(&run->ports[i], &plan->ports[i], warn, error);
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
    clock_gettime(CLOCK_MONOTONIC, &run->started);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &run->cpu_started);
    for (uint32_t i = 0; status == TC_OK && i < TC_CPUS_MAX; i++)
        if (run->lcores[i].task_count > 0 &&
            rte_eal_remote_launch(tc_lcore_run, &run->lcores[i], i) != 0)
            status = tc_fail(error, TC_USAGE, "lcore %u cannot be launched", i);
    run->launched = true;
    return status;
}

void tc_capture_run_end(struct tc_capture_run *run)
{
    atomic_store_explicit(&run->stopping, true, memory_order_relaxed);
    if (!run->launched)
        return;
    rte_eal_mp_wait_lcore();
    run->launched = false;
    /* the lcores have ended; whoever sees that a task is done sees all that it did */
    for (uint32_t i = 0; i < TC_CPUS_MAX; i++)
        for (uint32_t j = 0; j < run->lcores[i].task_count; j++)
            (void)atomic_load_explicit(&run->lcores[i].tasks[j]->done, memory_order_acquire);
}

static void close_stream(struct tc_run_stream *stream)
{
    for (uint32_t i = 0; i < stream->rings.writer_count; i++) {
        if (stream->writers[i] != NULL && stream->disk_sink[i])
            tc_disk_sink_free(stream->writers[i]->sink);
        else if (stream->writers[i] != NULL)
            tc_file_sink_free(stream->writers[i]->sink);
        free(stream->writers[i]);
        tc_numa_free(stream->recorder_memory[i], stream->recorder_bytes);
    }
    if (stream->receiver != NULL) {
        free(stream->receiver->linear);
        free(stream->receiver->published.figures);
    }
    free(stream->receiver);
    tc_numa_free(stream->intake_memory, stream->intake_bytes);
    tc_capture_stream_close(&stream->rings);
}

void tc_capture_run_close(struct tc_capture_run *run)
{
    for (size_t i = 0; run->ports != NULL && i < run->plan->port_count; i++)
        tc_eth_port_stop(&run->ports[i]);
    for (size_t i = 0; run->streams != NULL && i < run->plan->stream_count; i++)
        close_stream(&run->streams[i]);
    for (size_t i = 0; i < run->lock_count; i++)
        close(run->locks[i]);
    free(run->capture.ports);
    free(run->capture.streams);
    free(run->ports);
    free(run->streams);
    free(run->lcores);
    free(run->locks);
}

/* ---- what it comes to ---- */

void tc_capture_run_stream_ledger(const struct tc_run_stream *stream, struct tc_ledger *ledger)
{
    tc_published_rows(stream->receiver->published.ledger, ledger, TC_LEDGER_ROWS);
    /* what the receiver handed over is lost where its writer had failed */
    for (uint32_t i = 0; i < stream->rings.writer_count; i++) {
        const struct tc_writer_published *writer = &stream->writers[i]->published;
        uint64_t frames = tc_published_get(&writer->failed_frames);
        uint64_t messages = tc_published_get(&writer->failed_messages);

        ledger->recorded -= frames;
        ledger->writer_failed += frames;
        ledger->messages -= messages;
        ledger->messages_dropped += messages;
    }
}

void tc_capture_run_ledger(const struct tc_capture_run *run, struct tc_ledger *ledger)
{
    *ledger = (struct tc_ledger){0};
    for (size_t i = 0; i < run->plan->stream_count; i++) {
        struct tc_ledger stream;

        tc_capture_run_stream_ledger(&run->streams[i], &stream);
        tc_ledger_add(ledger, &stream);
    }
}

void tc_capture_run_figures(const struct tc_capture_run *run, uint16_t line,
                            struct tc_figures *figures)
{
    *figures = (struct tc_figures){0};
    for (size_t i = 0; i < run->plan->stream_count; i++) {
        const tc_published *rows = run->streams[i].receiver->published.figures +
                                   (size_t)line * TC_FIGURE_ROWS;
        struct tc_figures stream;

        tc_published_rows(rows, &stream, TC_FIGURE_ROWS);
        tc_figures_add(figures, &stream);
    }
}

bool tc_capture_run_exhausted(const struct tc_capture_run *run)
{
    for (size_t i = 0; i < run->plan->stream_count; i++)
        if (tc_published_get(&run->streams[i].receiver->published.exhausted) == 0)
            return false;
    return true;
}

bool tc_capture_run_failure(const struct tc_capture_run *run, struct tc_error *error)
{
    for (size_t i = 0; i < run->plan->stream_count; i++)
        for (uint32_t j = 0; j < run->streams[i].rings.writer_count; j++) {
            const struct tc_record_task *task = run->streams[i].writers[j];

            if (!atomic_load_explicit(&task->published.failed, memory_order_acquire))
                continue;
            *error = task->error;
            return true;
        }
    return false;
}
