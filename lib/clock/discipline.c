/* Rates in 2^-32 nanoseconds a tick; 128-bit products, so that days of ticks fit. */
#include "clock/discipline.h"

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 signed_wide;

static uint64_t slope_between(uint64_t ticks, uint64_t ns)
{
    return ticks > 0 ? (uint64_t)(((wide)ns << TC_CLOCK_SHIFT) / ticks) : 0;
}

void tc_discipline_init(struct tc_discipline *discipline, enum tc_clock_source source,
                        const struct tc_clock_sample *first, const struct tc_clock_sample *second)
{
    *discipline = (struct tc_discipline){
        .clock =
            {
                .source = (uint8_t)source,
                .unit = TC_UNIT_TICKS,
                .epoch = TC_EPOCH_START,
                .base_ticks = second->ticks,
                .base_ns = second->utc_ns,
                .slope = slope_between(second->ticks - first->ticks,
                                       second->utc_ns - first->utc_ns),
                .error_ns = first->error_ns + second->error_ns,
            },
        .samples = {*first, *second},
        .count = 2,
    };
}

/* The rate over all samples that are kept. */
static uint64_t measured_slope(const struct tc_discipline *discipline,
                               const struct tc_clock_sample *sample)
{
    uint32_t kept = discipline->count < TC_DISCIPLINE_SAMPLES ? discipline->count
                                                              : TC_DISCIPLINE_SAMPLES;
    const struct tc_clock_sample *oldest =
        &discipline->samples[(discipline->count - kept) % TC_DISCIPLINE_SAMPLES];

    return slope_between(sample->ticks - oldest->ticks, sample->utc_ns - oldest->utc_ns);
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
    discipline->clock.in_sync = false;
    discipline->clock.corrections++;
    discipline->count = 0;
    discipline->steps++;
    keep(discipline, sample);
}

void tc_discipline_take(struct tc_discipline *discipline, const struct tc_clock_sample *sample,
                        uint64_t interval_ns)
{
    struct tc_clock *clock = &discipline->clock;
    uint64_t shown_ns = tc_clock_ns(clock, sample->ticks);
    int64_t behind_ns = (int64_t)(sample->utc_ns - shown_ns);
    uint64_t apart_ns = behind_ns < 0 ? (uint64_t)-behind_ns : (uint64_t)behind_ns;
    uint64_t slope;

    if (apart_ns > TC_STEP_NS) {
        discipline->step_ns = behind_ns;
        start_anew(discipline, sample);
        return;
    }
    slope = discipline->count > 0 ? measured_slope(discipline, sample) : clock->slope;
    keep(discipline, sample);
    clock->error_ns = apart_ns + sample->error_ns;
    clock->in_sync = discipline->count > 8;
    clock->corrections++;
    clock->base_ticks = sample->ticks;
    clock->base_ns = shown_ns;
    /* bend: what is missing now is made up for until the next sample */
    clock->slope = (uint64_t)((int64_t)slope +
                              (int64_t)((signed_wide)slope * behind_ns / (int64_t)interval_ns));
}
