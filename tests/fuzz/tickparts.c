/* Putting files right. */
#include "tickparts.h"

#include "base/digest.h"
#include "file/layout.h"

enum {
    FRAMES_MOST = 4096,
    MESSAGES_MOST = 1 << 14,
    BYTES_MOST = 1 << 20,
};

static bool has_magic(const uint8_t *at, const char *magic)
{
    return memcmp(at, magic, TC_MAGIC_BYTES) == 0;
}

static void lower32(uint8_t *at, uint32_t most)
{
    if (tc_load_le32(at) > most)
        tc_store_le32(at, tc_load_le32(at) % (most + 1));
}

/* ---- blocks ---- */

/* Where the directory begins; NULL where there is none. */
static uint8_t *directory_of(uint8_t *block, size_t stored)
{
    uint32_t columns = tc_load_le32(block + TC_BLOCK_AT_columns);

    if (columns > (stored - TC_BLOCK_HEADER_BYTES) / TC_DIRECTORY_ENTRY_BYTES)
        return NULL;
    return block + stored - (size_t)columns * TC_DIRECTORY_ENTRY_BYTES;
}

/* A value that stands for a million costs a byte to store, and time to read. */
static void take_down(uint8_t *block, size_t stored)
{
    uint8_t *entry = directory_of(block, stored);

    lower32(block + TC_BLOCK_AT_frames, FRAMES_MOST);
    lower32(block + TC_BLOCK_AT_messages, MESSAGES_MOST);
    if (tc_load_le64(block + TC_BLOCK_AT_frame_bytes) > BYTES_MOST)
        tc_store_le64(block + TC_BLOCK_AT_frame_bytes,
                      tc_load_le64(block + TC_BLOCK_AT_frame_bytes) % BYTES_MOST);
    for (; entry != NULL && entry < block + stored; entry += TC_DIRECTORY_ENTRY_BYTES)
        lower32(entry + 8, BYTES_MOST);
}

static void seal(uint8_t *block, size_t stored)
{
    tc_store_le64(block + TC_BLOCK_AT_body_checksum,
                  tc_digest(block + TC_BLOCK_HEADER_BYTES, stored - TC_BLOCK_HEADER_BYTES));
    tc_store_le64(block + TC_BLOCK_AT_header_checksum,
                  tc_digest(block, TC_BLOCK_AT_header_checksum));
}

size_t tick_fix_block(uint8_t *block, size_t length, const uint8_t segment_id[TC_ID_BYTES],
                      uint64_t offset)
{
    size_t stored;

    if (length < TC_BLOCK_HEADER_BYTES)
        return 0;
    stored = tc_load_le32(block + TC_BLOCK_AT_stored_bytes);
    if (stored < TC_BLOCK_HEADER_BYTES || stored > length) {
        stored = length;
        tc_store_le32(block + TC_BLOCK_AT_stored_bytes, (uint32_t)stored);
    }
    memcpy(block + TC_BLOCK_AT_magic, TC_BLOCK_MAGIC, TC_MAGIC_BYTES);
    memcpy(block + TC_BLOCK_AT_segment_id, segment_id, TC_ID_BYTES);
    tc_store_le64(block + TC_BLOCK_AT_offset, offset);
    take_down(block, stored);
    seal(block, stored);
    return stored;
}

void tick_fix_digest(uint8_t *block, const struct tc_join *join)
{
    uint32_t count;
    const struct tc_frame *frames = tc_join_frames(join, &count);
    uint64_t *words = malloc((count + 1u) * 3 * sizeof *words);

    FUZZ_MUST(words != NULL, "no memory for a digest");
    for (uint32_t i = 0; i < count; i++) {
        words[3 * i] = frames[i].rx_ns;
        words[3 * i + 1] = frames[i].wire_bytes;
        words[3 * i + 2] = tc_digest(frames[i].bytes, frames[i].captured_bytes);
    }
    tc_store_le64(block + TC_BLOCK_AT_frames_digest, tc_digest(words, count * 3 * sizeof *words));
    tc_store_le64(block + TC_BLOCK_AT_header_checksum,
                  tc_digest(block, TC_BLOCK_AT_header_checksum));
    free(words);
}

/* ---- the whole ---- */

static size_t head_bytes_of(const uint8_t *file, size_t length)
{
    size_t bytes = length >= TC_HEAD_BYTES ? tc_load_le32(file + TC_HEAD_AT_head_bytes) : 0;

    return bytes >= TC_HEAD_BYTES && bytes <= length ? bytes : 0;
}

static void fix_head(uint8_t *file, size_t bytes)
{
    memcpy(file + TC_HEAD_AT_magic, TC_SEGMENT_MAGIC, TC_MAGIC_BYTES);
    tc_store_le16(file + TC_HEAD_AT_major, TC_FORMAT_MAJOR);
    tc_store_le16(file + TC_HEAD_AT_minor, TC_FORMAT_MINOR);
    tc_store_le64(file + TC_HEAD_AT_body_checksum,
                  tc_digest(file + TC_HEAD_BYTES, bytes - TC_HEAD_BYTES));
    tc_store_le64(file + TC_HEAD_AT_head_checksum, tc_digest(file, TC_HEAD_AT_head_checksum));
}

/* What blocks need to be joined: the head's channels. */
struct joiner {
    struct tc_arena arena;
    struct tc_capture capture;
    struct tc_stream_state state;
    struct tc_join *join; /* NULL where the head cannot be read */
};

static void open_joiner(struct joiner *joiner, const uint8_t *file, size_t bytes)
{
    struct tc_segment_head head;

    *joiner = (struct joiner){0};
    if (tc_segment_head_peek(file, bytes, &head, NULL) == TC_OK && head.head_bytes == bytes &&
        tc_segment_head_read(file, &head, &joiner->arena, &joiner->capture, &joiner->state, NULL) ==
            TC_OK)
        joiner->join = tc_join_new(&joiner->capture.catalog);
}

static void fix_frames(const struct joiner *joiner, uint8_t *block, size_t stored)
{
    struct tc_block_header header;

    if (joiner->join != NULL && tc_block_header_read(block, stored, &header, NULL) == TC_OK &&
        tc_join_block(joiner->join, &header, block, false, NULL) == TC_OK)
        tick_fix_digest(block, joiner->join);
}

/* From block to block; answers where they end. */
static size_t fix_blocks(uint8_t *file, size_t length, size_t offset, unsigned what)
{
    struct joiner joiner;
    size_t head_bytes = offset;

    open_joiner(&joiner, file, head_bytes);
    while (offset + TC_BLOCK_HEADER_BYTES <= length && !has_magic(file + offset, TC_INDEX_MAGIC)) {
        size_t stored = 0;

        if (has_magic(file + offset, TC_BLOCK_MAGIC))
            stored = tick_fix_block(file + offset, length - offset, file + TC_HEAD_AT_segment_id,
                                    offset);
        if (stored > 0 && (what & TICK_FIX_DIGESTS) != 0)
            fix_frames(&joiner, file + offset, stored);
        offset += tc_align_up(stored > 0 ? stored : TC_BLOCK_ALIGN, TC_BLOCK_ALIGN);
    }
    tc_join_free(joiner.join);
    tc_arena_free(&joiner.arena);
    return offset;
}

/* The records name the blocks that are there. */
static void fix_records(uint8_t *file, struct tc_cursor records, size_t offset)
{
    uint8_t *record = file + (records.at - file);
    struct tc_index_record read;

    while (tc_index_next(&records, &read) && has_magic(file + offset, TC_BLOCK_MAGIC)) {
        uint32_t stored = tc_load_le32(file + offset + TC_BLOCK_AT_stored_bytes);

        tc_store_le64(record, offset);
        tc_store_le32(record + 8, stored);
        record = file + (records.at - file);
        offset += tc_align_up(stored, TC_BLOCK_ALIGN);
    }
}

static void fix_index(uint8_t *file, size_t head_bytes, size_t at, size_t bytes)
{
    uint8_t *index = file + at;
    struct tc_cursor boxes = tc_cursor_of(index + TC_INDEX_HEAD_BYTES, bytes - TC_INDEX_HEAD_BYTES);
    struct tc_cursor box;
    uint32_t kind;

    while (tc_box_next(&boxes, &kind, &box))
        if (kind == TC_BOX_BLOCKS)
            fix_records(file, box, head_bytes);
    memcpy(index + TC_INDEX_AT_segment_id, file + TC_HEAD_AT_segment_id, TC_ID_BYTES);
    tc_store_le64(index + TC_INDEX_AT_offset, at);
    tc_store_le64(index + TC_INDEX_AT_index_bytes, bytes);
    tc_store_le64(index + TC_INDEX_AT_body_checksum,
                  tc_digest(index + TC_INDEX_HEAD_BYTES, bytes - TC_INDEX_HEAD_BYTES));
    tc_store_le64(index + TC_INDEX_AT_head_checksum, tc_digest(index, TC_INDEX_AT_head_checksum));
}

static void fix_tail(uint8_t *file, size_t length, size_t head_bytes, size_t index_at)
{
    uint8_t *tail = file + length - TC_TAIL_BYTES;
    uint64_t digest = tc_segment_digest(0, tc_load_le64(file + TC_HEAD_AT_head_checksum));
    uint32_t blocks = 0;

    for (size_t at = head_bytes; at < index_at && has_magic(file + at, TC_BLOCK_MAGIC); blocks++) {
        digest = tc_segment_digest(digest, tc_load_le64(file + at + TC_BLOCK_AT_header_checksum));
        at += tc_align_up(tc_load_le32(file + at + TC_BLOCK_AT_stored_bytes), TC_BLOCK_ALIGN);
    }
    digest = tc_segment_digest(digest, tc_load_le64(file + index_at + TC_INDEX_AT_head_checksum));
    tc_store_le64(tail + TC_TAIL_AT_index_offset, index_at);
    tc_store_le64(tail + TC_TAIL_AT_index_bytes, length - TC_TAIL_BYTES - index_at);
    tc_store_le64(tail + TC_TAIL_AT_file_bytes, length);
    tc_store_le64(tail + TC_TAIL_AT_segment_digest, digest);
    tc_store_le32(tail + TC_TAIL_AT_blocks, blocks);
    tc_store_le64(tail + TC_TAIL_AT_tail_checksum, tc_digest(tail, TC_TAIL_AT_tail_checksum));
}

void tick_fix(uint8_t *file, size_t length, unsigned what)
{
    size_t head_bytes = head_bytes_of(file, length);
    size_t end = length;

    if (head_bytes == 0)
        return;
    if ((what & TICK_FIX_HEAD) != 0)
        fix_head(file, head_bytes);
    if ((what & TICK_FIX_BLOCKS) != 0)
        end = fix_blocks(file, length, head_bytes, what);
    if (end + TC_INDEX_HEAD_BYTES + TC_TAIL_BYTES > length ||
        !has_magic(file + end, TC_INDEX_MAGIC) ||
        !has_magic(file + length - TC_MAGIC_BYTES, TC_END_MAGIC))
        return;
    if ((what & TICK_FIX_INDEX) != 0)
        fix_index(file, head_bytes, end, length - TC_TAIL_BYTES - end);
    if ((what & TICK_FIX_TAIL) != 0)
        fix_tail(file, length, head_bytes, end);
}
