/* What `tickcap gen` was asked for: its command line, read and checked. */
#ifndef TC_GEN_GENOPTIONS_H
#define TC_GEN_GENOPTIONS_H

#include "common/options.h"
#include "tickcap/gen/delivery.h"
#include "tickcap/gen/listing.h"
#include "tickcap/gen/pace.h"

enum { TC_GEN_SESSIONS_MAX = 99 };

struct tc_gen_plan {
    const char *output; /* "-" is standard output */
    const char *expect; /* NULL: not wanted */
    const char *expect_gaps;
    const char *config;
    const struct tc_pace *pace;
    uint64_t seed;
    uint64_t messages;
    uint64_t sessions;
    uint64_t symbols;
    uint64_t lines;
    uint64_t start_ns; /* since 1970 */
    bool directory;
    bool group_b; /* --group-b was given */
    struct tc_wire_address address[TC_GEN_LINES_MAX];
    struct tc_trouble trouble;
    unsigned checksum; /* enum tc_wire_checksum */
};

extern const struct tc_usage tc_gen_usage;

/*
 * Fills a plan. TC_END: --help was answered, and nothing is to be done. TC_USAGE: the words are
 * wrong, and that has been reported.
 */
TC_MUST_USE enum tc_status tc_gen_options(int count, char **words, struct tc_gen_plan *plan);

#endif
