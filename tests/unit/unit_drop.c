/* What is not recorded: its totals, its runs, and both as bytes. */
#include <criterion/criterion.h>

#include "support.h"
#include "track/drop.h"

static struct tc_drop drop;

static void take(uint8_t fate, uint16_t line, uint64_t session, uint64_t sequence,
                 uint32_t messages)
{
    struct tc_packet packet = {.session = {{session, 0}},
                               .sequence = sequence,
                               .messages = messages,
                               .kind = messages > 0 ? TC_PACKET_DATA : TC_PACKET_HEARTBEAT};

    tc_drop_frame(&drop, fate, 1000 + drop.frames + drop.filtered_frames, 60);
    tc_drop_packet(&drop, fate, line, &packet, 0);
}

static void drop_one(uint16_t line, uint64_t session, uint64_t sequence, uint32_t messages)
{
    take(TC_DROP_NO_BATCH, line, session, sequence, messages);
}

static void expect_run(uint32_t index, uint16_t line, uint64_t session, uint64_t first,
                       uint64_t end)
{
    const struct tc_drop_run *entry = &drop.runs[index];

    cr_assert_lt(index, drop.run_count);
    cr_assert_eq(entry->line, line);
    cr_assert_eq(entry->run.session.word[0], session);
    cr_assert_eq(entry->run.first, first);
    cr_assert_eq(entry->run.end, end);
}

Test(drop, consecutive_packets_of_a_line_are_one_run)
{
    tc_drop_clear(&drop);
    cr_assert(tc_drop_empty(&drop));
    drop_one(1, 'A', 10, 3);
    drop_one(1, 'A', 13, 2);
    drop_one(1, 'A', 15, 0);
    drop_one(1, 'A', 15, 1);
    cr_assert_eq(drop.run_count, 1);
    expect_run(0, 1, 'A', 10, 16);
    cr_assert_eq(drop.runs[0].run.packets, 4);
    cr_assert_eq(drop.runs[0].run.heartbeats, 1);
    cr_assert_eq(drop.frames, 4);
    cr_assert_eq(drop.messages, 6);
    cr_assert_eq(drop.wire_bytes, 240);
    cr_assert_eq(drop.first_ns, 1000);
    cr_assert_eq(drop.last_ns, 1003);
    cr_assert(drop.exact && !tc_drop_empty(&drop));
}

Test(drop, other_lines_do_not_part_a_run)
{
    enum { LINES = 60 };

    tc_drop_clear(&drop);
    for (uint64_t i = 0; i < 50; i++)
        for (uint16_t line = 0; line < LINES; line++)
            drop_one(line, 'A', 1 + 2 * i, 2);
    cr_assert_eq(drop.run_count, LINES);
    for (uint16_t line = 0; line < LINES; line++)
        expect_run(line, line, 'A', 1, 101);
}

Test(drop, a_jump_or_another_session_is_another_run)
{
    tc_drop_clear(&drop);
    drop_one(1, 'A', 10, 3);
    drop_one(1, 'A', 14, 1); /* 13 was lost before it came here */
    drop_one(1, 'A', 10, 3); /* a duplicate */
    drop_one(1, 'B', 13, 1);
    cr_assert_eq(drop.run_count, 4);
    expect_run(0, 1, 'A', 10, 13);
    expect_run(1, 1, 'A', 14, 15);
    expect_run(2, 1, 'A', 10, 13);
    expect_run(3, 1, 'B', 13, 14);
}

/* A restart may go on at the very number; its lower offset or earlier time shows it. */
Test(drop, a_restart_is_another_run)
{
    struct tc_packet packet = {.sequence = 1, .messages = 1, .send_time = 100};

    tc_drop_clear(&drop);
    packet.stream_offset = 500;
    tc_drop_packet(&drop, TC_DROP_NO_BATCH, 0, &packet, 0);
    packet.sequence = 2;
    packet.stream_offset = 0;
    packet.send_time = 200;
    tc_drop_packet(&drop, TC_DROP_NO_BATCH, 0, &packet, 0);
    cr_assert_eq(drop.run_count, 2);
    packet.sequence = 3;
    packet.stream_offset = 10;
    packet.send_time = 300;
    packet.kind = TC_PACKET_END;
    packet.messages = 0;
    tc_drop_packet(&drop, TC_DROP_NO_BATCH, 0, &packet, TC_DROP_STALE);
    cr_assert_eq(drop.run_count, 2);
    cr_assert_eq(drop.runs[1].run.send_first, 200);
    cr_assert_eq(drop.runs[1].run.send_last, 300);
    cr_assert_eq(drop.runs[1].run.offset_first, 0);
    cr_assert_eq(drop.runs[1].run.offset_last, 10);
    cr_assert_eq(drop.runs[1].run.ends, 1);
    cr_assert_eq(drop.runs[1].run.stale, 1);
}

Test(drop, ends_of_a_session_are_told)
{
    struct tc_packet end = {.session = {{'A', 0}}, .sequence = 13, .kind = TC_PACKET_END};

    tc_drop_clear(&drop);
    drop_one(1, 'A', 10, 3);
    tc_drop_packet(&drop, TC_DROP_NO_BATCH, 1, &end, 0);
    tc_drop_packet(&drop, TC_DROP_NO_BATCH, 1, &end, 0);
    drop_one(2, 'A', 10, 3);
    cr_assert_eq(drop.run_count, 2);
    expect_run(0, 1, 'A', 10, 13);
    cr_assert(drop.runs[0].run.packets == 3 && drop.runs[0].run.heartbeats == 0);
    cr_assert_eq(drop.runs[0].run.ends, 2);
    cr_assert_eq(drop.runs[1].run.ends, 0);
}

Test(drop, fates_are_kept_apart)
{
    tc_drop_clear(&drop);
    take(TC_DROP_FILTERED, 1, 'A', 1, 4);
    take(TC_DROP_FILTERED, 1, 'A', 5, 4);
    take(TC_DROP_NO_BATCH, 1, 'A', 9, 2);
    take(TC_DROP_FILTERED, 1, 'A', 11, 1);
    cr_assert_eq(drop.run_count, 3);
    cr_assert_eq(drop.runs[0].fate, TC_DROP_FILTERED);
    cr_assert_eq(drop.runs[1].fate, TC_DROP_NO_BATCH);
    cr_assert_eq(drop.runs[2].fate, TC_DROP_FILTERED);
    expect_run(0, 1, 'A', 1, 9);
    cr_assert_eq(drop.frames, 1);
    cr_assert_eq(drop.messages, 2);
    cr_assert_eq(drop.filtered_frames, 3);
    cr_assert_eq(drop.filtered_messages, 9);
}

Test(drop, malformed_frames_stand_with_their_line)
{
    tc_drop_clear(&drop);
    tc_drop_malformed(&drop, 3);
    drop_one(2, 'A', 1, 1);
    tc_drop_malformed(&drop, 2);
    tc_drop_malformed(&drop, 2);
    tc_drop_unmatched(&drop);
    cr_assert_eq(drop.run_count, 2);
    cr_assert_eq(drop.runs[0].line, 3);
    cr_assert_eq(drop.runs[0].malformed, 1);
    cr_assert_eq(drop.runs[0].run.packets, 0);
    cr_assert_eq(drop.runs[1].malformed, 2);
    cr_assert_eq(drop.malformed, 3);
    cr_assert_eq(drop.unmatched, 1);
    cr_assert(drop.exact);
}

Test(drop, the_list_is_bounded_and_then_says_so)
{
    tc_drop_clear(&drop);
    for (uint64_t i = 0; i < TC_DROP_RUNS_MAX; i++)
        drop_one(0, 'A', 1 + 10 * i, 2);
    cr_assert(drop.exact && tc_drop_full(&drop));
    drop_one(0, 'A', 10 * TC_DROP_RUNS_MAX - 7, 1); /* goes on where the last run ends */
    cr_assert(drop.exact);
    expect_run(TC_DROP_RUNS_MAX - 1, 0, 'A', 10 * TC_DROP_RUNS_MAX - 9, 10 * TC_DROP_RUNS_MAX - 6);
    drop_one(0, 'A', 1, 5);
    cr_assert_not(drop.exact);
    tc_drop_malformed(&drop, 9);
    cr_assert_eq(drop.run_count, TC_DROP_RUNS_MAX);
    cr_assert_eq(drop.frames, TC_DROP_RUNS_MAX + 2, "totals go on");
    cr_assert_eq(drop.messages, 2 * TC_DROP_RUNS_MAX + 6);
    tc_drop_clear(&drop);
    cr_assert(drop.exact && drop.run_count == 0 && tc_drop_empty(&drop));
    tc_drop_malformed(&drop, 0);
    cr_assert_eq(drop.runs[0].malformed, 1, "a run is fresh after a clear");
    cr_assert_eq(drop.runs[0].run.packets, 0);
}

/* Random packets of some lines; the runs name exactly the numbers that were dropped. */
static void expect_exact_numbers(uint64_t seed)
{
    enum { LINES = 3, NUMBERS = 4000 };
    static uint8_t dropped[LINES][NUMBERS], named[LINES][NUMBERS];
    struct test_random random = {seed};
    uint64_t next[LINES] = {1, 1, 1};

    memset(dropped, 0, sizeof dropped);
    memset(named, 0, sizeof named);
    tc_drop_clear(&drop);
    while (drop.run_count < TC_DROP_RUNS_MAX && drop.frames < 500) {
        uint16_t line = (uint16_t)test_below(&random, LINES);
        uint32_t messages = (uint32_t)test_below(&random, 6);

        next[line] += test_below(&random, 4) == 0 ? test_below(&random, 3) : 0;
        drop_one(line, 'A', next[line], messages);
        for (uint32_t i = 0; i < messages; i++)
            dropped[line][next[line]++]++;
    }
    cr_assert(drop.exact);
    for (uint32_t i = 0; i < drop.run_count; i++)
        for (uint64_t number = drop.runs[i].run.first; number < drop.runs[i].run.end; number++)
            named[drop.runs[i].line][number]++;
    cr_assert_arr_eq(dropped, named, sizeof dropped);
}

Test(drop, runs_name_exactly_what_was_dropped)
{
    for (uint64_t seed = 0; seed < 200; seed++)
        expect_exact_numbers(seed);
}

/* ---- as bytes ---- */

static size_t write_drop(uint8_t bytes[TC_DROP_BYTES_MAX])
{
    struct tc_scribe out = tc_scribe_of(bytes, TC_DROP_BYTES_MAX);

    tc_drop_write(&out, &drop);
    cr_assert_not(out.failed);
    cr_assert_eq(out.length, tc_drop_bytes(&drop));
    return out.length;
}

static void random_drop(struct test_random *random, uint32_t runs)
{
    test_fill(random, &drop, sizeof drop);
    drop.cause = (uint32_t)test_below(random, TC_DROP_CAUSES);
    drop.exact = test_below(random, 2) == 1;
    drop.run_count = runs;
    for (uint32_t i = 0; i < runs; i++) {
        struct tc_drop_run *entry = &drop.runs[i];
        uint64_t fate = test_below(random, TC_DROP_CAUSES + 1);

        entry->fate = fate < TC_DROP_CAUSES ? (uint8_t)fate : TC_DROP_FILTERED;
        if (entry->run.end < entry->run.first)
            entry->run.end = entry->run.first;
    }
}

Test(drop, there_and_back)
{
    static const uint32_t runs[] = {0, 1, 2, 17, TC_DROP_RUNS_MAX - 1, TC_DROP_RUNS_MAX};
    static struct tc_drop found;
    struct test_random random = {4};

    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        uint8_t bytes[TC_DROP_BYTES_MAX];
        struct tc_cursor in;

        random_drop(&random, runs[i]);
        in = tc_cursor_of(bytes, write_drop(bytes));
        memset(&found, 0xee, sizeof found);
        tc_drop_read(&in, &found);
        cr_assert(!in.failed && tc_cursor_left(&in) == 0);
        cr_assert_eq(found.exact, drop.exact);
        cr_assert_arr_eq(&found, &drop, offsetof(struct tc_drop, exact));
        for (uint32_t j = 0; j < runs[i]; j++) {
            cr_assert_arr_eq(&found.runs[j].run, &drop.runs[j].run, sizeof found.runs[j].run);
            cr_assert_eq(found.runs[j].malformed, drop.runs[j].malformed);
            cr_assert_eq(found.runs[j].line, drop.runs[j].line);
            cr_assert_eq(found.runs[j].fate, drop.runs[j].fate);
        }
    }
}

Test(drop, cut_at_every_byte_it_fails)
{
    struct test_random random = {5};
    static struct tc_drop found;

    for (uint32_t runs = 0; runs <= 3; runs += 3) {
        uint8_t bytes[TC_DROP_BYTES_MAX];
        size_t length;

        random_drop(&random, runs);
        length = write_drop(bytes);
        for (size_t cut = 0; cut <= length; cut++) {
            uint8_t *exact = test_exact_copy(bytes, cut);
            struct tc_cursor in = tc_cursor_of(exact, cut);

            tc_drop_read(&in, &found);
            cr_assert_eq(in.failed, cut < length, "cut at %zu of %zu", cut, length);
            test_exact_free(exact);
        }
    }
}

Test(drop, impossible_ones_are_refused)
{
    struct test_random random = {6};
    static uint8_t bytes[TC_DROP_BYTES_MAX + 10 * TC_DROP_RUN_BYTES];
    static struct tc_drop found;
    static const struct {
        size_t offset;
        uint64_t value;
        unsigned width;
    } rows[] = {
        {0, TC_DROP_CAUSES, 4},                       /* cause */
        {0, UINT32_MAX, 4},                           /* cause */
        {80, TC_DROP_RUNS_MAX + 1, 8},                /* runs */
        {80, UINT64_C(1) << 32, 8},                   /* runs */
        {80, UINT64_MAX, 8},                          /* runs */
        {TC_DROP_HEAD_BYTES + 16, UINT64_MAX, 8},     /* begins behind its end */
        {TC_DROP_HEAD_BYTES + 86, TC_DROP_CAUSES, 1}, /* fate */
        {TC_DROP_HEAD_BYTES + 86, TC_DROP_FILTERED + 1, 1},
        {4, 2, 4},                     /* neither exact nor not */
        {TC_DROP_BYTES_MAX - 1, 1, 1}, /* reserved */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tc_cursor in = tc_cursor_of(bytes, sizeof bytes);

        random_drop(&random, TC_DROP_RUNS_MAX);
        drop.runs[0].run.end = UINT64_MAX - 1;
        write_drop(bytes);
        tc_store_uint(bytes + rows[i].offset, rows[i].value, rows[i].width, false);
        tc_drop_read(&in, &found);
        cr_assert(in.failed, "row %zu", i);
        cr_assert_leq(found.run_count, TC_DROP_RUNS_MAX);
    }
}

Test(drop, totals_are_those_of_the_runs)
{
    uint64_t *const totals[] = {&drop.frames, &drop.messages, &drop.unmatched, &drop.malformed,
                                &drop.filtered_messages};

    tc_drop_clear(&drop);
    cr_assert(tc_drop_closes(&drop));
    drop_one(0, 1, 10, 5);
    drop_one(1, 1, 10, 0);
    take(TC_DROP_FILTERED, 0, 1, 15, 2);
    tc_drop_frame(&drop, TC_DROP_NO_BATCH, 2000, 60);
    tc_drop_malformed(&drop, 1);
    tc_drop_frame(&drop, TC_DROP_NO_BATCH, 2001, 60);
    tc_drop_unmatched(&drop);
    tc_drop_frame(&drop, TC_DROP_FILTERED, 2002, 60); /* of no line: in no run */
    cr_assert(tc_drop_closes(&drop));
    for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++)
        for (int by = -1; by <= 1; by += 2) {
            *totals[i] += (uint64_t)by;
            cr_assert_not(tc_drop_closes(&drop), "total %zu, %d more", i, by);
            *totals[i] -= (uint64_t)by;
        }
    /* where the list is not all of it, there may be more than it says, never less */
    drop.exact = false;
    drop.messages++;
    cr_assert(tc_drop_closes(&drop));
    drop.messages -= 2;
    cr_assert_not(tc_drop_closes(&drop));
}
