/* Midnights are computed once a day; a message costs three comparisons. */
#include "clock/exchtime.h"

enum { DAY_S = 86400 };

#define SECOND_NS INT64_C(1000000000)

void tc_midnights_init(struct tc_midnights *midnights, const struct tc_zone *zone)
{
    *midnights = (struct tc_midnights){.zone = zone};
}

static void move_window(struct tc_midnights *midnights, uint64_t rx_ns)
{
    int64_t utc_s = (int64_t)(rx_ns / SECOND_NS);
    int64_t local_s = utc_s + tc_zone_offset(midnights->zone, utc_s);
    int64_t day_s = local_s - ((local_s % DAY_S) + DAY_S) % DAY_S;

    for (int i = 0; i < 3; i++)
        midnights->midnight_ns[i] = tc_zone_utc_of_local(midnights->zone, day_s + (i - 1) * DAY_S) *
                                    SECOND_NS;
    midnights->from_ns = midnights->midnight_ns[1] > 0 ? (uint64_t)midnights->midnight_ns[1] : 0;
    midnights->to_ns = (uint64_t)midnights->midnight_ns[2];
}

uint64_t tc_exch_of_midnight(struct tc_midnights *midnights, uint64_t since_midnight_ns,
                             uint64_t rx_ns)
{
    int64_t best = INT64_MAX;
    int64_t best_distance = INT64_MAX;

    if ((rx_ns | since_midnight_ns) >> 62 != 0)
        return since_midnight_ns; /* a time after 2116 is no time; keep it visible as it came */
    if (rx_ns < midnights->from_ns || rx_ns >= midnights->to_ns)
        move_window(midnights, rx_ns);
    for (int i = 0; i < 3; i++) {
        int64_t time = midnights->midnight_ns[i] + (int64_t)since_midnight_ns;
        int64_t distance = time > (int64_t)rx_ns ? time - (int64_t)rx_ns : (int64_t)rx_ns - time;

        if (distance < best_distance) {
            best_distance = distance;
            best = time;
        }
    }
    return best > 0 ? (uint64_t)best : 0;
}
