/*
 * A capture with losses counts again to the same figures, whatever was lost: many seeds of hostile
 * feeds, in one stream and in two, in which verification must find nothing.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "feed/registry.h"
#include "lossbed.h"
#include "segmentbed.h"

TestSuite(losses, .init = segments_set_up, .fini = segments_tear_down);

enum { SEEDS = 60 };

/* What seeds of one kind have come to, so that none of it is tested on nothing. */
struct sums {
    uint64_t dropped, filtered, recovered, missing, resets;
    uint64_t compared; /* captures of which all figures can be counted again */
};

static const struct tc_intake *intake_of_lines(const struct loss_bed *bed)
{
    return &bed->works[bed->options.two_streams ? 2 : 0]->intake;
}

/* Together, lines bring no more than each for itself; what is recovered has come. */
static void check_merged(const struct loss_bed *bed, struct sums *sums, uint64_t seed)
{
    const struct tc_arbiter *arbiter = intake_of_lines(bed)->arbiters[0];
    uint64_t messages = 0;
    struct tc_merged merged;

    if (arbiter == NULL)
        return;
    merged = tc_arbiter_figures(arbiter);
    for (uint16_t i = 0; i < bed->options.lines; i++)
        messages += arbiter->lines[i].sequence->figures.messages;
    cr_assert_leq(merged.messages, messages, "seed %lu", seed);
    cr_assert_leq(merged.recovered, merged.messages, "seed %lu: %ld", seed, (long)merged.recovered);
    sums->missing += merged.missing;
    sums->recovered += merged.recovered;
}

static void count(const struct loss_bed *bed, struct sums *sums)
{
    bool exact = bed->chorus.unheard == 0;

    for (uint32_t i = 0; i < 2 && bed->works[i] != NULL; i++) {
        sums->dropped += bed->works[i]->intake.ledger.no_batch;
        sums->filtered += bed->works[i]->intake.ledger.filtered;
        exact &= bed->works[i]->inexact == 0;
        for (uint16_t line = 0; line < bed->options.lines; line++)
            sums->resets += bed->works[i]->intake.sequences[line].figures.resets;
    }
    sums->compared += exact;
}

static void check_seeds(const struct loss_options *wanted, struct sums *sums)
{
    struct loss_options options = *wanted;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct loss_bed *bed;
        struct faults faults;

        options.calm = seed % 2 == 0;
        bed = loss_record(&options, seed);

        count(bed, sums);
        check_merged(bed, sums, seed);
        loss_free(bed);
        segments_verify(segments_folder, &faults);
        cr_expect_eq(faults.count, 0, "seed %lu: %s", seed, faults.first.text);
        segments_tear_down();
        segments_set_up();
    }
    cr_assert_gt(sums->dropped, 0);
    cr_assert_gt(sums->resets, 0);
    cr_assert(sums->filtered > 0 || !options.filters);
    cr_assert((sums->recovered > 0 && sums->missing > 0) || options.lines < 2);
    cr_assert_gt(sums->compared, SEEDS / 3, "%lu of %d seeds", sums->compared, SEEDS);
}

static void check_feed(const struct tc_feed *feed, bool skewed)
{
    for (uint32_t way = 0; way < 6; way++) {
        const struct loss_options options = {.feed = feed,
                                             .lines = way < 2 ? 1 : 2,
                                             .two_streams = way >= 4,
                                             .filters = way % 2 == 1,
                                             .skewed = skewed};
        struct sums sums = {0};

        if (skewed && way < 2)
            continue;
        check_seeds(&options, &sums);
    }
}

Test(losses, count_again_the_same_where_sessions_have_names)
{
    check_feed(&tc_feed_itch50, false);
}

Test(losses, count_again_the_same_where_sessions_start_anew)
{
    check_feed(&tc_feed_deep10, false);
}

Test(losses, count_again_the_same_where_lines_have_send_times_of_their_own)
{
    check_feed(&tc_feed_deep10, true);
}
