/* The subcommands of tickcap: one file each, one line each in the table of toolmain.c. */
#ifndef TC_APP_COMMAND_H
#define TC_APP_COMMAND_H

#include "common/options.h"
#include "common/report.h"

struct tc_command {
    const struct tc_usage *usage;
    const char *name;
    /* Answers the exit code. words[0] is the command's name. */
    enum tc_exit (*run)(int count, char **words);
};

extern const struct tc_command tc_command_info;
extern const struct tc_command tc_command_cat;
extern const struct tc_command tc_command_gaps;
extern const struct tc_command tc_command_verify;
extern const struct tc_command tc_command_export;
extern const struct tc_command tc_command_import;
extern const struct tc_command tc_command_gen;

#endif
