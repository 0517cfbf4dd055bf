/* A table of first copies, direct mapped. */
#include "file/leads.h"

int64_t tc_leads_take(struct tc_leads *leads, uint32_t line, const struct tc_session_id *session,
                      uint64_t sequence, uint64_t time_ns)
{
    struct tc_lead_arrival *arrival = &leads->arrivals[sequence % TC_LEAD_PLACES];
    int64_t later_ns = (int64_t)(time_ns - arrival->time_ns);

    if (arrival->line == 0 || arrival->sequence != sequence ||
        !tc_session_equal(arrival->session, *session)) {
        *arrival = (struct tc_lead_arrival){*session, sequence, time_ns, line + 1};
        return -1;
    }
    if (arrival->line == line + 1)
        return -1;
    tc_histogram_add(&leads->lead, arrival->line - 1 < line ? later_ns : -later_ns);
    /* streams are merged by time, but what is told of in an event stands where the event does */
    return later_ns >= 0 ? arrival->line - 1 : line;
}
