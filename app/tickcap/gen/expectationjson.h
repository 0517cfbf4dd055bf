/* The expected figures as JSON, with the names of `tickcap info --json`. */
#ifndef TC_GEN_EXPECTATIONJSON_H
#define TC_GEN_EXPECTATIONJSON_H

#include <stdio.h>

#include "tickcap/gen/expectation.h"

/* TC_MEMORY where the page cannot be built; errors of writing stay with `file`. */
TC_MUST_USE enum tc_status tc_expectation_print(const struct tc_expectation *expectation,
                                                FILE *file, struct tc_error *error);

/* The gaps, with the names of `tickcap gaps --json`. */
TC_MUST_USE enum tc_status tc_expectation_print_gaps(const struct tc_expectation *expectation,
                                                     FILE *file, struct tc_error *error);

#endif
