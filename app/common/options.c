/* getopt_long over a table, with sentences of ours. */
#include "common/options.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

#include "common/report.h"

struct tc_options tc_options_of(const struct tc_usage *usage, int count, char **words)
{
    optind = 0; /* GNU getopt: scan anew */
    opterr = 0;
    return (struct tc_options){.usage = usage, .count = count, .words = words};
}

enum { ID_HELP = 0x10000 };

/* Builds what getopt_long wants; answers the number of rows. */
static size_t build(const struct tc_usage *usage, struct option *longs, char *shorts)
{
    size_t rows = 0;

    *shorts++ = ':'; /* tell a missing argument from an unknown option */
    for (const struct tc_option *row = usage->options; row->name != NULL; row++) {
        assert(rows < TC_OPTIONS_MAX);
        longs[rows++] = (struct option){
            .name = row->name,
            .has_arg = row->argument != NULL ? required_argument : no_argument,
            .val = row->id,
        };
        if (row->id > ' ' && row->id < 0x7f) {
            *shorts++ = (char)row->id;
            if (row->argument != NULL)
                *shorts++ = ':';
        }
    }
    longs[rows++] = (struct option){.name = "help", .val = ID_HELP};
    longs[rows] = (struct option){0};
    *shorts = '\0';
    return rows;
}

int tc_options_next(struct tc_options *options, const char **argument)
{
    struct option longs[TC_OPTIONS_MAX + 2];
    char shorts[2 * TC_OPTIONS_MAX + 2];
    int id;

    build(options->usage, longs, shorts);
    id = getopt_long(options->count, options->words, shorts, longs, NULL);
    *argument = optarg;
    options->operand = optind;
    switch (id) {
    case -1: return TC_OPTION_END;
    case ID_HELP: tc_usage_print(stdout, options->usage); return TC_OPTION_HELP;
    case ':':
        tc_report("%s needs an argument, see %s --help", options->words[optind - 1],
                  options->usage->name);
        return TC_OPTION_BAD;
    case '?':
        if (optopt > ' ' && optopt < 0x7f) /* 0 where it was a long one */
            tc_report("unknown option -%c, see %s --help", optopt, options->usage->name);
        else
            tc_report("unknown option %s, see %s --help", options->words[optind - 1],
                      options->usage->name);
        return TC_OPTION_BAD;
    default: return id;
    }
}

static void print_option(FILE *out, const struct tc_option *row)
{
    char left[64];
    int length = 0;

    if (row->id > ' ' && row->id < 0x7f)
        length = snprintf(left, sizeof left, "-%c, ", row->id);
    snprintf(left + length, sizeof left - (size_t)length, "--%s%s%s", row->name,
             row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
    if (strlen(left) > 26)
        fprintf(out, "  %s\n  %-26s  ", left, "");
    else
        fprintf(out, "  %-26s  ", left);
    for (const char *at = row->help; *at != '\0'; at++) {
        fputc(*at, out);
        if (*at == '\n')
            fprintf(out, "%30s", "");
    }
    fputc('\n', out);
}

void tc_usage_print(FILE *out, const struct tc_usage *usage)
{
    static const struct tc_option help = {ID_HELP, "help", NULL, "show this and stop"};

    fprintf(out, "usage: %s %s\n\n%s\n\noptions:\n", usage->name, usage->arguments, usage->summary);
    for (const struct tc_option *row = usage->options; row->name != NULL; row++)
        print_option(out, row);
    print_option(out, &help);
    if (usage->details != NULL)
        fprintf(out, "\n%s\n", usage->details);
}
