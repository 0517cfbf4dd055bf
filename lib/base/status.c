/* The status table, and the one way to fill in the detail of a failure. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

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

/* Words that are quoted may hold anything; a sentence is one line of text all the same. */
static void show(char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        size_t character = tc_utf8_character((const uint8_t *)text, length);

        if (character == 0) {
            *text = '?';
            character = 1;
        }
        text += character;
        length -= character;
    }
}

enum tc_status tc_fail(struct tc_error *error, enum tc_status status, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;

        error->status = status;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        show(error->text);
    }
    return status;
}
