/* Opening, appending, rotating, closing. */
#include "file/writer.h"

#include <assert.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/placer.h"
#include "file/paths.h"

void tc_random_id(uint8_t id[TC_ID_BYTES])
{
    /* 16 bytes are below the size at which the call may be interrupted or give less */
    ssize_t got = getrandom(id, TC_ID_BYTES, 0);

    assert(got == TC_ID_BYTES);
    (void)got;
}

/* What follows the last block: the index with its boxes, and the tail. */
static size_t end_bytes_max(const struct tc_capture *capture)
{
    return TC_INDEX_HEAD_BYTES + 5 * TC_BOX_HEAD_BYTES + TC_INDEX_BYTES + TC_LATENCIES_BYTES_MAX +
           TC_SYMBOL_LOG_ENTRIES * (size_t)TC_SYMBOL_LOG_BYTES +
           tc_stream_state_bytes_max(&capture->catalog) + TC_TAIL_BYTES + TC_BLOCK_ALIGN;
}

static void place(struct tc_writer *writer, struct tc_placer *placer,
                  const struct tc_capture *capture, const struct tc_block_limits *limits)
{
    const struct tc_catalog *catalog = &capture->catalog;
    void *state = tc_place(placer, tc_stream_state_footprint(catalog));
    void *index = tc_place(placer, tc_index_footprint(catalog, limits));

    writer->bytes_max = end_bytes_max(capture);
    if (writer->bytes_max < tc_segment_head_bytes_max(capture))
        writer->bytes_max = tc_segment_head_bytes_max(capture);
    writer->bytes = tc_place(placer, writer->bytes_max);
    if (placer->memory == NULL)
        return;
    tc_stream_state_init(&writer->state, state, catalog);
    tc_index_init(&writer->index, index, catalog, limits);
}

size_t tc_writer_footprint(const struct tc_capture *capture, const struct tc_block_limits *limits)
{
    struct tc_placer placer = {0};
    struct tc_writer measured;

    place(&measured, &placer, capture, limits);
    return placer.used;
}

void tc_writer_init(struct tc_writer *writer, void *memory, const struct tc_capture *capture,
                    const struct tc_writer_options *options, const struct tc_block_limits *limits,
                    struct tc_latencies *latencies, struct tc_sink *sink, tc_new_id *new_id)
{
    struct tc_placer placer = {.memory = memory};

    *writer = (struct tc_writer){.options = *options,
                                 .capture = capture,
                                 .latencies = latencies,
                                 .sink = sink,
                                 .new_id = new_id};
    place(writer, &placer, capture, limits);
}

static struct tc_segment_name name_of(const struct tc_writer *writer)
{
    return (struct tc_segment_name){
        .start_ns = writer->start_ns,
        .name = writer->capture->name,
        .stream = writer->options.stream,
        .writer = writer->options.writer,
        .number = writer->number,
    };
}

/* Whatever fails, the writer does not touch the file again. */
static enum tc_status fail(struct tc_writer *writer, enum tc_status status)
{
    writer->failed = writer->failed || status != TC_OK;
    return status;
}

static enum tc_status append(struct tc_writer *writer, const void *bytes, size_t length,
                             struct tc_error *error)
{
    enum tc_status status = writer->sink->ops->append(writer->sink, bytes, length, error);

    if (status == TC_OK) {
        writer->offset += length;
        writer->bytes_stored += length;
    }
    return fail(writer, status);
}

static enum tc_status open_segment(struct tc_writer *writer, uint64_t now_ns,
                                   struct tc_error *error)
{
    char path[TC_PATH_BYTES];
    struct tc_segment_name name;
    enum tc_status status;

    writer->number++;
    writer->start_ns = now_ns;
    name = name_of(writer);
    if (!tc_segment_path(path, writer->options.directory, &name, true))
        return fail(writer, tc_fail(error, TC_LIMIT, "%s: the path of a segment would be too long",
                                    writer->options.directory));
    writer->head = (struct tc_segment_head){
        .stream = writer->options.stream,
        .writer = writer->options.writer,
        .writers = writer->options.writers,
        .number = writer->number,
        .start_ns = now_ns,
        .previous_digest = writer->digest,
    };
    writer->new_id(writer->head.segment_id);
    tc_segment_head_write(writer->bytes, &writer->head, writer->capture, &writer->state);
    status = writer->sink->ops->open(writer->sink, path, error);
    if (status != TC_OK)
        return fail(writer, status);
    writer->open = true;
    writer->offset = 0;
    writer->digest = tc_segment_digest(0, writer->head.head_checksum);
    tc_index_reset(&writer->index);
    return append(writer, writer->bytes, writer->head.head_bytes, error);
}

/* Index and its boxes. */
static size_t write_index(struct tc_writer *writer)
{
    struct tc_scribe out = tc_scribe_of(writer->bytes, writer->bytes_max);
    uint8_t *head = tc_scribe_room(&out, TC_INDEX_HEAD_BYTES);
    size_t begin = tc_box_begin(&out, TC_BOX_BLOCKS);

    tc_scribe_bytes(&out, writer->index.records.bytes, writer->index.records.length);
    tc_box_end(&out, begin);
    begin = tc_box_begin(&out, TC_BOX_SYMBOL_LOG);
    tc_scribe_bytes(&out, writer->index.symbols.bytes, writer->index.symbols.length);
    tc_box_end(&out, begin);
    tc_stream_state_write(&out, &writer->state, false);
    begin = tc_box_begin(&out, TC_BOX_LATENCIES);
    tc_latencies_write(&out, writer->latencies, TC_LATENCIES_BYTES_MAX);
    tc_box_end(&out, begin);
    assert(!out.failed);
    memset(head, 0, TC_INDEX_HEAD_BYTES);
    memcpy(head + TC_INDEX_AT_magic, TC_INDEX_MAGIC, TC_MAGIC_BYTES);
    memcpy(head + TC_INDEX_AT_segment_id, writer->head.segment_id, TC_ID_BYTES);
    tc_store_le64(head + TC_INDEX_AT_offset, writer->offset);
    tc_store_le64(head + TC_INDEX_AT_index_bytes, out.length);
    tc_store_le64(head + TC_INDEX_AT_body_checksum,
                  tc_digest(head + TC_INDEX_HEAD_BYTES, out.length - TC_INDEX_HEAD_BYTES));
    tc_store_le64(head + TC_INDEX_AT_head_checksum, tc_digest(head, TC_INDEX_AT_head_checksum));
    return out.length;
}

static void write_tail(const struct tc_writer *writer, uint8_t *tail, size_t index_bytes, bool last)
{
    memset(tail, 0, TC_TAIL_BYTES);
    tc_store_le64(tail + TC_TAIL_AT_index_offset, writer->offset);
    tc_store_le64(tail + TC_TAIL_AT_index_bytes, index_bytes);
    tc_store_le64(tail + TC_TAIL_AT_file_bytes, writer->offset + index_bytes + TC_TAIL_BYTES);
    tc_store_le64(tail + TC_TAIL_AT_segment_digest, writer->digest);
    tc_store_le32(tail + TC_TAIL_AT_blocks, writer->index.blocks);
    tc_store_le32(tail + TC_TAIL_AT_flags, last ? TC_TAIL_LAST : 0);
    tc_store_le64(tail + TC_TAIL_AT_tail_checksum, tc_digest(tail, TC_TAIL_AT_tail_checksum));
    memcpy(tail + TC_TAIL_AT_magic, TC_END_MAGIC, TC_MAGIC_BYTES);
}

/* Whether what the stream says of itself adds up, and is what this writer has seen of it. */
static bool ledger_closes(const struct tc_writer *writer)
{
    const struct tc_ledger *ledger = &writer->state.ledger;

    if (!tc_ledger_closes(ledger))
        return false;
    return writer->options.writers == 1 ? writer->frames == ledger->recorded
                                        : writer->frames <= ledger->recorded;
}

static enum tc_status close_segment(struct tc_writer *writer, bool last, struct tc_error *error)
{
    size_t index_bytes = write_index(writer);
    struct tc_segment_name name = name_of(writer);
    char path[TC_PATH_BYTES];
    enum tc_status status;

    if (writer->open_balance == 0 && !ledger_closes(writer))
        writer->open_balance = writer->number;
    writer->digest = tc_segment_digest(writer->digest,
                                       tc_load_le64(writer->bytes + TC_INDEX_AT_head_checksum));
    write_tail(writer, writer->bytes + index_bytes, index_bytes, last);
    status = append(writer, writer->bytes, index_bytes + TC_TAIL_BYTES, error);
    if (status != TC_OK)
        return status;
    writer->open = false;
    tc_latencies_clear(writer->latencies);
    tc_segment_path(path, writer->options.directory, &name, false);
    status = fail(writer, writer->sink->ops->close(writer->sink, path, error));
    if (status == TC_OK)
        tc_index_reset(&writer->index);
    return status;
}

/* Whether the next block belongs into the next segment. */
static bool is_full(const struct tc_writer *writer, size_t length, uint64_t now_ns)
{
    const struct tc_writer_options *options = &writer->options;
    uint64_t end_bytes = writer->index.records.length + writer->index.symbols.length +
                         writer->index.record_bytes_max + TC_INDEX_HEAD_BYTES + TC_TAIL_BYTES;

    if (writer->index.blocks == 0)
        return false;
    return !tc_index_has_room(&writer->index) ||
           (options->rotate_bytes != 0 &&
            writer->offset + length + end_bytes > options->rotate_bytes) ||
           (options->rotate_ns != 0 && now_ns > writer->start_ns &&
            now_ns - writer->start_ns >= options->rotate_ns);
}

enum tc_status tc_writer_place(struct tc_writer *writer, size_t length, uint64_t now_ns,
                               struct tc_block_place *at, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    if (writer->failed)
        return tc_fail(error, TC_IO, "the writer has failed before");
    if (writer->open && is_full(writer, length, now_ns))
        status = close_segment(writer, false, error);
    if (status == TC_OK && !writer->open)
        status = open_segment(writer, now_ns, error);
    if (status != TC_OK)
        return status;
    memcpy(at->segment_id, writer->head.segment_id, TC_ID_BYTES);
    at->offset = writer->offset;
    return TC_OK;
}

/* Names and states of a block become part of what the next segment begins with. */
static enum tc_status take_state(struct tc_writer *writer, const struct tc_split *split,
                                 struct tc_cursor events, struct tc_error *error)
{
    while (tc_cursor_left(&events) >= TC_EVENT_HEAD_BYTES) {
        const uint8_t *head = tc_cursor_take(&events, TC_EVENT_HEAD_BYTES);
        uint32_t bytes = tc_load_le32(head + 16);
        const uint8_t *payload = tc_cursor_take(&events, bytes);
        enum tc_status status;

        if (payload == NULL || head[0] != TC_EVENT_SYMBOL)
            continue;
        tc_index_symbol(&writer->index, tc_load_le16(head + 2), payload);
        status = tc_stream_state_symbol(&writer->state, tc_load_le16(head + 2), payload, bytes,
                                        error);
        if (status != TC_OK)
            return status;
    }
    for (uint16_t i = 0; i < split->catalog->line_count; i++)
        if (split->line_known[i])
            writer->state.lines[i] = split->line_states[i];
    for (uint16_t i = 0; i < split->catalog->channel_count; i++)
        if (split->channel_known[i])
            writer->state.channels[i] = split->channel_states[i];
    writer->state.ledger = split->ledger;
    writer->state.nic = split->nic;
    writer->state.clock = split->clock;
    return TC_OK;
}

enum tc_status tc_writer_append(struct tc_writer *writer, const uint8_t *block, size_t length,
                                const struct tc_block_header *header, const struct tc_split *split,
                                struct tc_cursor events, struct tc_error *error)
{
    enum tc_status status;

    assert(header->offset == writer->offset);
    status = append(writer, block, length, error);
    if (status == TC_OK)
        status = fail(writer, take_state(writer, split, events, error));
    if (status != TC_OK)
        return status;
    writer->digest = tc_segment_digest(writer->digest, header->header_checksum);
    tc_index_add(&writer->index, header, split);
    writer->blocks++;
    writer->frames += header->frames;
    tc_latencies_commit(writer->latencies);
    return TC_OK;
}

enum tc_status tc_writer_sync(struct tc_writer *writer, struct tc_error *error)
{
    if (!writer->open || writer->failed)
        return TC_OK;
    return fail(writer, writer->sink->ops->sync(writer->sink, error));
}

void tc_writer_note_nic(struct tc_writer *writer, const struct tc_nic *nic)
{
    writer->state.nic = *nic;
}

enum tc_status tc_writer_finish(struct tc_writer *writer, uint64_t now_ns, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    if (writer->failed)
        return tc_fail(error, TC_IO, "the writer has failed before");
    if (!writer->open)
        status = open_segment(writer, now_ns, error);
    return status == TC_OK ? close_segment(writer, true, error) : status;
}

void tc_writer_take_back(struct tc_writer *writer, uint64_t *frames, uint64_t *messages)
{
    struct tc_cursor records = tc_cursor_of(writer->index.records.bytes,
                                            writer->index.records.length);
    struct tc_index_record record;
    uint64_t written;

    *frames = 0;
    *messages = 0;
    if (writer->index.blocks == 0)
        return; /* the segments before are whole */
    written = writer->sink->ops->written(writer->sink);
    while (tc_index_next(&records, &record))
        if (record.offset + record.stored_bytes > written) {
            *frames += record.frames;
            *messages += record.messages;
        }
    writer->frames -= *frames;
    if (written < writer->offset) /* it may have a part of the block that failed */
        writer->bytes_stored -= writer->offset - written;
}
