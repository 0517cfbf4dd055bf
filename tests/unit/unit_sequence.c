/* The sequence tracker: small cases that read like the counting rules. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "linebed.h"

static const char *data(struct linebed *bed, char session, uint64_t sequence, uint32_t messages)
{
    struct tc_packet packet = line_packet(session, TC_PACKET_DATA, sequence, messages);

    return line_take(bed, &packet);
}

static void heartbeat(struct linebed *bed, char session, uint64_t sequence)
{
    struct tc_packet packet = line_packet(session, TC_PACKET_HEARTBEAT, sequence, 0);

    line_take(bed, &packet);
}

static void finish(struct linebed *bed, char session, uint64_t sequence)
{
    struct tc_packet packet = line_packet(session, TC_PACKET_END, sequence, 0);

    line_take(bed, &packet);
}

/* A packet as IEX-TP sends it; 0 messages: a heartbeat. */
static const char *iex(struct linebed *bed, uint64_t sequence, uint32_t messages,
                       uint64_t send_time, uint64_t stream_offset)
{
    struct tc_packet packet = line_packet('X', messages > 0 ? TC_PACKET_DATA : TC_PACKET_HEARTBEAT,
                                          sequence, messages);

    packet.send_time = send_time;
    packet.stream_offset = stream_offset;
    return line_take(bed, &packet);
}

static void expect_missing(const struct tc_session_track *track, const char *expected)
{
    char found[200] = "";
    size_t length = 0;

    for (uint32_t i = 0; i < track->missing.count; i++) {
        struct tc_range range = tc_ranges_at(&track->missing, i);

        length += (size_t)snprintf(found + length, sizeof found - length, "%s%lu-%lu",
                                   i > 0 ? " " : "", range.first, range.end - 1);
    }
    cr_assert_str_eq(found, expected, "%s", found);
}

Test(sequence, nothing_has_no_session)
{
    struct linebed bed;

    line_set_up(&bed, 4, 0);
    cr_assert_null(tc_sequence_current(&bed.line));
    cr_assert_null(tc_sequence_previous(&bed.line));
    line_tear_down(&bed);
}

Test(sequence, the_first_session_starts_at_its_first_packet)
{
    struct linebed bed;

    line_set_up(&bed, 4, 0);
    cr_assert_str_eq(data(&bed, 'A', 5000, 3), "iii");
    cr_assert_eq(bed.verdict.events, TC_VERDICT_NEW_SESSION);
    cr_assert_eq(bed.line.figures.gap_events, 0);
    cr_assert_eq(bed.line.figures.resets, 0);
    cr_assert_eq(tc_sequence_current(&bed.line)->session.first, 5000);
    cr_assert_eq(tc_sequence_current(&bed.line)->session.next, 5003);
    cr_assert_eq(tc_sequence_current(&bed.line)->session.ordinal, 0);
    cr_assert_str_eq(data(&bed, 'A', 4999, 2), "dd"); /* sent before we listened: not missing */
    line_tear_down(&bed);
}

Test(sequence, a_later_session_starts_at_1)
{
    struct linebed bed;

    line_set_up(&bed, 4, 0);
    data(&bed, 'A', 5000, 3);
    cr_assert_str_eq(data(&bed, 'B', 4, 2), "ii");
    cr_assert_eq(bed.verdict.events, TC_VERDICT_NEW_SESSION | TC_VERDICT_RESET | TC_VERDICT_GAP);
    cr_assert_eq(bed.verdict.missing, 3);
    cr_assert_eq(bed.line.figures.missing, 3);
    cr_assert_eq(bed.line.figures.gap_events, 1);
    cr_assert_eq(bed.line.figures.resets, 1);
    cr_assert_eq(tc_sequence_current(&bed.line)->session.first, 1);
    cr_assert_eq(tc_sequence_current(&bed.line)->session.ordinal, 1);
    expect_missing(tc_sequence_current(&bed.line), "1-3");
    line_tear_down(&bed);
}

Test(sequence, a_jump_is_one_gap_event_however_wide)
{
    struct linebed bed;

    line_set_up(&bed, 4, 0);
    data(&bed, 'A', 1, 1);
    cr_assert_str_eq(data(&bed, 'A', 10, 2), "ii");
    cr_assert_eq(bed.verdict.events, TC_VERDICT_GAP);
    cr_assert_eq(bed.verdict.missing, 8);
    cr_assert_str_eq(data(&bed, 'A', 12, 1), "i");
    cr_assert_eq(bed.verdict.events, 0);
    cr_assert_eq(bed.verdict.missing, 0);
    cr_assert_eq(bed.line.figures.gap_events, 1);
    cr_assert_eq(bed.line.figures.missing, 8);
    expect_missing(tc_sequence_current(&bed.line), "2-9");
    line_tear_down(&bed);
}

Test(sequence, what_was_missing_is_late_once_and_then_a_duplicate)
{
    struct linebed bed;

    line_set_up(&bed, 4, 0);
    data(&bed, 'A', 1, 1);
    data(&bed, 'A', 10, 1);
    cr_assert_str_eq(data(&bed, 'A', 4, 2), "ll");
    cr_assert_str_eq(data(&bed, 'A', 3, 4), "lddl");
    cr_assert_eq(bed.line.figures.late, 4);
    cr_assert_eq(bed.line.figures.duplicates, 2);
    cr_assert_eq(bed.line.figures.missing, 4);
    cr_assert_eq(bed.line.figures.gap_events, 1, "a late packet takes no gap back");
    expect_missing(tc_sequence_current(&bed.line), "2-2 7-9");
    line_tear_down(&bed);
}

Test(sequence, one_packet_can_be_late_duplicate_and_in_order)
{
    struct linebed bed;

    line_set_up(&bed, 4, 0);
    data(&bed, 'A', 1, 2);
    data(&bed, 'A', 4, 2);
    cr_assert_str_eq(data(&bed, 'A', 2, 6), "dlddii");
    cr_assert_eq(bed.verdict.old, 4);
    cr_assert_eq(bed.line.figures.messages, 10);
    cr_assert_eq(bed.line.figures.in_order, 6);
    line_tear_down(&bed);
}

Test(sequence, heartbeats_reveal_gaps_and_can_be_stale)
{
    struct linebed bed;

    line_set_up(&bed, 4, TC_RULE_STALE_HEARTBEATS);
    data(&bed, 'A', 1, 4);
    heartbeat(&bed, 'A', 5);
    cr_assert_eq(bed.verdict.events, 0);
    heartbeat(&bed, 'A', 8);
    cr_assert_eq(bed.verdict.events, TC_VERDICT_GAP);
    expect_missing(tc_sequence_current(&bed.line), "5-7");
    heartbeat(&bed, 'A', 6);
    cr_assert_eq(bed.verdict.events, TC_VERDICT_STALE);
    expect_missing(tc_sequence_current(&bed.line), "5-7");
    cr_assert_eq(bed.line.figures.heartbeats, 3);
    cr_assert_eq(bed.line.figures.stale_heartbeats, 1);
    cr_assert_eq(bed.line.figures.packets, 4);
    cr_assert_eq(bed.line.figures.messages, 4);
    line_tear_down(&bed);
}

Test(sequence, where_the_rule_is_off_no_heartbeat_is_stale)
{
    struct linebed bed;

    line_set_up(&bed, 4, TC_RULE_RESETS);
    data(&bed, 'A', 1, 4);
    heartbeat(&bed, 'A', 2);
    cr_assert_eq(bed.verdict.events, 0);
    cr_assert_eq(bed.line.figures.heartbeats, 1);
    cr_assert_eq(bed.line.figures.stale_heartbeats, 0);
    line_tear_down(&bed);
}

Test(sequence, an_end_of_session_is_a_packet_and_nothing_else)
{
    struct linebed bed;

    line_set_up(&bed, 4, TC_RULE_STALE_HEARTBEATS);
    data(&bed, 'A', 1, 4);
    cr_assert_not(tc_sequence_current(&bed.line)->session.end_seen);
    finish(&bed, 'A', 7);
    cr_assert_eq(bed.verdict.events, TC_VERDICT_GAP | TC_VERDICT_END);
    cr_assert(tc_sequence_current(&bed.line)->session.end_seen);
    finish(&bed, 'A', 7);
    finish(&bed, 'A', 3); /* below the expected number, but no heartbeat */
    cr_assert_eq(bed.verdict.events, 0);
    cr_assert_eq(bed.line.figures.packets, 4);
    cr_assert_eq(bed.line.figures.heartbeats, 0);
    cr_assert_eq(bed.line.figures.stale_heartbeats, 0);
    cr_assert_eq(bed.line.figures.resets, 0);
    expect_missing(tc_sequence_current(&bed.line), "5-6");
    cr_assert_str_eq(data(&bed, 'A', 5, 1), "l", "stragglers of a session that is over count");
    line_tear_down(&bed);
}

Test(sequence, the_last_two_sessions_stay_open)
{
    struct linebed bed;

    line_set_up(&bed, 4, 0);
    data(&bed, 'A', 1, 2);
    data(&bed, 'A', 5, 1);
    cr_assert_str_eq(data(&bed, 'B', 1, 1), "i");
    cr_assert_str_eq(data(&bed, 'A', 3, 2), "ll");
    cr_assert_eq(bed.verdict.events, 0);
    cr_assert_str_eq(data(&bed, 'A', 6, 1), "i");
    cr_assert_str_eq(data(&bed, 'B', 2, 1), "i");
    cr_assert_eq(tc_sequence_current(&bed.line)->session.id.word[0], 'B');
    cr_assert_eq(tc_sequence_previous(&bed.line)->session.id.word[0], 'A');
    cr_assert_eq(tc_sequence_previous(&bed.line)->session.next, 7);
    cr_assert_eq(bed.line.figures.resets, 1);
    line_tear_down(&bed);
}

Test(sequence, the_third_session_retires_the_first)
{
    struct linebed bed;

    line_set_up(&bed, 4, 0);
    data(&bed, 'A', 100, 2);
    data(&bed, 'B', 1, 2);
    cr_assert_eq(bed.verdict.events, TC_VERDICT_NEW_SESSION | TC_VERDICT_RESET);
    finish(&bed, 'A', 102);
    data(&bed, 'C', 1, 1);
    cr_assert_eq(bed.verdict.events,
                 TC_VERDICT_NEW_SESSION | TC_VERDICT_RESET | TC_VERDICT_RETIRED);
    cr_assert_eq(bed.verdict.retired.id.word[0], 'A');
    cr_assert_eq(bed.verdict.retired.first, 100);
    cr_assert_eq(bed.verdict.retired.next, 102);
    cr_assert_eq(bed.verdict.retired.ordinal, 0);
    cr_assert(bed.verdict.retired.end_seen);
    cr_assert_eq(bed.line.sessions, 3);
    line_tear_down(&bed);
}

Test(sequence, a_restart_has_a_later_send_time_and_a_lower_offset)
{
    struct linebed bed;

    line_set_up(&bed, 4, TC_RULE_RESETS);
    iex(&bed, 1, 10, 100, 0);
    iex(&bed, 21, 10, 110, 2000);
    cr_assert_str_eq(iex(&bed, 11, 5, 105, 1000), "lllll", "earlier, lower: late");
    iex(&bed, 31, 0, 120, 2000);
    cr_assert_eq(bed.verdict.events, 0, "later, but not lower");
    iex(&bed, 31, 0, 120, 1999);
    cr_assert_eq(bed.verdict.events, 0, "lower, but not later");
    iex(&bed, 1, 0, 130, 0);
    cr_assert_eq(bed.verdict.events, TC_VERDICT_NEW_SESSION | TC_VERDICT_RESET);
    cr_assert_eq(bed.line.figures.resets, 1);
    cr_assert_eq(bed.line.figures.missing, 5);
    cr_assert_str_eq(iex(&bed, 1, 3, 140, 0), "iii");
    cr_assert_str_eq(iex(&bed, 6, 1, 150, 500), "i");
    expect_missing(tc_sequence_current(&bed.line), "4-5");
    cr_assert_eq(tc_sequence_current(&bed.line)->session.ordinal, 1);
    line_tear_down(&bed);
}

Test(sequence, a_restart_makes_what_is_missing_final)
{
    struct linebed bed;

    line_set_up(&bed, 4, TC_RULE_RESETS);
    iex(&bed, 1, 10, 100, 0);
    iex(&bed, 21, 10, 110, 2000);
    iex(&bed, 1, 5, 130, 0);
    /* sent before the restart, so it belongs to the session before it; nothing is missing there */
    cr_assert_str_eq(iex(&bed, 11, 10, 105, 1000), "dddddddddd");
    cr_assert_eq(bed.line.figures.missing, 10);
    cr_assert_eq(bed.line.figures.late, 0);
    /* and this one was lost before the restart, too: the old session goes on */
    cr_assert_str_eq(iex(&bed, 31, 2, 120, 3000), "ii");
    cr_assert_eq(tc_sequence_previous(&bed.line)->session.next, 33);
    cr_assert_str_eq(iex(&bed, 6, 1, 140, 500), "i");
    cr_assert_eq(bed.line.figures.resets, 1);
    line_tear_down(&bed);
}

Test(sequence, a_packet_overtaken_at_a_restart_belongs_to_the_new_session)
{
    struct linebed bed;

    line_set_up(&bed, 4, TC_RULE_RESETS);
    iex(&bed, 1, 10, 100, 0);
    iex(&bed, 11, 10, 110, 1000);
    cr_assert_str_eq(iex(&bed, 4, 2, 140, 300), "ii");
    expect_missing(tc_sequence_current(&bed.line), "1-3");
    /* later than all of the old session and with a lower offset: it can not be of the old one */
    cr_assert_str_eq(iex(&bed, 1, 3, 130, 0), "lll");
    expect_missing(tc_sequence_current(&bed.line), "");
    line_tear_down(&bed);
}

Test(sequence, without_the_rule_times_and_offsets_mean_nothing)
{
    struct linebed bed;

    line_set_up(&bed, 4, TC_RULE_STALE_HEARTBEATS);
    iex(&bed, 1, 10, 100, 0);
    iex(&bed, 11, 10, 110, 1000);
    cr_assert_str_eq(iex(&bed, 1, 2, 130, 0), "dd");
    cr_assert_eq(bed.line.figures.resets, 0);
    line_tear_down(&bed);
}

Test(sequence, the_oldest_missing_are_forgotten_and_counted)
{
    struct linebed bed;

    line_set_up(&bed, 2, 0);
    data(&bed, 'A', 1, 1);
    data(&bed, 'A', 4, 1);  /* 2-3 */
    data(&bed, 'A', 8, 1);  /* 5-7 */
    data(&bed, 'A', 10, 1); /* 9 pushes 2-3 out */
    cr_assert_eq(bed.line.figures.missing, 6);
    cr_assert_eq(bed.line.figures.forgotten, 2);
    expect_missing(tc_sequence_current(&bed.line), "5-7 9-9");
    cr_assert_str_eq(data(&bed, 'A', 2, 2), "dd", "forgotten ones are final");
    cr_assert_str_eq(data(&bed, 'A', 6, 1), "l"); /* splits 5-7: 5 goes */
    cr_assert_eq(bed.line.figures.forgotten, 3);
    cr_assert_eq(bed.line.figures.missing, 5);
    expect_missing(tc_sequence_current(&bed.line), "7-7 9-9");
    line_tear_down(&bed);
}

Test(sequence, a_resumed_line_goes_on_but_knows_no_gaps)
{
    const struct tc_session sessions[] = {
        {.id = {{'B', 0}}, .first = 1, .next = 50, .ordinal = 7},
        {.id = {{'A', 0}}, .first = 1, .next = 20, .ordinal = 6, .end_seen = true},
    };
    struct linebed bed;

    line_set_up(&bed, 4, TC_RULE_RESETS);
    tc_sequence_resume(&bed.line, sessions, 2);
    cr_assert_str_eq(data(&bed, 'B', 48, 3), "ddi");
    cr_assert_eq(bed.verdict.events, 0);
    cr_assert_str_eq(data(&bed, 'A', 22, 1), "i");
    cr_assert_eq(bed.verdict.missing, 2);
    cr_assert(tc_sequence_previous(&bed.line)->session.end_seen);
    data(&bed, 'C', 1, 1);
    cr_assert_eq(bed.verdict.retired.id.word[0], 'A');
    cr_assert_eq(tc_sequence_current(&bed.line)->session.ordinal, 8);
    line_tear_down(&bed);
}

Test(sequence, numbers_up_to_the_highest)
{
    struct linebed bed;

    line_set_up(&bed, 4, TC_RULE_STALE_HEARTBEATS);
    data(&bed, 'A', 1, 1);
    cr_assert_str_eq(data(&bed, 'A', UINT64_MAX - 3, 3), "iii");
    cr_assert_eq(bed.line.figures.missing, UINT64_MAX - 5);
    heartbeat(&bed, 'A', UINT64_MAX);
    cr_assert_eq(bed.verdict.events, 0);
    cr_assert_str_eq(data(&bed, 'A', UINT64_MAX - 4, 4), "lddd");
    line_tear_down(&bed);
}
