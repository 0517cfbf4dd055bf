/*
 * The whole pipeline in one hand: frames in, blocks out, and a witness beside it.
 *
 * Intake, recorder and join are put together as the programs do. Everything that happens is kept
 * as it arrived and compared twice: when a batch is handed over (every frame that was recorded,
 * its fate, the ledger), and when a block is written (it is joined at once, and every frame, time,
 * flag, line, mark, event and state must come back). Whatever differs ends the process with a
 * sentence, so unit tests and fuzzers share it.
 */
#ifndef TC_TESTS_PIPEWORK_H
#define TC_TESTS_PIPEWORK_H

#include "block/intake.h"
#include "block/join.h"
#include "file/recorder.h"

enum { PIPEWORK_WRITERS_MAX = 4 };

/* Ends the process, saying where and why. */
_Noreturn void pipework_fail(const char *file, int line, const char *sentence);

#define PIPEWORK_MUST(condition, sentence)                 \
    do {                                                   \
        if (!(condition))                                  \
            pipework_fail(__FILE__, __LINE__, (sentence)); \
    } while (0)

struct pipework_options {
    const struct tc_capture *capture;
    struct tc_batch_limits limits; /* what is zero has the value of the programs */
    uint32_t stream;
    bool on_port; /* frames are of `nic_port`, else of no port in particular */
    uint8_t nic_port;
    bool filter_unmatched;
    const struct tc_symbol_filter *symbols; /* NULL: all are kept */
    struct tc_line_reporter reporter;       /* of channels whose lines are compared elsewhere */
    struct tc_chorus *chorus;               /* the stream has no frames, only its events */
    uint64_t silent_after_ns;
    uint64_t latency_bound_ns; /* 0: none */
    uint32_t batches;          /* 0: enough */
    uint32_t batch_bytes;
    bool plain;            /* codec level none */
    const char *directory; /* where segments go; NULL: nowhere */
    uint64_t rotate_bytes;
    uint64_t rotate_ns;
    uint64_t sink_bytes; /* the disk fails when it would hold more; 0: it does not */
    bool keep;           /* the history is kept to the end */
    bool untold;         /* no event tells of refused times */
    tc_new_id *new_id;   /* NULL: pipework_id */
};

/* A frame that was recorded; bytes and marks are one allocation. */
struct pipework_frame {
    uint64_t rx_ns;
    uint64_t proc_ns;
    struct tc_mark *marks;
    uint8_t *bytes;
    uint32_t captured_bytes;
    uint32_t wire_bytes;
    uint32_t messages;
    uint16_t line;
    uint16_t flags;
    uint8_t payload_offset;
};

/* An event, standing before frame `position` of the stream. */
struct pipework_event {
    uint64_t time_ns;
    uint64_t position;
    uint8_t *payload;
    uint32_t payload_bytes;
    uint16_t about;
    uint8_t kind;
};

struct pipework;

/* What one writer's sink and blocks have come to. */
struct pipework_writer {
    struct tc_sink sink;
    struct tc_sink *file; /* where bytes go; NULL: nowhere */
    struct pipework *work;
    struct tc_recorder recorder;
    void *memory;
    size_t memory_bytes;
    uint64_t sink_bytes; /* taken so far */
    uint64_t blocks;
    struct tc_error error; /* the first failure */
    bool failed;
    bool finished;                    /* its last batch has come */
    uint8_t *line_states;             /* by line: what its batches told last */
    uint32_t *line_bytes;             /* ... in the block at hand; 0: nothing */
    struct tc_merged *channel_states; /* by channel, likewise */
    bool *channel_told;
    uint64_t first_frame; /* of the block at hand */
    uint64_t first_event;
    uint64_t block;
    bool in_block;
};

struct pipework {
    struct pipework_options options;
    struct tc_intake intake;
    void *intake_memory;
    size_t intake_bytes;
    struct pipework_writer writers[PIPEWORK_WRITERS_MAX];
    struct tc_join *join;

    struct tc_batch *free[64]; /* a queue */
    uint32_t free_first, free_count;
    bool starved; /* no batch is free */

    /* frames whose batch has not been handed over; from `arrival` on */
    struct pipework_frame *arrivals;
    size_t arrival, arrival_count, arrival_capacity;

    /* what has been handed over; entry 0 is number `frame_base` or `event_base` */
    struct pipework_frame *frames;
    struct pipework_event *events;
    uint64_t frame_base, event_base;
    size_t frame_count, frame_capacity;
    size_t event_count, event_capacity;

    struct tc_ledger last_ledger; /* of the batch before */
    struct tc_clock last_clock;
    uint64_t batches;
    uint64_t drops_told; /* frames in dropped events */
    uint64_t filters_told;
    uint64_t inexact; /* events that do not tell of all packets */
    uint64_t blocks;  /* joined and compared */
    uint64_t block_frames, block_messages;
};

/* Ready for frames. What it says of memory it ends the process with. */
struct pipework *pipework_new(const struct pipework_options *options);
void pipework_free(struct pipework *work);

/* Takes a frame. */
void pipework_take(struct pipework *work, const struct tc_arrival *arrival);

/* The same, for a frame that was received whole, at a time. */
void pipework_take_frame(struct pipework *work, const uint8_t *bytes, uint32_t length,
                         uint64_t rx_ns);

/* Ends the run; everything must have been recorded and compared, unless a sink failed. */
void pipework_finish(struct pipework *work, uint64_t now_ns);

/* What has been written so far is in the files, also where a segment is still open. */
void pipework_flush(struct pipework *work);

/* Whether what was read is what was recorded. NULL, or a sentence. */
const char *pipework_compare_frame(const struct pipework_frame *kept, const struct tc_frame *read);
const char *pipework_compare_event(const struct pipework_event *kept, const struct tc_event *read);

/* Identities that are the same in each run of a test. */
void pipework_id(uint8_t id[TC_ID_BYTES]);

#endif
