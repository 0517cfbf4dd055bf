/*
 * Decode the columns; lay out the frames, noting where each message will stand; fill the messages
 * in, column by column; copy the twins and seal the checksums.
 */
#include "block/join.h"

#include <stdlib.h>

#include "base/digest.h"
#include "block/directory.h"
#include "block/gather.h"
#include "block/template.h"
#include "codec/zigzag.h"

/* What is kept of a packet until it is sealed. */
struct packet {
    uint8_t *frame;
    struct tc_template *with;
    const struct tc_frame *view;
    struct tc_header header;
    struct tc_parts parts;
    uint32_t twin;
};

/* Where the messages of a group will stand. */
struct places {
    uint8_t **in_order;    /* all of them */
    uint8_t **by_class;    /* class after class */
    uint32_t next_of[256]; /* of each class in by_class */
    uint32_t next;         /* in in_order */
    uint32_t next_other;
    uint32_t next_other_byte;
};

struct tc_join {
    const struct tc_catalog *catalog;
    struct tc_directory directory;
    struct tc_desk desk;
    void *directory_memory;
    void *press_memory;
    uint8_t *scratch; /* of the desk, and the classes behind it */
    size_t scratch_bytes;
    uint8_t *arena; /* everything below, anew for each block */
    size_t arena_bytes;

    struct tc_block_header header;
    struct tc_template *templates;
    struct places *places; /* by group */
    struct tc_frame *frames;
    struct packet *packets;
    struct tc_mark *marks;
    struct tc_event *events;
    uint64_t *words; /* for the digest */
    uint8_t *bytes;
    uint32_t template_count;
    uint32_t frame_count;
    uint32_t packet_count;
    uint32_t raw_count;
    uint32_t event_count;
    uint32_t mark_count;
    uint64_t byte_count;
    uint64_t raw_byte_count;
    uint32_t tail_count;
    uint32_t ip_checksum_count, udp_checksum_count;
    uint32_t message_flag_count;
};

struct tc_join *tc_join_new(const struct tc_catalog *catalog)
{
    struct tc_join *join = calloc(1, sizeof *join);

    if (join == NULL)
        return NULL;
    join->catalog = catalog;
    join->directory_memory = aligned_alloc(TC_CACHE_LINE_BYTES,
                                           tc_align_up(tc_directory_footprint(catalog), 64) + 64);
    join->press_memory = aligned_alloc(TC_CACHE_LINE_BYTES, tc_align_up(tc_press_footprint(0), 64));
    if (join->directory_memory == NULL || join->press_memory == NULL) {
        tc_join_free(join);
        return NULL;
    }
    tc_directory_init(&join->directory, join->directory_memory, catalog);
    join->desk.press = tc_press_init(join->press_memory, 0);
    return join;
}

void tc_join_free(struct tc_join *join)
{
    if (join == NULL)
        return;
    free(join->directory_memory);
    free(join->press_memory);
    free(join->scratch);
    free(join->arena);
    free(join);
}

/* Makes *memory at least `bytes` long; its contents are lost. */
static bool grow(uint8_t **memory, size_t *have, size_t bytes)
{
    if (bytes <= *have && *memory != NULL)
        return true;
    free(*memory);
    *have = tc_align_up(bytes + 1, 4096);
    *memory = aligned_alloc(TC_CACHE_LINE_BYTES, *have);
    if (*memory == NULL)
        *have = 0;
    return *memory != NULL;
}

/* ---- columns ---- */

/* Memory whose size follows from the header and the counted columns. */
static size_t place(struct tc_join *join, struct tc_placer *placer)
{
    const struct tc_block_header *header = &join->header;
    const struct tc_directory *directory = &join->directory;

    tc_directory_place(&join->directory, placer);
    join->template_count = directory->columns[TC_COL_TEMPLATES].count / TC_TEMPLATE_HEAD_BYTES;
    if (join->template_count > TC_TEMPLATES_MAX)
        join->template_count = TC_TEMPLATES_MAX;
    join->templates = tc_place(placer, join->template_count * sizeof join->templates[0]);
    join->places = tc_place(placer, join->catalog->group_count * sizeof join->places[0]);
    for (uint16_t i = 0; i < join->catalog->group_count; i++) {
        size_t bytes = directory->groups[i].class.count * sizeof(uint8_t *);
        void *in_order = tc_place(placer, bytes);
        void *by_class = tc_place(placer, bytes);

        if (placer->memory == NULL)
            continue;
        join->places[i] = (struct places){.in_order = in_order, .by_class = by_class};
        for (uint32_t class = 1; class < 256; class ++)
            join->places[i].next_of[class] = join->places[i].next_of[class - 1] +
                                             directory->groups[i].class_count[class - 1];
    }
    join->frames = tc_place(placer, header->frames * sizeof join->frames[0]);
    join->packets = tc_place(placer, header->frames * sizeof join->packets[0]);
    join->marks = tc_place(placer, header->messages * sizeof join->marks[0]);
    join->events = tc_place(placer, header->events * sizeof join->events[0]);
    join->words = tc_place(placer, header->frames * 3 * sizeof join->words[0]);
    join->bytes = tc_place(placer, header->frame_bytes);
    return placer->used;
}

static enum tc_status decode_columns(struct tc_join *join, const uint8_t *bytes,
                                     struct tc_error *error)
{
    const struct tc_block_header *header = &join->header;
    uint32_t values = header->frames > header->messages ? header->frames : header->messages;
    struct tc_placer measure = {0};
    struct tc_placer placer;
    enum tc_status status = tc_directory_read(&join->directory, header, bytes, error);

    if (status != TC_OK)
        return status;
    if (header->events > join->directory.columns[TC_COL_EVENTS].count / TC_EVENT_HEAD_BYTES)
        return tc_fail(error, TC_DAMAGED, "%u events are not in %u bytes", header->events,
                       join->directory.columns[TC_COL_EVENTS].count);
    if (!grow(&join->scratch, &join->scratch_bytes,
              tc_desk_scratch_bytes(values) + header->messages))
        return tc_fail(error, TC_MEMORY, "no memory for a block of %u messages", header->messages);
    join->desk.scratch = join->scratch;
    join->desk.scratch_bytes = tc_desk_scratch_bytes(values);
    status = tc_directory_count(&join->directory, header, &join->desk,
                                join->scratch + join->desk.scratch_bytes, error);
    if (status != TC_OK)
        return status;
    if (!grow(&join->arena, &join->arena_bytes, place(join, &measure)))
        return tc_fail(error, TC_MEMORY, "no memory for a block of %zu bytes", measure.used);
    placer = (struct tc_placer){.memory = join->arena};
    place(join, &placer);
    return tc_directory_decode(&join->directory, &join->desk, error);
}

/* Value `index` of a column of the block; an absent column is all zero. */
static uint64_t value_of(const struct tc_join *join, enum tc_block_column id, uint32_t index)
{
    const struct tc_stored_column *column = &join->directory.columns[id];

    return index < column->count ? tc_number_at(column->values, index, column->width) : 0;
}

/* A column must be absent or have exactly that many values. */
static bool has_count(const struct tc_join *join, enum tc_block_column id, uint64_t count)
{
    uint32_t present = join->directory.columns[id].count;

    return present == 0 || present == count;
}

/* ---- templates and events ---- */

static enum tc_status restore_templates(struct tc_join *join, struct tc_error *error)
{
    struct tc_cursor in = tc_join_box(join, TC_COL_TEMPLATES);
    uint32_t count = 0;

    while (tc_cursor_left(&in) > 0) {
        struct tc_template *restored = &join->templates[count];
        const uint8_t *bytes;
        uint16_t line = tc_cursor_u16(&in);
        uint16_t header_bytes = tc_cursor_u16(&in);

        tc_cursor_zero(&in, 4);
        bytes = tc_cursor_take(&in, header_bytes);
        if (bytes == NULL || count == join->template_count || line >= join->catalog->line_count ||
            header_bytes > TC_TEMPLATE_BYTES_MAX)
            return tc_fail(error, TC_DAMAGED, "template %u is of line %u with %u bytes", count,
                           line, header_bytes);
        restored->line = line;
        restored->header_bytes = header_bytes;
        memset(restored->bytes, 0, sizeof restored->bytes);
        memcpy(restored->bytes, bytes, header_bytes);
        if (!tc_template_restore(
                restored, &join->catalog->channels[join->catalog->lines[line].channel].framer))
            return tc_fail(error, TC_DAMAGED, "template %u is no header of line %u", count, line);
        count++;
    }
    join->template_count = count;
    return TC_OK;
}

static enum tc_status find_events(struct tc_join *join, struct tc_error *error)
{
    struct tc_cursor in = tc_join_box(join, TC_COL_EVENTS);
    uint32_t position = 0;

    for (uint32_t i = 0; i < join->header.events; i++) {
        struct tc_event *event = &join->events[i];

        event->kind = tc_cursor_u8(&in);
        tc_cursor_zero(&in, 1);
        event->about = tc_cursor_u16(&in);
        event->position = tc_cursor_u32(&in);
        event->time_ns = tc_cursor_u64(&in);
        event->payload_bytes = tc_cursor_u32(&in);
        tc_cursor_zero(&in, 4);
        event->payload = tc_cursor_take(&in, event->payload_bytes);
        if (in.failed || event->position < position || event->position > join->header.frames)
            return tc_fail(error, TC_DAMAGED, "event %u is cut short or out of place", i);
        position = event->position;
    }
    if (tc_cursor_left(&in) != 0)
        return tc_fail(error, TC_DAMAGED, "%zu bytes follow the last event", tc_cursor_left(&in));
    join->event_count = join->header.events;
    return TC_OK;
}

/* ---- layout ---- */

/* Room for a frame among the block's frame bytes; NULL when they are used up. */
static uint8_t *frame_room(struct tc_join *join, uint64_t bytes)
{
    uint8_t *at = join->bytes + join->byte_count;

    if (bytes > join->header.frame_bytes - join->byte_count)
        return NULL;
    join->byte_count += bytes;
    return at;
}

/* Messages of a frame that was stored raw although it is a sound packet. */
static bool read_packet(struct tc_join *join, struct tc_frame *frame)
{
    const struct tc_framer *framer =
        &join->catalog->channels[join->catalog->lines[frame->line].channel].framer;
    struct tc_datagram datagram;
    struct tc_packet packet;
    struct tc_mark *marks = join->marks + join->mark_count;

    if (!tc_datagram_find(frame->bytes, frame->captured_bytes, &datagram) || datagram.cut ||
        !tc_framer_open(framer, frame->bytes + datagram.payload_offset, datagram.payload_bytes,
                        &packet) ||
        packet.messages > join->header.messages - join->mark_count ||
        tc_framer_walk(framer, frame->bytes + datagram.payload_offset, &packet, marks) ==
            TC_WALK_BROKEN)
        return false;
    frame->payload_offset = (uint8_t)datagram.payload_offset;
    frame->marks = marks;
    frame->messages = packet.messages;
    join->mark_count += packet.messages;
    return true;
}

static bool lay_raw(struct tc_join *join, struct tc_frame *frame)
{
    uint32_t length = (uint32_t)value_of(join, TC_COL_RAW_LENGTH, join->raw_count);
    uint8_t *at = frame_room(join, length);

    frame->line = (uint16_t)value_of(join, TC_COL_RAW_LINE, join->raw_count);
    frame->captured_bytes = length;
    frame->bytes = at;
    frame->messages = 0;
    frame->payload_offset = 0;
    join->raw_count++;
    if (at == NULL ||
        length > join->directory.columns[TC_COL_RAW_BYTES].count - join->raw_byte_count ||
        (frame->line >= join->catalog->line_count && frame->line != TC_LINE_NONE))
        return false;
    if (length > 0)
        memcpy(at, join->directory.columns[TC_COL_RAW_BYTES].values + join->raw_byte_count, length);
    join->raw_byte_count += length;
    if (frame->line == TC_LINE_NONE || (frame->flags & TC_FRAME_MALFORMED) != 0)
        return true;
    return read_packet(join, frame);
}

/* Writes the prefix and what is known of message `place->next`; answers its end, or 0. */
static uint32_t lay_message(struct tc_join *join, uint16_t group_number, uint8_t *payload,
                            uint32_t offset, uint32_t limit, struct tc_mark *mark)
{
    struct tc_stored_group *group = &join->directory.groups[group_number];
    struct places *places = &join->places[group_number];
    const struct tc_feed *feed = group->plan.feed;
    uint32_t bytes;
    uint8_t class;

    if (places->next == group->class.count)
        return 0;
    class = group->class.values[places->next];
    bytes = class != TC_CLASS_OTHER
                ? feed->types[class].bytes
                : tc_load_le16(group->other_length.values + (size_t)places->next_other * 2);
    if (bytes + TC_LENGTH_PREFIX_BYTES > limit - offset)
        return 0;
    tc_store_uint(payload + offset, bytes, TC_LENGTH_PREFIX_BYTES,
                  (group->framer->flags & TC_FRAMING_BIG_ENDIAN) != 0);
    offset += TC_LENGTH_PREFIX_BYTES;
    *mark = (struct tc_mark){.offset = (uint16_t)offset, .class = class};
    places->in_order[places->next++] = payload + offset;
    places->by_class[places->next_of[class]++] = payload + offset;
    if (class != TC_CLASS_OTHER) {
        payload[offset] = feed->types[class].code;
        return offset + bytes;
    }
    if (bytes > group->other_bytes.count - places->next_other_byte)
        return 0;
    memcpy(payload + offset, group->other_bytes.values + places->next_other_byte, bytes);
    places->next_other++;
    places->next_other_byte += bytes;
    return offset + bytes;
}

/* Lays the packet's own messages; false when they do not fit what is left of the block. */
static bool lay_messages(struct tc_join *join, struct packet *packet, struct tc_frame *frame,
                         uint16_t group)
{
    uint8_t *payload = packet->frame + packet->with->payload_offset;
    uint64_t left = join->header.frame_bytes - join->byte_count;
    uint32_t offset = packet->with->framer->header_bytes;
    uint32_t limit = left < packet->with->header_bytes
                         ? 0
                         : (uint32_t)(left - packet->with->payload_offset);

    if (limit > UINT16_MAX)
        limit = UINT16_MAX;
    if (limit < offset)
        return false;
    for (uint32_t i = 0; i < frame->messages; i++) {
        offset = lay_message(join, group, payload, offset, limit,
                             &join->marks[join->mark_count + i]);
        if (offset == 0)
            return false;
    }
    packet->parts.messages_end = packet->with->payload_offset + offset;
    return true;
}

/* A twin has as many messages and bytes as the packet it points back to. */
static bool lay_twin(struct tc_join *join, struct packet *packet, const struct tc_frame *frame)
{
    const struct packet *first;
    const struct tc_parts *parts;

    if (packet->twin > join->packet_count)
        return false;
    first = packet - packet->twin;
    parts = &first->parts;
    if (first->with->framer != packet->with->framer || first->view->messages != frame->messages)
        return false;
    packet->parts.messages_end = packet->parts.header_end +
                                 (parts->messages_end - parts->header_end);
    memcpy(join->marks + join->mark_count, first->view->marks,
           frame->messages * sizeof join->marks[0]);
    for (uint32_t i = 0; i < frame->messages; i++)
        join->marks[join->mark_count + i].flags = 0;
    return true;
}

static void read_header(struct tc_join *join, struct tc_header *header)
{
    uint32_t packet = join->packet_count;

    header->count = (uint16_t)value_of(join, TC_COL_COUNT, packet);
    header->sequence = value_of(join, TC_COL_SEQUENCE, packet);
    header->stream_offset = value_of(join, TC_COL_STREAM_OFFSET, packet);
    header->send_time = value_of(join, TC_COL_SEND_TIME, packet);
    header->ip_id = (uint16_t)value_of(join, TC_COL_IP_ID, packet);
    header->checksums = (uint8_t)value_of(join, TC_COL_CHECKSUMS, packet);
    if ((header->checksums & TC_IP_CHECKSUM_STORED) != 0)
        header->ip_checksum = (uint16_t)value_of(join, TC_COL_IP_CHECKSUM,
                                                 join->ip_checksum_count++);
    if ((header->checksums & TC_UDP_CHECKSUM_MODE) == TC_UDP_CHECKSUM_STORED)
        header->udp_checksum = (uint16_t)value_of(join, TC_COL_UDP_CHECKSUM,
                                                  join->udp_checksum_count++);
}

/* Extra and pad bytes, and with them the end of the frame. */
static bool lay_tail(struct tc_join *join, struct packet *packet, struct tc_frame *frame)
{
    struct tc_parts *parts = &packet->parts;
    uint64_t extra = value_of(join, TC_COL_EXTRA, join->packet_count);
    uint64_t pad = value_of(join, TC_COL_PAD, join->packet_count);
    const struct tc_stored_column *tail = &join->directory.columns[TC_COL_TAIL];

    if (extra + pad > tail->count - join->tail_count ||
        parts->messages_end + extra - packet->with->ip_offset > UINT16_MAX)
        return false;
    parts->payload_end = parts->messages_end + (uint32_t)extra;
    parts->frame_end = parts->payload_end + (uint32_t)pad;
    if (frame_room(join, parts->frame_end) == NULL)
        return false;
    if (extra + pad > 0)
        memcpy(packet->frame + parts->messages_end, tail->values + join->tail_count, extra + pad);
    join->tail_count += (uint32_t)(extra + pad);
    frame->captured_bytes = parts->frame_end;
    return true;
}

static bool lay_packet(struct tc_join *join, struct tc_frame *frame, uint32_t template)
{
    struct packet *packet = &join->packets[join->packet_count];
    struct tc_template *with;
    uint16_t channel;

    if (template > join->template_count)
        return false;
    with = &join->templates[template - 1];
    channel = join->catalog->lines[with->line].channel;
    *packet = (struct packet){
        .with = with,
        .frame = join->bytes + join->byte_count,
        .view = frame,
        .twin = (uint32_t)value_of(join, TC_COL_TWIN, join->packet_count),
        .parts = {.header_end = with->header_bytes},
    };
    read_header(join, &packet->header);
    frame->line = with->line;
    frame->bytes = packet->frame;
    frame->payload_offset = with->payload_offset;
    frame->marks = join->marks + join->mark_count;
    frame->messages = packet->header.count;
    if (frame->messages == 0xffff && (with->framer->flags & TC_FRAMING_END_COUNT) != 0)
        frame->messages = 0;
    if (frame->messages > join->header.messages - join->mark_count)
        return false;
    if (packet->twin != 0
            ? !lay_twin(join, packet, frame)
            : !lay_messages(join, packet, frame, join->catalog->channels[channel].group))
        return false;
    if (!lay_tail(join, packet, frame))
        return false;
    tc_header_place(with, &packet->header, &packet->parts, frame->messages, packet->frame);
    join->mark_count += frame->messages;
    join->packet_count++;
    return true;
}

static bool lay_message_flags(struct tc_join *join, const struct tc_frame *frame)
{
    const struct tc_stored_column *flags = &join->directory.columns[TC_COL_MESSAGE_FLAGS];
    struct tc_mark *marks = join->marks + join->mark_count - frame->messages;

    if ((frame->flags & TC_FRAME_OLD_MESSAGES) == 0)
        return true;
    if (frame->messages > flags->count - join->message_flag_count)
        return false;
    for (uint32_t i = 0; i < frame->messages; i++)
        marks[i].flags = flags->values[join->message_flag_count++];
    return true;
}

/* Everything that the columns hold has been used, and nothing more. */
static bool all_used(const struct tc_join *join)
{
    static const enum tc_block_column per_frame[] = {TC_COL_RX_TIME, TC_COL_PROC_TIME, TC_COL_FLAGS,
                                                     TC_COL_WIRE, TC_COL_TEMPLATE};
    static const enum tc_block_column per_packet[] = {
        TC_COL_COUNT, TC_COL_SEQUENCE,  TC_COL_STREAM_OFFSET, TC_COL_SEND_TIME, TC_COL_IP_ID,
        TC_COL_TWIN,  TC_COL_CHECKSUMS, TC_COL_EXTRA,         TC_COL_PAD};
    const struct tc_directory *directory = &join->directory;
    bool used = has_count(join, TC_COL_RAW_LINE, join->raw_count) &&
                has_count(join, TC_COL_RAW_LENGTH, join->raw_count) &&
                has_count(join, TC_COL_IP_CHECKSUM, join->ip_checksum_count) &&
                has_count(join, TC_COL_UDP_CHECKSUM, join->udp_checksum_count) &&
                directory->columns[TC_COL_RAW_BYTES].count == join->raw_byte_count &&
                directory->columns[TC_COL_TAIL].count == join->tail_count &&
                directory->columns[TC_COL_MESSAGE_FLAGS].count == join->message_flag_count &&
                join->byte_count == join->header.frame_bytes &&
                join->mark_count == join->header.messages;

    for (size_t i = 0; i < sizeof per_frame / sizeof per_frame[0]; i++)
        used &= has_count(join, per_frame[i], join->header.frames);
    for (size_t i = 0; i < sizeof per_packet / sizeof per_packet[0]; i++)
        used &= has_count(join, per_packet[i], join->packet_count);
    for (uint16_t i = 0; i < join->catalog->group_count; i++)
        used &= join->places[i].next == directory->groups[i].class.count &&
                join->places[i].next_other_byte == directory->groups[i].other_bytes.count;
    return used;
}

static enum tc_status lay_frames(struct tc_join *join, struct tc_error *error)
{
    bool proc_is_rx = join->directory.columns[TC_COL_PROC_TIME].count == 0;

    for (uint32_t i = 0; i < join->header.frames; i++) {
        struct tc_frame *frame = &join->frames[i];
        uint32_t template = (uint32_t)value_of(join, TC_COL_TEMPLATE, i);

        frame->rx_ns = value_of(join, TC_COL_RX_TIME, i);
        frame->proc_ns = proc_is_rx ? frame->rx_ns : value_of(join, TC_COL_PROC_TIME, i);
        frame->flags = (uint16_t)value_of(join, TC_COL_FLAGS, i);
        frame->marks = NULL;
        if (template == 0 ? !lay_raw(join, frame) : !lay_packet(join, frame, template))
            return tc_fail(error, TC_DAMAGED, "frame %u of the block contradicts its columns", i);
        if (!lay_message_flags(join, frame))
            return tc_fail(error, TC_DAMAGED, "frame %u has more messages than flags", i);
        frame->wire_bytes = frame->captured_bytes + (uint32_t)value_of(join, TC_COL_WIRE, i);
    }
    if (!all_used(join))
        return tc_fail(error, TC_DAMAGED, "columns of the block hold more than its %u frames",
                       join->header.frames);
    join->frame_count = join->header.frames;
    return TC_OK;
}

/* ---- filling ---- */

static void fill_shared(struct tc_join *join, uint16_t number, uint16_t column)
{
    const struct tc_stored_group *group = &join->directory.groups[number];
    const struct tc_stored_column *from = &group->columns[column];
    const struct tc_plan_field **by_class = group->plan.shared[column];
    const uint8_t *values = from->values;
    uint32_t start = 0;

    while (start < group->class.count) {
        const struct tc_plan_field *field = by_class[group->class.values[start]];
        uint32_t end = start + 1;

        while (end < group->class.count && by_class[group->class.values[end]] == field)
            end++;
        if (field != NULL) {
            tc_scatter(field, from->width, values, end - start,
                       join->places[number].in_order + start);
            values += (size_t)(end - start) * from->width;
        }
        start = end;
    }
}

static void fill_group(struct tc_join *join, uint16_t number)
{
    const struct tc_stored_group *group = &join->directory.groups[number];
    const struct tc_plan *plan = &group->plan;
    uint8_t **by_class = join->places[number].by_class;

    for (uint16_t i = 0; i < plan->shared_count; i++)
        fill_shared(join, number, i);
    for (uint32_t class = 0; class < plan->feed->type_count; class ++) {
        uint32_t rows = group->class_count[class];

        for (uint16_t i = plan->first_field[class]; rows > 0 && i < plan->first_field[class + 1];
             i++) {
            const struct tc_plan_field *field = &plan->fields[i];

            if (field->column >= plan->shared_count)
                tc_scatter(field, group->columns[field->column].width,
                           group->columns[field->column].values, rows, by_class);
        }
        by_class += rows;
    }
}

static void seal_packets(struct tc_join *join)
{
    for (uint32_t i = 0; i < join->packet_count; i++) {
        struct packet *packet = &join->packets[i];
        const struct tc_parts *parts = &packet->parts;

        if (packet->twin != 0) {
            const struct packet *first = packet - packet->twin;

            memcpy(packet->frame + parts->header_end, first->frame + first->parts.header_end,
                   parts->messages_end - parts->header_end);
        }
        tc_header_seal(packet->with, &packet->header, parts, packet->frame);
    }
}

static enum tc_status compare_digest(struct tc_join *join, struct tc_error *error)
{
    uint64_t *words = join->words;

    for (uint32_t i = 0; i < join->frame_count; i++) {
        words[3 * i] = join->frames[i].rx_ns;
        words[3 * i + 1] = join->frames[i].wire_bytes;
        words[3 * i + 2] = tc_digest(join->frames[i].bytes, join->frames[i].captured_bytes);
    }
    if (tc_digest(words, join->frame_count * 3 * sizeof *words) != join->header.frames_digest)
        return tc_fail(error, TC_DAMAGED, "the frames are not those that were recorded");
    return TC_OK;
}

bool tc_frame_packet(const struct tc_catalog *catalog, const struct tc_frame *frame,
                     struct tc_packet *packet)
{
    const uint8_t *payload = frame->bytes + frame->payload_offset;
    /* the UDP header stands in front, RFC 768; joined packets are never cut */
    size_t bytes = tc_load_be16(payload - TC_UDP_BYTES + 4) - (size_t)TC_UDP_BYTES;

    return tc_framer_open(&catalog->channels[catalog->lines[frame->line].channel].framer, payload,
                          bytes, packet);
}

/* ---- the whole ---- */

static enum tc_status begin(struct tc_join *join, const struct tc_block_header *header,
                            const uint8_t *bytes, struct tc_error *error)
{
    join->header = *header;
    join->frame_count = 0;
    join->event_count = 0;
    join->packet_count = 0;
    join->raw_count = 0;
    join->mark_count = 0;
    join->byte_count = 0;
    join->raw_byte_count = 0;
    join->tail_count = 0;
    join->ip_checksum_count = 0;
    join->udp_checksum_count = 0;
    join->message_flag_count = 0;
    if (tc_digest(bytes + TC_BLOCK_HEADER_BYTES,
                  header->stored_bytes - (size_t)TC_BLOCK_HEADER_BYTES) != header->body_checksum)
        return tc_fail(error, TC_DAMAGED, "the checksum of the block's body does not match");
    return TC_OK;
}

enum tc_status tc_join_block(struct tc_join *join, const struct tc_block_header *header,
                             const uint8_t *bytes, bool verify, struct tc_error *error)
{
    enum tc_status status = begin(join, header, bytes, error);

    if (status == TC_OK)
        status = decode_columns(join, bytes, error);
    if (status == TC_OK)
        status = restore_templates(join, error);
    if (status == TC_OK)
        status = find_events(join, error);
    if (status == TC_OK)
        status = lay_frames(join, error);
    if (status != TC_OK)
        return status;
    for (uint16_t i = 0; i < join->catalog->group_count; i++)
        fill_group(join, i);
    seal_packets(join);
    return verify ? compare_digest(join, error) : TC_OK;
}

const struct tc_frame *tc_join_frames(const struct tc_join *join, uint32_t *count)
{
    *count = join->frame_count;
    return join->frames;
}

const struct tc_event *tc_join_events(const struct tc_join *join, uint32_t *count)
{
    *count = join->event_count;
    return join->events;
}

struct tc_cursor tc_join_box(const struct tc_join *join, enum tc_block_column id)
{
    const struct tc_stored_column *column = &join->directory.columns[id];

    return tc_cursor_of(column->values, column->count);
}
