/*
 * What is counted: of a stream (every frame has exactly one fate) and of a line (every message).
 *
 * A counter is a row: name, unit, help. The structures, the recorded files, `info --json`,
 * telemetry and the documentation follow from the rows. The order is the order on disk, so rows
 * are only ever added at the end (docs/FORMAT.md, "Counters").
 */
#ifndef TC_TRACK_LEDGER_H
#define TC_TRACK_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_LEDGER_TABLE(X)                                                            \
    X(received, "frames", "frames that were received")                                \
    X(recorded, "frames", "frames that are recorded")                                 \
    X(no_batch, "frames", "frames dropped because no batch was free")                 \
    X(ring_full, "frames", "frames dropped because the ring to the writer was full")  \
    X(writer_failed, "frames", "frames dropped because their writer had failed")      \
    X(disk_full, "frames", "frames dropped because the disk was full")                \
    X(shutdown, "frames", "frames dropped because the capture was ending")            \
    X(filtered, "frames", "frames left out on purpose")                               \
    X(messages, "messages", "messages in recorded frames")                            \
    X(messages_dropped, "messages", "messages in dropped frames")                     \
    X(messages_filtered, "messages", "messages in filtered frames")                   \
    X(unmatched, "frames", "recorded frames of no channel")                           \
    X(malformed, "frames", "recorded frames of a line that were cut short or broken") \
    X(wire_bytes, "bytes", "lengths of the recorded frames on the wire, without FCS") \
    X(bad_time, "frames", "recorded frames whose receive time was refused")

#define TC_FIGURE_TABLE(X)                                                                   \
    X(packets, "datagrams", "well-formed datagrams: data, heartbeats, ends of session")      \
    X(messages, "messages", "messages received: in order, late and duplicate ones")          \
    X(in_order, "messages", "messages at or above the expected sequence number")             \
    X(late, "messages", "messages that had been missing")                                    \
    X(duplicates, "messages", "messages received before")                                    \
    X(gap_events, "events", "jumps of the sequence number")                                  \
    X(missing, "messages", "sequence numbers that never came")                               \
    X(heartbeats, "datagrams", "heartbeats, stale ones included")                            \
    X(stale_heartbeats, "datagrams", "heartbeats below the expected sequence number")        \
    X(resets, "events", "new sessions and restarts after the first")                         \
    X(not_recorded, "messages", "messages received in frames that were dropped or filtered") \
    X(malformed, "frames", "frames of the line that were cut short or broken")               \
    X(forgotten, "messages", "missing numbers beyond what is remembered; final")             \
    X(wire_bytes, "bytes", "lengths of the line's recorded frames, without FCS")

/* Of the lines of a channel together. */
#define TC_MERGED_TABLE(X)                                              \
    X(messages, "messages", "different messages that came on any line") \
    X(missing, "messages", "sequence numbers that came on none")        \
    X(recovered, "messages", "messages missing on one line that came on another")

/* Of a port, as its driver counts; they stand beside the ledger. */
#define TC_NIC_TABLE(X)                                                       \
    X(missed, "frames", "frames that the port lost because a queue was full") \
    X(errors, "frames", "frames that the port received damaged")              \
    X(nombuf, "frames", "frames for which there was no receive buffer")

#define TC_COUNTER_MEMBER(name, unit, help) uint64_t name;

struct tc_ledger {
    TC_LEDGER_TABLE(TC_COUNTER_MEMBER)
};

struct tc_figures {
    TC_FIGURE_TABLE(TC_COUNTER_MEMBER)
};

struct tc_merged {
    TC_MERGED_TABLE(TC_COUNTER_MEMBER)
};

struct tc_nic {
    TC_NIC_TABLE(TC_COUNTER_MEMBER)
    uint64_t sampled_ns; /* when they were looked at last; 0: never */
};

#undef TC_COUNTER_MEMBER

enum {
    TC_LEDGER_ROWS = sizeof(struct tc_ledger) / sizeof(uint64_t),
    TC_FIGURE_ROWS = sizeof(struct tc_figures) / sizeof(uint64_t),
    TC_MERGED_ROWS = sizeof(struct tc_merged) / sizeof(uint64_t),
    TC_NIC_ROWS = sizeof(struct tc_nic) / sizeof(uint64_t) - 1,
};

struct tc_counter_row {
    const char *name;
    const char *unit;
    const char *help;
};

extern const struct tc_counter_row tc_ledger_rows[TC_LEDGER_ROWS];
extern const struct tc_counter_row tc_figure_rows[TC_FIGURE_ROWS];
extern const struct tc_counter_row tc_merged_rows[TC_MERGED_ROWS];
extern const struct tc_counter_row tc_nic_rows[TC_NIC_ROWS];

static inline uint64_t tc_ledger_get(const struct tc_ledger *ledger, size_t row)
{
    return ((const uint64_t *)ledger)[row];
}

static inline uint64_t tc_figures_get(const struct tc_figures *figures, size_t row)
{
    return ((const uint64_t *)figures)[row];
}

/* Why a frame that was received is not in the file; the rows of the ledger in the same order. */
enum tc_drop_cause {
    TC_DROP_NO_BATCH,
    TC_DROP_RING_FULL,
    TC_DROP_WRITER_FAILED,
    TC_DROP_DISK_FULL,
    TC_DROP_SHUTDOWN,
    TC_DROP_CAUSES
};

static inline uint64_t *tc_ledger_drop(struct tc_ledger *ledger, enum tc_drop_cause cause)
{
    return &ledger->no_batch + cause;
}

_Static_assert(offsetof(struct tc_ledger, shutdown) - offsetof(struct tc_ledger, no_batch) ==
                   TC_DROP_SHUTDOWN * sizeof(uint64_t),
               "causes and ledger rows are in the same order");

/* Name of a cause, as of its row. */
static inline const char *tc_drop_cause_name(enum tc_drop_cause cause)
{
    return tc_ledger_rows[offsetof(struct tc_ledger, no_batch) / sizeof(uint64_t) + cause].name;
}

/* Frames dropped, of any cause. */
uint64_t tc_ledger_dropped(const struct tc_ledger *ledger);

/* Every frame received has exactly one fate. */
bool tc_ledger_closes(const struct tc_ledger *ledger);

void tc_ledger_add(struct tc_ledger *sum, const struct tc_ledger *more);
void tc_figures_add(struct tc_figures *sum, const struct tc_figures *more);
void tc_merged_add(struct tc_merged *sum, const struct tc_merged *more);

#endif
