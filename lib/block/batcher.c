/* Opening, closing and ageing of batches and blocks. */
#include "block/batcher.h"

static uint32_t writer_of_block(const struct tc_batcher *batcher)
{
    return (uint32_t)(batcher->block % batcher->limits.writers);
}

bool tc_batcher_open(struct tc_batcher *batcher, uint64_t now_ns)
{
    if (!tc_batcher_ready(batcher))
        return false;
    batcher->batch = batcher->next;
    batcher->next = NULL;
    tc_batch_open(batcher->batch, batcher->stream, batcher->block);
    batcher->batch->proc_base_ns = now_ns;
    batcher->batch_since_ns = now_ns;
    batcher->frame_room = batcher->batch->capacity - batcher->limits.kept_free;
    batcher->teller.opened(batcher->teller.context, batcher->batch, writer_of_block(batcher),
                           now_ns);
    return true;
}

/* Whether another batch might take the block beyond its limits. */
static bool block_is_full(const struct tc_batcher *batcher, uint64_t now_ns)
{
    const struct tc_batch_limits *limits = &batcher->limits;

    return batcher->block_messages + limits->batch_messages > limits->block_messages ||
           batcher->block_frames + TC_BATCH_FRAMES > limits->block_messages ||
           batcher->block_bytes + batcher->batch->capacity > limits->block_bytes ||
           (limits->block_age_ns != 0 && now_ns - batcher->block_since_ns >= limits->block_age_ns);
}

/* A writer that has not been told everything yet gets more before its run ends. */
static void hand_over(struct tc_batcher *batcher, uint64_t now_ns, uint32_t flags)
{
    struct tc_batch *batch = batcher->batch;
    uint32_t writer = writer_of_block(batcher);

    if (!batcher->teller.closing(batcher->teller.context, batch, writer, now_ns))
        flags &= ~(uint32_t)TC_BATCH_ENDS_RUN;
    if ((flags & TC_BATCH_ENDS_RUN) != 0)
        batcher->finished |= UINT32_C(1) << writer;
    if (batcher->block_batches++ == 0)
        batcher->block_since_ns = batcher->batch_since_ns;
    batcher->block_messages += batch->messages;
    batcher->block_frames += batch->frames;
    batcher->block_bytes += batch->used;
    if (block_is_full(batcher, now_ns))
        flags |= TC_BATCH_ENDS_BLOCK;
    if ((flags & TC_BATCH_ENDS_BLOCK) != 0) {
        batcher->block++;
        batcher->block_batches = 0;
        batcher->block_messages = 0;
        batcher->block_frames = 0;
        batcher->block_bytes = 0;
    }
    batch->flags |= flags;
    batcher->batch = NULL;
    batcher->supply.give(batcher->supply.context, batch, writer);
}

void tc_batcher_close(struct tc_batcher *batcher, uint64_t now_ns)
{
    hand_over(batcher, now_ns, 0);
}

void tc_batcher_tick(struct tc_batcher *batcher, uint64_t now_ns)
{
    const struct tc_batch_limits *limits = &batcher->limits;

    if (limits->batch_age_ns != 0 && batcher->batch != NULL && batcher->batch->used > 0 &&
        now_ns - batcher->batch_since_ns >= limits->batch_age_ns)
        hand_over(batcher, now_ns, 0);
    if (limits->block_age_ns != 0 && batcher->batch == NULL && batcher->block_batches > 0 &&
        now_ns - batcher->block_since_ns >= limits->block_age_ns &&
        tc_batcher_open(batcher, now_ns))
        hand_over(batcher, now_ns, TC_BATCH_ENDS_BLOCK);
}

bool tc_batcher_finish(struct tc_batcher *batcher, uint64_t now_ns)
{
    const uint32_t all = (UINT32_C(1) << batcher->limits.writers) - 1;

    while (batcher->finished != all) {
        /* numbers of blocks may be left out; a writer that has ended gets no more */
        while ((batcher->finished >> writer_of_block(batcher) & 1) != 0)
            batcher->block++;
        if (batcher->batch == NULL && !tc_batcher_open(batcher, now_ns))
            return false;
        hand_over(batcher, now_ns, TC_BATCH_ENDS_BLOCK | TC_BATCH_ENDS_RUN);
    }
    return true;
}
