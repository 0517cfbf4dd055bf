/* One sentence at a time. */
#include "common/report.h"

#include <stdarg.h>
#include <stdio.h>

static const char *speaker = "tickcap";

void tc_report_as(const char *name)
{
    speaker = name;
}

void tc_report(const char *format, ...)
{
    char sentence[2 * TC_ERROR_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: %s\n", speaker, sentence);
}

enum tc_exit tc_report_error(const struct tc_error *error)
{
    tc_report("%s", error->text[0] != '\0' ? error->text : tc_status_sentence(error->status));
    return error->status == TC_USAGE ? TC_EXIT_USAGE : TC_EXIT_FAULT;
}
