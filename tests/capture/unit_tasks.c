/*
 * The appliance's tasks, stepped by hand: no thread, no race, so that what happens when batches run
 * out, a disk fails or a capture ends can be said step by step.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "framesmith.h"
#include "ringstand.h"

enum {
    FRAMES_MAX = 4000,
    BATCHES = 4, /* of a stream */
    FRAME_MESSAGES = 20,
    STEPS_MAX = 100000,
    EXHAUSTED_AFTER = 1000, /* empty polls, says ringfile.yaml */
    TWO_BATCHES = 16000,    /* messages of a block that another batch might take beyond */
};

static struct ring_stand stand;
static struct tc_run_stream *stream;
static struct tc_receiver *receiver;
static char directory[] = "/tmp/tickcap-tasks-XXXXXX";
static uint64_t next_number; /* of the line's session */

/* ---- the stand ---- */

static unsigned first_cpu(void)
{
    unsigned cpu = 0;
    cpu_set_t ours;

    cr_assert_eq(sched_getaffinity(0, sizeof ours, &ours), 0);
    while (!CPU_ISSET(cpu, &ours))
        cpu++;
    return cpu;
}

/* One port, one line, four batches; nothing closes because it is old. */
static void open_stand(const char *profile, unsigned writers)
{
    unsigned cpu = first_cpu();
    char path[64], lcores[64];
    FILE *file;

    cr_assert_neq(mkdtemp(directory), NULL);
    snprintf(path, sizeof path, "%s/capture.yaml", directory);
    snprintf(lcores, sizeof lcores, writers == 2 ? "%u, %u" : "%u", cpu, cpu);
    file = fopen(path, "w");
    cr_assert_neq(file, NULL);
    fprintf(file,
            "name: tasks%d\noutput: { directories: [%s] }\nbuffer: 1MiB\n"
            "batch: { age_ms: 3600000 }\nblock: { age_ms: 3600000 }\n"
            "durability: { interval_ms: 3600000 }\n"
            "ports:\n  - { name: p0, device: net_ring0, profile: \"%s\", rx_lcores: [%u], "
            "writer_lcores: [%s] }\n"
            "channels:\n  - name: feed\n    feed: moldudp64/itch50\n"
            "    lines: [ { name: a, group: \"239.1.1.1:1000\" } ]\n",
            (int)getpid(), directory, profile, cpu, lcores);
    fclose(file);
    ring_stand_open(&stand, path, NULL, 0, FRAMES_MAX);
    stream = &stand.run.streams[0];
    receiver = stream->receiver;
    next_number = 1;
}

static void close_stand(void)
{
    DIR *folder = opendir(directory);
    struct dirent *entry;

    ring_stand_close(&stand);
    while ((entry = readdir(folder)) != NULL) {
        char path[600];

        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        unlink(path);
    }
    closedir(folder);
    rmdir(directory);
}

static int receive(void)
{
    return receiver->task.ops->step(&receiver->task);
}

static int record(uint32_t writer)
{
    struct tc_task *task = &stream->writers[writer]->task;

    return task->ops->step(task);
}

static unsigned waiting_frames(void)
{
    return rte_ring_count(stand.rings[0]);
}

/* The next packet of the line, of messages that are no directory messages. */
static uint32_t next_frame(uint8_t *frame)
{
    static const struct smith_envelope envelope;
    static struct smith_random dice;
    static struct smith_packet packet;
    const struct tc_channel *channel = &stand.config.catalog.channels[0];
    uint8_t message[256];
    uint8_t class = 0;

    while ((channel->feed->types[class].flags & TC_TYPE_DIRECTORY) != 0)
        class ++;
    smith_packet_begin(&packet, channel, "SESSION", next_number);
    for (int i = 0; i < FRAME_MESSAGES; i++)
        cr_assert(smith_packet_add(&packet, message,
                                   smith_message(&dice, channel->feed, class, message)));
    smith_packet_end(&packet, 0, 0);
    next_number += FRAME_MESSAGES;
    return smith_frame(frame, &stand.config.catalog.lines[0], &envelope, packet.bytes,
                       packet.length);
}

static void push(unsigned frames)
{
    static uint8_t frame[SMITH_FRAME_BYTES];

    cr_assert_lt(stand.pushed[0] + frames, FRAMES_MAX, "what is awaited does not happen");
    for (unsigned i = 0; i < frames; i++)
        cr_assert(ring_stand_push(&stand, 0, frame, next_frame(frame)));
}

/* Steps until a step has nothing to do; answers how many frames were taken up. */
static int receive_all(void)
{
    int frames = 0;
    int work;

    for (int i = 0; i < STEPS_MAX && (work = receive()) > 0; i++)
        frames += work;
    return frames;
}

static struct tc_ledger ledger_now(void)
{
    struct tc_ledger ledger;

    tc_receiver_publish(receiver);
    tc_capture_run_stream_ledger(stream, &ledger);
    cr_assert(tc_ledger_closes(&ledger));
    return ledger;
}

/* Pushes and receives until a frame finds no batch, while no writer steps. */
static void fill_batches(void)
{
    while (ledger_now().no_batch == 0) {
        push(1);
        receive_all();
    }
}

static bool is_exhausted(void)
{
    tc_receiver_publish(receiver);
    return tc_published_get(&receiver->published.exhausted) != 0;
}

/* Ends the run and lets every task do what is left. */
static void finish(void)
{
    int received = 0;

    atomic_store(&stand.run.phase, TC_PHASE_END);
    for (int i = 0; i < STEPS_MAX && received != TC_TASK_DONE; i++) {
        received = receive();
        for (uint32_t j = 0; j < stream->rings.writer_count; j++)
            record(j);
    }
    cr_assert_eq(received, TC_TASK_DONE);
    for (uint32_t j = 0; j < stream->rings.writer_count; j++) {
        int recorded = 0;

        for (int i = 0; i < STEPS_MAX && recorded != TC_TASK_DONE; i++)
            recorded = record(j);
        cr_assert_eq(recorded, TC_TASK_DONE);
    }
    receiver->task.ops->stop(&receiver->task);
}

/* The first record of the batch that is open. */
static const uint8_t *first_record(void)
{
    uint32_t offset = 0;

    cr_assert_neq(receiver->intake.batcher.batch, NULL);
    return tc_batch_next(receiver->intake.batcher.batch, &offset);
}

/* The last frame in the batch that is open. */
static const struct tc_frame_record *last_frame(void)
{
    const uint8_t *found = NULL, *record;
    uint32_t offset = 0;

    while ((record = tc_batch_next(receiver->intake.batcher.batch, &offset)) != NULL)
        if (tc_record_kind(record) == TC_RECORD_FRAME)
            found = record;
    cr_assert_neq(found, NULL);
    return (const struct tc_frame_record *)found;
}

/* ---- batches run out ---- */

Test(tasks, frames_go_to_disk)
{
    open_stand("ring", 1);
    push(100);
    cr_assert_eq(receive_all(), 100);
    cr_assert_eq(waiting_frames(), 0);
    cr_assert_eq(record(0), 0, "the batch is still open");
    finish();
    cr_assert_eq(ledger_now().recorded, 100);
    cr_assert_eq(ledger_now().messages, 100 * FRAME_MESSAGES);
    cr_assert_eq(tc_published_get(&stream->writers[0]->published.segments), 1);
    cr_assert_eq(tc_published_get(&stream->writers[0]->published.blocks), 1);
    close_stand();
}

Test(tasks, a_live_port_is_polled_on_and_frames_are_dropped)
{
    struct tc_ledger ledger;
    struct tc_figures figures;
    struct tc_cursor in;
    struct tc_drop drop;
    uint64_t recorded, first_lost;

    open_stand("ring", 1);
    fill_batches();
    ledger = ledger_now();
    recorded = ledger.recorded;
    first_lost = 1 + recorded * FRAME_MESSAGES;
    push(300);
    cr_assert_eq(receive_all(), 300);
    cr_assert_eq(waiting_frames(), 0, "the port is polled");
    ledger = ledger_now();
    cr_assert_eq(ledger.recorded, recorded);
    cr_assert_eq(ledger.no_batch, 301);
    cr_assert_eq(ledger.messages_dropped, 301 * FRAME_MESSAGES);

    /* one batch comes back: the next frame is recorded, behind the word of what was lost */
    cr_assert_eq(record(0), 1);
    push(1);
    cr_assert_eq(receive_all(), 1);
    cr_assert_eq(ledger_now().recorded, recorded + 1);
    cr_assert_eq(tc_record_kind(first_record()), TC_RECORD_EVENT);
    in = tc_cursor_of(first_record() + sizeof(struct tc_event_record),
                      ((const struct tc_event_record *)first_record())->payload_bytes);
    tc_drop_read(&in, &drop);
    cr_assert(!in.failed && drop.exact && drop.cause == TC_DROP_NO_BATCH);
    cr_assert(drop.frames == 301 && drop.run_count == 1);
    cr_assert_eq(drop.runs[0].run.first, first_lost);
    cr_assert_eq(drop.runs[0].run.end, first_lost + 301 * FRAME_MESSAGES);

    /* the tracker has seen all of them */
    finish();
    tc_capture_run_figures(&stand.run, 0, &figures);
    cr_assert_eq(figures.messages, next_number - 1);
    cr_assert(figures.in_order == figures.messages && figures.gap_events == 0);
    cr_assert_eq(figures.not_recorded, 301 * FRAME_MESSAGES);
    close_stand();
}

Test(tasks, a_file_source_waits_and_loses_nothing)
{
    struct tc_ledger ledger;
    unsigned waiting;

    open_stand(RING_FILE, 1);
    while (waiting_frames() == 0) {
        push(1);
        receive_all();
    }
    push(500);
    waiting = waiting_frames();
    ledger = ledger_now();
    cr_assert_eq(ledger.no_batch, 0);
    for (int i = 0; i < 2 * EXHAUSTED_AFTER; i++)
        cr_assert_eq(receive(), 0);
    cr_assert_eq(waiting_frames(), waiting, "the port is not polled");
    cr_assert_eq(ledger_now().received, ledger.received);
    cr_assert_not(is_exhausted(), "it waits for a batch, not for frames");

    for (int i = 0; i < STEPS_MAX && waiting_frames() > 0; i++) {
        record(0);
        receive();
    }
    finish();
    ledger = ledger_now();
    cr_assert_eq(ledger.recorded, stand.pushed[0]);
    cr_assert_eq(tc_ledger_dropped(&ledger), 0);
    close_stand();
}

/* What was polled and waits for a batch is recorded before the receiver ends. */
Test(tasks, a_burst_that_waits_survives_the_end)
{
    uint64_t polled;

    open_stand(RING_FILE, 1);
    while (receiver->pending == 0) {
        push(64);
        receive_all();
    }
    polled = stand.pushed[0] - waiting_frames();
    cr_assert_gt(waiting_frames(), 0);
    finish();
    cr_assert_eq(ledger_now().recorded, polled);
    cr_assert_eq(waiting_frames(), stand.pushed[0] - polled, "nothing is polled after the end");
    close_stand();
}

Test(tasks, the_end_waits_for_a_batch)
{
    open_stand("ring", 1);
    fill_batches();
    atomic_store(&stand.run.phase, TC_PHASE_END);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(receive(), 0, "the writer has not been told of the loss");
    cr_assert_eq(record(0), 1);
    cr_assert_eq(receive(), TC_TASK_DONE);
    finish();
    cr_assert_eq(ledger_now().no_batch, 1);
    close_stand();
}

Test(tasks, writers_take_blocks_in_turn)
{
    uint32_t batches[2] = {0, 0};

    open_stand("ring", 2);
    receiver->intake.batcher.limits.block_messages = 1; /* so each batch is a block */
    for (int i = 0; i < 1000; i++) {
        push(1);
        receive_all();
        for (uint32_t j = 0; j < 2; j++)
            batches[j] += record(j) == 1;
    }
    cr_assert_gt(batches[0], 0);
    cr_assert_leq(abs((int)batches[0] - (int)batches[1]), 1);
    cr_assert_eq(ledger_now().no_batch, 0);

    /* one of them stands still: when it has all batches, frames are lost, and then it goes on */
    for (int i = 0; ledger_now().no_batch == 0; i++) {
        push(1);
        receive_all();
        record(0);
    }
    cr_assert_eq(record(0), 0, "nothing is left for the other");
    cr_assert_eq(record(1), 1);
    push(1);
    receive_all();
    cr_assert_eq(ledger_now().no_batch, 1);
    finish();
    cr_assert_eq(ledger_now().recorded, stand.pushed[0] - 1);
    cr_assert(stream->writers[0]->recorder.finished && stream->writers[1]->recorder.finished);
    close_stand();
}

/* ---- file sources end ---- */

Test(tasks, a_file_source_is_exhausted_by_empty_polls_in_a_row)
{
    open_stand(RING_FILE, 1);
    for (int i = 0; i < EXHAUSTED_AFTER - 1; i++)
        receive();
    cr_assert_not(is_exhausted());
    push(1);
    receive_all(); /* one step with the frame, one empty */
    for (int i = 0; i < EXHAUSTED_AFTER - 2; i++)
        receive();
    cr_assert_not(is_exhausted());
    cr_assert_not(tc_capture_run_exhausted(&stand.run));
    receive();
    cr_assert(is_exhausted());
    cr_assert(tc_capture_run_exhausted(&stand.run));
    push(1);
    receive();
    cr_assert_eq(waiting_frames(), 1, "it is polled no more");
    finish();
    cr_assert_eq(ledger_now().recorded, 1);
    close_stand();
}

Test(tasks, a_live_port_is_never_exhausted)
{
    open_stand("ring", 1);
    for (int i = 0; i < 10 * EXHAUSTED_AFTER; i++)
        receive();
    cr_assert_not(is_exhausted());
    finish();
    close_stand();
}

/* ---- the disk ---- */

/* A disk that takes a number of writes, and counts what is asked of it. */
struct frail_sink {
    struct tc_sink sink;
    struct tc_sink *disk;
    uint32_t writes_left;
    bool keeps; /* what it took before it was full is on the disk, and not in a buffer */
    uint32_t syncs;
};

static struct frail_sink frail;

static enum tc_status frail_open(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    (void)sink;
    return frail.disk->ops->open(frail.disk, path, error);
}

static enum tc_status frail_append(struct tc_sink *sink, const void *bytes, size_t length,
                                   struct tc_error *error)
{
    (void)sink;
    if (frail.writes_left == 0) {
        if (frail.keeps)
            cr_assert_eq(frail.disk->ops->sync(frail.disk, error), TC_OK);
        return tc_fail(error, TC_FULL, "the test's disk is full");
    }
    frail.writes_left--;
    return frail.disk->ops->append(frail.disk, bytes, length, error);
}

static enum tc_status frail_sync(struct tc_sink *sink, struct tc_error *error)
{
    (void)sink;
    frail.syncs++;
    return frail.disk->ops->sync(frail.disk, error);
}

static enum tc_status frail_close(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    (void)sink;
    return frail.disk->ops->close(frail.disk, path, error);
}

static uint64_t frail_written(struct tc_sink *sink)
{
    (void)sink;
    return frail.disk->ops->written(frail.disk);
}

static void use_frail_sink(uint32_t writes)
{
    static const struct tc_sink_ops ops = {frail_open, frail_append, frail_sync, frail_close,
                                           frail_written};
    struct tc_writer *writer = &stream->writers[0]->recorder.writer;

    frail = (struct frail_sink){.sink = {&ops}, .disk = writer->sink, .writes_left = writes};
    writer->sink = &frail.sink;
}

/* Pushes, receives and records until the disk is full; two blocks were appended before. */
static void fill_disk(bool keeps)
{
    struct tc_error error = {0};

    open_stand("ring", 1);
    receiver->intake.batcher.limits.block_messages = TWO_BATCHES;
    use_frail_sink(3); /* a head and two blocks */
    frail.keeps = keeps;
    while (!tc_capture_run_failure(&stand.run, &error)) {
        push(1);
        receive_all();
        record(0);
    }
    cr_assert_str_eq(error.text, "the test's disk is full");
    cr_assert_eq(tc_published_get(&stream->writers[0]->published.blocks), 2);
    push(100);
    receive_all();
    finish();
}

/* A writer may tell of a loss before the receiver tells that it had handed those frames over. */
Test(tasks, no_more_is_lost_than_is_known_to_have_come)
{
    struct tc_ledger ledger;

    open_stand("ring", 1);
    push(3);
    receive_all();
    cr_assert_eq(ledger_now().recorded, 3);
    tc_publish(&stream->writers[0]->published.failed_frames, 5);
    tc_publish(&stream->writers[0]->published.failed_messages, 5 * FRAME_MESSAGES);
    ledger = ledger_now();
    cr_assert_eq(ledger.recorded, 0);
    cr_assert_eq(ledger.writer_failed, 3);
    cr_assert_eq(ledger.messages, 0);
    cr_assert_eq(ledger.messages_dropped, 3 * FRAME_MESSAGES);
    finish();
    close_stand();
}

/* After a failure the writer only counts; what it has on disk is recorded. */
Test(tasks, a_writer_that_failed_goes_on_counting)
{
    struct tc_ledger ledger;

    fill_disk(true);
    ledger = ledger_now();
    cr_assert_eq(ledger.received, stand.pushed[0]);
    cr_assert_eq(ledger.no_batch, 0);
    cr_assert_gt(ledger.recorded, 0);
    cr_assert_eq(ledger.recorded, stream->writers[0]->recorder.writer.state.ledger.recorded);
    cr_assert_gt(ledger.disk_full, 100);
    cr_assert_eq(ledger.messages, ledger.recorded * FRAME_MESSAGES);
    cr_assert_eq(ledger.messages_dropped, ledger.disk_full * FRAME_MESSAGES);
    cr_assert_eq(ledger.recorded + ledger.disk_full, ledger.received);
    cr_assert_eq(tc_published_get(&stream->writers[0]->published.segments), 1);
    close_stand();
}

Test(tasks, blocks_in_buffers_are_lost_with_the_disk)
{
    struct tc_ledger ledger;

    fill_disk(false);
    ledger = ledger_now();
    cr_assert_eq(ledger.received, stand.pushed[0]);
    cr_assert(ledger.recorded == 0 && ledger.messages == 0);
    cr_assert_eq(ledger.disk_full, ledger.received);
    cr_assert_eq(ledger.messages_dropped, ledger.received * FRAME_MESSAGES);
    close_stand();
}

Test(tasks, the_disk_is_synced_in_its_interval)
{
    open_stand("ring", 1);
    receiver->intake.batcher.limits.block_messages = 1;
    use_frail_sink(UINT32_MAX);
    while (tc_published_get(&stream->writers[0]->published.blocks) < 2) {
        push(1);
        receive_all();
        record(0);
    }
    cr_assert_eq(frail.syncs, 0, "the interval is an hour");
    stream->writers[0]->sync_ticks = 0;
    for (uint32_t i = 1; i <= 5; i++) {
        record(0);
        cr_assert_eq(frail.syncs, i);
    }
    finish();
    close_stand();
}

/* ---- frames and times ---- */

Test(tasks, frames_in_pieces_are_put_together)
{
    static uint8_t bytes[9000];
    static const uint32_t rows[][2] = {{9000, 1600}, {1500, 64}, {65, 64}, {9000, 500}};

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + (i >> 8));
    open_stand("ring", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct tc_frame_record *frame;

        cr_assert(ring_stand_push_pieces(&stand, 0, bytes, rows[i][0], rows[i][1]));
        cr_assert_eq(receive_all(), 1);
        frame = last_frame();
        cr_assert_eq(frame->captured_bytes, rows[i][0]);
        cr_assert_eq(frame->wire_bytes, rows[i][0]);
        cr_assert_eq(memcmp(tc_frame_bytes(frame), bytes, rows[i][0]), 0);
    }
    finish();
    close_stand();
}

Test(tasks, stamps_are_used_where_a_frame_has_one)
{
    const struct tc_frame_record *frame;

    open_stand(RING_FILE, 1);
    cr_assert_neq(receiver->time.flag, 0);
    stand.stamp = 1795185000123456; /* in microseconds, says the profile */
    stand.stamp_flag = receiver->time.flag;
    stand.stamp_offset = receiver->time.offset;
    push(1);
    receive_all();
    frame = last_frame();
    cr_assert_eq(frame->rx_ns, UINT64_C(1795185000123456000));
    cr_assert_eq(frame->flags & TC_FRAME_SOFTWARE_TIME, 0);

    stand.stamp_flag = 0;
    push(1);
    receive_all();
    frame = last_frame();
    cr_assert_neq(frame->flags & TC_FRAME_SOFTWARE_TIME, 0);
    cr_assert_neq(frame->flags & TC_FRAME_PROC_IS_RX, 0);
    finish();
    close_stand();
}

Test(tasks, a_port_without_stamps_does_not_look_for_them)
{
    open_stand("ring", 1);
    cr_assert_eq(receiver->time.flag, 0);
    cr_assert_eq(rte_mbuf_dyn_rx_timestamp_register(&stand.stamp_offset, &stand.stamp_flag), 0);
    stand.stamp = 12345;
    push(1);
    receive_all();
    cr_assert_neq(last_frame()->flags & TC_FRAME_SOFTWARE_TIME, 0);
    cr_assert_neq(last_frame()->rx_ns, 12345);
    finish();
    close_stand();
}

/* ---- lcores ---- */

/* A task that works every `period`th step and is over after `steps` of them. */
struct fake_task {
    struct tc_task task;
    int steps, period;
    int started, stepped, stopped;
};

static void fake_start(struct tc_task *task)
{
    ((struct fake_task *)task)->started++;
}

static int fake_step(struct tc_task *task)
{
    struct fake_task *self = (struct fake_task *)task;

    cr_assert(self->started == 1 && self->stopped == 0);
    if (++self->stepped == self->steps)
        return TC_TASK_DONE;
    return self->stepped % self->period == 0;
}

static void fake_stop(struct tc_task *task)
{
    ((struct fake_task *)task)->stopped++;
}

Test(tasks, an_lcore_steps_each_task_until_it_is_done)
{
    static const struct tc_task_ops ops = {fake_start, fake_step, fake_stop};

    for (int policy = TC_IDLE_POLICY_SPIN; policy <= TC_IDLE_POLICY_ADAPTIVE; policy++) {
        struct fake_task tasks[] = {{.task = {.ops = &ops}, .steps = 1, .period = 1},
                                    {.task = {.ops = &ops}, .steps = 3000, .period = 5000},
                                    {.task = {.ops = &ops}, .steps = 70, .period = 7}};
        struct tc_lcore lcore = {
            .idler = {.policy = (enum tc_idle_policy)policy},
            .tasks = {&tasks[0].task, &tasks[1].task, &tasks[2].task},
            .task_count = 3,
        };

        cr_assert_eq(tc_lcore_run(&lcore), 0);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(tasks[i].stepped, tasks[i].steps);
            cr_assert_eq(tasks[i].stopped, 1);
            cr_assert(atomic_load(&tasks[i].task.done));
        }
    }
}

Test(tasks, an_idler_starts_anew_after_work)
{
    struct tc_idler idler = {.policy = TC_IDLE_POLICY_ADAPTIVE};

    for (uint32_t i = 1; i <= 100; i++) {
        tc_idler_step(&idler, false);
        cr_assert_eq(idler.empty, i);
    }
    tc_idler_step(&idler, true);
    cr_assert_eq(idler.empty, 0);
}
