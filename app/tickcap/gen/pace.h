/*
 * How fast and how clustered messages come: what tells a quiet day, the open and a burst apart.
 */
#ifndef TC_GEN_PACE_H
#define TC_GEN_PACE_H

#include <stddef.h>

#include "tickcap/gen/random.h"

struct tc_pace {
    const char *name;
    struct tc_quantiles gap_ns; /* from one message to the next */
    double same_symbol; /* probability that a message stays with the previous one's symbol */
};

extern const struct tc_pace tc_paces[];
extern const size_t tc_pace_count;

/* The pace of start-of-day messages, which the exchange sends as fast as it can. */
extern const struct tc_quantiles tc_directory_gap_ns;

#endif
