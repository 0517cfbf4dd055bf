/*
 * Checking a segment by itself: its blocks, its index and its tail against each other, and against
 * the segment before it.
 */
#ifndef TC_FILE_SEGMENTCHECK_H
#define TC_FILE_SEGMENTCHECK_H

#include "block/join.h"
#include "block/latency.h"
#include "file/index.h"
#include "file/segment.h"

/* How far a writer's chain of segments has been followed. */
struct tc_chain {
    uint64_t digest; /* of the segment before, 0: there was none */
    uint64_t block;  /* number of the last block */
    uint32_t number; /* of the segment before */
    bool known;      /* there was one, and it was finished */
    bool ended;      /* it said that it was the last */
    bool has_block;
};

struct tc_segment_check {
    tc_fault_told *told;
    void *context;
    struct tc_chain chain;
    uint64_t blocks; /* of all segments, so far */
    uint64_t bytes;
    void (*watch)(void *context); /* called behind each block */
    /* of the segment at hand */
    struct tc_segment *segment;
    struct tc_join *join;
    struct tc_latencies latencies; /* counted again */
    void *memory;                  /* of these */
    struct tc_cursor records;      /* of the index, from the next block's on */
    uint32_t segment_blocks;
    bool sound; /* nothing wrong with it so far */
};

/*
 * Checks the segment at `path`, the next one of its writer; check->chain is empty for the first.
 * False where it cannot even be opened, which is told. TC_MEMORY is all that it answers.
 */
TC_MUST_USE enum tc_status tc_segment_check(struct tc_segment_check *check, const char *path,
                                            bool *opened, struct tc_error *error);

#endif
