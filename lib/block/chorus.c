/* Trackers and arbiters of the channels that several streams bring. */
#include "block/chorus.h"

#include "base/placer.h"

static bool belongs_here(const struct tc_channel *channel)
{
    return channel->line_count > 1 && channel->arbitration == TC_ARBITRATE_ELSEWHERE;
}

bool tc_chorus_needed(const struct tc_catalog *catalog)
{
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        if (belongs_here(&catalog->channels[i]))
            return true;
    return false;
}

static void place_channel(struct tc_chorus *chorus, struct tc_placer *placer, uint16_t number,
                          uint64_t silent_after_ns)
{
    const struct tc_channel *channel = &chorus->catalog->channels[number];
    uint8_t rules = tc_line_rules(chorus->catalog, channel->first_line);
    struct tc_arbiter *arbiter = tc_place(placer, sizeof *arbiter);
    void *memory = tc_place(placer, tc_arbiter_footprint(channel->line_count));

    if (placer->memory != NULL) {
        tc_arbiter_init(arbiter, memory, channel->line_count, rules, silent_after_ns);
        chorus->arbiters[number] = arbiter;
    }
    for (uint16_t i = 0; i < channel->line_count; i++) {
        void *missing = tc_place(placer, tc_sequence_footprint(TC_MISSING_RANGES));

        if (placer->memory == NULL)
            continue;
        tc_sequence_init(&chorus->sequences[channel->first_line + i], missing, TC_MISSING_RANGES,
                         rules);
        arbiter->lines[i].sequence = &chorus->sequences[channel->first_line + i];
    }
}

static size_t place(struct tc_chorus *chorus, struct tc_placer *placer, uint64_t silent_after_ns)
{
    const struct tc_catalog *catalog = chorus->catalog;

    chorus->sequences = tc_place(placer, catalog->line_count * sizeof chorus->sequences[0]);
    chorus->arbiters = tc_place(placer, catalog->channel_count * sizeof(struct tc_arbiter *));
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        if (belongs_here(&catalog->channels[i]))
            place_channel(chorus, placer, i, silent_after_ns);
    return placer->used;
}

size_t tc_chorus_footprint(const struct tc_catalog *catalog)
{
    struct tc_chorus measured = {.catalog = catalog};
    struct tc_placer placer = {0};

    return place(&measured, &placer, 0);
}

void tc_chorus_init(struct tc_chorus *chorus, void *memory, const struct tc_catalog *catalog,
                    uint64_t silent_after_ns)
{
    struct tc_placer placer = {.memory = memory};

    *chorus = (struct tc_chorus){.catalog = catalog};
    place(chorus, &placer, silent_after_ns);
}

void tc_chorus_take(struct tc_chorus *chorus, const struct tc_line_report *report, uint64_t now_ns,
                    struct tc_ruling *ruling)
{
    const struct tc_line *line = &chorus->catalog->lines[report->line];
    const struct tc_channel *channel = &chorus->catalog->channels[line->channel];
    struct tc_sequence *sequence = &chorus->sequences[report->line];
    struct tc_arbiter *arbiter = chorus->arbiters[line->channel];
    struct tc_verdict verdict;

    *ruling = (struct tc_ruling){0};
    if (arbiter == NULL)
        return;
    tc_sequence_run(sequence, &report->run, &verdict);
    if (verdict.old > 0)
        tc_sequence_old_range(sequence, &verdict, report->run.first,
                              report->run.first + verdict.old);
    tc_arbiter_take(arbiter, (uint32_t)(report->line - channel->first_line), &report->run, &verdict,
                    (struct tc_arbiter_time){report->time_ns, now_ns}, ruling);
    chorus->unheard += ruling->unheard;
}
