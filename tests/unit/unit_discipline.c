/*
 * A counter held to UTC: simulated oscillators with an error, a drift and noisy samples; the exact
 * conversion; and the hand-over of corrections between two threads.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>

#include "clock/discipline.h"
#include "support.h"

__extension__ typedef __int128 wide;

#define SECOND_NS UINT64_C(1000000000)

enum {
    NOISE_NS = 200,
    SETTLED_S = 64, /* as many samples as the discipline keeps */
    HOUR_S = 3600,
    /*
     * Worst distance from the truth once it has settled: twice the noise of a sample, which the
     * line is bent to meet, and what 64 s of drift do to the rate that is measured over them.
     */
    BOUND_NS = 1000,
};

#define START_NS UINT64_C(1795185004000000000)
#define HERTZ    2600000000.0L

/* An oscillator: its rate is off by `ppm`, and swings by `swing_ppm` over an hour. */
struct oscillator {
    struct test_random random;
    long double ppm, swing_ppm;
    uint64_t step_ns; /* added to what the system clock shows */
};

/* Ticks since the start, `true_ns` later: the rate, integrated. */
static uint64_t ticks_at(const struct oscillator *oscillator, uint64_t true_ns)
{
    const long double hour = 3600.0L;
    long double turn = 2.0L * acosl(-1.0L) / hour;
    long double t = (long double)true_ns / 1e9L;
    long double swing = oscillator->swing_ppm * (1.0L - cosl(turn * t)) / turn;

    return UINT64_C(1) << 62 | (uint64_t)(HERTZ * (t + (oscillator->ppm * t + swing) * 1e-6L));
}

static struct tc_clock_sample sample_at(struct oscillator *oscillator, uint64_t true_ns)
{
    int64_t noise = test_between(&oscillator->random, -NOISE_NS, NOISE_NS);

    return (struct tc_clock_sample){
        .ticks = ticks_at(oscillator, true_ns),
        .utc_ns = START_NS + true_ns + oscillator->step_ns + (uint64_t)noise,
        .error_ns = NOISE_NS,
    };
}

static void start(struct tc_discipline *discipline, struct oscillator *oscillator)
{
    struct tc_clock_sample first = sample_at(oscillator, 0);
    struct tc_clock_sample second = sample_at(oscillator, SECOND_NS / 10);

    tc_discipline_init(discipline, TC_CLOCK_TSC, 0, &first, &second);
}

/* Converts moments from `from_ns` on, each later than the one before; answers the worst error. */
static uint64_t walk(const struct tc_discipline *discipline, struct oscillator *oscillator,
                     uint64_t from_ns, uint64_t to_ns, uint64_t *shown_ns)
{
    uint64_t worst = 0;

    for (uint64_t now = from_ns; now < to_ns;
         now += 1 + test_below(&oscillator->random, 40000000)) {
        uint64_t shown = tc_clock_ns(&discipline->clock, ticks_at(oscillator, now));
        uint64_t truth = START_NS + oscillator->step_ns + now;
        uint64_t apart = shown > truth ? shown - truth : truth - shown;

        cr_assert_geq(shown, *shown_ns, "time went back by %lu ns", *shown_ns - shown);
        *shown_ns = shown;
        worst = apart > worst ? apart : worst;
    }
    return worst;
}

/* Corrections about once a second from `from_s` to `to_s`; answers the worst settled error. */
static uint64_t run(struct tc_discipline *discipline, struct oscillator *oscillator,
                    uint64_t from_s, uint64_t to_s, uint64_t *shown_ns)
{
    uint64_t at_ns = from_s * SECOND_NS;
    uint64_t worst = 0;

    for (uint64_t second = from_s; second < to_s; second++) {
        struct tc_clock_sample sample = sample_at(oscillator, at_ns);
        /* the thread that corrects sleeps a little longer than told */
        uint64_t next_ns = (second + 1) * SECOND_NS + test_below(&oscillator->random, 1000000);
        uint64_t apart;

        tc_discipline_take(discipline, &sample, SECOND_NS);
        apart = walk(discipline, oscillator, at_ns, next_ns, shown_ns);
        if (second - from_s >= SETTLED_S)
            worst = apart > worst ? apart : worst;
        at_ns = next_ns;
    }
    return worst;
}

Test(discipline, an_hour_of_each_oscillator)
{
    static const struct {
        long double ppm, swing_ppm;
    } rows[] = {{0, 0}, {100, 0}, {-100, 0}, {100, 1}, {-37.5L, -1}, {12, 0.1L}, {0, 2}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct oscillator oscillator = {
            .random = {i}, .ppm = rows[i].ppm, .swing_ppm = rows[i].swing_ppm};
        struct tc_discipline discipline;
        uint64_t shown_ns = 0;
        uint64_t worst;

        start(&discipline, &oscillator);
        worst = run(&discipline, &oscillator, 1, HOUR_S, &shown_ns);
        cr_assert_lt(worst, BOUND_NS, "oscillator %zu: %lu ns from the truth", i, worst);
        cr_assert_eq(discipline.steps, 0);
        cr_assert_eq(discipline.clock.corrections, HOUR_S - 1);
        cr_assert(discipline.clock.in_sync);
        cr_assert_leq(discipline.clock.error_ns, 2 * BOUND_NS);
    }
}

Test(discipline, the_first_line_goes_through_two_samples)
{
    const struct tc_clock_sample first = {1000, START_NS, 30};
    const struct tc_clock_sample second = {1000 + 260000000, START_NS + 100000000, 40};
    struct tc_discipline discipline;
    const struct tc_clock *clock = &discipline.clock;

    tc_discipline_init(&discipline, TC_CLOCK_TSC, 0, &first, &second);
    cr_assert_eq(clock->source, TC_CLOCK_TSC);
    cr_assert_eq(clock->unit, TC_UNIT_TICKS);
    cr_assert_eq(clock->epoch, TC_EPOCH_START);
    cr_assert_eq(clock->error_ns, 110);
    cr_assert_not(clock->in_sync);
    cr_assert_eq(tc_clock_ns(clock, second.ticks), second.utc_ns);
    cr_assert_leq(tc_clock_ns(clock, first.ticks) - first.utc_ns + 1, 2);
    cr_assert_leq(tc_clock_ns(clock, second.ticks + 2600000000) - second.utc_ns - SECOND_NS + 2, 2);
}

Test(discipline, it_says_when_it_has_settled)
{
    struct oscillator oscillator = {.random = {9}, .ppm = 20};
    struct tc_discipline discipline;
    uint64_t shown_ns = 0;

    start(&discipline, &oscillator);
    run(&discipline, &oscillator, 1, 5, &shown_ns);
    cr_assert_not(discipline.clock.in_sync);
    run(&discipline, &oscillator, 5, 20, &shown_ns);
    cr_assert(discipline.clock.in_sync);
}

/* Half the hour before the step, half of it after; only the step itself may break the line. */
static void step_by(uint64_t step_ns)
{
    struct oscillator oscillator = {.random = {10}, .ppm = -60, .swing_ppm = 0.5L};
    struct tc_discipline discipline;
    struct tc_clock_sample sample;
    uint64_t shown_ns = 0;

    start(&discipline, &oscillator);
    run(&discipline, &oscillator, 1, 600, &shown_ns);
    cr_assert_eq(discipline.steps, 0);
    oscillator.step_ns = step_ns;
    sample = sample_at(&oscillator, 600 * SECOND_NS);
    tc_discipline_take(&discipline, &sample, SECOND_NS);
    cr_assert_eq(discipline.steps, 1);
    cr_assert_eq(discipline.clock.corrections, 600);
    cr_assert_not(discipline.clock.in_sync);
    cr_assert_eq(tc_clock_ns(&discipline.clock, sample.ticks), sample.utc_ns);
    shown_ns = 0;
    /* the rate is still good: it takes no new hour to be right again */
    cr_assert_lt(walk(&discipline, &oscillator, 600 * SECOND_NS, 601 * SECOND_NS, &shown_ns),
                 2 * BOUND_NS);
    cr_assert_lt(run(&discipline, &oscillator, 601, 1200, &shown_ns), BOUND_NS);
    cr_assert_eq(discipline.steps, 1);
    cr_assert(discipline.clock.in_sync);
}

Test(discipline, a_second_forwards_starts_anew)
{
    step_by(SECOND_NS);
}

Test(discipline, a_second_backwards_starts_anew)
{
    step_by(-SECOND_NS);
}

Test(discipline, a_small_difference_is_bent_not_broken)
{
    static const uint64_t steps[] = {TC_STEP_NS - 5000, 5000 - (uint64_t)TC_STEP_NS, 1000000};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct oscillator oscillator = {.random = {11 + i}, .ppm = 5};
        struct tc_discipline discipline;
        uint64_t shown_ns = 0;

        start(&discipline, &oscillator);
        run(&discipline, &oscillator, 1, 300, &shown_ns);
        oscillator.step_ns = steps[i];
        run(&discipline, &oscillator, 300, 302, &shown_ns); /* asserts that time moves on */
        cr_assert_eq(discipline.steps, 0);
        cr_assert_lt(run(&discipline, &oscillator, 302, 600, &shown_ns), BOUND_NS);
    }
}

/* ---- the conversion ---- */

Test(clock, exact_over_a_trading_day)
{
    struct test_random random = {20};

    for (int round = 0; round < 200000; round++) {
        struct tc_clock clock = {
            .base_ticks = test_random(&random) >> test_below(&random, 3),
            .base_ns = START_NS + test_below(&random, 86400 * SECOND_NS),
            /* 0.3 to 4 ns a tick */
            .slope = (UINT64_C(3) << TC_CLOCK_SHIFT) / 10 +
                     test_below(&random, UINT64_C(37) << TC_CLOCK_SHIFT) / 10,
        };
        uint64_t since = test_below(&random, 86400 * UINT64_C(5000000000));
        wide exact = (wide)clock.base_ns + (((wide)since * (wide)clock.slope) >> TC_CLOCK_SHIFT);

        cr_assert_eq(tc_clock_ns(&clock, clock.base_ticks + since), (uint64_t)exact);
    }
}

/* Division that rounds down, as the conversion must, or time would stand still at the base. */
Test(clock, ticks_before_the_base_are_converted_too)
{
    struct test_random random = {21};
    struct tc_clock clock = {.base_ticks = UINT64_C(1) << 40, .base_ns = START_NS};

    for (int round = 0; round < 100000; round++) {
        int64_t since = test_between(&random, -INT64_C(100000000000), 10);
        wide product;
        wide down;

        clock.slope = test_below(&random, UINT64_C(4) << TC_CLOCK_SHIFT);
        product = (wide)since * (wide)clock.slope;
        down = product / ((wide)1 << TC_CLOCK_SHIFT);
        down -= product < 0 && product % ((wide)1 << TC_CLOCK_SHIFT) != 0;
        cr_assert_eq(tc_clock_ns(&clock, clock.base_ticks + (uint64_t)since),
                     (uint64_t)((wide)clock.base_ns + down));
    }
}

Test(clock, a_counter_that_wraps)
{
    const struct tc_clock clock = {
        .base_ticks = UINT64_MAX - 9, .base_ns = START_NS, .slope = UINT64_C(2) << TC_CLOCK_SHIFT};

    cr_assert_eq(tc_clock_ns(&clock, 10), START_NS + 40);
    cr_assert_eq(tc_clock_ns(&clock, UINT64_MAX - 19), START_NS - 20);
}

/* ---- its layout ---- */

enum { CLOCK_BYTES = 72 };

static size_t written(const struct tc_clock *clock, uint8_t bytes[CLOCK_BYTES])
{
    struct tc_scribe out = tc_scribe_of(bytes, CLOCK_BYTES);

    tc_clock_write(&out, clock);
    cr_assert_not(out.failed);
    return out.length;
}

Test(clock, there_and_back_and_cut_short)
{
    const struct tc_clock clock = {.source = TC_CLOCK_NIC,
                                   .unit = TC_UNIT_TICKS,
                                   .epoch = TC_EPOCH_START,
                                   .in_sync = true,
                                   .corrections = 0x01020304,
                                   .base_ticks = UINT64_MAX,
                                   .base_ns = START_NS,
                                   .slope = 1 + (UINT64_C(1) << 33),
                                   .error_ns = TC_ERROR_UNKNOWN,
                                   .host_error_ns = 1000000,
                                   .residual_ns = -17,
                                   .compared_ns = START_NS + 1,
                                   .ahead_s = 37,
                                   .spare_bits = 32};
    uint8_t bytes[CLOCK_BYTES];

    cr_assert_eq(written(&clock, bytes), CLOCK_BYTES);
    for (size_t cut = 0; cut <= CLOCK_BYTES; cut++) {
        uint8_t *exact = test_exact_copy(bytes, cut);
        struct tc_cursor in = tc_cursor_of(exact, cut);
        struct tc_clock found;

        tc_clock_read(&in, &found);
        cr_assert_eq(in.failed, cut < CLOCK_BYTES);
        if (!in.failed) {
            cr_assert(found.source == clock.source && found.unit == clock.unit);
            cr_assert(found.epoch == clock.epoch && found.in_sync == clock.in_sync);
            cr_assert_eq(found.corrections, clock.corrections);
            cr_assert_eq(found.base_ticks, clock.base_ticks);
            cr_assert_eq(found.base_ns, clock.base_ns);
            cr_assert_eq(found.slope, clock.slope);
            cr_assert_eq(found.error_ns, clock.error_ns);
            cr_assert_eq(found.host_error_ns, clock.host_error_ns);
            cr_assert_eq(found.residual_ns, clock.residual_ns);
            cr_assert_eq(found.compared_ns, clock.compared_ns);
            cr_assert_eq(found.ahead_s, clock.ahead_s);
            cr_assert_eq(found.spare_bits, clock.spare_bits);
        }
        test_exact_free(exact);
    }
}

Test(clock, unknown_words_are_refused)
{
    static const unsigned known[] = {TC_CLOCK_SOURCES, TC_CLOCK_UNITS, TC_CLOCK_EPOCHS};

    for (size_t word = 0; word < 3; word++)
        for (unsigned value = 0; value < 256; value++) {
            const struct tc_clock clock = {0};
            uint8_t bytes[CLOCK_BYTES];
            struct tc_cursor in = tc_cursor_of(bytes, written(&clock, bytes));
            struct tc_clock found;

            bytes[word] = (uint8_t)value;
            tc_clock_read(&in, &found);
            cr_assert_eq(in.failed, value >= known[word], "word %zu: %u", word, value);
        }
}

/* ---- handing corrections over ---- */

static struct tc_times numbered(uint64_t number)
{
    const struct tc_clock clock = {.corrections = (uint32_t)number,
                                   .base_ticks = number,
                                   .base_ns = number,
                                   .slope = number,
                                   .error_ns = number};

    return (struct tc_times){.tsc = clock, .stamps = clock, .step_ns = (int64_t)number};
}

Test(exchange, a_correction_is_only_published_when_the_last_one_was_taken)
{
    struct tc_time_exchange exchange;
    struct tc_times times = numbered(1);

    tc_time_exchange_init(&exchange, &times);
    cr_assert_eq(tc_time_take(&exchange)->tsc.slope, 1);
    times = numbered(2);
    cr_assert(tc_time_publish(&exchange, &times));
    times = numbered(3);
    cr_assert_not(tc_time_publish(&exchange, &times));
    cr_assert_eq(tc_time_take(&exchange)->tsc.slope, 2);
    cr_assert_eq(tc_time_take(&exchange)->tsc.slope, 2);
    cr_assert(tc_time_publish(&exchange, &times));
    cr_assert_eq(tc_time_take(&exchange)->tsc.slope, 3);
}

enum { CORRECTIONS = 50000 };

static struct tc_time_exchange shared;

static void *corrects(void *unused)
{
    for (uint64_t number = 1; number <= CORRECTIONS;) {
        struct tc_times times = numbered(number);

        number += tc_time_publish(&shared, &times);
    }
    return unused;
}

/* Whatever the reader holds is whole, stays as it is until the next take, and is never older. */
Test(exchange, two_threads)
{
    const struct tc_times first = numbered(0);
    uint64_t latest = 0;
    pthread_t writer;

    tc_time_exchange_init(&shared, &first);
    cr_assert_eq(pthread_create(&writer, NULL, corrects, NULL), 0);
    while (latest < CORRECTIONS) {
        const struct tc_times *times = tc_time_take(&shared);
        const struct tc_clock *clock = &times->stamps;
        uint64_t number = times->tsc.base_ticks;

        cr_assert_geq(number, latest);
        for (int look = 0; look < 3; look++)
            if (clock->base_ns != number || clock->slope != number || clock->error_ns != number ||
                clock->corrections != (uint32_t)number || times->step_ns != (int64_t)number)
                cr_assert_fail("half a correction: %lu, %lu, %lu", number, clock->base_ns,
                               clock->slope);
        latest = number;
    }
    pthread_join(writer, NULL);
    cr_assert_eq(tc_time_take(&shared)->tsc.slope, CORRECTIONS);
}
