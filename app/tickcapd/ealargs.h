/* The arguments of DPDK's environment layer, built from the plan. */
#ifndef TC_TICKCAPD_EALARGS_H
#define TC_TICKCAPD_EALARGS_H

#include "tickcapd/captureplan.h"

enum { TC_EAL_ARGUMENTS_MAX = 256, TC_EAL_TEXT_BYTES = 32768 };

struct tc_eal_args {
    char *words[TC_EAL_ARGUMENTS_MAX + 1]; /* ends with NULL */
    int count;
    char text[TC_EAL_TEXT_BYTES];
    size_t text_used;
    uint32_t main_lcore; /* floats over the CPUs; no CPU has its number */
};

/* Whether the user's own arguments switch hugepages off. */
bool tc_eal_without_huge(int count, char *const *words);

/* Builds the arguments; those of the user come last and may override. */
TC_MUST_USE enum tc_status tc_eal_args_build(struct tc_eal_args *args,
                                             const struct tc_capture_plan *plan, int user_count,
                                             char *const *user_words, struct tc_error *error);

#endif
