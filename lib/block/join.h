/*
 * Join: from the bytes of a block back to its frames, byte for byte.
 *
 * Nothing in a block is trusted: every count is checked against the others before memory is taken
 * or written, and a block that contradicts itself is refused as a whole.
 */
#ifndef TC_BLOCK_JOIN_H
#define TC_BLOCK_JOIN_H

#include "block/batch.h"
#include "block/blockheader.h"
#include "block/catalog.h"

/* A recorded frame. Valid until the next block is joined. */
struct tc_frame {
    const uint8_t *bytes;
    uint32_t captured_bytes;
    uint32_t wire_bytes;
    uint64_t rx_ns;
    uint64_t proc_ns;
    const struct tc_mark *marks; /* its messages, by offset from the UDP payload */
    uint32_t messages;
    uint16_t line;          /* number in the catalog, or TC_LINE_NONE */
    uint16_t flags;         /* enum tc_frame_flag */
    uint8_t payload_offset; /* of the UDP payload; 0 where nobody could read a packet header */
};

/* An event, standing before frame `position` of its block. */
struct tc_event {
    const uint8_t *payload;
    uint64_t time_ns;
    uint32_t payload_bytes;
    uint32_t position;
    uint16_t about;
    uint8_t kind; /* enum tc_event_kind; unknown ones are to be ignored */
};

/*
 * Reads the header of a frame that is a sound packet of its line. False where it is none: a block
 * can be put together by somebody else than tickcap.
 */
bool tc_frame_packet(const struct tc_catalog *catalog, const struct tc_frame *frame,
                     struct tc_packet *packet);

struct tc_join; /* what it takes to join; one a thread */

/* `catalog` outlives the join. NULL when memory is short. */
struct tc_join *tc_join_new(const struct tc_catalog *catalog);
void tc_join_free(struct tc_join *join);

/*
 * Joins a block: `bytes` are header->stored_bytes bytes that begin with the header. With `verify`
 * the frames are compared with the digest that was taken when they were recorded.
 */
TC_MUST_USE enum tc_status tc_join_block(struct tc_join *join, const struct tc_block_header *header,
                                         const uint8_t *bytes, bool verify, struct tc_error *error);

/* Frames and events of the block joined last. */
const struct tc_frame *tc_join_frames(const struct tc_join *join, uint32_t *count);
const struct tc_event *tc_join_events(const struct tc_join *join, uint32_t *count);

/* A box of the block joined last (TC_COL_LEDGER and the like); empty where it has none. */
struct tc_cursor tc_join_box(const struct tc_join *join, enum tc_block_column id);

#endif
