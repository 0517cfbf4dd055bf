/* Faults are told as they are found; one that makes the rest meaningless ends the segment. */
#include "file/segmentcheck.h"

#include <stdlib.h>

#include "file/eventcheck.h"

static void fault_of(struct tc_segment_check *check, const struct tc_error *error)
{
    check->sound = false;
    check->told(check->context, error);
}

static void fault(struct tc_segment_check *check, uint64_t offset, const char *sentence)
{
    struct tc_error error;

    tc_fail(&error, TC_DAMAGED, "%s: byte %lu: %s", check->segment->path, offset, sentence);
    fault_of(check, &error);
}

/* ---- a block ---- */

static void check_states(struct tc_segment_check *check, const struct tc_block_header *header)
{
    uint32_t count;
    const struct tc_event *events = tc_join_events(check->join, &count);
    struct tc_error detail = {0};

    if (tc_stream_state_block(&check->segment->state, check->join, &detail) != TC_OK)
        fault(check, header->offset, detail.text);
    for (uint32_t i = 0; i < count; i++)
        if (tc_event_check(&check->segment->capture, &check->segment->state, &events[i], &detail) !=
            TC_OK) {
            fault(check, header->offset, detail.text);
            break;
        }
}

/* Counts a packet's latencies. */
static void time_packet(struct tc_segment_check *check, const struct tc_frame *frame)
{
    const struct tc_latency_frame timed = {
        .payload = frame->bytes + frame->payload_offset,
        .marks = frame->marks,
        .messages = frame->messages,
        .rx_ns = frame->rx_ns,
        .proc_ns = frame->proc_ns,
        .line = frame->line,
        .flags = frame->flags,
    };
    struct tc_latency_breach breach;

    (void)tc_latencies_take(&check->latencies, &timed, &breach);
    tc_latencies_commit(&check->latencies);
}

static void check_frames(struct tc_segment_check *check, const struct tc_block_header *header)
{
    uint32_t count;
    const struct tc_frame *frames = tc_join_frames(check->join, &count);
    const struct tc_catalog *catalog = &check->segment->capture.catalog;
    uint64_t lowest = UINT64_MAX, highest = 0;
    struct tc_packet packet;
    bool sound = true;

    for (uint32_t i = 0; i < count; i++) {
        if (frames[i].line != TC_LINE_NONE && (frames[i].flags & TC_FRAME_MALFORMED) == 0) {
            bool is_packet = tc_frame_packet(catalog, &frames[i], &packet) &&
                             packet.messages == frames[i].messages;

            sound &= is_packet;
            if (is_packet && frames[i].messages > 0)
                time_packet(check, &frames[i]);
        }
        lowest = frames[i].rx_ns < lowest ? frames[i].rx_ns : lowest;
        highest = frames[i].rx_ns > highest ? frames[i].rx_ns : highest;
    }
    if (count > 0 && (lowest != header->first_rx_ns || highest != header->last_rx_ns))
        fault(check, header->offset,
              "the frames' receive times are not within those of the header");
    if (!sound)
        fault(check, header->offset, "a frame of a line is no packet of it");
}

/* Ranges of numbers, in a block and in its record. */
static bool same_ranges(struct tc_cursor block, struct tc_cursor record)
{
    while (tc_cursor_left(&block) > 0) {
        const uint8_t *one = tc_cursor_take(&block, TC_INDEX_RANGE_BYTES);
        const uint8_t *other = tc_cursor_take(&record, TC_INDEX_RANGE_BYTES);

        tc_cursor_zero(&block, TC_RANGE_BYTES - TC_INDEX_RANGE_BYTES);
        if (block.failed || record.failed || memcmp(one, other, TC_INDEX_RANGE_BYTES) != 0)
            return false;
    }
    return tc_cursor_left(&record) == 0;
}

/* The record of a block; those of blocks that were lost are passed over. False without one. */
static bool find_record(struct tc_segment_check *check, const struct tc_block_header *header,
                        struct tc_index_record *record)
{
    while (tc_index_next(&check->records, record))
        if (record->offset >= header->offset)
            return true;
    return false;
}

/* What the index says of a block, by which readers choose, is what the block says. */
static void check_record(struct tc_segment_check *check, const struct tc_block_header *header,
                         const struct tc_index_record *record)
{
    if (record->offset != header->offset || record->stored_bytes != header->stored_bytes ||
        record->frames != header->frames || record->messages != header->messages ||
        record->flags != header->flags || record->number != header->number ||
        record->first_rx_ns != header->first_rx_ns || record->last_rx_ns != header->last_rx_ns ||
        !same_ranges(tc_join_box(check->join, TC_COL_RANGES), record->ranges))
        fault(check, header->offset, "the index says something else of the block");
}

static void check_block(struct tc_segment_check *check, const struct tc_block_header *header,
                        const uint8_t *bytes)
{
    struct tc_segment *segment = check->segment;
    struct tc_error detail = {0}, told;
    struct tc_index_record record;
    /* how many records there are is looked at when all blocks have been */
    bool has_record = find_record(check, header, &record);

    check->segment_blocks++;
    check->blocks++;
    check->bytes += header->stored_bytes;
    if (header->stream != segment->head.stream)
        fault(check, header->offset, "the block is of another stream");
    if (header->number % segment->head.writers != segment->head.writer)
        fault(check, header->offset, "the block is of another writer");
    if (check->chain.has_block && header->number <= check->chain.block)
        fault(check, header->offset, "the block is not in order");
    check->chain.has_block = true;
    check->chain.block = header->number;
    if (!segment->padding_is_zero)
        fault(check, header->offset, "the bytes that fill the block up are not zero");
    if (tc_join_block(check->join, header, bytes, true, &detail) != TC_OK) {
        tc_fail(&told, detail.status, "%s: byte %lu: block %lu: %.380s", segment->path,
                header->offset, header->number, detail.text);
        fault_of(check, &told);
        return;
    }
    check_frames(check, header);
    check_states(check, header);
    if (has_record)
        check_record(check, header, &record);
}

/* All blocks; false where one is damaged, so that nothing after them can agree. */
static bool check_blocks(struct tc_segment_check *check)
{
    struct tc_block_header header;
    struct tc_error detail = {0};
    const uint8_t *bytes;
    enum tc_status status;
    bool sound = true;

    while ((status = tc_segment_next(check->segment, &header, &bytes, &detail)) != TC_END) {
        if (status == TC_OK) {
            check_block(check, &header, bytes);
            if (check->watch != NULL)
                check->watch(check->context);
            continue;
        }
        sound = false;
        fault_of(check, &detail);
        if (!tc_segment_resync(check->segment))
            break;
    }
    return sound;
}

/* ---- index and tail ---- */

static void check_index(struct tc_segment_check *check)
{
    struct tc_segment *segment = check->segment;
    struct tc_cursor records = tc_segment_box(segment, TC_BOX_BLOCKS);
    struct tc_index_record record;
    uint32_t count = 0;

    while (tc_index_next(&records, &record))
        count++;
    if (records.failed || count != segment->blocks || count != check->segment_blocks)
        fault(check, segment->blocks_end, "the index has not as many blocks");
}

/* What the index says of lines, ledger and clock against what the blocks have come to. */
static enum tc_status check_index_states(struct tc_segment_check *check, struct tc_error *error)
{
    struct tc_segment *segment = check->segment;
    size_t bytes = tc_stream_state_bytes_max(&segment->capture.catalog);
    struct tc_scribe out = tc_scribe_of(malloc(bytes), bytes);
    struct tc_cursor boxes, box;
    uint32_t kind;

    if (out.bytes == NULL)
        return tc_fail(error, TC_MEMORY, "no memory to verify %s", segment->path);
    tc_stream_state_write(&out, &segment->state, false);
    boxes = tc_cursor_of(out.bytes, out.length);
    while (tc_box_next(&boxes, &kind, &box)) {
        struct tc_cursor there = tc_segment_box(segment, (enum tc_box_kind)kind);
        size_t length = tc_cursor_left(&box);

        if (kind == TC_BOX_NIC && segment->last)
            continue; /* they may have been looked at once more */
        if (tc_cursor_left(&there) != length ||
            (length > 0 && memcmp(there.at, box.at, length) != 0))
            fault(check, segment->blocks_end, "the index says another state than the blocks");
    }
    if (!tc_boxes_filled_with_zeros(tc_cursor_of(segment->index + TC_INDEX_HEAD_BYTES,
                                                 segment->index_bytes - TC_INDEX_HEAD_BYTES)))
        fault(check, segment->blocks_end, "the bytes that fill the index up are not zero");
    free(out.bytes);
    return TC_OK;
}

/* Seconds that a feed told before the segment began are not known here. */
static bool can_count_latencies(const struct tc_segment_check *check)
{
    const struct tc_catalog *catalog = &check->segment->capture.catalog;

    for (uint16_t i = 0; i < catalog->channel_count; i++)
        if (check->latencies.exchange.channels[i].has_seconds)
            return false;
    return true;
}

/* Whether the box holds latencies, whosever. */
static enum tc_status read_latencies(struct tc_segment_check *check, bool *sound,
                                     struct tc_error *error)
{
    struct tc_segment *segment = check->segment;
    uint16_t lines = segment->capture.catalog.line_count;
    struct tc_cursor box = tc_segment_box(segment, TC_BOX_LATENCIES);
    struct tc_latency *read = calloc(lines + 1u, sizeof *read);
    uint64_t left_out = 0;

    if (read == NULL)
        return tc_fail(error, TC_MEMORY, "no memory to verify %s", segment->path);
    tc_latencies_read(&box, read, lines, &left_out);
    free(read);
    *sound = !box.failed;
    if (!*sound)
        fault(check, segment->blocks_end, "the latencies cannot be read");
    return TC_OK;
}

static enum tc_status check_latencies(struct tc_segment_check *check, struct tc_error *error)
{
    struct tc_segment *segment = check->segment;
    struct tc_cursor box = tc_segment_box(segment, TC_BOX_LATENCIES);
    size_t length = tc_cursor_left(&box);
    struct tc_scribe out;
    bool sound = false;
    enum tc_status status = read_latencies(check, &sound, error);

    if (status != TC_OK || !sound || !can_count_latencies(check))
        return status;
    out = tc_scribe_of(malloc(TC_LATENCIES_BYTES_MAX), TC_LATENCIES_BYTES_MAX);
    if (out.bytes == NULL)
        return tc_fail(error, TC_MEMORY, "no memory to verify %s", segment->path);
    tc_latencies_write(&out, &check->latencies, TC_LATENCIES_BYTES_MAX);
    if (out.failed || out.length != length || memcmp(out.bytes, box.at, length) != 0)
        fault(check, segment->blocks_end, "the latencies are not those of the frames");
    free(out.bytes);
    return TC_OK;
}

static enum tc_status check_end(struct tc_segment_check *check, struct tc_error *error)
{
    struct tc_segment *segment = check->segment;

    if (!segment->finished) {
        fault(check, segment->offset,
              segment->open_name ? "not finished: no index and no tail; it is still being written, "
                                   "or its capture was cut off"
                                 : "cut off: no index and no tail");
        return TC_OK;
    }
    check_index(check);
    if (!tc_segment_digest_agrees(segment))
        fault(check, segment->blocks_end, "the segment's digest is not that of its blocks");
    /* after a fault the blocks that are left have come to something else */
    if (!check->sound)
        return TC_OK;
    if (check_index_states(check, error) != TC_OK)
        return TC_MEMORY;
    return check_latencies(check, error);
}

/* How the segment continues the one before. */
static void check_chain(struct tc_segment_check *check)
{
    const struct tc_segment_head *head = &check->segment->head;
    const struct tc_chain *chain = &check->chain;

    if (chain->known && chain->ended)
        fault(check, 0, "the segment before said that it was the last");
    if (chain->known && head->number != chain->number + 1)
        fault(check, 0, "segments before it are missing");
    else if (chain->known && head->previous_digest != chain->digest)
        fault(check, 0, "it does not continue the segment before");
    if (!chain->known && head->number == 1 && head->previous_digest != 0)
        fault(check, 0, "the first segment claims to continue another");
}

/* ---- the whole ---- */

static bool take_memory(struct tc_segment_check *check)
{
    const struct tc_catalog *catalog = &check->segment->capture.catalog;
    size_t bytes = tc_align_up(tc_latencies_footprint(catalog, 1, TC_PACKET_MESSAGES_MAX),
                               TC_CACHE_LINE_BYTES);

    check->join = tc_join_new(catalog);
    check->memory = aligned_alloc(TC_CACHE_LINE_BYTES, bytes);
    if (check->join == NULL || check->memory == NULL)
        return false;
    memset(check->memory, 0, bytes);
    tc_latencies_init(&check->latencies, check->memory, catalog, 1, TC_PACKET_MESSAGES_MAX,
                      UINT64_MAX);
    return true;
}

static enum tc_status check_segment(struct tc_segment_check *check, struct tc_error *error)
{
    struct tc_segment *segment = check->segment;
    enum tc_status status = TC_OK;

    if (!take_memory(check))
        return tc_fail(error, TC_MEMORY, "no memory to verify %s", segment->path);
    check_chain(check);
    if (!segment->head_padding_is_zero)
        fault(check, TC_HEAD_BYTES, "the bytes that fill the head up are not zero");
    check->records = tc_segment_box(segment, TC_BOX_BLOCKS);
    if (check_blocks(check) || !segment->finished)
        status = check_end(check, error);
    check->chain.known = segment->finished;
    check->chain.number = segment->head.number;
    check->chain.digest = segment->segment_digest;
    check->chain.ended = segment->last;
    return status;
}

enum tc_status tc_segment_check(struct tc_segment_check *check, const char *path, bool *opened,
                                struct tc_error *error)
{
    struct tc_error detail = {0};
    enum tc_status status;

    check->sound = true;
    check->segment_blocks = 0;
    *opened = tc_segment_open(&check->segment, path, &detail) == TC_OK;
    if (!*opened) {
        fault_of(check, &detail);
        check->chain.known = false;
        return TC_OK;
    }
    check->join = NULL;
    check->memory = NULL;
    status = check_segment(check, error);
    tc_join_free(check->join);
    free(check->memory);
    tc_segment_close(check->segment);
    return status;
}
