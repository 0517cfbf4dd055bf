/* The status table, and the one way to fill in the detail of a failure. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    const char *sentence;
} statuses[TC_STATUS_COUNT] = {
#define TC_STATUS_ROW(code, name, sentence) [code] = {name, sentence},
    TC_STATUS_TABLE(TC_STATUS_ROW)
#undef TC_STATUS_ROW
};

const char *tc_status_name(enum tc_status status)
{
    return (unsigned)status < TC_STATUS_COUNT ? statuses[status].name : "unknown";
}

const char *tc_status_sentence(enum tc_status status)
{
    return (unsigned)status < TC_STATUS_COUNT ? statuses[status].sentence : "an unknown status";
}

enum tc_status tc_fail(struct tc_error *error, enum tc_status status, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;

        error->status = status;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        /* words that are quoted may hold anything; a sentence is one line all the same */
        for (char *at = error->text; *at != '\0'; at++)
            if ((unsigned char)*at < ' ' || *at == 0x7f)
                *at = '?';
    }
    return status;
}
