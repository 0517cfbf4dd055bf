/*
 * The loop: take a batch, record it, give it back; once in a while ask the disk to keep what it
 * has. After a failure batches are only counted, so that the receiver goes on and the loss has a
 * size.
 */
#include "tickcapd/record.h"

#include <rte_cycles.h>

static void publish(struct tc_record_task *task)
{
    struct tc_writer_published *published = &task->published;

    tc_publish(&published->bytes_stored, task->recorder.writer.bytes_stored);
    tc_publish(&published->blocks, task->recorder.writer.blocks);
    tc_publish(&published->segments, task->recorder.writer.number);
    tc_publish(&published->frames, task->recorder.writer.frames);
    tc_publish(&published->open_balance, task->recorder.writer.open_balance);
    tc_publish(&published->batches, task->batches);
    tc_publish(&published->failed_frames, task->failed_frames);
    tc_publish(&published->failed_messages, task->failed_messages);
}

/* Blocks that the sink still had in its buffers are lost too. */
static void fail(struct tc_record_task *task)
{
    uint64_t frames, messages;

    tc_writer_take_back(&task->recorder.writer, &frames, &messages);
    task->failed_frames += frames;
    task->failed_messages += messages;
    atomic_store_explicit(&task->published.failed, true, memory_order_release);
}

static void take_batch(struct tc_record_task *task, const struct tc_batch *batch)
{
    uint64_t blocks = task->recorder.writer.blocks;

    task->ended = (batch->flags & TC_BATCH_ENDS_RUN) != 0;
    task->batches++;
    task->open_frames += batch->frames;
    task->open_messages += batch->messages;
    if (!task->recorder.writer.failed &&
        tc_recorder_batch(&task->recorder, batch, &task->error) != TC_OK)
        fail(task);
    if (task->recorder.writer.failed) {
        task->failed_frames += task->open_frames;
        task->failed_messages += task->open_messages;
    }
    if (task->recorder.writer.failed || task->recorder.writer.blocks != blocks) {
        task->open_frames = 0;
        task->open_messages = 0;
    }
}

static void sync_now_and_then(struct tc_record_task *task)
{
    uint64_t now = rte_rdtsc();

    if (now - task->synced_at < task->sync_ticks)
        return;
    task->synced_at = now;
    if (!task->recorder.writer.failed &&
        tc_writer_sync(&task->recorder.writer, &task->error) != TC_OK)
        fail(task);
}

static int record_step(struct tc_task *base)
{
    struct tc_record_task *task = (struct tc_record_task *)base;
    void *batch;
    int work = 0;

    if (rte_ring_sc_dequeue(task->from_receiver, &batch) == 0) {
        take_batch(task, batch);
        rte_ring_sp_enqueue(task->to_receiver, batch);
        publish(task);
        work = 1;
    }
    sync_now_and_then(task);
    return task->ended ? TC_TASK_DONE : work;
}

static void record_start(struct tc_task *base)
{
    struct tc_record_task *task = (struct tc_record_task *)base;

    task->synced_at = rte_rdtsc();
}

static void record_stop(struct tc_task *base)
{
    publish((struct tc_record_task *)base);
}

const struct tc_task_ops tc_record_ops = {record_start, record_step, record_stop};
