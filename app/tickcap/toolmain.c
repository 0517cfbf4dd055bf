/* tickcap, the offline tool: finds the subcommand; its table also prints the usage. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tickcap/command.h"

static const struct tc_command *const commands[] = {
    &tc_command_info,   &tc_command_cat,    &tc_command_gaps, &tc_command_verify,
    &tc_command_export, &tc_command_import, &tc_command_gen,
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *out)
{
    fprintf(out, "usage: tickcap COMMAND ...\n\n"
                 "Reads, checks, converts and makes captures of exchange multicast feeds.\n\n"
                 "commands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->usage->summary);
    fprintf(out, "\ntickcap COMMAND --help says more. tickcap --version tells which this is.\n");
}

/* What a command prints is only printed once the system has taken it. */
static enum tc_exit close_output(enum tc_exit exit)
{
    if (exit != TC_EXIT_GOOD || (fflush(stdout) == 0 && ferror(stdout) == 0))
        return exit;
    tc_report("standard output cannot be written: %s", strerror(errno));
    return TC_EXIT_FAULT;
}

int main(int count, char **words)
{
    if (count < 2) {
        print_usage(stderr);
        return TC_EXIT_USAGE;
    }
    if (strcmp(words[1], "--help") == 0 || strcmp(words[1], "help") == 0) {
        print_usage(stdout);
        return (int)close_output(TC_EXIT_GOOD);
    }
    if (strcmp(words[1], "--version") == 0) {
        printf("tickcap %s\n", TC_VERSION_TEXT);
        return (int)close_output(TC_EXIT_GOOD);
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(words[1], commands[i]->name) == 0) {
            tc_report_as(commands[i]->usage->name);
            return (int)close_output(commands[i]->run(count - 1, words + 1));
        }
    tc_report("'%s' is not a command, see tickcap --help", words[1]);
    return TC_EXIT_USAGE;
}
