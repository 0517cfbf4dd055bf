/* From the configuration to a recorder and its sink. */
#include "tickcapd/capturewriter.h"

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "common/report.h"
#include "tickcapd/disksink.h"
#include "tickcapd/host.h"
#include "tickcapd/numamemory.h"

#define SECOND_NS UINT64_C(1000000000)

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

static struct tc_recorder_options
options_of(const struct tc_config *config, const struct tc_capture_stream *stream, uint32_t number)
{
    return (struct tc_recorder_options){
        .writer = {.directory = tc_config_directory(config, stream->plan->number + number),
                   .stream = stream->plan->number,
                   .writer = number,
                   .writers = stream->writer_count,
                   .rotate_bytes = config->rotate_bytes,
                   .rotate_ns = config->rotate_seconds * SECOND_NS},
        .limits = tc_block_limits_of(
            (uint32_t)config->block_messages, (uint32_t)config->block_bytes,
            (uint32_t)config->batch_messages, (uint32_t)config->batch_bytes),
        .compress = config->codec_level != TC_LEVEL_NONE,
        .latency_bound_ns = config->latency_bound_ns,
    };
}

enum tc_status tc_capture_writer_open(struct tc_record_task **opened, struct tc_writer_seat *seat,
                                      const struct tc_capture *capture,
                                      const struct tc_config *config,
                                      const struct tc_capture_stream *stream, uint32_t number,
                                      uint32_t lcore, struct tc_error *error)
{
    const struct tc_recorder_options options = options_of(config, stream, number);
    struct tc_record_task *task = aligned_alloc(64, tc_align_up(sizeof *task, 64));

    *opened = task;
    seat->memory_bytes = tc_recorder_footprint(capture, &options);
    seat->memory = tc_numa_take(seat->memory_bytes, tc_host_node_of_cpu(lcore));
    if (task == NULL || seat->memory == NULL)
        return tc_fail(error, TC_MEMORY, "no memory: %zu bytes for a writer", seat->memory_bytes);
    memset(task, 0, sizeof *task);
    *task = (struct tc_record_task){
        .task = {.ops = &tc_record_ops},
        .from_receiver = stream->to_writer[number],
        .to_receiver = stream->from_writer[number],
        .sync_ticks = config->durability_ms * rte_get_tsc_hz() / 1000,
        .sink = open_sink(&seat->disk_sink),
    };
    if (task->sink == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for a sink");
    tc_recorder_init(&task->recorder, seat->memory, capture, &options, task->sink, tc_random_id);
    return TC_OK;
}

void tc_capture_writer_close(struct tc_record_task *task, struct tc_writer_seat *seat)
{
    if (task != NULL && seat->disk_sink)
        tc_disk_sink_free(task->sink);
    else if (task != NULL)
        tc_file_sink_free(task->sink);
    free(task);
    tc_numa_free(seat->memory, seat->memory_bytes);
}
