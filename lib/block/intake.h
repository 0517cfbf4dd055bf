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
#include "block/chorus.h"
#include "block/symbolfilter.h"
#include "track/arbiter.h"
#include "track/drop.h"
#include "track/sequence.h"
#include "track/symbols.h"

/* Takes reports; false where there is no room, which is counted. */
struct tc_line_reporter {
    bool (*report)(void *context, const struct tc_line_report *report);
    void *context;
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

/* Looks at frames of no line. It is called before the frame has its fate, and must be quick. */
struct tc_stray_watcher {
    void (*look)(void *context, const struct tc_arrival *arrival);
    void *context;
};

struct tc_intake_options {
    uint32_t stream;
    uint8_t nic_port; /* number of the port, for lines that are bound to one */
    bool filter_unmatched;
    const struct tc_symbol_filter *symbols; /* NULL: all are kept */
    struct tc_line_reporter reporter;       /* of channels whose lines are compared elsewhere */
    struct tc_stray_watcher strays;         /* look is NULL where nobody wants to know */
    struct tc_chorus *chorus; /* the stream has no frames, only what this chorus has to tell */
    uint64_t silent_after_ns; /* of a line while another speaks; 0: TC_SILENT_AFTER_NS */
    struct tc_batch_limits limits;
};

#define TC_SILENT_AFTER_NS UINT64_C(3000000000)

/* What is kept of a line beside its tracker. */
struct tc_intake_line {
    struct tc_arbiter *arbiter;    /* of its channel; NULL where it has no other line here */
    uint32_t index;                /* in the arbiter */
    uint32_t dirty;                /* bit w: writer w does not know the latest figures */
    uint32_t session;              /* of the channel, to which its latest packet belongs; and */
    uint32_t ordinal;              /* of the line: see is_apart in intake.c */
    uint64_t heard_ns;             /* receive time of its latest packet */
    struct tc_line_report *report; /* in the making; NULL where nobody wants one */
};

enum {
    TC_PENDING_EVENTS_BYTES = 4096,
    TC_REPORT_NUMBERS = 32, /* a report ends where a multiple of it begins, so lines compare */
};

struct tc_intake {
    struct tc_batcher batcher;
    const struct tc_catalog *catalog;
    const struct tc_symbol_filter *filter;
    bool filter_unmatched;
    struct tc_ledger ledger;
    struct tc_nic nic;             /* told to every batch: as far as events have told it */
    struct tc_nic nic_seen;        /* as looked at last */
    uint16_t nic_port;             /* whose counters they are */
    struct tc_clock clock;         /* told to every batch; set by the owner */
    struct tc_sequence *sequences; /* by line */
    struct tc_intake_line *lines;  /* by line */
    struct tc_arbiter **arbiters;  /* by channel; NULL where its lines are not compared here */
    uint32_t *channel_dirty;       /* by channel: bit w: writer w does not know the latest */
    struct tc_symbols *symbols;    /* by channel; names is NULL where the feed has no locates */
    uint32_t dirty_first;          /* line at which the next telling begins */
    struct tc_mark *spare_marks;   /* of packets that have no place in a batch yet */
    struct tc_drop drop;           /* what was not recorded since that was told last */
    struct tc_chorus *chorus;      /* NULL in a stream of frames */
    struct tc_line_reporter reporter;
    struct tc_stray_watcher strays;
    uint16_t *reporting; /* lines that have a report in the making */
    uint32_t reporting_count;
    uint64_t reports_lost;
    uint64_t silence_checked_ns;
    uint8_t pending[TC_PENDING_EVENTS_BYTES]; /* events from outside, until a batch is free */
    uint32_t pending_bytes;
    struct tc_line_table table;
};

/* In `dirty`: the owner of the intake, who may look at the figures between bursts. */
#define TC_DIRTY_FOR_OWNER UINT32_C(0x80000000)

/* Bytes of memory, aligned to 64, for an intake with those options. */
size_t tc_intake_footprint(const struct tc_catalog *catalog,
                           const struct tc_intake_options *options);

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

/*
 * Tells of something that others have seen (the link, the clock, silence of a line): an event of
 * fixed fields, which stands where the stream is now, or at the begin of the next batch. False, and
 * not told, where no batch is free and too much waits for one already.
 */
bool tc_intake_event(struct tc_intake *intake, enum tc_event_kind kind, uint16_t about,
                     uint64_t time_ns, const void *payload, uint32_t payload_bytes);

/* Takes a report of another stream to the intake's chorus, heard at `now_ns`. */
void tc_intake_report(struct tc_intake *intake, const struct tc_line_report *report,
                      uint64_t now_ns);

/*
 * Takes the port's own counters as they were at nic->sampled_ns; what has risen is an event, for
 * which a batch need not be free: the next one tells of the whole time since.
 */
void tc_intake_nic(struct tc_intake *intake, uint16_t port, const struct tc_nic *nic);

/* Closes what has become old, tells what waits. Call between bursts, also when nothing arrives. */
void tc_intake_tick(struct tc_intake *intake, uint64_t now_ns);

/*
 * Hands everything over and tells every writer that the run ends. False when a batch was needed
 * and none was free: call again later.
 */
bool tc_intake_finish(struct tc_intake *intake, uint64_t now_ns);

#endif
