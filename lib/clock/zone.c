/* TZif files and their footers, as lists of offsets. Section numbers are those of RFC 9636. */
#include "clock/zone.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/civil.h"

enum {
    TZIF_HEADER_BYTES = 44,
    TZIF_FILE_BYTES_MAX = 1 << 16,
    DAY_S = 86400,
    LAST_YEAR = 2100,
};

void tc_zone_utc(struct tc_zone *zone)
{
    *zone = (struct tc_zone){.name = "UTC", .count = 1};
}

static enum tc_status add_span(struct tc_zone *zone, int64_t from_s, int32_t offset_s,
                               struct tc_error *error)
{
    if (offset_s < -DAY_S || offset_s > DAY_S)
        return tc_fail(error, TC_DAMAGED, "an offset of %d s, expected at most a day", offset_s);
    if (zone->count > 0 && zone->spans[zone->count - 1].offset_s == offset_s)
        return TC_OK;
    if (zone->count > 0 && from_s <= zone->spans[zone->count - 1].from_s)
        return tc_fail(error, TC_DAMAGED, "a change at %ld s is not behind the one before", from_s);
    if (zone->count == TC_ZONE_SPANS_MAX)
        return tc_fail(error, TC_LIMIT, "more than %d changes of the offset", TC_ZONE_SPANS_MAX);
    zone->spans[zone->count++] = (struct tc_zone_span){from_s, offset_s};
    return TC_OK;
}

/* Section 3.1: six counts, each of four bytes, big endian. */
struct tzif_counts {
    uint32_t utc_indicators, standard_indicators, leaps, times, types, letters;
};

static struct tzif_counts counts_of(const uint8_t *header)
{
    return (struct tzif_counts){
        tc_load_be32(header + 20), tc_load_be32(header + 24), tc_load_be32(header + 28),
        tc_load_be32(header + 32), tc_load_be32(header + 36), tc_load_be32(header + 40),
    };
}

static uint64_t body_bytes(const struct tzif_counts *counts, uint64_t time_bytes)
{
    return counts->times * (time_bytes + 1) + (uint64_t)counts->types * 6 + counts->letters +
           counts->leaps * (time_bytes + 4) + counts->standard_indicators + counts->utc_indicators;
}

/* Section 3.2: transition times, then their types, then the types themselves. */
static enum tc_status take_transitions(struct tc_zone *zone, const uint8_t *body,
                                       const struct tzif_counts *counts, struct tc_error *error)
{
    const uint8_t *type_of = body + counts->times * (size_t)8;
    const uint8_t *types = type_of + counts->times;
    int64_t last = INT64_MIN;
    enum tc_status status = add_span(zone, INT64_MIN, (int32_t)tc_load_be32(types), error);

    for (uint32_t i = 0; status == TC_OK && i < counts->times; i++) {
        int64_t from_s = (int64_t)tc_load_be64(body + i * (size_t)8);

        if (from_s < last || type_of[i] >= counts->types)
            return tc_fail(error, TC_DAMAGED, "transition %u is out of order or of no type", i);
        last = from_s;
        status = add_span(zone, from_s, (int32_t)tc_load_be32(types + type_of[i] * (size_t)6),
                          error);
    }
    return status;
}

/* A rule of the footer: Mm.w.d/time, the only form that any zone uses. */
struct rule {
    int month, week, weekday;
    int32_t time_s;
};

/* POSIX.1, "Environment Variables": std offset dst [offset],start[/time],end[/time] */
static bool take_name(const char **at)
{
    const char *start = *at;

    if (**at == '<') {
        while (**at != '\0' && **at != '>')
            (*at)++;
        if (**at != '>')
            return false;
        (*at)++;
        return true;
    }
    while (isalpha((unsigned char)**at))
        (*at)++;
    return *at - start >= 3;
}

static bool take_int(const char **at, int highest, int *value)
{
    const char *start = *at;

    for (*value = 0; isdigit((unsigned char)**at) && *value <= highest; (*at)++)
        *value = *value * 10 + (**at - '0');
    return *at != start && *value <= highest;
}

/* [+-]hh[:mm[:ss]] */
static bool take_clock(const char **at, int32_t *seconds)
{
    int sign = **at == '-' ? -1 : 1;
    int part, unit = 3600, sum = 0;

    if (**at == '-' || **at == '+')
        (*at)++;
    for (;; (*at)++) {
        if (!take_int(at, 167, &part))
            return false;
        sum += part * unit;
        unit /= 60;
        if (**at != ':' || unit == 0)
            break;
    }
    *seconds = sign * sum;
    return true;
}

static bool take_rule(const char **at, struct rule *rule)
{
    rule->time_s = 2 * 3600;
    if (*(*at)++ != ',' || *(*at)++ != 'M' || !take_int(at, 12, &rule->month) || rule->month < 1 ||
        *(*at)++ != '.' || !take_int(at, 5, &rule->week) || rule->week < 1 || *(*at)++ != '.' ||
        !take_int(at, 6, &rule->weekday))
        return false;
    if (**at == '/') {
        (*at)++;
        return take_clock(at, &rule->time_s);
    }
    return true;
}

/* Local seconds since 1970 at which the rule applies in that year. */
static int64_t rule_in_year(const struct rule *rule, int year)
{
    struct tc_date first = {year, (uint8_t)rule->month, 1};
    struct tc_date next = {rule->month == 12 ? year + 1 : year, (uint8_t)(rule->month % 12 + 1), 1};
    int64_t day = tc_days_of_date(first);
    int64_t weekday = (day % 7 + 7 + 4) % 7; /* 1970-01-01 was a Thursday */

    day += (rule->weekday - weekday + 7) % 7 + 7 * (rule->week - 1);
    if (day >= tc_days_of_date(next))
        day -= 7;
    return day * DAY_S + rule->time_s;
}

/* Section 3.3: what holds after the last transition. */
static enum tc_status take_footer(struct tc_zone *zone, const char *text, struct tc_error *error)
{
    int64_t last = zone->spans[zone->count - 1].from_s;
    int32_t standard, daylight;
    struct rule start, end;
    const char *at = text;
    enum tc_status status = TC_OK;

    if (*at == '\0')
        return TC_OK;
    if (!take_name(&at) || !take_clock(&at, &standard))
        return tc_fail(error, TC_DAMAGED, "the footer '%.40s' is no time zone rule", text);
    standard = -standard;
    if (*at == '\0')
        return TC_OK;
    daylight = -(standard + 3600);
    if (!take_name(&at) || (*at != ',' && !take_clock(&at, &daylight)) || !take_rule(&at, &start) ||
        !take_rule(&at, &end) || *at != '\0')
        return tc_fail(error, TC_DAMAGED, "the footer '%.40s' is no time zone rule", text);
    daylight = -daylight;

    for (int year = 1970; status == TC_OK && year <= LAST_YEAR; year++) {
        int64_t to_daylight = rule_in_year(&start, year) - standard;
        int64_t to_standard = rule_in_year(&end, year) - daylight;
        bool northern = to_daylight < to_standard;
        struct tc_zone_span first = {northern ? to_daylight : to_standard,
                                     northern ? daylight : standard};
        struct tc_zone_span second = {northern ? to_standard : to_daylight,
                                      northern ? standard : daylight};

        if (first.from_s > last)
            status = add_span(zone, first.from_s, first.offset_s, error);
        if (status == TC_OK && second.from_s > last)
            status = add_span(zone, second.from_s, second.offset_s, error);
    }
    return status;
}

enum tc_status tc_zone_parse(struct tc_zone *zone, const uint8_t *bytes, size_t length,
                             struct tc_error *error)
{
    struct tc_cursor cursor = tc_cursor_of(bytes, length);
    const uint8_t *header = tc_cursor_take(&cursor, TZIF_HEADER_BYTES);
    struct tzif_counts counts;
    const uint8_t *body;
    char footer[80];
    size_t rest;
    enum tc_status status;

    if (header == NULL || memcmp(header, "TZif", 4) != 0 || header[4] < '2')
        return tc_fail(error, TC_FOREIGN, "not a TZif file of version 2 or later");
    counts = counts_of(header);
    tc_cursor_take(&cursor, body_bytes(&counts, 4));
    header = tc_cursor_take(&cursor, TZIF_HEADER_BYTES);
    if (header == NULL || memcmp(header, "TZif", 4) != 0)
        return tc_fail(error, TC_DAMAGED, "the 64-bit part is missing");
    counts = counts_of(header);
    body = tc_cursor_take(&cursor, body_bytes(&counts, 8));
    if (body == NULL || counts.types == 0)
        return tc_fail(error, TC_TRUNCATED, "the 64-bit part is cut short");

    zone->count = 0;
    status = take_transitions(zone, body, &counts, error);
    if (status != TC_OK)
        return status;
    /* Section 3.3: the footer stands between two line ends; half of one would be another rule */
    rest = tc_cursor_left(&cursor);
    if (rest < 2 || rest - 2 >= sizeof footer || cursor.at[0] != '\n' ||
        cursor.at[rest - 1] != '\n')
        return tc_fail(error, TC_TRUNCATED, "the footer is cut short");
    memcpy(footer, cursor.at + 1, rest - 2);
    footer[rest - 2] = '\0';
    return take_footer(zone, footer, error);
}

/* A zone name is a relative path of plain words. */
static bool plain_name(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= TC_ZONE_NAME_BYTES || name[0] == '/' || strstr(name, "..") != NULL)
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
           length;
}

enum tc_status tc_zone_load(struct tc_zone *zone, const char *name, const char *directory,
                            struct tc_error *error)
{
    uint8_t bytes[TZIF_FILE_BYTES_MAX];
    struct tc_error detail = {0};
    char path[512];
    size_t length;
    FILE *file;

    if (strcmp(name, "UTC") == 0) {
        tc_zone_utc(zone);
        return TC_OK;
    }
    snprintf(path, sizeof path, "%s/%s", directory != NULL ? directory : "/usr/share/zoneinfo",
             name);
    file = plain_name(name) ? fopen(path, "rb") : NULL;
    if (file == NULL)
        return tc_fail(error, TC_USAGE, "'%s' is not a time zone such as America/New_York", name);
    length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    snprintf(zone->name, sizeof zone->name, "%s", name);
    /* whatever the file is: the name that was given is not usable */
    if (tc_zone_parse(zone, bytes, length, &detail) != TC_OK)
        return tc_fail(error, TC_USAGE, "'%s' is not a time zone: %s: %.200s", name, path,
                       detail.text);
    return TC_OK;
}

/* Index of the span that holds at that moment. */
static uint32_t span_at(const struct tc_zone *zone, int64_t utc_s)
{
    uint32_t low = 0;
    uint32_t high = zone->count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (zone->spans[middle].from_s <= utc_s)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int32_t tc_zone_offset(const struct tc_zone *zone, int64_t utc_s)
{
    return zone->spans[span_at(zone, utc_s)].offset_s;
}

int64_t tc_zone_utc_of_local(const struct tc_zone *zone, int64_t local_s)
{
    /* A day on either side covers every offset; the later offset is tried second. */
    int64_t early = local_s - tc_zone_offset(zone, local_s - DAY_S);
    int64_t late = local_s - tc_zone_offset(zone, local_s + DAY_S);

    if (early + tc_zone_offset(zone, early) == local_s)
        return early;
    return late;
}

void tc_zone_narrow(struct tc_zone *zone, int64_t from_s, int64_t to_s)
{
    uint32_t first = span_at(zone, from_s);
    uint32_t last = span_at(zone, to_s);

    memmove(zone->spans, zone->spans + first, (last - first + 1) * sizeof zone->spans[0]);
    zone->count = last - first + 1;
}
