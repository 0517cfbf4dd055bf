/* Intake and recorder with one batch between them. */
#include "tamperbed.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/memory.h"
#include "pipework.h"
#include "segmentbed.h"

struct tamper tamper;

static struct tc_batch *take(void *context)
{
    struct tc_batch *batch = tamper.starved ? NULL : tamper.batch;

    (void)context;
    if (batch != NULL)
        tamper.batch = NULL;
    return batch;
}

/* Takes a record out of a batch, or changes a byte of its payload, or only looks at it. */
static void change(struct tc_batch *batch, struct tc_event_record *event)
{
    uint8_t *record = (uint8_t *)event;
    uint32_t bytes = event->bytes;

    tamper.payload_bytes = event->payload_bytes;
    memcpy(tamper.payload, event + 1,
           event->payload_bytes < sizeof tamper.payload ? event->payload_bytes
                                                        : sizeof tamper.payload);
    if (tamper.byte == TAMPER_LOOK)
        return;
    if (tamper.byte >= 0) {
        ((uint8_t *)(event + 1))[tamper.byte] ^= 1;
        return;
    }
    memmove(record, record + bytes, (size_t)(batch->log + batch->used - (record + bytes)));
    batch->used -= bytes;
}

static void give(void *context, struct tc_batch *batch, uint32_t writer)
{
    struct tc_error error = {0};
    uint32_t offset = 0;
    const uint8_t *record;

    (void)context;
    (void)writer;
    while ((record = tc_batch_next(batch, &offset)) != NULL) {
        struct tc_event_record *event = (struct tc_event_record *)(uintptr_t)record;

        if (tc_record_kind(record) == TC_RECORD_EVENT && event->event == tamper.kind &&
            tamper.seen++ == tamper.nth) {
            change(batch, event);
            break;
        }
    }
    cr_assert_eq(tc_recorder_batch(&tamper.recorder, batch, &error), TC_OK, "%s", error.text);
    tamper.batch = batch;
}

static void open_recorder(const struct tc_batch_limits *limits)
{
    const struct tc_recorder_options options = {
        .writer = {.directory = segments_folder, .writers = 1},
        .limits = tc_block_limits_of(limits->block_messages, limits->block_bytes,
                                     limits->batch_messages, TC_BATCH_BYTES),
        .compress = true,
    };

    tamper.recorder_bytes = tc_recorder_footprint(tamper.capture, &options);
    tamper.recorder_memory = tc_memory_take(tamper.recorder_bytes);
    tamper.sink = tc_file_sink_new();
    tc_recorder_init(&tamper.recorder, tamper.recorder_memory, tamper.capture, &options,
                     tamper.sink, pipework_id);
}

static void open_filter(void)
{
    tamper.filter_bytes = tc_symbol_filter_footprint(&tamper.capture->catalog);
    tamper.filter_memory = tc_memory_take(tamper.filter_bytes);
    tc_symbol_filter_init(&tamper.filter, tamper.filter_memory, &tamper.capture->catalog);
}

void tamper_open(const struct tc_feed *feed, uint16_t lines, bool filters)
{
    const struct smith_channel channel = {feed, lines};
    const struct tc_batch_supply supply = {take, give, NULL};
    const struct tc_intake_options options = {
        .nic_port = TC_PORT_ANY,
        .symbols = filters ? &tamper.filter : NULL,
        .limits = {.writers = 1,
                   .batch_messages = TC_BATCH_MESSAGES,
                   .block_messages = 65536,
                   .block_bytes = 8 << 20},
    };

    tamper.capture = smith_capture_new(&channel, 1, 1);
    tamper.dice.state = 1;
    tamper.now_ns = UINT64_C(1700000000000000000);
    tamper.starved = false;
    tamper.seen = 0;
    open_filter();
    tamper.batch = tc_batch_init(aligned_alloc(64, TC_BATCH_BYTES), TC_BATCH_BYTES);
    tamper.intake_bytes = tc_intake_footprint(&tamper.capture->catalog, &options);
    tamper.intake_memory = tc_memory_take(tamper.intake_bytes);
    tc_intake_init(&tamper.intake, tamper.intake_memory, &tamper.capture->catalog, &options,
                   &supply);
    open_recorder(&options.limits);
}

static void send_frame(uint16_t line)
{
    static const struct smith_envelope envelope;
    uint32_t bytes = smith_frame(tamper.frame, &tamper.capture->catalog.lines[line], &envelope,
                                 tamper.packet.bytes, tamper.packet.length);
    const struct tc_arrival arrival = {.bytes = tamper.frame,
                                       .captured_bytes = bytes,
                                       .wire_bytes = bytes,
                                       .rx_ns = tamper.now_ns,
                                       .proc_ns = tamper.now_ns};

    tc_intake_frame(&tamper.intake, &arrival);
    tamper.now_ns += 1000;
}

/* A type of message that is no directory message and names its symbol. */
static uint8_t class_of(const struct tc_feed *feed)
{
    uint8_t class = 0;

    while ((feed->types[class].flags & TC_TYPE_DIRECTORY) != 0 ||
           tc_field_of(feed->types[class].fields, feed->types[class].field_count, TC_MEAN_SYMBOL) ==
               NULL)
        class ++;
    return class;
}

void tamper_send(uint16_t line, const char *session, uint64_t sequence, uint32_t messages,
                 uint64_t send_time, uint64_t stream_offset)
{
    const struct tc_channel *channel = &tamper.capture->catalog.channels[0];
    uint8_t class = class_of(channel->feed);
    uint8_t message[256];

    smith_packet_begin(&tamper.packet, channel, session, sequence);
    for (uint32_t i = 0; i < messages; i++)
        cr_assert(smith_packet_add(&tamper.packet, message,
                                   smith_message(&tamper.dice, channel->feed, class, message)));
    smith_packet_end(&tamper.packet, send_time, stream_offset);
    send_frame(line);
}

void tamper_end_session(uint16_t line, const char *session, uint64_t sequence)
{
    smith_packet_begin(&tamper.packet, &tamper.capture->catalog.channels[0], session, sequence);
    smith_packet_count(&tamper.packet, 0xffff);
    send_frame(line);
}

void tamper_starve(bool starved)
{
    tamper.starved = starved;
    if (starved && tamper.intake.batcher.batch != NULL)
        tc_batcher_close(&tamper.intake.batcher, tamper.now_ns);
}

void tamper_close(void)
{
    tamper.starved = false;
    cr_assert(tc_intake_finish(&tamper.intake, tamper.now_ns));
    cr_assert(tamper.recorder.finished);
    free(tamper.batch);
    tc_memory_free(tamper.intake_memory, tamper.intake_bytes);
    tc_memory_free(tamper.recorder_memory, tamper.recorder_bytes);
    tc_memory_free(tamper.filter_memory, tamper.filter_bytes);
    tc_file_sink_free(tamper.sink);
    smith_capture_free(tamper.capture);
}
