/*
 * The intake of one stream: from frames as they arrive to batches for the writers.
 *
 * For each frame it finds the line, peels the framing, checks the sequence, decides the fate, and
 * appends the frame to the open batch. The receiving lcore of the appliance and the offline import
 * run this same code. It never waits and cannot fail: when no batch is free, frames are tracked,
 * dropped and told of in the next batch.
 */
#ifndef TC_BLOCK_INTAKE_H
#define TC_BLOCK_INTAKE_H

#include "block/batcher.h"
#include "block/catalog.h"
#include "track/drop.h"
#include "track/sequence.h"
#include "track/symbols.h"

struct tc_intake_options {
    uint32_t stream;
    uint8_t nic_port; /* number of the port, for lines that are bound to one */
    struct tc_batch_limits limits;
};

/* A frame as it arrives. */
struct tc_arrival {
    const uint8_t *bytes;
    uint32_t captured_bytes; /* at most TC_FRAME_BYTES_MAX */
    uint32_t wire_bytes;     /* without FCS */
    uint64_t rx_ns;
    uint64_t proc_ns;
    uint16_t flags; /* enum tc_frame_flag: SOFTWARE_TIME, BAD_TIME */
};

struct tc_intake {
    struct tc_batcher batcher;
    const struct tc_catalog *catalog;
    struct tc_ledger ledger;
    struct tc_clock clock;         /* told to every batch; set by the owner */
    struct tc_sequence *sequences; /* by line */
    struct tc_symbols *symbols;    /* by channel; names is NULL where the feed has no locates */
    uint32_t *dirty;               /* by line: bit w: writer w does not know the latest figures */
    uint32_t dirty_first;          /* line at which the next telling begins */
    struct tc_mark *spare_marks;   /* for packets that are dropped */
    struct tc_drop drop;
    struct tc_line_table table;
};

/* In tc_intake.dirty: the owner of the intake, who may look at the figures between bursts. */
#define TC_DIRTY_FOR_OWNER UINT32_C(0x80000000)

/* Bytes of memory, aligned to 64, for an intake over that catalog. */
size_t tc_intake_footprint(const struct tc_catalog *catalog, uint32_t writers);

/* `memory` is zeroed, stays the caller's, and like `catalog` outlives the intake. */
void tc_intake_init(struct tc_intake *intake, void *memory, const struct tc_catalog *catalog,
                    const struct tc_intake_options *options, const struct tc_batch_supply *supply);

/* True when the next frame is sure to be recorded. A source that can wait asks before each. */
static inline bool tc_intake_ready(struct tc_intake *intake)
{
    return tc_batcher_ready(&intake->batcher);
}

/* Takes a frame; its bytes may be reused afterwards. */
void tc_intake_frame(struct tc_intake *intake, const struct tc_arrival *arrival);

/* Closes what has become old. Call between bursts, also when nothing arrives. */
static inline void tc_intake_tick(struct tc_intake *intake, uint64_t now_ns)
{
    tc_batcher_tick(&intake->batcher, now_ns);
}

/*
 * Hands everything over and tells every writer that the run ends. False when a batch was needed
 * and none was free: call again later.
 */
static inline bool tc_intake_finish(struct tc_intake *intake, uint64_t now_ns)
{
    return tc_batcher_finish(&intake->batcher, now_ns);
}

#endif
