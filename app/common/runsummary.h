/*
 * What a person reads when a capture or an import is over.
 */
#ifndef TC_APP_RUNSUMMARY_H
#define TC_APP_RUNSUMMARY_H

#include <stdio.h>

#include "file/capture.h"
#include "track/ledger.h"

struct tc_run_summary {
    const struct tc_capture *capture;
    struct tc_ledger ledger;          /* of all streams */
    const struct tc_figures *figures; /* by line, of all streams */
    const struct tc_merged *merged;   /* by channel */
    uint64_t bytes_stored;
    uint64_t segments;
    double seconds;      /* of wall time */
    double cpu_seconds;  /* of the process */
    double feed_seconds; /* that the recorded frames span; 0: not known */
    const char *where;   /* the first output directory */
};

/* missing / (received + missing), whatever they are. */
double tc_loss_share(uint64_t missing, uint64_t received);

/* The same of a line: the share of what was sent that never came. Duplicates do not count. */
double tc_loss_rate(const struct tc_figures *figures);

void tc_run_summary_print(FILE *out, const struct tc_run_summary *summary);

#endif
