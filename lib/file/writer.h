/*
 * The writer of one stream's blocks: segments, one after the other.
 *
 * It opens a segment with its head, appends blocks, closes it with index and tail, and begins the
 * next one when a limit is reached. A failed write leaves everything that was durable as it is: the
 * file keeps its .open name and can be read up to the last whole block.
 */
#ifndef TC_FILE_WRITER_H
#define TC_FILE_WRITER_H

#include "base/digest.h"
#include "block/pack.h"
#include "file/index.h"
#include "file/segmenthead.h"
#include "file/sink.h"

struct tc_writer_options {
    const char *directory;
    uint32_t stream;
    uint32_t writer;
    uint32_t writers;      /* that share the stream */
    uint64_t rotate_bytes; /* a segment of two blocks or more is no longer; 0: no limit */
    uint64_t rotate_ns;    /* nor older, by processing time; 0: no limit */
};

/* Random identities; a source of them, so that tests can make files that are the same each time. */
typedef void tc_new_id(uint8_t id[TC_ID_BYTES]);

/* 128 random bits from the operating system. */
void tc_random_id(uint8_t id[TC_ID_BYTES]);

struct tc_writer {
    struct tc_writer_options options;
    const struct tc_capture *capture;
    struct tc_sink *sink;
    tc_new_id *new_id;
    struct tc_latencies *latencies; /* of the open segment; cleared when that is closed */
    struct tc_stream_state state;   /* after the last block */
    struct tc_index index;
    struct tc_segment_head head;
    uint8_t *bytes; /* of a head, or of what follows the last block */
    size_t bytes_max;
    uint64_t offset; /* in the open segment */
    uint64_t digest; /* of the open segment so far */
    uint64_t start_ns;
    uint32_t number; /* of the last segment that was opened */
    bool open;
    bool failed; /* nothing is written any more */
    /* of the whole run, for reports */
    uint64_t bytes_stored;
    uint64_t blocks;
    uint64_t frames;       /* in blocks that were appended */
    uint32_t open_balance; /* the first segment at whose end the ledger did not close; 0: none */
};

size_t tc_writer_footprint(const struct tc_capture *capture, const struct tc_block_limits *limits);

/* `memory`, zeroed, as `capture` and `sink` stays the caller's and outlives the writer. */
void tc_writer_init(struct tc_writer *writer, void *memory, const struct tc_capture *capture,
                    const struct tc_writer_options *options, const struct tc_block_limits *limits,
                    struct tc_latencies *latencies, struct tc_sink *sink, tc_new_id *new_id);

/*
 * Says where the next block, of `length` bytes, will stand; opens a segment, or changes to the next
 * one, where that is needed. `now_ns` is the processing time of the block.
 */
TC_MUST_USE enum tc_status tc_writer_place(struct tc_writer *writer, size_t length, uint64_t now_ns,
                                           struct tc_block_place *place, struct tc_error *error);

/*
 * Appends a block that was packed from `split` for the place given; `events` are its events as
 * they stand in the block.
 */
TC_MUST_USE enum tc_status tc_writer_append(struct tc_writer *writer, const uint8_t *block,
                                            size_t length, const struct tc_block_header *header,
                                            const struct tc_split *split, struct tc_cursor events,
                                            struct tc_error *error);

/* Begins to make durable what was appended. */
TC_MUST_USE enum tc_status tc_writer_sync(struct tc_writer *writer, struct tc_error *error);

/*
 * Closes the open segment as the last one of the run. A run without a block still leaves a segment
 * that says so.
 */
TC_MUST_USE enum tc_status tc_writer_finish(struct tc_writer *writer, uint64_t now_ns,
                                            struct tc_error *error);

/* The port's counters, looked at after the last block and before the end. */
void tc_writer_note_nic(struct tc_writer *writer, const struct tc_nic *nic);

/*
 * After a failure, once: takes back what was counted of blocks that were appended to the open
 * segment, but did not get into its file; answers their frames and messages.
 */
void tc_writer_take_back(struct tc_writer *writer, uint64_t *frames, uint64_t *messages);

/* A segment's digest goes on with the checksum of each part that is written. */
static inline uint64_t tc_segment_digest(uint64_t digest, uint64_t checksum)
{
    uint64_t words[2] = {digest, checksum};

    return tc_digest(words, sizeof words);
}

#endif
