/* The intake when no batch is free: what is lost is tracked, counted and told. */
#include <criterion/criterion.h>

#include "feed/registry.h"
#include "intakebed.h"

TestSuite(intakedrops, .init = stand_set_up);

static void read_drop(const struct tc_batch *batch, struct tc_drop *drop)
{
    const struct tc_event_record *event = (const void *)stand_record(batch, 0);
    struct tc_cursor in;
    uint32_t count;

    cr_assert_eq(tc_record_kind((const void *)event), TC_RECORD_EVENT);
    cr_assert_eq(event->event, TC_EVENT_DROPPED);
    cr_assert_eq(event->about, TC_LINE_NONE);
    in = tc_cursor_of(event + 1, event->payload_bytes);
    tc_drop_read(&in, drop);
    cr_assert(!in.failed && tc_cursor_left(&in) == 0);
    cr_assert_eq(event->time_ns, drop->last_ns);
    stand_find_event(batch, TC_EVENT_DROPPED, &count);
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

Test(intakedrops, frames_without_a_batch_are_tracked_dropped_and_told_first)
{
    const struct tc_batch_limits limits = {.batch_messages = 4};
    const struct tc_ledger *ledger = &stand.intake.ledger;
    const struct tc_figures *figures;
    struct tc_drop drop;

    stand_capture(&tc_feed_itch50, 1, 2);
    stand_open(&limits, TC_PORT_ANY);
    stand_send(0, "S", 1, 4, 100);
    stand.starved = true;
    stand_send(0, "S", 5, 4, 101);
    stand_send(0, "S", 9, 4, 102);
    stand_send(1, "S", 1, 6, 103);
    stand_send(0, "S", 15, 2, 104); /* 13 and 14 are missing */
    stand_send(0, "S", 17, 0, 105); /* a heartbeat continues the run */
    stand_send_stranger(60, 106);
    stand_take(stand.frame,
               smith_frame(stand.frame, &stand.capture->catalog.lines[1],
                           &(struct smith_envelope){0}, stand.packet.bytes, 7),
               107); /* malformed: no header */
    cr_assert_eq(ledger->recorded, 1);
    cr_assert_eq(ledger->no_batch, 7);
    stand.starved = false;
    stand_send(0, "S", 17, 1, 110);
    stand_finish(111);
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
    stand_close();
}

Test(intakedrops, a_drop_with_too_many_runs_says_so)
{
    const struct tc_batch_limits limits = {0};
    uint64_t messages = 0;
    struct tc_drop drop;

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    stand.starved = true;
    for (uint32_t i = 0; i < TC_DROP_RUNS_MAX + 50; i++)
        stand_send(0, "S", 10 * (uint64_t)i + 1, 1 + i % 5, i);
    stand.starved = false;
    stand_finish(1000);
    cr_assert_eq(stand.given_count, 1);
    cr_assert_eq(stand.given[0]->frames, 0);
    read_drop(stand.given[0], &drop);
    cr_assert_not(drop.exact);
    cr_assert_eq(drop.run_count, TC_DROP_RUNS_MAX);
    for (uint32_t i = 0; i < TC_DROP_RUNS_MAX + 50; i++)
        messages += 1 + i % 5;
    cr_assert_eq(drop.messages, messages);
    cr_assert_eq(drop.frames, TC_DROP_RUNS_MAX + 50);
    stand_close();
}

/* Batches come and go at random; whatever happens, the sums are right at every moment. */
Test(intakedrops, every_frame_has_one_fate_under_random_starvation)
{
    const struct tc_batch_limits limits = {
        .writers = 3, .batch_messages = 50, .block_messages = 9000, .batch_age_ns = 40};
    uint64_t sequences[6] = {1, 1, 1, 1, 1, 1};
    uint64_t told = 0, recorded = 0;
    struct tc_drop drop;

    stand_capture(&tc_feed_itch50, 3, 2);
    stand_open(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 20000; i++) {
        uint16_t line = (uint16_t)smith_below(&stand.dice, 6);
        uint32_t count = smith_below(&stand.dice, 7);

        if (smith_once_in(&stand.dice, 50))
            stand.starved = !stand.starved;
        if (smith_once_in(&stand.dice, 9))
            tc_intake_tick(&stand.intake, i);
        if (smith_once_in(&stand.dice, 20)) {
            stand_send_stranger(smith_below(&stand.dice, 90), i);
            continue;
        }
        sequences[line] += smith_once_in(&stand.dice, 15) ? smith_below(&stand.dice, 5) : 0;
        stand_send(line, "S", sequences[line], count, i);
        sequences[line] += count;
    }
    stand.starved = false;
    stand_finish(20000);
    for (uint32_t i = 0; i < stand.given_count; i++) {
        uint32_t count;

        recorded += stand.given[i]->frames;
        if (stand_find_event(stand.given[i], TC_EVENT_DROPPED, &count) != NULL) {
            read_drop(stand.given[i], &drop);
            told += drop.frames;
        }
        cr_assert_eq(stand.given[i]->ledger.recorded, recorded);
        cr_assert_eq(stand.given[i]->ledger.no_batch, told);
        cr_assert_eq(stand.given[i]->ledger.received, recorded + told);
    }
    cr_assert_eq(recorded + told, 20000);
    cr_assert_gt(told, 1000);
    stand_close();
}

/* A source that asks first loses nothing, however rarely a batch is free. */
Test(intakedrops, who_waits_loses_nothing)
{
    const struct tc_batch_limits limits = {.batch_messages = 20};
    uint32_t waited = 0;
    uint64_t sequence = 1;

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 5000; i++) {
        uint32_t count = smith_below(&stand.dice, 30);

        stand.starved = smith_once_in(&stand.dice, 2);
        while (!tc_intake_ready(&stand.intake)) {
            waited++;
            stand.starved = smith_once_in(&stand.dice, 2);
        }
        stand_send(0, "S", sequence, count, i);
        sequence += count;
    }
    stand.starved = false;
    stand_finish(5000);
    cr_assert_gt(waited, 100);
    cr_assert_eq(stand.intake.ledger.recorded, 5000);
    cr_assert_eq(stand.intake.ledger.no_batch, 0);
    stand_close();
}

Test(intakedrops, the_end_waits_for_a_batch_and_comes_once_for_each_writer)
{
    const struct tc_batch_limits limits = {.writers = 3, .batch_messages = 8};
    uint32_t ends[3] = {0};

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    stand_send(0, "S", 1, 8, 1);
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
    stand_close();
}
