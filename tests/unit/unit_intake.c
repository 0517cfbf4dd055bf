/* The intake: where batches and blocks end, and whose a frame is. */
#include <criterion/criterion.h>

#include "feed/registry.h"
#include "intakebed.h"

TestSuite(intake, .init = stand_set_up);

/* ---- where batches and blocks end ---- */

Test(intake, batches_end_at_their_messages)
{
    const struct tc_batch_limits limits = {.batch_messages = 100};

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 10; i++)
        stand_send(0, "S", 1 + 30 * i, 30, i);
    cr_assert_eq(stand.given_count, 3);
    /* more than a batch may have: alone in one */
    stand_send(0, "S", 301, 500, 10);
    stand_send(0, "S", 801, 1, 11);
    stand_finish(12);
    cr_assert_eq(stand.given_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        static const uint32_t messages[] = {90, 90, 90, 30, 500, 1};
        static const uint32_t frames[] = {3, 3, 3, 1, 1, 1};

        cr_assert_eq(stand.given[i]->messages, messages[i]);
        cr_assert_eq(stand.given[i]->frames, frames[i]);
        cr_assert_eq(stand.given[i]->stream, 3);
    }
    stand_close();
}

Test(intake, batches_end_at_their_frames)
{
    const struct tc_batch_limits limits = {0};

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    stand.intake.batcher.limits.block_bytes = 1 << 30;
    for (uint64_t i = 0; i < 3 * TC_BATCH_FRAMES + 1; i++)
        stand_send_stranger(0, i);
    stand_finish(0);
    cr_assert_eq(stand.given_count, 4);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_leq(stand.given[i]->frames, TC_BATCH_FRAMES);
    cr_assert_eq(stand.intake.ledger.recorded, 3 * TC_BATCH_FRAMES + 1);
    cr_assert_eq(stand.intake.ledger.unmatched, 3 * TC_BATCH_FRAMES + 1);
    stand_close();
}

Test(intake, batches_end_at_their_bytes)
{
    const struct tc_batch_limits limits = {0};

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 1000; i++)
        stand_send_stranger(1400, i);
    stand_finish(0);
    for (uint32_t i = 0; i + 1 < stand.given_count; i++) {
        uint32_t kept_free = stand.intake.batcher.limits.kept_free;

        cr_assert_leq(stand.given[i]->used, stand.given[i]->capacity);
        /* another frame would have left too little for what the batch is told at its end */
        cr_assert_gt(stand.given[i]->used + tc_frame_record_bytes(1400, 0) + kept_free,
                     stand.given[i]->capacity);
    }
    stand_close();
}

Test(intake, batches_and_blocks_grow_old)
{
    const struct tc_batch_limits limits = {.batch_age_ns = 100, .block_age_ns = 1000};
    uint32_t count;

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    tc_intake_tick(&stand.intake, 5000);
    cr_assert_eq(stand.given_count, 0);
    stand_send(0, "S", 1, 1, 10000);
    tc_intake_tick(&stand.intake, 10099);
    cr_assert_eq(stand.given_count, 0);
    tc_intake_tick(&stand.intake, 10100);
    cr_assert_eq(stand.given_count, 1);
    cr_assert_eq(stand.given[0]->flags, 0);
    stand_send(0, "S", 2, 1, 10200);
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
    stand_send(0, "S", 3, 1, 30000);
    tc_intake_tick(&stand.intake, 30100);
    cr_assert_eq(stand.given_count, 4);
    cr_assert_eq(stand.given[3]->block, 1);
    cr_assert_eq(stand.given[3]->flags, 0);
    stand_find_event(stand.given[3], TC_EVENT_LINE, &count);
    cr_assert_eq(count, 1);
    stand_finish(30200);
    stand_close();
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

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const struct tc_arrival arrival = {.bytes = stand.frame,
                                           .captured_bytes = 20,
                                           .wire_bytes = 20,
                                           .rx_ns = i,
                                           .proc_ns = times[i]};

        tc_intake_frame(&stand.intake, &arrival);
    }
    stand_finish(0);
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
    stand_close();
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

        stand_capture(&tc_feed_itch50, 1, 1);
        stand_open(&rows[i].limits, TC_PORT_ANY);
        for (uint32_t j = 0; j < rows[i].frames; j++)
            if (rows[i].messages > 0)
                stand_send(0, "S", 1 + (uint64_t)j * rows[i].messages, rows[i].messages, j);
            else
                stand_send_stranger(rows[i].bytes, j);
        stand_finish(0);
        blocks = check_blocks(&rows[i].limits);
        cr_assert_eq(stand.intake.ledger.recorded, rows[i].frames);
        cr_assert_eq(blocks, rows[i].blocks, "row %zu: %u blocks", i, blocks);
        stand_close();
    }
}

/* ---- whose a frame is ---- */

static uint16_t line_of(uint16_t to, struct smith_envelope envelope)
{
    uint32_t before = stand.given_count;

    smith_packet_begin(&stand.packet, stand_channel(to), "S", 1);
    smith_packet_end(&stand.packet, 0, 0);
    stand_take(stand.frame,
               smith_frame(stand.frame, &stand.capture->catalog.lines[to], &envelope,
                           stand.packet.bytes, stand.packet.length),
               1);
    tc_intake_tick(&stand.intake, UINT64_MAX / 2);
    cr_assert_eq(stand.given_count, before + 1);
    return stand_frame(stand.given[before], 0)->line;
}

Test(intake, lines_of_a_port_a_vlan_or_a_source)
{
    const struct tc_batch_limits limits = {.batch_age_ns = 1};
    struct tc_line *lines;

    stand_capture(&tc_feed_itch50, 2, 6);
    lines = stand.capture->catalog.lines;
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
    cr_assert_eq(tc_catalog_check(&stand.capture->catalog, NULL), TC_OK);
    stand_open(&limits, 1);
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
    stand_close();
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

        stand_capture(tc_feeds[feed], 1, 1);
        stand_open(&limits, TC_PORT_ANY);
        figures = &stand.intake.sequences[0].figures;
        stand_send(0, "S", 1, 3, 1);
        length = smith_frame(stand.frame, &stand.capture->catalog.lines[0], &plain,
                             stand.packet.bytes, stand.packet.length);
        /* cut behind the UDP header at every byte */
        for (uint32_t cut = 14 + 20 + 8; cut < length; cut++, malformed++)
            stand_take(stand.frame, cut, 2);
        /* a count that promises more */
        smith_packet_count(&stand.packet, (uint16_t)(stand.packet.messages + 1));
        stand_send_packet(0, 3);
        malformed++;
        /* a number so high that the messages have none */
        stand_send(0, "S", UINT64_MAX - 1, 3, 4);
        malformed++;
        cr_assert_eq(figures->malformed, malformed);
        cr_assert_eq(stand.intake.ledger.malformed, malformed);
        cr_assert(figures->packets == 1 && figures->messages == 3 && figures->missing == 0);
        cr_assert_eq(stand.intake.ledger.unmatched, 0);
        stand_finish(5);
        stand_close();
    }
}
