/* Rates in 2^-48 nanoseconds a tick; 128-bit products, so that days of ticks fit. */
#include "clock/discipline.h"

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 signed_wide;

static uint64_t slope_between(uint64_t ticks, uint64_t ns)
{
    return ticks > 0 ? (uint64_t)(((wide)ns << TC_CLOCK_SHIFT) / ticks) : 0;
}

/* Ticks between two readings of the counter, which may have wrapped. */
static uint64_t ticks_between(const struct tc_clock *clock, uint64_t from, uint64_t to)
{
    return ((to - from) << clock->spare_bits) >> clock->spare_bits;
}

void tc_discipline_init(struct tc_discipline *discipline, enum tc_clock_source source,
                        uint8_t spare_bits, const struct tc_clock_sample *first,
                        const struct tc_clock_sample *second)
{
    struct tc_clock *clock = &discipline->clock;

    *discipline = (struct tc_discipline){
        .clock =
            {
                .source = (uint8_t)source,
                .unit = TC_UNIT_TICKS,
                .epoch = TC_EPOCH_START,
                .base_ticks = second->ticks,
                .base_ns = second->utc_ns,
                .error_ns = first->error_ns + 2 * second->error_ns, /* until the next sample */
                .host_error_ns = TC_ERROR_UNKNOWN,
                .compared_ns = second->utc_ns,
                .spare_bits = spare_bits,
            },
        .samples = {*first, *second},
        .count = 2,
    };
    clock->slope = slope_between(ticks_between(clock, first->ticks, second->ticks),
                                 second->utc_ns - first->utc_ns);
}

static uint32_t kept(const struct tc_discipline *discipline)
{
    return discipline->count < TC_DISCIPLINE_SAMPLES ? discipline->count : TC_DISCIPLINE_SAMPLES;
}

static const struct tc_clock_sample *sample_of(const struct tc_discipline *discipline,
                                               uint32_t number)
{
    return &discipline->samples[number % TC_DISCIPLINE_SAMPLES];
}

/*
 * The rate over all samples that are kept. Spans are put together from one sample to the next, as a
 * counter may wrap within them.
 */
static uint64_t measured_slope(const struct tc_discipline *discipline,
                               const struct tc_clock_sample *sample)
{
    uint32_t oldest = discipline->count - kept(discipline);
    const struct tc_clock_sample *from = sample_of(discipline, oldest);
    uint64_t ticks = 0;

    for (uint32_t i = oldest; i < discipline->count; i++) {
        const struct tc_clock_sample *to = i + 1 < discipline->count ? sample_of(discipline, i + 1)
                                                                     : sample;

        ticks += ticks_between(&discipline->clock, sample_of(discipline, i)->ticks, to->ticks);
    }
    return slope_between(ticks, sample->utc_ns - from->utc_ns);
}

static void keep(struct tc_discipline *discipline, const struct tc_clock_sample *sample)
{
    discipline->samples[discipline->count % TC_DISCIPLINE_SAMPLES] = *sample;
    discipline->count++;
}

/* The system clock was set: only what is known from now on counts, at the rate known so far. */
static void start_anew(struct tc_discipline *discipline, const struct tc_clock_sample *sample)
{
    discipline->clock.base_ticks = sample->ticks;
    discipline->clock.base_ns = sample->utc_ns;
    discipline->clock.error_ns = sample->error_ns;
    discipline->clock.residual_ns = 0;
    discipline->clock.compared_ns = sample->utc_ns;
    discipline->clock.in_sync = false;
    discipline->clock.corrections++;
    discipline->count = 0;
    discipline->claim.count = 0;
    discipline->steps++;
    keep(discipline, sample);
}

/* The least error of the samples that are kept. */
static uint64_t best_error(const struct tc_discipline *discipline)
{
    uint64_t best = UINT64_MAX;

    for (uint32_t i = discipline->count - kept(discipline); i < discipline->count; i++)
        if (sample_of(discipline, i)->error_ns < best)
            best = sample_of(discipline, i)->error_ns;
    return best;
}

/* A reading that was interrupted says little. */
static bool is_poor(const struct tc_discipline *discipline, const struct tc_clock_sample *sample)
{
    uint64_t age_ns = sample->utc_ns - discipline->clock.compared_ns;

    return discipline->count > 0 && age_ns < TC_STALE_NS &&
           sample->error_ns > 2 * best_error(discipline) + 100;
}

void tc_discipline_take(struct tc_discipline *discipline, const struct tc_clock_sample *sample,
                        uint64_t horizon_ns)
{
    struct tc_clock *clock = &discipline->clock;
    uint64_t shown_ns = tc_clock_ns(clock, sample->ticks);
    int64_t behind_ns = (int64_t)(sample->utc_ns - shown_ns);
    uint64_t apart_ns = behind_ns < 0 ? (uint64_t)-behind_ns : (uint64_t)behind_ns;
    uint64_t slope;

    if (apart_ns > TC_STEP_NS + sample->error_ns) {
        discipline->step_ns = behind_ns;
        start_anew(discipline, sample);
        return;
    }
    if (is_poor(discipline, sample))
        return;
    slope = discipline->count > 0 ? measured_slope(discipline, sample) : clock->slope;
    keep(discipline, sample);
    /* the best sample could itself be wrong */
    clock->error_ns = tc_claim_take(&discipline->claim, apart_ns) + best_error(discipline);
    clock->residual_ns = behind_ns;
    clock->compared_ns = sample->utc_ns;
    clock->in_sync = discipline->count > TC_SETTLED_SAMPLES;
    clock->corrections++;
    clock->base_ticks = sample->ticks;
    clock->base_ns = shown_ns;
    /* bend: what is missing now is made up for until then */
    clock->slope = (uint64_t)((int64_t)slope +
                              (int64_t)((signed_wide)slope * behind_ns / (int64_t)horizon_ns));
}
