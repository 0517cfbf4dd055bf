/* Putting the pipeline together, and comparing what comes out of it. */
#include "pipework.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

enum {
    BATCHES = 4,
    STATE_BYTES = TC_LINE_STATE_BYTES_MAX,
    AT_STORED_BYTES = 32, /* in a block's header */
};

_Noreturn void pipework_fail(const char *file, int line, const char *sentence)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, sentence);
    fflush(stderr);
    abort();
}

void pipework_id(uint8_t id[TC_ID_BYTES])
{
    static uint64_t count;
    uint64_t words[2];

    count++;
    words[0] = count * UINT64_C(0x9e3779b97f4a7c15);
    words[1] = ~count;

    memcpy(id, words, TC_ID_BYTES);
}

/* Room for one more item of an array that grows by doubling. */
static void *grown(void *items, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity > 0 ? 2 * *capacity : 256;
    items = realloc(items, *capacity * item_bytes);
    PIPEWORK_MUST(items != NULL, "no memory for the history");
    return items;
}

static void *copy_of(const void *bytes, size_t length)
{
    void *copy = malloc(length + 1);

    PIPEWORK_MUST(copy != NULL, "no memory for the history");
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

/* ---- comparing ---- */

const char *pipework_compare_frame(const struct pipework_frame *kept, const struct tc_frame *read)
{
    if (kept->captured_bytes != read->captured_bytes || kept->wire_bytes != read->wire_bytes)
        return "a frame has another length";
    if (kept->rx_ns != read->rx_ns || kept->proc_ns != read->proc_ns)
        return "a frame has another time";
    if (kept->line != read->line || kept->flags != read->flags ||
        kept->payload_offset != read->payload_offset)
        return "a frame has another line, other flags or another payload";
    if (kept->captured_bytes > 0 && memcmp(kept->bytes, read->bytes, kept->captured_bytes) != 0)
        return "a frame has other bytes";
    if (kept->messages != read->messages)
        return "a frame has another number of messages";
    for (uint32_t i = 0; i < kept->messages; i++)
        if (kept->marks[i].offset != read->marks[i].offset ||
            kept->marks[i].class != read->marks[i].class ||
            kept->marks[i].flags != read->marks[i].flags)
            return "a message has another place, class or flags";
    return NULL;
}

const char *pipework_compare_event(const struct pipework_event *kept, const struct tc_event *read)
{
    if (kept->kind != read->kind || kept->about != read->about || kept->time_ns != read->time_ns ||
        kept->payload_bytes != read->payload_bytes ||
        memcmp(kept->payload, read->payload, kept->payload_bytes) != 0)
        return "an event is another one";
    return NULL;
}

/* Every sound packet lies in one of the block's ranges of numbers. */
static void check_ranges(const struct pipework *work, const struct tc_block_header *header,
                         const struct tc_frame *frame)
{
    const struct tc_catalog *catalog = &work->options.capture->catalog;
    struct tc_cursor ranges = tc_join_box(work->join, TC_COL_RANGES);
    const struct tc_framer *framer;
    struct tc_packet packet;

    if (frame->line == TC_LINE_NONE || (frame->flags & TC_FRAME_MALFORMED) != 0 ||
        (header->flags & TC_BLOCK_RANGES_INCOMPLETE) != 0)
        return;
    framer = &catalog->channels[catalog->lines[frame->line].channel].framer;
    PIPEWORK_MUST(tc_framer_open(framer, frame->bytes + frame->payload_offset,
                                 frame->captured_bytes - frame->payload_offset, &packet),
                  "a packet has no header");
    while (tc_cursor_left(&ranges) >= TC_RANGE_BYTES) {
        const uint8_t *range = tc_cursor_take(&ranges, TC_RANGE_BYTES);

        if (tc_load_le64(range) == frame->line &&
            memcmp(range + 8, &packet.session, sizeof packet.session) == 0 &&
            tc_load_le64(range + 24) <= packet.sequence &&
            tc_load_le64(range + 32) >= packet.sequence + packet.messages)
            return;
    }
    pipework_fail(__FILE__, __LINE__, "a packet is in no range of its block");
}

static void compare_frames(struct pipework_writer *writer, const struct tc_block_header *header)
{
    struct pipework *work = writer->work;
    uint64_t first = writer->first_frame - work->frame_base;
    uint64_t lowest = UINT64_MAX, highest = 0, bytes = 0, messages = 0;
    uint32_t count;
    const struct tc_frame *frames = tc_join_frames(work->join, &count);

    PIPEWORK_MUST(count == header->frames && first + count == work->frame_count,
                  "a block has another number of frames");
    for (uint32_t i = 0; i < count; i++) {
        const struct pipework_frame *kept = &work->frames[first + i];
        const char *sentence = pipework_compare_frame(kept, &frames[i]);

        PIPEWORK_MUST(sentence == NULL, sentence);
        check_ranges(work, header, &frames[i]);
        lowest = kept->rx_ns < lowest ? kept->rx_ns : lowest;
        highest = kept->rx_ns > highest ? kept->rx_ns : highest;
        bytes += kept->captured_bytes;
        messages += kept->messages;
    }
    PIPEWORK_MUST(header->first_rx_ns == (count > 0 ? lowest : 0) && header->last_rx_ns == highest,
                  "a block header has other times");
    PIPEWORK_MUST(header->frame_bytes == bytes && header->messages == messages,
                  "a block header has other sums");
    work->block_frames += count;
    work->block_messages += messages;
}

/*
 * An event that the writer has added: the frame behind it has a message so far from its exchange
 * time. From here on it is kept like the others.
 */
static void keep_latency(struct pipework_writer *writer, const struct tc_event *event, uint64_t at)
{
    struct pipework *work = writer->work;
    const struct pipework_frame *frame =
        &work->frames[writer->first_frame - work->frame_base + event->position];
    uint64_t bound_ns = writer->recorder.latencies.bound_ns;
    int64_t net_ns = (int64_t)(event->time_ns - tc_load_le64(event->payload));

    PIPEWORK_MUST(event->payload_bytes == 16 && event->about == frame->line &&
                      event->time_ns == frame->rx_ns && frame->messages > 0 &&
                      tc_load_le64(event->payload + 8) == bound_ns &&
                      (net_ns > 0 ? (uint64_t)net_ns : 0 - (uint64_t)net_ns) > bound_ns,
                  "a line is said to be beyond its bound, but is not");
    work->events = grown(work->events, work->event_count, &work->event_capacity,
                         sizeof work->events[0]);
    memmove(&work->events[at + 1], &work->events[at],
            (work->event_count - at) * sizeof work->events[0]);
    work->event_count++;
    work->events[at] = (struct pipework_event){
        .time_ns = event->time_ns,
        .position = writer->first_frame + event->position,
        .payload = copy_of(event->payload, event->payload_bytes),
        .payload_bytes = event->payload_bytes,
        .about = event->about,
        .kind = event->kind,
    };
}

static void compare_events(struct pipework_writer *writer, const struct tc_block_header *header)
{
    struct pipework *work = writer->work;
    uint64_t first = writer->first_event - work->event_base;
    uint32_t count;
    const struct tc_event *events = tc_join_events(work->join, &count);

    for (uint32_t i = 0; i < count; i++)
        if (events[i].kind == TC_EVENT_LATENCY)
            keep_latency(writer, &events[i], first + i);
    PIPEWORK_MUST(count == header->events && first + count == work->event_count,
                  "a block has another number of events");
    for (uint32_t i = 0; i < count; i++) {
        const char *sentence = pipework_compare_event(&work->events[first + i], &events[i]);

        PIPEWORK_MUST(sentence == NULL, sentence);
        PIPEWORK_MUST(work->events[first + i].position == writer->first_frame + events[i].position,
                      "an event stands elsewhere");
    }
}

/* Ledger, clock, and the lines that the block's batches told of. */
static void compare_states(struct pipework_writer *writer)
{
    struct pipework *work = writer->work;
    struct tc_cursor ledger = tc_join_box(work->join, TC_COL_LEDGER);
    struct tc_cursor clock = tc_join_box(work->join, TC_COL_CLOCK);
    struct tc_cursor lines = tc_join_box(work->join, TC_COL_LINES);
    struct tc_cursor channels = tc_join_box(work->join, TC_COL_CHANNELS);
    uint8_t expected[TC_LEDGER_BYTES_MAX];
    struct tc_scribe out = tc_scribe_of(expected, sizeof expected);

    tc_ledger_write(&out, &work->last_ledger);
    PIPEWORK_MUST(tc_cursor_left(&ledger) == out.length &&
                      memcmp(ledger.at, expected, out.length) == 0,
                  "a block has another ledger");
    out = tc_scribe_of(expected, sizeof expected);
    tc_clock_write(&out, &work->last_clock);
    PIPEWORK_MUST(tc_cursor_left(&clock) == out.length &&
                      memcmp(clock.at, expected, out.length) == 0,
                  "a block has another clock");
    for (uint16_t i = 0; i < work->options.capture->catalog.line_count; i++) {
        const uint8_t *told = writer->line_states + (size_t)i * STATE_BYTES;

        if (writer->line_bytes[i] == 0)
            continue;
        PIPEWORK_MUST(tc_cursor_u64(&lines) == i, "a block has the state of another line");
        PIPEWORK_MUST(tc_cursor_left(&lines) >= writer->line_bytes[i] &&
                          memcmp(lines.at, told, writer->line_bytes[i]) == 0,
                      "a block has another state of a line");
        tc_cursor_take(&lines, writer->line_bytes[i]);
    }
    PIPEWORK_MUST(tc_cursor_left(&lines) == 0, "a block has states of lines that nobody told");
    for (uint16_t i = 0; i < work->options.capture->catalog.channel_count; i++) {
        struct tc_merged merged;

        if (!writer->channel_told[i])
            continue;
        PIPEWORK_MUST(tc_cursor_u64(&channels) == i, "a block has figures of another channel");
        tc_merged_read(&channels, &merged);
        PIPEWORK_MUST(!channels.failed &&
                          memcmp(&merged, &writer->channel_states[i], sizeof merged) == 0,
                      "a block has other figures of a channel");
    }
    PIPEWORK_MUST(tc_cursor_left(&channels) == 0, "a block has figures that nobody told");
}

/* Nothing of what has been compared is needed again. */
static void forget(struct pipework *work)
{
    if (work->options.keep)
        return;
    for (size_t i = 0; i < work->frame_count; i++)
        free(work->frames[i].bytes);
    for (size_t i = 0; i < work->event_count; i++)
        free(work->events[i].payload);
    work->frame_base += work->frame_count;
    work->event_base += work->event_count;
    work->frame_count = work->event_count = 0;
}

static void compare_block(struct pipework_writer *writer, const uint8_t *bytes, size_t length)
{
    struct pipework *work = writer->work;
    struct tc_block_header header;
    struct tc_error error = {0};

    PIPEWORK_MUST(tc_block_header_read(bytes, length, &header, &error) == TC_OK, error.text);
    PIPEWORK_MUST(header.number == writer->block && header.stream == work->options.stream,
                  "a block has another number");
    PIPEWORK_MUST(length == tc_align_up(header.stored_bytes, TC_BLOCK_ALIGN),
                  "a block has another length");
    PIPEWORK_MUST(tc_join_block(work->join, &header, bytes, true, &error) == TC_OK, error.text);
    compare_frames(writer, &header);
    compare_events(writer, &header);
    compare_states(writer);
    work->blocks++;
    writer->blocks++;
    writer->in_block = false;
    forget(work);
}

/* ---- the sink ---- */

static enum tc_status sink_open(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    struct pipework_writer *writer = (struct pipework_writer *)sink;

    return writer->file != NULL ? writer->file->ops->open(writer->file, path, error) : TC_OK;
}

/* A disk that is full takes what still fits. */
static enum tc_status sink_append(struct tc_sink *sink, const void *bytes, size_t length,
                                  struct tc_error *error)
{
    struct pipework_writer *writer = (struct pipework_writer *)sink;
    uint64_t most = writer->work->options.sink_bytes;
    bool full = most != 0 && writer->sink_bytes + length > most;
    bool block = length >= TC_BLOCK_HEADER_BYTES &&
                 memcmp(bytes, TC_BLOCK_MAGIC, TC_MAGIC_BYTES) == 0;
    size_t whole = length;
    enum tc_status status = TC_OK;

    PIPEWORK_MUST(!writer->failed, "a writer that has failed writes again");
    if (full)
        length = (size_t)(most - writer->sink_bytes);
    writer->sink_bytes += length;
    if (writer->file != NULL)
        status = writer->file->ops->append(writer->file, bytes, length, error);
    if (full && writer->file != NULL)
        status = writer->file->ops->sync(writer->file, error);
    /* what does not fit may be nothing but the padding of a block */
    if (block && length >= tc_load_le32((const uint8_t *)bytes + AT_STORED_BYTES))
        compare_block(writer, bytes, whole);
    return full ? tc_fail(error, TC_FULL, "the disk is full") : status;
}

static enum tc_status sink_sync(struct tc_sink *sink, struct tc_error *error)
{
    struct pipework_writer *writer = (struct pipework_writer *)sink;

    return writer->file != NULL ? writer->file->ops->sync(writer->file, error) : TC_OK;
}

static enum tc_status sink_close(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    struct pipework_writer *writer = (struct pipework_writer *)sink;

    return writer->file != NULL ? writer->file->ops->close(writer->file, path, error) : TC_OK;
}

static const struct tc_sink_ops sink_ops = {
    .open = sink_open, .append = sink_append, .sync = sink_sync, .close = sink_close};

/* ---- batches ---- */

static struct tc_batch *take_batch(void *context)
{
    struct pipework *work = context;

    if (work->starved || work->free_count == 0)
        return NULL;
    work->free_count--;
    return work->free[work->free_first++ % 64];
}

/* A frame of a batch is the next one that was counted as recorded. */
static void hand_frame(struct pipework *work, const struct tc_batch *batch,
                       const struct tc_frame_record *record)
{
    struct pipework_frame *kept;
    bool proc_is_rx = (record->flags & TC_FRAME_PROC_IS_RX) != 0;

    PIPEWORK_MUST(work->arrival < work->arrival_count, "a batch has a frame that never came");
    work->frames = grown(work->frames, work->frame_count, &work->frame_capacity,
                         sizeof work->frames[0]);
    kept = &work->frames[work->frame_count++];
    *kept = work->arrivals[work->arrival++];
    PIPEWORK_MUST(kept->captured_bytes == record->captured_bytes &&
                      kept->wire_bytes == record->wire_bytes && kept->rx_ns == record->rx_ns,
                  "a frame in a batch has another length or time");
    PIPEWORK_MUST(kept->proc_ns ==
                      (proc_is_rx ? record->rx_ns : batch->proc_base_ns + record->proc_after_ns),
                  "a frame in a batch has another processing time");
    PIPEWORK_MUST(memcmp(kept->bytes, tc_frame_bytes(record), kept->captured_bytes) == 0,
                  "a frame in a batch has other bytes");
    PIPEWORK_MUST((record->flags & kept->flags) == kept->flags,
                  "a frame in a batch has lost flags");
    kept->flags = record->flags & TC_FRAME_FILE_FLAGS;
    kept->line = record->line;
    kept->messages = record->messages;
    kept->payload_offset = record->payload_offset;
    if (record->messages > 0) {
        kept->bytes = realloc(kept->bytes, tc_align_up(kept->captured_bytes + 1, 8) +
                                               record->messages * sizeof(struct tc_mark));
        PIPEWORK_MUST(kept->bytes != NULL, "no memory for the history");
        kept->marks = (struct tc_mark *)(void *)(kept->bytes +
                                                 tc_align_up(kept->captured_bytes + 1, 8));
        memcpy(kept->marks, tc_frame_marks_of(record), record->messages * sizeof kept->marks[0]);
    }
}

static void hand_event(struct pipework *work, struct pipework_writer *writer,
                       const struct tc_event_record *record)
{
    struct pipework_event *kept;

    if (record->event == TC_EVENT_LINE) {
        PIPEWORK_MUST(record->payload_bytes <= STATE_BYTES, "a line's state is too long");
        memcpy(writer->line_states + (size_t)record->about * STATE_BYTES, record + 1,
               record->payload_bytes);
        writer->line_bytes[record->about] = record->payload_bytes;
        return;
    }
    if (record->event == TC_EVENT_CHANNEL) {
        struct tc_cursor in = tc_cursor_of(record + 1, record->payload_bytes);

        tc_merged_read(&in, &writer->channel_states[record->about]);
        writer->channel_told[record->about] = true;
        return;
    }
    if (record->event == TC_EVENT_DROPPED || record->event == TC_EVENT_FILTERED) {
        struct tc_cursor in = tc_cursor_of(record + 1, record->payload_bytes);
        struct tc_drop drop;

        tc_drop_read(&in, &drop);
        PIPEWORK_MUST(!in.failed && tc_cursor_left(&in) == 0, "a dropped event is broken");
        work->drops_told += drop.frames;
        work->filters_told += drop.filtered_frames;
        work->inexact += !drop.exact;
    }
    work->events = grown(work->events, work->event_count, &work->event_capacity,
                         sizeof work->events[0]);
    kept = &work->events[work->event_count++];
    *kept = (struct pipework_event){
        .time_ns = record->time_ns,
        .position = work->frame_base + work->frame_count,
        .payload = copy_of(record + 1, record->payload_bytes),
        .payload_bytes = record->payload_bytes,
        .about = record->about,
        .kind = record->event,
    };
}

static void check_batch(struct pipework *work, const struct tc_batch *batch, uint64_t frames,
                        uint64_t messages)
{
    PIPEWORK_MUST(batch->frames == frames && batch->messages == messages,
                  "a batch counts other frames or messages");
    PIPEWORK_MUST(tc_ledger_closes(&batch->ledger), "a batch's ledger does not close");
    PIPEWORK_MUST(batch->ledger.recorded == work->frame_base + work->frame_count,
                  "a batch's ledger has other recorded frames");
    PIPEWORK_MUST(tc_ledger_dropped(&batch->ledger) == work->drops_told,
                  "a batch's ledger has drops that no event told");
    PIPEWORK_MUST(batch->ledger.filtered == work->filters_told,
                  "a batch's ledger has filtered frames that no event told");
    PIPEWORK_MUST(batch->used <= batch->capacity, "a batch is longer than it can be");
    work->last_ledger = batch->ledger;
    work->last_clock = batch->clock;
    work->batches++;
}

static void begin_block(struct pipework *work, struct pipework_writer *writer,
                        const struct tc_batch *batch)
{
    PIPEWORK_MUST(!writer->in_block || writer->block == batch->block,
                  "a block ended without being written");
    if (writer->in_block)
        return;
    writer->in_block = true;
    writer->block = batch->block;
    writer->first_frame = work->frame_base + work->frame_count;
    writer->first_event = work->event_base + work->event_count;
    memset(writer->line_bytes, 0,
           work->options.capture->catalog.line_count * sizeof writer->line_bytes[0]);
    memset(writer->channel_told, 0, work->options.capture->catalog.channel_count);
}

static void give_batch(void *context, struct tc_batch *batch, uint32_t number)
{
    struct pipework *work = context;
    struct pipework_writer *writer = &work->writers[number];
    uint64_t frames = 0, messages = 0;
    uint32_t offset = 0;
    const uint8_t *record;

    PIPEWORK_MUST(number == batch->block % work->options.limits.writers,
                  "a block went to another writer");
    PIPEWORK_MUST(!writer->finished, "a batch follows the last one of a writer");
    begin_block(work, writer, batch);
    while ((record = tc_batch_next(batch, &offset)) != NULL) {
        const struct tc_frame_record *frame = (const void *)record;

        if (tc_record_kind(record) != TC_RECORD_FRAME) {
            hand_event(work, writer, (const void *)record);
            continue;
        }
        hand_frame(work, batch, frame);
        frames++;
        messages += frame->messages;
    }
    check_batch(work, batch, frames, messages);
    if (!writer->failed && tc_recorder_batch(&writer->recorder, batch, &writer->error) != TC_OK)
        writer->failed = true;
    if ((batch->flags & TC_BATCH_ENDS_BLOCK) != 0)
        writer->in_block = false; /* one without contents is not written */
    writer->finished = (batch->flags & TC_BATCH_ENDS_RUN) != 0;
    memset(batch->log, 0xa5, batch->capacity < 4096 ? batch->capacity : 4096);
    work->free[(work->free_first + work->free_count++) % 64] = batch;
}

/* ---- the whole ---- */

static void fill_in(struct pipework_options *options)
{
    struct tc_batch_limits *limits = &options->limits;

    if (limits->writers == 0)
        limits->writers = 1;
    if (limits->batch_messages == 0)
        limits->batch_messages = TC_BATCH_MESSAGES;
    if (limits->block_messages == 0)
        limits->block_messages = 65536;
    if (limits->block_bytes == 0)
        limits->block_bytes = 8 << 20;
    if (options->batches == 0)
        options->batches = BATCHES;
    if (options->batch_bytes == 0)
        options->batch_bytes = TC_BATCH_BYTES;
}

static void make_writer(struct pipework *work, uint32_t number)
{
    const struct pipework_options *options = &work->options;
    struct pipework_writer *writer = &work->writers[number];
    const struct tc_recorder_options recorder = {
        .writer = {.directory = options->directory != NULL ? options->directory : "nowhere",
                   .stream = options->stream,
                   .writer = number,
                   .writers = options->limits.writers,
                   .rotate_bytes = options->rotate_bytes,
                   .rotate_ns = options->rotate_ns},
        .limits = tc_block_limits_of(options->limits.block_messages, options->limits.block_bytes,
                                     options->limits.batch_messages, options->batch_bytes),
        .compress = !options->plain,
        .latency_bound_ns = options->latency_bound_ns,
    };
    uint16_t lines = options->capture->catalog.line_count;
    uint16_t channels = options->capture->catalog.channel_count;

    writer->sink.ops = &sink_ops;
    writer->work = work;
    writer->file = options->directory != NULL ? tc_file_sink_new() : NULL;
    writer->memory_bytes = tc_recorder_footprint(options->capture, &recorder);
    writer->memory = tc_memory_take(writer->memory_bytes);
    writer->line_states = calloc(lines + 1u, STATE_BYTES);
    writer->line_bytes = calloc(lines + 1u, sizeof writer->line_bytes[0]);
    writer->channel_states = calloc(channels + 1u, sizeof writer->channel_states[0]);
    writer->channel_told = calloc(channels + 1u, sizeof writer->channel_told[0]);
    PIPEWORK_MUST(writer->memory != NULL && writer->line_states != NULL &&
                      writer->line_bytes != NULL && writer->channel_states != NULL &&
                      writer->channel_told != NULL,
                  "no memory for a writer");
    tc_recorder_init(&writer->recorder, writer->memory, options->capture, &recorder, &writer->sink,
                     options->new_id != NULL ? options->new_id : pipework_id);
}

struct pipework *pipework_new(const struct pipework_options *options)
{
    struct pipework *work = calloc(1, sizeof *work);
    struct tc_batch_supply supply = {take_batch, give_batch, work};
    struct tc_intake_options intake;

    PIPEWORK_MUST(work != NULL, "no memory for a pipeline");
    work->options = *options;
    fill_in(&work->options);
    options = &work->options;
    intake = (struct tc_intake_options){
        .stream = options->stream,
        .nic_port = options->on_port ? options->nic_port : TC_PORT_ANY,
        .filter_unmatched = options->filter_unmatched,
        .symbols = options->symbols,
        .reporter = options->reporter,
        .chorus = options->chorus,
        .silent_after_ns = options->silent_after_ns,
        .limits = options->limits,
    };
    work->intake_bytes = tc_intake_footprint(&options->capture->catalog, &intake);
    work->intake_memory = tc_memory_take(work->intake_bytes);
    work->join = tc_join_new(&options->capture->catalog);
    PIPEWORK_MUST(work->intake_memory != NULL && work->join != NULL, "no memory for a pipeline");
    tc_intake_init(&work->intake, work->intake_memory, &options->capture->catalog, &intake,
                   &supply);
    work->intake.clock.source = TC_CLOCK_FILE; /* times are whatever a test says */
    for (uint32_t i = 0; i < options->limits.writers; i++)
        make_writer(work, i);
    for (uint32_t i = 0; i < options->batches; i++) {
        void *memory = aligned_alloc(64, tc_align_up(options->batch_bytes, 64));

        PIPEWORK_MUST(memory != NULL, "no memory for a batch");
        memset(memory, 0xa5, 4096);
        work->free[work->free_count++] = tc_batch_init(memory, options->batch_bytes);
    }
    return work;
}

void pipework_free(struct pipework *work)
{
    work->options.keep = false;
    forget(work);
    for (size_t i = work->arrival; i < work->arrival_count; i++)
        free(work->arrivals[i].bytes);
    for (uint32_t i = 0; i < work->options.limits.writers; i++) {
        struct pipework_writer *writer = &work->writers[i];

        tc_file_sink_free(writer->file);
        tc_memory_free(writer->memory, writer->memory_bytes);
        free(writer->line_states);
        free(writer->line_bytes);
        free(writer->channel_states);
        free(writer->channel_told);
    }
    for (uint32_t i = 0; i < work->free_count; i++)
        free(work->free[(work->free_first + i) % 64]);
    free(work->intake.batcher.batch);
    free(work->intake.batcher.next);
    tc_join_free(work->join);
    tc_memory_free(work->intake_memory, work->intake_bytes);
    free(work->arrivals);
    free(work->frames);
    free(work->events);
    free(work);
}

void pipework_take(struct pipework *work, const struct tc_arrival *arrival)
{
    struct tc_ledger before = work->intake.ledger;
    const struct tc_ledger *after = &work->intake.ledger;
    const uint64_t refused[] = {1, arrival->rx_ns, 1};

    if ((arrival->flags & TC_FRAME_BAD_TIME) != 0 && !work->options.untold)
        tc_intake_event(&work->intake, TC_EVENT_BAD_TIME, 0, arrival->proc_ns, refused,
                        sizeof refused);
    tc_intake_frame(&work->intake, arrival);
    PIPEWORK_MUST(after->received == before.received + 1, "a frame was not received once");
    PIPEWORK_MUST(after->recorded + after->no_batch + after->filtered ==
                      before.recorded + before.no_batch + before.filtered + 1,
                  "a frame has not exactly one fate");
    PIPEWORK_MUST(tc_ledger_closes(after), "the ledger does not close");
    if (after->recorded == before.recorded)
        return;
    if (work->arrival == work->arrival_count)
        work->arrival = work->arrival_count = 0;
    work->arrivals = grown(work->arrivals, work->arrival_count, &work->arrival_capacity,
                           sizeof work->arrivals[0]);
    work->arrivals[work->arrival_count++] = (struct pipework_frame){
        .rx_ns = arrival->rx_ns,
        .proc_ns = arrival->proc_ns,
        .bytes = copy_of(arrival->bytes, arrival->captured_bytes),
        .captured_bytes = arrival->captured_bytes,
        .wire_bytes = arrival->wire_bytes,
        .flags = arrival->flags,
    };
}

void pipework_take_frame(struct pipework *work, const uint8_t *bytes, uint32_t length,
                         uint64_t rx_ns)
{
    const struct tc_arrival arrival = {
        .bytes = bytes,
        .captured_bytes = length,
        .wire_bytes = length,
        .rx_ns = rx_ns,
        .proc_ns = rx_ns,
    };

    pipework_take(work, &arrival);
}

void pipework_flush(struct pipework *work)
{
    struct tc_error error = {0};

    for (uint32_t i = 0; i < work->options.limits.writers; i++) {
        struct pipework_writer *writer = &work->writers[i];

        if (writer->file != NULL && writer->recorder.writer.open)
            PIPEWORK_MUST(writer->file->ops->sync(writer->file, &error) == TC_OK, error.text);
    }
}

void pipework_finish(struct pipework *work, uint64_t now_ns)
{
    bool failed = false;

    work->starved = false;
    PIPEWORK_MUST(tc_intake_finish(&work->intake, now_ns), "the end found no batch");
    for (uint32_t i = 0; i < work->options.limits.writers; i++) {
        struct pipework_writer *writer = &work->writers[i];

        PIPEWORK_MUST(writer->finished, "a writer was not told of the end");
        PIPEWORK_MUST(writer->failed || writer->recorder.finished, "a recorder has not finished");
        failed = failed || writer->failed;
    }
    PIPEWORK_MUST(work->arrival == work->arrival_count, "frames are left that were recorded");
    if (!failed)
        PIPEWORK_MUST(work->block_frames == work->intake.ledger.recorded &&
                          work->block_messages == work->intake.ledger.messages,
                      "not all frames that were recorded are in blocks");
}
