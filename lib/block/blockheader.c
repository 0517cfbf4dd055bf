/* Writing and reading block headers, by their table of offsets. */
#include "block/blockheader.h"

#include "base/digest.h"

/* The numbers of a header between the segment id and the checksum, in the order of the layout. */
#define TC_BLOCK_NUMBERS(X) \
    X(offset, 8)            \
    X(stored_bytes, 4)      \
    X(columns, 4)           \
    X(number, 8)            \
    X(stream, 4)            \
    X(frames, 4)            \
    X(messages, 4)          \
    X(events, 4)            \
    X(first_rx_ns, 8)       \
    X(last_rx_ns, 8)        \
    X(frame_bytes, 8)       \
    X(frames_digest, 8)     \
    X(body_checksum, 8)     \
    X(chain, 4)             \
    X(flags, 4)

void tc_block_header_write(uint8_t *block, struct tc_block_header *header)
{
    header->body_checksum = tc_digest(block + TC_BLOCK_HEADER_BYTES,
                                      header->stored_bytes - (size_t)TC_BLOCK_HEADER_BYTES);
    memset(block, 0, TC_BLOCK_HEADER_BYTES);
    memcpy(block + TC_BLOCK_AT_magic, TC_BLOCK_MAGIC, TC_MAGIC_BYTES);
    memcpy(block + TC_BLOCK_AT_segment_id, header->segment_id, TC_ID_BYTES);
#define TC_STORE_NUMBER(name, width) \
    tc_store_uint(block + TC_BLOCK_AT_##name, header->name, width, false);
    TC_BLOCK_NUMBERS(TC_STORE_NUMBER)
#undef TC_STORE_NUMBER
    header->header_checksum = tc_digest(block, TC_BLOCK_AT_header_checksum);
    tc_store_le64(block + TC_BLOCK_AT_header_checksum, header->header_checksum);
}

static enum tc_status check_limits(const struct tc_block_header *header, struct tc_error *error)
{
    uint64_t least = TC_BLOCK_HEADER_BYTES + (uint64_t)header->columns * TC_DIRECTORY_ENTRY_BYTES;

    if (header->stored_bytes > TC_BLOCK_BYTES_MAX || header->frame_bytes > TC_BLOCK_BYTES_MAX ||
        header->frames > TC_BLOCK_FRAMES_MAX || header->messages > TC_BLOCK_MESSAGES_MAX ||
        least > header->stored_bytes)
        return tc_fail(error, TC_LIMIT,
                       "the block header promises %u frames, %u messages, %lu bytes and %u columns "
                       "in %u bytes, which no block can hold",
                       header->frames, header->messages, header->frame_bytes, header->columns,
                       header->stored_bytes);
    if (header->chain != 0)
        return tc_fail(error, TC_VERSION, "the block needs %u blocks before it, expected none",
                       header->chain);
    return TC_OK;
}

enum tc_status tc_block_header_read(const uint8_t *bytes, size_t length,
                                    struct tc_block_header *header, struct tc_error *error)
{
    if (length < TC_BLOCK_HEADER_BYTES)
        return tc_fail(error, TC_TRUNCATED, "a block header needs %d bytes, there are %zu",
                       TC_BLOCK_HEADER_BYTES, length);
    if (memcmp(bytes + TC_BLOCK_AT_magic, TC_BLOCK_MAGIC, TC_MAGIC_BYTES) != 0)
        return tc_fail(error, TC_FOREIGN, "no block begins here");
    header->header_checksum = tc_load_le64(bytes + TC_BLOCK_AT_header_checksum);
    if (header->header_checksum != tc_digest(bytes, TC_BLOCK_AT_header_checksum))
        return tc_fail(error, TC_DAMAGED, "the checksum of the block header does not match");
    if (tc_load_le64(bytes + TC_BLOCK_AT_reserved) != 0)
        return tc_fail(error, TC_VERSION, "reserved bytes of the block header are not zero");
    memcpy(header->segment_id, bytes + TC_BLOCK_AT_segment_id, TC_ID_BYTES);
#define TC_LOAD_NUMBER(name, width) \
    header->name = (__typeof__(header->name))tc_load_uint(bytes + TC_BLOCK_AT_##name, width, false);
    TC_BLOCK_NUMBERS(TC_LOAD_NUMBER)
#undef TC_LOAD_NUMBER
    return check_limits(header, error);
}
