/*
 * Command lines from tables: the same rows parse the arguments and print --help.
 */
#ifndef TC_APP_OPTIONS_H
#define TC_APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct tc_option {
    int id;               /* what tc_options_next answers; a letter also makes -LETTER work */
    const char *name;     /* --name */
    const char *argument; /* its placeholder in --help; NULL for a flag */
    const char *help;
};

/* One program or subcommand. */
struct tc_usage {
    const char *name;                /* "tickcap cat" */
    const char *arguments;           /* "PATH..." */
    const char *summary;             /* one line */
    const char *details;             /* paragraphs after the options, or NULL */
    const struct tc_option *options; /* ends with an all-zero row */
};

enum {
    TC_OPTION_END = -1,  /* no options left; operands follow */
    TC_OPTION_BAD = -2,  /* said so on standard error; exit with TC_EXIT_USAGE */
    TC_OPTION_HELP = -3, /* --help was answered; exit with TC_EXIT_GOOD */
};

enum { TC_OPTIONS_MAX = 48 };

struct tc_options {
    const struct tc_usage *usage;
    int count;
    char **words; /* permuted so that operands come last */
    int operand;  /* index of the first operand, once TC_OPTION_END was answered */
};

/* `words[0]` is the name of the program or command. */
struct tc_options tc_options_of(const struct tc_usage *usage, int count, char **words);

/* The next option's id and its argument, or one of the TC_OPTION_ values. */
int tc_options_next(struct tc_options *options, const char **argument);

void tc_usage_print(FILE *out, const struct tc_usage *usage);

#endif
