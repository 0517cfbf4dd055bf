/* What batches are told: names, sessions, flags, and what every writer knows at the end. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "feed/registry.h"
#include "intakebed.h"
#include "track/state.h"

TestSuite(intakeevents, .init = stand_set_up);

/* ---- events ---- */

Test(intakeevents, a_name_stands_behind_the_frame_that_gave_it)
{
    const struct tc_batch_limits limits = {0};
    const struct tc_event_record *event;

    stand_capture(&tc_feed_itch50, 2, 1);
    stand_open(&limits, TC_PORT_ANY);
    stand_send(1, "S", 1, 1, 5);
    smith_packet_begin(&stand.packet, stand_channel(1), "S", 2);
    stand_add_name(stand_channel(1), 77, "ABC     ");
    smith_packet_end(&stand.packet, 0, 0);
    stand_send_packet(1, 6);
    stand_send(1, "S", 3, 1, 7);
    /* the same name again is no news, another one is */
    smith_packet_begin(&stand.packet, stand_channel(1), "S", 4);
    stand_add_name(stand_channel(1), 77, "ABC     ");
    stand_add_name(stand_channel(1), 77, "DEF     ");
    smith_packet_end(&stand.packet, 0, 0);
    stand_send_packet(1, 8);
    stand_finish(9);
    event = (const void *)stand_record(stand.given[0], 3);
    cr_assert_eq(event->event, TC_EVENT_SYMBOL);
    cr_assert_eq(event->about, 1);
    cr_assert_eq(event->time_ns, 6);
    cr_assert_eq(event->payload_bytes, 10);
    cr_assert_eq(memcmp(event + 1, "\x4d\0ABC     ", 10), 0);
    event = (const void *)stand_record(stand.given[0], 6);
    cr_assert_eq(event->event, TC_EVENT_SYMBOL);
    cr_assert_eq(memcmp(event + 1, "\x4d\0DEF     ", 10), 0);
    event = (const void *)stand_record(stand.given[0], 7);
    cr_assert_eq(event->event, TC_EVENT_LINE);
    cr_assert_null(stand_record(stand.given[0], 8));
    stand_close();
}

Test(intakeevents, a_session_that_is_closed_is_told_before_the_frame_that_closed_it)
{
    const struct tc_batch_limits limits = {0};
    const struct tc_event_record *event;
    struct tc_session session = {0};
    struct tc_cursor in;

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    stand_send(0, "ONE", 7, 3, 1);
    stand_send(0, "TWO", 1, 2, 2);
    stand_send(0, "THREE", 4, 1, 3); /* closes ONE; and 1 to 3 are missing */
    stand_finish(4);
    event = (const void *)stand_record(stand.given[0], 4); /* behind two starts and two frames */
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
    stand_close();
}

Test(intakeevents, flags_of_frames_and_messages)
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

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    stand_send(0, "S", 1, 2, 0);
    stand_send(0, "S", 3, 2, 1);
    stand_send(0, "S", 10, 1, 2);
    stand_send(0, "S", 4, 3, 3); /* 4 a duplicate, 5 and 6 late */
    stand_send(0, "S", 9, 3, 4); /* 9 late, 10 a duplicate, 11 in order */
    stand_send(0, "S", 12, 0, 5);
    stand_send(0, "S", 11, 0, 6);
    stand_send(0, "S", 14, 0, 7);
    smith_packet_begin(&stand.packet, stand_channel(0), "S", 14);
    smith_packet_count(&stand.packet, 0xffff);
    stand_send_packet(0, 8);
    stand_send(0, "T", 1, 1, 9);
    stand_finish(10);
    for (uint32_t i = 0; i < 10; i++) {
        record = stand_frame(stand.given[0], i);
        cr_assert_eq(record->flags, expected[i] | TC_FRAME_PROC_IS_RX, "frame %u: %x", i,
                     record->flags);
    }
    record = stand_frame(stand.given[0], 3);
    cr_assert_eq(tc_frame_marks_of(record)[0].flags, TC_MESSAGE_DUPLICATE);
    cr_assert_eq(tc_frame_marks_of(record)[1].flags, TC_MESSAGE_LATE);
    cr_assert_eq(tc_frame_marks_of(record)[2].flags, TC_MESSAGE_LATE);
    record = stand_frame(stand.given[0], 4);
    cr_assert_eq(tc_frame_marks_of(record)[0].flags, TC_MESSAGE_LATE);
    cr_assert_eq(tc_frame_marks_of(record)[1].flags, TC_MESSAGE_DUPLICATE);
    cr_assert_eq(tc_frame_marks_of(record)[2].flags, 0);
    stand_close();
}

/* ---- telling ---- */

/* Each writer is told every name exactly once, and the run does not end before that. */
Test(intakeevents, every_writer_is_told_every_name)
{
    enum { NAMES = 1500 };
    const struct tc_batch_limits limits = {
        .writers = 3, .batch_messages = 60, .block_messages = 8192 + 60};
    static uint32_t told[3][2][NAMES];
    uint64_t sequence = 1;
    char name[9];

    stand_capture(&tc_feed_itch50, 2, 1);
    stand_open(&limits, TC_PORT_ANY);
    for (uint32_t i = 0; i < NAMES; i += 30) {
        uint16_t line = (uint16_t)(i / 30 % 2);

        stand.starved = i % 90 == 0;
        smith_packet_begin(&stand.packet, stand_channel(line), "S", sequence);
        for (uint32_t j = i; j < i + 30; j++) {
            snprintf(name, sizeof name, "N%07u", j);
            stand_add_name(stand_channel(line), (uint16_t)(j * 40), name);
        }
        smith_packet_end(&stand.packet, 0, 0);
        stand_send_packet(line, i);
        sequence += 30;
    }
    stand.starved = false;
    stand_finish(9000);
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
    stand_close();
}

/* What each writer was told last of each line, against what the intake knows. */
static void check_line_states(uint32_t writers)
{
    uint32_t lines = stand.capture->catalog.line_count;
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

Test(intakeevents, every_writer_knows_the_lines_at_the_end)
{
    const struct tc_batch_limits limits = {
        .writers = 3, .batch_messages = 50, .block_messages = 8192 + 200};

    stand_capture(&tc_feed_itch50, 4, 2);
    stand_open(&limits, TC_PORT_ANY);
    for (uint64_t i = 0; i < 3000; i++)
        stand_send((uint16_t)(i * i % 8), i < 2000 ? "S" : "T", 1 + 3 * i, 2, i);
    stand_finish(3000);
    check_line_states(3);
    stand_close();
}

/* Whoever tells something knows whether it will be told. */
Test(intakeevents, what_is_told_while_no_batch_is_free_is_told_later_or_refused)
{
    const struct tc_batch_limits limits = {0};
    const uint64_t values[] = {1, 10000};
    uint32_t taken = 0, told;

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    stand.starved = true;
    while (tc_intake_event(&stand.intake, TC_EVENT_LINK, 0, 5, values, sizeof values))
        taken++;
    cr_assert_gt(taken, 50);
    stand.starved = false;
    cr_assert_not(tc_intake_event(&stand.intake, TC_EVENT_LINK, 0, 6, values, sizeof values),
                  "it would stand before those that wait");
    tc_intake_tick(&stand.intake, UINT64_C(1000000000));
    cr_assert(tc_intake_event(&stand.intake, TC_EVENT_LINK, 0, 7, values, sizeof values));
    stand_finish(UINT64_C(1000000001));
    stand_find_event(stand.given[0], TC_EVENT_LINK, &told);
    cr_assert_eq(told, taken + 1);
    stand_close();
}

/* However long no batch is free, what the port missed meanwhile is told, and since when. */
Test(intakeevents, what_a_port_missed_is_told_whenever_there_is_a_batch)
{
    const struct tc_batch_limits limits = {0};
    uint64_t until_ns = 100;
    struct tc_cursor in;
    uint64_t missed = 0;

    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    tc_intake_nic(&stand.intake, 7, &(const struct tc_nic){.sampled_ns = until_ns});
    stand_send(0, "S", 1, 1, 101);
    for (uint64_t i = 1; i <= 500; i++) {
        stand.starved = i > 100 && i < 400;
        if (stand.starved && stand.intake.batcher.batch != NULL)
            tc_batcher_close(&stand.intake.batcher, 100 + i);
        tc_intake_nic(&stand.intake, 7, &(const struct tc_nic){.missed = i, .sampled_ns = 100 + i});
    }
    stand_finish(1000);
    for (uint32_t i = 0; i < stand.given_count; i++) {
        uint32_t offset = 0;
        const uint8_t *record;

        while ((record = tc_batch_next(stand.given[i], &offset)) != NULL) {
            const struct tc_event_record *event = (const void *)record;

            if (tc_record_kind(record) != TC_RECORD_EVENT || event->event != TC_EVENT_NIC)
                continue;
            in = tc_cursor_of(event + 1, event->payload_bytes);
            cr_assert_gt(tc_load_le64(in.at), missed);
            missed = tc_cursor_u64(&in);
            tc_cursor_take(&in, 16);
            cr_assert_eq(tc_cursor_u64(&in), until_ns, "nothing is told of the time before");
            cr_assert(event->about == 7 && event->time_ns == 100 + missed);
            until_ns = event->time_ns;
        }
        cr_assert_eq(stand.given[i]->nic.missed, missed);
    }
    cr_assert_eq(missed, 500);
    stand_close();
}

/* More lines than a full batch has room for. */
Test(intakeevents, hundreds_of_lines_are_all_told_at_the_end)
{
    const struct tc_batch_limits limits = {.writers = 2};
    uint64_t sequence = 1;

    stand_capture(&tc_feed_deep10, 40, 15);
    stand_open(&limits, TC_PORT_ANY);
    for (uint16_t line = 0; line < 600; line++)
        stand_send(line, "S", 1, 1, line);
    /* the last batch is as full as it can be */
    while (stand.intake.batcher.batch == NULL ||
           stand.intake.batcher.frame_room - stand.intake.batcher.batch->used > 3000) {
        stand_send((uint16_t)(sequence % 600), "S", sequence, 20, 1000);
        sequence++;
    }
    stand_finish(2000);
    check_line_states(2);
    stand_close();
}

/* A quote for a symbol. */
static void send_quote(const char *symbol, uint64_t sequence, uint64_t time_ns)
{
    const struct tc_type *type = &tc_feed_tops16.types[0];
    const struct tc_field *field = tc_field_of(type->fields, type->field_count, TC_MEAN_SYMBOL);
    struct smith_random dice = {sequence};
    uint8_t message[256];
    uint16_t bytes = smith_message(&dice, &tc_feed_tops16, 0, message);

    memcpy(message + field->offset, symbol, 8);
    smith_packet_begin(&stand.packet, stand_channel(0), "S", sequence);
    smith_packet_add(&stand.packet, message, bytes);
    smith_packet_end(&stand.packet, time_ns, 40 * sequence);
    stand_send_packet(0, time_ns);
}

Test(intakeevents, the_packet_before_a_gap_may_have_been_filtered)
{
    const struct tc_batch_limits limits = {0};
    const struct tc_event_record *event;
    struct tc_symbol_filter filter;
    struct tc_cursor in;
    uint32_t count;
    void *memory;

    stand_capture(&tc_feed_tops16, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    memory = calloc(1, tc_symbol_filter_footprint(&stand.capture->catalog));
    tc_symbol_filter_init(&filter, memory, &stand.capture->catalog);
    cr_assert_eq(tc_symbol_filter_want(&filter, "GOLD"), TC_OK);
    stand.intake.filter = &filter;
    send_quote("GOLD    ", 1, 100);
    send_quote("LEAD    ", 2, 200);
    send_quote("GOLD    ", 4, 300);
    stand_finish(400);
    cr_assert(stand.intake.ledger.filtered == 1 && stand.intake.ledger.recorded == 2);
    event = stand_find_event(stand.given[0], TC_EVENT_GAP, &count);
    cr_assert_eq(count, 1);
    in = tc_cursor_of(event + 1, event->payload_bytes);
    tc_cursor_take(&in, 16);
    cr_assert(tc_cursor_u64(&in) == 3 && tc_cursor_u64(&in) == 4);
    cr_assert_eq(tc_cursor_u64(&in), 200, "the packet before came at 200, filtered or not");
    free(memory);
    stand_close();
}
