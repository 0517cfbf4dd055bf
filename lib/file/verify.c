/*
 * Segment by segment in the order of the roster: blocks first, then what the index and the tail
 * say of them, then how the segment continues the one before.
 */
#include "file/verify.h"

#include <stdlib.h>

#include "block/join.h"
#include "file/roster.h"
#include "track/drop.h"

/* How far a writer's chain of segments has been followed. */
struct chain_state {
    bool known; /* the segment before was verified too */
    bool ended; /* and said that it was the last */
    uint32_t number;
    uint64_t digest;
    uint64_t block; /* number of the last block */
    bool has_block;
};

struct verifier {
    struct tc_verified *verified;
    tc_fault_told *told;
    tc_verify_watch *watch;
    void *context;
    struct chain_state chain;
    struct tc_cursor records; /* of the index, from the next block's on */
    struct tc_ledger ledger;  /* after the last block of the chain */
    uint64_t frames;          /* recorded in the stream, by this chain */
};

static void fault(struct verifier *verifier, const struct tc_segment *segment, uint64_t offset,
                  const char *sentence)
{
    struct tc_error error;

    tc_fail(&error, TC_DAMAGED, "%s: byte %lu: %s", segment->path, offset, sentence);
    verifier->verified->faults++;
    verifier->told(verifier->context, &error);
}

static void fault_of(void *context, const struct tc_error *error)
{
    struct verifier *verifier = context;

    verifier->verified->faults++;
    verifier->told(verifier->context, error);
}

/* The ledger must close at every block, and never count backwards. */
static void check_ledger(struct verifier *verifier, const struct tc_segment *segment,
                         const struct tc_join *join, const struct tc_block_header *header)
{
    struct tc_cursor box = tc_join_box(join, TC_COL_LEDGER);
    struct tc_ledger ledger = {0};

    if (tc_cursor_left(&box) == 0) {
        fault(verifier, segment, header->offset, "the block has no ledger");
        return;
    }
    tc_ledger_read(&box, &ledger);
    if (!tc_ledger_closes(&ledger))
        fault(verifier, segment, header->offset, "the ledger does not close");
    for (size_t row = 0; row < TC_LEDGER_ROWS; row++)
        if (tc_ledger_get(&ledger, row) < tc_ledger_get(&verifier->ledger, row)) {
            fault(verifier, segment, header->offset, "the ledger counts backwards");
            break;
        }
    if (ledger.recorded - verifier->ledger.recorded < header->frames ||
        (segment->head.writers == 1 &&
         ledger.recorded - verifier->ledger.recorded != header->frames))
        fault(verifier, segment, header->offset,
              "the ledger's recorded frames are not those of the block");
    verifier->ledger = ledger;
}

/* What the events say can be read. */
static bool is_sound(struct tc_stream_state *state, const struct tc_event *event)
{
    struct tc_cursor in = tc_cursor_of(event->payload, event->payload_bytes);
    struct tc_session session;
    struct tc_drop drop;

    switch ((enum tc_event_kind)event->kind) {
    case TC_EVENT_SYMBOL:
        return tc_stream_state_symbol(state, event->about, event->payload, event->payload_bytes,
                                      NULL) == TC_OK;
    case TC_EVENT_SESSION:
        tc_session_read(&in, &session);
        return !in.failed && tc_cursor_left(&in) == 0 && event->about < state->catalog->line_count;
    case TC_EVENT_DROPPED: tc_drop_read(&in, &drop); return !in.failed && tc_cursor_left(&in) == 0;
    default: return true; /* ignored by readers */
    }
}

static void check_states(struct verifier *verifier, struct tc_segment *segment,
                         const struct tc_join *join, const struct tc_block_header *header)
{
    uint32_t count;
    const struct tc_event *events = tc_join_events(join, &count);
    struct tc_error detail = {0};

    if (tc_stream_state_block(&segment->state, join, &detail) != TC_OK)
        fault(verifier, segment, header->offset, detail.text);
    for (uint32_t i = 0; i < count; i++)
        if (!is_sound(&segment->state, &events[i])) {
            fault(verifier, segment, header->offset, "an event of the block cannot be read");
            break;
        }
}

static void check_frames(struct verifier *verifier, const struct tc_segment *segment,
                         const struct tc_join *join, const struct tc_block_header *header)
{
    uint32_t count;
    const struct tc_frame *frames = tc_join_frames(join, &count);
    const struct tc_catalog *catalog = &segment->capture.catalog;
    uint64_t lowest = UINT64_MAX, highest = 0;
    struct tc_packet packet;
    bool sound = true;

    for (uint32_t i = 0; i < count; i++) {
        if (frames[i].line != TC_LINE_NONE && (frames[i].flags & TC_FRAME_MALFORMED) == 0)
            sound &= tc_frame_packet(catalog, &frames[i], &packet) &&
                     packet.messages == frames[i].messages;
        lowest = frames[i].rx_ns < lowest ? frames[i].rx_ns : lowest;
        highest = frames[i].rx_ns > highest ? frames[i].rx_ns : highest;
    }
    if (count > 0 && (lowest != header->first_rx_ns || highest != header->last_rx_ns))
        fault(verifier, segment, header->offset,
              "the frames' receive times are not within those of the header");
    if (!sound)
        fault(verifier, segment, header->offset, "a frame of a line is no packet of it");
    verifier->verified->frames += count;
    verifier->verified->messages += header->messages;
    verifier->verified->events += header->events;
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
static bool find_record(struct verifier *verifier, const struct tc_block_header *header,
                        struct tc_index_record *record)
{
    while (tc_index_next(&verifier->records, record))
        if (record->offset >= header->offset)
            return true;
    return false;
}

/* What the index says of a block, by which readers choose, is what the block says. */
static void check_record(struct verifier *verifier, const struct tc_segment *segment,
                         const struct tc_join *join, const struct tc_block_header *header,
                         const struct tc_index_record *record)
{
    if (record->offset != header->offset || record->stored_bytes != header->stored_bytes ||
        record->frames != header->frames || record->messages != header->messages ||
        record->flags != header->flags || record->number != header->number ||
        record->first_rx_ns != header->first_rx_ns || record->last_rx_ns != header->last_rx_ns ||
        !same_ranges(tc_join_box(join, TC_COL_RANGES), record->ranges))
        fault(verifier, segment, header->offset, "the index says something else of the block");
}

static void check_block(struct verifier *verifier, struct tc_segment *segment, struct tc_join *join,
                        const struct tc_block_header *header, const uint8_t *bytes)
{
    struct tc_error detail = {0};
    struct tc_error told;
    struct tc_index_record record;
    /* how many records there are is looked at when all blocks have been */
    bool has_record = find_record(verifier, header, &record);

    verifier->verified->blocks++;
    verifier->verified->bytes += header->stored_bytes;
    if (header->stream != segment->head.stream)
        fault(verifier, segment, header->offset, "the block is of another stream");
    if (header->number % segment->head.writers != segment->head.writer)
        fault(verifier, segment, header->offset, "the block is of another writer");
    if (verifier->chain.has_block && header->number <= verifier->chain.block)
        fault(verifier, segment, header->offset, "the block is not in order");
    verifier->chain.has_block = true;
    verifier->chain.block = header->number;
    if (!segment->padding_is_zero)
        fault(verifier, segment, header->offset, "the bytes that fill the block up are not zero");
    if (tc_join_block(join, header, bytes, true, &detail) != TC_OK) {
        tc_fail(&told, detail.status, "%s: byte %lu: block %lu: %.380s", segment->path,
                header->offset, header->number, detail.text);
        fault_of(verifier, &told);
        return;
    }
    check_frames(verifier, segment, join, header);
    check_ledger(verifier, segment, join, header);
    check_states(verifier, segment, join, header);
    if (has_record)
        check_record(verifier, segment, join, header, &record);
}

static void check_index(struct verifier *verifier, const struct tc_segment *segment,
                        uint32_t blocks)
{
    struct tc_cursor records = tc_segment_box(segment, TC_BOX_BLOCKS);
    struct tc_index_record record;
    uint32_t count = 0;

    while (tc_index_next(&records, &record))
        count++;
    if (records.failed || count != segment->blocks || count != blocks)
        fault(verifier, segment, segment->blocks_end, "the index has not as many blocks");
}

/* What the index says of lines, ledger and clock against what the blocks have come to. */
static enum tc_status check_index_states(struct verifier *verifier,
                                         const struct tc_segment *segment, struct tc_error *error)
{
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

        if (tc_cursor_left(&there) != length ||
            (length > 0 && memcmp(there.at, box.at, length) != 0))
            fault(verifier, segment, segment->blocks_end,
                  "the index says another state than the blocks");
    }
    if (!tc_boxes_filled_with_zeros(tc_cursor_of(segment->index + TC_INDEX_HEAD_BYTES,
                                                 segment->index_bytes - TC_INDEX_HEAD_BYTES)))
        fault(verifier, segment, segment->blocks_end,
              "the bytes that fill the index up are not zero");
    free(out.bytes);
    return TC_OK;
}

static enum tc_status check_end(struct verifier *verifier, struct tc_segment *segment,
                                uint32_t blocks, uint64_t faults_before, struct tc_error *error)
{
    if (!segment->finished) {
        fault(verifier, segment, segment->offset,
              segment->open_name ? "not finished: no index and no tail; it is still being written, "
                                   "or its capture was cut off"
                                 : "cut off: no index and no tail");
        return TC_OK;
    }
    check_index(verifier, segment, blocks);
    if (!tc_segment_digest_agrees(segment))
        fault(verifier, segment, segment->blocks_end,
              "the segment's digest is not that of its blocks");
    /* after a fault the blocks that are left have come to something else */
    return verifier->verified->faults == faults_before
               ? check_index_states(verifier, segment, error)
               : TC_OK;
}

/* How the segment continues the one before. */
static void check_chain(struct verifier *verifier, const struct tc_segment *segment)
{
    struct chain_state *chain = &verifier->chain;

    if (chain->known && chain->ended)
        fault(verifier, segment, 0, "the segment before said that it was the last");
    if (chain->known && segment->head.number != chain->number + 1)
        fault(verifier, segment, 0, "segments before it are missing");
    else if (chain->known && segment->head.previous_digest != chain->digest)
        fault(verifier, segment, 0, "it does not continue the segment before");
    if (!chain->known && segment->head.number == 1 && segment->head.previous_digest != 0)
        fault(verifier, segment, 0, "the first segment claims to continue another");
    if (!chain->known)
        verifier->ledger = segment->state.ledger;
}

/* All blocks; false where one is damaged, so that nothing after them can agree. */
static bool check_blocks(struct verifier *verifier, struct tc_segment *segment,
                         struct tc_join *join, uint32_t *blocks)
{
    struct tc_block_header header;
    struct tc_error detail = {0};
    const uint8_t *bytes;
    enum tc_status status;
    bool sound = true;

    while ((status = tc_segment_next(segment, &header, &bytes, &detail)) != TC_END) {
        if (status == TC_OK) {
            check_block(verifier, segment, join, &header, bytes);
            ++*blocks;
            if (verifier->watch != NULL)
                verifier->watch(verifier->context, verifier->verified);
            continue;
        }
        sound = false;
        fault_of(verifier, &detail);
        if (!tc_segment_resync(segment))
            break;
    }
    return sound;
}

static enum tc_status verify_segment(struct verifier *verifier, const char *path,
                                     struct tc_error *error)
{
    uint64_t faults_before = verifier->verified->faults;
    struct tc_segment *segment;
    struct tc_error detail = {0};
    enum tc_status status = TC_OK;
    struct tc_join *join;
    uint32_t blocks = 0;

    if (tc_segment_open(&segment, path, &detail) != TC_OK) {
        fault_of(verifier, &detail);
        verifier->chain.known = false;
        return TC_OK;
    }
    join = tc_join_new(&segment->capture.catalog);
    if (join == NULL) {
        tc_segment_close(segment);
        return tc_fail(error, TC_MEMORY, "no memory to verify %s", path);
    }
    verifier->verified->segments++;
    check_chain(verifier, segment);
    if (!segment->head_padding_is_zero)
        fault(verifier, segment, TC_HEAD_BYTES, "the bytes that fill the head up are not zero");
    verifier->records = tc_segment_box(segment, TC_BOX_BLOCKS);
    if (check_blocks(verifier, segment, join, &blocks) || !segment->finished)
        status = check_end(verifier, segment, blocks, faults_before, error);
    verifier->chain.known = segment->finished;
    verifier->chain.number = segment->head.number;
    verifier->chain.digest = segment->segment_digest;
    verifier->chain.ended = segment->last;
    tc_join_free(join);
    tc_segment_close(segment);
    return status;
}

enum tc_status tc_verify(const char *const *paths, size_t count, tc_fault_told *told,
                         tc_verify_watch *watch, void *context, struct tc_verified *verified,
                         struct tc_error *error)
{
    struct verifier verifier = {
        .verified = verified, .told = told, .watch = watch, .context = context};
    struct tc_roster roster = {0};
    enum tc_status status = TC_OK;

    *verified = (struct tc_verified){0};
    for (size_t i = 0; status == TC_OK && i < count; i++)
        status = tc_roster_add(&roster, paths[i], fault_of, &verifier, error);
    if (status == TC_OK && roster.count == 0)
        status = tc_fail(error, TC_MISSING, "%s: no readable segment of a capture is there",
                         count > 0 ? paths[0] : "(no path)");
    tc_roster_sort(&roster);
    for (size_t i = 0; status == TC_OK && i < roster.count; i++) {
        const struct tc_roster_entry *entry = &roster.entries[i];

        if (i == 0 || !tc_roster_same_stream(entry - 1, entry) || entry[-1].writer != entry->writer)
            verifier.chain = (struct chain_state){0};
        status = verify_segment(&verifier, entry->path, error);
    }
    tc_roster_free(&roster);
    return status;
}
