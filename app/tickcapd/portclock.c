/* Looking at a clock when a port is started, and comparing it from then on. */
#include "tickcapd/portclock.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "tickcapd/profile.h"

#define SECOND_NS     INT64_C(1000000000)
#define NEAR_NS       (2 * SECOND_NS) /* a clock that is synchronised is no further off */
#define LEAP_SLACK_NS (SECOND_NS / 20)

enum {
    LEAP_ROUNDS = 3,
    SLOW_READING_NS = TC_STEP_NS / 2, /* two that are off by that cannot be told from a step */
};

/* Nanoseconds a tick, in 2^-48: counters of 100 kHz to 20 GHz. */
#define SLOPE_MIN (UINT64_C(1) << (TC_CLOCK_SHIFT - 5))
#define SLOPE_MAX (UINT64_C(10000) << TC_CLOCK_SHIFT)

/* ---- comparing ---- */

/* What is claimed of times that are taken as stamped. */
static uint64_t claim(struct tc_port_clock *clock, uint64_t apart_ns, uint64_t error_ns)
{
    uint64_t claimed_ns = tc_claim_take(&clock->claim, apart_ns);

    if (clock->clock.unit == TC_UNIT_US && claimed_ns < 1000)
        claimed_ns = 1000; /* what stamps are rounded down by */
    return claimed_ns + error_ns;
}

/* TAI stays a second further from UTC, again and again: there was a leap second. */
static bool is_leap_second(struct tc_port_clock *clock, int64_t behind_ns)
{
    int64_t off_ns = behind_ns < 0 ? -behind_ns : behind_ns;

    if (clock->clock.epoch != TC_EPOCH_TAI || off_ns < SECOND_NS - LEAP_SLACK_NS ||
        off_ns > SECOND_NS + LEAP_SLACK_NS) {
        clock->second_off = 0;
        return false;
    }
    return ++clock->second_off == LEAP_ROUNDS;
}

static bool compare(struct tc_port_clock *clock, const struct tc_clock_sample *sample)
{
    struct tc_clock *line = &clock->clock;
    uint64_t shown_ns = tc_clock_ns(line, sample->ticks);
    int64_t behind_ns = (int64_t)(sample->utc_ns - shown_ns);
    int64_t moved_ns = behind_ns - line->residual_ns;
    bool stepped = line->compared_ns != 0 && (moved_ns > TC_STEP_NS || moved_ns < -TC_STEP_NS);

    if (is_leap_second(clock, behind_ns)) {
        int64_t leap_ns = behind_ns > 0 ? SECOND_NS : -SECOND_NS;

        line->ahead_s = (uint16_t)(line->ahead_s - (behind_ns > 0 ? 1 : -1));
        line->base_ns += (uint64_t)leap_ns;
        clock->claim.count = 0;
        behind_ns -= leap_ns;
        moved_ns = -leap_ns; /* times are shown that much later from here on */
        stepped = true;
    } else if (stepped) {
        clock->claim.count = 0;
    }
    line->error_ns = claim(clock, (uint64_t)(behind_ns < 0 ? -behind_ns : behind_ns),
                           sample->error_ns);
    line->residual_ns = behind_ns;
    line->compared_ns = sample->utc_ns;
    line->in_sync = line->error_ns < TC_STEP_NS;
    line->corrections++;
    clock->step_ns = -moved_ns; /* the port's clock, seen from here */
    clock->steps += stepped;
    return stepped;
}

/* ---- opening ---- */

static void take_way(struct tc_port_clock *clock, enum tc_port_clock_way way,
                     const struct tc_clock *line)
{
    clock->way = (uint8_t)way;
    clock->clock = *line;
}

/* A counter that can be read need not be what stamps are of: firmware may make times of it. */
bool tc_port_clock_is_open(const struct tc_port_clock *clock, const struct tc_profile *profile)
{
    bool any_unit = profile->unit == TC_PROFILE_ANY_UNIT;
    bool any_epoch = profile->epoch == TC_PROFILE_ANY_EPOCH;

    return (clock->way == TC_WAY_AS_STAMPED && (any_unit || any_epoch)) ||
           (clock->way == TC_WAY_CONVERTED && any_unit);
}

const char *tc_stamps_giver(const struct tc_profile *profile)
{
    return profile->source == TC_CLOCK_NIC    ? "NIC"
           : profile->source == TC_CLOCK_FILE ? "file"
                                              : "kernel";
}

/* The port has software time; `why` goes into a warning, NULL where nobody expected more. */
static enum tc_status fall_back(struct tc_port_clock *clock, const struct tc_eth_port *port,
                                tc_eth_warn *warn, const char *why)
{
    const struct tc_plan_port *plan = port->plan;
    char sentence[400];

    clock->way = TC_WAY_SOFTWARE;
    if (why == NULL || warn == NULL)
        return TC_OK;
    snprintf(sentence, sizeof sentence,
             "port %s: profile %s asks for the time of the %s, but driver %s %s: receive times are "
             "software time, of the burst",
             plan->config->name, plan->profile.name, tc_stamps_giver(&plan->profile), port->driver,
             why);
    warn(sentence);
    return TC_OK;
}

/* A counter that ticks: its rate, and a line through two samples. */
static enum tc_status open_counter(struct tc_port_clock *clock, const struct tc_plan_port *plan,
                                   const struct tc_clock_sample *first, struct tc_error *error)
{
    struct tc_clock_sample second;
    uint64_t slope;

    clock->ops->pause(clock->ops->context, TC_CLOCK_ROUND_NS);
    if (!tc_clock_sample(clock->ops, clock->counter, clock->port_id, &second))
        return tc_fail(error, TC_USAGE, "port %s: its clock could be read once, and then no more",
                       plan->config->name);
    tc_discipline_init(&clock->discipline, (enum tc_clock_source)plan->profile.source,
                       (uint8_t)(64 - plan->profile.stamp_bits), first, &second);
    slope = clock->discipline.clock.slope;
    if (slope < SLOPE_MIN || slope > SLOPE_MAX)
        return tc_fail(error, TC_USAGE,
                       "port %s: its clock went from %" PRIu64 " to %" PRIu64 " in %" PRIu64
                       " ns, expected a counter of 100 kHz to 20 GHz; see `timestamp` of profile "
                       "%s",
                       plan->config->name, first->ticks, second.ticks,
                       second.utc_ns - first->utc_ns, plan->profile.name);
    take_way(clock, TC_WAY_CONVERTED, &clock->discipline.clock);
    return TC_OK;
}

static enum tc_status refuse_clock(const struct tc_plan_port *plan,
                                   const struct tc_clock_sample *sample, struct tc_error *error)
{
    char here[40] = "", there[40] = "";
    struct tc_scribe out = tc_scribe_of(here, sizeof here - 1);
    uint64_t shown_ns = plan->profile.unit == TC_UNIT_US ? sample->ticks * 1000 : sample->ticks;

    tc_text_time(&out, sample->utc_ns);
    out = tc_scribe_of(there, sizeof there - 1);
    tc_text_time(&out, shown_ns);
    return tc_fail(error, TC_USAGE,
                   "port %s: its clock shows %s (%" PRIu64 "), this host's %s; profile %s expected "
                   "%s in %s: synchronise it (ptp4l, phc2sys), or set timestamp.epoch to start",
                   plan->config->name, there, sample->ticks, here, plan->profile.name,
                   plan->profile.epoch == TC_EPOCH_TAI ? "TAI" : "UTC",
                   plan->profile.unit == TC_PROFILE_ANY_UNIT
                       ? "ns or us"
                       : tc_clock_unit_names[plan->profile.unit]);
}

static int64_t apart(uint64_t shown_ns, uint64_t utc_ns)
{
    return (int64_t)(shown_ns - utc_ns);
}

static bool is_near(int64_t ns, int64_t of_ns)
{
    return ns > of_ns - NEAR_NS && ns < of_ns + NEAR_NS;
}

/*
 * What the stamps of a clock that can be read are, by what it shows now and what the profile leaves
 * open: times since 1970, UTC or TAI, or ticks since it was started.
 */
static enum tc_status open_readable(struct tc_port_clock *clock, const struct tc_plan_port *plan,
                                    uint16_t tai_s, const struct tc_clock_sample *sample,
                                    struct tc_error *error)
{
    const struct tc_profile *profile = &plan->profile;
    bool any_epoch = profile->epoch == TC_PROFILE_ANY_EPOCH;

    for (int unit = TC_UNIT_NS; unit <= TC_UNIT_US; unit++) {
        int64_t ahead = apart(sample->ticks * (unit == TC_UNIT_US ? 1000 : 1), sample->utc_ns);
        uint16_t ahead_s = 0;

        if (profile->unit != unit && profile->unit != TC_PROFILE_ANY_UNIT)
            continue;
        if (is_near(ahead, tai_s * SECOND_NS) && (any_epoch || profile->epoch == TC_EPOCH_TAI))
            ahead_s = tai_s;
        else if (!is_near(ahead, 0) || (!any_epoch && profile->epoch != TC_EPOCH_UTC))
            continue;
        clock->clock = tc_clock_of_stamps((enum tc_clock_source)profile->source,
                                          (enum tc_clock_unit)unit,
                                          ahead_s > 0 ? TC_EPOCH_TAI : TC_EPOCH_UTC, ahead_s);
        clock->way = TC_WAY_COMPARED;
        (void)compare(clock, sample);
        return TC_OK;
    }
    if (any_epoch || profile->epoch == TC_EPOCH_START || profile->unit == TC_UNIT_TICKS)
        return open_counter(clock, plan, sample, error);
    return refuse_clock(plan, sample, error);
}

enum tc_status tc_port_clock_open(struct tc_port_clock *clock, const struct tc_port_time_ops *ops,
                                  const struct tc_eth_port *port, uint16_t tai_s, tc_eth_warn *warn,
                                  struct tc_error *error)
{
    const struct tc_plan_port *plan = port->plan;
    const struct tc_profile *profile = &plan->profile;
    struct tc_clock_sample sample;

    *clock = (struct tc_port_clock){.ops = ops, .port_id = port->id};
    if (profile->source == TC_CLOCK_TSC)
        return fall_back(clock, port, warn, NULL);
    if (!port->has_stamps)
        return fall_back(clock, port, warn, port->no_stamps);
    if (profile->stamp_clock != TC_STAMP_CLOCK_NONE) {
        clock->counter = profile->stamp_clock == TC_STAMP_CLOCK_COUNTER ? tc_counter_port_clock
                                                                        : tc_counter_port_time;
        if (tc_clock_sample(ops, clock->counter, port->id, &sample))
            return open_readable(clock, plan, tai_s, &sample, error);
    }
    if (profile->unit == TC_UNIT_TICKS || profile->epoch == TC_EPOCH_START)
        return fall_back(clock, port, warn,
                         "stamps by ticks, and cannot read the counter that they are of");
    clock->clock = tc_clock_of_stamps(
        (enum tc_clock_source)profile->source,
        profile->unit == TC_PROFILE_ANY_UNIT ? TC_UNIT_NS : (enum tc_clock_unit)profile->unit,
        profile->epoch == TC_EPOCH_TAI ? TC_EPOCH_TAI : TC_EPOCH_UTC,
        profile->epoch == TC_EPOCH_TAI ? tai_s : 0);
    clock->way = TC_WAY_AS_STAMPED;
    return TC_OK;
}

/* ---- rounds ---- */

bool tc_port_clock_round(struct tc_port_clock *clock)
{
    struct tc_clock_sample sample;
    uint32_t steps = clock->discipline.steps;

    if ((clock->way != TC_WAY_COMPARED && clock->way != TC_WAY_CONVERTED) ||
        !tc_clock_sample(clock->ops, clock->counter, clock->port_id, &sample) ||
        sample.error_ns >= SLOW_READING_NS)
        return false;
    if (clock->way == TC_WAY_COMPARED)
        return compare(clock, &sample);
    tc_discipline_take(&clock->discipline, &sample, TC_CLOCK_HORIZON_NS);
    clock->clock = clock->discipline.clock;
    if (clock->discipline.steps == steps)
        return false;
    clock->steps++;
    clock->step_ns = -clock->discipline.step_ns; /* the port's clock, seen from here */
    return true;
}
