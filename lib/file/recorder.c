/* When a block is complete: pack, place, append. */
#include "file/recorder.h"

#include "base/placer.h"

static void place(struct tc_recorder *recorder, struct tc_placer *placer,
                  const struct tc_capture *capture, const struct tc_recorder_options *options,
                  struct tc_sink *sink, tc_new_id *new_id)
{
    const struct tc_catalog *catalog = &capture->catalog;
    const struct tc_block_limits *limits = &options->limits;
    void *split = tc_place(placer, tc_split_footprint(catalog, limits));
    void *pack = tc_place(placer, tc_pack_footprint(catalog, limits));
    void *writer = tc_place(placer, tc_writer_footprint(capture, limits));
    void *latencies = tc_place(placer,
                               tc_latencies_footprint(catalog, limits->frames, limits->messages));

    if (placer->memory == NULL)
        return;
    tc_split_init(&recorder->split, split, catalog, limits);
    tc_pack_init(&recorder->pack, pack, catalog, limits, options->compress);
    tc_latencies_init(&recorder->latencies, latencies, catalog, limits->frames, limits->messages,
                      options->latency_bound_ns > 0 ? options->latency_bound_ns : UINT64_MAX);
    recorder->split.latencies = &recorder->latencies;
    tc_writer_init(&recorder->writer, writer, capture, &options->writer, limits,
                   &recorder->latencies, sink, new_id);
}

size_t tc_recorder_footprint(const struct tc_capture *capture,
                             const struct tc_recorder_options *options)
{
    struct tc_placer placer = {0};

    place(NULL, &placer, capture, options, NULL, NULL);
    return placer.used;
}

void tc_recorder_init(struct tc_recorder *recorder, void *memory, const struct tc_capture *capture,
                      const struct tc_recorder_options *options, struct tc_sink *sink,
                      tc_new_id *new_id)
{
    struct tc_placer placer = {.memory = memory};

    *recorder = (struct tc_recorder){0};
    place(recorder, &placer, capture, options, sink, new_id);
}

/* The events of the block that was just packed, in one piece. */
static struct tc_cursor gather_events(struct tc_recorder *recorder)
{
    const struct tc_lane *events = &recorder->split.events;

    tc_lane_gather(&recorder->split.pool, events, recorder->pack.gathered);
    return tc_cursor_of(recorder->pack.gathered, events->count);
}

static enum tc_status end_block(struct tc_recorder *recorder, struct tc_error *error)
{
    struct tc_pack *pack = &recorder->pack;
    struct tc_block_header header;
    struct tc_block_place at;
    size_t length;
    enum tc_status status;

    if (tc_split_empty(&recorder->split))
        return TC_OK;
    length = tc_pack_body(pack, &recorder->split);
    status = tc_writer_place(&recorder->writer, length, recorder->now_ns, &at, error);
    if (status != TC_OK)
        return status;
    tc_pack_header(pack, &recorder->split, &at, &header);
    return tc_writer_append(&recorder->writer, pack->bytes, length, &header, &recorder->split,
                            gather_events(recorder), error);
}

enum tc_status tc_recorder_batch(struct tc_recorder *recorder, const struct tc_batch *batch,
                                 struct tc_error *error)
{
    enum tc_status status = TC_OK;

    if (recorder->writer.failed)
        return tc_fail(error, TC_IO, "the writer has failed before");
    recorder->now_ns = batch->proc_base_ns;
    tc_split_batch(&recorder->split, batch);
    if ((batch->flags & TC_BATCH_ENDS_BLOCK) != 0) {
        status = end_block(recorder, error);
        tc_split_reset(&recorder->split);
    }
    if (status == TC_OK && (batch->flags & TC_BATCH_ENDS_RUN) != 0) {
        tc_writer_note_nic(&recorder->writer, &batch->nic);
        status = tc_writer_finish(&recorder->writer, recorder->now_ns, error);
        recorder->finished = status == TC_OK;
    }
    return status;
}
