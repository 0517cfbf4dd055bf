/*
 * Split: from batches to the columns of a block.
 *
 * Batches are taken one by one as they arrive, while their bytes are in the cache; nothing of a
 * batch is needed afterwards. When the block is complete, pack turns the columns into bytes.
 */
#ifndef TC_BLOCK_SPLIT_H
#define TC_BLOCK_SPLIT_H

#include "block/batch.h"
#include "block/blocklayout.h"
#include "block/catalog.h"
#include "block/lane.h"
#include "block/latency.h"
#include "block/plan.h"
#include "block/template.h"
#include "block/twin.h"
#include "track/state.h"

enum {
    TC_SLICE_MESSAGES = 1024, /* gathered at once; their frames fit the first-level cache */
    TC_RANGES_MAX = TC_TEMPLATES_MAX + 64,
};

/* What a block can hold. */
struct tc_block_limits {
    uint32_t frames;
    uint32_t messages;
    uint32_t bytes; /* of batches */
};

/* The limits of blocks that a batcher with those limits makes. */
struct tc_block_limits tc_block_limits_of(uint32_t block_messages, uint32_t block_bytes,
                                          uint32_t batch_messages, uint32_t batch_bytes);

/* Messages of the channels that share columns: one channel, or all of a feed. */
struct tc_group {
    struct tc_plan plan;
    const struct tc_framer *framer;
    struct tc_lane *lanes; /* by column of the plan */
    struct tc_lane class;  /* one value a message */
    struct tc_lane other_length;
    struct tc_lane other_bytes;
    const uint8_t *slice[TC_SLICE_MESSAGES]; /* messages that wait to be gathered */
    uint8_t slice_class[TC_SLICE_MESSAGES];
    uint32_t slice_count;
};

/* Numbers of one line and session. */
struct tc_number_range {
    struct tc_session_id session;
    uint64_t first; /* first <= n < end */
    uint64_t end;
    uint16_t line;
};

/* Columns of frames and packets, as arrays of the block's limit. */
struct tc_frame_columns {
    uint64_t *rx_ns, *proc_ns;
    uint32_t *wire;
    uint16_t *flags, *template;
    uint16_t *raw_line;
    uint32_t *raw_length;
    uint64_t *sequence, *stream_offset, *send_time;
    uint16_t *count, *ip_id, *ip_checksum, *udp_checksum;
    uint8_t *checksums;
    uint32_t *twin, *extra, *pad;
    uint64_t *digests; /* three words a frame, see tc_split_digest */
};

struct tc_split {
    const struct tc_catalog *catalog;
    struct tc_block_limits limits;
    struct tc_frame_columns columns;
    struct tc_lane_pool pool;
    struct tc_lane raw_bytes, tail, message_flags, events;
    struct tc_group *groups;
    struct tc_twin *twins; /* TC_TWIN_SLOTS for each channel */
    struct tc_template *templates;
    uint16_t *template_of_line;     /* the last one used, 1-based; 0: none in this block */
    struct tc_number_range *ranges; /* of raw packets; those of templates are in them */
    struct tc_line_state *line_states;
    bool *line_known; /* line_states[i] is of this block */
    struct tc_merged *channel_states;
    bool *channel_known; /* channel_states[i] is of this block */

    struct tc_latencies *latencies; /* NULL: nobody wants them */

    uint64_t number; /* of the block in its stream */
    uint32_t stream;
    uint32_t batches;
    uint32_t frames;
    uint32_t raw_frames;
    uint32_t raw_packets; /* of the raw frames, those that are sound packets */
    uint32_t packets;     /* frames with a template */
    uint32_t stored_ip_checksums, stored_udp_checksums;
    uint32_t messages;
    uint32_t event_count;
    uint32_t template_count;
    uint32_t range_count;
    uint64_t frame_bytes;
    uint64_t batch_serial; /* distinguishes batches for twins; never reset */
    uint64_t first_rx_ns, last_rx_ns;
    bool proc_differs;
    bool ranges_incomplete;
    bool states_old; /* as its last batch says */
    struct tc_ledger ledger;
    struct tc_nic nic;
    struct tc_clock clock;
};

/* Bytes of memory, aligned to 64. */
size_t tc_split_footprint(const struct tc_catalog *catalog, const struct tc_block_limits *limits);

/* A split in `memory`, which is zeroed, stays the caller's and, as `catalog`, outlives it. */
void tc_split_init(struct tc_split *split, void *memory, const struct tc_catalog *catalog,
                   const struct tc_block_limits *limits);

/* Starts the next block. */
void tc_split_reset(struct tc_split *split);

/* Takes a batch. The limits of its stream's batcher guarantee that it fits. */
void tc_split_batch(struct tc_split *split, const struct tc_batch *batch);

/* Completes the ranges, once no batch follows. */
void tc_split_ranges(struct tc_split *split);

/* True when there is nothing worth a block: no frame, no event, no state. */
bool tc_split_empty(const struct tc_split *split);

/*
 * The digest of the frames: XXH3-64 over three little-endian words a frame, which are its receive
 * time, its wire length and the XXH3-64 of its bytes.
 */
uint64_t tc_split_digest(const struct tc_split *split);

#endif
