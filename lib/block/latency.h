/*
 * Latencies of the messages of each line: on the network (received less made by the exchange), of
 * processing (handled less received), and both together. They are signed: clocks differ.
 *
 * Writers take what they record, one segment at a time, and verify takes what it reads. Only once a
 * block is complete is it known in which segment it stands, so what its messages took waits in a
 * log until then. Frames whose receive time was refused say nothing here.
 */
#ifndef TC_BLOCK_LATENCY_H
#define TC_BLOCK_LATENCY_H

#include "base/histogram.h"
#include "block/batch.h"
#include "block/exchange.h"

#define TC_LATENCY_TABLE(X)                                                    \
    X(network, "net_ns", "from the exchange to here: received less exchange")  \
    X(processing, "proc_lat_ns", "from the port to the handling of its burst") \
    X(total, "total_ns", "from the exchange to the handling")

struct tc_latency {
#define TC_LATENCY_MEMBER(name, column, what) struct tc_histogram name;
    TC_LATENCY_TABLE(TC_LATENCY_MEMBER)
#undef TC_LATENCY_MEMBER
};

struct tc_latency_row {
    const char *name;
    const char *column; /* of `cat` */
    const char *what;
};

enum {
    TC_LATENCY_ROWS = sizeof(struct tc_latency) / sizeof(struct tc_histogram),
    TC_LATENCY_BYTES_MAX = 8 + TC_LATENCY_ROWS * TC_HISTOGRAM_BYTES_MAX, /* of a line, written */
    TC_LATENCY_EVENT_BYTES = 24 + 16,  /* of a line beyond its bound, in a block */
    TC_LATENCIES_BYTES_MAX = 16 << 20, /* of all lines; those that find no room are left out */
};

extern const struct tc_latency_row tc_latency_rows[TC_LATENCY_ROWS];

static inline const struct tc_histogram *tc_latency_get(const struct tc_latency *latency,
                                                        size_t row)
{
    return (const struct tc_histogram *)latency + row;
}

/* A frame in the log: latencies of its messages that have an exchange time follow each other. */
struct tc_latency_entry {
    int64_t processing;
    uint32_t messages;
    uint32_t timed; /* of them */
    uint16_t line;
};

/* Exchange and receive time of a message that are further apart than they should be. */
struct tc_latency_breach {
    uint64_t exch_ns;
    uint64_t rx_ns;
};

/* Where it is told that a line has gone beyond its bound. */
enum tc_beyond {
    TC_BEYOND_NOWHERE,
    TC_BEYOND_BLOCK,   /* in the block at hand, which may stand in the next segment */
    TC_BEYOND_SEGMENT, /* in the segment at hand */
};

struct tc_latencies {
    const struct tc_catalog *catalog;
    struct tc_exchange exchange;
    struct tc_latency *lines;
    uint64_t bound_ns; /* UINT64_MAX: none */
    uint8_t *beyond;   /* by line: has gone beyond it, which is told once; enum tc_beyond */
    struct tc_latency_entry *log;
    int64_t *network; /* by message of the log that has an exchange time */
    int64_t *total;
    uint32_t log_count;
    uint32_t timed_count;
};

/* For so many frames and messages of a block, in each of which there is at least one message. */
size_t tc_latencies_footprint(const struct tc_catalog *catalog, uint32_t frames, uint32_t messages);

/* `memory`, zeroed, stays the caller's and, as `catalog`, outlives it. */
void tc_latencies_init(struct tc_latencies *latencies, void *memory,
                       const struct tc_catalog *catalog, uint32_t frames, uint32_t messages,
                       uint64_t bound_ns);

/* Nothing counted or told any more; what is known of the lines' seconds stays. */
void tc_latencies_clear(struct tc_latencies *latencies);

/* The messages of a frame. */
struct tc_latency_frame {
    const uint8_t *payload;
    const struct tc_mark *marks;
    uint32_t messages;
    uint64_t rx_ns;
    uint64_t proc_ns;
    uint16_t line;  /* never TC_LINE_NONE */
    uint16_t flags; /* enum tc_frame_flag */
};

/*
 * Takes a frame of the block at hand. True when a line goes beyond the bound for the first time;
 * `breach` then says how far.
 */
bool tc_latencies_take(struct tc_latencies *latencies, const struct tc_latency_frame *frame,
                       struct tc_latency_breach *breach);

/* The block is complete: its frames count. */
void tc_latencies_commit(struct tc_latencies *latencies);

/* Layout in recorded files (docs/FORMAT.md, "Latencies"); at most `most` bytes. */
void tc_latencies_write(struct tc_scribe *out, const struct tc_latencies *latencies, size_t most);

/* Adds what was written to `lines`. Fails the cursor when the bytes are no latencies. */
void tc_latencies_read(struct tc_cursor *in, struct tc_latency *lines, uint16_t line_count,
                       uint64_t *left_out);

#endif
