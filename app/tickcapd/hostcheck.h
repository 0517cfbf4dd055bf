/*
 * Whether the machine can carry a plan now: directories and their room, hugepages, real-time
 * priority. And what could be better, though it works: lcores that share a core or are far from
 * their NIC.
 */
#ifndef TC_TICKCAPD_HOSTCHECK_H
#define TC_TICKCAPD_HOSTCHECK_H

#include "tickcapd/captureplan.h"

/* TC_USAGE with one sentence, the fix in it, for the first thing that does not work. */
TC_MUST_USE enum tc_status tc_host_check(const struct tc_capture_plan *plan,
                                         struct tc_error *error);

/* Told of what could be better; one sentence, the fix in it. */
typedef void tc_host_advice(void *context, const char *sentence);

void tc_host_advise(const struct tc_capture_plan *plan, tc_host_advice *advice, void *context);

/* The directory above one that is not there yet. */
void tc_parent_of(const char *path, char parent[TC_PATH_BYTES]);

#endif
