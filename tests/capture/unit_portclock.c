/*
 * The clocks of ports, from the first look at them to the time of each frame, with an emulated NIC:
 * what is recorded is never further from the truth than is claimed, and the claim is tight.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "emulatednic.h"
#include "feed/registry.h"
#include "intakebed.h"
#include "tickcapd/clockwatch.h"
#include "tickcapd/rxtime.h"

#define SECOND_NS INT64_C(1000000000)
#define TAI_NS    (TC_TAI_AHEAD_S * SECOND_NS)

enum {
    STAMPED = 1 << 20,        /* in the flags of a frame that has a stamp */
    SETTLED_S = 10,           /* after which claims must be tight */
    LONG_S = 60,              /* that a clock is watched */
    GAP_NS = 5 * 1000 * 1000, /* between bursts, at most */
    BURST_FRAMES = 4,
    ANY_UNIT = TC_PROFILE_ANY_UNIT,
    ANY_EPOCH = TC_PROFILE_ANY_EPOCH,
};

/* A port of an emulated NIC, with its clocks and one receiver. */
static struct {
    struct emulated_nic nic;
    struct tc_config_port config;
    struct tc_plan_port plan;
    struct tc_eth_port port;
    struct tc_clock_watch watch;
    struct tc_time_exchange exchange;
    struct tc_rx_time time;
    struct rte_mbuf mbuf;
    uint64_t arrived_ns; /* the frame before, in truth */
    uint64_t shown_ns;   /* ... and as recorded */
    uint32_t steps;      /* by then */
    uint64_t worst_ns, claimed_ns, frames, software, bad;
} rig;

static char warning[400];

static void warn(const char *sentence)
{
    snprintf(warning, sizeof warning, "%s", sentence);
}

static void set_up(void)
{
    static const struct tc_batch_limits limits = {0};
    struct tc_profile *profile = &rig.plan.profile;

    memset(&rig, 0, sizeof rig);
    warning[0] = '\0';
    stand_set_up();
    stand_capture(&tc_feed_itch50, 1, 1);
    stand_open(&limits, TC_PORT_ANY);
    emulated_nic_init(&rig.nic, 1);
    snprintf(rig.config.name, sizeof rig.config.name, "p0");
    snprintf(profile->name, sizeof profile->name, "emulated");
    profile->source = TC_CLOCK_NIC;
    profile->stamp_bits = 64;
    rig.plan.config = &rig.config;
    rig.plan.time = &rig.nic.ops;
    rig.port = (struct tc_eth_port){.plan = &rig.plan,
                                    .has_stamps = true,
                                    .stamp_flag = STAMPED,
                                    .stamp_offset = offsetof(struct rte_mbuf, dynfield1)};
    snprintf(rig.port.driver, sizeof rig.port.driver, "net_emulated");
}

static void tear_down(void)
{
    tc_clock_watch_close(&rig.watch);
    stand_close();
}

TestSuite(portclock, .init = set_up, .fini = tear_down);

/* What the profile says of the stamps. */
static void describe(int unit, int epoch, enum tc_stamp_clock clock)
{
    rig.plan.profile.unit = unit;
    rig.plan.profile.epoch = epoch;
    rig.plan.profile.stamp_clock = clock;
}

static enum tc_status look(struct tc_error *error)
{
    rig.plan.profile.stamp_bits = (uint64_t)rig.nic.bits;
    return tc_clock_watch_open(&rig.watch, &rig.port, 1, warn, error);
}

/* Opens port and receiver as a capture does. */
static void start(void)
{
    struct tc_error error = {0};
    const struct tc_port_clock *clock;
    struct tc_times times;

    cr_assert_eq(look(&error), TC_OK, "%s", error.text);
    clock = &rig.watch.ports[0].clock;
    times = tc_clock_watch_times(&rig.watch, 0);
    tc_time_exchange_init(&rig.exchange, &times);
    tc_rx_time_init(&rig.time, &(struct tc_rx_time_options){
                                   .exchange = &rig.exchange,
                                   .flag = clock->way == TC_WAY_SOFTWARE ? 0 : STAMPED,
                                   .offset = rig.port.stamp_offset,
                                   .source = (enum tc_clock_source)rig.plan.profile.source,
                                   .as_stamped = clock->way == TC_WAY_AS_STAMPED,
                                   .undecided = tc_port_clock_is_open(clock, &rig.plan.profile),
                                   .unit = rig.plan.profile.unit,
                                   .epoch = rig.plan.profile.epoch,
                                   .clock = clock->clock,
                                   .tai_s = rig.watch.host.tai_s,
                               });
    rig.arrived_ns = rig.nic.now_ns;
}

static void burst(void)
{
    tc_rx_time_burst(&rig.time, emulated_nic_tsc(&rig.nic), &stand.intake);
}

static uint64_t frame(uint64_t stamp, bool stamped, uint16_t *flags)
{
    rig.mbuf.ol_flags = stamped ? STAMPED : 0;
    *RTE_MBUF_DYNFIELD(&rig.mbuf, rig.port.stamp_offset, rte_mbuf_timestamp_t *) = stamp;
    *flags = 0;
    return tc_rx_time_frame(&rig.time, &rig.mbuf, &stand.intake, flags);
}

/* A frame that arrived at `true_ns`: if its time is not software time, it is as good as claimed. */
static void take(uint64_t true_ns, bool settled)
{
    uint16_t flags;
    uint64_t rx_ns = frame(emulated_nic_stamp(&rig.nic, true_ns), true, &flags);
    uint64_t truth_ns = true_ns + (uint64_t)rig.nic.host_ns;
    uint64_t apart_ns = rx_ns < truth_ns ? truth_ns - rx_ns : rx_ns - truth_ns;
    uint64_t claimed_ns = tc_rx_time_clock(&rig.time).error_ns;

    rig.frames++;
    rig.software += (flags & TC_FRAME_SOFTWARE_TIME) != 0;
    rig.bad += (flags & TC_FRAME_BAD_TIME) != 0;
    if (flags != 0) {
        cr_assert_eq(rx_ns, rig.time.proc_ns);
        return;
    }
    cr_assert_leq(apart_ns, claimed_ns, "at %lu ns: %lu ns off, %lu claimed", true_ns, apart_ns,
                  claimed_ns);
    cr_assert(rx_ns >= rig.shown_ns || rig.steps != rig.time.steps);
    rig.shown_ns = rx_ns;
    rig.steps = rig.time.steps;
    if (settled && apart_ns > rig.worst_ns)
        rig.worst_ns = apart_ns;
    if (settled && claimed_ns > rig.claimed_ns)
        rig.claimed_ns = claimed_ns;
}

/* What the main lcore does again and again. */
static void correct(void)
{
    struct tc_times times;

    tc_clock_watch_round(&rig.watch);
    times = tc_clock_watch_times(&rig.watch, 0);
    cr_assert(tc_time_publish(&rig.exchange, &times));
}

/* Bursts, each frame of which waited a little, and corrections after some of them. */
static void pass_seconds(double seconds, double settle_s)
{
    uint64_t end_ns = rig.nic.now_ns + (uint64_t)(seconds * 1e9);
    uint64_t settled_ns = rig.nic.now_ns + (uint64_t)(settle_s * 1e9);

    while (rig.nic.now_ns < end_ns) {
        uint64_t next_ns = rig.nic.now_ns + TC_CLOCK_ROUND_NS + test_below(&rig.nic.random, GAP_NS);

        while (rig.nic.now_ns < next_ns) {
            uint64_t polled_ns;

            rig.nic.now_ns += 1000 + test_below(&rig.nic.random, GAP_NS);
            polled_ns = rig.nic.now_ns;
            burst();
            for (int i = 0; i < BURST_FRAMES; i++) {
                rig.arrived_ns += test_below(&rig.nic.random, (polled_ns - rig.arrived_ns) / 2 + 1);
                take(rig.arrived_ns, rig.nic.now_ns >= settled_ns);
            }
        }
        correct();
    }
}

/* After settling the claim is at most `most_ns`, and four times what it was really off. */
static void claims_tightly(uint64_t most_ns)
{
    pass_seconds(LONG_S, SETTLED_S);
    cr_assert_eq(rig.software, 0, "%lu of %lu frames", rig.software, rig.frames);
    cr_assert_leq(rig.claimed_ns, most_ns, "%lu ns are claimed", rig.claimed_ns);
    cr_assert_leq(rig.claimed_ns, 4 * rig.worst_ns, "%lu ns are claimed, it was %lu off at most",
                  rig.claimed_ns, rig.worst_ns);
    cr_assert(tc_rx_time_clock(&rig.time).in_sync);
    cr_log_info("claimed %lu, worst %lu", rig.claimed_ns, rig.worst_ns);
}

static struct tc_clock in_force(void)
{
    return tc_rx_time_clock(&rig.time);
}

/* How often events of that kind were told so far; the first of them. */
static uint32_t told(enum tc_event_kind kind, uint64_t values[3])
{
    uint32_t sum = 0;

    stand_finish(rig.time.proc_ns);
    for (uint32_t i = 0; i < stand.given_count; i++) {
        uint32_t count;
        const struct tc_event_record *event = stand_find_event(stand.given[i], kind, &count);

        if (count > 0 && sum == 0)
            memcpy(values, event + 1, event->payload_bytes);
        sum += count;
    }
    return sum;
}

/* ---- times ---- */

Test(portclock, nanoseconds_of_utc)
{
    rig.nic.ahead_ns = 25; /* as well as it is synchronised */
    rig.nic.read_ns = 25;
    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    start();
    cr_assert_eq(rig.watch.ports[0].clock.way, TC_WAY_COMPARED);
    claims_tightly(100);
    cr_assert(in_force().source == TC_CLOCK_NIC && in_force().epoch == TC_EPOCH_UTC);
    cr_assert_eq(warning[0], '\0');
}

static void tai(int unit, int epoch)
{
    rig.nic.ahead_ns = TAI_NS - 25;
    rig.nic.read_ns = 25;
    describe(unit, epoch, TC_STAMP_CLOCK_PHC);
    start();
    claims_tightly(100);
    cr_assert(in_force().epoch == TC_EPOCH_TAI && in_force().unit == TC_UNIT_NS);
    cr_assert_eq(in_force().ahead_s, TC_TAI_AHEAD_S);
}

Test(portclock, nanoseconds_of_tai)
{
    tai(TC_UNIT_NS, TC_EPOCH_TAI);
}

Test(portclock, nanoseconds_of_tai_are_found_out)
{
    tai(ANY_UNIT, ANY_EPOCH);
}

Test(portclock, microseconds)
{
    rig.nic.unit_ns = 1000;
    describe(ANY_UNIT, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    start();
    claims_tightly(2000);
    cr_assert_eq(in_force().unit, TC_UNIT_US);
}

/* ---- ticks ---- */

static void ticks(double hertz, double ppm, double swing_ppm, int bits)
{
    rig.nic.hertz = hertz;
    rig.nic.ppm = ppm;
    rig.nic.swing_ppm = swing_ppm;
    rig.nic.bits = bits;
    describe(TC_UNIT_TICKS, TC_EPOCH_START, TC_STAMP_CLOCK_COUNTER);
    start();
    cr_assert_eq(rig.watch.ports[0].clock.way, TC_WAY_CONVERTED);
    claims_tightly(1000);
    cr_assert(in_force().unit == TC_UNIT_TICKS && in_force().epoch == TC_EPOCH_START);
}

Test(portclock, ticks_of_a_gigahertz_too_fast)
{
    ticks(1e9, 100, 1, 64);
}

Test(portclock, ticks_of_a_gigahertz_too_slow)
{
    ticks(1e9, -100, -1, 64);
}

Test(portclock, ticks_of_125_megahertz_too_fast)
{
    ticks(125e6, 100, -1, 64);
}

Test(portclock, ticks_of_125_megahertz_too_slow)
{
    ticks(125e6, -100, 1, 64);
}

Test(portclock, a_counter_of_32_bits_wraps)
{
    ticks(1e9, 40, 0.5, 32); /* every 4.29 s */
}

Test(portclock, nanoseconds_since_the_start)
{
    rig.nic.hertz = 1e9;
    rig.nic.ppm = 20;
    describe(TC_UNIT_NS, ANY_EPOCH, TC_STAMP_CLOCK_PHC);
    start();
    claims_tightly(1000);
    cr_assert_eq(in_force().epoch, TC_EPOCH_START);
}

/* ---- what is found out from stamps ---- */

static void found_out(enum tc_clock_unit unit, enum tc_clock_epoch epoch)
{
    burst();
    rig.arrived_ns = rig.nic.now_ns;
    for (int i = 0; i < 100; i++) {
        uint16_t flags;
        uint64_t stamp = emulated_nic_stamp(&rig.nic, ++rig.arrived_ns);
        uint64_t rx_ns = frame(stamp, true, &flags);

        cr_assert_eq(flags, 0);
        cr_assert_eq(rx_ns, rig.arrived_ns / rig.nic.unit_ns * rig.nic.unit_ns);
    }
    cr_assert(in_force().unit == unit && in_force().epoch == epoch);
    cr_assert_eq(in_force().error_ns, TC_ERROR_UNKNOWN, "nobody compared it");
}

Test(portclock, stamps_of_a_clock_that_cannot_be_read_tell_unit_and_epoch)
{
    static const struct {
        uint64_t unit_ns;
        int64_t ahead_ns;
        enum tc_clock_unit unit;
        enum tc_clock_epoch epoch;
    } rows[] = {{1, 0, TC_UNIT_NS, TC_EPOCH_UTC},
                {1, TAI_NS, TC_UNIT_NS, TC_EPOCH_TAI},
                {1000, 0, TC_UNIT_US, TC_EPOCH_UTC},
                {1000, TAI_NS, TC_UNIT_US, TC_EPOCH_TAI}};

    describe(ANY_UNIT, ANY_EPOCH, TC_STAMP_CLOCK_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig.nic.unit_ns = rows[i].unit_ns;
        rig.nic.ahead_ns = rows[i].ahead_ns;
        start();
        cr_assert_eq(rig.watch.ports[0].clock.way, TC_WAY_AS_STAMPED);
        cr_assert_eq(in_force().source, TC_CLOCK_TSC, "no stamp has been seen");
        found_out(rows[i].unit, rows[i].epoch);
        tc_clock_watch_close(&rig.watch);
    }
}

Test(portclock, what_the_profile_says_of_stamps_is_not_found_out)
{
    static const struct {
        int unit, epoch; /* as the profile has it */
        uint64_t unit_ns;
        int64_t ahead_ns;
    } rows[] = {{ANY_UNIT, TC_EPOCH_UTC, 1, TAI_NS},
                {ANY_UNIT, TC_EPOCH_TAI, 1, 0},
                {TC_UNIT_NS, ANY_EPOCH, 1000, 0},
                {TC_UNIT_US, ANY_EPOCH, 1, TAI_NS}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint16_t flags;

        rig.nic.unit_ns = rows[i].unit_ns;
        rig.nic.ahead_ns = rows[i].ahead_ns;
        describe(rows[i].unit, rows[i].epoch, TC_STAMP_CLOCK_NONE);
        start();
        burst();
        frame(emulated_nic_stamp(&rig.nic, rig.nic.now_ns), true, &flags);
        cr_assert_eq(flags, TC_FRAME_SOFTWARE_TIME | TC_FRAME_BAD_TIME, "row %zu", i);
        tc_clock_watch_close(&rig.watch);
    }
}

Test(portclock, times_of_a_file_in_tai)
{
    const uint64_t day_ns = UINT64_C(1692712800123456789);
    uint16_t flags;

    rig.plan.profile.source = TC_CLOCK_FILE;
    describe(ANY_UNIT, TC_EPOCH_TAI, TC_STAMP_CLOCK_NONE);
    start();
    burst();
    cr_assert_eq(frame(day_ns + (uint64_t)TAI_NS, true, &flags), day_ns);
    cr_assert(flags == 0 && in_force().epoch == TC_EPOCH_TAI);
}

/* As a ConnectX with REAL_TIME_CLOCK_ENABLE: the counter is not what stamps are of. */
Test(portclock, times_although_a_counter_can_be_read)
{
    rig.nic.hertz = 1e9;
    describe(ANY_UNIT, ANY_EPOCH, TC_STAMP_CLOCK_COUNTER);
    start();
    cr_assert_eq(rig.watch.ports[0].clock.way, TC_WAY_CONVERTED);
    rig.nic.hertz = 0;
    found_out(TC_UNIT_NS, TC_EPOCH_UTC);
}

Test(portclock, ticks_where_times_were_possible)
{
    rig.nic.hertz = 125e6;
    describe(ANY_UNIT, ANY_EPOCH, TC_STAMP_CLOCK_COUNTER);
    start();
    claims_tightly(1000);
    cr_assert_eq(in_force().unit, TC_UNIT_TICKS);
}

/* ---- steps ---- */

/* Frames around a step have software time or a right one, it is told once, and time goes on. */
static void step(enum tc_stepped_clock which, int64_t told_ns, bool reports)
{
    uint64_t values[3] = {0};

    rig.software = 0;
    pass_seconds(2, 2);
    cr_assert_leq(rig.software, rig.frames / 4, "%lu of %lu", rig.software, rig.frames);
    rig.software = 0;
    pass_seconds(20, 5);
    cr_assert_eq(rig.software, 0);
    cr_assert_eq(told(TC_EVENT_CLOCK_STEP, values), reports);
    if (!reports)
        return;
    cr_assert_eq(values[1], which);
    cr_assert_lt(llabs((int64_t)values[0] - told_ns), 1000000, "%ld", (int64_t)values[0]);
}

Test(portclock, the_clock_of_the_nic_is_set_forwards)
{
    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    start();
    pass_seconds(5, 5);
    rig.nic.stepped_ns = SECOND_NS;
    step(TC_STEPPED_PORT, SECOND_NS, true);
    cr_assert_geq(rig.claimed_ns, SECOND_NS, "the file says how wrong the clock is");
}

Test(portclock, the_clock_of_the_nic_is_set_back)
{
    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    start();
    pass_seconds(5, 5);
    rig.nic.stepped_ns = -SECOND_NS;
    step(TC_STEPPED_PORT, -SECOND_NS, true);
}

static void counter_steps(int64_t by_ns)
{
    rig.nic.hertz = 1e9;
    rig.nic.ppm = 50;
    describe(TC_UNIT_TICKS, TC_EPOCH_START, TC_STAMP_CLOCK_COUNTER);
    start();
    pass_seconds(15, 10);
    rig.nic.stepped_ns = by_ns;
    step(TC_STEPPED_PORT, by_ns, true);
    cr_assert_leq(rig.claimed_ns, 1000, "the line began anew: %lu", rig.claimed_ns);
}

Test(portclock, a_counter_jumps_forwards)
{
    counter_steps(SECOND_NS);
}

Test(portclock, a_counter_jumps_back)
{
    counter_steps(-SECOND_NS);
}

static void host_steps(int64_t by_ns)
{
    rig.nic.hertz = 125e6;
    rig.nic.ppm = -50;
    describe(TC_UNIT_TICKS, TC_EPOCH_START, TC_STAMP_CLOCK_COUNTER);
    start();
    pass_seconds(15, 10);
    rig.nic.host_ns = by_ns;
    burst();
    correct(); /* until then nobody can say what the truth is */
    step(TC_STEPPED_SYSTEM, by_ns, true);
}

Test(portclock, the_clock_of_the_host_is_set_forwards)
{
    host_steps(SECOND_NS);
}

Test(portclock, the_clock_of_the_host_is_set_back)
{
    host_steps(-SECOND_NS);
}

/* Then TAI is a second further from UTC, for good: no clock is wrong. */
Test(portclock, a_leap_second)
{
    rig.nic.ahead_ns = TAI_NS;
    rig.nic.read_ns = 25;
    describe(TC_UNIT_NS, TC_EPOCH_TAI, TC_STAMP_CLOCK_PHC);
    start();
    pass_seconds(5, 5);
    rig.nic.host_ns = -SECOND_NS;
    burst();
    correct();
    pass_seconds(1, 1);
    cr_assert_eq(in_force().ahead_s, TC_TAI_AHEAD_S + 1);
    cr_assert_eq(rig.watch.ports[0].stepped, TC_STEPPED_PORT);
    cr_assert_eq(rig.watch.ports[0].step_ns, -SECOND_NS, "times are shown a second earlier");
    rig.software = 0;
    rig.claimed_ns = 0;
    pass_seconds(10, 3);
    cr_assert_eq(rig.software, 0);
    cr_assert_leq(rig.claimed_ns, 100, "%lu", rig.claimed_ns);
}

/* Nobody can compare: frames in order among themselves are believed after a while. */
Test(portclock, a_clock_that_nobody_reads_is_set_back)
{
    uint64_t values[3] = {0};
    uint64_t true_ns, refused = 0;

    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_NONE);
    start();
    burst();
    found_out(TC_UNIT_NS, TC_EPOCH_UTC);
    true_ns = rig.arrived_ns;
    rig.nic.stepped_ns = -SECOND_NS;
    for (uint32_t i = 0; i < 2 * TC_BACKWARD_FRAMES; i++) {
        uint16_t flags;
        uint64_t rx_ns = frame(emulated_nic_stamp(&rig.nic, ++true_ns), true, &flags);

        if (flags == 0)
            cr_assert_eq(rx_ns, true_ns - (uint64_t)SECOND_NS);
        else
            refused++;
    }
    cr_assert_eq(refused, TC_BACKWARD_FRAMES - 1);
    cr_assert_eq(told(TC_EVENT_CLOCK_STEP, values), 1);
    cr_assert_eq(values[1], TC_STEPPED_PORT);
}

/* ---- readings that fail ---- */

Test(portclock, a_clock_that_is_read_no_more_claims_less_and_less)
{
    rig.nic.hertz = 1e9;
    rig.nic.ppm = 20;
    rig.nic.swing_ppm = 1;
    describe(TC_UNIT_TICKS, TC_EPOCH_START, TC_STAMP_CLOCK_COUNTER);
    start();
    pass_seconds(15, 10);
    rig.nic.cannot_read = true;
    pass_seconds(LONG_S, 0); /* asserts that no time is further off than is claimed */
    cr_assert_not(in_force().in_sync);
    cr_assert_lt(in_force().error_ns, TC_STEP_NS);
    rig.nic.cannot_read = false;
    pass_seconds(5, 5);
    rig.claimed_ns = 0;
    pass_seconds(5, 0);
    cr_assert_leq(rig.claimed_ns, 1000, "%lu", rig.claimed_ns);
    cr_assert(in_force().in_sync);
}

Test(portclock, a_reading_that_takes_long_is_no_step)
{
    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    start();
    pass_seconds(5, 5);
    burst();
    rig.nic.read_ns = 60 * 1000 * 1000;
    correct();
    rig.nic.read_ns = 200;
    rig.claimed_ns = 0;
    pass_seconds(2, 0);
    cr_assert_eq(rig.watch.ports[0].steps, 0);
    cr_assert_leq(rig.claimed_ns, 1000, "%lu", rig.claimed_ns);
}

/* A clock of this host whose first readings are interrupted, the first one for long. */
static uint64_t interrupted_ns(void *context)
{
    uint32_t *readings = context;
    uint32_t interrupted = *readings % 2 == 1 && *readings < 2 * 5;

    rig.nic.now_ns += 50 + (interrupted ? (*readings == 1 ? 30000 : 15000) : 0);
    ++*readings;
    return rig.nic.now_ns;
}

static bool no_counter(const struct tc_port_time_ops *ops, uint16_t port, uint64_t *ticks)
{
    (void)ops;
    *ticks = port;
    return true;
}

Test(portclock, an_interrupted_reading_is_not_taken_for_a_slow_one)
{
    uint32_t readings = 0;
    const struct tc_port_time_ops ops = {.context = &readings, .utc_ns = interrupted_ns};
    struct tc_clock_sample sample;

    cr_assert(tc_clock_sample(&ops, no_counter, 0, &sample));
    cr_assert_eq(sample.error_ns, 25, "%lu", sample.error_ns);
    cr_assert_gt(readings, 2 * 5);
}

/* ---- stamps that cannot be true ---- */

static void refused(uint64_t stamp, uint64_t why)
{
    uint64_t values[3] = {0};
    uint16_t flags;
    uint64_t proc_ns;

    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    start();
    pass_seconds(0.5, 1);
    burst();
    proc_ns = rig.time.proc_ns;
    for (int i = 0; i < 7; i++) {
        cr_assert_eq(frame(stamp, true, &flags), proc_ns);
        cr_assert_eq(flags, TC_FRAME_SOFTWARE_TIME | TC_FRAME_BAD_TIME);
    }
    /* the next good one is good */
    take(rig.nic.now_ns, false);
    cr_assert_eq(rig.software, 0);
    tc_rx_time_tell(&rig.time, &stand.intake, true);
    cr_assert_geq(told(TC_EVENT_BAD_TIME, values), 1);
    cr_assert_eq(values[1], stamp);
    cr_assert_eq(values[2], why);
}

Test(portclock, zero)
{
    refused(0, TC_TIME_ZERO);
}

Test(portclock, the_end_of_numbers)
{
    refused(UINT64_MAX, TC_TIME_FUTURE);
}

Test(portclock, last_year)
{
    refused(UINT64_C(1763649004000000000), TC_TIME_PAST);
}

/* Whoever takes that for microseconds shows all others a thousand times later. */
Test(portclock, the_first_time_of_a_file_that_is_none_decides_nothing)
{
    static const struct {
        uint64_t first, unit_ns;
        enum tc_clock_unit unit;
    } rows[] = {{5000, 1, TC_UNIT_NS},
                {UINT64_MAX, 1, TC_UNIT_NS},
                {5000, 1000, TC_UNIT_US},
                {UINT64_C(1) << 62, 1000, TC_UNIT_US}};

    rig.plan.profile.source = TC_CLOCK_FILE;
    describe(ANY_UNIT, TC_EPOCH_UTC, TC_STAMP_CLOCK_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint64_t day_ns = UINT64_C(1692712800123456000);
        uint16_t flags;

        start();
        burst();
        frame(rows[i].first, true, &flags);
        cr_assert_eq(flags, TC_FRAME_SOFTWARE_TIME | TC_FRAME_BAD_TIME, "row %zu", i);
        cr_assert_eq(frame(day_ns / rows[i].unit_ns, true, &flags), day_ns, "row %zu", i);
        cr_assert_eq(flags, 0);
        cr_assert(in_force().source == TC_CLOCK_FILE && in_force().unit == rows[i].unit);
        tc_clock_watch_close(&rig.watch);
    }
}

Test(portclock, garbage_is_never_believed)
{
    struct test_random random = {5};
    uint64_t values[3];
    uint64_t frames = 0;

    rig.nic.hertz = 1e9;
    describe(TC_UNIT_TICKS, TC_EPOCH_START, TC_STAMP_CLOCK_COUNTER);
    start();
    pass_seconds(2, 2);
    for (int i = 0; i < 100000; i++) {
        uint16_t flags;
        uint64_t rx_ns;

        if (i % 16 == 0) {
            rig.nic.now_ns += 1000;
            burst();
        }
        rx_ns = frame(test_random(&random), true, &flags);
        cr_assert(flags != 0 || (rx_ns + TC_PAST_NS >= rig.time.proc_ns &&
                                 rx_ns <= rig.time.proc_ns + TC_STEP_NS));
        frames += flags == 0;
        if (flags != 0)
            cr_assert_eq(rx_ns, rig.time.proc_ns);
    }
    cr_assert_leq(frames, 1, "of 2^64 numbers few are times of the last seconds");
    tc_rx_time_tell(&rig.time, &stand.intake, true);
    cr_assert_leq(told(TC_EVENT_BAD_TIME, values), 3, "one event for many frames");
}

Test(portclock, a_frame_without_the_flag_has_software_time)
{
    uint16_t flags;

    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    start();
    for (int i = 0; i < 100; i++) {
        rig.nic.now_ns += 100000;
        burst();
        take(rig.nic.now_ns - 50000, false);
        cr_assert_eq(frame(emulated_nic_stamp(&rig.nic, rig.nic.now_ns), false, &flags),
                     rig.time.proc_ns);
        cr_assert_eq(flags, TC_FRAME_SOFTWARE_TIME);
    }
    cr_assert_eq(rig.time.unstamped, 100);
    cr_assert_eq(rig.software, 0);
}

/* ---- looking at a clock at the start ---- */

static void refuses(const char *words)
{
    struct tc_error error = {0};

    cr_assert_eq(look(&error), TC_USAGE);
    cr_assert_neq(strstr(error.text, words), NULL, "%s", error.text);
    cr_assert_neq(strstr(error.text, "port p0: "), NULL, "%s", error.text);
}

Test(portclock, a_clock_of_another_epoch_is_refused)
{
    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    rig.nic.ahead_ns = TAI_NS;
    refuses("its clock shows 2026-");
    describe(TC_UNIT_NS, TC_EPOCH_TAI, TC_STAMP_CLOCK_PHC);
    rig.nic.ahead_ns = 0;
    refuses("expected TAI");
}

Test(portclock, a_clock_of_another_unit_is_refused)
{
    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    rig.nic.unit_ns = 1000;
    refuses("expected UTC in ns");
}

Test(portclock, a_counter_that_stands_still_is_refused)
{
    describe(TC_UNIT_TICKS, TC_EPOCH_START, TC_STAMP_CLOCK_COUNTER);
    rig.nic.hertz = 1;
    refuses("expected a counter of 100 kHz to 20 GHz");
}

Test(portclock, a_driver_that_does_not_stamp_is_told)
{
    describe(TC_UNIT_NS, TC_EPOCH_UTC, TC_STAMP_CLOCK_PHC);
    rig.port.has_stamps = false;
    rig.port.no_stamps = "does not offer to stamp every frame";
    start();
    cr_assert_str_eq(warning, "port p0: profile emulated asks for the time of the NIC, but driver "
                              "net_emulated does not offer to stamp every frame: receive times are "
                              "software time, of the burst");
    cr_assert_eq(in_force().source, TC_CLOCK_TSC);
    burst();
    take(rig.nic.now_ns, false);
    cr_assert_eq(rig.software, 1);
}

Test(portclock, ticks_that_nobody_can_read_are_told)
{
    describe(TC_UNIT_TICKS, TC_EPOCH_START, TC_STAMP_CLOCK_COUNTER);
    rig.nic.hertz = 1e9;
    rig.nic.cannot_read = true;
    start();
    cr_assert_neq(strstr(warning, "cannot read the counter"), NULL, "%s", warning);
    cr_assert_eq(in_force().source, TC_CLOCK_TSC);
}
