/* Putting an intake up, sending it packets, and looking at what it hands over. */
#include "intakebed.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/memory.h"

struct stand stand;

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
    cr_assert_lt(self->given_count, STAND_GIVEN_MAX);
    memcpy(copy, batch, bytes);
    self->given[self->given_count] = copy;
    self->writers[self->given_count++] = writer;
    memset(batch->log, 0xa5, batch->used);
    self->pool[self->pool_count++] = batch;
}

void stand_open(const struct tc_batch_limits *limits, uint8_t nic_port)
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
    stand.memory_bytes = tc_intake_footprint(&stand.capture->catalog, &options);
    stand.memory = tc_memory_take(stand.memory_bytes);
    for (stand.pool_count = 0; stand.pool_count < STAND_POOL; stand.pool_count++)
        stand.pool[stand.pool_count] = tc_batch_init(aligned_alloc(64, TC_BATCH_BYTES),
                                                     TC_BATCH_BYTES);
    stand.starved = false;
    stand.given_count = 0;
    tc_intake_init(&stand.intake, stand.memory, &stand.capture->catalog, &options, &supply);
}

void stand_close(void)
{
    free(stand.intake.batcher.batch);
    free(stand.intake.batcher.next);
    for (uint32_t i = 0; i < stand.pool_count; i++)
        free(stand.pool[i]);
    for (uint32_t i = 0; i < stand.given_count; i++)
        free(stand.given[i]);
    tc_memory_free(stand.memory, stand.memory_bytes);
    smith_capture_free(stand.capture);
}

void stand_set_up(void)
{
    stand.dice.state = 1;
}

void stand_capture(const struct tc_feed *feed, uint16_t channels, uint16_t lines)
{
    struct smith_channel rows[64];

    for (uint16_t i = 0; i < channels; i++)
        rows[i] = (struct smith_channel){feed, lines};
    stand.capture = smith_capture_new(rows, channels, 1);
}

void stand_take(const uint8_t *bytes, uint32_t length, uint64_t time_ns)
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

void stand_send_packet(uint16_t line, uint64_t time_ns)
{
    static const struct smith_envelope envelope;

    stand_take(stand.frame,
               smith_frame(stand.frame, &stand.capture->catalog.lines[line], &envelope,
                           stand.packet.bytes, stand.packet.length),
               time_ns);
}

const struct tc_channel *stand_channel(uint16_t line)
{
    return &stand.capture->catalog.channels[stand.capture->catalog.lines[line].channel];
}

void stand_send(uint16_t line, const char *session, uint64_t sequence, uint32_t count,
                uint64_t time_ns)
{
    const struct tc_channel *channel = stand_channel(line);
    uint8_t message[256];
    uint8_t class = 0;

    while ((channel->feed->types[class].flags & TC_TYPE_DIRECTORY) != 0)
        class ++;
    smith_packet_begin(&stand.packet, channel, session, sequence);
    for (uint32_t i = 0; i < count; i++)
        cr_assert(smith_packet_add(&stand.packet, message,
                                   smith_message(&stand.dice, channel->feed, class, message)));
    smith_packet_end(&stand.packet, time_ns, 0);
    stand_send_packet(line, time_ns);
}

void stand_send_stranger(uint32_t length, uint64_t time_ns)
{
    static const uint8_t zeros[2048];

    stand_take(zeros, length, time_ns);
}

void stand_add_name(const struct tc_channel *channel, uint16_t locate, const char *name)
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
    smith_message(&stand.dice, feed, class, message);
    tc_store_uint(message + number->offset, locate, 2, tc_feed_big_endian(feed));
    memcpy(message + text->offset, name, TC_SYMBOL_BYTES);
    cr_assert(smith_packet_add(&stand.packet, message, type->bytes));
}

void stand_finish(uint64_t time_ns)
{
    cr_assert(tc_intake_finish(&stand.intake, time_ns));
}

const uint8_t *stand_record(const struct tc_batch *batch, uint32_t index)
{
    uint32_t offset = 0;
    const uint8_t *record = NULL;

    for (uint32_t i = 0; i <= index; i++)
        record = tc_batch_next(batch, &offset);
    return record;
}

const struct tc_frame_record *stand_frame(const struct tc_batch *batch, uint32_t index)
{
    uint32_t offset = 0;
    const uint8_t *record;

    while ((record = tc_batch_next(batch, &offset)) != NULL)
        if (tc_record_kind(record) == TC_RECORD_FRAME && index-- == 0)
            return (const void *)record;
    cr_assert_fail("the batch has not as many frames");
    return NULL;
}

const struct tc_event_record *stand_find_event(const struct tc_batch *batch,
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
