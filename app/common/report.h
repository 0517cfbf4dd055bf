/*
 * What programs say to people: one sentence on standard error, quoting the offending word.
 *
 * Data goes to standard output and is never mixed with this.
 */
#ifndef TC_APP_REPORT_H
#define TC_APP_REPORT_H

#include "base/status.h"

/* Exit codes, the same for every program and command. */
enum tc_exit {
    TC_EXIT_GOOD = 0,
    TC_EXIT_FAULT = 1, /* a fault was found, or it failed */
    TC_EXIT_USAGE = 2, /* wrong arguments or configuration */
    TC_EXIT_LOSS = 3,  /* a capture ended cleanly, but this host lost frames */
};

/* Prints "PROGRAM: sentence" on standard error; PROGRAM as set by tc_report_as. */
void tc_report(const char *format, ...) TC_PRINTF(1, 2);

/* Names the program (and command) that speaks. `name` must stay. */
void tc_report_as(const char *name);

/* Reports a failure; answers the exit code that goes with its status. */
enum tc_exit tc_report_error(const struct tc_error *error);

#endif
