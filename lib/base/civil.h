/*
 * Days and dates of the proleptic Gregorian calendar, counted from 1970-01-01.
 *
 * The arithmetic works on a year that begins in March, so that the leap day is its last day and
 * every 400 years have the same shape.
 */
#ifndef TC_BASE_CIVIL_H
#define TC_BASE_CIVIL_H

#include <stdint.h>

struct tc_date {
    int32_t year;
    uint8_t month; /* 1 to 12 */
    uint8_t day;   /* 1 to 31 */
};

/* Days from 1970-01-01 to that date; negative before it. */
static inline int64_t tc_days_of_date(struct tc_date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month = (date.month + 9) % 12; /* March is 0 */
    int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static inline struct tc_date tc_date_of_days(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* March is 0 */
    struct tc_date date;

    date.day = (uint8_t)(day_of_year - (153 * month + 2) / 5 + 1);
    date.month = (uint8_t)(month < 10 ? month + 3 : month - 9);
    date.year = (int32_t)(year_of_era + era * 400 + (date.month <= 2));
    return date;
}

#endif
