/*
 * Per batch: walk the records; take each frame's header against its template; collect messages in
 * slices and gather them field by field.
 */
#include "block/split.h"

#include <assert.h>

#include "base/digest.h"
#include "base/placer.h"
#include "block/gather.h"

enum { PREFETCH_AHEAD_BYTES = 2048 };

struct tc_block_limits tc_block_limits_of(uint32_t block_messages, uint32_t block_bytes,
                                          uint32_t batch_messages, uint32_t batch_bytes)
{
    uint32_t most_in_batch = batch_messages > TC_PACKET_MESSAGES_MAX ? batch_messages
                                                                     : TC_PACKET_MESSAGES_MAX;

    return (struct tc_block_limits){
        .frames = block_messages + TC_BATCH_FRAMES,
        .messages = block_messages + most_in_batch,
        .bytes = block_bytes + batch_bytes,
    };
}

/* ---- set-up ---- */

static void place_frame_columns(struct tc_placer *placer, struct tc_frame_columns *columns,
                                uint32_t frames)
{
    columns->rx_ns = tc_place(placer, frames * sizeof(uint64_t));
    columns->proc_ns = tc_place(placer, frames * sizeof(uint64_t));
    columns->sequence = tc_place(placer, frames * sizeof(uint64_t));
    columns->stream_offset = tc_place(placer, frames * sizeof(uint64_t));
    columns->send_time = tc_place(placer, frames * sizeof(uint64_t));
    columns->digests = tc_place(placer, frames * 3 * sizeof(uint64_t));
    columns->wire = tc_place(placer, frames * sizeof(uint32_t));
    columns->raw_length = tc_place(placer, frames * sizeof(uint32_t));
    columns->twin = tc_place(placer, frames * sizeof(uint32_t));
    columns->extra = tc_place(placer, frames * sizeof(uint32_t));
    columns->pad = tc_place(placer, frames * sizeof(uint32_t));
    columns->flags = tc_place(placer, frames * sizeof(uint16_t));
    columns->template = tc_place(placer, frames * sizeof(uint16_t));
    columns->raw_line = tc_place(placer, frames * sizeof(uint16_t));
    columns->count = tc_place(placer, frames * sizeof(uint16_t));
    columns->ip_id = tc_place(placer, frames * sizeof(uint16_t));
    columns->ip_checksum = tc_place(placer, frames * sizeof(uint16_t));
    columns->udp_checksum = tc_place(placer, frames * sizeof(uint16_t));
    columns->checksums = tc_place(placer, frames);
}

static size_t field_count(const struct tc_feed *feed)
{
    size_t fields = 0;

    for (size_t class = 0; class < feed->type_count; class ++)
        fields += feed->types[class].field_count;
    return fields;
}

/* Answers the number of lanes. */
static size_t place_groups(struct tc_placer *placer, struct tc_split *split)
{
    const struct tc_catalog *catalog = split->catalog;
    size_t lanes = 0;

    split->groups = tc_place(placer, catalog->group_count * sizeof(struct tc_group));
    for (uint16_t i = 0; i < catalog->group_count; i++) {
        const struct tc_feed *feed = catalog->group_feeds[i];
        void *plan = tc_place(placer, tc_plan_footprint(feed));
        void *group_lanes = tc_place(placer, field_count(feed) * sizeof(struct tc_lane));

        lanes += field_count(feed) + 3;
        if (placer->memory != NULL) {
            tc_plan_init(&split->groups[i].plan, plan, feed);
            split->groups[i].lanes = group_lanes;
        }
    }
    return lanes;
}

/* No field grows by more than from one byte and a half to two: 3 to 4, 5 to 8, 6 and 7 to 8. */
enum { WIDENING_MOST = 26 };

static size_t place_all(struct tc_split *split, uint8_t *memory)
{
    struct tc_placer placer = {.memory = memory};
    const struct tc_catalog *catalog = split->catalog;
    size_t lanes;
    int32_t chunks;
    uint8_t *pool;

    place_frame_columns(&placer, &split->columns, split->limits.frames);
    lanes = 4 + place_groups(&placer, split);
    split->twins = tc_place(&placer, (size_t)catalog->channel_count * TC_TWIN_SLOTS *
                                         sizeof(struct tc_twin));
    split->templates = tc_place(&placer, TC_TEMPLATES_MAX * sizeof(struct tc_template));
    split->template_of_line = tc_place(&placer, catalog->line_count * sizeof(uint16_t));
    split->ranges = tc_place(&placer, TC_RANGES_MAX * sizeof(struct tc_number_range));
    split->line_states = tc_place(&placer, catalog->line_count * sizeof(struct tc_line_state));
    split->line_known = tc_place(&placer, catalog->line_count * sizeof(bool));
    split->channel_states = tc_place(&placer, catalog->channel_count * sizeof(struct tc_merged));
    split->channel_known = tc_place(&placer, catalog->channel_count * sizeof(bool));
    /* a message also takes a byte for its class and one for its flags */
    chunks = tc_lane_pool_chunks((size_t)split->limits.bytes * WIDENING_MOST / 16 +
                                     2 * (size_t)split->limits.messages +
                                     catalog->line_count * (size_t)TC_LATENCY_EVENT_BYTES,
                                 lanes);
    pool = tc_place(&placer, tc_lane_pool_footprint(chunks));
    if (memory != NULL)
        tc_lane_pool_init(&split->pool, pool, chunks);
    return placer.used;
}

size_t tc_split_footprint(const struct tc_catalog *catalog, const struct tc_block_limits *limits)
{
    struct tc_split measured = {.catalog = catalog, .limits = *limits};

    return place_all(&measured, NULL);
}

void tc_split_init(struct tc_split *split, void *memory, const struct tc_catalog *catalog,
                   const struct tc_block_limits *limits)
{
    *split = (struct tc_split){.catalog = catalog, .limits = *limits};
    place_all(split, memory);
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        split->groups[catalog->channels[i].group].framer = &catalog->channels[i].framer;
    tc_split_reset(split);
}

static void reset_group(struct tc_group *group)
{
    for (uint16_t i = 0; i < group->plan.column_count; i++)
        tc_lane_reset(&group->lanes[i], group->plan.columns[i].width);
    tc_lane_reset(&group->class, 1);
    tc_lane_reset(&group->other_length, 2);
    tc_lane_reset(&group->other_bytes, 1);
    group->slice_count = 0;
}

void tc_split_reset(struct tc_split *split)
{
    tc_lane_pool_reset(&split->pool);
    tc_lane_reset(&split->raw_bytes, 1);
    tc_lane_reset(&split->tail, 1);
    tc_lane_reset(&split->message_flags, 1);
    tc_lane_reset(&split->events, 1);
    for (uint16_t i = 0; i < split->catalog->group_count; i++)
        reset_group(&split->groups[i]);
    memset(split->template_of_line, 0, split->catalog->line_count * sizeof(uint16_t));
    memset(split->line_known, 0, split->catalog->line_count * sizeof(bool));
    memset(split->channel_known, 0, split->catalog->channel_count * sizeof(bool));
    split->batches = 0;
    split->frames = 0;
    split->raw_frames = 0;
    split->raw_packets = 0;
    split->packets = 0;
    split->stored_ip_checksums = 0;
    split->stored_udp_checksums = 0;
    split->messages = 0;
    split->event_count = 0;
    split->template_count = 0;
    split->range_count = 0;
    split->ranges_incomplete = false;
    split->frame_bytes = 0;
    split->first_rx_ns = UINT64_MAX;
    split->last_rx_ns = 0;
    split->proc_differs = false;
}

bool tc_split_empty(const struct tc_split *split)
{
    if (split->frames > 0 || split->event_count > 0)
        return false;
    for (uint16_t i = 0; i < split->catalog->line_count; i++)
        if (split->line_known[i])
            return false;
    for (uint16_t i = 0; i < split->catalog->channel_count; i++)
        if (split->channel_known[i])
            return false;
    return true;
}

uint64_t tc_split_digest(const struct tc_split *split)
{
    return tc_digest(split->columns.digests, (size_t)split->frames * 3 * sizeof(uint64_t));
}

/* ---- messages ---- */

static void gather_lane(struct tc_split *split, struct tc_group *group,
                        const struct tc_plan_field *field, const uint8_t *const *messages,
                        uint32_t count)
{
    struct tc_lane *lane = &group->lanes[field->column];

    while (count > 0) {
        uint8_t *at;
        uint32_t taken = tc_lane_take(&split->pool, lane, count, &at);

        tc_gather(field, lane->width, messages, taken, at);
        messages += taken;
        count -= taken;
    }
}

/* A column over messages of all types: runs of types that have the field at the same place. */
static void gather_shared(struct tc_split *split, struct tc_group *group, uint16_t column)
{
    const struct tc_plan *plan = &group->plan;
    uint32_t start = 0;

    while (start < group->slice_count) {
        const struct tc_plan_field *field = plan->shared[column][group->slice_class[start]];
        uint32_t end = start + 1;

        while (end < group->slice_count && plan->shared[column][group->slice_class[end]] == field)
            end++;
        if (field != NULL)
            gather_lane(split, group, field, group->slice + start, end - start);
        start = end;
    }
}

static void keep_other(struct tc_split *split, struct tc_group *group, const uint8_t *message)
{
    uint16_t bytes = tc_framer_bytes(group->framer, message);

    tc_lane_append(&split->pool, &group->other_length, &bytes, 1);
    tc_lane_append(&split->pool, &group->other_bytes, message, bytes);
}

/* The columns of one type. */
static void gather_class(struct tc_split *split, struct tc_group *group, uint32_t class,
                         const uint8_t *const *messages, uint32_t count)
{
    const struct tc_plan *plan = &group->plan;

    for (uint16_t i = plan->first_field[class]; count > 0 && i < plan->first_field[class + 1]; i++)
        if (plan->fields[i].column >= plan->shared_count)
            gather_lane(split, group, &plan->fields[i], messages, count);
}

/* After sorting, ends[c] is where class c ends, and so where c + 1 begins. */
static uint32_t start_of(const uint16_t *ends, uint32_t class)
{
    return class > 0 ? ends[class - 1] : 0;
}

/* Turns the messages that wait in a group into values of its columns. */
static void gather_slice(struct tc_split *split, struct tc_group *group)
{
    const struct tc_plan *plan = &group->plan;
    const uint8_t *sorted[TC_SLICE_MESSAGES];
    uint16_t start[257] = {0}; /* of each class in `sorted`; its end once it is filled */
    uint32_t count = group->slice_count;

    tc_lane_append(&split->pool, &group->class, group->slice_class, count);
    for (uint16_t i = 0; i < plan->shared_count; i++)
        gather_shared(split, group, i);

    for (uint32_t i = 0; i < count; i++)
        start[group->slice_class[i] + 1]++;
    for (uint32_t class = 0; class < 256; class ++)
        start[class + 1] = (uint16_t)(start[class + 1] + start[class]);
    for (uint32_t i = 0; i < count; i++)
        sorted[start[group->slice_class[i]]++] = group->slice[i];
    for (uint32_t class = 0; class < plan->feed->type_count; class ++)
        gather_class(split, group, class, sorted + start_of(start, class),
                     start[class] - start_of(start, class));
    for (uint32_t i = start_of(start, TC_CLASS_OTHER); i < start[TC_CLASS_OTHER]; i++)
        keep_other(split, group, sorted[i]);
    group->slice_count = 0;
}

static inline void take_messages(struct tc_split *split, struct tc_group *group,
                                 const uint8_t *payload, const struct tc_mark *marks,
                                 uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (group->slice_count == TC_SLICE_MESSAGES)
            gather_slice(split, group);
        group->slice[group->slice_count] = payload + marks[i].offset;
        group->slice_class[group->slice_count++] = marks[i].class;
    }
}

/* ---- frames ---- */

static void widen_range(struct tc_split *split, uint16_t line, struct tc_session_id session,
                        uint64_t first, uint64_t end)
{
    struct tc_number_range *range = NULL;

    for (uint32_t i = 0; i < split->range_count; i++)
        if (split->ranges[i].line == line && tc_session_equal(split->ranges[i].session, session))
            range = &split->ranges[i];
    if (range == NULL) {
        if (split->range_count == TC_RANGES_MAX) {
            split->ranges_incomplete = true;
            return;
        }
        range = &split->ranges[split->range_count++];
        *range = (struct tc_number_range){
            .line = line, .session = session, .first = first, .end = end};
    }
    range->first = first < range->first ? first : range->first;
    range->end = end > range->end ? end : range->end;
}

/* The template of a frame, which may be a new one; NULL when the block has no room for another. */
static struct tc_template *template_of(struct tc_split *split, uint16_t line,
                                       const struct tc_framer *framer, const uint8_t *frame,
                                       uint8_t payload_offset)
{
    uint16_t last = split->template_of_line[line];
    struct tc_template *templates = split->templates;

    if (last != 0 && tc_template_matches(&templates[last - 1], frame))
        return &templates[last - 1];
    for (uint32_t i = 0; last != 0 && i < split->template_count; i++)
        if (templates[i].line == line && templates[i].payload_offset == payload_offset &&
            tc_template_matches(&templates[i], frame)) {
            split->template_of_line[line] = (uint16_t)(i + 1);
            return &templates[i];
        }
    if (split->template_count == TC_TEMPLATES_MAX)
        return NULL;
    tc_template_make(&templates[split->template_count], framer, line, frame, payload_offset);
    split->template_of_line[line] = (uint16_t)(++split->template_count);
    return &templates[split->template_count - 1];
}

/* A frame as it is: of no line, broken, or beyond prediction. */
static void take_raw(struct tc_split *split, const struct tc_frame_record *record,
                     const uint8_t *frame)
{
    struct tc_frame_columns *columns = &split->columns;

    columns->template[split->frames] = 0;
    columns->raw_line[split->raw_frames] = record->line;
    columns->raw_length[split->raw_frames++] = record->captured_bytes;
    tc_lane_append(&split->pool, &split->raw_bytes, frame, record->captured_bytes);
}

static void take_header(struct tc_split *split, const struct tc_header *header,
                        const struct tc_parts *parts, const uint8_t *frame)
{
    struct tc_frame_columns *columns = &split->columns;
    uint32_t packet = split->packets;

    columns->count[packet] = header->count;
    columns->sequence[packet] = header->sequence;
    columns->stream_offset[packet] = header->stream_offset;
    columns->send_time[packet] = header->send_time;
    columns->ip_id[packet] = header->ip_id;
    columns->checksums[packet] = header->checksums;
    if ((header->checksums & TC_IP_CHECKSUM_STORED) != 0)
        columns->ip_checksum[split->stored_ip_checksums++] = header->ip_checksum;
    if ((header->checksums & TC_UDP_CHECKSUM_MODE) == TC_UDP_CHECKSUM_STORED)
        columns->udp_checksum[split->stored_udp_checksums++] = header->udp_checksum;
    columns->extra[packet] = parts->payload_end - parts->messages_end;
    columns->pad[packet] = parts->frame_end - parts->payload_end;
    tc_lane_append(&split->pool, &split->tail, frame + parts->messages_end,
                   parts->frame_end - parts->messages_end);
}

/* Where the last message of a packet ends. */
static uint32_t messages_end_of(const struct tc_framer *framer, const uint8_t *frame,
                                uint8_t payload_offset, const struct tc_mark *marks,
                                uint32_t messages)
{
    const uint8_t *last;

    if (messages == 0)
        return payload_offset + (uint32_t)framer->header_bytes;
    last = frame + payload_offset + marks[messages - 1].offset;
    return (uint32_t)(last - frame) + tc_framer_bytes(framer, last);
}

/* A packet of a line; false when it has to be taken raw. */
static bool take_packet(struct tc_split *split, const struct tc_frame_record *record,
                        const uint8_t *frame)
{
    const struct tc_line *line = &split->catalog->lines[record->line];
    const struct tc_channel *channel = &split->catalog->channels[line->channel];
    const struct tc_framer *framer = &channel->framer;
    const struct tc_mark *marks = tc_frame_marks_of(record);
    struct tc_template *with;
    struct tc_header header;
    struct tc_parts parts;
    struct tc_twin twin;

    if (!tc_parts_find(
            framer, frame, record->captured_bytes, record->payload_offset,
            messages_end_of(framer, frame, record->payload_offset, marks, record->messages),
            &parts))
        return false;
    with = template_of(split, record->line, framer, frame, record->payload_offset);
    if (with == NULL)
        return false;
    tc_header_take(with, frame, &parts, record->messages, &header);
    take_header(split, &header, &parts, frame);
    twin = (struct tc_twin){
        .sequence = with->next_sequence,
        .messages = frame + parts.header_end,
        .bytes = parts.messages_end - parts.header_end,
        .packet = split->packets,
        .batch = split->batch_serial,
    };
    split->columns.twin[split->packets] = 0;
    if (channel->line_count > 1 && record->messages > 0)
        split->columns.twin[split->packets] = tc_twin_find(
            split->twins + (size_t)line->channel * TC_TWIN_SLOTS, &twin);
    if (split->columns.twin[split->packets] == 0)
        take_messages(split, &split->groups[channel->group], frame + record->payload_offset, marks,
                      record->messages);
    split->columns.template[split->frames] = (uint16_t)(with - split->templates + 1);
    split->packets++;
    return true;
}

/* A packet that is stored raw still widens the ranges by which blocks are found. */
static void range_of_raw(struct tc_split *split, const struct tc_frame_record *record,
                         const uint8_t *frame)
{
    const struct tc_line *line = &split->catalog->lines[record->line];
    const struct tc_framer *framer = &split->catalog->channels[line->channel].framer;
    struct tc_packet packet;

    if (tc_framer_open(framer, frame + record->payload_offset,
                       record->captured_bytes - record->payload_offset, &packet))
        widen_range(split, record->line, packet.session, packet.sequence,
                    packet.sequence + packet.messages);
}

/* An event of the block, before the frame that is taken next. */
static void put_event(struct tc_split *split, uint8_t kind, uint16_t about, uint64_t time_ns,
                      const void *payload, uint32_t bytes)
{
    uint8_t head[TC_EVENT_HEAD_BYTES] = {0};

    head[0] = kind;
    tc_store_le16(head + 2, about);
    tc_store_le32(head + 4, split->frames);
    tc_store_le64(head + 8, time_ns);
    tc_store_le32(head + 16, bytes);
    tc_lane_append(&split->pool, &split->events, head, sizeof head);
    tc_lane_append(&split->pool, &split->events, payload, bytes);
    split->event_count++;
}

/* Counts how long the messages of a packet took, and tells of a line that is out of bounds. */
static void time_packet(struct tc_split *split, const struct tc_frame_record *record,
                        const uint8_t *frame, uint64_t proc_ns)
{
    const struct tc_latency_frame timed = {
        .payload = frame + record->payload_offset,
        .marks = tc_frame_marks_of(record),
        .messages = record->messages,
        .rx_ns = record->rx_ns,
        .proc_ns = proc_ns,
        .line = record->line,
        .flags = record->flags,
    };
    struct tc_latency_breach breach;
    uint8_t payload[16];

    if (!tc_latencies_take(split->latencies, &timed, &breach))
        return;
    tc_store_le64(payload, breach.exch_ns);
    tc_store_le64(payload + 8, split->latencies->bound_ns);
    put_event(split, TC_EVENT_LATENCY, record->line, breach.rx_ns, payload, sizeof payload);
}

static inline void take_frame(struct tc_split *split, const struct tc_batch *batch,
                              const struct tc_frame_record *record)
{
    struct tc_frame_columns *columns = &split->columns;
    const uint8_t *frame = tc_frame_bytes(record);
    bool packet = record->line != TC_LINE_NONE && (record->flags & TC_FRAME_MALFORMED) == 0;
    uint64_t proc_ns = (record->flags & TC_FRAME_PROC_IS_RX) != 0
                           ? record->rx_ns
                           : batch->proc_base_ns + record->proc_after_ns;
    uint32_t index = split->frames;

    columns->digests[3 * index] = record->rx_ns;
    columns->digests[3 * index + 1] = record->wire_bytes;
    columns->digests[3 * index + 2] = tc_digest(frame, record->captured_bytes);
    columns->rx_ns[index] = record->rx_ns;
    columns->proc_ns[index] = proc_ns;
    columns->flags[index] = record->flags & TC_FRAME_FILE_FLAGS;
    columns->wire[index] = record->wire_bytes - record->captured_bytes;
    split->proc_differs |= proc_ns != record->rx_ns;
    split->first_rx_ns = record->rx_ns < split->first_rx_ns ? record->rx_ns : split->first_rx_ns;
    split->last_rx_ns = record->rx_ns > split->last_rx_ns ? record->rx_ns : split->last_rx_ns;
    split->frame_bytes += record->captured_bytes;
    split->messages += record->messages;
    if (packet && record->messages > 0 && split->latencies != NULL)
        time_packet(split, record, frame, proc_ns);
    if ((record->flags & TC_FRAME_OLD_MESSAGES) != 0)
        for (uint32_t i = 0; i < record->messages; i++)
            tc_lane_append(&split->pool, &split->message_flags, &tc_frame_marks_of(record)[i].flags,
                           1);
    if (!packet || !take_packet(split, record, frame)) {
        take_raw(split, record, frame);
        if (packet)
            range_of_raw(split, record, frame);
        split->raw_packets += packet;
    }
    split->frames++;
}

/* ---- events ---- */

/* State of a line or a channel replaces what was known; other events are kept in their place. */
static void take_event(struct tc_split *split, const struct tc_event_record *event)
{
    struct tc_cursor in = tc_cursor_of(event + 1, event->payload_bytes);

    if (event->event == TC_EVENT_LINE) {
        tc_line_state_read(&in, &split->line_states[event->about]);
        split->line_known[event->about] = true;
        return;
    }
    if (event->event == TC_EVENT_CHANNEL) {
        tc_merged_read(&in, &split->channel_states[event->about]);
        split->channel_known[event->about] = true;
        return;
    }
    put_event(split, event->event, event->about, event->time_ns, event + 1, event->payload_bytes);
}

void tc_split_batch(struct tc_split *split, const struct tc_batch *batch)
{
    uint32_t prefetched = 0;
    uint32_t offset = 0;
    const uint8_t *record;

    assert(split->batches == 0 || split->number == batch->block);
    split->number = batch->block;
    split->stream = batch->stream;
    split->batch_serial++;
    split->batches++;
    while ((record = tc_batch_next(batch, &offset)) != NULL) {
        for (; prefetched < offset + PREFETCH_AHEAD_BYTES; prefetched += TC_CACHE_LINE_BYTES)
            __builtin_prefetch(batch->log + prefetched);
        if (tc_record_kind(record) == TC_RECORD_FRAME)
            take_frame(split, batch, (const struct tc_frame_record *)(const void *)record);
        else
            take_event(split, (const struct tc_event_record *)(const void *)record);
    }
    for (uint16_t i = 0; i < split->catalog->group_count; i++)
        if (split->groups[i].slice_count > 0)
            gather_slice(split, &split->groups[i]);
    split->states_old = (batch->flags & TC_BATCH_STATES_OLD) != 0;
    split->ledger = batch->ledger;
    split->nic = batch->nic;
    split->clock = batch->clock;
}

/* Ranges of the templates join those of raw packets; pack calls it once the block is complete. */
void tc_split_ranges(struct tc_split *split)
{
    for (uint32_t i = 0; i < split->template_count; i++) {
        const struct tc_template *from = &split->templates[i];
        struct tc_packet packet;

        if (tc_framer_open(from->framer, from->bytes + from->payload_offset, 65535, &packet))
            widen_range(split, from->line, packet.session, from->first_sequence,
                        from->end_sequence);
        else
            split->ranges_incomplete = true;
    }
}
