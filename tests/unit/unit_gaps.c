/* Whose a gap is: by drops, by the port's own counters and by its link. */
#include <criterion/criterion.h>

#include "feed/registry.h"
#include "file/gaps.h"
#include "segmentbed.h"
#include "tamperbed.h"

TestSuite(gaps, .init = segments_set_up, .fini = segments_tear_down);

enum { PACKET_NS = 1000000000 }; /* apart */

static void open_on_port(enum tc_loss_counters losses)
{
    tamper_open(&tc_feed_itch50, 1, false);
    tamper.capture->ports[0].losses = losses;
}

static void send(uint64_t sequence)
{
    tamper_send(0, "S", sequence, 1, 0, 0);
    tamper.now_ns += PACKET_NS;
}

/* The port's counter of what it missed is looked at. */
static void look(uint64_t missed)
{
    const struct tc_nic nic = {.missed = missed, .sampled_ns = tamper.now_ns};

    tc_intake_nic(&tamper.intake, 0, &nic);
    tamper.now_ns += PACKET_NS;
}

/* The owners of all gaps, a letter each, in their order. */
static const char *owners(void)
{
    static const char letters[TC_GAP_OWNERS] = {[TC_GAP_OURS] = 'o',
                                                [TC_GAP_OURS_POSSIBLE] = 'p',
                                                [TC_GAP_UPSTREAM] = 'u',
                                                [TC_GAP_UNKNOWN] = '?'};
    static char found[16];
    struct faults faults;
    struct tc_error error = {0};
    struct tc_accountant *accountant;
    struct tc_account account;
    struct tc_reader *reader;
    struct tc_gaps *gaps;
    struct tc_item item;
    struct tc_gap gap;
    size_t count = 0;

    tamper_close();
    reader = segments_reader(segments_folder, &faults);
    cr_assert_eq(tc_accountant_open(&accountant, reader, true, &error), TC_OK);
    while (tc_reader_next(reader, &item, &error) == TC_OK)
        cr_assert_eq(tc_accountant_take(accountant, &item, &error), TC_OK);
    cr_assert_eq(tc_accountant_close(accountant, &account, &error), TC_OK);
    cr_assert_eq(tc_gaps_open(&gaps, &account, &error), TC_OK);
    while (tc_gaps_next(gaps, &gap) && count + 1 < sizeof found)
        found[count++] = letters[gap.owner];
    found[count] = '\0';
    tc_gaps_close(gaps);
    tc_accountant_free(accountant);
    tc_reader_close(reader);
    cr_assert_eq(faults.count, 0, "%s", faults.first.text);
    return found;
}

Test(gaps, are_of_somebody_upstream_where_the_port_lost_nothing)
{
    open_on_port(TC_LOSSES_EXACT);
    look(5); /* before this capture, for all that is known of it */
    send(1);
    look(5);
    send(3);
    look(5);
    cr_assert_str_eq(owners(), "u");
}

/* The last look may find nothing new and nothing to record; then only the index knows of it. */
Test(gaps, are_of_somebody_upstream_where_the_last_look_came_behind_the_last_block)
{
    open_on_port(TC_LOSSES_EXACT);
    send(1);
    send(3);
    tamper.intake.batcher.limits.batch_age_ns = tamper.intake.batcher.limits.block_age_ns = 1;
    tc_intake_tick(&tamper.intake, tamper.now_ns);
    look(0);
    cr_assert_str_eq(owners(), "u");
}

Test(gaps, may_be_ours_where_the_port_missed_frames_in_that_time)
{
    open_on_port(TC_LOSSES_EXACT);
    look(0);
    send(1);
    send(3); /* before the counter rose */
    look(0);
    send(4);
    look(2);
    send(6); /* while it rose */
    look(2);
    send(7);
    send(9); /* afterwards */
    look(2);
    cr_assert_str_eq(owners(), "upu");
}

/* A rise is told when a batch is free, of all the time in which it may have been. */
Test(gaps, may_be_ours_also_where_no_batch_was_free)
{
    open_on_port(TC_LOSSES_EXACT);
    look(0);
    send(1);
    tamper_starve(true);
    for (uint64_t i = 1; i <= 200; i++)
        look(i);
    tamper_starve(false);
    send(3);
    look(200);
    cr_assert_str_eq(owners(), "p");
}

Test(gaps, are_ours_where_frames_were_dropped)
{
    open_on_port(TC_LOSSES_EXACT);
    look(0);
    send(1);
    tamper_starve(true);
    send(2);
    send(5); /* 3 and 4 did not come here */
    tamper_starve(false);
    send(6);
    look(0);
    cr_assert_str_eq(owners(), "ouo");
}

Test(gaps, are_of_nobody_known_where_nobody_counts)
{
    open_on_port(TC_LOSSES_PARTIAL);
    look(0);
    send(1);
    send(3);
    look(0);
    cr_assert_str_eq(owners(), "?");
}

Test(gaps, are_of_nobody_known_where_nobody_looked_afterwards)
{
    open_on_port(TC_LOSSES_EXACT);
    look(0);
    send(1);
    send(3);
    cr_assert_str_eq(owners(), "?");
}

Test(gaps, are_of_nobody_known_where_the_link_was_lost)
{
    const uint64_t values[] = {0, 10000};

    open_on_port(TC_LOSSES_EXACT);
    look(0);
    send(1);
    tc_intake_event(&tamper.intake, TC_EVENT_LINK, 0, tamper.now_ns, values, sizeof values);
    tamper.now_ns += PACKET_NS;
    send(3);
    send(4);
    send(6);
    look(0);
    cr_assert_str_eq(owners(), "?u");
}
