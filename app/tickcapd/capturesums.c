/* What a running capture comes to, from what its tasks have published. */
#include "tickcapd/capturerun.h"

static bool has_failed(const struct tc_record_task *task, struct tc_error *error)
{
    if (!atomic_load_explicit(&task->published.failed, memory_order_acquire))
        return false;
    *error = task->error;
    return true;
}

void tc_capture_run_stream_ledger(const struct tc_run_stream *stream, struct tc_ledger *ledger)
{
    tc_published_rows(stream->receiver->published.ledger, ledger, TC_LEDGER_ROWS);
    /*
     * What the receiver handed over is lost where its writer had failed. While both run, a writer
     * may have told of more than the receiver has.
     */
    for (uint32_t i = 0; i < stream->rings.writer_count; i++) {
        const struct tc_writer_published *writer = &stream->writers[i]->published;
        uint64_t frames = tc_published_get(&writer->failed_frames);
        uint64_t messages = tc_published_get(&writer->failed_messages);
        struct tc_error error;
        bool full = has_failed(stream->writers[i], &error) && error.status == TC_FULL;

        frames = frames < ledger->recorded ? frames : ledger->recorded;
        messages = messages < ledger->messages ? messages : ledger->messages;
        ledger->recorded -= frames;
        *(full ? &ledger->disk_full : &ledger->writer_failed) += frames;
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

void tc_capture_run_merged(const struct tc_capture_run *run, uint16_t channel,
                           struct tc_merged *merged)
{
    const struct tc_channel *of = &run->capture.catalog.channels[channel];
    struct tc_merged stream;

    *merged = (struct tc_merged){0};
    if (of->line_count == 1) {
        struct tc_figures figures;

        tc_capture_run_figures(run, of->first_line, &figures);
        merged->messages = figures.in_order + figures.late;
        merged->missing = figures.missing;
        return;
    }
    if (run->chorus != NULL && of->arbitration == TC_ARBITRATE_ELSEWHERE) {
        tc_published_rows(run->chorus->stream.merged + (size_t)channel * TC_MERGED_ROWS, merged,
                          TC_MERGED_ROWS);
        return;
    }
    for (size_t i = 0; i < run->plan->stream_count; i++) {
        tc_published_rows(run->streams[i].receiver->published.merged +
                              (size_t)channel * TC_MERGED_ROWS,
                          &stream, TC_MERGED_ROWS);
        tc_merged_add(merged, &stream);
    }
}

/* The arbiter of a channel as stream `i` has it; NULL where that does not compare its lines. */
static const struct tc_arbiter *arbiter_of(const struct tc_capture_run *run, size_t i,
                                           uint16_t channel)
{
    return run->streams[i].receiver->intake.arbiters[channel];
}

uint64_t tc_capture_run_leads(const struct tc_capture_run *run, uint16_t line)
{
    uint64_t leads = 0;

    for (size_t i = 0; i < run->plan->stream_count; i++)
        leads += tc_published_get(&run->streams[i].receiver->published.leads[line]);
    if (run->chorus != NULL)
        leads += tc_published_get(&run->chorus->stream.leads[line]);
    return leads;
}

void tc_capture_run_lead(const struct tc_capture_run *run, uint16_t channel,
                         struct tc_histogram *lead)
{
    const struct tc_arbiter *arbiter;
    struct tc_histogram copy;

    for (size_t i = 0; i <= run->plan->stream_count; i++) {
        if (i < run->plan->stream_count)
            arbiter = arbiter_of(run, i, channel);
        else
            arbiter = run->chorus != NULL ? run->chorus->stream.chorus.arbiters[channel] : NULL;
        if (arbiter == NULL)
            continue;
        tc_histogram_peek(arbiter->lead, &copy);
        tc_histogram_join(lead, &copy);
    }
}

static void add_stored(struct tc_stored *stored, const struct tc_record_task *writer)
{
    stored->bytes += tc_published_get(&writer->published.bytes_stored);
    stored->segments += tc_published_get(&writer->published.segments);
}

struct tc_stored tc_capture_run_stored(const struct tc_capture_run *run)
{
    struct tc_stored stored = {0};

    for (size_t i = 0; i < run->plan->stream_count; i++)
        for (uint32_t j = 0; j < run->streams[i].rings.writer_count; j++)
            add_stored(&stored, run->streams[i].writers[j]);
    if (run->chorus != NULL)
        add_stored(&stored, run->chorus->writer);
    return stored;
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
        for (uint32_t j = 0; j < run->streams[i].rings.writer_count; j++)
            if (has_failed(run->streams[i].writers[j], error))
                return true;
    return run->chorus != NULL && has_failed(run->chorus->writer, error);
}
