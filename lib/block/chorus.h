/*
 * The chorus: arbiters of channels whose lines arrive in different streams.
 *
 * Each stream reports runs of packets; here every line has a second tracker, and the lines of a
 * channel an arbiter over these. The main lcore of the appliance keeps one while a capture runs,
 * and whoever verifies a capture keeps one while reading it.
 */
#ifndef TC_BLOCK_CHORUS_H
#define TC_BLOCK_CHORUS_H

#include "block/catalog.h"
#include "track/arbiter.h"

/* A run of a line, for an arbiter that hears several streams. */
struct tc_line_report {
    struct tc_run run;
    uint64_t time_ns; /* receive time of its first packet */
    uint16_t line;
};

struct tc_chorus {
    const struct tc_catalog *catalog;
    struct tc_sequence *sequences; /* by line; only of channels that are compared here */
    struct tc_arbiter **arbiters;  /* by channel; NULL where lines are compared elsewhere */
    uint64_t unheard;              /* reports of sessions that were closed: not compared */
};

/* Whether a catalog has channels that need one. */
bool tc_chorus_needed(const struct tc_catalog *catalog);

/* Bytes of memory, aligned to a cache line. */
size_t tc_chorus_footprint(const struct tc_catalog *catalog);

/* `memory`, zeroed, stays the caller's and, as `catalog`, outlives the chorus. */
void tc_chorus_init(struct tc_chorus *chorus, void *memory, const struct tc_catalog *catalog,
                    uint64_t silent_after_ns);

/* Takes a report, heard at `now_ns`; reports of other channels change nothing. */
void tc_chorus_take(struct tc_chorus *chorus, const struct tc_line_report *report, uint64_t now_ns,
                    struct tc_ruling *ruling);

#endif
