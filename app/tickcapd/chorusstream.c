/* Hearing, telling, and counters for other threads. */
#include "tickcapd/chorusstream.h"

#include <stdlib.h>

#include "tickcapd/numamemory.h"

enum { BATCHES = 8 };

enum tc_status tc_chorus_stream_open(struct tc_chorus_stream *stream,
                                     const struct tc_capture_plan *plan,
                                     const struct tc_catalog *catalog, struct tc_error *error)
{
    const struct tc_config *config = plan->config;
    struct tc_intake_options options = {
        .stream = (uint32_t)plan->stream_count,
        .chorus = &stream->chorus,
        .limits = tc_capture_stream_limits(config, 1),
    };
    struct tc_batch_supply supply = tc_capture_stream_supply(&stream->rings);
    size_t chorus_bytes = tc_chorus_footprint(catalog);
    enum tc_status status;

    *stream = (struct tc_chorus_stream){
        .planned = {.number = (uint32_t)plan->stream_count, .port = TC_PORT_NONE}};
    status = tc_capture_stream_open(&stream->rings, &stream->planned, -1, 1, BATCHES,
                                    config->batch_bytes, error);
    if (status == TC_OK)
        status = tc_report_merge_open(&stream->reports, plan->stream_count, error);
    if (status != TC_OK)
        return status;
    stream->reports.patient = true;
    for (size_t i = 0; i < plan->port_count; i++)
        stream->reports.patient &= plan->ports[i].profile.exhausted_after > 0;
    stream->memory_bytes = chorus_bytes + tc_intake_footprint(catalog, &options);
    stream->memory = tc_numa_take(stream->memory_bytes, 0);
    stream->merged = calloc(catalog->channel_count * (size_t)TC_MERGED_ROWS,
                            sizeof stream->merged[0]);
    stream->leads = calloc(catalog->line_count + 1u, sizeof stream->leads[0]);
    if (stream->memory == NULL || stream->merged == NULL || stream->leads == NULL)
        return tc_fail(error, TC_MEMORY, "no memory: %zu bytes for the lines of several streams",
                       stream->memory_bytes);
    tc_chorus_init(&stream->chorus, stream->memory, catalog, TC_SILENT_AFTER_NS);
    tc_intake_init(&stream->intake, (uint8_t *)stream->memory + chorus_bytes, catalog, &options,
                   &supply);
    return TC_OK;
}

void tc_chorus_stream_close(struct tc_chorus_stream *stream)
{
    tc_report_merge_close(&stream->reports);
    tc_numa_free(stream->memory, stream->memory_bytes);
    free(stream->merged);
    free(stream->leads);
    tc_capture_stream_close(&stream->rings);
}

static bool report(void *context, const struct tc_line_report *told)
{
    return rte_ring_sp_enqueue_elem(context, (void *)(uintptr_t)told, sizeof *told) == 0;
}

struct tc_line_reporter tc_chorus_stream_reporter(struct tc_chorus_stream *stream, size_t number)
{
    return (struct tc_line_reporter){report, stream->reports.sources[number].ring};
}

static void publish(struct tc_chorus_stream *stream)
{
    const struct tc_catalog *catalog = stream->intake.catalog;

    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        const struct tc_arbiter *arbiter = stream->chorus.arbiters[i];
        struct tc_merged merged;

        if (arbiter == NULL)
            continue;
        merged = tc_arbiter_figures(arbiter);
        for (uint32_t j = 0; j < arbiter->line_count; j++)
            tc_publish(&stream->leads[catalog->channels[i].first_line + j],
                       arbiter->lines[j].leads);
        tc_publish_rows(stream->merged + (size_t)i * TC_MERGED_ROWS, &merged, TC_MERGED_ROWS);
    }
}

/* Says how many reports were not compared; whoever counts again must know. True when it is said. */
static bool tell_unheard(struct tc_chorus_stream *stream, uint64_t now_ns)
{
    uint64_t unheard = stream->lost + stream->chorus.unheard;
    uint64_t more = unheard - stream->unheard;

    if (more > 0 && !tc_intake_event(&stream->intake, TC_EVENT_UNHEARD, TC_LINE_NONE, now_ns, &more,
                                     sizeof more))
        return false;
    stream->unheard = unheard;
    return true;
}

void tc_chorus_stream_step(struct tc_chorus_stream *stream, uint64_t now_ns, uint64_t lost)
{
    const struct tc_line_report *told;

    tc_report_merge_begin(&stream->reports);
    while ((told = tc_report_merge_next(&stream->reports)) != NULL)
        tc_intake_report(&stream->intake, told, now_ns);
    stream->lost = lost;
    (void)tell_unheard(stream, now_ns);
    tc_intake_tick(&stream->intake, now_ns);
    publish(stream);
}

bool tc_chorus_stream_finish(struct tc_chorus_stream *stream, uint64_t now_ns)
{
    if (tell_unheard(stream, now_ns))
        return tc_intake_finish(&stream->intake, now_ns);
    tc_intake_tick(&stream->intake, now_ns); /* what waits makes room once there is a batch */
    return false;
}
