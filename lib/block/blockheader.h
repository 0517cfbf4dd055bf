/* The header in front of every block: 128 bytes that say whose it is and what is in it. */
#ifndef TC_BLOCK_BLOCKHEADER_H
#define TC_BLOCK_BLOCKHEADER_H

#include "base/bytes.h"
#include "base/status.h"
#include "block/blocklayout.h"

enum {
    TC_BLOCK_FRAMES_MAX = 1 << 20,
    TC_BLOCK_MESSAGES_MAX = 1 << 22,
    TC_BLOCK_BYTES_MAX = 1 << 29, /* stored, and of frames */
};

struct tc_block_header {
    uint8_t segment_id[TC_ID_BYTES];
    uint64_t offset;       /* of the block in its file */
    uint32_t stored_bytes; /* header included, padding not */
    uint32_t columns;
    uint64_t number; /* in its stream */
    uint32_t stream;
    uint32_t frames;
    uint32_t messages;
    uint32_t events;
    uint64_t first_rx_ns; /* lowest and highest receive time */
    uint64_t last_rx_ns;
    uint64_t frame_bytes;
    uint64_t frames_digest;
    uint64_t body_checksum;
    uint32_t chain; /* how many blocks before this one are needed to decode it */
    uint32_t flags; /* enum tc_block_flag */
    uint64_t header_checksum;
};

/* Writes the header in front of a complete body, checksums included. */
void tc_block_header_write(uint8_t *block, struct tc_block_header *header);

/*
 * Reads and checks a header, not the body. TC_TRUNCATED, TC_FOREIGN, TC_DAMAGED, TC_VERSION or
 * TC_LIMIT where there is no sound one.
 */
TC_MUST_USE enum tc_status tc_block_header_read(const uint8_t *bytes, size_t length,
                                                struct tc_block_header *header,
                                                struct tc_error *error);

#endif
