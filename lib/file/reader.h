/*
 * Reading a capture: any set of segments, as one sequence of frames and events.
 *
 * Segments are sorted into runs and streams. Within a stream, block numbers give the order back,
 * however many writers shared it; streams are merged by receive time, ties by stream number. What
 * is damaged is named, skipped, and reading goes on behind it.
 */
#ifndef TC_FILE_READER_H
#define TC_FILE_READER_H

#include "block/join.h"
#include "file/segment.h"

/* One stream of one run, as it is being read. */
struct tc_source {
    const struct tc_capture *capture;
    uint32_t stream;
    struct tc_stream_state *state; /* names at this point; figures after the last whole block */
    const struct tc_stream_state *start; /* at the start of the first segment that was given */
    const struct tc_block_header *block; /* that frames are being taken from */
    const char *path;                    /* of the segment in which that block stands */
    bool from_begin;                     /* the first segments of all its writers were given */
};

enum tc_item_kind {
    TC_ITEM_FRAME,
    TC_ITEM_EVENT,
};

/* Valid until the next call. */
struct tc_item {
    const struct tc_source *source;
    enum tc_item_kind kind;
    uint64_t number; /* of the frame in its stream, from 0; of the frame that follows an event */
    const struct tc_frame *frame;
    const struct tc_event *event;
};

/* Whether the block of that record can matter. Asked only where a segment has an index. */
typedef bool tc_block_wanted(void *context, const struct tc_segment *segment,
                             const struct tc_index_record *record);

struct tc_reader_options {
    bool verify;             /* compare frames with the digest taken when they were recorded */
    bool follow;             /* TC_END means: nothing now; see tc_reader_refresh */
    tc_fault_told *fault;    /* its sentence names the segment; may be NULL */
    tc_block_wanted *wanted; /* NULL: every block */
    void *context;           /* for both */
};

struct tc_reader;

/*
 * Opens segments and directories of segments. TC_MISSING where there is none; a path that cannot be
 * opened is refused.
 */
TC_MUST_USE enum tc_status tc_reader_open(struct tc_reader **opened, const char *const *paths,
                                          size_t count, const struct tc_reader_options *options,
                                          struct tc_error *error);
void tc_reader_close(struct tc_reader *reader);

/* The next frame or event; TC_END after the last one. Damage is told, not answered. */
TC_MUST_USE enum tc_status tc_reader_next(struct tc_reader *reader, struct tc_item *item,
                                          struct tc_error *error);

/* Looks for what was written since; only where following was asked for. */
TC_MUST_USE enum tc_status tc_reader_refresh(struct tc_reader *reader, struct tc_error *error);

/* The streams, in the order of merging. */
size_t tc_reader_source_count(const struct tc_reader *reader);
const struct tc_source *tc_reader_source(const struct tc_reader *reader, size_t index);

/* What is known of the files themselves. */
struct tc_reader_totals {
    uint64_t segments;
    uint64_t blocks; /* read so far */
    uint64_t bytes_stored;
    uint64_t bytes_read; /* so far, for progress */
    bool complete;       /* from the first segment of each writer to one that ends the run */
};

struct tc_reader_totals tc_reader_totals(const struct tc_reader *reader);

#endif
