/*
 * Midnight in New York, from which ITCH counts its times.
 *
 * The rule of the Energy Policy Act of 2005, in force since 2007, instead of a time zone database:
 * a generated file is the same on a machine that has none. Daylight saving time lasts from the
 * second Sunday of March to the first of November, 2:00 local time.
 */
#ifndef TC_GEN_NEWYORK_H
#define TC_GEN_NEWYORK_H

#include "base/civil.h"

#define TC_NEWYORK_FIRST_NS 1167609600000000000 /* 2007-01-01T00:00:00Z */

/* Days from 1970 to the `nth` Sunday (from 1) of a month. */
static inline int64_t tc_nth_sunday(int32_t year, uint8_t month, int64_t nth)
{
    int64_t first = tc_days_of_date((struct tc_date){year, month, 1});
    int64_t weekday = (first + 4) % 7; /* 1970-01-01 was a Thursday; Sunday is 0 */

    return first + (7 - weekday) % 7 + 7 * (nth - 1);
}

/* Seconds that New York is ahead of UTC, a negative number. */
static inline int64_t tc_newyork_offset_s(int64_t utc_s)
{
    int32_t year = tc_date_of_days(utc_s / 86400).year;
    int64_t begins_s = tc_nth_sunday(year, 3, 2) * 86400 + (2 + 5) * 3600;
    int64_t ends_s = tc_nth_sunday(year, 11, 1) * 86400 + (2 + 4) * 3600;

    return utc_s >= begins_s && utc_s < ends_s ? -4 * 3600 : -5 * 3600;
}

/* The day in New York, in days from 1970. */
static inline int64_t tc_newyork_day(int64_t utc_s)
{
    return (utc_s + tc_newyork_offset_s(utc_s)) / 86400;
}

/* When that day began, in seconds from 1970 UTC. */
static inline int64_t tc_newyork_midnight_s(int64_t day)
{
    /* 5:00 UTC is 0:00 or 1:00 in New York, and never on the other side of a change */
    return day * 86400 - tc_newyork_offset_s(day * 86400 + 5 * 3600);
}

#endif
