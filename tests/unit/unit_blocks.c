/*
 * Round trips: whatever is received comes back from the blocks, byte for byte, with its time, its
 * flags, its marks and the events between. The comparing is done by pipework, block by block.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "feed/registry.h"
#include "hostile.h"
#include "pipework.h"

static void take(void *context, const struct tc_arrival *arrival)
{
    pipework_take(context, arrival);
}

/* One run: everything that `send` sends goes through the pipeline. */
static void run(struct tc_capture *capture, const struct pipework_options *wanted, uint64_t seed,
                void (*send)(struct hostile *hostile))
{
    struct pipework_options options = *wanted;
    struct pipework *work;
    struct hostile *hostile;

    options.capture = capture;
    work = pipework_new(&options);
    work->intake.clock = (struct tc_clock){
        .source = TC_CLOCK_NIC, .unit = TC_UNIT_TICKS, .slope = 5};
    hostile = hostile_new(capture, seed, take, work);
    send(hostile);
    pipework_finish(work, hostile->time_ns);
    cr_assert_gt(work->blocks, 0);
    hostile_free(hostile);
    pipework_free(work);
    smith_capture_free(capture);
}

static const struct pipework_options as_programs_do;
static const struct pipework_options small_blocks = {
    .limits = {.writers = 3, .batch_messages = 64, .block_messages = 8192 + 300}};
static const struct pipework_options plain_blocks = {
    .limits = {.batch_messages = 500, .block_messages = 10000}, .plain = true};

static void send_feed(struct hostile *hostile)
{
    hostile_feed(hostile, 6000);
}

static void send_shapes(struct hostile *hostile)
{
    hostile_feed(hostile, 50);
    hostile_shapes(hostile);
    hostile_feed(hostile, 50);
}

static void send_noise(struct hostile *hostile)
{
    hostile_noise(hostile, 8000);
}

static void send_everything(struct hostile *hostile)
{
    for (int i = 0; i < 3; i++) {
        hostile_feed(hostile, 500);
        hostile_noise(hostile, 500);
        hostile_shapes(hostile);
    }
}

/* ---- every feed by itself ---- */

static struct tc_capture *capture_of(const struct tc_feed *feed, uint16_t lines)
{
    const struct smith_channel channel = {feed, lines};

    return smith_capture_new(&channel, 1, 1);
}

Test(blocks, feeds)
{
    for (size_t i = 0; i < tc_feed_count; i++)
        for (uint16_t lines = 1; lines <= 3; lines++)
            run(capture_of(tc_feeds[i], lines), &as_programs_do, i * 10 + lines, send_feed);
}

Test(blocks, feeds_in_small_blocks_of_several_writers)
{
    for (size_t i = 0; i < tc_feed_count; i++)
        run(capture_of(tc_feeds[i], 2), &small_blocks, 100 + i, send_feed);
}

Test(blocks, feeds_that_are_not_compressed)
{
    run(smith_capture_of_all_feeds(), &plain_blocks, 200, send_feed);
}

/* ---- together, and with what does not belong there ---- */

Test(blocks, shapes)
{
    run(smith_capture_of_all_feeds(), &as_programs_do, 1, send_shapes);
    run(smith_capture_of_all_feeds(), &plain_blocks, 2, send_shapes);
}

Test(blocks, noise)
{
    run(smith_capture_of_all_feeds(), &as_programs_do, 3, send_noise);
    run(smith_capture_of_all_feeds(), &small_blocks, 4, send_noise);
}

Test(blocks, giants)
{
    const struct pipework_options one_message = {
        .limits = {.batch_messages = 1, .block_messages = 1, .block_bytes = TC_BATCH_BYTES}};

    run(smith_capture_of_all_feeds(), &as_programs_do, 5, hostile_giants);
    run(smith_capture_of_all_feeds(), &plain_blocks, 6, hostile_giants);
    run(smith_capture_of_all_feeds(), &one_message, 7, hostile_giants);
}

Test(blocks, everything_with_large_batches)
{
    const struct pipework_options large = {
        .limits = {.batch_messages = 65536, .block_messages = 262144, .block_bytes = 32 << 20},
        .batch_bytes = 4 << 20};

    run(smith_capture_of_all_feeds(), &large, 8, send_everything);
}

/* Beyond 32 channels, all of a feed share columns. */
Test(blocks, many_channels_share_columns)
{
    struct smith_channel channels[70];

    for (size_t i = 0; i < 70; i++)
        channels[i] = (struct smith_channel){tc_feeds[i % tc_feed_count], (uint16_t)(1 + i % 3)};
    for (size_t count = 31; count <= 70; count += 13) {
        struct tc_capture *capture = smith_capture_new(channels, count, 1);

        cr_assert_eq(capture->catalog.group_count, count <= TC_GROUPS_MAX ? count : tc_feed_count);
        run(capture, &as_programs_do, 20 + count, send_feed);
    }
    run(smith_capture_new(channels, 40, 1), &small_blocks, 21, send_noise);
}

Test(blocks, a_capture_without_channels)
{
    struct tc_capture *capture = smith_capture_new(NULL, 0, 1);
    struct pipework *work = pipework_new(&(struct pipework_options){.capture = capture});
    uint8_t bytes[1500] = {0};
    struct smith_random dice = {1};

    for (uint64_t i = 0; i < 3000; i++)
        pipework_take_frame(work, bytes, smith_below(&dice, 1500), i);
    pipework_finish(work, 0);
    cr_assert_eq(work->intake.ledger.unmatched, 3000);
    pipework_free(work);
    smith_capture_free(capture);
}

/* ---- bounds of a block ---- */

/* More shapes of headers than a block has templates; what finds none is stored whole. */
static void send_many_headers(struct hostile *hostile)
{
    const struct tc_channel *channel = &hostile->capture->catalog.channels[0];

    for (uint32_t i = 0; i < 3 * TC_TEMPLATES_MAX; i++) {
        struct smith_envelope envelope = {.vlans = {(uint16_t)(i % 1500)}, .vlan_count = 1};
        struct tc_arrival arrival = {.bytes = hostile->frame, .rx_ns = i, .proc_ns = i};
        uint8_t message[256];

        smith_packet_begin(&hostile->packet, channel, "S", i + 1);
        smith_packet_add(&hostile->packet, message,
                         smith_message(&hostile->dice, channel->feed, 0, message));
        smith_packet_end(&hostile->packet, i, i);
        arrival.captured_bytes = arrival.wire_bytes = smith_frame(
            hostile->frame, &hostile->capture->catalog.lines[0], &envelope, hostile->packet.bytes,
            hostile->packet.length);
        take(hostile->context, &arrival);
    }
}

Test(blocks, more_headers_than_templates)
{
    for (size_t i = 0; i < tc_feed_count; i++)
        run(capture_of(tc_feeds[i], 1), &as_programs_do, 30 + i, send_many_headers);
}

/* More sessions than a block has ranges: the block says that its ranges are incomplete. */
static void send_many_sessions(struct hostile *hostile)
{
    const struct tc_channel *channel = &hostile->capture->catalog.channels[0];

    for (uint32_t i = 0; i < 3000; i++) {
        static const struct smith_envelope plain;
        struct tc_arrival arrival = {.bytes = hostile->frame, .rx_ns = i, .proc_ns = i};
        char session[5] = {0};

        tc_store_le32(session, i * 2654435761u);
        smith_packet_begin(&hostile->packet, channel, session, 1);
        memcpy(hostile->packet.bytes + channel->framer.session.offset, session, 4);
        smith_packet_end(&hostile->packet, i, i);
        arrival.captured_bytes = arrival.wire_bytes = smith_frame(
            hostile->frame, &hostile->capture->catalog.lines[0], &plain, hostile->packet.bytes,
            hostile->packet.length);
        take(hostile->context, &arrival);
    }
}

Test(blocks, more_sessions_than_ranges)
{
    for (size_t i = 0; i < tc_feed_count; i++)
        run(capture_of(tc_feeds[i], 1), &as_programs_do, 40 + i, send_many_sessions);
}

/* Twins on two lines are stored once, near-twins are not; both come back. */
Test(blocks, twins_make_a_capture_small)
{
    struct tc_capture *capture = capture_of(&tc_feed_itch50, 2);
    uint64_t bytes[3];

    for (int kind = 0; kind < 3; kind++) {
        struct pipework *work = pipework_new(&(struct pipework_options){.capture = capture});
        static struct smith_packet packet;
        static uint8_t frame[SMITH_FRAME_BYTES];
        const struct smith_envelope plain = {0};
        struct smith_random dice = {7};
        uint8_t message[256];

        for (uint64_t i = 0; i < 4000; i++) {
            smith_packet_begin(&packet, &capture->catalog.channels[0], "S", 1 + 5 * i);
            for (int j = 0; j < 5; j++) {
                uint8_t class = (uint8_t)smith_below(&dice, tc_feed_itch50.type_count);

                smith_packet_add(&packet, message,
                                 smith_message(&dice, &tc_feed_itch50, class, message));
            }
            smith_packet_end(&packet, 0, 0);
            for (uint16_t line = 0; line < (kind == 0 ? 1 : 2); line++) {
                pipework_take_frame(work, frame,
                                    smith_frame(frame, &capture->catalog.lines[line], &plain,
                                                packet.bytes, packet.length),
                                    i * 1000 + line);
                if (kind == 2)
                    packet.bytes[packet.length - 1] ^= 1;
            }
        }
        pipework_finish(work, 0);
        bytes[kind] = work->writers[0].recorder.writer.bytes_stored;
        pipework_free(work);
    }
    cr_assert_lt(bytes[1], bytes[0] + bytes[0] / 10);
    cr_assert_gt(bytes[2], bytes[0] + bytes[0] / 2);
    smith_capture_free(capture);
}

/* Batches are missing now and then: what is left is whole, and says what is not there. */
Test(blocks, with_losses_between)
{
    struct tc_capture *capture = smith_capture_of_all_feeds();
    struct pipework_options options = small_blocks;
    struct pipework *work;
    struct hostile *hostile;

    options.capture = capture;
    work = pipework_new(&options);
    hostile = hostile_new(capture, 9, take, work);
    for (int i = 0; i < 300; i++) {
        work->starved = smith_once_in(&hostile->dice, 3);
        hostile_feed(hostile, 1 + smith_below(&hostile->dice, 60));
        hostile_noise(hostile, smith_below(&hostile->dice, 20));
        tc_intake_tick(&work->intake, hostile->time_ns);
    }
    pipework_finish(work, hostile->time_ns);
    cr_assert_gt(work->drops_told, 1000);
    hostile_free(hostile);
    pipework_free(work);
    smith_capture_free(capture);
}
