/* The boxes of a capture: text, ports, streams, feed tables, channels, lines. */
#include "file/capture.h"

#include "base/utf8.h"

enum { TEXT_MAX = 255 };

/* ---- writing ---- */

size_t tc_box_begin(struct tc_scribe *out, enum tc_box_kind kind)
{
    size_t begin = out->length;

    tc_scribe_uint(out, kind, 4);
    tc_scribe_uint(out, 0, 4);
    tc_scribe_uint(out, 0, 8);
    return begin;
}

void tc_box_end(struct tc_scribe *out, size_t begin)
{
    if (!out->failed)
        tc_store_le64(out->bytes + begin + 8, out->length - begin - TC_BOX_HEAD_BYTES);
    tc_scribe_align(out, 8);
}

/*
 * u8 length, then the bytes. A capture must not become unreadable by the name of the file that it
 * was imported from: what is no text becomes a question mark.
 */
static void write_text(struct tc_scribe *out, const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strnlen(text, TEXT_MAX);

    tc_scribe_uint(out, left, 1);
    while (left > 0) {
        size_t character = tc_utf8_character(at, left);
        size_t bytes = character > 0 ? character : 1;

        tc_scribe_bytes(out, character > 0 ? at : (const uint8_t *)"?", bytes);
        at += bytes;
        left -= bytes;
    }
}

static void write_text_box(struct tc_scribe *out, enum tc_box_kind kind, const char *text)
{
    size_t begin = tc_box_begin(out, kind);

    write_text(out, text);
    tc_box_end(out, begin);
}

static void write_fields(struct tc_scribe *out, const struct tc_field *fields, uint8_t count)
{
    tc_scribe_uint(out, count, 1);
    for (uint8_t i = 0; i < count; i++) {
        write_text(out, fields[i].name);
        tc_scribe_uint(out, fields[i].offset, 2);
        tc_scribe_uint(out, fields[i].width, 1);
        tc_scribe_uint(out, fields[i].format, 1);
        tc_scribe_uint(out, fields[i].scale, 1);
        tc_scribe_uint(out, fields[i].meaning, 1);
    }
}

static void write_feed(struct tc_scribe *out, const struct tc_feed *feed)
{
    const struct tc_framing *framing = feed->framing;

    tc_scribe_uint(out, feed->id, 2);
    tc_scribe_uint(out, feed->flags, 1);
    write_text(out, feed->name);
    write_text(out, feed->source);
    tc_scribe_uint(out, framing->id, 2);
    tc_scribe_uint(out, framing->flags, 1);
    tc_scribe_uint(out, framing->header_bytes, 1);
    tc_scribe_uint(out, framing->version, 1);
    write_text(out, framing->name);
    write_text(out, framing->source);
    write_fields(out, framing->fields, framing->field_count);
    tc_scribe_uint(out, feed->type_count, 1);
    for (uint8_t i = 0; i < feed->type_count; i++) {
        const struct tc_type *type = &feed->types[i];

        write_text(out, type->name);
        tc_scribe_uint(out, type->code, 1);
        tc_scribe_uint(out, type->flags, 1);
        tc_scribe_uint(out, type->bytes, 2);
        write_fields(out, type->fields, type->field_count);
    }
}

/* The distinct feeds of the catalog, in order of appearance. */
static uint16_t distinct_feeds(const struct tc_catalog *catalog, const struct tc_feed **feeds)
{
    uint16_t count = 0;

    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        uint16_t j = 0;

        while (j < count && feeds[j] != catalog->channels[i].feed)
            j++;
        if (j == count)
            feeds[count++] = catalog->channels[i].feed;
    }
    return count;
}

static void write_feeds(struct tc_scribe *out, const struct tc_catalog *catalog)
{
    const struct tc_feed *feeds[TC_CHANNELS_MAX];
    uint16_t count = distinct_feeds(catalog, feeds);
    size_t begin = tc_box_begin(out, TC_BOX_FEEDS);

    for (uint16_t i = 0; i < count; i++)
        write_feed(out, feeds[i]);
    tc_box_end(out, begin);
}

static void write_zone(struct tc_scribe *out, const struct tc_zone *zone)
{
    write_text(out, zone->name);
    tc_scribe_uint(out, zone->count, 2);
    for (uint32_t i = 0; i < zone->count; i++) {
        tc_scribe_uint(out, (uint64_t)zone->spans[i].from_s, 8);
        tc_scribe_uint(out, (uint32_t)zone->spans[i].offset_s, 4);
    }
}

static void write_channels(struct tc_scribe *out, const struct tc_catalog *catalog)
{
    const struct tc_feed *feeds[TC_CHANNELS_MAX];
    size_t begin = tc_box_begin(out, TC_BOX_CHANNELS);

    distinct_feeds(catalog, feeds);
    tc_scribe_uint(out, catalog->channel_count, 2);
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        const struct tc_channel *channel = &catalog->channels[i];
        uint16_t feed = 0;

        while (feeds[feed] != channel->feed)
            feed++;
        write_text(out, channel->name);
        tc_scribe_uint(out, feed, 2);
        tc_scribe_uint(out, channel->group, 2);
        tc_scribe_uint(out, channel->arbitration, 1);
        write_zone(out, &channel->zone);
    }
    tc_box_end(out, begin);
}

static void write_lines(struct tc_scribe *out, const struct tc_catalog *catalog)
{
    size_t begin = tc_box_begin(out, TC_BOX_LINES);

    tc_scribe_uint(out, catalog->line_count, 2);
    for (uint16_t i = 0; i < catalog->line_count; i++) {
        const struct tc_line *line = &catalog->lines[i];

        write_text(out, line->name);
        tc_scribe_uint(out, line->channel, 2);
        tc_scribe_uint(out, line->source, 4);
        tc_scribe_uint(out, line->group, 4);
        tc_scribe_uint(out, line->port, 2);
        tc_scribe_uint(out, line->vlan, 2);
        tc_scribe_uint(out, line->nic_port, 1);
    }
    tc_box_end(out, begin);
}

void tc_capture_write(struct tc_scribe *out, const struct tc_capture *capture)
{
    size_t begin;

    write_text_box(out, TC_BOX_TOOL, capture->tool);
    write_text_box(out, TC_BOX_HOST, capture->host);
    write_text_box(out, TC_BOX_NAME, capture->name);
    begin = tc_box_begin(out, TC_BOX_PORTS);
    for (uint16_t i = 0; i < capture->port_count; i++) {
        write_text(out, capture->ports[i].name);
        write_text(out, capture->ports[i].device);
        write_text(out, capture->ports[i].driver);
        tc_scribe_uint(out, capture->ports[i].snaplen, 4);
        tc_scribe_uint(out, capture->ports[i].losses, 1);
    }
    tc_box_end(out, begin);
    begin = tc_box_begin(out, TC_BOX_STREAMS);
    for (uint16_t i = 0; i < capture->stream_count; i++) {
        tc_scribe_uint(out, capture->streams[i].number, 4);
        tc_scribe_uint(out, capture->streams[i].port, 2);
        tc_scribe_uint(out, capture->streams[i].queue, 2);
    }
    tc_box_end(out, begin);
    write_feeds(out, &capture->catalog);
    write_channels(out, &capture->catalog);
    write_lines(out, &capture->catalog);
}

/* ---- reading ---- */

bool tc_box_next(struct tc_cursor *in, uint32_t *kind, struct tc_cursor *box)
{
    uint64_t length;
    const uint8_t *bytes;

    if (in->failed || tc_cursor_left(in) == 0)
        return false;
    *kind = tc_cursor_u32(in);
    in->failed |= tc_cursor_u32(in) != 0;
    length = tc_cursor_u64(in);
    bytes = tc_cursor_take(in, length);
    if (bytes == NULL)
        return false;
    *box = tc_cursor_of(bytes, length);
    if (tc_align_up(length, 8) != length)
        tc_cursor_take(in, tc_align_up(length, 8) - length);
    return !in->failed;
}

bool tc_boxes_filled_with_zeros(struct tc_cursor boxes)
{
    uint8_t any = 0;

    while (!boxes.failed && tc_cursor_left(&boxes) >= TC_BOX_HEAD_BYTES &&
           tc_load_le32(boxes.at) != 0) {
        uint64_t length = tc_load_le64(boxes.at + 8);
        const uint8_t *padding;

        tc_cursor_take(&boxes, TC_BOX_HEAD_BYTES);
        tc_cursor_take(&boxes, length);
        padding = tc_cursor_take(&boxes, tc_align_up(length, 8) - length);
        for (size_t i = 0; padding != NULL && i < tc_align_up(length, 8) - length; i++)
            any |= padding[i];
    }
    while (boxes.at < boxes.end)
        any |= *boxes.at++;
    return any == 0;
}

/* A text into an array that it must fit, zero included. */
static void read_text(struct tc_cursor *in, char *text, size_t size)
{
    uint8_t length = tc_cursor_u8(in);
    const uint8_t *bytes = tc_cursor_take(in, length);

    if (bytes == NULL || length >= size) {
        in->failed = true;
        return;
    }
    memcpy(text, bytes, length);
    text[length] = '\0';
    in->failed |= !tc_utf8_is_text(bytes, length); /* it may be shown on a terminal */
}

static const char *take_text(struct tc_cursor *in, struct tc_arena *arena)
{
    char text[TEXT_MAX + 1] = "";
    const char *kept;

    read_text(in, text, sizeof text);
    kept = tc_arena_text(arena, text, strlen(text));
    in->failed |= kept == NULL;
    return kept != NULL ? kept : "";
}

static const struct tc_field *read_fields(struct tc_cursor *in, struct tc_arena *arena,
                                          uint8_t *count)
{
    struct tc_field *fields;

    *count = tc_cursor_u8(in);
    fields = tc_arena_take(arena, (*count + 1u) * sizeof *fields);
    in->failed |= fields == NULL;
    for (uint8_t i = 0; i < *count && !in->failed; i++) {
        fields[i].name = take_text(in, arena);
        fields[i].offset = tc_cursor_u16(in);
        fields[i].width = tc_cursor_u8(in);
        fields[i].format = tc_cursor_u8(in);
        fields[i].scale = tc_cursor_u8(in);
        fields[i].meaning = tc_cursor_u8(in);
    }
    return fields;
}

static const struct tc_framing *read_framing(struct tc_cursor *in, struct tc_arena *arena)
{
    struct tc_framing *framing = tc_arena_take(arena, sizeof *framing);

    if (framing == NULL) {
        in->failed = true;
        return NULL;
    }
    framing->id = tc_cursor_u16(in);
    framing->flags = tc_cursor_u8(in);
    framing->header_bytes = tc_cursor_u8(in);
    framing->version = tc_cursor_u8(in);
    framing->name = take_text(in, arena);
    framing->source = take_text(in, arena);
    framing->fields = read_fields(in, arena, &framing->field_count);
    return framing;
}

static const struct tc_feed *read_feed(struct tc_cursor *in, struct tc_arena *arena)
{
    struct tc_feed *feed = tc_arena_take(arena, sizeof *feed);
    struct tc_type *types;

    if (feed == NULL) {
        in->failed = true;
        return NULL;
    }
    feed->id = tc_cursor_u16(in);
    feed->flags = tc_cursor_u8(in);
    feed->name = take_text(in, arena);
    feed->source = take_text(in, arena);
    feed->framing = read_framing(in, arena);
    feed->type_count = tc_cursor_u8(in);
    types = tc_arena_take(arena, (feed->type_count + 1u) * sizeof *types);
    feed->types = types;
    in->failed |= types == NULL;
    for (uint8_t i = 0; i < feed->type_count && !in->failed; i++) {
        types[i].name = take_text(in, arena);
        types[i].code = tc_cursor_u8(in);
        types[i].flags = tc_cursor_u8(in);
        types[i].bytes = tc_cursor_u16(in);
        types[i].fields = read_fields(in, arena, &types[i].field_count);
    }
    return feed;
}

/* Feeds are put into group_feeds until the channels, which come later, have taken theirs. */
static enum tc_status read_feeds(struct tc_capture *capture, struct tc_arena *arena,
                                 struct tc_cursor box, struct tc_error *error)
{
    struct tc_catalog *catalog = &capture->catalog;

    catalog->group_feeds = tc_arena_take(arena, TC_CHANNELS_MAX * sizeof *catalog->group_feeds);
    if (catalog->group_feeds == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for the feed tables");
    while (tc_cursor_left(&box) > 0) {
        const struct tc_feed *feed = read_feed(&box, arena);
        enum tc_status status;

        if (box.failed || catalog->group_count == TC_CHANNELS_MAX)
            return tc_fail(error, TC_DAMAGED, "feed table %u is cut short", catalog->group_count);
        status = tc_feed_check(feed, error);
        if (status != TC_OK)
            return status;
        catalog->group_feeds[catalog->group_count++] = feed;
    }
    return TC_OK;
}

static void read_zone(struct tc_cursor *in, struct tc_zone *zone)
{
    read_text(in, zone->name, sizeof zone->name);
    zone->count = tc_cursor_u16(in);
    if (zone->count == 0 || zone->count > TC_ZONE_SPANS_MAX)
        in->failed = true;
    for (uint32_t i = 0; i < zone->count && !in->failed; i++) {
        struct tc_zone_span *span = &zone->spans[i];

        span->from_s = (int64_t)tc_cursor_u64(in);
        span->offset_s = (int32_t)tc_cursor_u32(in);
        in->failed |= span->offset_s < -86400 || span->offset_s > 86400 ||
                      (i > 0 && span->from_s <= span[-1].from_s);
    }
}

static enum tc_status nothing_left(const struct tc_cursor *box, const char *what,
                                   struct tc_error *error)
{
    if (tc_cursor_left(box) > 0)
        return tc_fail(error, TC_DAMAGED, "%zu bytes follow the last %s in its box",
                       tc_cursor_left(box), what);
    return TC_OK;
}

static enum tc_status read_channels(struct tc_capture *capture, struct tc_arena *arena,
                                    struct tc_cursor box, struct tc_error *error)
{
    struct tc_catalog *catalog = &capture->catalog;
    uint16_t count = tc_cursor_u16(&box);

    if (count > TC_CHANNELS_MAX)
        return tc_fail(error, TC_LIMIT, "%u channels, at most %d can be", count, TC_CHANNELS_MAX);
    catalog->channels = tc_arena_take(arena, (count + 1u) * sizeof catalog->channels[0]);
    if (catalog->channels == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for %u channels", count);
    while (catalog->channel_count < count) {
        struct tc_channel *channel = &catalog->channels[catalog->channel_count];
        uint16_t feed;

        read_text(&box, channel->name, sizeof channel->name);
        feed = tc_cursor_u16(&box);
        channel->group = tc_cursor_u16(&box);
        channel->arbitration = tc_cursor_u8(&box);
        read_zone(&box, &channel->zone);
        if (box.failed || feed >= catalog->group_count)
            return tc_fail(error, TC_DAMAGED, "channel %u is cut short or of no feed",
                           catalog->channel_count);
        channel->feed = catalog->group_feeds[feed];
        tc_framer_init(&channel->framer, channel->feed);
        catalog->channel_count++;
    }
    return nothing_left(&box, "channel", error);
}

static enum tc_status read_lines(struct tc_capture *capture, struct tc_arena *arena,
                                 struct tc_cursor box, struct tc_error *error)
{
    struct tc_catalog *catalog = &capture->catalog;
    uint16_t count = tc_cursor_u16(&box);

    if (count > TC_LINES_MAX)
        return tc_fail(error, TC_LIMIT, "%u lines, at most %d can be", count, TC_LINES_MAX);
    catalog->lines = tc_arena_take(arena, (count + 1u) * sizeof catalog->lines[0]);
    if (catalog->lines == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for %u lines", count);
    while (catalog->line_count < count) {
        struct tc_line *line = &catalog->lines[catalog->line_count];

        read_text(&box, line->name, sizeof line->name);
        line->channel = tc_cursor_u16(&box);
        line->source = tc_cursor_u32(&box);
        line->group = tc_cursor_u32(&box);
        line->port = tc_cursor_u16(&box);
        line->vlan = tc_cursor_u16(&box);
        line->nic_port = tc_cursor_u8(&box);
        if (box.failed || line->channel >= catalog->channel_count ||
            (line->nic_port != TC_PORT_ANY && line->nic_port >= capture->port_count))
            return tc_fail(error, TC_DAMAGED, "line %u is cut short, of no channel or of no port",
                           catalog->line_count);
        catalog->line_count++;
    }
    return nothing_left(&box, "line", error);
}

static enum tc_status read_ports(struct tc_capture *capture, struct tc_arena *arena,
                                 struct tc_cursor box, struct tc_error *error)
{
    capture->ports = tc_arena_take(arena, TC_PORTS_MAX * sizeof capture->ports[0]);
    if (capture->ports == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for the ports");
    while (tc_cursor_left(&box) > 0) {
        struct tc_port *port = &capture->ports[capture->port_count];

        if (capture->port_count == TC_PORTS_MAX)
            return tc_fail(error, TC_LIMIT, "more than %d ports", TC_PORTS_MAX);
        read_text(&box, port->name, sizeof port->name);
        read_text(&box, port->device, sizeof port->device);
        read_text(&box, port->driver, sizeof port->driver);
        port->snaplen = tc_cursor_u32(&box);
        port->losses = tc_cursor_u8(&box);
        if (box.failed)
            return tc_fail(error, TC_DAMAGED, "port %u is cut short", capture->port_count);
        capture->port_count++;
    }
    return TC_OK;
}

static enum tc_status read_streams(struct tc_capture *capture, struct tc_arena *arena,
                                   struct tc_cursor box, struct tc_error *error)
{
    capture->streams = tc_arena_take(arena, TC_STREAMS_MAX * sizeof capture->streams[0]);
    if (capture->streams == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for the streams");
    while (tc_cursor_left(&box) > 0) {
        struct tc_stream *stream = &capture->streams[capture->stream_count];

        if (capture->stream_count == TC_STREAMS_MAX)
            return tc_fail(error, TC_LIMIT, "more than %d streams", TC_STREAMS_MAX);
        stream->number = tc_cursor_u32(&box);
        stream->port = tc_cursor_u16(&box);
        stream->queue = tc_cursor_u16(&box);
        if (box.failed || (stream->port >= capture->port_count && stream->port != TC_PORT_NONE))
            return tc_fail(error, TC_DAMAGED, "stream %u is cut short or of no port",
                           capture->stream_count);
        capture->stream_count++;
    }
    return TC_OK;
}

static enum tc_status read_text_box(struct tc_cursor box, char *text, size_t size,
                                    struct tc_error *error)
{
    read_text(&box, text, size);
    if (box.failed)
        return tc_fail(error, TC_DAMAGED, "a text of the head is cut short, too long or no text");
    return nothing_left(&box, "text", error);
}

enum tc_status tc_capture_read(struct tc_capture *capture, struct tc_arena *arena, uint32_t kind,
                               struct tc_cursor box, struct tc_error *error)
{
    switch ((enum tc_box_kind)kind) {
    case TC_BOX_TOOL: return read_text_box(box, capture->tool, sizeof capture->tool, error);
    case TC_BOX_HOST: return read_text_box(box, capture->host, sizeof capture->host, error);
    case TC_BOX_NAME: return read_text_box(box, capture->name, sizeof capture->name, error);
    case TC_BOX_PORTS: return read_ports(capture, arena, box, error);
    case TC_BOX_STREAMS: return read_streams(capture, arena, box, error);
    case TC_BOX_FEEDS: return read_feeds(capture, arena, box, error);
    case TC_BOX_CHANNELS: return read_channels(capture, arena, box, error);
    case TC_BOX_LINES: return read_lines(capture, arena, box, error);
    default: return TC_OK;
    }
}

/* Lines of a channel follow each other, so each channel knows its first one. */
static enum tc_status check_lines(struct tc_catalog *catalog, struct tc_error *error)
{
    uint16_t channel = 0;

    for (uint16_t i = 0; i < catalog->line_count; i++) {
        struct tc_channel *owner = &catalog->channels[catalog->lines[i].channel];

        if (catalog->lines[i].channel < channel)
            return tc_fail(error, TC_DAMAGED, "line %u is not beside the others of its channel", i);
        channel = catalog->lines[i].channel;
        if (owner->line_count == 0)
            owner->first_line = i;
        owner->line_count++;
    }
    return TC_OK;
}

enum tc_status tc_capture_check(struct tc_capture *capture, struct tc_arena *arena,
                                struct tc_error *error)
{
    struct tc_catalog *catalog = &capture->catalog;
    uint16_t groups = 0;

    if (capture->stream_count == 0 || catalog->group_feeds == NULL)
        return tc_fail(error, TC_DAMAGED, "the head names no stream or no feed table");
    /* A group's feed is that of its channels; from here on group_feeds is by group. */
    catalog->group_feeds = tc_arena_take(arena, TC_CHANNELS_MAX * sizeof *catalog->group_feeds);
    if (catalog->group_feeds == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for the groups");
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        const struct tc_channel *channel = &catalog->channels[i];

        if (channel->group > groups ||
            (channel->group < groups && catalog->group_feeds[channel->group] != channel->feed))
            return tc_fail(error, TC_DAMAGED, "channel %s is in a group of another feed",
                           channel->name);
        if (channel->group == groups)
            catalog->group_feeds[groups++] = channel->feed;
    }
    catalog->group_count = groups;
    return check_lines(catalog, error);
}
