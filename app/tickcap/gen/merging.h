/*
 * The lines of a channel laid over each other: what they brought and what they missed together.
 */
#ifndef TC_GEN_MERGING_H
#define TC_GEN_MERGING_H

#include "tickcap/gen/expectation.h"

/* By session, with U received and M missing on a line. */
struct tc_expected_merged {
    uint64_t messages;  /* in the union of U */
    uint64_t missing;   /* in the union of M, and in no U */
    uint64_t recovered; /* in the union of M, and in some U */
};

struct tc_expected_merged tc_expectation_merge(const struct tc_expectation *expectation);

/* What became of a gap of a line: its numbers that came late on it, that only others had, none. */
struct tc_expected_fate {
    uint64_t late;
    uint64_t recovered;
    uint64_t lost;
};

struct tc_expected_fate tc_expected_fate_of(const struct tc_expectation *expectation,
                                            const struct tc_expected_line *line,
                                            const struct tc_expected_gap *gap);

/* Sequence numbers, over all sessions, that a line expected and never got. */
uint64_t tc_expected_missing(const struct tc_expected_line *line);

#endif
