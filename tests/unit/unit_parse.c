/* Words that people type: what is taken, what is refused, and that the refusal quotes the word. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/civil.h"
#include "common/parse.h"
#include "support.h"

#define SECOND_NS UINT64_C(1000000000)

static struct tc_error error;

/* Every refusal is a wrong use, quotes the word, and is one sentence without a full stop. */
static void expect_refusal(enum tc_status status, const char *word, const char *words)
{
    size_t length = strlen(error.text);
    char quoted[200];

    cr_assert_eq(status, TC_USAGE, "'%s'", word);
    cr_assert_eq(error.status, TC_USAGE);
    snprintf(quoted, sizeof quoted, "'%s' ", word);
    for (char *at = quoted; *at != '\0'; at++) /* a sentence is one line, whatever it quotes */
        *at = *at < ' ' ? '?' : *at;
    cr_assert_eq(strncmp(error.text, quoted, strlen(quoted)), 0, "%s", error.text);
    cr_assert_neq(strstr(error.text, words), NULL, "%s", error.text);
    cr_assert_neq(error.text[length - 1], '.', "%s", error.text);
    cr_assert_eq(strchr(error.text, '\n'), NULL);
}

/* ---- numbers ---- */

Test(parse, whole_numbers)
{
    static const struct {
        const char *word;
        uint64_t value;
    } good[] = {
        {"0", 0},
        {"1", 1},
        {"007", 7},
        {"4294967296", UINT64_C(1) << 32},
        {"18446744073709551615", UINT64_MAX},
        {"00000000000000000000000000001", 1},
    };
    static const char *const bad[] = {
        "",
        " ",
        "-1",
        "+1",
        "1 ",
        " 1",
        "1.0",
        "1e3",
        "0x10",
        "one",
        "1,000",
        "1_000",
        "\t1",
        "18446744073709551616",
        "99999999999999999999999",
        "1\n",
        "--",
    };
    uint64_t value;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert_eq(tc_parse_uint(good[i].word, 0, UINT64_MAX, &value, &error), TC_OK, "%s",
                     error.text);
        cr_assert_eq(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_refusal(tc_parse_uint(bad[i], 0, UINT64_MAX, &value, &error), bad[i],
                       "is not a whole number");
}

Test(parse, whole_numbers_have_bounds)
{
    uint64_t value;

    cr_assert_eq(tc_parse_uint("10", 10, 20, &value, &error), TC_OK);
    cr_assert_eq(tc_parse_uint("20", 10, 20, &value, &error), TC_OK);
    expect_refusal(tc_parse_uint("9", 10, 20, &value, &error), "9", "from 10 to 20");
    expect_refusal(tc_parse_uint("21", 10, 20, &value, &error), "21", "from 10 to 20");
    cr_assert_eq(tc_parse_uint("21", 10, 20, &value, NULL), TC_USAGE);
}

Test(parse, sizes)
{
    static const struct {
        const char *word;
        uint64_t bytes;
    } good[] = {
        {"0", 0},
        {"4096", 4096},
        {"1KiB", 1024},
        {"320MiB", UINT64_C(320) << 20},
        {"4GiB", UINT64_C(4) << 30},
        {"2TiB", UINT64_C(2) << 40},
        {"16777215TiB", UINT64_C(16777215) << 40},
        {"18014398509481983KiB", UINT64_C(18014398509481983) << 10},
        {"18446744073709551615", UINT64_MAX},
    };
    static const char *const bad[] = {
        "",
        "KiB",
        "1kib",
        "1KIB",
        "1 KiB",
        "1KiB ",
        "1K",
        "1KB",
        "1MB",
        "1GB",
        "1.5GiB",
        "-1KiB",
        "1PiB",
        "1KiBs",
        "16777216TiB",
        "18014398509481984KiB",
        "99999999999999999999MiB",
    };
    uint64_t bytes;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert_eq(tc_parse_bytes(good[i].word, &bytes, &error), TC_OK, "%s", error.text);
        cr_assert_eq(bytes, good[i].bytes, "%s", good[i].word);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_refusal(tc_parse_bytes(bad[i], &bytes, &error), bad[i], "is not a size");
}

Test(parse, durations)
{
    static const struct {
        const char *word;
        uint64_t duration_ns;
    } good[] = {
        {"0ns", 0},
        {"7ns", 7},
        {"250us", 250000},
        {"10ms", 10000000},
        {"90s", UINT64_C(90000000000)},
        {"5min", UINT64_C(300000000000)},
        {"1h", UINT64_C(3600000000000)},
        {"1d", UINT64_C(86400000000000)},
        {"213503d", UINT64_C(18446659200000000000)},
        {"18446744073709551615ns", UINT64_MAX},
    };
    static const char *const bad[] = {
        "",        "h",    "1",    "1 h",     "1h ",
        "1H",      "1m",   "1sec", "-1s",     "1.5s",
        "1h30min", "1e3s", "0x1s", "213504d", "18446744073709551616ns",
    };
    uint64_t duration_ns;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert_eq(tc_parse_duration(good[i].word, &duration_ns, &error), TC_OK, "%s",
                     error.text);
        cr_assert_eq(duration_ns, good[i].duration_ns, "%s", good[i].word);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_refusal(tc_parse_duration(bad[i], &duration_ns, &error), bad[i],
                       "is not a duration");
}

Test(parse, real_numbers)
{
    static const struct {
        const char *word;
        double value;
    } good[] = {{"0", 0}, {"1.5", 1.5}, {"-2.25", -2.25}, {"1e3", 1000}, {".5", 0.5}, {"5.", 5}};
    static const char *const bad[] = {
        "",     "x",        "1,5",   "1.5x", "1.5 ", "nan",   "NaN",    "inf",
        "-inf", "infinity", "1e999", "1e",   "--1",  "1.5.5", "1000.1", "-1000.1",
    };
    double value;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert_eq(tc_parse_real(good[i].word, -1000, 1000, &value, &error), TC_OK, "%s",
                     error.text);
        cr_assert(value >= good[i].value && value <= good[i].value, "%s: %f", good[i].word, value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_refusal(tc_parse_real(bad[i], -1000, 1000, &value, &error), bad[i],
                       "is not a number from -1000 to 1000");
}

/* The header says: a decimal number. The C library takes more than that. */
Test(parse, real_numbers_are_decimal_and_nothing_before_them)
{
    static const char *const bad[] = {" 1", "\t1", "\n1", "0x10", "0X1p3", "+ 1"};
    double value;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_refusal(tc_parse_real(bad[i], -1000, 1000, &value, &error), bad[i],
                       "is not a number");
}

/* ---- addresses ---- */

Test(parse, addresses)
{
    static const char *const bad[] = {
        "",
        "233.54.12",
        "233.54.12.111.1",
        "233.54.12.256",
        "233.54.12.-1",
        "233.54.12.111 ",
        " 233.54.12.111",
        "233.54.12.111:26477",
        "localhost",
        "::1",
        "233.54.12.",
        "0x7f.0.0.1",
        "233.054.12.111",
    };
    uint32_t address;

    cr_assert_eq(tc_parse_address("233.54.12.111", &address, &error), TC_OK);
    cr_assert_eq(address, 0xe9360c6f);
    cr_assert_eq(tc_parse_address("0.0.0.0", &address, &error), TC_OK);
    cr_assert_eq(address, 0);
    cr_assert_eq(tc_parse_address("255.255.255.255", &address, &error), TC_OK);
    cr_assert_eq(address, UINT32_MAX);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_refusal(tc_parse_address(bad[i], &address, &error), bad[i],
                       "is not an IPv4 address");
}

/* ---- times ---- */

/* Five hours behind UTC; remembers what it was asked. */
static int64_t asked;

static int64_t five_behind(const void *zone, int64_t local_seconds)
{
    cr_assert_str_eq(zone, "zone");
    asked = local_seconds;
    return -5 * 3600;
}

static uint64_t time_of(const char *word)
{
    uint64_t time_ns = 0;

    cr_assert_eq(tc_parse_time(word, NULL, NULL, &time_ns, &error), TC_OK, "%s", error.text);
    return time_ns;
}

Test(parse, times)
{
    const uint64_t base = UINT64_C(1795357800) * SECOND_NS; /* 2026-11-22T14:30:00Z */

    cr_assert_eq(time_of("0"), 0);
    cr_assert_eq(time_of("1795357800000000001"), base + 1);
    cr_assert_eq(time_of("18446744073709551615"), UINT64_MAX);
    cr_assert_eq(time_of("2026-11-22T14:30:00Z"), base);
    cr_assert_eq(time_of("2026-11-22T14:30:00.5Z"), base + 500000000);
    cr_assert_eq(time_of("2026-11-22T14:30:00.123456789Z"), base + 123456789);
    cr_assert_eq(time_of("2026-11-22T14:30:00.000000001Z"), base + 1);
    cr_assert_eq(time_of("2026-11-22T09:30:00-05:00"), base);
    cr_assert_eq(time_of("2026-11-22T20:00:00+05:30"), base);
    cr_assert_eq(time_of("2026-11-23T04:30:00.25+14:00"), base + 250000000);
    cr_assert_eq(time_of("2026-11-22T14:30:00+00:00"), base);
    cr_assert_eq(time_of("2026-11-22T14:30:00-00:00"), base);
    cr_assert_eq(time_of("1970-01-01T00:00:00Z"), 0);
    cr_assert_eq(time_of("1970-01-01T01:00:00+01:00"), 0);
    cr_assert_eq(time_of("1970-01-01T00:00:00-00:01"), 60 * SECOND_NS);
    cr_assert_eq(time_of("2261-12-31T23:59:59.999999999Z"), UINT64_C(9214646399999999999));
}

Test(parse, times_without_an_offset_need_a_zone)
{
    const uint64_t base = UINT64_C(1795357800) * SECOND_NS;
    uint64_t time_ns;

    expect_refusal(tc_parse_time("2026-11-22T09:30:00", NULL, NULL, &time_ns, &error),
                   "2026-11-22T09:30:00", "says no time zone");
    cr_assert_eq(tc_parse_time("2026-11-22T09:30:00.5", five_behind, "zone", &time_ns, &error),
                 TC_OK);
    cr_assert_eq(time_ns, base + 500000000);
    cr_assert_eq(asked, (int64_t)(base / SECOND_NS) - 5 * 3600, "it is asked about local time");
    asked = 0;
    cr_assert_eq(tc_parse_time("2026-11-22T14:30:00Z", five_behind, "zone", &time_ns, &error),
                 TC_OK);
    cr_assert_eq(time_ns, base, "an offset in the word wins");
    cr_assert_eq(tc_parse_time("1795357800000000000", five_behind, "zone", &time_ns, &error),
                 TC_OK);
    cr_assert_eq(time_ns, base, "nanoseconds are never local");
    cr_assert_eq(asked, 0);
}

Test(parse, words_that_are_no_times)
{
    static const char *const bad[] = {
        "",
        " ",
        "now",
        "2026-",
        "-1",
        "+1",
        "2026-11-22",
        "2026-11-22T14:30Z",
        "1.5",
        "2026-11-22 14:30:00Z",
        "2026-11-22T14:30:00z",
        "2026-11-22t14:30:00Z",
        "2026-11-22T14:30:00.Z",
        "2026-11-22T14:30:00.1234567890Z",
        "2026-11-22T14:30:00,5Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T14:60:00Z",
        "2026-11-22T14:30:60Z",
        "2026-00-22T14:30:00Z",
        "2026-13-22T14:30:00Z",
        "2026-11-00T14:30:00Z",
        "2026-11-32T14:30:00Z",
        "26-11-22T14:30:00Z",
        "2026-1-22T14:30:00Z",
        "2026-11-2T14:30:00Z",
        "2026-11-22T4:30:00Z",
        "02026-11-22T14:30:00Z",
        "2262-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "2026-11-22T14:30:00Zx",
        "2026-11-22T14:30:00 Z",
        "2026-11-22T14:30:00-0500",
        "2026-11-22T14:30:00-05",
        "2026-11-22T14:30:00-5:00",
        "2026-11-22T14:30:00+15:00",
        "2026-11-22T14:30:00+05:60",
        "2026-11-22T14:30:00+05:3",
        "2026-11-22T14:30:00+05:300",
        "2026-11-22T14:30:00EST",
        "18446744073709551616",
        " 0",
        "0 ",
        "2026/11/22T14:30:00Z",
    };
    uint64_t time_ns;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_refusal(tc_parse_time(bad[i], NULL, NULL, &time_ns, &error), bad[i],
                       "is not a time");
        expect_refusal(tc_parse_time(bad[i], five_behind, "zone", &time_ns, &error), bad[i],
                       "is not a time");
    }
    expect_refusal(tc_parse_time("1970-01-01T00:59:59+01:00", NULL, NULL, &time_ns, &error),
                   "1970-01-01T00:59:59+01:00", "lies before 1970");
}

Test(parse, days_of_every_month)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const unsigned years[] = {1970, 1972, 2000, 2024, 2026, 2100, 2200, 2260};
    char word[64];

    for (size_t i = 0; i < sizeof years / sizeof years[0]; i++)
        for (unsigned month = 1; month <= 12; month++) {
            unsigned year = years[i];
            bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            unsigned length = lengths[month - 1] + (month == 2 && leap);

            for (unsigned day = 1; day <= 31; day++) {
                struct tc_date date = {(int32_t)year, (uint8_t)month, (uint8_t)day};
                uint64_t time_ns;

                snprintf(word, sizeof word, "%u-%02u-%02uT00:00:00Z", year, month, day);
                if (day <= length)
                    cr_assert_eq(time_of(word), (uint64_t)tc_days_of_date(date) * 86400 * SECOND_NS,
                                 "%s", word);
                else
                    expect_refusal(tc_parse_time(word, NULL, NULL, &time_ns, &error), word,
                                   "names a day that month");
            }
        }
}

Test(parse, random_moments_round_trip)
{
    struct test_random random = {1};

    for (int round = 0; round < 20000; round++) {
        uint64_t expected = test_below(&random, UINT64_C(9214646400) * SECOND_NS);
        int64_t offset_s = 60 * test_between(&random, -14 * 60, 14 * 60);
        int64_t local_s = (int64_t)(expected / SECOND_NS) + offset_s;
        struct tc_date date = tc_date_of_days(local_s / 86400);
        int64_t of_day = local_s % 86400;
        int64_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
        char word[64];

        if (local_s < 0 || date.year > 2261)
            continue;
        snprintf(word, sizeof word, "%04d-%02d-%02dT%02ld:%02ld:%02ld.%09lu%c%02ld:%02ld",
                 date.year, date.month, date.day, of_day / 3600, of_day / 60 % 60, of_day % 60,
                 expected % SECOND_NS, offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
        cr_assert_eq(time_of(word), expected, "%s", word);
    }
}
