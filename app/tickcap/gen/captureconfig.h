/* A capture configuration that fits a generated file, so that a first capture is one command. */
#ifndef TC_GEN_CAPTURECONFIG_H
#define TC_GEN_CAPTURECONFIG_H

#include <stdio.h>

#include "tickcap/gen/genoptions.h"

/* Writes YAML for plan->output, which exists by now; errors of writing stay with `file`. */
TC_MUST_USE enum tc_status tc_capture_config_print(const struct tc_gen_plan *plan, FILE *file,
                                                   struct tc_error *error);

#endif
