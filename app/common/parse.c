/* Parsing of words: strict, since a misread number in a command is a wrong answer later. */
#include "common/parse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"

/* Digits at *at as a number; false without one or when it does not fit. */
static bool take_digits(const char **at, uint64_t *value)
{
    const char *start = *at;

    *value = 0;
    for (; isdigit((unsigned char)**at); (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');

        if (*value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return *at != start;
}

enum tc_status tc_parse_uint(const char *word, uint64_t lowest, uint64_t highest, uint64_t *value,
                             struct tc_error *error)
{
    const char *at = word;

    if (!take_digits(&at, value) || *at != '\0' || *value < lowest || *value > highest)
        return tc_fail(error, TC_USAGE, "'%s' is not a whole number from %lu to %lu", word, lowest,
                       highest);
    return TC_OK;
}

enum tc_status tc_parse_bytes(const char *word, uint64_t *bytes, struct tc_error *error)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
    const char *at = word;

    if (take_digits(&at, bytes))
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
            if (strcmp(at, units[i].unit) == 0 && *bytes <= UINT64_MAX >> units[i].shift) {
                *bytes <<= units[i].shift;
                return TC_OK;
            }
    return tc_fail(error, TC_USAGE,
                   "'%s' is not a size: expected a number and KiB, MiB, GiB, TiB or nothing", word);
}

enum tc_status tc_parse_duration(const char *word, uint64_t *duration_ns, struct tc_error *error)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {{"ns", 1},
                 {"us", 1000},
                 {"ms", 1000000},
                 {"s", 1000000000},
                 {"min", 60 * UINT64_C(1000000000)},
                 {"h", 3600 * UINT64_C(1000000000)},
                 {"d", 86400 * UINT64_C(1000000000)}};
    const char *at = word;

    if (take_digits(&at, duration_ns))
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
            if (strcmp(at, units[i].unit) == 0 && *duration_ns <= UINT64_MAX / units[i].ns) {
                *duration_ns *= units[i].ns;
                return TC_OK;
            }
    return tc_fail(error, TC_USAGE,
                   "'%s' is not a duration: expected a number and ns, us, ms, s, min, h or d",
                   word);
}

enum tc_status tc_parse_real(const char *word, double lowest, double highest, double *value,
                             struct tc_error *error)
{
    char *end;

    *value = strtod(word, &end);
    /* strtod alone would take blanks, hexadecimal and infinities too */
    if (strspn(word, "0123456789+-.eE") != strlen(word) || end == word || *end != '\0' ||
        !isfinite(*value) || *value < lowest || *value > highest)
        return tc_fail(error, TC_USAGE, "'%s' is not a number from %g to %g", word, lowest,
                       highest);
    return TC_OK;
}

/* Exactly `width` digits, a value up to `highest`, then `after` (or nothing where it is 0). */
static bool take_part(const char **at, unsigned width, uint64_t highest, char after,
                      uint64_t *value)
{
    const char *start = *at;

    if (!take_digits(at, value) || (unsigned)(*at - start) != width || *value > highest)
        return false;
    if (after == '\0')
        return true;
    return *(*at)++ == after;
}

/* .fraction, up to nine digits */
static bool take_fraction(const char **at, uint64_t *ns)
{
    const char *start = *at + 1;

    *ns = 0;
    if (**at != '.')
        return true;
    (*at)++;
    if (!take_digits(at, ns) || *at - start > 9)
        return false;
    for (long digits = *at - start; digits < 9; digits++)
        *ns *= 10;
    return true;
}

/* Z, +hh:mm, -hh:mm or nothing; *given says whether there was one. */
static bool take_offset(const char **at, int64_t *seconds, bool *given)
{
    uint64_t hours, minutes;
    char sign = **at;

    *seconds = 0;
    *given = sign != '\0';
    if (!*given)
        return true;
    (*at)++;
    if (sign == 'Z')
        return true;
    if (sign != '+' && sign != '-')
        return false;
    if (!take_part(at, 2, 14, ':', &hours) || !take_part(at, 2, 59, '\0', &minutes))
        return false;
    *seconds = (int64_t)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
}

enum tc_status tc_parse_time(const char *word, tc_parse_zone *zone_offset, const void *zone,
                             uint64_t *time_ns, struct tc_error *error)
{
    uint64_t year, month, day, hour, minute, second, ns;
    const char *at = word;
    int64_t offset, local;
    struct tc_date date;
    bool given;

    if (take_digits(&at, time_ns) && *at == '\0')
        return TC_OK;
    at = word;
    if (!take_part(&at, 4, 2261, '-', &year) || !take_part(&at, 2, 12, '-', &month) ||
        !take_part(&at, 2, 31, 'T', &day) || !take_part(&at, 2, 23, ':', &hour) ||
        !take_part(&at, 2, 59, ':', &minute) || !take_part(&at, 2, 59, '\0', &second) ||
        !take_fraction(&at, &ns) || !take_offset(&at, &offset, &given) || *at != '\0' ||
        year < 1970 || month < 1 || day < 1)
        return tc_fail(error, TC_USAGE,
                       "'%s' is not a time: expected nanoseconds since 1970, or "
                       "2026-11-22T14:30:00.123456789 and Z or an offset such as -05:00",
                       word);
    date = (struct tc_date){(int32_t)year, (uint8_t)month, (uint8_t)day};
    local = tc_days_of_date(date) * 86400 + (int64_t)(hour * 3600 + minute * 60 + second);
    date = tc_date_of_days(tc_days_of_date(date));
    if (date.day != day)
        return tc_fail(error, TC_USAGE, "'%s' names a day that month %lu of %lu does not have",
                       word, month, year);
    if (!given && zone_offset == NULL)
        return tc_fail(error, TC_USAGE,
                       "'%s' says no time zone: add Z or an offset such as -05:00, or give --tz",
                       word);
    if (!given)
        offset = zone_offset(zone, local);
    if (local < offset)
        return tc_fail(error, TC_USAGE, "'%s' lies before 1970", word);
    *time_ns = (uint64_t)(local - offset) * 1000000000 + ns;
    return TC_OK;
}

enum tc_status tc_parse_address(const char *word, uint32_t *address, struct tc_error *error)
{
    struct in_addr parsed;

    if (inet_pton(AF_INET, word, &parsed) != 1)
        return tc_fail(error, TC_USAGE, "'%s' is not an IPv4 address such as 233.54.12.111", word);
    *address = ntohl(parsed.s_addr);
    return TC_OK;
}
