/*
 * Time zones against the C library, which reads the same files with other code: at random moments,
 * around every change of the offset, and in the years that only a footer's rule describes.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "clock/zone.h"
#include "support.h"

#define DIRECTORY "/usr/share/zoneinfo"

/* 1970-01-01 and 2100-01-01, UTC */
enum { DAY_S = 86400 };
#define FIRST_S INT64_C(0)
#define END_S   INT64_C(4102444800)

static const char *const zones[] = {
    "America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Sydney", "Pacific/Apia", "UTC",
};

enum { ZONES = sizeof zones / sizeof zones[0] };

static struct tc_zone zone;

static void load(const char *name)
{
    struct tc_error error = {0};

    cr_assert_eq(tc_zone_load(&zone, name, NULL, &error), TC_OK, "%s", error.text);
    cr_assert_str_eq(zone.name, name);
    cr_assert(zone.count >= 1 && zone.count <= TC_ZONE_SPANS_MAX);
    setenv("TZ", name, 1);
    tzset();
}

static int32_t libc_offset(int64_t utc_s)
{
    time_t moment = utc_s;
    struct tm local;

    localtime_r(&moment, &local);
    return (int32_t)local.tm_gmtoff;
}

static void expect_offset(int64_t utc_s)
{
    cr_assert_eq(tc_zone_offset(&zone, utc_s), libc_offset(utc_s), "%s at %ld: %d, expected %d",
                 zone.name, utc_s, tc_zone_offset(&zone, utc_s), libc_offset(utc_s));
}

Test(zone, random_moments)
{
    struct test_random random = {1};

    for (size_t i = 0; i < ZONES; i++) {
        load(zones[i]);
        for (int round = 0; round < 50000; round++)
            expect_offset(test_between(&random, FIRST_S, END_S - 1));
    }
}

/* The first moment in low < moment <= high at which the offset is that of `high`. */
static int64_t change_between(int64_t low, int64_t high)
{
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;

        if (libc_offset(middle) == libc_offset(low))
            low = middle;
        else
            high = middle;
    }
    return high;
}

Test(zone, every_change_to_the_second)
{
    static const unsigned changes_expected[ZONES] = {[0] = 260, [1] = 257, [3] = 180};

    for (size_t i = 0; i < ZONES; i++) {
        unsigned changes = 0;

        load(zones[i]);
        for (int64_t day = FIRST_S; day + DAY_S < END_S; day += DAY_S) {
            int64_t change;

            if (libc_offset(day) == libc_offset(day + DAY_S))
                continue;
            change = change_between(day, day + DAY_S);
            changes++;
            for (int64_t moment = change - 3; moment <= change + 3; moment++)
                expect_offset(moment);
        }
        cr_assert_geq(changes, changes_expected[i], "%s: %u changes", zones[i], changes);
    }
}

Test(zone, our_own_changes_are_changes)
{
    for (size_t i = 0; i < ZONES; i++) {
        load(zones[i]);
        for (uint32_t j = 1; j < zone.count; j++) {
            cr_assert_lt(zone.spans[j - 1].from_s, zone.spans[j].from_s);
            cr_assert_neq(zone.spans[j - 1].offset_s, zone.spans[j].offset_s);
            expect_offset(zone.spans[j].from_s - 1);
            expect_offset(zone.spans[j].from_s);
        }
    }
}

/* The years after the file's last transition follow from a rule alone. */
Test(zone, footer_years_by_the_quarter_hour)
{
    for (size_t i = 0; i < ZONES; i++) {
        load(zones[i]);
        for (int64_t moment = INT64_C(2208988800); moment < END_S; moment += 8100)
            expect_offset(moment); /* from 2040 on */
    }
}

Test(zone, every_zone_there_is)
{
    FILE *table = fopen(DIRECTORY "/zone1970.tab", "r");
    struct test_random random = {2};
    char line[512], name[TC_ZONE_NAME_BYTES];
    unsigned count = 0;

    cr_assert_not_null(table, "%s/zone1970.tab is not there", DIRECTORY);
    while (fgets(line, sizeof line, table) != NULL) {
        if (line[0] == '#' || sscanf(line, "%*s %*s %63s", name) != 1)
            continue;
        count++;
        load(name);
        for (int round = 0; round < 300; round++)
            expect_offset(test_between(&random, FIRST_S, END_S - 1));
        for (uint32_t j = 1; j < zone.count; j++) {
            expect_offset(zone.spans[j].from_s - 1);
            expect_offset(zone.spans[j].from_s);
        }
    }
    fclose(table);
    cr_assert_gt(count, 200);
}

/* ---- the way back ---- */

Test(zone, local_times_round_trip)
{
    struct test_random random = {3};

    for (size_t i = 0; i < ZONES; i++) {
        load(zones[i]);
        for (int round = 0; round < 50000; round++) {
            int64_t utc_s = test_between(&random, FIRST_S, END_S - 1);
            int64_t local_s, back;

            if (round % 2 == 0 && zone.count > 1) /* near a change */
                utc_s = zone.spans[1 + test_below(&random, zone.count - 1)].from_s +
                        test_between(&random, -7200, 7200);
            local_s = utc_s + tc_zone_offset(&zone, utc_s);
            back = tc_zone_utc_of_local(&zone, local_s);
            cr_assert_eq(back + tc_zone_offset(&zone, back), local_s, "%s: %ld", zones[i], utc_s);
            cr_assert_leq(back, utc_s, "%s: of two moments the earlier", zones[i]);
        }
    }
}

Test(zone, an_hour_that_comes_twice_and_one_that_never_comes)
{
    const int64_t autumn = INT64_C(1793512800); /* 2026-11-01T06:00:00Z, clocks go back */
    const int64_t spring = INT64_C(1772953200); /* 2026-03-08T07:00:00Z, clocks go on */

    load("America/New_York");
    for (int64_t s = 0; s < 3600; s += 7) {
        int64_t twice = autumn - 5 * 3600 + s; /* 01:00 to 02:00 local */
        int64_t never = spring - 5 * 3600 + s; /* 02:00 to 03:00 local */
        int64_t found = tc_zone_utc_of_local(&zone, never);

        cr_assert_eq(tc_zone_utc_of_local(&zone, twice), autumn - 3600 + s);
        cr_assert(found == spring + s || found == spring - 3600 + s);
    }
    cr_assert_eq(tc_zone_utc_of_local(&zone, autumn - 5 * 3600 + 3600), autumn + 3600);
    cr_assert_eq(tc_zone_utc_of_local(&zone, spring - 5 * 3600 - 1), spring - 1);
    cr_assert_eq(tc_zone_utc_of_local(&zone, spring - 4 * 3600), spring);
}

/* ---- narrowing ---- */

Test(zone, narrowed_it_says_the_same_inside_its_window)
{
    struct test_random random = {4};

    for (int round = 0; round < 600; round++) {
        static struct tc_zone narrow;
        int64_t from_s = test_between(&random, FIRST_S, END_S - 1);
        int64_t to_s = from_s + (int64_t)(test_random(&random) % (1u << (round % 28)));

        load(zones[round % ZONES]);
        if (round % 5 == 0 && zone.count > 2) { /* exactly at changes */
            from_s = zone.spans[1 + test_below(&random, zone.count - 1)].from_s;
            to_s = from_s + (int64_t)test_below(&random, 2);
        }
        narrow = zone;
        tc_zone_narrow(&narrow, from_s, to_s);
        cr_assert(narrow.count >= 1 && narrow.count <= zone.count);
        cr_assert_str_eq(narrow.name, zone.name);
        for (int i = 0; i < 200; i++) {
            int64_t moment = test_between(&random, from_s, to_s);

            if (i < 2)
                moment = i == 0 ? from_s : to_s;
            cr_assert_eq(tc_zone_offset(&narrow, moment), tc_zone_offset(&zone, moment));
        }
        for (uint32_t i = 1; i < narrow.count; i++)
            cr_assert(narrow.spans[i].from_s > from_s && narrow.spans[i].from_s <= to_s,
                      "a span that does not matter was kept");
    }
}

/* ---- names and files that are no zones ---- */

Test(zone, names_that_are_no_zones)
{
    static const char *const names[] = {
        "",
        " ",
        "Mars/Olympus",
        "../../../etc/passwd",
        "America/../America/New_York",
        "/usr/share/zoneinfo/UTC",
        "America/New York",
        "America/New_York\n",
        "America//Nowhere",
        "america/new_york",
        "A",
        "America/New_York/",
        "%s%s%s%n",
        "America/New_York;",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct tc_error error = {0};

        cr_assert_eq(tc_zone_load(&zone, names[i], NULL, &error), TC_USAGE, "'%s'", names[i]);
        cr_assert_neq(strstr(error.text, "is not a time zone"), NULL, "%s", error.text);
    }
}

Test(zone, a_directory_of_zones_is_no_zone)
{
    struct tc_error error = {0};

    cr_assert_eq(tc_zone_load(&zone, "America", NULL, &error), TC_USAGE, "%s", error.text);
}

Test(zone, other_files_are_refused)
{
    struct tc_error error = {0};

    cr_assert_eq(tc_zone_load(&zone, "tzdata.zi", NULL, &error), TC_USAGE, "%s", error.text);
    cr_assert_eq(tc_zone_load(&zone, "passwd", "/etc", &error), TC_USAGE, "%s", error.text);
    cr_assert_neq(strstr(error.text, "/etc/passwd"), NULL, "%s", error.text);
}

Test(zone, another_directory_can_be_read)
{
    char directory[] = "/tmp/unit_zone_XXXXXX";
    char path[64];
    struct tc_error error = {0};

    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/Here", directory);
    cr_assert_eq(symlink(DIRECTORY "/Asia/Kolkata", path), 0);
    cr_assert_eq(tc_zone_load(&zone, "Here", directory, &error), TC_OK, "%s", error.text);
    cr_assert_eq(tc_zone_offset(&zone, END_S), 19800);
    cr_assert_eq(tc_zone_load(&zone, "There", directory, &error), TC_USAGE);
    unlink(path);
    rmdir(directory);
}

static size_t read_file(const char *name, uint8_t *bytes, size_t room)
{
    char path[128];
    FILE *file;
    size_t length;

    snprintf(path, sizeof path, DIRECTORY "/%s", name);
    file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    length = fread(bytes, 1, room, file);
    fclose(file);
    return length;
}

static enum tc_status parse_exact(const uint8_t *bytes, size_t length, struct tc_error *error)
{
    uint8_t *exact = test_exact_copy(bytes, length);
    enum tc_status status = tc_zone_parse(&zone, exact, length, error);

    test_exact_free(exact);
    return status;
}

/* Where the footer of a file begins: behind its last line end but one. */
static size_t footer_of(const uint8_t *bytes, size_t length)
{
    size_t at = length - 1;

    while (bytes[at - 1] != '\n')
        at--;
    return at - 1;
}

Test(zone, cut_before_the_footer_it_is_refused)
{
    static uint8_t bytes[1 << 16];

    for (size_t i = 0; i < ZONES; i++) {
        size_t length = read_file(zones[i], bytes, sizeof bytes);
        size_t footer = footer_of(bytes, length);

        for (size_t cut = 0; cut < footer; cut++) {
            struct tc_error error = {0};

            cr_assert_neq(parse_exact(bytes, cut, &error), TC_OK, "%s cut at %zu", zones[i], cut);
            cr_assert_neq(error.text[0], '\0');
        }
        cr_assert_eq(parse_exact(bytes, length, NULL), TC_OK);
    }
}

/* Half a footer is another rule or none; later years would have wrong times in silence. */
Test(zone, cut_inside_the_footer_it_is_refused)
{
    static uint8_t bytes[1 << 16];

    for (size_t i = 0; i < ZONES; i++) {
        size_t length = read_file(zones[i], bytes, sizeof bytes);
        size_t footer = footer_of(bytes, length);

        for (size_t cut = footer; cut < length; cut++)
            cr_assert_neq(parse_exact(bytes, cut, NULL), TC_OK, "%s cut at %zu of %zu: '%.*s'",
                          zones[i], cut, length, (int)(cut - footer), bytes + footer);
    }
}

/* A file of version 2 with no transitions, one type, and this footer. */
static enum tc_status parse_footer(const char *footer, int32_t standard)
{
    static const uint8_t header[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4};
    uint8_t body[] = {0, 0, 0, 0, 0, 0, 'E', 'S', 'T', 0};
    uint8_t bytes[512];
    struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);

    tc_store_be32(body, (uint32_t)standard);
    for (int part = 0; part < 2; part++) {
        tc_scribe_bytes(&out, header, sizeof header);
        tc_scribe_bytes(&out, body, sizeof body);
    }
    tc_scribe_bytes(&out, "\n", 1);
    tc_scribe_bytes(&out, footer, strlen(footer));
    tc_scribe_bytes(&out, "\n", 1);
    cr_assert_not(out.failed);
    return parse_exact(bytes, out.length, NULL);
}

Test(zone, footers_that_are_rules)
{
    static const struct {
        const char *footer;
        int32_t standard, january, july; /* of 2050 */
    } rows[] = {
        {"", -18000, -18000, -18000},
        {"EST5", -18000, -18000, -18000},
        {"<-03>3", -10800, -10800, -10800},
        {"<+0530>-5:30", 19800, 19800, 19800},
        {"XXX-14:59:58", 53998, 53998, 53998},
        {"EST5EDT,M3.2.0,M11.1.0", -18000, -18000, -14400},
        {"EST+5EDT+4,M3.2.0/2,M11.1.0/02:00:00", -18000, -18000, -14400},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 36000, 39600, 36000},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 3600, 0, 3600},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7200, -7200, -3600},
        {"EET-2EEST,M3.4.4/50,M10.4.4/50", 7200, 7200, 10800},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(parse_footer(rows[i].footer, rows[i].standard), TC_OK, "%s", rows[i].footer);
        cr_assert_eq(tc_zone_offset(&zone, INT64_C(2525947200)), rows[i].january, "%s",
                     rows[i].footer);
        cr_assert_eq(tc_zone_offset(&zone, INT64_C(2541585600)), rows[i].july, "%s",
                     rows[i].footer);
    }
}

Test(zone, footers_that_are_none)
{
    static const char *const footers[] = {
        "5",
        "ES5",
        "EST",
        "EST5EDT",
        "EST5EDT,",
        "EST5EDT,M3.2.0",
        "EST5EDT,M3.2.0,",
        "EST5EDT,M3.2.0,M11.1",
        "EST5EDT,M0.2.0,M11.1.0",
        "EST5EDT,M13.2.0,M11.1.0",
        "EST5EDT,M3.0.0,M11.1.0",
        "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,M3.2.0,M11.1.0,",
        "EST5EDT,M3.2.0,M11.1.0x",
        "EST5EDT,M3.2.0/,M11.1.0",
        "EST5EDT,M3.2.0/168,M11.1.0",
        "EST168",
        "EST5:",
        "EST5:30:",
        "EST5:30:30:30",
        "<EST5",
        "EST5 EDT,M3.2.0,M11.1.0",
        "EST99999999999999999999",
        "EST5EDT,M33333333333.2.0,M11.1.0",
    };

    for (size_t i = 0; i < sizeof footers / sizeof footers[0]; i++)
        cr_assert_eq(parse_footer(footers[i], -18000), TC_DAMAGED, "%s", footers[i]);
}

Test(zone, damaged_files_do_no_harm)
{
    static uint8_t bytes[1 << 16];
    struct test_random random = {6};
    unsigned good = 0, refused = 0;

    for (int round = 0; round < 20000; round++) {
        static uint8_t clean[1 << 16];
        size_t length = read_file(zones[round % ZONES], clean, sizeof clean);

        memcpy(bytes, clean, length);
        for (uint64_t i = 1 + test_below(&random, 4); i > 0; i--) {
            /* half of them in the headers, where the counts are */
            uint64_t at = test_below(&random, test_below(&random, 2) == 0 ? 44 : length);

            bytes[at] = (uint8_t)test_random(&random);
        }
        if (parse_exact(bytes, length, NULL) != TC_OK) {
            refused++;
            continue;
        }
        good++;
        cr_assert(zone.count >= 1 && zone.count <= TC_ZONE_SPANS_MAX);
        for (int i = 0; i < 10; i++) {
            int64_t moment = test_between(&random, FIRST_S, END_S);

            tc_zone_utc_of_local(&zone, moment + tc_zone_offset(&zone, moment));
        }
        for (uint32_t i = 1; i < zone.count; i++)
            cr_assert_leq(zone.spans[i - 1].from_s, zone.spans[i].from_s, "spans are in order");
    }
    cr_assert(good > 500 && refused > 500, "%u and %u", good, refused);
}

Test(zone, utc_is_utc)
{
    tc_zone_utc(&zone);
    cr_assert_str_eq(zone.name, "UTC");
    cr_assert_eq(zone.count, 1);
    cr_assert_eq(tc_zone_offset(&zone, 0), 0);
    cr_assert_eq(tc_zone_offset(&zone, END_S), 0);
    cr_assert_eq(tc_zone_utc_of_local(&zone, 12345), 12345);
}
