/* Writing and reading heads. */
#include "file/segmenthead.h"

#include <assert.h>

#include "base/digest.h"

size_t tc_segment_head_bytes_max(const struct tc_capture *capture)
{
    const struct tc_catalog *catalog = &capture->catalog;
    size_t bytes = TC_HEAD_BYTES + TC_BLOCK_ALIGN + 16 * TC_BOX_HEAD_BYTES + 4 * 256;

    bytes += capture->port_count * sizeof(struct tc_port) + capture->stream_count * (size_t)8;
    bytes += catalog->line_count * sizeof(struct tc_line);
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        const struct tc_feed *feed = catalog->channels[i].feed;

        bytes += 2 * TC_NAME_BYTES + 16 + catalog->channels[i].zone.count * (size_t)12;
        /* a feed that several channels share is written once; counting it each time is enough */
        bytes += 6 * 256 + feed->framing->field_count * (size_t)264;
        for (size_t j = 0; j < feed->type_count; j++)
            bytes += 264 + feed->types[j].field_count * (size_t)264;
    }
    return bytes + tc_stream_state_bytes_max(catalog);
}

#define TC_HEAD_NUMBERS(X) \
    X(head_bytes, 4)       \
    X(stream, 4)           \
    X(writer, 4)           \
    X(writers, 4)          \
    X(number, 4)           \
    X(start_ns, 8)         \
    X(previous_digest, 8)

void tc_segment_head_write(uint8_t *bytes, struct tc_segment_head *head,
                           const struct tc_capture *capture, const struct tc_stream_state *state)
{
    struct tc_scribe out = tc_scribe_of(bytes, tc_segment_head_bytes_max(capture));

    memset(tc_scribe_room(&out, TC_HEAD_BYTES), 0, TC_HEAD_BYTES);
    tc_capture_write(&out, capture);
    tc_stream_state_write(&out, state, true);
    tc_scribe_align(&out, TC_BLOCK_ALIGN);
    assert(!out.failed);
    head->head_bytes = (uint32_t)out.length;
    memcpy(bytes + TC_HEAD_AT_magic, TC_SEGMENT_MAGIC, TC_MAGIC_BYTES);
    tc_store_le16(bytes + TC_HEAD_AT_major, TC_FORMAT_MAJOR);
    tc_store_le16(bytes + TC_HEAD_AT_minor, TC_FORMAT_MINOR);
    memcpy(bytes + TC_HEAD_AT_run_id, capture->run_id, TC_ID_BYTES);
    memcpy(bytes + TC_HEAD_AT_segment_id, head->segment_id, TC_ID_BYTES);
#define TC_STORE_NUMBER(name, width) \
    tc_store_uint(bytes + TC_HEAD_AT_##name, head->name, width, false);
    TC_HEAD_NUMBERS(TC_STORE_NUMBER)
#undef TC_STORE_NUMBER
    tc_store_le64(bytes + TC_HEAD_AT_body_checksum,
                  tc_digest(bytes + TC_HEAD_BYTES, out.length - TC_HEAD_BYTES));
    head->head_checksum = tc_digest(bytes, TC_HEAD_AT_head_checksum);
    tc_store_le64(bytes + TC_HEAD_AT_head_checksum, head->head_checksum);
}

enum tc_status tc_segment_head_peek(const uint8_t *bytes, size_t length,
                                    struct tc_segment_head *head, struct tc_error *error)
{
    uint16_t major;

    if (length < TC_MAGIC_BYTES || memcmp(bytes, TC_SEGMENT_MAGIC, TC_MAGIC_BYTES) != 0)
        return tc_fail(error, TC_FOREIGN, "not a tickcap segment");
    if (length < TC_HEAD_BYTES)
        return tc_fail(error, TC_TRUNCATED, "the head is cut off at byte %zu", length);
    major = tc_load_le16(bytes + TC_HEAD_AT_major);
    if (major != TC_FORMAT_MAJOR || tc_load_le16(bytes + TC_HEAD_AT_minor) != TC_FORMAT_MINOR)
        return tc_fail(error, TC_VERSION, "format version %u.%u, this program reads %d.%d", major,
                       tc_load_le16(bytes + TC_HEAD_AT_minor), TC_FORMAT_MAJOR, TC_FORMAT_MINOR);
    head->head_checksum = tc_load_le64(bytes + TC_HEAD_AT_head_checksum);
    if (head->head_checksum != tc_digest(bytes, TC_HEAD_AT_head_checksum))
        return tc_fail(error, TC_DAMAGED, "the checksum of the head does not match");
    memcpy(head->segment_id, bytes + TC_HEAD_AT_segment_id, TC_ID_BYTES);
#define TC_LOAD_NUMBER(name, width) \
    head->name = (__typeof__(head->name))tc_load_uint(bytes + TC_HEAD_AT_##name, width, false);
    TC_HEAD_NUMBERS(TC_LOAD_NUMBER)
#undef TC_LOAD_NUMBER
    if (head->head_bytes < TC_HEAD_BYTES || head->head_bytes > TC_SEGMENT_HEAD_BYTES_MAX ||
        head->head_bytes % TC_BLOCK_ALIGN != 0)
        return tc_fail(error, TC_DAMAGED, "the head claims to be %u bytes long", head->head_bytes);
    if (head->number == 0 || head->writer >= head->writers)
        return tc_fail(error, TC_DAMAGED,
                       "the head is of segment %u of writer %u of %u, expected a number from 1 and "
                       "a writer below their number",
                       head->number, head->writer, head->writers);
    for (size_t at = TC_HEAD_AT_reserved_1; at < TC_HEAD_AT_body_checksum; at += 8)
        if (tc_load_le64(bytes + at) != 0)
            return tc_fail(error, TC_VERSION, "reserved bytes of the head are not zero");
    return TC_OK;
}

/* The boxes of a head up to the padding, which looks like a box of kind 0 and is none. */
static bool next_box(struct tc_cursor *in, uint32_t *kind, struct tc_cursor *box)
{
    return tc_cursor_left(in) >= TC_BOX_HEAD_BYTES && tc_load_le32(in->at) != 0 &&
           tc_box_next(in, kind, box);
}

static bool names_stream(const struct tc_capture *capture, uint32_t number)
{
    for (uint16_t i = 0; i < capture->stream_count; i++)
        if (capture->streams[i].number == number)
            return true;
    return false;
}

static enum tc_status read_states(struct tc_cursor boxes, struct tc_stream_state *state,
                                  struct tc_error *error)
{
    struct tc_cursor box;
    uint32_t kind;

    while (next_box(&boxes, &kind, &box)) {
        enum tc_status status = tc_stream_state_read(state, kind, box, error);

        if (status != TC_OK)
            return status;
    }
    return TC_OK;
}

enum tc_status tc_segment_head_read(const uint8_t *bytes, const struct tc_segment_head *head,
                                    struct tc_arena *arena, struct tc_capture *capture,
                                    struct tc_stream_state *state, struct tc_error *error)
{
    struct tc_cursor boxes = tc_cursor_of(bytes + TC_HEAD_BYTES, head->head_bytes - TC_HEAD_BYTES);
    struct tc_cursor states = boxes;
    struct tc_cursor box;
    uint64_t seen = 0; /* bit k: a box of kind k */
    uint32_t kind;
    enum tc_status status;
    uint8_t *memory;

    if (tc_digest(boxes.at, tc_cursor_left(&boxes)) !=
        tc_load_le64(bytes + TC_HEAD_AT_body_checksum))
        return tc_fail(error, TC_DAMAGED, "the checksum of the head's boxes does not match");
    *capture = (struct tc_capture){0};
    memcpy(capture->run_id, bytes + TC_HEAD_AT_run_id, TC_ID_BYTES);
    while (next_box(&boxes, &kind, &box)) {
        if (kind < 64 && (seen >> kind & 1) != 0)
            return tc_fail(error, TC_DAMAGED, "box %u of the head stands twice", kind);
        seen |= kind < 64 ? UINT64_C(1) << kind : 0;
        status = tc_capture_read(capture, arena, kind, box, error);
        if (status != TC_OK)
            return status;
        if (kind == TC_BOX_FEEDS || kind == TC_BOX_CHANNELS || kind == TC_BOX_LINES)
            capture->digest ^= tc_digest(box.at, tc_cursor_left(&box)) * (kind + 1);
    }
    if (boxes.failed)
        return tc_fail(error, TC_DAMAGED, "a box of the head is cut short");
    status = tc_capture_check(capture, arena, error);
    if (status == TC_OK && !names_stream(capture, head->stream))
        status = tc_fail(error, TC_DAMAGED, "the head does not name its own stream %u",
                         head->stream);
    if (status != TC_OK)
        return status;
    memory = tc_arena_take(arena, tc_stream_state_footprint(&capture->catalog) + 64);
    if (memory == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for the state of a stream");
    memory += tc_align_up((uintptr_t)memory, 64) - (uintptr_t)memory;
    tc_stream_state_init(state, memory, &capture->catalog);
    return read_states(states, state, error);
}
