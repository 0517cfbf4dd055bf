/*
 * Nanoseconds since midnight made absolute, against midnights that the C library finds: on any day
 * of a century, near midnight on both sides, and on days when clocks change.
 */
#include <criterion/criterion.h>
#include <time.h>

#include "clock/exchtime.h"
#include "support.h"

#define SECOND_NS UINT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)
#define HOUR_NS   (60 * MINUTE_NS)
#define DAY_NS    (24 * HOUR_NS)

static const char *const zones[] = {
    "America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kolkata", "UTC",
};

enum { ZONES = sizeof zones / sizeof zones[0] };

static struct tc_zone zone;
static struct tc_midnights midnights;

static void load(const char *name)
{
    struct tc_error error = {0};

    cr_assert_eq(tc_zone_load(&zone, name, NULL, &error), TC_OK, "%s", error.text);
    tc_midnights_init(&midnights, &zone);
    setenv("TZ", name, 1);
    tzset();
}

/* When that local day began. Days count on from the month's first: day 32 of January is good. */
static uint64_t midnight(int year, int month, int day)
{
    struct tm local = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_isdst = -1};

    return (uint64_t)mktime(&local) * SECOND_NS;
}

/* A message of that moment of the day, which travelled for `latency_ns`, is found again. */
static void expect_found(uint64_t day_ns, uint64_t since_ns, int64_t latency_ns)
{
    uint64_t exchange_ns = day_ns + since_ns;
    uint64_t rx_ns = exchange_ns + (uint64_t)latency_ns;
    uint64_t found = tc_exch_of_midnight(&midnights, since_ns, rx_ns);

    cr_assert_eq(found, exchange_ns, "%s: day %lu, %lu ns, %ld ns on the way: found %lu", zone.name,
                 day_ns, since_ns, latency_ns, found);
}

static uint64_t random_midnight(struct test_random *random)
{
    return midnight(2000 + (int)test_below(random, 100), 1, 1 + (int)test_below(random, 366));
}

Test(exchtime, random_messages_of_a_century)
{
    struct test_random random = {1};

    for (size_t i = 0; i < ZONES; i++) {
        load(zones[i]);
        for (int round = 0; round < 20000; round++)
            expect_found(random_midnight(&random), test_below(&random, DAY_NS),
                         test_between(&random, -(int64_t)MINUTE_NS, (int64_t)MINUTE_NS));
    }
}

Test(exchtime, a_message_may_be_almost_half_a_day_away)
{
    const int64_t most = (int64_t)(11 * HOUR_NS - MINUTE_NS);
    struct test_random random = {2};

    for (size_t i = 0; i < ZONES; i++) {
        load(zones[i]);
        for (int round = 0; round < 10000; round++)
            expect_found(random_midnight(&random), test_below(&random, DAY_NS),
                         test_between(&random, -most, most));
    }
}

/* One set of midnights for a walk over the border, so that its window moves on the way. */
static void walk_over(uint64_t first_ns, uint64_t second_ns)
{
    static const uint64_t before[] = {1, 2, 1000, SECOND_NS, MINUTE_NS, HOUR_NS};
    static const int64_t latencies[] = {-1000000, -1, 0, 1, 999, 150000, 1000000000, 3600000000000};

    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        for (size_t j = 0; j < sizeof latencies / sizeof latencies[0]; j++) {
            expect_found(first_ns, second_ns - first_ns - before[i], latencies[j]);
            expect_found(second_ns, before[i] - 1, latencies[j]);
        }
}

Test(exchtime, messages_around_midnight_belong_to_their_own_day)
{
    struct test_random random = {3};

    for (size_t i = 0; i < ZONES; i++) {
        load(zones[i]);
        for (int round = 0; round < 500; round++) {
            int year = 2000 + (int)test_below(&random, 100);
            int day = 1 + (int)test_below(&random, 365);

            walk_over(midnight(year, 1, day), midnight(year, 1, day + 1));
        }
    }
}

Test(exchtime, leap_days)
{
    static const int years[] = {2000, 2004, 2024, 2028, 2096};

    for (size_t i = 0; i < ZONES; i++) {
        load(zones[i]);
        for (size_t j = 0; j < sizeof years / sizeof years[0]; j++) {
            walk_over(midnight(years[j], 2, 28), midnight(years[j], 2, 29));
            walk_over(midnight(years[j], 2, 29), midnight(years[j], 3, 1));
        }
        walk_over(midnight(2100, 2, 28), midnight(2100, 3, 1));
        walk_over(midnight(2099, 12, 31), midnight(2100, 1, 1));
    }
}

/* Days of 23 and of 25 hours count from their midnight too. */
Test(exchtime, days_on_which_clocks_change)
{
    unsigned short_days = 0, long_days = 0;

    for (size_t i = 0; i < 3; i++) {
        load(zones[i]);
        for (int day = 1; day <= 3653; day++) { /* ten years */
            uint64_t first = midnight(2020, 1, day);
            uint64_t second = midnight(2020, 1, day + 1);

            if (second - first == DAY_NS)
                continue;
            short_days += second - first == 23 * HOUR_NS;
            long_days += second - first == 25 * HOUR_NS;
            walk_over(midnight(2020, 1, day - 1), first);
            walk_over(first, second);
            walk_over(second, midnight(2020, 1, day + 2));
            for (uint64_t since = 0; since < second - first; since += 7 * MINUTE_NS)
                expect_found(first, since, 12345);
        }
    }
    cr_assert_eq(short_days, 30);
    cr_assert_eq(long_days, 30);
}

/* Whatever a feed says, the answer is near the receive time and counts from some midnight. */
Test(exchtime, any_moment_is_near_and_congruent)
{
    struct test_random random = {4};

    for (size_t i = 0; i < ZONES; i++) {
        load(zones[i]);
        for (int round = 0; round < 20000; round++) {
            uint64_t rx_ns = random_midnight(&random) + test_below(&random, DAY_NS);
            uint64_t since_ns = test_below(&random, DAY_NS);
            uint64_t found = tc_exch_of_midnight(&midnights, since_ns, rx_ns);
            time_t day_s = (time_t)((found - since_ns) / SECOND_NS);
            struct tm local;

            cr_assert_lt(found > rx_ns ? found - rx_ns : rx_ns - found, 12 * HOUR_NS + HOUR_NS);
            localtime_r(&day_s, &local);
            cr_assert(local.tm_hour == 0 && local.tm_min == 0 && local.tm_sec == 0);
            cr_assert_eq((found - since_ns) % SECOND_NS, 0);
        }
    }
}

Test(exchtime, an_old_capture_after_a_new_one)
{
    struct test_random random = {5};

    load("America/New_York");
    for (int round = 0; round < 1000; round++) {
        expect_found(midnight(2026, 11, 20), 34200 * SECOND_NS + 5, 164000);
        expect_found(midnight(2000 + (int)test_below(&random, 100), 7, 4), 57600 * SECOND_NS, 9);
    }
}

Test(exchtime, what_is_no_time_stays_visible)
{
    load("America/New_York");
    cr_assert_eq(tc_exch_of_midnight(&midnights, UINT64_MAX, 5), UINT64_MAX);
    cr_assert_eq(tc_exch_of_midnight(&midnights, UINT64_C(1) << 62, 5), UINT64_C(1) << 62);
    cr_assert_eq(tc_exch_of_midnight(&midnights, 77, UINT64_MAX), 77);
    /* 48 bits hold more than three days; the number is kept in the answer */
    cr_assert_eq(tc_exch_of_midnight(&midnights, (UINT64_C(1) << 48) - 1, midnight(2026, 6, 3)),
                 midnight(2026, 6, 2) + (UINT64_C(1) << 48) - 1);
}

Test(exchtime, the_first_days_of_1970)
{
    load("UTC");
    cr_assert_eq(tc_exch_of_midnight(&midnights, 5, 0), 5);
    cr_assert_eq(tc_exch_of_midnight(&midnights, 5, DAY_NS), DAY_NS + 5);
    cr_assert_eq(tc_exch_of_midnight(&midnights, DAY_NS - 1, DAY_NS), DAY_NS - 1);
    load("Australia/Sydney");
    cr_assert_eq(tc_exch_of_midnight(&midnights, 11 * HOUR_NS, HOUR_NS), HOUR_NS);
    load("America/New_York");
    cr_assert_eq(tc_exch_of_midnight(&midnights, 20 * HOUR_NS, HOUR_NS), HOUR_NS);
}
