/*
 * Reading one segment: head, blocks one after the other, index and tail where they are.
 *
 * A segment that is still being written, or was cut off, is read as far as its blocks are whole.
 * After damage the next block is found by its magic, but it only counts as one if segment id,
 * offset and header checksum agree, so recorded bytes that look like a block are none.
 */
#ifndef TC_FILE_SEGMENT_H
#define TC_FILE_SEGMENT_H

#include "block/blockheader.h"
#include "file/index.h"
#include "file/segmenthead.h"

struct tc_segment {
    char *path;
    int file;
    uint64_t file_bytes; /* when it was last looked at */
    uint64_t blocks_end; /* where index or file end */
    uint64_t offset;     /* of the next block */
    uint64_t digest;     /* over the blocks read so far */
    uint32_t block;      /* number, in the segment, of the block read last, from 1 */
    struct tc_segment_head head;
    struct tc_capture capture;
    struct tc_stream_state state; /* at its start */
    struct tc_arena arena;
    bool finished;           /* it has a sound tail */
    bool last;               /* and says that the run ended */
    bool open_name;          /* it is named as being written */
    uint64_t segment_digest; /* from its tail */
    uint32_t blocks;         /* from its tail */
    uint8_t *index;          /* what the index says, with index_bytes; NULL without a tail */
    size_t index_bytes;
    uint8_t *block_bytes; /* of the block read last */
    size_t block_capacity;
    bool head_padding_is_zero;
    bool padding_is_zero; /* between that block and the next place for one */
};

/* Opens a segment, finished or not. Refuses what is no segment, or has an unreadable head. */
TC_MUST_USE enum tc_status tc_segment_open(struct tc_segment **opened, const char *path,
                                           struct tc_error *error);
void tc_segment_close(struct tc_segment *segment);

/* Sees whether a segment that is being written has grown, or is finished. */
TC_MUST_USE enum tc_status tc_segment_refresh(struct tc_segment *segment, struct tc_error *error);

/*
 * Reads the next block: its header, and header->stored_bytes bytes at *bytes, good until the next
 * call. TC_END after the last one; TC_TRUNCATED when the file ends inside a block; TC_DAMAGED and
 * others when there is no sound block at this place.
 */
TC_MUST_USE enum tc_status tc_segment_next(struct tc_segment *segment,
                                           struct tc_block_header *header, const uint8_t **bytes,
                                           struct tc_error *error);

/* Moves on to the next sound block header after damage; false when there is none. */
bool tc_segment_resync(struct tc_segment *segment);

/* Goes to a block by its index record. */
void tc_segment_seek(struct tc_segment *segment, const struct tc_index_record *record,
                     uint32_t block);

/* A box of the index; empty where the segment has no tail. */
struct tc_cursor tc_segment_box(const struct tc_segment *segment, enum tc_box_kind kind);

/* Whether the digest over all blocks, once they have been read, is the one of the tail. */
bool tc_segment_digest_agrees(const struct tc_segment *segment);

#endif
