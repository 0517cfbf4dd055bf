/*
 * Where batches and blocks end.
 *
 * A batch ends when it is full or old, a block when it holds enough messages, frames or bytes or
 * is old; blocks go to the writers in turn. All of this is decided here, on the receiving side, so
 * that a stream is cut the same way whoever writes it, and block numbers give its order back.
 */
#ifndef TC_BLOCK_BATCHER_H
#define TC_BLOCK_BATCHER_H

#include "block/batch.h"

/* Where batches come from and go to. Called once a batch. */
struct tc_batch_supply {
    struct tc_batch *(*take)(void *context); /* a free batch, or NULL */
    void (*give)(void *context, struct tc_batch *batch, uint32_t writer);
    void *context;
};

/*
 * Who has something to tell at the begin or the end of each batch. `closing` answers whether the
 * writer has then been told everything.
 */
struct tc_batch_teller {
    void (*opened)(void *context, struct tc_batch *batch, uint32_t writer, uint64_t now_ns);
    bool (*closing)(void *context, struct tc_batch *batch, uint32_t writer, uint64_t now_ns);
    void *context;
};

struct tc_batch_limits {
    uint32_t writers; /* 1 to TC_WRITERS_MAX */
    uint32_t batch_messages;
    uint64_t batch_age_ns; /* 0: never */
    uint32_t block_messages;
    uint32_t block_bytes;  /* of batches, descriptors included */
    uint64_t block_age_ns; /* 0: never */
    uint32_t kept_free;    /* bytes of each batch that frames leave to the teller */
};

struct tc_batcher {
    struct tc_batch_limits limits;
    struct tc_batch_supply supply;
    struct tc_batch_teller teller;
    uint32_t stream;
    struct tc_batch *batch; /* open, or NULL */
    struct tc_batch *next;  /* taken in advance, or NULL */
    uint32_t frame_room;    /* bytes of the open batch that frames may fill */
    uint32_t block_batches;
    uint32_t block_messages;
    uint32_t block_frames;
    uint32_t finished; /* bit w: the run has ended for writer w */
    uint64_t block_bytes;
    uint64_t block; /* number of the block that the open batch belongs to */
    uint64_t block_since_ns;
    uint64_t batch_since_ns;
};

/* Opens a batch if there is none. False when none is free. */
bool tc_batcher_open(struct tc_batcher *batcher, uint64_t now_ns);

/* Hands the open batch over. */
void tc_batcher_close(struct tc_batcher *batcher, uint64_t now_ns);

/* True when the next frame, whatever it is, will find room. */
static inline bool tc_batcher_ready(struct tc_batcher *batcher)
{
    if (batcher->next == NULL)
        batcher->next = batcher->supply.take(batcher->supply.context);
    return batcher->next != NULL;
}

/* Closes what has become old. */
void tc_batcher_tick(struct tc_batcher *batcher, uint64_t now_ns);

/*
 * Ends the run for every writer, with as many batches as it takes to tell each of them everything.
 * False when a batch was needed and none was free.
 */
bool tc_batcher_finish(struct tc_batcher *batcher, uint64_t now_ns);

/* Room for a record in the open batch, which may be a new one; NULL when there is no batch. */
static inline struct tc_frame_record *tc_batcher_reserve(struct tc_batcher *batcher,
                                                         uint32_t record_bytes, uint32_t messages,
                                                         uint64_t proc_ns)
{
    struct tc_batch *batch = batcher->batch;

    if (__builtin_expect(batch != NULL, 1)) {
        if (__builtin_expect(batch->used + record_bytes <= batcher->frame_room &&
                                 batch->messages + messages <= batcher->limits.batch_messages &&
                                 batch->frames < TC_BATCH_FRAMES &&
                                 proc_ns - batch->proc_base_ns <= UINT32_MAX,
                             1))
            return (struct tc_frame_record *)(batch->log + batch->used);
        if (batch->frames > 0 || batch->used + record_bytes > batcher->frame_room)
            tc_batcher_close(batcher, proc_ns);
    }
    if (batcher->batch == NULL && !tc_batcher_open(batcher, proc_ns))
        return NULL;
    batch = batcher->batch;
    batch->proc_base_ns = proc_ns;
    return (struct tc_frame_record *)(batch->log + batch->used);
}

#endif
