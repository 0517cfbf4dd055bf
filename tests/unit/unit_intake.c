/* The intake: where batches end, what they are told, and what happens when none is free. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "block/intake.h"
#include "common/memory.h"
#include "feed/registry.h"
#include "framesmith.h"
#include "track/state.h"

enum { POOL = 8, GIVEN_MAX = 4096 };

/* An intake whose batches are kept as they were handed over. */
struct stand {
    struct tc_intake intake;
    void *memory;
    size_t memory_bytes;
    struct tc_batch *pool[POOL];
    uint32_t pool_count;
    bool starved; /* none is free */
    struct tc_batch *given[GIVEN_MAX];
    uint32_t writers[GIVEN_MAX];
    uint32_t given_count;
};

static struct tc_capture *capture;
static struct smith_packet packet;
static struct smith_random dice;
static uint8_t frame[SMITH_FRAME_BYTES];
static struct stand stand;

static struct tc_batch *take(void *context)
{
    struct stand *self = context;

    if (self->starved)
        return NULL;
    cr_assert_gt(self->pool_count, 0);
    return self->pool[--self->pool_count];
}

static void give(void *context, struct tc_batch *batch, uint32_t writer)
{
    struct stand *self = context;
    size_t bytes = sizeof *batch + batch->used;
    struct tc_batch *copy = aligned_alloc(64, tc_align_up(bytes, 64));

    cr_assert_leq(batch->used, batch->capacity);
    cr_assert(tc_ledger_closes(&batch->ledger));
    cr_assert_lt(self->given_count, GIVEN_MAX);
    memcpy(copy, batch, bytes);
    self->given[self->given_count] = copy;
    self->writers[self->given_count++] = writer;
    memset(batch->log, 0xa5, batch->used);
    self->pool[self->pool_count++] = batch;
}

static void open_stand(const struct tc_batch_limits *limits, uint8_t nic_port)
{
    struct tc_intake_options options = {.stream = 3, .nic_port = nic_port, .limits = *limits};
    const struct tc_batch_supply supply = {take, give, &stand};

    if (options.limits.writers == 0)
        options.limits.writers = 1;
    if (options.limits.batch_messages == 0)
        options.limits.batch_messages = TC_BATCH_MESSAGES;
    if (options.limits.block_messages == 0)
        options.limits.block_messages = 65536;
    if (options.limits.block_bytes == 0)
        options.limits.block_bytes = 8 << 20;
    stand.memory_bytes = tc_intake_footprint(&capture->catalog, &options);
    stand.memory = tc_memory_take(stand.memory_bytes);
    for (stand.pool_count = 0; stand.pool_count < POOL; stand.pool_count++)
        stand.pool[stand.pool_count] = tc_batch_init(aligned_alloc(64, TC_BATCH_BYTES),
                                                     TC_BATCH_BYTES);
    stand.starved = false;
    stand.given_count = 0;
    tc_intake_init(&stand.intake, stand.memory, &capture->catalog, &options, &supply);
}

static void close_stand(void)
{
    free(stand.intake.batcher.batch);
    free(stand.intake.batcher.next);
    for (uint32_t i = 0; i < stand.pool_count; i++)
        free(stand.pool[i]);
    for (uint32_t i = 0; i < stand.given_count; i++)
        free(stand.given[i]);
    tc_memory_free(stand.memory, stand.memory_bytes);
    smith_capture_free(capture);
}

static void set_up(void)
{
    dice.state = 1;
}

TestSuite(intake, .init = set_up);

/* A capture of channels of one feed. */
static void capture_of(const struct tc_feed *feed, uint16_t channels, uint16_t lines)
{
    struct smith_channel rows[64];

    for (uint16_t i = 0; i < channels; i++)
        rows[i] = (struct smith_channel){feed, lines};
    capture = smith_capture_new(rows, channels, 1);
}

static void take_bytes(const uint8_t *bytes, uint32_t length, uint64_t time_ns)
{
    const struct tc_arrival arrival = {.bytes = bytes,
                                       .captured_bytes = length,
                                       .wire_bytes = length,
                                       .rx_ns = time_ns,
                                       .proc_ns = time_ns};
    uint64_t received = stand.intake.ledger.received;

    tc_intake_frame(&stand.intake, &arrival);
    cr_assert_eq(stand.intake.ledger.received, received + 1);
    cr_assert(tc_ledger_closes(&stand.intake.ledger));
}

static void send_packet(uint16_t line, uint64_t time_ns)
{
    static const struct smith_envelope envelope;

    take_bytes(
        frame,
        smith_frame(frame, &capture->catalog.lines[line], &envelope, packet.bytes, packet.length),
        time_ns);
}

static const struct tc_channel *channel_of(uint16_t line)
{
    return &capture->catalog.channels[capture->catalog.lines[line].channel];
}

/* A packet of `count` messages of eleven or more bytes; none of them is a directory message. */
static void send(uint16_t line, const char *session, uint64_t sequence, uint32_t count,
                 uint64_t time_ns)
{
    const struct tc_channel *channel = channel_of(line);
    uint8_t message[256];
    uint8_t class = 0;

    while ((channel->feed->types[class].flags & TC_TYPE_DIRECTORY) != 0)
        class ++;
    smith_packet_begin(&packet, channel, session, sequence);
    for (uint32_t i = 0; i < count; i++)
        cr_assert(smith_packet_add(&packet, message,
                                   smith_message(&dice, channel->feed, class, message)));
    smith_packet_end(&packet, time_ns, 0);
    send_packet(line, time_ns);
}

/* A frame of no line. */
static void send_stranger(uint32_t length, uint64_t time_ns)
{
    static const uint8_t zeros[2048];

    take_bytes(zeros, length, time_ns);
}

/* A directory message that names a locate, for feeds that have such. */
static void add_name(const struct tc_channel *channel, uint16_t locate, const char *name)
{
    const struct tc_feed *feed = channel->feed;
    uint8_t message[256];
    uint8_t class = 0;
    const struct tc_type *type;
    const struct tc_field *number, *text;

    while ((feed->types[class].flags & TC_TYPE_DIRECTORY) == 0)
        class ++;
    type = &feed->types[class];
    number = tc_field_of(type->fields, type->field_count, TC_MEAN_LOCATE);
    text = tc_field_of(type->fields, type->field_count, TC_MEAN_SYMBOL);
    smith_message(&dice, feed, class, message);
    tc_store_uint(message + number->offset, locate, 2, tc_feed_big_endian(feed));
    memcpy(message + text->offset, name, TC_SYMBOL_BYTES);
    cr_assert(smith_packet_add(&packet, message, type->bytes));
}

static void finish(uint64_t time_ns)
{
    cr_assert(tc_intake_finish(&stand.intake, time_ns));
}

/* The record `index` of a batch; NULL behind the last one. */
static const uint8_t *record_of(const struct tc_batch *batch, uint32_t index)
{
    uint32_t offset = 0;
    const uint8_t *record = NULL;

    for (uint32_t i = 0; i <= index; i++)
        record = tc_batch_next(batch, &offset);
    return record;
}

/* The frame `index` of a batch. */
static const struct tc_frame_record *frame_of(const struct tc_batch *batch, uint32_t index)
{
    uint32_t offset = 0;
    const uint8_t *record;

    while ((record = tc_batch_next(batch, &offset)) != NULL)
        if (tc_record_kind(record) == TC_RECORD_FRAME && index-- == 0)
            return (const void *)record;
    cr_assert_fail("the batch has not as many frames");
    return NULL;
}

/* The first event of that kind in a batch, and how many there are. */
static const struct tc_event_record *find_event(const struct tc_batch *batch,
                                                enum tc_event_kind kind, uint32_t *count)
{
    const struct tc_event_record *found = NULL;
    uint32_t offset = 0;
    const uint8_t *record;

    *count = 0;
    while ((record = tc_batch_next(batch, &offset)) != NULL) {
        const struct tc_event_record *event = (const void *)record;

        if (tc_record_kind(record) != TC_RECORD_EVENT || event->event != kind)
            continue;
        found = *count == 0 ? event : found;
        (*count)++;
    }
    return found;
}

/* ---- where batches and blocks end ---- */

Test(intake, batches_end_at_their_messages)
{
    const struct tc_batch_limits limits = {.batch_messages = 100};

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 10; i++)
        send(0, "S", 1 + 30 * i, 30, i);
    cr_assert_eq(stand.given_count, 3);
    /* more than a batch may have: alone in one */
    send(0, "S", 301, 500, 10);
    send(0, "S", 801, 1, 11);
    finish(12);
    cr_assert_eq(stand.given_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        static const uint32_t messages[] = {90, 90, 90, 30, 500, 1};
        static const uint32_t frames[] = {3, 3, 3, 1, 1, 1};

        cr_assert_eq(stand.given[i]->messages, messages[i]);
        cr_assert_eq(stand.given[i]->frames, frames[i]);
        cr_assert_eq(stand.given[i]->stream, 3);
    }
    close_stand();
}

Test(intake, batches_end_at_their_frames)
{
    const struct tc_batch_limits limits = {0};

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    stand.intake.batcher.limits.block_bytes = 1 << 30;
    for (uint64_t i = 0; i < 3 * TC_BATCH_FRAMES + 1; i++)
        send_stranger(0, i);
    finish(0);
    cr_assert_eq(stand.given_count, 4);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_leq(stand.given[i]->frames, TC_BATCH_FRAMES);
    cr_assert_eq(stand.intake.ledger.recorded, 3 * TC_BATCH_FRAMES + 1);
    cr_assert_eq(stand.intake.ledger.unmatched, 3 * TC_BATCH_FRAMES + 1);
    close_stand();
}

Test(intake, batches_end_at_their_bytes)
{
    const struct tc_batch_limits limits = {0};

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 1000; i++)
        send_stranger(1400, i);
    finish(0);
    for (uint32_t i = 0; i + 1 < stand.given_count; i++) {
        uint32_t kept_free = stand.intake.batcher.limits.kept_free;

        cr_assert_leq(stand.given[i]->used, stand.given[i]->capacity);
        /* another frame would have left too little for what the batch is told at its end */
        cr_assert_gt(stand.given[i]->used + tc_frame_record_bytes(1400, 0) + kept_free,
                     stand.given[i]->capacity);
    }
    close_stand();
}

Test(intake, batches_and_blocks_grow_old)
{
    const struct tc_batch_limits limits = {.batch_age_ns = 100, .block_age_ns = 1000};
    uint32_t count;

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    tc_intake_tick(&stand.intake, 5000);
    cr_assert_eq(stand.given_count, 0);
    send(0, "S", 1, 1, 10000);
    tc_intake_tick(&stand.intake, 10099);
    cr_assert_eq(stand.given_count, 0);
    tc_intake_tick(&stand.intake, 10100);
    cr_assert_eq(stand.given_count, 1);
    cr_assert_eq(stand.given[0]->flags, 0);
    send(0, "S", 2, 1, 10200);
    tc_intake_tick(&stand.intake, 10300);
    cr_assert_eq(stand.given_count, 2);
    cr_assert_eq(stand.given[1]->block, stand.given[0]->block);
    /* nothing comes any more: the block is closed by an empty batch */
    tc_intake_tick(&stand.intake, 10999);
    cr_assert_eq(stand.given_count, 2);
    tc_intake_tick(&stand.intake, 11000);
    cr_assert_eq(stand.given_count, 3);
    cr_assert_eq(stand.given[2]->frames, 0);
    cr_assert_eq(stand.given[2]->flags, TC_BATCH_ENDS_BLOCK);
    cr_assert_eq(stand.given[2]->block, 0);
    tc_intake_tick(&stand.intake, 20000);
    cr_assert_eq(stand.given_count, 3);
    /* the next frame begins the next block, whose age counts from there */
    send(0, "S", 3, 1, 30000);
    tc_intake_tick(&stand.intake, 30100);
    cr_assert_eq(stand.given_count, 4);
    cr_assert_eq(stand.given[3]->block, 1);
    cr_assert_eq(stand.given[3]->flags, 0);
    find_event(stand.given[3], TC_EVENT_LINE, &count);
    cr_assert_eq(count, 1);
    finish(30200);
    close_stand();
}

/* Processing times are kept as 32 bits after the batch's first. */
Test(intake, processing_times_any_distance_apart)
{
    static const uint64_t times[] = {5,
                                     5 + (uint64_t)UINT32_MAX,
                                     6 + (uint64_t)UINT32_MAX * 2,
                                     7,
                                     0,
                                     UINT64_MAX,
                                     UINT64_MAX - 1,
                                     3,
                                     12,
                                     11};
    const struct tc_batch_limits limits = {0};
    uint32_t next = 0;

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const struct tc_arrival arrival = {.bytes = frame,
                                           .captured_bytes = 20,
                                           .wire_bytes = 20,
                                           .rx_ns = i,
                                           .proc_ns = times[i]};

        tc_intake_frame(&stand.intake, &arrival);
    }
    finish(0);
    for (uint32_t i = 0; i < stand.given_count; i++) {
        uint32_t offset = 0;
        const uint8_t *record;

        while ((record = tc_batch_next(stand.given[i], &offset)) != NULL) {
            const struct tc_frame_record *one = (const void *)record;

            cr_assert_eq(tc_record_kind(record), TC_RECORD_FRAME);
            cr_assert_eq(one->rx_ns, next);
            cr_assert_eq(stand.given[i]->proc_base_ns + one->proc_after_ns, times[next]);
            next++;
        }
    }
    cr_assert_eq(next, sizeof times / sizeof times[0]);
    close_stand();
}

/* A block ends as soon as another batch might take it beyond its limits, and not before. */
static uint32_t check_blocks(const struct tc_batch_limits *limits)
{
    uint64_t block = 0, messages = 0, frames = 0, bytes = 0;
    uint32_t blocks = 0;

    for (uint32_t i = 0; i < stand.given_count; i++) {
        const struct tc_batch *batch = stand.given[i];
        bool full;

        cr_assert_eq(batch->block, block);
        cr_assert_eq(stand.writers[i], block % limits->writers);
        messages += batch->messages;
        frames += batch->frames;
        bytes += batch->used;
        full = messages + limits->batch_messages > limits->block_messages ||
               frames + TC_BATCH_FRAMES > limits->block_messages ||
               bytes + batch->capacity > limits->block_bytes;
        if ((batch->flags & TC_BATCH_ENDS_RUN) != 0)
            cr_assert((batch->flags & TC_BATCH_ENDS_BLOCK) != 0);
        else
            cr_assert_eq((batch->flags & TC_BATCH_ENDS_BLOCK) != 0, full, "batch %u", i);
        if ((batch->flags & TC_BATCH_ENDS_BLOCK) != 0) {
            block++;
            blocks += frames > 0;
            messages = frames = bytes = 0;
        }
    }
    return blocks;
}

Test(intake, blocks_end_at_their_limits_and_go_to_the_writers_in_turn)
{
    static const struct {
        struct tc_batch_limits limits;
        uint32_t messages; /* of a frame; 0: of no line */
        uint32_t bytes;    /* of a frame without messages */
        uint32_t frames;
        uint32_t blocks;
    } rows[] = {
        {{3, 1000, 0, 20000, 1 << 30, 0, 0}, 100, 0, 1000, 5},
        {{2, 1000, 0, 20000, 1 << 30, 0, 0}, 0, 14, 50000, 4},
        {{4, 1000, 0, 65536, 1 << 20, 0, 0}, 0, 1400, 4000, 6},
        {{1, 10, 0, 10, 1 << 20, 0, 0}, 1, 0, 100, 10},
        {{1, 8192, 0, 65536, TC_BATCH_BYTES, 0, 0}, 0, 1400, 1000, 6},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t blocks;

        capture_of(&tc_feed_itch50, 1, 1);
        open_stand(&rows[i].limits, TC_PORT_ANY);
        for (uint32_t j = 0; j < rows[i].frames; j++)
            if (rows[i].messages > 0)
                send(0, "S", 1 + (uint64_t)j * rows[i].messages, rows[i].messages, j);
            else
                send_stranger(rows[i].bytes, j);
        finish(0);
        blocks = check_blocks(&rows[i].limits);
        cr_assert_eq(stand.intake.ledger.recorded, rows[i].frames);
        cr_assert_eq(blocks, rows[i].blocks, "row %zu: %u blocks", i, blocks);
        close_stand();
    }
}

/* ---- events ---- */

Test(intake, a_name_stands_behind_the_frame_that_gave_it)
{
    const struct tc_batch_limits limits = {0};
    const struct tc_event_record *event;

    capture_of(&tc_feed_itch50, 2, 1);
    open_stand(&limits, TC_PORT_ANY);
    send(1, "S", 1, 1, 5);
    smith_packet_begin(&packet, channel_of(1), "S", 2);
    add_name(channel_of(1), 77, "ABC     ");
    smith_packet_end(&packet, 0, 0);
    send_packet(1, 6);
    send(1, "S", 3, 1, 7);
    /* the same name again is no news, another one is */
    smith_packet_begin(&packet, channel_of(1), "S", 4);
    add_name(channel_of(1), 77, "ABC     ");
    add_name(channel_of(1), 77, "DEF     ");
    smith_packet_end(&packet, 0, 0);
    send_packet(1, 8);
    finish(9);
    event = (const void *)record_of(stand.given[0], 3);
    cr_assert_eq(event->event, TC_EVENT_SYMBOL);
    cr_assert_eq(event->about, 1);
    cr_assert_eq(event->time_ns, 6);
    cr_assert_eq(event->payload_bytes, 10);
    cr_assert_eq(memcmp(event + 1, "\x4d\0ABC     ", 10), 0);
    event = (const void *)record_of(stand.given[0], 6);
    cr_assert_eq(event->event, TC_EVENT_SYMBOL);
    cr_assert_eq(memcmp(event + 1, "\x4d\0DEF     ", 10), 0);
    event = (const void *)record_of(stand.given[0], 7);
    cr_assert_eq(event->event, TC_EVENT_LINE);
    cr_assert_null(record_of(stand.given[0], 8));
    close_stand();
}

Test(intake, a_session_that_is_closed_is_told_before_the_frame_that_closed_it)
{
    const struct tc_batch_limits limits = {0};
    const struct tc_event_record *event;
    struct tc_session session = {0};
    struct tc_cursor in;

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    send(0, "ONE", 7, 3, 1);
    send(0, "TWO", 1, 2, 2);
    send(0, "THREE", 4, 1, 3); /* closes ONE; and 1 to 3 are missing */
    finish(4);
    event = (const void *)record_of(stand.given[0], 4); /* behind two starts and two frames */
    cr_assert_eq(event->event, TC_EVENT_SESSION);
    cr_assert_eq(event->about, 0);
    cr_assert_eq(event->time_ns, 3);
    in = tc_cursor_of(event + 1, event->payload_bytes);
    tc_session_read(&in, &session);
    cr_assert(!in.failed && tc_cursor_left(&in) == 0);
    cr_assert_eq(memcmp(&session.id, "ONE\0\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
    cr_assert_eq(session.first, 7);
    cr_assert_eq(session.next, 10);
    cr_assert_eq(session.ordinal, 0);
    cr_assert_eq(stand.intake.sequences[0].figures.missing, 3);
    close_stand();
}

Test(intake, flags_of_frames_and_messages)
{
    const struct tc_batch_limits limits = {0};
    static const uint16_t expected[] = {
        TC_FRAME_NEW_SESSION,
        0,
        TC_FRAME_GAP_BEFORE,
        TC_FRAME_OLD_MESSAGES,
        TC_FRAME_OLD_MESSAGES,
        TC_FRAME_HEARTBEAT,
        TC_FRAME_HEARTBEAT | TC_FRAME_STALE,
        TC_FRAME_HEARTBEAT | TC_FRAME_GAP_BEFORE,
        TC_FRAME_END_OF_SESSION,
        TC_FRAME_NEW_SESSION,
    };
    const struct tc_frame_record *record;

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    send(0, "S", 1, 2, 0);
    send(0, "S", 3, 2, 1);
    send(0, "S", 10, 1, 2);
    send(0, "S", 4, 3, 3); /* 4 a duplicate, 5 and 6 late */
    send(0, "S", 9, 3, 4); /* 9 late, 10 a duplicate, 11 in order */
    send(0, "S", 12, 0, 5);
    send(0, "S", 11, 0, 6);
    send(0, "S", 14, 0, 7);
    smith_packet_begin(&packet, channel_of(0), "S", 14);
    smith_packet_count(&packet, 0xffff);
    send_packet(0, 8);
    send(0, "T", 1, 1, 9);
    finish(10);
    for (uint32_t i = 0; i < 10; i++) {
        record = frame_of(stand.given[0], i);
        cr_assert_eq(record->flags, expected[i] | TC_FRAME_PROC_IS_RX, "frame %u: %x", i,
                     record->flags);
    }
    record = frame_of(stand.given[0], 3);
    cr_assert_eq(tc_frame_marks_of(record)[0].flags, TC_MESSAGE_DUPLICATE);
    cr_assert_eq(tc_frame_marks_of(record)[1].flags, TC_MESSAGE_LATE);
    cr_assert_eq(tc_frame_marks_of(record)[2].flags, TC_MESSAGE_LATE);
    record = frame_of(stand.given[0], 4);
    cr_assert_eq(tc_frame_marks_of(record)[0].flags, TC_MESSAGE_LATE);
    cr_assert_eq(tc_frame_marks_of(record)[1].flags, TC_MESSAGE_DUPLICATE);
    cr_assert_eq(tc_frame_marks_of(record)[2].flags, 0);
    close_stand();
}

/* ---- no batch is free ---- */

static void read_drop(const struct tc_batch *batch, struct tc_drop *drop)
{
    const struct tc_event_record *event = (const void *)record_of(batch, 0);
    struct tc_cursor in;
    uint32_t count;

    cr_assert_eq(tc_record_kind((const void *)event), TC_RECORD_EVENT);
    cr_assert_eq(event->event, TC_EVENT_DROPPED);
    cr_assert_eq(event->about, TC_LINE_NONE);
    in = tc_cursor_of(event + 1, event->payload_bytes);
    tc_drop_read(&in, drop);
    cr_assert(!in.failed && tc_cursor_left(&in) == 0);
    cr_assert_eq(event->time_ns, drop->last_ns);
    find_event(batch, TC_EVENT_DROPPED, &count);
    cr_assert_eq(count, 1);
}

static void check_run(const struct tc_drop_run *entry, uint16_t line, uint64_t first, uint64_t end,
                      uint32_t packets, uint32_t heartbeats, uint32_t malformed)
{
    cr_assert_eq(entry->line, line);
    cr_assert_eq(entry->fate, TC_DROP_NO_BATCH);
    cr_assert_eq(entry->run.first, first);
    cr_assert_eq(entry->run.end, end);
    cr_assert_eq(entry->run.packets, packets);
    cr_assert_eq(entry->run.heartbeats, heartbeats);
    cr_assert_eq(entry->malformed, malformed);
    cr_assert_eq(memcmp(&entry->run.session, "S\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
}

Test(intake, frames_without_a_batch_are_tracked_dropped_and_told_first)
{
    const struct tc_batch_limits limits = {.batch_messages = 4};
    const struct tc_ledger *ledger = &stand.intake.ledger;
    const struct tc_figures *figures;
    struct tc_drop drop;

    capture_of(&tc_feed_itch50, 1, 2);
    open_stand(&limits, TC_PORT_ANY);
    send(0, "S", 1, 4, 100);
    stand.starved = true;
    send(0, "S", 5, 4, 101);
    send(0, "S", 9, 4, 102);
    send(1, "S", 1, 6, 103);
    send(0, "S", 15, 2, 104); /* 13 and 14 are missing */
    send(0, "S", 17, 0, 105); /* a heartbeat continues the run */
    send_stranger(60, 106);
    take_bytes(frame,
               smith_frame(frame, &capture->catalog.lines[1], &(struct smith_envelope){0},
                           packet.bytes, 7),
               107); /* malformed: no header */
    cr_assert_eq(ledger->recorded, 1);
    cr_assert_eq(ledger->no_batch, 7);
    stand.starved = false;
    send(0, "S", 17, 1, 110);
    finish(111);
    cr_assert_eq(stand.given_count, 2);
    read_drop(stand.given[1], &drop);
    cr_assert(drop.frames == 7 && drop.messages == 16 && drop.unmatched == 1 && drop.exact);
    cr_assert(drop.first_ns == 101 && drop.last_ns == 107 && drop.cause == TC_DROP_NO_BATCH);
    cr_assert_eq(drop.run_count, 3);
    check_run(&drop.runs[0], 0, 5, 13, 2, 0, 0);
    check_run(&drop.runs[1], 1, 1, 7, 1, 0, 1);
    check_run(&drop.runs[2], 0, 15, 17, 2, 1, 0);
    cr_assert_eq(ledger->messages_dropped, 16);
    cr_assert_eq(ledger->messages, 5);
    figures = &stand.intake.sequences[0].figures;
    cr_assert(figures->packets == 6 && figures->missing == 2 && figures->gap_events == 1);
    cr_assert(figures->messages == 15 && figures->not_recorded == 10);
    figures = &stand.intake.sequences[1].figures;
    cr_assert(figures->malformed == 1 && figures->messages == 6 && figures->not_recorded == 6);
    close_stand();
}

Test(intake, a_drop_with_too_many_runs_says_so)
{
    const struct tc_batch_limits limits = {0};
    uint64_t messages = 0;
    struct tc_drop drop;

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    stand.starved = true;
    for (uint32_t i = 0; i < TC_DROP_RUNS_MAX + 50; i++)
        send(0, "S", 10 * (uint64_t)i + 1, 1 + i % 5, i);
    stand.starved = false;
    finish(1000);
    cr_assert_eq(stand.given_count, 1);
    cr_assert_eq(stand.given[0]->frames, 0);
    read_drop(stand.given[0], &drop);
    cr_assert_not(drop.exact);
    cr_assert_eq(drop.run_count, TC_DROP_RUNS_MAX);
    for (uint32_t i = 0; i < TC_DROP_RUNS_MAX + 50; i++)
        messages += 1 + i % 5;
    cr_assert_eq(drop.messages, messages);
    cr_assert_eq(drop.frames, TC_DROP_RUNS_MAX + 50);
    close_stand();
}

/* Batches come and go at random; whatever happens, the sums are right at every moment. */
Test(intake, every_frame_has_one_fate_under_random_starvation)
{
    const struct tc_batch_limits limits = {
        .writers = 3, .batch_messages = 50, .block_messages = 9000, .batch_age_ns = 40};
    uint64_t sequences[6] = {1, 1, 1, 1, 1, 1};
    uint64_t told = 0, recorded = 0;
    struct tc_drop drop;

    capture_of(&tc_feed_itch50, 3, 2);
    open_stand(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 20000; i++) {
        uint16_t line = (uint16_t)smith_below(&dice, 6);
        uint32_t count = smith_below(&dice, 7);

        if (smith_once_in(&dice, 50))
            stand.starved = !stand.starved;
        if (smith_once_in(&dice, 9))
            tc_intake_tick(&stand.intake, i);
        if (smith_once_in(&dice, 20)) {
            send_stranger(smith_below(&dice, 90), i);
            continue;
        }
        sequences[line] += smith_once_in(&dice, 15) ? smith_below(&dice, 5) : 0;
        send(line, "S", sequences[line], count, i);
        sequences[line] += count;
    }
    stand.starved = false;
    finish(20000);
    for (uint32_t i = 0; i < stand.given_count; i++) {
        uint32_t count;

        recorded += stand.given[i]->frames;
        if (find_event(stand.given[i], TC_EVENT_DROPPED, &count) != NULL) {
            read_drop(stand.given[i], &drop);
            told += drop.frames;
        }
        cr_assert_eq(stand.given[i]->ledger.recorded, recorded);
        cr_assert_eq(stand.given[i]->ledger.no_batch, told);
        cr_assert_eq(stand.given[i]->ledger.received, recorded + told);
    }
    cr_assert_eq(recorded + told, 20000);
    cr_assert_gt(told, 1000);
    close_stand();
}

/* A source that asks first loses nothing, however rarely a batch is free. */
Test(intake, who_waits_loses_nothing)
{
    const struct tc_batch_limits limits = {.batch_messages = 20};
    uint32_t waited = 0;
    uint64_t sequence = 1;

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 5000; i++) {
        uint32_t count = smith_below(&dice, 30);

        stand.starved = smith_once_in(&dice, 2);
        while (!tc_intake_ready(&stand.intake)) {
            waited++;
            stand.starved = smith_once_in(&dice, 2);
        }
        send(0, "S", sequence, count, i);
        sequence += count;
    }
    stand.starved = false;
    finish(5000);
    cr_assert_gt(waited, 100);
    cr_assert_eq(stand.intake.ledger.recorded, 5000);
    cr_assert_eq(stand.intake.ledger.no_batch, 0);
    close_stand();
}

Test(intake, the_end_waits_for_a_batch_and_comes_once_for_each_writer)
{
    const struct tc_batch_limits limits = {.writers = 3, .batch_messages = 8};
    uint32_t ends[3] = {0};

    capture_of(&tc_feed_itch50, 1, 1);
    open_stand(&limits, TC_PORT_ANY);
    send(0, "S", 1, 8, 1);
    stand.starved = true;
    /* the open batch can end one writer; the others need batches of their own */
    cr_assert_not(tc_intake_finish(&stand.intake, 2));
    cr_assert_not(tc_intake_finish(&stand.intake, 3));
    stand.starved = false;
    cr_assert(tc_intake_finish(&stand.intake, 4));
    cr_assert(tc_intake_finish(&stand.intake, 5));
    for (uint32_t i = 0; i < stand.given_count; i++) {
        cr_assert_eq(ends[stand.writers[i]], 0, "a batch behind the end");
        ends[stand.writers[i]] += (stand.given[i]->flags & TC_BATCH_ENDS_RUN) != 0;
    }
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_eq(ends[i], 1);
    close_stand();
}

/* ---- telling ---- */

/* Each writer is told every name exactly once, and the run does not end before that. */
Test(intake, every_writer_is_told_every_name)
{
    enum { NAMES = 1500 };
    const struct tc_batch_limits limits = {
        .writers = 3, .batch_messages = 60, .block_messages = 8192 + 60};
    static uint32_t told[3][2][NAMES];
    uint64_t sequence = 1;
    char name[9];

    capture_of(&tc_feed_itch50, 2, 1);
    open_stand(&limits, TC_PORT_ANY);
    for (uint32_t i = 0; i < NAMES; i += 30) {
        uint16_t line = (uint16_t)(i / 30 % 2);

        stand.starved = i % 90 == 0;
        smith_packet_begin(&packet, channel_of(line), "S", sequence);
        for (uint32_t j = i; j < i + 30; j++) {
            snprintf(name, sizeof name, "N%07u", j);
            add_name(channel_of(line), (uint16_t)(j * 40), name);
        }
        smith_packet_end(&packet, 0, 0);
        send_packet(line, i);
        sequence += 30;
    }
    stand.starved = false;
    finish(9000);
    for (uint32_t i = 0; i < stand.given_count; i++) {
        uint32_t offset = 0;
        const uint8_t *record;

        while ((record = tc_batch_next(stand.given[i], &offset)) != NULL) {
            const struct tc_event_record *event = (const void *)record;
            const uint8_t *payload = (const uint8_t *)(event + 1);
            uint32_t number = tc_load_le16(payload) / 40u;

            if (tc_record_kind(record) != TC_RECORD_EVENT || event->event != TC_EVENT_SYMBOL)
                continue;
            snprintf(name, sizeof name, "N%07u", number);
            cr_assert_eq(memcmp(payload + 2, name, 8), 0);
            told[stand.writers[i]][event->about][number]++;
        }
    }
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t j = 0; j < NAMES; j++) {
            cr_assert_eq(told[i][j / 30 % 2][j], 1, "writer %u, name %u", i, j);
            cr_assert_eq(told[i][1 - j / 30 % 2][j], 0);
        }
    close_stand();
}

/* What each writer was told last of each line, against what the intake knows. */
static void check_line_states(uint32_t writers)
{
    uint32_t lines = capture->catalog.line_count;
    struct tc_line_state *states = calloc(writers * lines, sizeof *states);
    bool *known = calloc(writers * lines, sizeof *known);

    for (uint32_t i = 0; i < stand.given_count; i++) {
        uint32_t offset = 0;
        const uint8_t *record;

        while ((record = tc_batch_next(stand.given[i], &offset)) != NULL) {
            const struct tc_event_record *event = (const void *)record;
            size_t at = (size_t)stand.writers[i] * lines + event->about;
            struct tc_cursor in;

            if (tc_record_kind(record) != TC_RECORD_EVENT || event->event != TC_EVENT_LINE)
                continue;
            in = tc_cursor_of(event + 1, event->payload_bytes);
            tc_line_state_read(&in, &states[at]);
            cr_assert(!in.failed && tc_cursor_left(&in) == 0);
            known[at] = true;
        }
    }
    for (uint32_t i = 0; i < writers * lines; i++) {
        struct tc_line_state now;

        tc_line_state_of(&now, &stand.intake.sequences[i % lines]);
        if (now.session_count == 0 && now.figures.malformed == 0)
            continue;
        cr_assert(known[i], "writer %u was never told of line %u", i / lines, i % lines);
        cr_assert_eq(memcmp(&now.figures, &states[i].figures, sizeof now.figures), 0,
                     "writer %u has old figures of line %u", i / lines, i % lines);
        cr_assert_eq(now.session_count, states[i].session_count);
        for (uint8_t j = 0; j < now.session_count; j++)
            cr_assert_eq(now.sessions[j].next, states[i].sessions[j].next);
    }
    free(states);
    free(known);
}

Test(intake, every_writer_knows_the_lines_at_the_end)
{
    const struct tc_batch_limits limits = {
        .writers = 3, .batch_messages = 50, .block_messages = 8192 + 200};

    capture_of(&tc_feed_itch50, 4, 2);
    open_stand(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 3000; i++)
        send((uint16_t)(i * i % 8), i < 2000 ? "S" : "T", 1 + 3 * i, 2, i);
    finish(3000);
    check_line_states(3);
    close_stand();
}

/* More lines than a full batch has room for. */
Test(intake, hundreds_of_lines_are_all_told_at_the_end)
{
    const struct tc_batch_limits limits = {.writers = 2};
    uint64_t sequence = 1;

    capture_of(&tc_feed_deep10, 40, 15);
    open_stand(&limits, TC_PORT_ANY);
    for (uint16_t line = 0; line < 600; line++)
        send(line, "S", 1, 1, line);
    /* the last batch is as full as it can be */
    while (stand.intake.batcher.batch == NULL ||
           stand.intake.batcher.frame_room - stand.intake.batcher.batch->used > 3000) {
        send((uint16_t)(sequence % 600), "S", sequence, 20, 1000);
        sequence++;
    }
    finish(2000);
    check_line_states(2);
    close_stand();
}

/* ---- whose a frame is ---- */

static uint16_t line_of(uint16_t to, struct smith_envelope envelope)
{
    uint32_t before = stand.given_count;

    smith_packet_begin(&packet, channel_of(to), "S", 1);
    smith_packet_end(&packet, 0, 0);
    take_bytes(
        frame,
        smith_frame(frame, &capture->catalog.lines[to], &envelope, packet.bytes, packet.length), 1);
    tc_intake_tick(&stand.intake, UINT64_MAX / 2);
    cr_assert_eq(stand.given_count, before + 1);
    return frame_of(stand.given[before], 0)->line;
}

Test(intake, lines_of_a_port_a_vlan_or_a_source)
{
    const struct tc_batch_limits limits = {.batch_age_ns = 1};
    struct tc_line *lines;

    capture_of(&tc_feed_itch50, 2, 6);
    lines = capture->catalog.lines;
    for (uint16_t i = 1; i < 5; i++) {
        lines[i].group = lines[0].group;
        lines[i].port = lines[0].port;
    }
    lines[0].source = 0x0a000001;
    lines[1].source = 0x0a000002;
    lines[2].source = 0x0a000003, lines[2].vlan = 10;
    lines[3].source = 0x0a000003, lines[3].vlan = 20;
    lines[4].source = 0x0a000004, lines[4].nic_port = 1;
    lines[5].nic_port = 2;
    cr_assert_eq(tc_catalog_check(&capture->catalog, NULL), TC_OK);
    open_stand(&limits, 1);
    cr_assert_eq(line_of(0, (struct smith_envelope){.source = 0x0a000001}), 0);
    cr_assert_eq(line_of(0, (struct smith_envelope){.source = 0x0a000002}), 1);
    cr_assert_eq(line_of(0, (struct smith_envelope){.source = 0x0a000003}), TC_LINE_NONE);
    cr_assert_eq(line_of(0, (struct smith_envelope){.source = 0x0a000003, .vlans = {10}, 1}), 2);
    cr_assert_eq(line_of(0, (struct smith_envelope){.source = 0x0a000003, .vlans = {20}, 1}), 3);
    /* priority bits are no part of the identifier; the inner tag counts */
    cr_assert_eq(
        line_of(0, (struct smith_envelope){.source = 0x0a000003, .vlans = {10, 0xe014}, 2}), 3);
    cr_assert_eq(line_of(0, (struct smith_envelope){.source = 0x0a000003, .vlans = {30}, 1}),
                 TC_LINE_NONE);
    cr_assert_eq(line_of(0, (struct smith_envelope){.source = 0x0a000001, .vlans = {30}, 1}), 0);
    cr_assert_eq(line_of(0, (struct smith_envelope){.source = 0x0a000004}), 4);
    cr_assert_eq(line_of(0, (struct smith_envelope){.source = 0x0a000005}), TC_LINE_NONE);
    cr_assert_eq(line_of(5, (struct smith_envelope){0}), TC_LINE_NONE); /* of another port */
    cr_assert_eq(line_of(6, (struct smith_envelope){0}), 6);
    /* three tags, or a later fragment, are of nobody */
    cr_assert_eq(line_of(6, (struct smith_envelope){.vlans = {1, 2, 3}, .vlan_count = 3}),
                 TC_LINE_NONE);
    cr_assert_eq(line_of(6, (struct smith_envelope){.fragment = 1}), TC_LINE_NONE);
    cr_assert_eq(line_of(6, (struct smith_envelope){.fragment = 0x2000}), 6);
    close_stand();
}

/* Each broken frame is malformed, counted there and nowhere else. */
Test(intake, malformed_frames_move_nothing)
{
    const struct tc_batch_limits limits = {0};

    for (size_t feed = 0; feed < tc_feed_count; feed++) {
        const struct tc_figures *figures = &stand.intake.sequences[0].figures;
        struct smith_envelope plain = {0};
        uint32_t length;
        uint64_t malformed = 0;

        capture_of(tc_feeds[feed], 1, 1);
        open_stand(&limits, TC_PORT_ANY);
        figures = &stand.intake.sequences[0].figures;
        send(0, "S", 1, 3, 1);
        length = smith_frame(frame, &capture->catalog.lines[0], &plain, packet.bytes,
                             packet.length);
        /* cut behind the UDP header at every byte */
        for (uint32_t cut = 14 + 20 + 8; cut < length; cut++, malformed++)
            take_bytes(frame, cut, 2);
        /* a count that promises more */
        smith_packet_count(&packet, (uint16_t)(packet.messages + 1));
        send_packet(0, 3);
        malformed++;
        /* a number so high that the messages have none */
        send(0, "S", UINT64_MAX - 1, 3, 4);
        malformed++;
        cr_assert_eq(figures->malformed, malformed);
        cr_assert_eq(stand.intake.ledger.malformed, malformed);
        cr_assert(figures->packets == 1 && figures->messages == 3 && figures->missing == 0);
        cr_assert_eq(stand.intake.ledger.unmatched, 0);
        finish(5);
        close_stand();
    }
}
