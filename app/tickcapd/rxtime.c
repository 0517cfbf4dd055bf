/* What is seldom done with times; what is done for every frame is in the header. */
#include "tickcapd/rxtime.h"

#include "tickcapd/portclock.h"

#define SECOND_NS UINT64_C(1000000000)
#define NEAR_NS   (10 * SECOND_NS)

/* The main lcore compares the clock of the stamps: they are no further ahead than it was found. */
static void watch_gate(struct tc_rx_time *time)
{
    uint64_t error_ns = time->times->stamps.error_ns;

    time->gate.is_watched = true;
    if (error_ns == TC_ERROR_UNKNOWN)
        time->gate.ahead_ns = TC_FUTURE_NS;
    else if (error_ns < TC_STEP_NS / 2)
        time->gate.ahead_ns = TC_STEP_NS;
    else
        time->gate.ahead_ns = error_ns < TC_PAST_NS / 2 ? 2 * error_ns : TC_PAST_NS;
}

void tc_rx_time_init(struct tc_rx_time *time, const struct tc_rx_time_options *options)
{
    *time = (struct tc_rx_time){
        .exchange = options->exchange,
        .times = tc_time_take(options->exchange),
        .flag = options->flag,
        .offset = options->offset,
        .undecided = options->undecided,
        .unit = options->unit,
        .epoch = options->epoch,
        .gate = {.of_file = options->source == TC_CLOCK_FILE, .ahead_ns = TC_FUTURE_NS},
        .as_stamped = options->clock,
        .tai_s = options->tai_s,
        .port = options->port,
    };
    time->stamps = options->as_stamped ? &time->as_stamped : &time->times->stamps;
    time->steps = time->times->steps;
    if (!options->as_stamped)
        watch_gate(time);
}

/*
 * What bends a line towards the system clock bends it past that where no correction comes any more,
 * by as much again with every horizon: the main lcore may stand still, or a clock be read no more.
 */
static void claim_for_age(struct tc_clock *clock, uint64_t now_ns)
{
    uint64_t age_ns = now_ns - clock->compared_ns;
    uint64_t more = age_ns / TC_CLOCK_HORIZON_NS + 1;

    if (clock->compared_ns == 0 || now_ns < clock->compared_ns ||
        clock->error_ns == TC_ERROR_UNKNOWN)
        return;
    clock->error_ns = clock->error_ns < TC_ERROR_UNKNOWN / more ? clock->error_ns * more
                                                                : TC_ERROR_UNKNOWN;
    clock->in_sync = clock->in_sync && age_ns < TC_STALE_NS;
}

struct tc_clock tc_rx_time_clock(const struct tc_rx_time *time)
{
    struct tc_clock clock = time->flag == 0 || time->undecided ? time->times->tsc : *time->stamps;

    /* the kernel stamps by this host's clock itself */
    if (clock.source == TC_CLOCK_KERNEL) {
        clock.error_ns = clock.unit == TC_UNIT_US ? 1000 : 1;
        clock.in_sync = true;
    }
    claim_for_age(&clock, time->proc_ns);
    if (clock.source != TC_CLOCK_FILE)
        clock.host_error_ns = time->times->tsc.host_error_ns;
    return clock;
}

/* A clock was set: that is told before the first frame that has a time of it. */
static void tell_step(struct tc_rx_time *time, struct tc_intake *intake, int64_t step_ns,
                      enum tc_stepped_clock which)
{
    const uint64_t values[] = {(uint64_t)step_ns, which};

    tc_intake_event(intake, TC_EVENT_CLOCK_STEP, time->port, time->proc_ns, values, sizeof values);
    tc_time_gate_reset(&time->gate);
}

void tc_rx_time_burst(struct tc_rx_time *time, uint64_t tsc, struct tc_intake *intake)
{
    const struct tc_times *times = tc_time_take(time->exchange);
    uint64_t proc_ns;

    if (__builtin_expect(times != time->times, 0)) {
        time->times = times;
        if (time->stamps != &time->as_stamped) {
            time->stamps = &times->stamps;
            watch_gate(time);
        }
    }
    proc_ns = tc_clock_ns(&time->times->tsc, tsc);
    if (__builtin_expect(time->times->steps != time->steps, 0)) {
        time->steps = time->times->steps;
        time->proc_ns = proc_ns;
        tell_step(time, intake, time->times->step_ns, (enum tc_stepped_clock)time->times->stepped);
    }
    /* where a line was bent, the new one may begin a little below the old */
    if (proc_ns > time->proc_ns)
        time->proc_ns = proc_ns;
}

/* ---- refused stamps ---- */

static void tell_refused(struct tc_rx_time *time, struct tc_intake *intake)
{
    const uint64_t values[] = {time->refused, time->refused_stamp, time->why};

    tc_intake_event(intake, TC_EVENT_BAD_TIME, time->port, time->proc_ns, values, sizeof values);
    time->refused = 0;
    time->told_ns = time->proc_ns;
}

void tc_rx_time_tell(struct tc_rx_time *time, struct tc_intake *intake, bool now)
{
    if (time->refused > 0 && (now || time->proc_ns - time->told_ns >= SECOND_NS))
        tell_refused(time, intake);
}

static uint64_t refuse(struct tc_rx_time *time, uint64_t stamp, enum tc_time_verdict why,
                       struct tc_intake *intake, uint16_t *flags)
{
    if (time->refused++ == 0) {
        time->refused_stamp = stamp;
        time->why = why;
    }
    tc_rx_time_tell(time, intake, false);
    *flags = TC_FRAME_SOFTWARE_TIME | TC_FRAME_BAD_TIME;
    return time->proc_ns;
}

/* ---- what stamps are ---- */

static bool is_near(uint64_t ns, uint64_t of_ns)
{
    return ns < of_ns ? of_ns - ns < NEAR_NS : ns - of_ns < NEAR_NS;
}

static void decide_on(struct tc_rx_time *time, enum tc_clock_unit unit, enum tc_clock_epoch epoch,
                      uint16_t ahead_s)
{
    struct tc_clock decided = tc_clock_of_stamps((enum tc_clock_source)time->as_stamped.source,
                                                 unit, epoch, ahead_s);

    time->as_stamped = decided;
    time->stamps = &time->as_stamped;
    time->undecided = false;
    time->gate.is_watched = false;
    time->gate.ahead_ns = TC_FUTURE_NS;
}

/* Whether the profile leaves that open, or says so itself. */
static bool may_be(const struct tc_rx_time *time, int unit, int epoch)
{
    return (time->unit == unit || time->unit == TC_PROFILE_ANY_UNIT) &&
           (time->epoch == epoch || time->epoch == TC_PROFILE_ANY_EPOCH);
}

/*
 * A file's times may be of any day that can be meant, which is a number of one size in nanoseconds
 * and of another in microseconds. One that cannot be meant in either says nothing.
 */
static bool decide_of_file(struct tc_rx_time *time, uint64_t stamp)
{
    bool tai = time->epoch == TC_EPOCH_TAI;

    for (int unit = TC_UNIT_NS; unit <= TC_UNIT_US; unit++) {
        uint64_t scale = unit == TC_UNIT_US ? 1000 : 1;
        uint64_t ns = stamp * scale;

        if (may_be(time, unit, tai ? TC_EPOCH_TAI : TC_EPOCH_UTC) && stamp <= UINT64_MAX / scale &&
            tc_time_gate_judge(&time->gate, &ns, time->proc_ns) == TC_TIME_GOOD) {
            decide_on(time, (enum tc_clock_unit)unit, tai ? TC_EPOCH_TAI : TC_EPOCH_UTC,
                      tai ? time->tai_s : 0);
            return true;
        }
    }
    return false;
}

/* A live stamp is near this host's clock in one reading of it, or it is ticks. */
static bool decide_live(struct tc_rx_time *time, uint64_t stamp)
{
    for (int unit = TC_UNIT_NS; unit <= TC_UNIT_US; unit++) {
        uint64_t ns = stamp * (unit == TC_UNIT_US ? 1000 : 1);

        if (may_be(time, unit, TC_EPOCH_UTC) && is_near(ns, time->proc_ns)) {
            decide_on(time, (enum tc_clock_unit)unit, TC_EPOCH_UTC, 0);
            return true;
        }
        if (may_be(time, unit, TC_EPOCH_TAI) &&
            is_near(ns, time->proc_ns + time->tai_s * SECOND_NS)) {
            decide_on(time, (enum tc_clock_unit)unit, TC_EPOCH_TAI, time->tai_s);
            return true;
        }
    }
    if (time->times->stamps.slope == 0 ||
        !is_near(tc_clock_ns(&time->times->stamps, stamp), time->proc_ns))
        return false;
    time->stamps = &time->times->stamps;
    time->undecided = false;
    return true;
}

uint64_t tc_rx_time_doubt(struct tc_rx_time *time, uint64_t stamp, uint64_t rx_ns,
                          enum tc_time_verdict verdict, struct tc_intake *intake, uint16_t *flags)
{
    if (verdict != TC_TIME_STEPPED)
        return verdict == TC_TIME_GOOD ? rx_ns : refuse(time, stamp, verdict, intake, flags);
    tell_step(time, intake, time->gate.step_ns, TC_STEPPED_PORT);
    time->gate.last_ns = rx_ns;
    return rx_ns;
}

uint64_t tc_rx_time_find_out(struct tc_rx_time *time, uint64_t stamp, struct tc_intake *intake,
                             uint16_t *flags)
{
    enum tc_time_verdict verdict;
    uint64_t rx_ns;

    if (!(time->gate.of_file ? decide_of_file(time, stamp) : decide_live(time, stamp)))
        return refuse(time, stamp, stamp == 0 ? TC_TIME_ZERO : TC_TIME_PAST, intake, flags);
    rx_ns = tc_clock_ns(time->stamps, stamp);
    verdict = tc_time_gate_judge(&time->gate, &rx_ns, time->proc_ns);
    return tc_rx_time_doubt(time, stamp, rx_ns, verdict, intake, flags);
}
