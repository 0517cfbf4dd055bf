/*
 * Pack: from the columns of a split to the bytes of a block.
 */
#ifndef TC_BLOCK_PACK_H
#define TC_BLOCK_PACK_H

#include "block/blockheader.h"
#include "block/split.h"
#include "codec/policy.h"

/* What the file knows about a block before it is written. */
struct tc_block_place {
    uint8_t segment_id[TC_ID_BYTES];
    uint64_t offset;
};

struct tc_pack {
    struct tc_desk desk;
    uint8_t *gathered; /* one lane in one piece, or a box */
    size_t gathered_bytes;
    uint8_t *directory;
    size_t directory_bytes;
    uint8_t *bytes; /* the block */
    size_t capacity;
    size_t stored_bytes; /* of the block, padding excluded */
    uint32_t columns;
};

size_t tc_pack_footprint(const struct tc_catalog *catalog, const struct tc_block_limits *limits);

/* `memory`, aligned to 64 and zeroed, stays the caller's. `compress`: false for level none. */
void tc_pack_init(struct tc_pack *pack, void *memory, const struct tc_catalog *catalog,
                  const struct tc_block_limits *limits, bool compress);

/*
 * Writes the block to pack->bytes, all but its header; answers its length, which is a multiple of
 * TC_BLOCK_ALIGN. The split is unchanged, but for its ranges.
 */
size_t tc_pack_body(struct tc_pack *pack, struct tc_split *split);

/* Writes the header, once it is known where the block will stand. */
void tc_pack_header(struct tc_pack *pack, const struct tc_split *split,
                    const struct tc_block_place *at, struct tc_block_header *header);

#endif
