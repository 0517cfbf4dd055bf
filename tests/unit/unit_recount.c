/* What verification counts again: sound captures have no fault, changed ones have. */
#include <criterion/criterion.h>

#include "feed/registry.h"
#include "segmentbed.h"
#include "tamperbed.h"

/* In a gap's payload: the time of the line's packet before (docs/FORMAT.md, "Events"). */
enum { GAP_BEFORE_AT = 32 };

TestSuite(recount, .init = segments_set_up, .fini = segments_tear_down);

static uint64_t faults_of(struct faults *faults)
{
    uint64_t count = segments_verify(segments_folder, faults);

    segments_tear_down();
    segments_set_up();
    return count;
}

/* Two lines with everything that there is an event for. */
static void record_eventful(void)
{
    tamper_open(&tc_feed_itch50, 2, false);
    tamper_send(0, "ONE", 1, 3, 0, 0);
    tamper_send(1, "ONE", 1, 3, 0, 0);
    tamper_send(0, "ONE", 6, 2, 0, 0); /* 4 and 5 are missing */
    tamper_send(1, "ONE", 4, 1, 0, 0); /* line b has 4 */
    tamper_send(0, "ONE", 5, 1, 0, 0); /* and 5 comes late */
    tamper_starve(true);
    tamper_send(0, "ONE", 8, 2, 0, 0);
    tamper_send(1, "ONE", 7, 2, 0, 0);
    tamper_starve(false);
    tamper_send(0, "ONE", 12, 1, 0, 0);
    tamper_end_session(0, "ONE", 13);
    tc_intake_nic(&tamper.intake, 0,
                  &(const struct tc_nic){.missed = 3, .sampled_ns = tamper.now_ns});
    tamper_send(0, "TWO", 1, 1, 0, 0);
    tamper_send(0, "THREE", 3, 1, 0, 0); /* ONE is closed */
    tamper_close();
}

Test(recount, what_happened_is_sound)
{
    struct faults faults;

    record_eventful();
    cr_assert_eq(faults_of(&faults), 0, "%s", faults.first.text);
}

static const uint8_t kinds[] = {TC_EVENT_DROPPED, TC_EVENT_NIC,           TC_EVENT_GAP,
                                TC_EVENT_FILLED,  TC_EVENT_SESSION_START, TC_EVENT_SESSION_END,
                                TC_EVENT_SESSION};
enum { KINDS_ALL_KNOWN = 2 }; /* from here on nothing in the event can be anything else */

Test(recount, an_event_that_was_taken_out_is_missed)
{
    struct faults faults;

    tamper.byte = TAMPER_TAKE_OUT;
    for (size_t i = 0; i < sizeof kinds; i++) {
        tamper.kind = kinds[i];
        tamper.seen = 1;
        for (tamper.nth = 0; tamper.seen > tamper.nth; tamper.nth++) {
            record_eventful();
            cr_assert_gt(tamper.seen, 0, "there is no event %u", kinds[i]);
            cr_assert_eq(faults_of(&faults) > 0, tamper.seen > tamper.nth, "event %u, number %u",
                         kinds[i], tamper.nth);
        }
    }
}

Test(recount, an_event_that_says_something_else_is_found)
{
    struct faults faults;

    for (size_t i = KINDS_ALL_KNOWN; i < sizeof kinds; i++) {
        tamper.kind = kinds[i];
        tamper.nth = 0;
        tamper.payload_bytes = 1;
        for (tamper.byte = 0; tamper.byte < (int32_t)tamper.payload_bytes; tamper.byte++) {
            record_eventful();
            cr_assert_gt(faults_of(&faults), 0, "event %u, byte %d", kinds[i], tamper.byte);
        }
    }
}

/*
 * Packets of a session that was started anew may overtake each other. Where one belongs follows
 * from its send time, also where it goes on at the very number of the one before.
 */
Test(recount, packets_around_a_restart_may_be_left_out)
{
    struct faults faults;

    tamper.kind = 0;
    tamper_open(&tc_feed_deep10, 1, false);
    tamper_send(0, "1", 1, 4, 1000, 0);
    tamper_send(0, "1", 9, 1, 3000, 900);
    tamper_send(0, "1", 1, 1, 5000, 0); /* a restart */
    tamper_starve(true);
    tamper_send(0, "1", 6, 1, 2000, 500); /* late, of the first */
    tamper_send(0, "1", 7, 1, 6000, 600); /* of the second, after a gap */
    tamper_send(0, "1", 8, 1, 6500, 100); /* starts anew again */
    tamper_starve(false);
    tamper_send(0, "1", 2, 1, 7000, 200);
    tamper_close();
    cr_assert_eq(faults_of(&faults), 0, "%s", faults.first.text);
}

/* ---- what is left out on purpose ---- */

static void look_at(uint8_t kind)
{
    tamper.kind = kind;
    tamper.nth = 0;
    tamper.byte = TAMPER_LOOK;
}

Test(recount, a_gap_lies_behind_the_packet_before_although_that_is_left_out)
{
    struct faults faults;
    uint64_t before_ns;

    look_at(TC_EVENT_GAP);
    tamper_open(&tc_feed_deep10, 1, true);
    tamper_send(0, "1", 1, 0, 0, 0);
    before_ns = tamper.now_ns;
    tamper_send(0, "1", 1, 1, 0, 0); /* filtered */
    tamper_send(0, "1", 5, 0, 0, 0);
    tamper_close();
    cr_assert_eq(tamper.seen, 1);
    cr_assert_eq(tc_load_le64(tamper.payload + GAP_BEFORE_AT), before_ns);
    cr_assert_eq(faults_of(&faults), 0, "%s", faults.first.text);
}

Test(recount, a_line_speaks_again_although_that_is_left_out)
{
    struct faults faults;
    uint64_t heard_ns;

    look_at(TC_EVENT_SPEAKS);
    tamper_open(&tc_feed_deep10, 2, true);
    heard_ns = tamper.now_ns;
    tamper_send(1, "1", 1, 0, 0, 0);
    tamper.now_ns += TC_SILENT_AFTER_NS;
    tamper_send(0, "1", 1, 0, 0, 0);
    tc_intake_tick(&tamper.intake, tamper.now_ns);
    tamper_send(1, "1", 1, 1, 0, 0); /* filtered */
    tamper_close();
    cr_assert_eq(tamper.seen, 1);
    cr_assert_eq(tc_load_le64(tamper.payload), heard_ns);
    cr_assert_eq(faults_of(&faults), 0, "%s", faults.first.text);
}

/* ---- whatever is sent ---- */

struct sender {
    struct smith_random dice;
    uint64_t next[3]; /* by session */
    uint64_t times[3];
    uint64_t offsets[3];
};

static uint64_t strange_number(struct sender *sender, uint64_t next)
{
    switch (smith_below(&sender->dice, 40)) {
    case 0: return UINT64_MAX - smith_below(&sender->dice, 4);
    case 1: return smith_below(&sender->dice, 3);
    case 2: return next + smith_below(&sender->dice, 2000);
    case 3: return next / 2;
    default: return next + smith_below(&sender->dice, 6) - smith_below(&sender->dice, 6);
    }
}

/* One packet that may make no sense. */
static void send_strange(struct sender *sender, uint16_t lines)
{
    static const char *const names[] = {"1", "2", "3"};
    uint32_t session = smith_once_in(&sender->dice, 30) ? smith_below(&sender->dice, 3) : 0;
    uint16_t line = (uint16_t)smith_below(&sender->dice, lines);
    uint32_t messages = smith_below(&sender->dice, 5);
    uint64_t number = strange_number(sender, sender->next[session]);

    if (number > UINT64_MAX - 8)
        messages = 0;
    sender->times[session] += smith_below(&sender->dice, 9) - 3;
    sender->offsets[session] += smith_below(&sender->dice, 30) - 9;
    if (smith_once_in(&sender->dice, 300))
        sender->offsets[session] = sender->next[session] = 1;
    if (smith_once_in(&sender->dice, 60))
        tamper_end_session(line, names[session], number);
    else
        tamper_send(line, names[session], number, messages, sender->times[session],
                    sender->offsets[session]);
    if (smith_once_in(&sender->dice, 2) && number < UINT64_MAX / 2)
        sender->next[session] = number + messages;
}

static void record_strange(const struct tc_feed *feed, uint16_t lines, uint64_t seed)
{
    struct sender sender = {
        .dice = {seed}, .next = {500, 1, 1}, .times = {900, 900, 900}, .offsets = {900, 900, 900}};

    tamper_open(feed, lines, smith_once_in(&sender.dice, 3));
    for (uint32_t i = 0; i < 1500; i++) {
        if (smith_once_in(&sender.dice, 40))
            tamper_starve(!tamper.starved);
        send_strange(&sender, lines);
    }
    tamper_close();
}

Test(recount, whatever_is_sent_counts_again_the_same)
{
    struct faults faults;

    for (uint64_t seed = 1; seed <= 60; seed++) {
        record_strange(seed % 2 == 0 ? &tc_feed_itch50 : &tc_feed_deep10, (uint16_t)(1 + seed % 3),
                       seed);
        cr_assert_eq(faults_of(&faults), 0, "seed %lu: %s", seed, faults.first.text);
    }
}
