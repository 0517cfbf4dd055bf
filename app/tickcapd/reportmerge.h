/*
 * Reports of several streams, in the order of their times.
 *
 * Lines are compared by a memory of two sessions, so one stream must not be heard far ahead of
 * another: a report waits until every other stream has one, too, or has ended. It does not wait for
 * ever. A stream may have nothing to report, so after a round what has waited through it is heard;
 * unless all sources are files, which are read as fast as they come and not in time with each
 * other, and of which each ends. And a ring that is half full is heard, lest reports are lost.
 */
#ifndef TC_TICKCAPD_REPORTMERGE_H
#define TC_TICKCAPD_REPORTMERGE_H

#include <rte_ring_elem.h>

#include "block/chorus.h"
#include "common/config.h"

enum {
    TC_REPORTS = 1 << 17, /* of a stream that may wait in its ring */
    TC_REPORT_BURST = 64,
};

struct tc_report_source {
    struct rte_ring *ring; /* of struct tc_line_report */
    struct tc_line_report heads[TC_REPORT_BURST];
    unsigned at, count; /* in `heads`: those that are left */
    unsigned left;      /* reports that waited when the last round was over */
    unsigned aged;      /* of these, those that are still waiting */
    bool ended;         /* nothing more will come, but what waits */
};

struct tc_report_merge {
    struct tc_report_source *sources; /* by stream */
    size_t source_count;
    bool patient; /* nothing is heard merely because it has waited */
};

TC_MUST_USE enum tc_status tc_report_merge_open(struct tc_report_merge *merge, size_t streams,
                                                struct tc_error *error);
void tc_report_merge_close(struct tc_report_merge *merge);

/* Begins a round. `ended` of the sources is the caller's to set. */
void tc_report_merge_begin(struct tc_report_merge *merge);

/* The next report that may be heard; NULL: the round is over. Good until the next call. */
const struct tc_line_report *tc_report_merge_next(struct tc_report_merge *merge);

#endif
