/* Opening, walking and seeking in a segment. */
#include "file/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "file/paths.h"
#include "file/writer.h"

/* Reads exactly `length` bytes, or says how the file is too short or unreadable. */
static enum tc_status read_at(const struct tc_segment *segment, uint64_t offset, void *bytes,
                              size_t length, struct tc_error *error)
{
    uint8_t *at = bytes;

    while (length > 0) {
        ssize_t got = pread(segment->file, at, length, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return tc_fail(error, TC_IO, "%s: cannot be read at byte %lu: %s", segment->path,
                           offset, strerror(errno));
        if (got == 0)
            return tc_fail(error, TC_TRUNCATED, "%s: ends at byte %lu, expected %zu bytes more",
                           segment->path, offset, length);
        at += got;
        offset += (uint64_t)got;
        length -= (size_t)got;
    }
    return TC_OK;
}

/* Puts the path in front of a sentence about the bytes. */
static enum tc_status about(const struct tc_segment *segment, uint64_t offset,
                            const struct tc_error *detail, struct tc_error *error)
{
    return tc_fail(error, detail->status, "%s: byte %lu: %.400s", segment->path, offset,
                   detail->text);
}

static enum tc_status read_head(struct tc_segment *segment, struct tc_error *error)
{
    uint8_t fixed[TC_HEAD_BYTES];
    struct tc_error detail = {0};
    size_t there = segment->file_bytes < sizeof fixed ? (size_t)segment->file_bytes : sizeof fixed;
    uint8_t *bytes;
    enum tc_status status = read_at(segment, 0, fixed, there, error);

    if (status != TC_OK)
        return status;
    if (there == 0)
        return tc_fail(error, TC_TRUNCATED, "%s: the file is empty", segment->path);
    if (tc_segment_head_peek(fixed, there, &segment->head, &detail) != TC_OK)
        return about(segment, 0, &detail, error);
    if (segment->head.head_bytes > segment->file_bytes)
        return tc_fail(error, TC_TRUNCATED, "%s: ends at byte %lu inside its head of %u bytes",
                       segment->path, segment->file_bytes, segment->head.head_bytes);
    bytes = malloc(segment->head.head_bytes);
    if (bytes == NULL)
        return tc_fail(error, TC_MEMORY, "%s: no memory for its head", segment->path);
    status = read_at(segment, 0, bytes, segment->head.head_bytes, error);
    if (status == TC_OK &&
        tc_segment_head_read(bytes, &segment->head, &segment->arena, &segment->capture,
                             &segment->state, &detail) != TC_OK)
        status = about(segment, TC_HEAD_BYTES, &detail, error);
    segment->head_padding_is_zero = tc_boxes_filled_with_zeros(
        tc_cursor_of(bytes + TC_HEAD_BYTES, segment->head.head_bytes - TC_HEAD_BYTES));
    free(bytes);
    return status;
}

/* An index counts only if every checksum agrees; without one the blocks are simply walked. */
static void read_index(struct tc_segment *segment, uint64_t offset, uint64_t bytes)
{
    uint8_t *index;

    if (bytes < TC_INDEX_HEAD_BYTES || bytes > TC_SEGMENT_HEAD_BYTES_MAX ||
        (index = malloc(bytes)) == NULL)
        return;
    if (read_at(segment, offset, index, bytes, NULL) == TC_OK &&
        memcmp(index, TC_INDEX_MAGIC, TC_MAGIC_BYTES) == 0 &&
        tc_load_le64(index + TC_INDEX_AT_head_checksum) ==
            tc_digest(index, TC_INDEX_AT_head_checksum) &&
        memcmp(index + TC_INDEX_AT_segment_id, segment->head.segment_id, TC_ID_BYTES) == 0 &&
        tc_load_le64(index + TC_INDEX_AT_offset) == offset &&
        tc_load_le64(index + TC_INDEX_AT_index_bytes) == bytes &&
        tc_load_le64(index + TC_INDEX_AT_reserved) == 0 &&
        tc_load_le64(index + TC_INDEX_AT_body_checksum) ==
            tc_digest(index + TC_INDEX_HEAD_BYTES, bytes - TC_INDEX_HEAD_BYTES)) {
        segment->index = index;
        segment->index_bytes = bytes;
        return;
    }
    free(index);
}

static void read_tail(struct tc_segment *segment)
{
    uint8_t tail[TC_TAIL_BYTES];
    uint64_t index_offset, index_bytes;

    segment->blocks_end = segment->file_bytes;
    if (segment->file_bytes < segment->head.head_bytes + (uint64_t)TC_TAIL_BYTES ||
        read_at(segment, segment->file_bytes - TC_TAIL_BYTES, tail, sizeof tail, NULL) != TC_OK ||
        memcmp(tail + TC_TAIL_AT_magic, TC_END_MAGIC, TC_MAGIC_BYTES) != 0 ||
        tc_load_le64(tail + TC_TAIL_AT_tail_checksum) !=
            tc_digest(tail, TC_TAIL_AT_tail_checksum) ||
        tc_load_le64(tail + TC_TAIL_AT_file_bytes) != segment->file_bytes ||
        tc_load_le64(tail + TC_TAIL_AT_reserved) != 0)
        return;
    index_offset = tc_load_le64(tail + TC_TAIL_AT_index_offset);
    index_bytes = tc_load_le64(tail + TC_TAIL_AT_index_bytes);
    if (index_offset < segment->head.head_bytes ||
        index_bytes != segment->file_bytes - TC_TAIL_BYTES - index_offset)
        return;
    read_index(segment, index_offset, index_bytes);
    if (segment->index == NULL)
        return;
    segment->blocks_end = index_offset;
    segment->finished = true;
    segment->last = (tc_load_le32(tail + TC_TAIL_AT_flags) & TC_TAIL_LAST) != 0;
    segment->segment_digest = tc_load_le64(tail + TC_TAIL_AT_segment_digest);
    segment->blocks = tc_load_le32(tail + TC_TAIL_AT_blocks);
}

enum tc_status tc_segment_open(struct tc_segment **opened, const char *path, struct tc_error *error)
{
    struct tc_segment *segment = calloc(1, sizeof *segment);
    struct stat about_file;
    enum tc_status status;

    if (segment == NULL || (segment->path = strdup(path)) == NULL) {
        free(segment);
        return tc_fail(error, TC_MEMORY, "%s: no memory", path);
    }
    segment->open_name = tc_is_open_name(path);
    segment->file = open(path, O_RDONLY | O_CLOEXEC);
    if (segment->file < 0 && errno == ENOENT && segment->open_name) {
        /* it has been finished since somebody saw that name */
        segment->path[strlen(path) - (sizeof TC_OPEN_SUFFIX - sizeof TC_SEGMENT_SUFFIX)] = '\0';
        segment->open_name = false;
        segment->file = open(segment->path, O_RDONLY | O_CLOEXEC);
    }
    if (segment->file < 0 || fstat(segment->file, &about_file) != 0) {
        status = tc_fail(error, TC_IO, "%s: cannot be opened: %s", path, strerror(errno));
        tc_segment_close(segment);
        return status;
    }
    segment->file_bytes = (uint64_t)about_file.st_size;
    status = S_ISREG(about_file.st_mode)
                 ? read_head(segment, error)
                 : tc_fail(error, TC_FOREIGN, "%s: not a tickcap segment", path);
    if (status != TC_OK) {
        tc_segment_close(segment);
        return status;
    }
    segment->offset = segment->head.head_bytes;
    segment->digest = tc_segment_digest(0, segment->head.head_checksum);
    read_tail(segment);
    *opened = segment;
    return TC_OK;
}

void tc_segment_close(struct tc_segment *segment)
{
    if (segment == NULL)
        return;
    if (segment->file >= 0)
        close(segment->file);
    tc_arena_free(&segment->arena);
    free(segment->index);
    free(segment->block_bytes);
    free(segment->path);
    free(segment);
}

enum tc_status tc_segment_refresh(struct tc_segment *segment, struct tc_error *error)
{
    struct stat about_file;

    if (segment->finished)
        return TC_OK;
    if (fstat(segment->file, &about_file) != 0)
        return tc_fail(error, TC_IO, "%s: cannot be looked at: %s", segment->path, strerror(errno));
    if ((uint64_t)about_file.st_size != segment->file_bytes) {
        segment->file_bytes = (uint64_t)about_file.st_size;
        read_tail(segment);
    }
    return TC_OK;
}

static bool all_zero(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* Direct I/O fills the last page with zeros; they are no damage. */
static bool only_zeros(const struct tc_segment *segment, uint64_t offset)
{
    uint8_t bytes[4096];

    while (offset < segment->blocks_end) {
        uint64_t left = segment->blocks_end - offset;
        size_t length = left < sizeof bytes ? (size_t)left : sizeof bytes;

        if (read_at(segment, offset, bytes, length, NULL) != TC_OK || !all_zero(bytes, length))
            return false;
        offset += length;
    }
    return true;
}

/* A sound header at that place, of this segment and for this place. */
static enum tc_status header_at(const struct tc_segment *segment, uint64_t offset,
                                struct tc_block_header *header, struct tc_error *error)
{
    uint8_t bytes[TC_BLOCK_HEADER_BYTES];
    struct tc_error detail = {0};
    enum tc_status status = read_at(segment, offset, bytes, sizeof bytes, error);

    if (status != TC_OK)
        return status;
    if (tc_block_header_read(bytes, sizeof bytes, header, &detail) != TC_OK)
        return about(segment, offset, &detail, error);
    if (memcmp(header->segment_id, segment->head.segment_id, TC_ID_BYTES) != 0 ||
        header->offset != offset)
        return tc_fail(error, TC_DAMAGED, "%s: byte %lu: a block of another segment or place",
                       segment->path, offset);
    return TC_OK;
}

/* Where the blocks of a segment end whose tail is cut off. */
static bool index_at(const struct tc_segment *segment, uint64_t offset)
{
    uint8_t bytes[TC_INDEX_HEAD_BYTES];

    return read_at(segment, offset, bytes, sizeof bytes, NULL) == TC_OK &&
           memcmp(bytes, TC_INDEX_MAGIC, TC_MAGIC_BYTES) == 0 &&
           memcmp(bytes + TC_INDEX_AT_segment_id, segment->head.segment_id, TC_ID_BYTES) == 0 &&
           tc_load_le64(bytes + TC_INDEX_AT_offset) == offset;
}

/* Makes sure that block_bytes holds `bytes`; what was there is lost where it has to grow. */
static bool have_room(struct tc_segment *segment, size_t bytes)
{
    if (bytes <= segment->block_capacity)
        return true;
    free(segment->block_bytes);
    segment->block_capacity = tc_align_up(bytes, 1 << 20);
    segment->block_bytes = malloc(segment->block_capacity);
    if (segment->block_bytes == NULL)
        segment->block_capacity = 0;
    return segment->block_bytes != NULL;
}

enum tc_status tc_segment_next(struct tc_segment *segment, struct tc_block_header *header,
                               const uint8_t **bytes, struct tc_error *error)
{
    uint64_t left = segment->blocks_end - segment->offset;
    size_t padded;
    enum tc_status status;

    if (segment->offset >= segment->blocks_end ||
        (!segment->finished &&
         (only_zeros(segment, segment->offset) || index_at(segment, segment->offset))))
        return TC_END;
    if (left < TC_BLOCK_HEADER_BYTES)
        return tc_fail(error, TC_TRUNCATED, "%s: ends at byte %lu inside a block header",
                       segment->path, segment->blocks_end);
    status = header_at(segment, segment->offset, header, error);
    if (status != TC_OK)
        return status;
    if (header->stored_bytes > left)
        return tc_fail(error, TC_TRUNCATED,
                       "%s: ends at byte %lu inside the block of %u bytes at byte %lu",
                       segment->path, segment->blocks_end, header->stored_bytes, segment->offset);
    padded = tc_align_up(header->stored_bytes, TC_BLOCK_ALIGN);
    if (padded > left)
        padded = left; /* the file was cut off behind the block's last byte */
    if (!have_room(segment, padded))
        return tc_fail(error, TC_MEMORY, "%s: no memory for a block of %u bytes", segment->path,
                       header->stored_bytes);
    status = read_at(segment, segment->offset, segment->block_bytes, padded, error);
    if (status != TC_OK)
        return status;
    *bytes = segment->block_bytes;
    segment->padding_is_zero = all_zero(segment->block_bytes + header->stored_bytes,
                                        padded - header->stored_bytes);
    segment->offset += tc_align_up(header->stored_bytes, TC_BLOCK_ALIGN);
    segment->digest = tc_segment_digest(segment->digest, header->header_checksum);
    segment->block++;
    return TC_OK;
}

bool tc_segment_resync(struct tc_segment *segment)
{
    enum { WINDOW_BYTES = 1 << 16 };
    uint8_t window[WINDOW_BYTES];
    uint64_t offset = segment->offset + TC_BLOCK_ALIGN;

    while (offset + TC_BLOCK_HEADER_BYTES <= segment->blocks_end) {
        uint64_t left = segment->blocks_end - offset;
        size_t length = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
        struct tc_block_header header;

        if (read_at(segment, offset, window, length, NULL) != TC_OK)
            return false;
        for (size_t at = 0; at + TC_MAGIC_BYTES <= length; at += TC_BLOCK_ALIGN)
            if (memcmp(window + at, TC_BLOCK_MAGIC, TC_MAGIC_BYTES) == 0 &&
                header_at(segment, offset + at, &header, NULL) == TC_OK) {
                segment->offset = offset + at;
                return true;
            }
        offset += length;
    }
    segment->offset = segment->blocks_end;
    return false;
}

void tc_segment_seek(struct tc_segment *segment, const struct tc_index_record *record,
                     uint32_t block)
{
    segment->offset = record->offset;
    segment->block = block;
}

struct tc_cursor tc_segment_box(const struct tc_segment *segment, enum tc_box_kind kind)
{
    struct tc_cursor boxes, box;
    uint32_t found;

    if (segment->index == NULL)
        return (struct tc_cursor){0};
    boxes = tc_cursor_of(segment->index + TC_INDEX_HEAD_BYTES,
                         segment->index_bytes - TC_INDEX_HEAD_BYTES);
    while (tc_box_next(&boxes, &found, &box))
        if (found == (uint32_t)kind)
            return box;
    return (struct tc_cursor){0};
}

bool tc_segment_digest_agrees(const struct tc_segment *segment)
{
    return segment->index != NULL &&
           segment->segment_digest ==
               tc_segment_digest(segment->digest,
                                 tc_load_le64(segment->index + TC_INDEX_AT_head_checksum));
}
