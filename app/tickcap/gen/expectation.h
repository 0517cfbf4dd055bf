/*
 * What a capture of the generated feed must find: counts, gaps, digests.
 *
 * This is the judge of the sequence tracker in the library, so it shares no code with it and is
 * naive on purpose: a bit for every sequence number that a line brought, and the next number that
 * it expects. The rules are those of the design, "Counting rules"; it reads them off the frames as
 * they arrive, not out of what the generator meant to do.
 */
#ifndef TC_GEN_EXPECTATION_H
#define TC_GEN_EXPECTATION_H

#include <xxhash.h>

#include "tickcap/gen/delivery.h"

struct tc_expected_session {
    char id[TC_MOLD_SESSION_BYTES];
    bool end_seen;
    uint64_t first;     /* the first sequence number that was expected */
    uint64_t next;      /* the next one */
    uint64_t *received; /* a bit for each sequence number */
    uint64_t words;     /* of `received` */
};

/* Numbers first <= n < end that were jumped over between two packets of the line. */
struct tc_expected_gap {
    size_t session; /* of the line's */
    uint64_t first;
    uint64_t end;
    uint64_t before_ns; /* receive times of the packets on both sides */
    uint64_t after_ns;
};

struct tc_expected_line {
    uint64_t packets;
    uint64_t in_order;
    uint64_t late;
    uint64_t duplicates;
    uint64_t gap_events;
    uint64_t heartbeats;
    uint64_t stale_heartbeats;
    XXH3_state_t *digest;
    struct tc_expected_session *sessions;
    size_t session_count;
    struct tc_expected_gap *gaps;
    size_t gap_count;
    size_t gaps_max;
    uint64_t heard_ns; /* receive time of the latest packet; 0: none yet */
};

struct tc_expectation {
    unsigned line_count;
    uint64_t frames;
    uint64_t bytes;
    uint64_t first_rx_ns;
    uint64_t last_rx_ns;
    bool named[UINT16_MAX + 1]; /* by locate: a directory message came */
    struct tc_expected_line lines[TC_GEN_LINES_MAX];
};

/* Freed with tc_expectation_free, also when this fails. */
TC_MUST_USE enum tc_status tc_expectation_init(struct tc_expectation *expectation,
                                               unsigned line_count, struct tc_error *error);

void tc_expectation_free(struct tc_expectation *expectation);

TC_MUST_USE enum tc_status tc_expectation_note(struct tc_expectation *expectation,
                                               const struct tc_arrival *arrival,
                                               struct tc_error *error);

#endif
